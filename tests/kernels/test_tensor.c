/* gemm on tensor cores, and the first rung where it takes 16-bit operands, on the emulated GPU,
 * against the oracle: types, variants, sizes around the
 * tile and the loop over pairs of tiles, alpha and beta, leading dimensions, operands that are not
 * aligned, and special values. */
#include "common/narrow.h"
#include "kernels/kernels.h"
#include "reference/oracle/oracle.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct setting_of_gemm {
    int64_t m, n, k;
    int64_t padding; /* of A, B and C: aligned when a multiple of 8 */
    int offset;      /* of A, B and C, in floats past alignment */
    float alpha, beta;
};

/* A tile is 128 x 128, of k 32 (tf32) or 64 (bf16, f16); whole tiles go in pairs. */
static const struct setting_of_gemm table[] = {
    {1, 1, 1, 7, 0, 1.0F, 0.0F},       {128, 128, 64, 0, 0, 1.0F, 0.0F},
    {128, 256, 192, 8, 0, 2.0F, 0.0F}, {256, 128, 200, 8, 0, -0.5F, 1.0F},
    {128, 128, 128, 0, 1, 1.0F, 0.0F}, {136, 120, 72, 0, 0, 1.0F, 0.5F},
    {129, 127, 65, 1, 0, 1.0F, 0.0F},  {40, 264, 328, 0, 0, 0.25F, 0.0F},
    {33, 65, 31, 0, 3, -1.0F, -0.75F}, {128, 128, 40, 8, 0, 0.0F, 0.5F},
    {128, 128, 8, 24, 0, 1.5F, 2.0F},  {200, 24, 16, 0, 2, 1.0F, 0.0F},
};

static const char *const variants[] = {"nn", "nt", "tn"};

struct operand {
    int64_t rows, columns, stride; /* as stored */
    void *data;
    int64_t floats; /* that its bytes fill */
};

static struct operand operand_new(int64_t rows, int64_t columns, int64_t padding, enum dtype dtype,
                                  uint64_t stream, bool special) {
    struct operand operand = {rows, columns, columns + padding, NULL, 0};
    const int64_t elements = rows * operand.stride;
    float *values = malloc((size_t)elements * sizeof(float));
    /* An even number, so that they fill floats. */
    uint16_t *narrow = calloc(2 * ((size_t)elements + 1), sizeof *narrow);
    assert_true(values != NULL && narrow != NULL);
    fill_inputs(INPUTS_UNIFORM, stream, values, elements);
    if (special)
        values[elements / 2] = stream % 2 ? INFINITY : NAN;
    for (int64_t i = 0; i < elements; i++) {
        if (i % operand.stride >= columns) /* must not be read */
            values[i] = NAN;
        narrow[i] = dtype == DTYPE_F16 ? f16_round(values[i]) : bf16_round(values[i]);
    }
    const bool is_narrow = dtype == DTYPE_BF16 || dtype == DTYPE_F16;
    operand.data = is_narrow ? (void *)narrow : values;
    operand.floats = is_narrow ? (elements + 1) / 2 : elements;
    free(is_narrow ? (void *)values : narrow);
    return operand;
}

static void check_c(const struct gemm_problem *host, const float *before, const float *after,
                    const char *what) {
    const size_t count = (size_t)(host->m * host->n);
    double *expected = calloc(count, sizeof(double)), *tolerance = calloc(count, sizeof(double));
    assert_true(expected != NULL && tolerance != NULL);
    oracle_gemm(host, before, 0, host->m, expected, tolerance);
    for (int64_t row = 0; row < host->m; row++) {
        check_all(what, expected + row * host->n, tolerance + row * host->n,
                  after + row * host->ldc, host->n);
        if (memcmp(after + row * host->ldc + host->n, before + row * host->ldc + host->n,
                   (size_t)(host->ldc - host->n) * sizeof(float)) != 0)
            fail_msg("%s: wrote into the padding of row %lld", what, (long long)row);
    }
    free(expected);
    free(tolerance);
}

