/* mse: mean squared error and its gradient. */
#include "bench/operations/operation.h"
#include "kernels/kernels.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

OPERATION_PROBLEM(mse)

enum { SIZE_ROWS, SIZE_COLUMNS };
enum { BUFFER_PREDICTION, BUFFER_TARGET, BUFFER_LOSS, BUFFER_GRADIENT };

static const char *const variants[] = {
    [LOSS_FORWARD] = "forward",
    [LOSS_BACKWARD] = "backward",
    [LOSS_FORWARD_BACKWARD] = "forward_backward",
};

static void mse_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t rows = c->sizes[SIZE_ROWS], columns = c->sizes[SIZE_COLUMNS];
    specs[BUFFER_PREDICTION] = buffer_matrix("prediction", BUFFER_INPUT, rows, columns, 0);
    specs[BUFFER_TARGET] = buffer_matrix("target", BUFFER_INPUT, rows, columns, 0);
    if (c->variant != LOSS_BACKWARD)
        specs[BUFFER_LOSS] = buffer_matrix("loss", BUFFER_OUTPUT, rows, 1, 0);
    if (c->variant != LOSS_FORWARD)
        specs[BUFFER_GRADIENT] = buffer_matrix("dprediction", BUFFER_OUTPUT, rows, columns, 0);
}

static void mse_bind(const struct bench_case *c, void *const buffers[], struct launch *launch) {
    *mse_problem_in(launch) = (struct mse_problem){
        .variant = (enum loss_variant)c->variant,
        .rows = c->sizes[SIZE_ROWS],
        .columns = c->sizes[SIZE_COLUMNS],
        .prediction = buffers[BUFFER_PREDICTION],
        .target = buffers[BUFFER_TARGET],
        .loss = buffers[BUFFER_LOSS],
        .dprediction = buffers[BUFFER_GRADIENT],
    };
}

OPERATION_LAUNCH(mse)

/* Difference, square and sum; difference and scaling for the gradient. */
static double mse_flops(const struct bench_case *c) {
    static const double operations_an_element[] = {
        [LOSS_FORWARD] = 3.0, [LOSS_BACKWARD] = 2.0, [LOSS_FORWARD_BACKWARD] = 4.0};
    return operations_an_element[c->variant] * operation_element_count(c);
}

static double mse_bytes(const struct bench_case *c) {
    double elements = operation_element_count(c) * (c->variant == LOSS_FORWARD ? 2.0 : 3.0);
    double losses = c->variant == LOSS_BACKWARD ? 0.0 : (double)c->sizes[SIZE_ROWS];
    return 4.0 * (elements + losses);
}

static void mse_expect(const struct oracle_view *view, int buffer, int64_t first_row, int64_t rows,
                       double *expected, double *tolerance) {
    oracle_mse(mse_problem_of(view->launch), buffer == BUFFER_GRADIENT, first_row, rows, expected,
               tolerance);
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/mse_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "one element after the other",
     .one_thread = true,
     .run = RUN(mse, mse_naive)},
    {.name = "cpu-simd",
     .file = "reference/simd/loss.c",
     .summary = "vectorised and threaded, fused",
     .adds = "vectors, and all cores",
     .run = RUN(mse, mse_simd)},
    {.name = "cuda-naive",
     .file = "kernels/reductions/mse_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread a row",
     .device = DEVICE_GPU,
     .run = RUN(mse, mse_cuda_naive)},
    {.name = "cuda-tiled",
     .file = "kernels/reductions/mse_2_tiled.cu",
     .summary = "one block a row",
     .adds = "neighbouring threads on neighbouring elements, a block for each row",
     .device = DEVICE_GPU,
     .run = RUN(mse, mse_cuda_tiled)},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(mse, variant),    ARGUMENT(mse, rows),   ARGUMENT(mse, columns),
    ARGUMENT(mse, prediction), ARGUMENT(mse, target), ARGUMENT(mse, loss),
    ARGUMENT(mse, dprediction)};

static const struct preset_line preset_lines[] = {
    {"default", "forward_backward", "1024x1024"},
    {"emulated", "forward_backward", "100x10"},
    {"counters", "forward,backward,forward_backward", "13x35 32x64"},
    {"verdicts", "forward_backward", "16x256"},
    {0}};

static const char *const awkward_shapes[] = {"1x1",  "1x2",  "17x1",  "3x7",
                                             "5x17", "33x8", "2x129", NULL};

const struct operation operation_mse = {
    OPERATION_OF(mse),
    .summary = "mean squared error: loss, gradient, or both",
    .shape_form = "ROWSxCOLS",
    OPERATION_ARGUMENTS(mse),
    .preset_lines = preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(values_usual),
};
