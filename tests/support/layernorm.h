/* A layer normalisation on guarded host buffers, and what the oracle says of each of its
 * outputs. */
#ifndef LOCKSTEP_TESTS_SUPPORT_LAYERNORM_H
#define LOCKSTEP_TESTS_SUPPORT_LAYERNORM_H

#include "common/problem.h"

/* What a row of x is made to be. */
enum layernorm_rows {
    LAYERNORM_UNIFORM,
    LAYERNORM_SHIFTED, /* far from 0: a mean of 100 and a deviation of 1 */
    LAYERNORM_SPECIAL, /* NaN, infinities, equal numbers, subnormals, zeros */
    LAYERNORM_ROWS_KINDS
};

enum { LAYERNORM_OUTPUTS = 5 };

struct layernorm_fixture {
    struct layernorm_problem problem; /* on the buffers below */
    float *x, *gamma, *beta, *dy;
    float *outputs[LAYERNORM_OUTPUTS]; /* by enum layernorm_output; NULL for what is no output */
    int64_t counts[LAYERNORM_OUTPUTS];
    double *expected[LAYERNORM_OUTPUTS], *tolerance[LAYERNORM_OUTPUTS];
    float *mean, *rstd; /* also where they are inputs */
};

/* Mean and rstd of backward are the oracle's. */
void layernorm_open(struct layernorm_fixture *fixture, enum layernorm_variant variant, int64_t rows,
                    int64_t columns, enum layernorm_rows kind);
void layernorm_close(struct layernorm_fixture *fixture);

/* Poisons the outputs; checks them and the guard zones. */
void layernorm_poison(struct layernorm_fixture *fixture);
void layernorm_check(const struct layernorm_fixture *fixture, const char *name);

#endif
