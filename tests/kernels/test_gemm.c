/* The gemm rungs on the emulated GPU, and cuBLAS's mapping on its stand-in, against the oracle:
 * variants, sizes around the tile, alpha and beta, leading dimensions, misaligned and special
 * operands. */
#include "gpu/counters.h"
#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"
#include "reference/oracle/oracle.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shape {
    int64_t m, n, k;
};

/* Around tiles of 16, 32, 64 and 128, and beyond one block. Where the padding is 0 (every third)
 * and all sizes are multiples of four, the kernels take 16-byte accesses. */
static const struct shape shapes[] = {{1, 1, 1},      {1, 33, 7},   {33, 1, 65},   {16, 16, 16},
                                      {31, 32, 33},   {32, 32, 32}, {132, 68, 20}, {45, 70, 5},
                                      {65, 34, 64},   {4, 260, 52}, {97, 100, 31}, {129, 127, 17},
                                      {128, 128, 48}, {3, 2, 301},  {8, 12, 1028}};

static const struct { float alpha, beta; } scales[] = {{1.0F, 0.0F}, {-0.5F, 1.0F}, {2.0F, -0.75F}};

static const char *const variants[] = {"nn", "nt", "tn"};

struct operand {
    int64_t rows, columns, stride; /* as stored */
    float *data;
};

static struct operand operand_new(int64_t rows, int64_t columns, int64_t padding, enum inputs kind,
                                  uint64_t stream) {
    struct operand operand = {rows, columns, columns + padding, NULL};
    int64_t elements = rows * operand.stride;
    operand.data = malloc((size_t)elements * sizeof(float));
    assert_non_null(operand.data);
    fill_inputs(kind, stream, operand.data, elements);
    for (int64_t i = 0; i < elements; i++) /* the padding, which must not be read */
        if (i % operand.stride >= columns)
            operand.data[i] = NAN;
    return operand;
}

struct fixture {
    struct gemm_problem problem; /* host pointers */
    struct operand a, b, c;
    double *expected, *tolerance;
};

static void fixture_open(struct fixture *fixture, enum gemm_variant variant, struct shape shape,
                         int64_t padding, enum inputs kind) {
    bool a_transposed = variant == GEMM_TN, b_transposed = variant == GEMM_NT;
    fixture->a = operand_new(a_transposed ? shape.k : shape.m, a_transposed ? shape.m : shape.k,
                             padding, kind, 1);
    fixture->b = operand_new(b_transposed ? shape.n : shape.k, b_transposed ? shape.k : shape.n,
                             2 * padding, kind, 2);
    fixture->c = operand_new(shape.m, shape.n, 3 * padding, INPUTS_UNIFORM, 3);
    fixture->problem = (struct gemm_problem){.variant = variant,
                                             .dtype = DTYPE_F32,
                                             .m = shape.m,
                                             .n = shape.n,
                                             .k = shape.k,
                                             .a = fixture->a.data,
                                             .b = fixture->b.data,
                                             .c = fixture->c.data,
                                             .lda = fixture->a.stride,
                                             .ldb = fixture->b.stride,
                                             .ldc = fixture->c.stride};
    fixture->expected = calloc((size_t)(shape.m * shape.n), sizeof(double));
    fixture->tolerance = calloc((size_t)(shape.m * shape.n), sizeof(double));
    assert_true(fixture->expected != NULL && fixture->tolerance != NULL);
}

static void fixture_close(struct fixture *fixture) {
    free(fixture->a.data);
    free(fixture->b.data);
    free(fixture->c.data);
    free(fixture->expected);
    free(fixture->tolerance);
}

/* C after the kernel, and its padding untouched. */
static void check_c(const struct fixture *fixture, const float *c, const char *what) {
    const struct gemm_problem *problem = &fixture->problem;
    for (int64_t row = 0; row < problem->m; row++) {
        const float *line = c + row * problem->ldc;
        check_all(what, fixture->expected + row * problem->n, fixture->tolerance + row * problem->n,
                  line, problem->n);
        size_t padding = (size_t)(problem->ldc - problem->n) * sizeof(float);
        const float *before = fixture->c.data + row * problem->ldc;
        if (memcmp(line + problem->n, before + problem->n, padding) != 0)
            fail_msg("%s: wrote into the padding of row %lld", what, (long long)row);
    }
}

