/* Kernels of multiply-adds, additions, products and selections on the emulated GPU, against a plain
 * C model that does the same operations in the same order: equal to the bit. What the compiler
 * contracts is fmaf() here. Rungs of one operation that sum in another order have a model each. */
#include "kernels/gemm/gemm.h"
#include "kernels/geometry.h"
#include "kernels/kernels.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFERS = 4, MOST = 10000 };

/* Host copies: what the kernel gets, what it makes of it, and what the model does. */
struct fixture {
    struct staging *staging;
    float *before[BUFFERS], *after[BUFFERS], *model[BUFFERS];
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (fixture == NULL)
        return 1;
    fixture->staging = staging_open_emulated();
    for (int i = 0; i < BUFFERS; i++) {
        fixture->before[i] = calloc(MOST, sizeof(float));
        fixture->after[i] = calloc(MOST, sizeof(float));
        fixture->model[i] = calloc(MOST, sizeof(float));
        if (!fixture->before[i] || !fixture->after[i] || !fixture->model[i])
            return 1;
        fill_inputs(INPUTS_UNIFORM, (uint64_t)i, fixture->before[i], MOST);
        for (int k = i; k < MOST; k += 13) /* subnormals and zeros among them */
            fixture->before[i][k] *= k % 2 ? 0x1p-140F : 0.0F;
    }
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    staging_close(fixture->staging);
    for (int i = 0; i < BUFFERS; i++) {
        free(fixture->before[i]);
        free(fixture->after[i]);
        free(fixture->model[i]);
    }
    free(fixture);
    return 0;
}

#define TEST_ON_GPU(test) TEST_BETWEEN(test, set_up, tear_down)

/* Buffer `index` as the kernel's output, beginning as `before` does. */
static float *output(struct fixture *fixture, int index, int64_t count) {
    const size_t bytes = (size_t)count * sizeof(float);
    memcpy(fixture->after[index], fixture->before[index], bytes);
    memcpy(fixture->model[index], fixture->before[index], bytes);
    return staging_output(fixture->staging, fixture->after[index], count, 0);
}

static const float *input(struct fixture *fixture, int index, int64_t count) {
    return staging_input(fixture->staging, fixture->before[index], count, 0);
}

static void finish(struct fixture *fixture, enum status status, const char *what) {
    if (status != STATUS_OK)
        fail_msg("%s: %s", what, fixture->staging->message.text);
    staging_finish(fixture->staging, what);
}

static void check_bits(const struct fixture *fixture, int index, int64_t count, const char *what) {
    for (int64_t i = 0; i < count; i++) {
        const float *computed = &fixture->after[index][i], *expected = &fixture->model[index][i];
        if (memcmp(computed, expected, sizeof *computed) != 0)
            fail_msg("%s: element %lld is %a, the model's %a", what, (long long)i,
                     (double)*computed, (double)*expected);
    }
}

/* --- gemm: the sum runs over k upwards from 0, a multiply-add a step ------------------------- */

/* One element's sum. Where k is split, the sums of its parts, each from 0, are added in order. */
static float model_sum(const struct gemm_problem *p, const float *a, const float *b, int64_t row,
                       int64_t column, int64_t k_each) {
    float total = 0.0F;
    for (int64_t first = 0; first < p->k; first += k_each) {
        float sum = 0.0F;
        for (int64_t k = first; k < first + k_each && k < p->k; k++) {
            const float x = p->variant == GEMM_TN ? a[k * p->lda + row] : a[row * p->lda + k];
            const float y = p->variant == GEMM_NT ? b[column * p->ldb + k] : b[k * p->ldb + column];
            sum = fmaf(x, y, sum);
        }
        total += sum;
    }
    return total;
}

static void model_gemm(const struct gemm_problem *p, const float *a, const float *b, float *c,
                       int64_t k_each) {
    for (int64_t row = 0; row < p->m; row++)
        for (int64_t column = 0; column < p->n; column++) {
            const float sum = model_sum(p, a, b, row, column, k_each);
            float *to = &c[row * p->ldc + column];
            *to = p->beta == 0.0F ? p->alpha * sum : fmaf(p->alpha, sum, p->beta * *to);
        }
}

