/*
 * Constant expressions (PTX ISA 9.0, 4.5.4 to 4.5.6). Integers have 64 bits and are signed or
 * unsigned, floats are doubles. Where the manual and the assembler differ, this is what the
 * assembler gives: bit operators keep signed values signed, remainders are unsigned, and of `a ? b
 * : c` the type is that of the value chosen.
 */
#include "emulator/ptx/parser_expression.h"

#include <string.h>

enum value_kind { VALUE_SIGNED, VALUE_UNSIGNED, VALUE_FLOAT };

struct value {
    enum value_kind kind;
    uint64_t bits;
    double number; /* of a float */
};

static struct value expression(struct parser *parser);

static _Noreturn void fail(const struct parser *parser, const char *what) {
    source_fail(parser->source, MACHINE_INVALID_PTX, parser->lexer.token.place, "%s", what);
}

static void expect_integer(const struct parser *parser, const struct value *value) {
    if (value->kind == VALUE_FLOAT)
        fail(parser, "a float where an integer is needed in an expression");
}

static struct value signed_value(uint64_t bits) {
    return (struct value){.kind = VALUE_SIGNED, .bits = bits};
}

/* ---- What stands by itself, and what stands before it ---- */

static struct value literal(struct parser *parser) {
    const struct token *token = &parser->lexer.token;
    struct value value = signed_value(token->integer);
    if (parser_at_word(parser, "WARP_SZ"))
        value.bits = 32;
    else if (token->kind == TOKEN_FLOAT64)
        value.kind = VALUE_FLOAT;
    else if (token->kind != TOKEN_INTEGER)
        parser_fail_expected(parser, "a number");
    else if (token->integer > INT64_MAX || token->text[token->length - 1] == 'U')
        value.kind = VALUE_UNSIGNED;
    memcpy(&value.number, &value.bits, sizeof value.number);
    lexer_advance(&parser->lexer);
    return value;
}

static struct value unary(struct parser *parser);

/* Behind the parenthesis of `(.s64) a`, `(.u64) a` or `(a)`. */
static struct value parenthesis(struct parser *parser) {
    struct value value;
    const bool is_signed = parser_take_dot(parser, "s64");
    if (is_signed || parser_take_dot(parser, "u64")) {
        parser_expect(parser, ')');
        value = unary(parser);
        expect_integer(parser, &value);
        value.kind = is_signed ? VALUE_SIGNED : VALUE_UNSIGNED;
        return value;
    }
    value = expression(parser);
    parser_expect(parser, ')');
    return value;
}

static struct value unary(struct parser *parser) {
    if (++parser->depth > PARSER_DEPTH_LIMIT)
        fail(parser, "an expression nested too deep");
    struct value value;
    if (parser_take(parser, '-')) {
        value = unary(parser);
        value.bits = 0 - value.bits;
        value.number = -value.number;
    } else if (parser_take(parser, '+')) {
        value = unary(parser);
    } else if (parser_take(parser, '~')) {
        value = unary(parser);
        expect_integer(parser, &value);
        value = (struct value){.kind = VALUE_UNSIGNED, .bits = ~value.bits};
    } else if (parser_take(parser, '!')) {
        value = unary(parser);
        expect_integer(parser, &value);
        value = signed_value(value.bits == 0);
    } else if (parser_take(parser, '(')) {
        value = parenthesis(parser);
    } else {
        value = literal(parser);
    }
    parser->depth--;
    return value;
}

/* ---- Operators between two ---- */

enum operator{
    OPERATOR_OR,
    OPERATOR_AND,
    OPERATOR_BIT_OR,
    OPERATOR_BIT_XOR,
    OPERATOR_BIT_AND,
    OPERATOR_EQUAL,
    OPERATOR_NOT_EQUAL,
    OPERATOR_AT_MOST,
    OPERATOR_AT_LEAST,
    OPERATOR_LEFT,
    OPERATOR_RIGHT,
    OPERATOR_LESS,
    OPERATOR_MORE,
    OPERATOR_ADD,
    OPERATOR_SUBTRACT,
    OPERATOR_MULTIPLY,
    OPERATOR_DIVIDE,
    OPERATOR_REMAINDER,
    OPERATOR_COUNT
};