static void run(struct staging *staging, gemm_kernel *kernel, const char *name,
                struct fixture *fixture, float alpha, float beta) {
    struct gemm_problem problem = fixture->problem;
    const int64_t elements = problem.m * problem.ldc;
    char what[160];
    snprintf(what, sizeof what, "%s %s %lldx%lldx%lld alpha %g beta %g", name,
             variants[problem.variant], (long long)problem.m, (long long)problem.n,
             (long long)problem.k, (double)alpha, (double)beta);
    fixture->problem.alpha = problem.alpha = alpha;
    fixture->problem.beta = problem.beta = beta;
    oracle_gemm(&fixture->problem, fixture->c.data, 0, problem.m, fixture->expected,
                fixture->tolerance);
    float *c = malloc((size_t)elements * sizeof(float));
    assert_non_null(c);
    memcpy(c, fixture->c.data, (size_t)elements * sizeof(float));
    for (int64_t i = 0; beta == 0.0F && i < elements; i++) /* must not be read */
        if (i % problem.ldc < problem.n)
            c[i] = NAN;
    problem.a = staging_input(staging, problem.a, fixture->a.rows * problem.lda, 1);
    problem.b = staging_input(staging, problem.b, fixture->b.rows * problem.ldb, 2);
    problem.c = staging_output(staging, c, elements, 3);
    if (kernel(&problem, &staging->execution) != STATUS_OK)
        fail_msg("%s: %s", what, staging->message.text);
    staging_finish(staging, what);
    check_c(fixture, c, what);
    free(c);
}

static void run_all(struct staging *staging, gemm_kernel *kernel, const char *name) {
    for (int variant = GEMM_NN; variant <= GEMM_TN; variant++) {
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            struct fixture fixture;
            fixture_open(&fixture, (enum gemm_variant)variant, shapes[i], (int64_t)i % 3,
                         INPUTS_UNIFORM);
            for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++)
                run(staging, kernel, name, &fixture, scales[s].alpha, scales[s].beta);
            fixture_close(&fixture);
        }
    }
}

/* A NaN or infinity reaches the elements that it belongs to, and no other: a tile's zeros beyond
 * the edge must not meet it. */
static void run_special(struct staging *staging, gemm_kernel *kernel, const char *name) {
    const struct shape shape = {37, 35, 9};
    for (int variant = GEMM_NN; variant <= GEMM_TN; variant++) {
        struct fixture fixture;
        fixture_open(&fixture, (enum gemm_variant)variant, shape, 1, INPUTS_UNIFORM);
        fixture.a.data[5] = INFINITY;
        fixture.b.data[fixture.b.stride * (fixture.b.rows - 1) + 2] = NAN;
        fixture.a.data[fixture.a.stride + 1] = 3e38F;
        run(staging, kernel, name, &fixture, 1.0F, 0.5F);
        fixture_close(&fixture);
    }
}

struct subject {
    const char *name;
    gemm_kernel *kernel;
};

static const struct subject rungs[] = {
    {"cuda-naive", gemm_cuda_naive},           {"cuda-coalesced", gemm_cuda_coalesced},
    {"cuda-tiled", gemm_cuda_tiled},           {"cuda-register", gemm_cuda_register},
    {"cuda-vectorised", gemm_cuda_vectorised}, {"cuda-warp", gemm_cuda_warp},
    {"cuda-pipelined", gemm_cuda_pipelined},   {"cuda-best", gemm_cuda_best},
};

/* Every tile with and without a split of k, whatever gemm_choose() thinks of the shape. */
#define CHOSEN(name, tile, splits)                                                                 \
    static enum status name(const struct gemm_problem *problem, struct execution *execution) {     \
        const struct gemm_choice choice = {tile, splits};                                          \
        return gemm_cuda_chosen(problem, choice, execution);                                       \
    }
CHOSEN(pipelined_64, GEMM_TILE_64, 1)
CHOSEN(pipelined_32, GEMM_TILE_32, 1)
CHOSEN(split_64_in_2, GEMM_TILE_64, 2)
CHOSEN(split_32_in_3, GEMM_TILE_32, 3)