/* How much of k a block gets: equal parts, in whole tiles of 16. */
static int64_t part_of(int64_t k, int splits) {
    return geometry_ceil(geometry_ceil(k, splits), 16) * 16;
}

static void check_gemm(struct fixture *fixture, gemm_kernel *kernel, const char *name,
                       enum gemm_variant variant, float beta) {
    enum { M = 67, N = 45, K = 83 };
    struct gemm_problem problem = {.variant = variant,
                                   .dtype = DTYPE_F32,
                                   .m = M,
                                   .n = N,
                                   .k = K,
                                   .alpha = 0.7F,
                                   .beta = beta,
                                   .lda = variant == GEMM_TN ? M : K,
                                   .ldb = variant == GEMM_NT ? K : N,
                                   .ldc = N};
    char what[80];
    snprintf(what, sizeof what, "gemm %s variant %d beta %g", name, (int)variant, (double)beta);
    problem.a = input(fixture, 0, M * K);
    problem.b = input(fixture, 1, K * N);
    problem.c = output(fixture, 2, M * N);
    finish(fixture, kernel(&problem, &fixture->staging->execution), what);
    model_gemm(&problem, fixture->before[0], fixture->before[1], fixture->model[2], K);
    check_bits(fixture, 2, M * N, what);
}

/* However a rung cuts the matrices, each element's sum goes over k upwards; but for split k. */
TEST_ON_GPU(gemm_equals_its_model) {
    static const struct {
        const char *name;
        gemm_kernel *kernel;
    } rungs[] = {{"cuda-naive", gemm_cuda_naive},           {"cuda-coalesced", gemm_cuda_coalesced},
                 {"cuda-tiled", gemm_cuda_tiled},           {"cuda-register", gemm_cuda_register},
                 {"cuda-vectorised", gemm_cuda_vectorised}, {"cuda-warp", gemm_cuda_warp},
                 {"cuda-pipelined", gemm_cuda_pipelined}};
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    for (int variant = GEMM_NN; variant <= GEMM_TN; variant++)
        for (int scaled = 0; scaled < 2; scaled++) {
            const float beta = scaled ? -1.3F : 0.0F;
            for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
                check_gemm(fixture, rungs[i].kernel, rungs[i].name, (enum gemm_variant)variant,
                           beta);
        }
}

TEST_ON_GPU(split_k_equals_its_model) {
    enum { M = 5, N = 7, K = 1301 };
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    struct gemm_problem problem = {.variant = GEMM_NN,
                                   .dtype = DTYPE_F32,
                                   .m = M,
                                   .n = N,
                                   .k = K,
                                   .alpha = 0.7F,
                                   .beta = -1.3F,
                                   .lda = K,
                                   .ldb = N,
                                   .ldc = N};
    struct execution *execution = &fixture->staging->execution;
    const struct gemm_choice choice =
        gemm_choose_split(&problem, gpu_properties(execution->gpu)->multiprocessors);
    assert_in_range(choice.splits, 2, K);
    problem.a = input(fixture, 0, M * K);
    problem.b = input(fixture, 1, K * N);
    problem.c = output(fixture, 2, M * N);
    finish(fixture, gemm_cuda_split_k(&problem, execution), "gemm cuda-split-k");
    model_gemm(&problem, fixture->before[0], fixture->before[1], fixture->model[2],
               part_of(K, choice.splits));
    check_bits(fixture, 2, M * N, "gemm cuda-split-k");
}

