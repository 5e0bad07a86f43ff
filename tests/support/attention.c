#include "tests/support/attention.h"

#include "common/narrow.h"
#include "reference/oracle/oracle.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const variants[] = {[ATTENTION_FULL] = "full", [ATTENTION_CAUSAL] = "causal"};

static int64_t rows_of(const struct attention_problem *problem) {
    return problem->batch * problem->heads * problem->sequence;
}

/* Rounds in place: the 16 bits of an element lie in front of those of the next. */
static void narrow(float *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uint16_t bits = bf16_round(values[i]);
        memcpy((char *)values + 2 * i, &bits, sizeof bits);
    }
}

/* Some rows of each operand that no finite number comes out of, and a few that do. */
static void strew(const struct attention_fixture *fixture) {
    const struct attention_problem *p = &fixture->problem;
    const int64_t last = p->dimension - 1;
    static const float q_places[] = {1, NAN, 1, INFINITY, 1, 1e15F, 1};
    static const float k_places[] = {1, 1, 1, 1, -INFINITY, 1, 1, 1, 1e10F, 1, 0};
    static const float v_places[] = {1, 1,     INFINITY,  1,     1, NAN, 1,
                                     1, 1e15F, -INFINITY, -0.0F, 1, 1};
    enum {
        Q_PLACES = sizeof q_places / sizeof *q_places,
        K_PLACES = sizeof k_places / sizeof *k_places,
        V_PLACES = sizeof v_places / sizeof *v_places
    };
    for (int64_t r = 0; r < rows_of(p); r++) {
        fixture->q[r * p->q_stride] *= q_places[r % Q_PLACES];
        fixture->k[r * p->k_stride + last] *= k_places[r % K_PLACES];
        fixture->v[r * p->v_stride + r % p->dimension] *= v_places[r % V_PLACES];
    }
}

/* Buffer of `rows` rows; what lies between them is NaN. */
static float *fill(uint64_t stream, enum attention_inputs inputs, int64_t rows, int64_t columns,
                   int64_t stride) {
    float *data = guarded_new(rows * stride, 0);
    fill_inputs(inputs == ATTENTION_WIDE ? INPUTS_WIDE : INPUTS_UNIFORM, stream, data,
                rows * stride);
    for (int64_t i = 0; i < rows * stride; i++)
        if (i % stride >= columns)
            data[i] = NAN;
    return data;
}

void attention_open(struct attention_fixture *fixture, enum attention_variant variant,
                    enum dtype dtype, const struct attention_shape *shape, int64_t padding,
                    enum attention_inputs inputs) {
    *fixture =
        (struct attention_fixture){.problem = {.variant = variant,
                                               .dtype = dtype,
                                               .batch = shape->batch,
                                               .heads = shape->heads,
                                               .sequence = shape->sequence,
                                               .dimension = shape->dimension,
                                               .scale = (float)(1 / sqrt((double)shape->dimension)),
                                               .q_stride = shape->dimension + padding,
                                               .k_stride = shape->dimension + 2 * padding,
                                               .v_stride = shape->dimension + 3 * padding,
                                               .o_stride = shape->dimension + 4 * padding}};
    struct attention_problem *p = &fixture->problem;
    const int64_t rows = rows_of(p);
    p->q = fixture->q = fill(1, inputs, rows, p->dimension, p->q_stride);
    p->k = fixture->k = fill(2, inputs, rows, p->dimension, p->k_stride);
    p->v = fixture->v = fill(3, inputs, rows, p->dimension, p->v_stride);
    p->o = fixture->o = guarded_new(rows * p->o_stride, 0);
    fixture->q_count = rows * p->q_stride;
    fixture->k_count = rows * p->k_stride;
    fixture->v_count = rows * p->v_stride;
    fixture->o_count = rows * p->o_stride;
    if (inputs == ATTENTION_SPECIAL)
        strew(fixture);
    if (dtype == DTYPE_BF16) {
        narrow(fixture->q, fixture->q_count);
        narrow(fixture->k, fixture->k_count);
        narrow(fixture->v, fixture->v_count);
    }
    fixture->expected = calloc((size_t)(rows * p->dimension), sizeof(double));
    fixture->tolerance = calloc((size_t)(rows * p->dimension), sizeof(double));
    assert_true(fixture->expected != NULL && fixture->tolerance != NULL);
    oracle_attention(p, 0, rows, fixture->expected, fixture->tolerance);
}

void attention_close(struct attention_fixture *fixture) {
    guarded_free(fixture->q, 0);
    guarded_free(fixture->k, 0);
    guarded_free(fixture->v, 0);
    guarded_free(fixture->o, 0);
    free(fixture->expected);
    free(fixture->tolerance);
}

void attention_poison(struct attention_fixture *fixture) {
    poison(fixture->o, fixture->o_count);
}

static bool is_any(double expected, double tolerance) {
    return isnan(expected) && isinf(tolerance);
}

void attention_check(const struct attention_fixture *fixture, const char *name) {
    const struct attention_problem *p = &fixture->problem;
    char what[200];
    int written =
        snprintf(what, sizeof what, "attention %s %s %lldx%lldx%lldx%lld, %s", variants[p->variant],
                 p->dtype == DTYPE_BF16 ? "bf16" : "f32", (long long)p->batch, (long long)p->heads,
                 (long long)p->sequence, (long long)p->dimension, name);
    assert_in_range(written, 1, sizeof what - 1);
    for (int64_t i = 0; i < fixture->o_count; i++) {
        const int64_t row = i / p->o_stride, column = i % p->o_stride;
        if (column >= p->dimension) {
            if (!isnan(fixture->o[i]))
                fail_msg("%s: wrote between rows %lld and %lld", what, (long long)row,
                         (long long)row + 1);
            continue;
        }
        const double expected = fixture->expected[row * p->dimension + column];
        const double tolerance = fixture->tolerance[row * p->dimension + column];
        if (!is_any(expected, tolerance) && !is_close(expected, tolerance, (double)fixture->o[i]))
            fail_msg("%s: o[%lld,%lld] is %.9g, expected %.9g within %.3g", what, (long long)row,
                     (long long)column, (double)fixture->o[i], expected, tolerance);
    }
    guarded_check(fixture->o, fixture->o_count, what);
}
