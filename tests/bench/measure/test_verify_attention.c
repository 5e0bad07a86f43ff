/* Mistakes that kernels of attention are prone to, each caught by one of the inputs and settings
 * that `lockstep verify` goes through. */
#include "bench/operations/operations.h"
#include "kernels/kernels.h"
#include "tests/support/bout.h"
#include "tests/support/test.h"

#include <math.h>

static float score_of(const struct attention_problem *p, const float *query, const float *key) {
    float sum = 0.0F;
    for (int64_t l = 0; l < p->dimension; l++)
        sum += query[l] * key[l];
    return p->scale * sum;
}

/* One row by online softmax, from a first maximum of `lowest` on. */
static void row_compute(const struct attention_problem *p, int64_t row, float lowest) {
    const float *q = p->q, *k = p->k, *v = p->v;
    const int64_t place = row % p->sequence;
    const int64_t met = p->variant == ATTENTION_CAUSAL ? place + 1 : p->sequence;
    float *out = p->o + row * p->o_stride;
    float maximum = lowest, sum = 0.0F;
    for (int64_t c = 0; c < p->dimension; c++)
        out[c] = 0.0F;
    for (int64_t key = row - place; key < row - place + met; key++) {
        const float score = score_of(p, q + row * p->q_stride, k + key * p->k_stride);
        const float before = maximum;
        maximum = fmaxf(maximum, score);
        const float factor = expf(before - maximum), weight = expf(score - maximum);
        sum = sum * factor + weight;
        for (int64_t c = 0; c < p->dimension; c++)
            out[c] = out[c] * factor + weight * v[key * p->v_stride + c];
    }
    for (int64_t c = 0; c < p->dimension; c++)
        out[c] /= sum;
}

static enum status all_rows(const struct attention_problem *p, float lowest) {
    for (int64_t row = 0; row < p->batch * p->heads * p->sequence; row++)
        row_compute(p, row, lowest);
    return STATUS_OK;
}

static enum status right(const struct attention_problem *problem, struct execution *execution) {
    (void)execution;
    return all_rows(problem, -3.402823466e38F);
}

/* Where the first score is -infinity too, one less the other is NaN. */
static enum status from_minus_infinity(const struct attention_problem *problem,
                                       struct execution *execution) {
    (void)execution;
    return all_rows(problem, -INFINITY);
}

static enum status v_by_q_stride(const struct attention_problem *problem,
                                 struct execution *execution) {
    struct attention_problem mixed = *problem;
    mixed.v_stride = problem->q_stride;
    return right(&mixed, execution);
}

static enum status k_by_q_stride(const struct attention_problem *problem,
                                 struct execution *execution) {
    struct attention_problem mixed = *problem;
    mixed.k_stride = problem->q_stride;
    return right(&mixed, execution);
}

/* How many of the inputs and settings of `lockstep verify` it fails on. */
static int failures_of(attention_kernel *kernel, int variant) {
    const struct operation *operation = &operation_attention;
    const struct implementation subject = {
        .name = "subject", .kind = KIND_PLAIN, .run = RUN(attention, kernel)};
    int failures = 0;
    for (int s = 0; s < operation->settings_count; s++)
        for (int v = -1; v < operation->special_values_count; v++) {
            struct settings settings = operation->settings[s];
            settings.seed = 1;
            settings.values = v < 0 ? VALUES_UNIFORM : operation->special_values[v];
            struct bout *bout = bout_open(operation, variant, "1x2x7x13", &settings, 0.0);
            struct message message;
            const enum status status = bout_verify(bout, &subject, &message);
            assert_true(status == STATUS_OK || status == STATUS_WRONG);
            failures += status == STATUS_WRONG;
            bout_close(bout);
        }
    return failures;
}

static void check_caught(attention_kernel *kernel) {
    for (int variant = 0; variant < operation_attention.variant_count; variant++)
        assert_true(failures_of(kernel, variant) > 0);
}

TEST(a_right_one_passes) {
    for (int variant = 0; variant < operation_attention.variant_count; variant++)
        assert_int_equal(failures_of(right, variant), 0);
}

TEST(another_buffers_stride_is_caught) {
    check_caught(v_by_q_stride);
    check_caught(k_by_q_stride);
}

TEST(a_maximum_from_minus_infinity_is_caught) {
    check_caught(from_minus_infinity);
}