static const struct subject choices[] = {{"pipelined 64x64", pipelined_64},
                                         {"pipelined 32x32", pipelined_32},
                                         {"64x64 in 2 splits", split_64_in_2},
                                         {"32x32 in 3 splits", split_32_in_3}};

static void check_on_the_emulated_gpu(const struct subject *subjects, size_t count) {
    struct staging *staging = staging_open_emulated();
    if (staging == NULL) {
        skip();
        return;
    }
    for (size_t i = 0; i < count; i++) {
        run_all(staging, subjects[i].kernel, subjects[i].name);
        run_special(staging, subjects[i].kernel, subjects[i].name);
    }
    staging_close(staging);
}

TEST(every_rung_on_the_emulated_gpu) {
    check_on_the_emulated_gpu(rungs, sizeof rungs / sizeof rungs[0]);
}

TEST(every_tile_and_split_on_the_emulated_gpu) {
    check_on_the_emulated_gpu(choices, sizeof choices / sizeof choices[0]);
}

/* Neither is read: A and B are nowhere, and the NaN in C is gone when beta is 0 too. */
TEST(alpha_of_zero_reads_neither_a_nor_b) {
    struct staging *staging = staging_open_emulated();
    if (staging == NULL) {
        skip();
        return;
    }
    gemm_kernel *const kernels[] = {gemm_cuda_naive,     gemm_cuda_coalesced,  gemm_cuda_tiled,
                                    gemm_cuda_register,  gemm_cuda_vectorised, gemm_cuda_warp,
                                    gemm_cuda_pipelined, pipelined_32,         split_64_in_2,
                                    split_32_in_3};
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        for (int keeps = 0; keeps <= 1; keeps++) {
            enum { M = 36, N = 40 };
            float c[M * N];
            for (int e = 0; e < M * N; e++)
                c[e] = keeps ? (float)e : NAN;
            const struct gemm_problem problem = {.dtype = DTYPE_F32,
                                                 .m = M,
                                                 .n = N,
                                                 .k = 128,
                                                 .beta = keeps ? 0.5F : 0.0F,
                                                 .c = staging_output(staging, c, M * N, 0),
                                                 .lda = 128,
                                                 .ldb = N,
                                                 .ldc = N};
            assert_int_equal(kernels[i](&problem, &staging->execution), STATUS_OK);
            staging_finish(staging, "alpha 0");
            for (int e = 0; e < M * N; e++)
                assert_true(c[e] == (keeps ? 0.5F * (float)e : 0.0F));
        }
    staging_close(staging);
}

/* What each rung may cost at 1024x1024x1024, counted at 256x256x1024: as deep, so that a block does
 * the same work, with a sixteenth of the blocks. */
enum { COUNTED_M = 256, COUNTED_N = 256, COUNTED_K = 1024 };

static const struct {
    const char *name;
    gemm_kernel *kernel;
    double sectors;      /* read from global memory at 1024x1024x1024, in millions */
    double instructions; /* warp instructions a warp multiply-add */
    double wavefronts;   /* of shared memory, a warp multiply-add */
    double conflicts;    /* wavefronts beyond the ideal, a warp multiply-add */
    int variants;        /* from nn on, that keep to them */
} bounds[] = {
    {"cuda-naive", gemm_cuda_naive, 1108.0, 5.4, 0.0, 0.0, 1},
    {"cuda-coalesced", gemm_cuda_coalesced, 167.8, 5.4, 0.0, 0.0, 1},
    {"cuda-tiled", gemm_cuda_tiled, 8.4, 3.1, 2.07, 0.0, 1},
    {"cuda-register", gemm_cuda_register, 2.1, 1.46, 0.29, 0.0, 1},
    {"cuda-vectorised", gemm_cuda_vectorised, 2.1, 1.15, 0.28, 0.008, 1},
    {"cuda-warp", gemm_cuda_warp, 2.1, 1.15, 0.27, 0.0, 3},
    {"cuda-pipelined", gemm_cuda_pipelined, 2.1, 1.15, 0.27, 0.0, 3},
};