/* A dense layer: the bias is added to the finished sum. */
static void check_linear(struct fixture *fixture, linear_kernel *kernel, int64_t inputs, bool relu,
                         int least_splits) {
    enum { ROWS = 5, OUTPUTS = 7 };
    const struct gemm_problem product = {.variant = GEMM_NT,
                                         .dtype = DTYPE_F32,
                                         .m = ROWS,
                                         .n = OUTPUTS,
                                         .k = inputs,
                                         .alpha = 1.0F,
                                         .lda = inputs,
                                         .ldb = inputs,
                                         .ldc = OUTPUTS};
    struct execution *execution = &fixture->staging->execution;
    const struct gemm_choice choice =
        gemm_choose(&product, gpu_properties(execution->gpu)->multiprocessors, execution->tuning);
    assert_true(choice.splits >= least_splits);
    const struct linear_problem problem = {.rows = ROWS,
                                           .outputs = OUTPUTS,
                                           .inputs = inputs,
                                           .x = input(fixture, 0, ROWS * inputs),
                                           .weights = input(fixture, 1, OUTPUTS * inputs),
                                           .bias = input(fixture, 3, OUTPUTS),
                                           .relu = relu,
                                           .y = output(fixture, 2, ROWS * OUTPUTS)};
    finish(fixture, kernel(&problem, execution), "linear");
    for (int64_t row = 0; row < ROWS; row++)
        for (int64_t column = 0; column < OUTPUTS; column++) {
            const float z = model_sum(&product, fixture->before[0], fixture->before[1], row, column,
                                      part_of(inputs, choice.splits)) +
                            fixture->before[3][column];
            fixture->model[2][row * OUTPUTS + column] = relu && z < 0.0F ? 0.0F : z;
        }
    check_bits(fixture, 2, ROWS * OUTPUTS, "linear");
}

TEST_ON_GPU(linear_equals_its_model) {
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    for (int relu = 0; relu < 2; relu++) {
        check_linear(fixture, linear_cuda_best, 83, relu, 1);
        check_linear(fixture, linear_cuda_unfused, 83, relu, 1);
        check_linear(fixture, linear_cuda_best, 1301, relu, 2);
    }
}

/* --- column_sums ----------------------------------------------------------------------------- */

/* Down the column; the tiled rung's warps take every parts-th row each, and their sums are added in
 * turn. */
static void model_column_sums(const float *x, int64_t rows, int64_t columns, int64_t parts,
                              float *sums) {
    for (int64_t column = 0; column < columns; column++)
        for (int64_t part = 0; part < parts; part++) {
            float sum = 0.0F;
            for (int64_t row = part; row < rows; row += parts)
                sum += x[row * columns + column];
            sums[column] = part == 0 ? sum : sums[column] + sum;
        }
}

TEST_ON_GPU(column_sums_equal_their_model) {
    static const struct {
        const char *name;
        column_sums_kernel *kernel;
        int64_t parts;
    } rungs[] = {{"column_sums cuda-naive", column_sums_cuda_naive, 1},
                 {"column_sums cuda-tiled", column_sums_cuda_tiled, COLUMN_WARPS}};
    enum { ROWS = 203, COLUMNS = 45 };
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        const struct column_sums_problem problem = {.rows = ROWS,
                                                    .columns = COLUMNS,
                                                    .x = input(fixture, 0, ROWS * COLUMNS),
                                                    .sums = output(fixture, 1, COLUMNS)};
        finish(fixture, rungs[i].kernel(&problem, &fixture->staging->execution), rungs[i].name);
        model_column_sums(fixture->before[0], ROWS, COLUMNS, rungs[i].parts, fixture->model[1]);
        check_bits(fixture, 1, COLUMNS, rungs[i].name);
    }
}

/* --- mse -------------------------------------------------------------------------------------- */

/* One row by `threads` threads, whose sums are then added half to half. */
static float model_mse_row(const float *y, const float *t, int64_t columns, int threads,
                           float scale, float *dy) {
    float sums[ROW_THREADS] = {0};
    for (int64_t j = 0; j < columns; j++) {
        const float difference = y[j] - t[j];
        sums[j % threads] = fmaf(difference, difference, sums[j % threads]);
        dy[j] = scale * difference;
    }
    for (int half = threads / 2; half > 0; half /= 2)
        for (int thread = 0; thread < half; thread++)
            sums[thread] += sums[thread + half];
    return sums[0] / (float)columns;
}

