/* Computing expressions. */
#include "bench/added/expression_tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A fraction in lowest terms with bottom > 0, or a real number. */
struct number {
    bool is_real;
    int64_t top, bottom;
    double real;
};

struct evaluation {
    const struct launch *launch;
    struct message *message;
    bool exact; /* inside ceil() or floor(): `/` keeps the fraction */
};

enum status expression_fail(const struct expression *e, struct message *message, const char *format,
                            ...) {
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return message_set(message, STATUS_FAILED, "%.250s:%d:%d: %s", e->file, e->line, e->column,
                       what);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static struct number whole_number(int64_t whole) {
    return (struct number){.top = whole, .bottom = 1};
}

static struct number real_number(double real) {
    return (struct number){.is_real = true, .real = real};
}

static double as_real(struct number n) {
    return n.is_real ? n.real : (double)n.top / (double)n.bottom;
}

/* Lowest terms; false where they do not fit. */
static bool fraction_make(__int128 top, __int128 bottom, struct number *result) {
    __int128 a = top < 0 ? -top : top, b = bottom < 0 ? -bottom : bottom;
    while (b != 0) {
        const __int128 rest = a % b;
        a = b;
        b = rest;
    }
    if (a > 1) {
        top /= a;
        bottom /= a;
    }
    if (bottom < 0) {
        top = -top;
        bottom = -bottom;
    }
    *result = (struct number){.top = (int64_t)top, .bottom = (int64_t)bottom};
    return top <= INT64_MAX && top >= -INT64_MAX && bottom <= INT64_MAX;
}

static int sign_of(struct number a, struct number b) {
    if (a.is_real || b.is_real)
        return (as_real(a) > as_real(b)) - (as_real(a) < as_real(b));
    const __int128 one = (__int128)a.top * b.bottom, other = (__int128)b.top * a.bottom;
    return (one > other) - (one < other);
}

static bool is_true(struct number n) {
    return n.is_real ? n.real != 0.0 : n.top != 0;
}

/* --- operators -------------------------------------------------------------------------------- */

static enum status compute(struct evaluation *evaluation, const struct expression *e,
                           struct number *result);

static enum status divide(const struct evaluation *evaluation, const struct expression *e,
                          struct number a, struct number b, struct number *result) {
    if (!is_true(b))
        return expression_fail(e, evaluation->message,
                               "division by zero: the divisor is 0 for this shape");
    if (a.is_real || b.is_real) {
        *result = real_number(as_real(a) / as_real(b));
        return STATUS_OK;
    }
    if (!fraction_make((__int128)a.top * b.bottom, (__int128)a.bottom * b.top, result))
        return expression_fail(e, evaluation->message, "the quotient is beyond 64 bits");
    if (!evaluation->exact && result->bottom != 0)
        *result = whole_number(result->top / result->bottom);
    return STATUS_OK;
}

static enum status remainder_of(const struct evaluation *evaluation, const struct expression *e,
                                struct number a, struct number b, struct number *result) {
    if (a.is_real || b.is_real || a.bottom != 1 || b.bottom != 1)
        return expression_fail(e, evaluation->message, "%% wants whole numbers on both sides");
    if (b.top == 0)
        return expression_fail(e, evaluation->message,
                               "division by zero: the divisor is 0 for this shape");
    *result = whole_number(b.top == -1 ? 0 : a.top % b.top);
    return STATUS_OK;
}

static enum status add_or_multiply(const struct evaluation *evaluation, const struct expression *e,
                                   struct number a, struct number b, struct number *result) {
    const enum expression_operator operator= e->operator;
    if (a.is_real || b.is_real) {
        const double x = as_real(a), y = as_real(b);
        *result = real_number(operator== OPERATOR_ADD      ? x + y :
                              operator== OPERATOR_SUBTRACT ? x - y
                                                           : x * y);
        return STATUS_OK;
    }
    __int128 left = (__int128)a.top * b.bottom, right = (__int128)b.top * a.bottom;
    __int128 top = operator== OPERATOR_ADD ? left + right : left - right;
    if (operator== OPERATOR_MULTIPLY)
        top = (__int128)a.top * b.top;
    if (!fraction_make(top, (__int128)a.bottom * b.bottom, result))
        return expression_fail(e, evaluation->message,
                               "the result is beyond 64 bits for this shape");
    return STATUS_OK;
}

static bool compare(enum expression_operator operator, int sign) {
    switch (operator) {
    case OPERATOR_EQUAL:
        return sign == 0;
    case OPERATOR_UNEQUAL:
        return sign != 0;
    case OPERATOR_AT_MOST:
        return sign <= 0;
    case OPERATOR_AT_LEAST:
        return sign >= 0;
    case OPERATOR_LESS:
        return sign < 0;
    default:
        return sign > 0;
    }
}

static enum status two_compute(struct evaluation *evaluation, const struct expression *e,
                               struct number *result) {
    struct number a, b;
    enum status status = compute(evaluation, e->left, &a);
    if (status == STATUS_OK)
        status = compute(evaluation, e->right, &b);
    if (status != STATUS_OK)
        return status;
    switch (e->operator) {
    case OPERATOR_DIVIDE:
        return divide(evaluation, e, a, b, result);
    case OPERATOR_REMAINDER:
        return remainder_of(evaluation, e, a, b, result);
    case OPERATOR_ADD:
    case OPERATOR_SUBTRACT:
    case OPERATOR_MULTIPLY:
        return add_or_multiply(evaluation, e, a, b, result);
    case OPERATOR_MIN:
        *result = sign_of(a, b) <= 0 ? a : b;
        return STATUS_OK;
    case OPERATOR_MAX:
        *result = sign_of(a, b) >= 0 ? a : b;
        return STATUS_OK;
    case OPERATOR_POW:
        *result = real_number(pow(as_real(a), as_real(b)));
        return STATUS_OK;
    default:
        *result = whole_number(compare(e->operator, sign_of(a, b)));
        return STATUS_OK;
    }
}

/* The right side is not computed where the left one decides. */
static enum status logic_compute(struct evaluation *evaluation, const struct expression *e,
                                 struct number *result) {
    enum status status = compute(evaluation, e->left, result);
    if (status == STATUS_OK && is_true(*result) == (e->operator== OPERATOR_AND))
        status = compute(evaluation, e->right, result);
    if (status == STATUS_OK)
        *result = whole_number(is_true(*result));
    return status;
}

static enum status round_compute(const struct evaluation *evaluation, const struct expression *e,
                                 struct number *result) {
    struct evaluation inside = *evaluation;
    inside.exact = true;
    enum status status = compute(&inside, e->left, result);
    if (status != STATUS_OK)
        return status;
    const bool up = e->operator== OPERATOR_CEIL;
    if (result->is_real) {
        const double rounded = up ? ceil(result->real) : floor(result->real);
        if (!(fabs(rounded) < 0x1p62))
            return expression_fail(e, evaluation->message,
                                   "the result is beyond 64 bits for this shape");
        *result = whole_number((int64_t)rounded);
        return STATUS_OK;
    }
    int64_t whole = result->top / result->bottom;
    const int64_t rest = result->top % result->bottom;
    if (rest != 0 && (rest > 0) == up)
        whole += up ? 1 : -1;
    *result = whole_number(whole);
    return STATUS_OK;
}

static struct number argument_read(const struct evaluation *evaluation,
                                   const struct operation_argument *argument) {
    const char *at = (const char *)evaluation->launch->problem + argument->offset;
    int64_t whole = 0;
    float real;
    int code;
    bool flag;
    switch (argument->kind) {
    case ARGUMENT_WHOLE:
        memcpy(&whole, at, sizeof whole);
        return whole_number(whole);
    case ARGUMENT_REAL:
        memcpy(&real, at, sizeof real);
        return real_number((double)real);
    case ARGUMENT_CODE:
        memcpy(&code, at, sizeof code);
        return whole_number(code);
    case ARGUMENT_FLAG:
        memcpy(&flag, at, sizeof flag);
        return whole_number(flag);
    default: { /* whether there is one */
        const void *pointer;
        memcpy(&pointer, at, sizeof pointer);
        return whole_number(pointer != NULL);
    }
    }
}

static enum status compute(struct evaluation *evaluation, const struct expression *e,
                           struct number *result) {
    enum status status = STATUS_OK;
    switch (e->operator) {
    case OPERATOR_WHOLE:
        *result = whole_number(e->whole);
        return STATUS_OK;
    case OPERATOR_REAL:
        *result = real_number(e->real);
        return STATUS_OK;
    case OPERATOR_ARGUMENT:
        *result = argument_read(evaluation, e->argument);
        return STATUS_OK;
    case OPERATOR_CONSTANT:
        return compute(evaluation, e->constant, result);
    case OPERATOR_CEIL:
    case OPERATOR_FLOOR:
        return round_compute(evaluation, e, result);
    case OPERATOR_NEGATE:
        status = compute(evaluation, e->left, result);
        result->top = -result->top;
        result->real = -result->real;
        return status;
    case OPERATOR_NOT:
        status = compute(evaluation, e->left, result);
        if (status == STATUS_OK)
            *result = whole_number(!is_true(*result));
        return status;
    case OPERATOR_SQRT:
        status = compute(evaluation, e->left, result);
        if (status == STATUS_OK)
            *result = real_number(sqrt(as_real(*result)));
        return status;
    case OPERATOR_OR:
    case OPERATOR_AND:
        return logic_compute(evaluation, e, result);
    default:
        return two_compute(evaluation, e, result);
    }
}

/* --- results ---------------------------------------------------------------------------------- */

enum status expression_whole(const struct expression *expression, const struct launch *launch,
                             int64_t *value, struct message *message) {
    struct evaluation evaluation = {.launch = launch, .message = message};
    struct number number = {0};
    enum status status = compute(&evaluation, expression, &number);
    if (status != STATUS_OK)
        return status;
    if (number.is_real && isnan(number.real))
        return expression_fail(expression, message, "a whole number is wanted, and this is none");
    if (number.is_real)
        return expression_fail(expression, message,
                               "a whole number is wanted, and this is %g: ceil() makes "
                               "one",
                               number.real);
    *value = number.top / number.bottom; /* outside of ceil() there are no fractions */
    return STATUS_OK;
}

enum status expression_real(const struct expression *expression, const struct launch *launch,
                            double *value, struct message *message) {
    struct evaluation evaluation = {.launch = launch, .message = message};
    struct number number = {0};
    enum status status = compute(&evaluation, expression, &number);
    if (status == STATUS_OK)
        *value = as_real(number);
    return status;
}

bool expression_is_real(const struct expression *e) {
    switch (e->operator) {
    case OPERATOR_REAL:
    case OPERATOR_POW:
    case OPERATOR_SQRT:
        return true;
    case OPERATOR_ARGUMENT:
        return e->argument->kind == ARGUMENT_REAL;
    case OPERATOR_CONSTANT:
        return expression_is_real(e->constant);
    case OPERATOR_NEGATE:
        return expression_is_real(e->left);
    case OPERATOR_ADD:
    case OPERATOR_SUBTRACT:
    case OPERATOR_MULTIPLY:
    case OPERATOR_DIVIDE:
    case OPERATOR_MIN:
    case OPERATOR_MAX:
        return expression_is_real(e->left) || expression_is_real(e->right);
    default:
        return false;
    }
}
