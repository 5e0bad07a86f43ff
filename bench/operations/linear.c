/* linear: a dense layer forward, y = f(x W^T + b), its bias and its function in one operation. */
#include "bench/operations/libraries.h"
#include "bench/operations/operation.h"
#include "kernels/kernels.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

OPERATION_PROBLEM(linear)

enum { SIZE_ROWS, SIZE_OUTPUTS, SIZE_INPUTS };
enum { BUFFER_X, BUFFER_WEIGHTS, BUFFER_BIAS, BUFFER_Y };
enum { BIAS, BIAS_RELU };

static const char *const variants[] = {[BIAS] = "bias", [BIAS_RELU] = "bias_relu"};

static void linear_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t rows = c->sizes[SIZE_ROWS], outputs = c->sizes[SIZE_OUTPUTS];
    int64_t inputs = c->sizes[SIZE_INPUTS];
    specs[BUFFER_X] = buffer_matrix("x", BUFFER_INPUT, rows, inputs, 0);
    specs[BUFFER_WEIGHTS] = buffer_matrix("weights", BUFFER_INPUT, outputs, inputs, 0);
    specs[BUFFER_BIAS] = buffer_matrix("bias", BUFFER_INPUT, 1, outputs, 0);
    specs[BUFFER_Y] = buffer_matrix("y", BUFFER_OUTPUT, rows, outputs, 0);
}

static void linear_bind(const struct bench_case *c, void *const buffers[], struct launch *launch) {
    *linear_problem_in(launch) = (struct linear_problem){
        .rows = c->sizes[SIZE_ROWS],
        .outputs = c->sizes[SIZE_OUTPUTS],
        .inputs = c->sizes[SIZE_INPUTS],
        .x = buffers[BUFFER_X],
        .weights = buffers[BUFFER_WEIGHTS],
        .bias = buffers[BUFFER_BIAS],
        .relu = c->variant == BIAS_RELU,
        .y = buffers[BUFFER_Y],
    };
}

OPERATION_LAUNCH(linear)

/* As gemm: the epilogue is not counted. */
static double linear_flops(const struct bench_case *c) {
    return 2.0 * (double)c->sizes[SIZE_ROWS] * (double)c->sizes[SIZE_OUTPUTS] *
           (double)c->sizes[SIZE_INPUTS];
}

/* x, W and b read once, y written once. */
static double linear_bytes(const struct bench_case *c) {
    double rows = (double)c->sizes[SIZE_ROWS], outputs = (double)c->sizes[SIZE_OUTPUTS];
    double inputs = (double)c->sizes[SIZE_INPUTS];
    return 4.0 * (rows * inputs + outputs * inputs + outputs + rows * outputs);
}

static void linear_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                          int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    oracle_linear(linear_problem_of(view->launch), first_row, rows, expected, tolerance);
}

static const char *post_op_availability(const struct bench_case *c) {
    const char *absence = onednn_availability(c);
    if (absence || !c)
        return absence;
    return c->variant == BIAS_RELU && c->settings.values == VALUES_SPECIAL
               ? "oneDNN's relu turns NaN into 0"
               : NULL;
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/linear.c",
     .kind = KIND_PLAIN,
     .summary = "three nested loops, then the bias",
     .one_thread = true,
     .run = RUN(linear, linear_naive)},
    {.name = "openblas",
     .file = "reference/linear.c",
     .kind = KIND_LIBRARY,
     .summary = "cblas_sgemm, then bias and function in one pass",
     .adds = "a library's product, and all cores",
     .run = RUN(linear, linear_openblas)},
    {.name = "cpu-simd",
     .file = "reference/simd/gemm_5_simd.c",
     .summary = "vectorised and threaded, bias and function while a tile is in cache",
     .adds = "y is written once, and not read again from further away",
     .run = RUN(linear, linear_simd)},
    {.name = "onednn",
     .file = "reference/onednn.c",
     .kind = KIND_LIBRARY,
     .summary = "a primitive made for the shape, with bias and function before the store",
     .availability = post_op_availability,
     .configuration = onednn_configuration,
     .run = RUN(linear, linear_onednn)},
    {.name = "cuda-unfused",
     .file = "kernels/gemm/linear.c",
     .summary = "gemm's cuda-best, then activation's cuda-vectorised",
     .device = DEVICE_GPU,
     .run = RUN(linear, linear_cuda_unfused)},
    {.name = "cuda-best",
     .file = "kernels/gemm/linear_1_fused.cu",
     .summary = "gemm's cuda-best with bias and function before the store",
     .adds = "bias and function before the store: y is written once and never read",
     .device = DEVICE_GPU,
     .run = RUN(linear, linear_cuda_best)},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(linear, rows), ARGUMENT(linear, outputs), ARGUMENT(linear, inputs),
    ARGUMENT(linear, x),    ARGUMENT(linear, weights), ARGUMENT(linear, bias),
    ARGUMENT(linear, relu), ARGUMENT(linear, y)};

static const struct preset_line preset_lines[] = {
    {"mnist", "bias_relu", "100x128x784"},
    {"mnist", "bias", "100x10x128"},
    {"pytorch", "bias_relu", "512x3072x768"},
    {"emulated", "bias_relu", "100x128x64"},
    {"counters", "bias,bias_relu", "13x35x67 64x64x64"},
    {0}};

static const char *const awkward_shapes[] = {"1x1x1",    "1x7x1",     "17x19x23",   "33x65x129",
                                             "257x3x31", "3x257x31",  "31x3x1025",  "64x64x64",
                                             "128x1x77", "1x128x300", "127x129x63", NULL};

const struct operation operation_linear = {
    OPERATION_OF(linear),
    .summary = "a dense layer forward: y = f(x W^T + b), fused",
    .shape_form = "ROWSxOUTPUTSxINPUTS",
    OPERATION_ARGUMENTS(linear),
    .preset_lines = preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(values_usual),
};
