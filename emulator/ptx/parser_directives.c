/* Directives that may stand in a module and in a body alike (PTX ISA 9.0, chapter 11). */
#include "emulator/ptx/parser_directives.h"

#include "emulator/ptx/parser_expression.h"

#include <string.h>

static void parse_section(struct parser *parser) {
    lexer_advance(&parser->lexer); /* the name */
    parser_expect(parser, '{');
    while (!parser_take(parser, '}')) {
        if (parser->lexer.token.kind == TOKEN_END)
            parser_fail_expected(parser, "'}'");
        lexer_advance(&parser->lexer);
    }
}

static void parse_file(struct parser *parser) {
    struct syntax_module *module = parser->module;
    unsigned number = parser->file_base + parser_expect_unsigned(parser, "a file number", 1u << 16);
    if (parser->lexer.token.kind != TOKEN_STRING)
        parser_fail_expected(parser, "a file name");
    if (number >= module->file_count) {
        const char **files = source_allocate(parser->source, (number + 16) * sizeof *files);
        if (module->file_count)
            memcpy(files, module->files, module->file_count * sizeof *files);
        module->files = files;
        module->file_count = number + 16;
    }
    module->files[number] = parser_copy(parser);
    lexer_advance(&parser->lexer);
    while (parser_take(parser, ','))
        parser_expression(parser);
}

static struct syntax_site parse_site(struct parser *parser) {
    struct syntax_site site = {0};
    site.file = parser->file_base + parser_expect_unsigned(parser, "a file number", UINT32_MAX);
    site.line = parser_expect_unsigned(parser, "a line", UINT32_MAX);
    site.column = parser_expect_unsigned(parser, "a column", UINT32_MAX);
    return site;
}

/* The site of this place that was seen last, or one that is new. */
static const struct syntax_site *keep_site(struct parser *parser, const struct syntax_site *site,
                                           bool is_caller) {
    const size_t count = parser->site_count < PARSER_SITES ? parser->site_count : PARSER_SITES;
    for (size_t k = 1; k <= count; k++) {
        const struct syntax_site *seen = parser->sites[(parser->site_count - k) % PARSER_SITES];
        if (seen->file == site->file && seen->line == site->line && seen->column == site->column &&
            (is_caller || seen->caller == site->caller))
            return seen;
    }
    struct syntax_site *kept = source_allocate(parser->source, sizeof *kept);
    *kept = *site;
    parser->sites[parser->site_count++ % PARSER_SITES] = kept;
    return kept;
}

/* A call that is inlined itself is the site of another .loc before, which has its caller. */
static void parse_location(struct parser *parser) {
    struct syntax_site site = parse_site(parser);
    while (parser_take(parser, ',')) {
        parser_expect_name(parser); /* function_name, inlined_at */
        if (parser->lexer.token.kind == TOKEN_WORD) {
            lexer_advance(&parser->lexer);
            if (parser_take(parser, '+'))
                parser_expression(parser);
        } else {
            const struct syntax_site caller = parse_site(parser);
            site.caller = keep_site(parser, &caller, true);
        }
    }
    if (site.caller)
        (void)keep_site(parser, &site, false);
    parser->source_file = site.file;
    parser->source_line = site.line;
    parser->caller = site.caller;
}

/* In a function the assembler passes over what it does not know; outside it knows one. */
static void parse_pragma(struct parser *parser) {
    static const char known[] = "nounroll";
    do {
        const struct token *token = &parser->lexer.token;
        if (token->kind != TOKEN_STRING)
            parser_fail_expected(parser, "a string");
        if (!parser->function &&
            (token->length != strlen(known) || memcmp(token->text, known, token->length) != 0))
            parser_fail_expected(parser, "the pragma \"nounroll\", the only one of modules");
        lexer_advance(&parser->lexer);
    } while (parser_take(parser, ','));
    parser_expect(parser, ';');
}

bool parser_common_directive(struct parser *parser) {
    if (parser_take_dot(parser, "pragma")) {
        parse_pragma(parser);
    } else if (parser_take_dot(parser, "loc")) {
        parse_location(parser);
    } else if (parser_take_dot(parser, "file")) {
        parse_file(parser);
    } else if (parser_take_dot(parser, "section")) {
        parse_section(parser);
    } else {
        return false;
    }
    return true;
}