enum { LEVELS = 10 }; /* of precedence */

/* Those of two characters stand before those that they begin with. */
static const struct {
    const char *text;
    enum operator operation;
    int level;
} operators[] = {
    {"||", OPERATOR_OR, 0},        {"&&", OPERATOR_AND, 1},     {"==", OPERATOR_EQUAL, 5},
    {"!=", OPERATOR_NOT_EQUAL, 5}, {"<=", OPERATOR_AT_MOST, 6}, {">=", OPERATOR_AT_LEAST, 6},
    {"<<", OPERATOR_LEFT, 7},      {">>", OPERATOR_RIGHT, 7},   {"|", OPERATOR_BIT_OR, 2},
    {"^", OPERATOR_BIT_XOR, 3},    {"&", OPERATOR_BIT_AND, 4},  {"<", OPERATOR_LESS, 6},
    {">", OPERATOR_MORE, 6},       {"+", OPERATOR_ADD, 8},      {"-", OPERATOR_SUBTRACT, 8},
    {"*", OPERATOR_MULTIPLY, 9},   {"/", OPERATOR_DIVIDE, 9},   {"%", OPERATOR_REMAINDER, 9},
};

/* Takes an operator of the level; OPERATOR_COUNT where there is none. */
static enum operator take_operator(struct parser *parser, int level) {
    const struct token *token = &parser->lexer.token;
    const size_t room = (size_t)(parser->lexer.end - token->text);
    if (token->kind != TOKEN_PUNCTUATION)
        return OPERATOR_COUNT;
    for (size_t k = 0; k < sizeof operators / sizeof operators[0]; k++) {
        const size_t length = strlen(operators[k].text);
        if (length > room || memcmp(token->text, operators[k].text, length) != 0)
            continue;
        for (size_t n = 0; n < length && operators[k].level == level; n++)
            lexer_advance(&parser->lexer);
        return operators[k].level == level ? operators[k].operation : OPERATOR_COUNT;
    }
    return OPERATOR_COUNT;
}

static struct value apply_float(const struct parser *parser, enum operator operation, double a,
                                double b) {
    struct value value = {.kind = VALUE_FLOAT};
    switch (operation) {
    case OPERATOR_ADD:
        value.number = a + b;
        return value;
    case OPERATOR_SUBTRACT:
        value.number = a - b;
        return value;
    case OPERATOR_MULTIPLY:
        value.number = a * b;
        return value;
    case OPERATOR_DIVIDE:
        if (b == 0)
            fail(parser, "division by zero");
        value.number = a / b;
        return value;
    case OPERATOR_EQUAL:
        return signed_value(a == b);
    case OPERATOR_NOT_EQUAL:
        return signed_value(a != b);
    case OPERATOR_AT_MOST:
        return signed_value(a <= b);
    case OPERATOR_AT_LEAST:
        return signed_value(a >= b);
    case OPERATOR_LESS:
        return signed_value(a < b);
    case OPERATOR_MORE:
        return signed_value(a > b);
    default:
        fail(parser, "a float where an integer is needed in an expression");
    }
}

/* Of what gives true or false; *is_known where the operation does. */
static bool compare(enum operator operation, uint64_t a, uint64_t b, bool is_signed,
                    bool *is_known) {
    /* Signed values in the order of unsigned ones. */
    const uint64_t bias = is_signed ? UINT64_C(1) << 63 : 0;
    *is_known = true;
    switch (operation) {
    case OPERATOR_OR:
        return a || b;
    case OPERATOR_AND:
        return a && b;
    case OPERATOR_EQUAL:
        return a == b;
    case OPERATOR_NOT_EQUAL:
        return a != b;
    case OPERATOR_AT_MOST:
        return (a ^ bias) <= (b ^ bias);
    case OPERATOR_AT_LEAST:
        return (a ^ bias) >= (b ^ bias);
    case OPERATOR_LESS:
        return (a ^ bias) < (b ^ bias);
    case OPERATOR_MORE:
        return (a ^ bias) > (b ^ bias);
    default:
        *is_known = false;
        return false;
    }
}

