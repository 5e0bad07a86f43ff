/* Expressions of launch lines: sizes, numbers and constants, as in `ceil(N / 128)` or `K % 4 == 0`.
 *
 * As in C, from || down to the signs, with ceil, floor, min, max and pow. Whole numbers are exact.
 * `/` between them cuts as in C, but inside ceil() and floor() it keeps the fraction. What a shape
 * makes of an expression may still be wrong: a division by zero, an overflow, a fraction where a
 * whole number is wanted. Every message begins with file, line and column.
 */
#ifndef LOCKSTEP_BENCH_ADDED_EXPRESSION_H
#define LOCKSTEP_BENCH_ADDED_EXPRESSION_H

#include "bench/operations/operation.h"

/* One line of a file, from which expressions are read one after the other. */
struct line_reader {
    const char *file;
    int line;
    const char *text; /* of the whole line, ended by a NUL */
    const char *at;
};

struct expression;

/* A name that the file itself defines. */
struct named_expression {
    char name[32];
    struct expression *value;
};

/* What a name may mean: a member of the operation's problem, or what the file defines. */
struct names {
    const struct operation *operation;
    const struct named_expression *constants;
    int constant_count;
};

/* Sets a message that begins with where the reader is; STATUS_INVALID. */
enum status line_refuse(const struct line_reader *reader, struct message *message,
                        const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Passes over blanks; whether anything is left. */
bool line_has_more(struct line_reader *reader);
/* Cuts the next word of letters, digits and _; false where there is none. */
bool line_word(struct line_reader *reader, char *word, size_t size);

/* Reads one expression as far as it goes. The caller frees it. STATUS_INVALID names the mistake. */
enum status expression_parse(struct line_reader *reader, const struct names *names,
                             struct expression **expression, struct message *message);
void expression_free(struct expression *expression); /* NULL is allowed */

/* The member that the expression is, and nothing else; NULL where it is more. */
const struct operation_argument *expression_argument(const struct expression *expression);
/* Whether it reads that member, for itself or in a constant. */
bool expression_reads(const struct expression *expression, const char *member);
/* Whether it is computed in floating point, whatever the shape. */
bool expression_is_real(const struct expression *expression);

/* Sets a message that begins with where the expression stands; STATUS_FAILED. */
enum status expression_fail(const struct expression *expression, struct message *message,
                            const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Its value for the arguments of a launch. STATUS_FAILED: it has none. */
enum status expression_whole(const struct expression *expression, const struct launch *launch,
                             int64_t *value, struct message *message);
enum status expression_real(const struct expression *expression, const struct launch *launch,
                            double *value, struct message *message);

#endif
