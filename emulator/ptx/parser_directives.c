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

static void parse_location(struct parser *parser) {
    parser->source_file =
        parser->file_base + parser_expect_unsigned(parser, "a file number", UINT32_MAX);
    parser->source_line = parser_expect_unsigned(parser, "a line", UINT32_MAX);
    parser_expect_unsigned(parser, "a column", UINT32_MAX);
    while (parser_take(parser, ',')) {
        parser_expect_name(parser); /* function_name, inlined_at */
        if (parser->lexer.token.kind == TOKEN_WORD) {
            lexer_advance(&parser->lexer);
            if (parser_take(parser, '+'))
                parser_expression(parser);
        } else {
            for (int k = 0; k < 3; k++)
                parser_expect_unsigned(parser, "a place in a file", UINT32_MAX);
        }
    }
}

bool parser_common_directive(struct parser *parser) {
    if (parser_take_dot(parser, "pragma")) {
        do {
            if (parser->lexer.token.kind != TOKEN_STRING)
                parser_fail_expected(parser, "a string");
            lexer_advance(&parser->lexer);
        } while (parser_take(parser, ','));
        parser_expect(parser, ';');
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
