/* Attention on guarded host buffers, and what the oracle says of each row. */
#ifndef LOCKSTEP_TESTS_SUPPORT_ATTENTION_H
#define LOCKSTEP_TESTS_SUPPORT_ATTENTION_H

#include "common/problem.h"

/* What Q, K and V hold. */
enum attention_inputs {
    ATTENTION_UNIFORM, /* [-1, 1] */
    ATTENTION_WIDE,    /* [-30, 30]: most rows are nearly one key's */
    ATTENTION_SPECIAL, /* NaN and infinities in some rows of each, zeros and huge numbers */
    ATTENTION_INPUTS_KINDS
};

struct attention_shape {
    int64_t batch, heads, sequence, dimension;
};

struct attention_fixture {
    struct attention_problem problem; /* on the buffers below */
    float *q, *k, *v, *o;             /* q, k and v hold elements of the problem's dtype */
    int64_t q_count, k_count, v_count, o_count; /* in elements */
    double *expected, *tolerance;               /* without padding */
};

/* `padding`, and multiples of it, are added to the strides; what lies there is NaN. */
void attention_open(struct attention_fixture *fixture, enum attention_variant variant,
                    enum dtype dtype, const struct attention_shape *shape, int64_t padding,
                    enum attention_inputs inputs);
void attention_close(struct attention_fixture *fixture);

/* Poisons O; checks it, what lies between its rows, and the guard zones. */
void attention_poison(struct attention_fixture *fixture);
void attention_check(const struct attention_fixture *fixture, const char *name);

#endif