static struct emulator_counters count(struct staging *staging, gemm_kernel *kernel,
                                      enum gemm_variant variant) {
    const struct shape shape = {COUNTED_M, COUNTED_N, COUNTED_K};
    struct gpu *gpu = staging->device.gpu;
    struct emulator_counters row;
    struct fixture fixture;
    fixture_open(&fixture, variant, shape, 0, INPUTS_UNIFORM);
    struct gemm_problem problem = fixture.problem;
    problem.alpha = 1.0F;
    problem.a = staging_input(staging, problem.a, shape.m * shape.k, 0);
    problem.b = staging_input(staging, problem.b, shape.k * shape.n, 0);
    problem.c = staging_output(staging, fixture.c.data, shape.m * shape.n, 0);
    assert_int_equal(gpu_counters_reset(gpu, &staging->message), STATUS_OK);
    assert_int_equal(kernel(&problem, &staging->execution), STATUS_OK);
    assert_int_equal(gpu_counters_read(gpu, 0, &row, &staging->message), STATUS_OK);
    staging_finish(staging, "counted");
    fixture_close(&fixture);
    return row;
}

/* Warp instructions a warp multiply-add in the cost of a tile: what a longer k adds where one
 * multiprocessor has blocks enough. */
static double work_reckoned(enum gemm_tile_size tile) {
    enum { SIDE = 4096, K = 1024 };
    const struct gemm_choice choice = {tile, 1};
    const struct gemm_problem once = {.m = SIDE, .n = SIDE, .k = K};
    const struct gemm_problem twice = {.m = SIDE, .n = SIDE, .k = 2 * K};
    const double products = (double)SIDE * SIDE * K / 32.0;
    return (gemm_choice_cost(&twice, choice, 1) - gemm_choice_cost(&once, choice, 1)) / products;
}

/* The numbers that tiles are chosen by are those that are counted. */
TEST(the_work_of_each_tile_is_what_is_counted) {
    struct staging *staging = staging_kernels_are_nvccs() ? staging_open_emulated() : NULL;
    if (staging == NULL) {
        skip();
        return;
    }
    gemm_kernel *const kernels[GEMM_TILE_SIZES] = {gemm_cuda_pipelined, pipelined_64, pipelined_32};
    const double products = (double)COUNTED_M * COUNTED_N * COUNTED_K / 32.0;
    for (int tile = 0; tile < GEMM_TILE_SIZES; tile++) {
        const double counted =
            (double)count(staging, kernels[tile], GEMM_NN).warp_instructions / products;
        const double work = work_reckoned((enum gemm_tile_size)tile);
        if (!(fabs(counted - work) <= 0.01))
            fail_msg("%s: %g counted, %g reckoned with", gemm_tile_name((enum gemm_tile_size)tile),
                     counted, work);
    }
    staging_close(staging);
}

TEST(choices_follow_from_the_shape) {
    static const struct {
        struct shape shape;
        int multiprocessors;
        enum gemm_tile_size tile;
        bool split;
    } rows[] = {
        {{4096, 4096, 4096}, 128, GEMM_TILE_128, false}, /* large tiles, as many for each */
        {{1024, 1024, 1024}, 16, GEMM_TILE_128, false},
        {{16, 16, 65536}, 108, GEMM_TILE_32, true}, /* one tile, a long k */
        {{100, 10, 128}, 108, GEMM_TILE_32, false}, /* too little for a second launch */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct gemm_problem problem = {
            .m = rows[i].shape.m, .n = rows[i].shape.n, .k = rows[i].shape.k};
        const struct gemm_choice choice = gemm_choose(&problem, rows[i].multiprocessors, NULL);
        if (choice.tile != rows[i].tile || (choice.splits > 1) != rows[i].split)
            fail_msg("%lldx%lldx%lld: tile %s in %d splits", (long long)problem.m,
                     (long long)problem.n, (long long)problem.k, gemm_tile_name(choice.tile),
                     choice.splits);
    }
    /* Sums that would not fit the workspace are not to be had. */
    const struct gemm_problem large = {.m = 4096, .n = 4096, .k = 65536};
    const struct gemm_choice halved = {GEMM_TILE_64, 2};
    assert_true(isinf(gemm_choice_cost(&large, halved, 16)));
    assert_int_equal(gemm_choose_split(&large, 16).splits, 1);
}