static uint64_t divide(const struct parser *parser, uint64_t a, uint64_t b, bool is_signed) {
    if (b == 0)
        fail(parser, "division by zero");
    if (!is_signed)
        return a / b;
    return b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
}

/* The number of bits is taken modulo 64. */
static struct value shift(enum operator operation, struct value a, uint64_t by) {
    by &= 63;
    if (operation == OPERATOR_LEFT)
        a.bits <<= by;
    else if (a.kind == VALUE_SIGNED)
        a.bits = (uint64_t)((int64_t)a.bits >> by);
    else
        a.bits >>= by;
    return a;
}

static uint64_t combine(const struct parser *parser, enum operator operation, uint64_t a,
                        uint64_t b, bool is_signed) {
    switch (operation) {
    case OPERATOR_BIT_OR:
        return a | b;
    case OPERATOR_BIT_XOR:
        return a ^ b;
    case OPERATOR_BIT_AND:
        return a & b;
    case OPERATOR_ADD:
        return a + b;
    case OPERATOR_SUBTRACT:
        return a - b;
    case OPERATOR_MULTIPLY:
        return a * b;
    case OPERATOR_DIVIDE:
        return divide(parser, a, b, is_signed);
    default:
        return a - divide(parser, a, b, false) * b;
    }
}

static struct value apply(const struct parser *parser, enum operator operation, struct value a,
                          struct value b) {
    if (a.kind == VALUE_FLOAT && b.kind == VALUE_FLOAT)
        return apply_float(parser, operation, a.number, b.number);
    expect_integer(parser, &a);
    expect_integer(parser, &b);
    const bool is_signed = a.kind == VALUE_SIGNED && b.kind == VALUE_SIGNED;
    bool is_comparison;
    const bool holds = compare(operation, a.bits, b.bits, is_signed, &is_comparison);
    if (is_comparison)
        return signed_value(holds);
    if (operation == OPERATOR_LEFT || operation == OPERATOR_RIGHT)
        return shift(operation, a, b.bits);
    return (struct value){.kind = is_signed && operation != OPERATOR_REMAINDER ? VALUE_SIGNED
                                                                               : VALUE_UNSIGNED,
                          .bits = combine(parser, operation, a.bits, b.bits, is_signed)};
}

static struct value binary(struct parser *parser, int level) {
    if (level == LEVELS)
        return unary(parser);
    struct value value = binary(parser, level + 1);
    for (;;) {
        const enum operator operation = take_operator(parser, level);
        if (operation == OPERATOR_COUNT)
            return value;
        value = apply(parser, operation, value, binary(parser, level + 1));
    }
}

static struct value expression(struct parser *parser) {
    const struct value condition = binary(parser, 0);
    if (!parser_take(parser, '?'))
        return condition;
    if (++parser->depth > PARSER_DEPTH_LIMIT)
        fail(parser, "an expression nested too deep");
    const struct value first = expression(parser);
    parser_expect(parser, ':');
    const struct value second = expression(parser);
    expect_integer(parser, &condition);
    expect_integer(parser, &first);
    expect_integer(parser, &second);
    parser->depth--;
    return condition.bits ? first : second;
}

struct parser_constant parser_constant(struct parser *parser) {
    const struct value value = expression(parser);
    struct parser_constant constant = {.bits = value.bits, .is_float = value.kind == VALUE_FLOAT};
    if (constant.is_float)
        memcpy(&constant.bits, &value.number, sizeof constant.bits);
    return constant;
}

int64_t parser_expression(struct parser *parser) {
    const struct value value = expression(parser);
    expect_integer(parser, &value);
    return (int64_t)value.bits;
}
