/* Reading expressions; bench/added/evaluate.c computes them. */
#include "bench/added/expression_tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- a line ----------------------------------------------------------------------------------- */

enum status line_refuse(const struct line_reader *reader, struct message *message,
                        const char *format, ...) {
    char what[700];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return message_set(message, STATUS_INVALID, "%.250s:%d:%d: %s", reader->file, reader->line,
                       (int)(reader->at - reader->text) + 1, what);
}

bool line_has_more(struct line_reader *reader) {
    reader->at += strspn(reader->at, " \t");
    return *reader->at != '\0';
}

static bool is_letter(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

bool line_word(struct line_reader *reader, char *word, size_t size) {
    size_t length = 0;
    (void)line_has_more(reader);
    while (is_letter(reader->at[length]))
        length++;
    if (length == 0 || length >= size)
        return false;
    snprintf(word, size, "%.*s", (int)length, reader->at);
    reader->at += length;
    return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

enum { DEPTH_MAX = 64 };

struct parser {
    struct line_reader *reader;
    const struct names *names;
    struct message *message;
    int depth;
};

static enum status or_parse(struct parser *parser, struct expression **expression);

static enum status refuse(const struct parser *parser, const char *what) {
    return line_refuse(parser->reader, parser->message, "%s", what);
}

static enum status node_make(const struct parser *parser, enum expression_operator operator,
                             struct expression ** expression) {
    *expression = calloc(1, sizeof **expression);
    if (!*expression) {
        (void)message_set(parser->message, STATUS_NO_MEMORY, "no memory for an expression");
        return STATUS_NO_MEMORY;
    }
    (*expression)->operator= operator;
    (*expression)->file = parser->reader->file;
    (*expression)->line = parser->reader->line;
    (*expression)->column = (int)(parser->reader->at - parser->reader->text) + 1;
    return STATUS_OK;
}

void expression_free(struct expression *expression) {
    if (!expression)
        return;
    expression_free(expression->left);
    expression_free(expression->right);
    free(expression);
}

static bool take(struct parser *parser, const char *sign) {
    (void)line_has_more(parser->reader);
    if (strncmp(parser->reader->at, sign, strlen(sign)) != 0)
        return false;
    parser->reader->at += strlen(sign);
    return true;
}

/* Digits with a point or an exponent are a real number; a C suffix is passed over. */
static enum status number_parse(struct parser *parser, struct expression **expression) {
    struct line_reader *reader = parser->reader;
    enum status status = node_make(parser, OPERATOR_WHOLE, expression);
    if (status != STATUS_OK)
        return status;
    char *end_whole, *end_real;
    errno = 0;
    const long long whole = strtoll(reader->at, &end_whole, 0);
    const bool overflow = errno == ERANGE;
    const double real = strtod(reader->at, &end_real);
    if (end_real > end_whole) {
        (*expression)->operator= OPERATOR_REAL;
        (*expression)->real = real;
    } else if (overflow) {
        return refuse(parser, "the number is beyond 64 bits");
    }
    (*expression)->whole = whole;
    reader->at = end_real > end_whole ? end_real : end_whole;
    reader->at += strspn(reader->at, "uUlLfF");
    if (is_letter(*reader->at))
        return refuse(parser, "a number is followed by letters");
    return STATUS_OK;
}

static const struct {
    const char *name;
    enum expression_operator operator;
    int operands;
} functions[] = {{"ceil", OPERATOR_CEIL, 1}, {"floor", OPERATOR_FLOOR, 1},
                 {"min", OPERATOR_MIN, 2},   {"max", OPERATOR_MAX, 2},
                 {"pow", OPERATOR_POW, 2},   {"sqrt", OPERATOR_SQRT, 1}};
enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

static enum status function_parse(struct parser *parser, int function,
                                  struct expression **expression) {
    enum status status = node_make(parser, functions[function].operator, expression);
    if (status == STATUS_OK)
        status = or_parse(parser, &(*expression)->left);
    if (status == STATUS_OK && functions[function].operands == 2 && !take(parser, ","))
        return refuse(parser, "a second operand is wanted here, behind a comma");
    if (status == STATUS_OK && functions[function].operands == 2)
        status = or_parse(parser, &(*expression)->right);
    if (status == STATUS_OK && !take(parser, ")"))
        return refuse(parser, "a closing parenthesis is wanted here");
    return status;
}

static enum status name_unknown(struct parser *parser, const char *name) {
    const struct operation *operation = parser->names->operation;
    char known[400] = "";
    size_t used = 0;
    for (int i = 0; i < operation->argument_count && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s",
                                 operation->arguments[i].name);
    return line_refuse(parser->reader, parser->message,
                       "%s has no '%s'; what it has are:%s; and what a `const` line defines",
                       operation->name, name, known);
}

static enum status name_parse(struct parser *parser, struct expression **expression) {
    const struct line_reader before = *parser->reader;
    const struct names *names = parser->names;
    char name[32];
    if (!line_word(parser->reader, name, sizeof name))
        return refuse(parser, "a name is too long");
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (strcmp(functions[i].name, name) == 0 && take(parser, "("))
            return function_parse(parser, i, expression);
    enum status status = node_make(parser, OPERATOR_ARGUMENT, expression);
    if (status != STATUS_OK)
        return status;
    (*expression)->column = (int)(before.at - before.text) + 1;
    for (int i = 0; i < names->constant_count; i++)
        if (strcmp(names->constants[i].name, name) == 0) {
            (*expression)->operator= OPERATOR_CONSTANT;
            (*expression)->constant = names->constants[i].value;
            return STATUS_OK;
        }
    for (int i = 0; i < names->operation->argument_count; i++)
        if (strcasecmp(names->operation->arguments[i].name, name) == 0) {
            (*expression)->argument = &names->operation->arguments[i];
            return STATUS_OK;
        }
    *parser->reader = before;
    (void)line_has_more(parser->reader);
    return name_unknown(parser, name);
}

static enum status sign_parse(struct parser *parser, enum expression_operator operator,
                              struct expression ** expression);

static enum status primary_parse(struct parser *parser, struct expression **expression) {
    if (++parser->depth > DEPTH_MAX)
        return refuse(parser, "the expression is nested too deeply");
    (void)line_has_more(parser->reader);
    const char first = *parser->reader->at;
    enum status status;
    if (take(parser, "(")) {
        status = or_parse(parser, expression);
        if (status == STATUS_OK && !take(parser, ")"))
            status = refuse(parser, "a closing parenthesis is wanted here");
    } else if (take(parser, "-")) {
        status = sign_parse(parser, OPERATOR_NEGATE, expression);
    } else if (first == '!' && parser->reader->at[1] != '=') {
        parser->reader->at++;
        status = sign_parse(parser, OPERATOR_NOT, expression);
    } else if (isdigit((unsigned char)first) || first == '.') {
        status = number_parse(parser, expression);
    } else if (is_letter(first)) {
        status = name_parse(parser, expression);
    } else {
        status = refuse(parser, first == '\0' ? "a value is wanted here, and the line ends"
                                              : "a value is wanted here");
    }
    parser->depth--;
    return status;
}

static enum status sign_parse(struct parser *parser, enum expression_operator operator,
                              struct expression ** expression) {
    enum status status = node_make(parser, operator, expression);
    return status == STATUS_OK ? primary_parse(parser, &(*expression)->left) : status;
}

/* From the loosest to the tightest; of two that begin alike the longer one first. */
static const struct {
    const char *sign;
    enum expression_operator operator;
    int level;
} signs[] = {{"||", OPERATOR_OR, 0},      {"&&", OPERATOR_AND, 1},     {"==", OPERATOR_EQUAL, 2},
             {"!=", OPERATOR_UNEQUAL, 2}, {"<=", OPERATOR_AT_MOST, 3}, {">=", OPERATOR_AT_LEAST, 3},
             {"<", OPERATOR_LESS, 3},     {">", OPERATOR_GREATER, 3},  {"+", OPERATOR_ADD, 4},
             {"-", OPERATOR_SUBTRACT, 4}, {"*", OPERATOR_MULTIPLY, 5}, {"/", OPERATOR_DIVIDE, 5},
             {"%", OPERATOR_REMAINDER, 5}};
enum { SIGN_COUNT = sizeof signs / sizeof signs[0], LEVELS = 6 };

/* The sign of that level that stands here, passed over; -1: there is none. */
static int sign_take(struct parser *parser, int level) {
    for (int i = 0; i < SIGN_COUNT; i++)
        if (signs[i].level == level && take(parser, signs[i].sign))
            return i;
    return -1;
}

/* Operands of one level, from left to right. */
static enum status level_parse(struct parser *parser, int level, struct expression **expression) {
    if (level == LEVELS)
        return primary_parse(parser, expression);
    enum status status = level_parse(parser, level + 1, expression);
    for (int sign; status == STATUS_OK && (sign = sign_take(parser, level)) >= 0;) {
        struct expression *both = NULL;
        status = node_make(parser, signs[sign].operator, & both);
        if (status != STATUS_OK)
            return status;
        both->column -= (int)strlen(signs[sign].sign);
        both->left = *expression;
        *expression = both;
        status = level_parse(parser, level + 1, &both->right);
    }
    return status;
}

static enum status or_parse(struct parser *parser, struct expression **expression) {
    return level_parse(parser, 0, expression);
}

enum status expression_parse(struct line_reader *reader, const struct names *names,
                             struct expression **expression, struct message *message) {
    struct parser parser = {.reader = reader, .names = names, .message = message};
    *expression = NULL;
    enum status status = or_parse(&parser, expression);
    if (status == STATUS_OK)
        return STATUS_OK;
    expression_free(*expression);
    *expression = NULL;
    return status;
}

const struct operation_argument *expression_argument(const struct expression *expression) {
    if (expression->operator== OPERATOR_CONSTANT)
        return expression_argument(expression->constant);
    return expression->operator== OPERATOR_ARGUMENT ? expression->argument : NULL;
}

bool expression_reads(const struct expression *e, const char *member) {
    if (!e)
        return false;
    return (e->operator== OPERATOR_ARGUMENT && strcmp(e->argument->name, member) == 0) ||
           expression_reads(e->left, member) || expression_reads(e->right, member) ||
           expression_reads(e->constant, member);
}