TEST_ON_GPU(mse_equals_its_model) {
    static const struct {
        const char *name;
        mse_kernel *kernel;
        int threads;
    } rungs[] = {{"mse cuda-naive", mse_cuda_naive, 1},
                 {"mse cuda-tiled", mse_cuda_tiled, ROW_THREADS}};
    enum { ROWS = 13, COLUMNS = 601 };
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    const float scale = (float)(2.0 / ((double)ROWS * COLUMNS));
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        const struct mse_problem problem = {.variant = LOSS_FORWARD_BACKWARD,
                                            .rows = ROWS,
                                            .columns = COLUMNS,
                                            .prediction = input(fixture, 0, ROWS * COLUMNS),
                                            .target = input(fixture, 1, ROWS * COLUMNS),
                                            .loss = output(fixture, 2, ROWS),
                                            .dprediction = output(fixture, 3, ROWS * COLUMNS)};
        finish(fixture, rungs[i].kernel(&problem, &fixture->staging->execution), rungs[i].name);
        for (int64_t row = 0; row < ROWS; row++)
            fixture->model[2][row] = model_mse_row(
                fixture->before[0] + row * COLUMNS, fixture->before[1] + row * COLUMNS, COLUMNS,
                rungs[i].threads, scale, fixture->model[3] + row * COLUMNS);
        check_bits(fixture, 2, ROWS, rungs[i].name);
        check_bits(fixture, 3, ROWS * COLUMNS, rungs[i].name);
    }
}

/* --- optimizer -------------------------------------------------------------------------------- */

static void model_update(const struct optimizer_problem *p, float gradient, float *parameter,
                         float *m, float *v) {
    const double step = (double)p->step;
    const float rate = (float)((double)p->learning_rate / (1.0 - pow((double)p->beta1, step)));
    const float correction = (float)sqrt(1.0 - pow((double)p->beta2, step));
    switch (p->variant) {
    case OPTIMIZER_SGD:
        *parameter = fmaf(-p->learning_rate, gradient, *parameter);
        break;
    case OPTIMIZER_SGD_MOMENTUM:
        *m = fmaf(p->momentum, *m, gradient);
        *parameter = fmaf(-p->learning_rate, *m, *parameter);
        break;
    case OPTIMIZER_ADAM:
        *m = fmaf(p->beta1, *m, (float)(1.0 - (double)p->beta1) * gradient);
        *v = fmaf(p->beta2, *v, (float)(1.0 - (double)p->beta2) * gradient * gradient);
        *parameter = fmaf(-rate, *m / (sqrtf(*v) / correction + p->epsilon), *parameter);
        break;
    }
}

static void check_optimizer(struct fixture *fixture, optimizer_kernel *kernel, const char *name,
                            enum optimizer_variant variant) {
    enum { COUNT = 1031 };
    const int moments = (int)variant; /* sgd keeps none, momentum one, adam two */
    char what[80];
    snprintf(what, sizeof what, "optimizer %s variant %d", name, (int)variant);
    for (int i = 0; i < COUNT; i++)
        fixture->before[3][i] = fabsf(fixture->before[3][i]);
    const struct optimizer_problem problem = {
        .variant = variant,
        .count = COUNT,
        .gradients = input(fixture, 0, COUNT),
        .parameters = output(fixture, 1, COUNT),
        .first_moment = moments > 0 ? output(fixture, 2, COUNT) : NULL,
        .second_moment = moments > 1 ? output(fixture, 3, COUNT) : NULL,
        .learning_rate = 0.01F,
        .momentum = 0.9F,
        .beta1 = 0.9F,
        .beta2 = 0.999F,
        .epsilon = 1e-8F,
        .step = 7};
    finish(fixture, kernel(&problem, &fixture->staging->execution), what);
    for (int i = 0; i < COUNT; i++)
        model_update(&problem, fixture->before[0][i], &fixture->model[1][i], &fixture->model[2][i],
                     &fixture->model[3][i]);
    for (int buffer = 1; buffer <= 1 + moments; buffer++)
        check_bits(fixture, buffer, COUNT, what);
}