/* How many of a rung's counts exceed their bounds in one variant; each is told. */
static int bounds_broken(struct staging *staging, size_t rung, enum gemm_variant variant) {
    const double products = (double)COUNTED_M * COUNTED_N * COUNTED_K / 32.0;
    const double blocks = 1024.0 * 1024.0 / COUNTED_M / COUNTED_N;
    const struct emulator_counters row = count(staging, bounds[rung].kernel, variant);
    const double conflicts = (double)(row.shared_wavefronts - row.shared_wavefronts_ideal);
    const struct {
        const char *what;
        double counted, allowed;
    } checks[] = {
        {"million sectors", (double)row.global_load_sectors * blocks * 1e-6, bounds[rung].sectors},
        {"instructions", (double)row.warp_instructions / products, bounds[rung].instructions},
        {"wavefronts", (double)row.shared_wavefronts / products, bounds[rung].wavefronts},
        {"conflicts", conflicts / products, bounds[rung].conflicts},
        {"local accesses", (double)(row.local_load_requests + row.local_store_requests), 0.0}};
    int broken = 0;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (!(checks[i].counted <= checks[i].allowed)) {
            print_message("%s %s: %.9g %s, %g allowed\n", bounds[rung].name, variants[variant],
                          checks[i].counted, checks[i].what, checks[i].allowed);
            broken++;
        }
    return broken;
}

TEST(every_rung_keeps_within_its_counts) {
    struct staging *staging = staging_kernels_are_nvccs() ? staging_open_emulated() : NULL;
    if (staging == NULL) {
        skip();
        return;
    }
    int broken = 0;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        for (int variant = GEMM_NN; variant < bounds[i].variants; variant++)
            broken += bounds_broken(staging, i, (enum gemm_variant)variant);
    assert_int_equal(broken, 0);
    staging_close(staging);
}

/* At 128x96x64, whole tiles alone: each of the 4 x 3 blocks reads 2 tiles of A and 2 of B, 32 rows
 * of 4 sectors each, whatever is transposed. */
TEST(the_tiled_rung_reads_each_tile_once_and_without_conflicts) {
    struct staging *staging = staging_open_emulated();
    if (staging == NULL) {
        skip();
        return;
    }
    const struct shape shape = {128, 96, 64};
    const uint64_t sectors = 4UL * 3 * (2 + 2) * 32 * 4;
    for (int variant = GEMM_NN; variant <= GEMM_TN; variant++) {
        struct gpu *gpu = staging->device.gpu;
        struct emulator_counters row;
        struct fixture fixture;
        fixture_open(&fixture, (enum gemm_variant)variant, shape, 0, INPUTS_UNIFORM);
        struct gemm_problem problem = fixture.problem;
        problem.alpha = 1.0F;
        problem.a = staging_input(staging, problem.a, shape.m * shape.k, 0);
        problem.b = staging_input(staging, problem.b, shape.k * shape.n, 0);
        problem.c = staging_output(staging, fixture.c.data, shape.m * shape.n, 0);
        assert_int_equal(gpu_counters_reset(gpu, &staging->message), STATUS_OK);
        assert_int_equal(gemm_cuda_tiled(&problem, &staging->execution), STATUS_OK);
        assert_int_equal(gpu_counters_read(gpu, 0, &row, &staging->message), STATUS_OK);
        staging_finish(staging, "counted");
        assert_int_equal(row.global_load_sectors, sectors);
        assert_int_equal(row.fma_warp_instructions, shape.m * shape.n * shape.k / 32);
        assert_int_equal(row.shared_wavefronts, row.shared_wavefronts_ideal);
        assert_true(row.shared_wavefronts > 0);
        fixture_close(&fixture);
    }
    staging_close(staging);
}

TEST(cublas_on_its_stand_in) {
    struct staging *staging = staging_open_stand_in();
    run_all(staging, gemm_cublas, "cublas");
    staging_close(staging);
}
