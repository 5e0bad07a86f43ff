/* Constant expressions: unsigned 64-bit arithmetic, the operators of C by precedence. */
#include "emulator/ptx/parser_expression.h"

#include <string.h>

static uint64_t expression_level(struct parser *parser, int level);

static uint64_t expression_primary(struct parser *parser) {
    if (++parser->depth > PARSER_DEPTH_LIMIT)
        source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place,
                    "an expression nested too deep");
    uint64_t value = 0;
    if (parser_take(parser, '-')) {
        value = 0 - expression_primary(parser);
    } else if (parser_take(parser, '~')) {
        value = ~expression_primary(parser);
    } else if (parser_take(parser, '!')) {
        value = expression_primary(parser) == 0;
    } else if (parser_take(parser, '(')) {
        value = expression_level(parser, 0);
        parser_expect(parser, ')');
    } else if (parser->lexer.token.kind == TOKEN_INTEGER) {
        value = parser->lexer.token.integer;
        lexer_advance(&parser->lexer);
    } else {
        parser_fail_expected(parser, "an integer");
    }
    parser->depth--;
    return value;
}

static uint64_t expression_apply(struct parser *parser, char operation, uint64_t a, uint64_t b) {
    if ((operation == '/' || operation == '%') && b == 0)
        source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place,
                    "division by zero");
    switch (operation) {
    case '|':
        return a | b;
    case '^':
        return a ^ b;
    case '&':
        return a & b;
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    case '/':
        return a / b;
    case '%':
        return a % b;
    case '<':
        return b < 64 ? a << b : 0;
    default:
        return b < 64 ? a >> b : 0;
    }
}

static uint64_t expression_level(struct parser *parser, int level) {
    static const char *const levels[] = {"|", "^", "&", "<>", "+-", "*/%"};
    if ((size_t)level == sizeof levels / sizeof levels[0])
        return expression_primary(parser);
    uint64_t value = expression_level(parser, level + 1);
    for (;;) {
        const struct token *token = &parser->lexer.token;
        if (token->kind != TOKEN_PUNCTUATION || !strchr(levels[level], token->punctuation))
            return value;
        char operation = token->punctuation;
        lexer_advance(&parser->lexer);
        if (operation == '<' || operation == '>')
            parser_expect(parser, operation);
        value = expression_apply(parser, operation, value, expression_level(parser, level + 1));
    }
}

int64_t parser_expression(struct parser *parser) {
    return (int64_t)expression_level(parser, 0);
}
