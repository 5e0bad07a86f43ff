/* The rungs of attention on the emulated GPU against the oracle: sequences around a block's queries
 * and a tile's keys, dimensions of both of the fused rung's widths, rows that lie anywhere. */
#include "kernels/kernels.h"
#include "tests/support/attention.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <stdio.h>

static const struct {
    const char *name;
    attention_kernel *kernel;
} rungs[] = {{"cuda-naive", attention_cuda_naive}, {"cuda-fused", attention_cuda_fused}};

/* `count` elements of the dtype, in floats. */
static int64_t floats_of(const struct attention_problem *problem, int64_t count) {
    return problem->dtype == DTYPE_BF16 ? (count + 1) / 2 : count;
}

static void run(struct staging *staging, struct attention_fixture *fixture, size_t rung,
                int offset) {
    const struct attention_problem *host = &fixture->problem;
    char name[64];
    snprintf(name, sizeof name, "%s, offset %d", rungs[rung].name, offset);
    attention_poison(fixture);
    struct attention_problem problem = *host;
    problem.q = staging_input(staging, fixture->q, floats_of(host, fixture->q_count), offset);
    problem.k = staging_input(staging, fixture->k, floats_of(host, fixture->k_count), 2 * offset);
    problem.v = staging_input(staging, fixture->v, floats_of(host, fixture->v_count), 3 * offset);
    problem.o = staging_output(staging, fixture->o, fixture->o_count, offset);
    if (rungs[rung].kernel(&problem, &staging->execution) != STATUS_OK)
        fail_msg("%s: %s", name, staging->message.text);
    staging_finish(staging, name);
    attention_check(fixture, name);
}

static void run_shape(struct staging *staging, const struct attention_shape *shape, int64_t padding,
                      enum attention_inputs inputs) {
    for (int variant = ATTENTION_FULL; variant <= ATTENTION_CAUSAL; variant++)
        for (int bf16 = 0; bf16 < 2; bf16++) {
            struct attention_fixture fixture;
            attention_open(&fixture, (enum attention_variant)variant, bf16 ? DTYPE_BF16 : DTYPE_F32,
                           shape, padding, inputs);
            for (size_t rung = 0; rung < sizeof rungs / sizeof rungs[0]; rung++)
                for (int offset = 0; offset < 2; offset++)
                    run(staging, &fixture, rung, offset);
            attention_close(&fixture);
        }
}

TEST(rungs_are_right_on_the_emulated_gpu) {
    static const struct attention_shape shapes[] = {
        {1, 1, 1, 1},   {2, 3, 1, 8},    {1, 1, 5, 3},   {1, 2, 31, 64},  {2, 1, 64, 32},
        {1, 1, 65, 12}, {1, 1, 130, 64}, {1, 2, 33, 65}, {1, 1, 97, 128}, {1, 1, 70, 100}};
    struct staging *staging = staging_open_emulated();
    if (staging == NULL)
        skip();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int inputs = 0; inputs < ATTENTION_INPUTS_KINDS; inputs++)
            run_shape(staging, &shapes[i], (int64_t)i % 3 * 2, (enum attention_inputs)inputs);
    staging_close(staging);
}

TEST(what_does_not_fit_is_refused) {
    struct staging *staging = staging_open_emulated();
    if (staging == NULL)
        skip();
    struct attention_problem problem = {.batch = 1,
                                        .heads = 1,
                                        .sequence = 1,
                                        .dimension = 129,
                                        .q_stride = 129,
                                        .k_stride = 129,
                                        .v_stride = 129,
                                        .o_stride = 129};
    assert_int_equal(attention_cuda_fused(&problem, &staging->execution), STATUS_UNSUPPORTED);
    problem.sequence = INT64_C(1) << 23;
    assert_int_equal(attention_cuda_naive(&problem, &staging->execution), STATUS_UNSUPPORTED);
    problem.dtype = DTYPE_F16;
    for (size_t rung = 0; rung < sizeof rungs / sizeof rungs[0]; rung++)
        assert_int_equal(rungs[rung].kernel(&problem, &staging->execution), STATUS_UNSUPPORTED);
    staging_close(staging);
}
