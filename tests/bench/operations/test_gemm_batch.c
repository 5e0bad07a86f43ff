/* Batches of products: every row that takes them, with padding between rows and between matrices,
 * and what a row that gets them wrong leaves. */
#include "bench/operations/operations.h"
#include "common/gemm_batch.h"
#include "reference/naive.h"
#include "tests/support/bout.h"
#include "tests/support/staging.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

static const struct settings grounds[] = {
    {.alpha = 1.0F, .seed = 1},
    {.alpha = -0.5F, .beta = 2.0F, .padding = 3, .seed = 2},
    {.alpha = 2.0F, .padding = 4, .seed = 3}, /* vectors of four are allowed where sizes are */
    {.beta = 0.5F, .padding = 1, .seed = 4},
};
static const char *const shapes[] = {"1x3x5x7", "3x17x19x23", "5x4x8x12", "2x65x33x129"};

static int pass_all(enum device_kind kind, int variant, enum dtype dtype, const char *shape,
                    const struct settings *settings) {
    const struct bench_case c = {
        .operation = &operation_gemm, .variant = variant, .dtype = dtype, .settings = *settings};
    struct bout *bout = bout_open_on(kind, &c, shape, 0.0);
    struct message message;
    int passed = 0;
    for (int i = 0; i < operation_gemm.implementation_count; i++) {
        const struct implementation *row = &operation_gemm.implementations[i];
        if (!row->batches || !bout_takes_on(kind, &bout->c, row) ||
            bout_verify(bout, row, &message) == STATUS_UNSUPPORTED)
            continue;
        bout_pass(bout, row);
        passed++;
    }
    bout_close(bout);
    return passed;
}

static void pass_everywhere(enum device_kind kind, enum dtype dtype) {
    for (int variant = GEMM_NN; variant <= GEMM_TN; variant++)
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
            for (size_t g = 0; g < sizeof grounds / sizeof grounds[0]; g++)
                assert_true(pass_all(kind, variant, dtype, shapes[s], &grounds[g]) > 0);
}

TEST(rows_of_the_cpu_are_right) {
    for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++)
        pass_everywhere(DEVICE_CPU, d);
}

TEST(the_rung_of_the_gpu_is_right) {
    staging_need_kernels();
    pass_everywhere(DEVICE_GPU, DTYPE_F32);
}

/* More products than a grid has blocks along z. */
TEST(a_batch_may_exceed_a_grid) {
    staging_need_kernels();
    assert_true(pass_all(DEVICE_GPU, GEMM_NN, DTYPE_F32, "65537x1x1x1", &bout_plain) > 0);
}

static enum status first_alone(const struct gemm_problem *problem, struct execution *execution) {
    const struct gemm_problem one = gemm_of_batch(problem, 0);
    return gemm_naive(&one, execution);
}

/* As if matrices lay without a gap. */
static enum status strides_of_its_own(const struct gemm_problem *problem,
                                      struct execution *execution) {
    struct gemm_problem own = *problem;
    own.stride_b = problem->k * problem->ldb;
    return gemm_naive(&own, execution);
}

static enum status one_wrong(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = gemm_naive(problem, execution);
    problem->c[2 * problem->stride_c + 3 * problem->ldc + 4] += 0.25F;
    return status;
}

static enum status between_products(const struct gemm_problem *problem,
                                    struct execution *execution) {
    enum status status = gemm_naive(problem, execution);
    problem->c[problem->stride_c - 1] = 1.0F;
    return status;
}

TEST(wrong_batches_are_caught) {
    static const struct {
        gemm_kernel *kernel;
        const char *what, *words;
    } wrong[] = {
        {first_alone, "the first product alone", "c["},
        {strides_of_its_own, "other strides", "c["},
        {one_wrong, "an element of the last product", "c[37,4]"},
        {between_products, "a write between products", "between the rows of buffer 'c'"},
    };
    const struct settings settings = {.alpha = 1.0F, .padding = 2, .seed = 1};
    struct bout *bout = bout_open(&operation_gemm, GEMM_NN, "3x17x19x23", &settings, 0.0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct implementation row = operation_gemm.implementations[0];
        row.run = RUN(gemm, wrong[i].kernel);
        bout_catch(bout, &row, wrong[i].what, wrong[i].words);
    }
    bout_close(bout);
}

/* Of a batch whose rows are sampled, the probe still sees every product. */
TEST(the_probe_sees_every_product) {
    const double few_rows = 1.0;
    struct bout *bout = bout_open(&operation_gemm, GEMM_NN, "3x17x19x23", &bout_plain, few_rows);
    struct implementation row = operation_gemm.implementations[0];
    row.run = RUN(gemm, one_wrong);
    bout_pass(bout, &operation_gemm.implementations[0]);
    bout_catch(bout, &row, "an element of the last product", "c");
    bout_close(bout);
}

TEST(other_rows_take_no_batches) {
    struct bench_case c = {.operation = &operation_gemm};
    struct message message;
    char reason[200];
    int without = 0;
    assert_int_equal(case_shape_parse("2x3x4x5", &c, &message), STATUS_OK);
    for (int i = 0; i < operation_gemm.implementation_count; i++) {
        const struct implementation *row = &operation_gemm.implementations[i];
        if (row->batches || !implementation_has_dtype(row, DTYPE_F32) ||
            !implementation_is_built(row))
            continue;
        assert_false(implementation_can_run(row, &c, reason, sizeof reason));
        assert_string_equal(reason, "takes no batches");
        without++;
    }
    assert_true(without > 0);
}

/* It is counted, kept and compared under one name. */
TEST(a_batch_of_one_is_no_batch) {
    struct message message;
    char shape[80];
    struct bench_case c = {.operation = &operation_gemm, .variant = GEMM_NN};
    assert_int_equal(case_shape_parse("1x3x4x5", &c, &message), STATUS_OK);
    case_shape(&c, shape, sizeof shape);
    assert_string_equal(shape, "3x4x5");
    assert_int_equal(case_batch(&c), 1);
}

/* All counts are those of one product, so many times. */
TEST(counts_are_of_all_products) {
    struct bench_case one = {.operation = &operation_gemm}, batch = one;
    struct message message;
    assert_int_equal(case_shape_parse("3x4x5", &one, &message), STATUS_OK);
    assert_int_equal(case_shape_parse("7x3x4x5", &batch, &message), STATUS_OK);
    assert_int_equal(case_batch(&one), 1);
    assert_int_equal(case_batch(&batch), 7);
    assert_true(operation_gemm.flops(&batch) == 7.0 * operation_gemm.flops(&one));
    assert_true(operation_gemm.bytes(&batch) == 7.0 * operation_gemm.bytes(&one));
}
