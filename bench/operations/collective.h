/* What operations between the ranks of a job share: the inputs of each, parts of an array, counts.
 *
 * Every rank has an array of its own, of COUNT elements. Any other one can draw it again, so an
 * oracle needs no communication.
 */
#ifndef LOCKSTEP_BENCH_OPERATIONS_COLLECTIVE_H
#define LOCKSTEP_BENCH_OPERATIONS_COLLECTIVE_H

#include "bench/operations/operation.h"

enum { COLLECTIVE_PIECE = 4096 }; /* a row of a flat buffer */

#define COLLECTIVE_DTYPES (DTYPE_BIT(DTYPE_F32) | DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16))

/* Elements [first, first + count) of the array. */
struct collective_part {
    int64_t first, count;
};

struct collective_part collective_whole(const struct bench_case *c);
/* The part of a rank, of this one by default: parts differ by an element at most. */
struct collective_part collective_part_of(const struct bench_case *c, int rank);
struct collective_part collective_own_part(const struct bench_case *c);

/* A buffer of the case's dtype that `collective_fill` fills. */
struct buffer_spec collective_array(const struct bench_case *c, const char *name,
                                    enum buffer_role role, int64_t count);

/* Draws elements of a rank's array, rounded to the dtype. */
void collective_draw(const struct bench_case *c, int rank, struct collective_part part,
                     float *values);
/* Fills a buffer with a part of this rank's array. */
void collective_fill(const struct bench_case *c, struct collective_part part, void *buffer);

/* The sum over the ranks of that part of the array, as an operation's `expect` gives it. */
void collective_expect_sum(const struct bench_case *c, struct collective_part part,
                           int64_t first_row, int64_t rows, double *expected, double *tolerance);

/* (P - 1) / P for P ranks: the share of an array that a rank must at least send, or add. */
double collective_share(const struct bench_case *c);
double collective_array_bytes(const struct bench_case *c);

/* Why it is of no use here: a process alone. Of parts: nor where a rank has none. */
const char *collective_needs_ranks(const struct bench_case *c);
const char *collective_needs_parts(const struct bench_case *c);

/* What `verify` goes through. */
extern const char *const collective_awkward_shapes[];

/* What the table of every operation between ranks has. */
#define COLLECTIVE_OF(operation)                                                                   \
    OPERATION_OF(operation), OPERATION_SPECIAL_VALUES(values_usual),                               \
        .shape_form = "COUNT", .problem_bytes = sizeof(struct operation##_problem),                \
        .preset_lines = preset_lines, .awkward_shapes = collective_awkward_shapes,                 \
        .prepare = operation##_prepare, .between_ranks = true

#endif
