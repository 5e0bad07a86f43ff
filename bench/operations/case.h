/* A case: what is computed, its settings, its buffers, and the arguments of one launch. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_CASE_H
#define LOCKSTEP_BENCH_OPERATIONS_CASE_H

#include "common/problem.h"

#include <stddef.h>

struct operation;

enum { CASE_SIZES_MAX = 18, BUFFERS_MAX = 12 };

/* What the inputs look like. Timing uses VALUES_UNIFORM; `lockstep verify` goes through the
 * operation's list. */
enum values {
    VALUES_UNIFORM,  /* uniform in [-1, 1] */
    VALUES_LARGE,    /* … times 1e15: products near the top of the range, sums that still fit */
    VALUES_DENORMAL, /* … times 1e-39: below the smallest normal float */
    VALUES_OUTLIERS, /* … one element in 61 is +-1e4 or 80: a softmax must take its maximum off */
    VALUES_SPECIAL,  /* … with NaN, both infinities and both zeros strewn in */
    VALUES_MASKED,   /* … with infinities where the operation's `prepare` puts them */
    VALUES_COUNT
};
/* Whether no input is NaN or infinite. */
bool values_are_finite(enum values values);
const char *values_name(enum values values);

/* Settings that a shape does not name; `lockstep run` uses alpha 1, beta 0, padding 0. */
struct settings {
    float alpha, beta;
    int64_t padding; /* elements added to every leading dimension */
    enum values values;
    uint64_t seed;
    int rank, ranks; /* which of how many processes this is; 0 of 0: one alone */
};

struct bench_case {
    const struct operation *operation;
    int variant; /* index into operation->variants */
    enum dtype dtype;
    int size_count;
    int64_t sizes[CASE_SIZES_MAX]; /* as the operation reads its shapes; a batch comes last */
    struct settings settings;
};

enum buffer_role {
    BUFFER_INPUT,
    BUFFER_OUTPUT, /* poisoned before a checked launch */
    BUFFER_IN_OUT, /* read and written: restored from the inputs before a checked launch */
    BUFFER_SCRATCH /* contents mean nothing afterwards */
};

enum element { ELEMENT_F32, ELEMENT_I32, ELEMENT_BF16, ELEMENT_F16 };
size_t element_bytes(enum element element);

/* One buffer of a case. Row r holds min(columns, elements - r * stride) elements from r * stride
 * on: matrices have stride >= columns, flat arrays are cut into rows only so that the oracle can
 * work piecewise. */
struct buffer_spec {
    const char *name;
    enum buffer_role role;
    enum element element;
    int64_t elements, rows, columns, stride;
    /* Of matrices of a batch: so many rows are one, and so many elements more than usual lie
     * between its last row and the next one's first. 0: all rows are one. */
    int64_t matrix_rows, matrix_gap;
    bool pattern;       /* false: `prepare` alone fills it (labels, parameters) */
    bool is_flat;       /* its rows and columns mean nothing but to the oracle */
    bool stays;         /* checked as any output, but of no use outside: never transferred */
    int64_t portions;   /* iterations take it in turn, a portion each; 0: each reads all of it */
    bool same_on_ranks; /* of an implementation over ranks, an output with the same bits on all */
    bool shared;        /* an implementation over ranks gains where they share its memory */
};

/* How a dtype's operands are stored. */
enum element dtype_element_kind(enum dtype dtype);

/* Whether it holds results, and an element of it as a number. */
bool buffer_is_output(const struct buffer_spec *spec);
float element_read(const void *data, enum element element, int64_t i);

/* Where a row begins. */
int64_t buffer_row_start(const struct buffer_spec *spec, int64_t row);

/* `count` matrices one behind the other with `padding` elements more between them, a matrix, and a
 * flat array of `count` elements. */
struct buffer_spec buffer_matrices(const char *name, enum buffer_role role, int64_t count,
                                   int64_t rows, int64_t columns, int64_t padding);
struct buffer_spec buffer_matrix(const char *name, enum buffer_role role, int64_t rows,
                                 int64_t columns, int64_t padding);
struct buffer_spec buffer_flat(const char *name, enum buffer_role role, int64_t count);
/* Rows [first_row, first_row + rows) of a flat array of `count` elements: how many elements they
 * hold, from *first. */
int64_t buffer_flat_range(int64_t count, int64_t first_row, int64_t rows, int64_t *first);

/* The arguments of one launch: a problem of the case's operation, in bytes that only the operation
 * knows the type of. */
enum { PROBLEM_BYTES_MAX = 384 };
struct launch {
    _Alignas(16) unsigned char problem[PROBLEM_BYTES_MAX];
    /* Of the operation or the row, from `keep` to `release`: what later launches need. NULL:
     * nothing is kept. */
    void *kept;
    void (*release)(struct launch *launch); /* NULL: there is nothing to release */
};

/* An operation of struct NAME_problem reads it by NAME_problem_of(launch), and fills it by
 * NAME_problem_in(launch). */
#define OPERATION_PROBLEM(name)                                                                    \
    _Static_assert(sizeof(struct name##_problem) <= PROBLEM_BYTES_MAX &&                           \
                       _Alignof(struct name##_problem) <= 16,                                      \
                   "struct launch has room for every problem: raise PROBLEM_BYTES_MAX");           \
    static inline const struct name##_problem *name##_problem_of(const struct launch *launch) {    \
        return (const void *)launch->problem;                                                      \
    }                                                                                              \
    __attribute__((unused)) static inline struct name##_problem *name##_problem_in(                \
        struct launch *launch) {                                                                   \
        return (void *)launch->problem;                                                            \
    }

const char *dtype_name(enum dtype dtype);
/* False where no dtype has the name. */
bool dtype_find(const char *name, enum dtype *dtype);
double dtype_unit_roundoff(enum dtype dtype);

/* How many of its shape a case is; 1 without a batch. */
int64_t case_batch(const struct bench_case *bench_case);

/* Text forms. The name is OPERATION/VARIANT/DTYPE/SHAPE; `name` and `shape` are cut at `size`. */
void case_name(const struct bench_case *bench_case, char *name, size_t size);
void case_shape(const struct bench_case *bench_case, char *shape, size_t size);
/* Parses `shape` for the operation. STATUS_INVALID names what is wrong and the form wanted. */
enum status case_shape_parse(const char *shape, struct bench_case *bench_case,
                             struct message *message);
/* The operation's describe, over zeroed specs. */
void case_buffers(const struct bench_case *bench_case, struct buffer_spec specs[BUFFERS_MAX]);
/* Bytes of all buffers of a case, guard zones not counted; saturates instead of overflowing. */
size_t case_bytes(const struct bench_case *bench_case);

#endif