static void run(struct staging *staging, gemm_kernel *kernel, const struct setting_of_gemm *s,
                enum dtype dtype, enum gemm_variant variant, bool special) {
    const bool ta = variant == GEMM_TN, tb = variant == GEMM_NT;
    struct operand a =
        operand_new(ta ? s->k : s->m, ta ? s->m : s->k, s->padding, dtype, 1, special);
    struct operand b =
        operand_new(tb ? s->n : s->k, tb ? s->k : s->n, s->padding, dtype, 2, special);
    struct operand c = operand_new(s->m, s->n, s->padding, DTYPE_F32, 4, false);
    struct gemm_problem host = {.variant = variant,
                                .dtype = dtype,
                                .m = s->m,
                                .n = s->n,
                                .k = s->k,
                                .alpha = s->alpha,
                                .beta = s->beta,
                                .a = a.data,
                                .b = b.data,
                                .lda = a.stride,
                                .ldb = b.stride,
                                .ldc = c.stride};
    struct gemm_problem problem = host;
    float *after = malloc((size_t)c.floats * sizeof(float));
    assert_non_null(after);
    memcpy(after, c.data, (size_t)c.floats * sizeof(float));
    for (int64_t i = 0; s->beta == 0.0F && i < c.floats; i++) /* must not be read */
        if (i % c.stride < c.columns)
            after[i] = NAN;
    char what[160];
    snprintf(what, sizeof what, "dtype %d %s %lldx%lldx%lld padding %lld offset %d", (int)dtype,
             variants[variant], (long long)s->m, (long long)s->n, (long long)s->k,
             (long long)s->padding, s->offset);
    problem.a = staging_input(staging, a.data, a.floats, s->offset);
    problem.b = staging_input(staging, b.data, b.floats, s->offset);
    problem.c = staging_output(staging, after, c.floats, s->offset);
    if (kernel(&problem, &staging->execution) != STATUS_OK)
        fail_msg("%s: %s", what, staging->message.text);
    staging_finish(staging, what);
    check_c(&host, c.data, after, what);
    free(after);
    free(a.data);
    free(b.data);
    free(c.data);
}

static void run_all(gemm_kernel *kernel, const char *image, enum dtype dtype) {
    struct staging *staging = staging_has_image(image) ? staging_open_emulated() : NULL;
    if (staging == NULL) {
        skip();
        return;
    }
    for (int variant = GEMM_NN; variant <= GEMM_TN; variant++)
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
            run(staging, kernel, &table[i], dtype, (enum gemm_variant)variant, i % 4 == 3);
    staging_close(staging);
}

TEST(bf16_is_right_on_the_emulated_gpu) {
    run_all(gemm_cuda_tensor, "gemm_9_tensor_bf16", DTYPE_BF16);
}

TEST(f16_is_right_on_the_emulated_gpu) {
    run_all(gemm_cuda_tensor, "gemm_9_tensor_f16", DTYPE_F16);
}

TEST(tf32_is_right_on_the_emulated_gpu) {
    run_all(gemm_cuda_tensor, "gemm_9_tensor_tf32", DTYPE_TF32);
}

TEST(the_first_rung_takes_bf16_and_f16) {
    run_all(gemm_cuda_naive, "gemm_1_naive", DTYPE_BF16);
    run_all(gemm_cuda_naive, "gemm_1_naive", DTYPE_F16);
}

TEST(other_types_and_no_gpu_are_refused) {
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    struct gemm_problem problem = {.dtype = DTYPE_F32, .m = 1, .n = 1, .k = 1};
    assert_int_equal(gemm_cuda_tensor(&problem, &execution), STATUS_UNSUPPORTED);
    problem.dtype = DTYPE_BF16;
    assert_int_equal(gemm_cuda_tensor(&problem, &execution), STATUS_INVALID);
}