TEST_ON_GPU(optimizers_equal_their_model) {
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    for (int variant = OPTIMIZER_SGD; variant <= OPTIMIZER_ADAM; variant++) {
        check_optimizer(fixture, optimizer_cuda_naive, "cuda-naive",
                        (enum optimizer_variant)variant);
        check_optimizer(fixture, optimizer_cuda_vectorised, "cuda-vectorised",
                        (enum optimizer_variant)variant);
    }
}

/* --- relu and the bias ------------------------------------------------------------------------ */

static float model_activation(const struct activation_problem *p, float x, float bias, float dy) {
    const bool is_relu = p->function == ACTIVATION_RELU;
    if (p->backward)
        return !is_relu || x > 0.0F ? dy : 0.0F;
    const float z = p->bias ? x + bias : x;
    return is_relu && z < 0.0F ? 0.0F : z;
}

static void check_activation(struct fixture *fixture, activation_kernel *kernel, const char *name,
                             struct activation_problem problem, bool biased) {
    enum { ROWS = 29, COLUMNS = 37, COUNT = ROWS * COLUMNS };
    char what[80];
    snprintf(what, sizeof what, "activation %s %s %s", name,
             activation_function_name(problem.function), problem.backward ? "backward" : "forward");
    problem.rows = ROWS;
    problem.columns = COLUMNS;
    problem.input = input(fixture, 0, COUNT);
    problem.bias = biased ? input(fixture, 1, COLUMNS) : NULL;
    problem.dy = problem.backward ? input(fixture, 2, COUNT) : NULL;
    problem.output = output(fixture, 3, COUNT);
    finish(fixture, kernel(&problem, &fixture->staging->execution), what);
    for (int i = 0; i < COUNT; i++)
        fixture->model[3][i] =
            model_activation(&problem, fixture->before[0][i], fixture->before[1][i % COLUMNS],
                             fixture->before[2][i]);
    check_bits(fixture, 3, COUNT, what);
}

TEST_ON_GPU(relu_and_identity_equal_their_model) {
    static const enum activation_function functions[] = {ACTIVATION_IDENTITY, ACTIVATION_RELU};
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
        for (int form = 0; form < 3; form++) {
            const struct activation_problem problem = {.function = functions[f],
                                                       .backward = form == 2};
            check_activation(fixture, activation_cuda_naive, "cuda-naive", problem, form == 1);
            check_activation(fixture, activation_cuda_vectorised, "cuda-vectorised", problem,
                             form == 1);
        }
}

/* --- transfer --------------------------------------------------------------------------------- */

TEST_ON_GPU(transfers_equal_their_model) {
    transfer_kernel *const rungs[] = {transfer_cuda_naive, transfer_cuda_vectorised};
    enum { COUNT = 4099 };
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    for (size_t i = 0; i < 2 * sizeof rungs / sizeof rungs[0]; i++) {
        const bool is_triad = i % 2 == 1;
        const struct transfer_problem problem = {.variant =
                                                     is_triad ? TRANSFER_TRIAD : TRANSFER_COPY,
                                                 .count = COUNT,
                                                 .a = input(fixture, 0, COUNT),
                                                 .b = is_triad ? input(fixture, 1, COUNT) : NULL,
                                                 .out = output(fixture, 2, COUNT),
                                                 .scale = 3.3F};
        finish(fixture, rungs[i / 2](&problem, &fixture->staging->execution), "transfer");
        for (int k = 0; k < COUNT; k++)
            fixture->model[2][k] =
                is_triad ? fmaf(problem.scale, fixture->before[1][k], fixture->before[0][k])
                         : fixture->before[0][k];
        check_bits(fixture, 2, COUNT, is_triad ? "triad" : "copy");
    }
}
