/* Inside an expression; for expression.c and evaluate.c alone. */
#ifndef LOCKSTEP_BENCH_ADDED_EXPRESSION_TREE_H
#define LOCKSTEP_BENCH_ADDED_EXPRESSION_TREE_H

#include "bench/added/expression.h"

enum expression_operator {
    OPERATOR_WHOLE,
    OPERATOR_REAL,
    OPERATOR_ARGUMENT,
    OPERATOR_CONSTANT,
    OPERATOR_NEGATE,
    OPERATOR_NOT,
    OPERATOR_CEIL,
    OPERATOR_FLOOR,
    OPERATOR_SQRT,
    OPERATOR_MIN,
    OPERATOR_MAX,
    OPERATOR_POW,
    OPERATOR_OR,
    OPERATOR_AND,
    OPERATOR_EQUAL,
    OPERATOR_UNEQUAL,
    OPERATOR_AT_MOST,
    OPERATOR_AT_LEAST,
    OPERATOR_LESS,
    OPERATOR_GREATER,
    OPERATOR_ADD,
    OPERATOR_SUBTRACT,
    OPERATOR_MULTIPLY,
    OPERATOR_DIVIDE,
    OPERATOR_REMAINDER
};

struct expression {
    enum expression_operator operator;
    const char *file; /* where it stands, for messages */
    int line, column;
    struct expression *left, *right;
    int64_t whole;
    double real;
    const struct operation_argument *argument;
    const struct expression *constant; /* borrowed of what the file defines */
};

#endif
