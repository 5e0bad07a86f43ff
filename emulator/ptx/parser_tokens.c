/* What the parser does with single tokens: looks at one, takes it, asks for it. */
#include "emulator/ptx/parser_tokens.h"

#include <string.h>

void parser_fail_expected(struct parser *parser, const char *what) {
    const struct token *token = &parser->lexer.token;
    if (token->kind == TOKEN_END)
        source_fail(parser->source, MACHINE_INVALID_PTX, token->place,
                    "expected %s, found the end of the text", what);
    source_fail(parser->source, MACHINE_INVALID_PTX, token->place, "expected %s, found '%s%.*s'",
                what, token->kind == TOKEN_DOT_WORD ? "." : "",
                (int)(token->length < 200 ? token->length : 200), token->text);
}

static bool token_is(const struct token *token, enum token_kind kind, const char *text) {
    return token->kind == kind && token->length == strlen(text) &&
           memcmp(token->text, text, token->length) == 0;
}

bool parser_at(const struct parser *parser, char punctuation) {
    const struct token *token = &parser->lexer.token;
    return token->kind == TOKEN_PUNCTUATION && token->punctuation == punctuation;
}

bool parser_at_dot(const struct parser *parser, const char *word) {
    return token_is(&parser->lexer.token, TOKEN_DOT_WORD, word);
}

bool parser_at_word(const struct parser *parser, const char *word) {
    return token_is(&parser->lexer.token, TOKEN_WORD, word);
}

bool parser_take(struct parser *parser, char punctuation) {
    if (!parser_at(parser, punctuation))
        return false;
    lexer_advance(&parser->lexer);
    return true;
}

bool parser_take_dot(struct parser *parser, const char *word) {
    if (!parser_at_dot(parser, word))
        return false;
    lexer_advance(&parser->lexer);
    return true;
}

void parser_expect(struct parser *parser, char punctuation) {
    char what[4] = {'\'', punctuation, '\'', '\0'};
    if (!parser_take(parser, punctuation))
        parser_fail_expected(parser, what);
}

const char *parser_copy(struct parser *parser) {
    const struct token *token = &parser->lexer.token;
    char *copy = arena_copy_text(parser->source->arena, token->text, token->length);
    if (!copy)
        source_fail(parser->source, MACHINE_OUT_OF_MEMORY, token->place,
                    "no host memory left for the module");
    return copy;
}

const char *parser_expect_name(struct parser *parser) {
    if (parser->lexer.token.kind != TOKEN_WORD)
        parser_fail_expected(parser, "a name");
    const char *name = parser_copy(parser);
    lexer_advance(&parser->lexer);
    return name;
}

unsigned parser_expect_unsigned(struct parser *parser, const char *what, uint64_t limit) {
    const struct token *token = &parser->lexer.token;
    if (token->kind != TOKEN_INTEGER)
        parser_fail_expected(parser, what);
    if (token->integer > limit)
        source_fail(parser->source, MACHINE_INVALID_PTX, token->place, "%s beyond %llu", what,
                    (unsigned long long)limit);
    unsigned value = (unsigned)token->integer;
    lexer_advance(&parser->lexer);
    return value;
}

const struct syntax_type *parser_expect_type(struct parser *parser, const char *what) {
    const struct token *token = &parser->lexer.token;
    const struct syntax_type *type =
        token->kind == TOKEN_DOT_WORD ? syntax_find_type(token->text, token->length) : NULL;
    if (!type)
        parser_fail_expected(parser, what);
    lexer_advance(&parser->lexer);
    return type;
}
