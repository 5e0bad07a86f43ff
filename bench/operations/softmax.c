/* softmax: over each row, forward and backward, and the logarithm of it. */
#include "bench/operations/libraries.h"
#include "bench/operations/operation.h"
#include "bench/operations/yardstick.h"
#include "kernels/kernels.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

OPERATION_PROBLEM(softmax)

enum { SIZE_ROWS, SIZE_COLUMNS };
enum { BUFFER_INPUT_X, BUFFER_DY, BUFFER_RESULT };

static const char *const variants[] = {
    [SOFTMAX_FORWARD] = "forward",
    [SOFTMAX_BACKWARD] = "backward",
    [SOFTMAX_LOG_FORWARD] = "log_forward",
    [SOFTMAX_LOG_BACKWARD] = "log_backward",
};

static bool is_backward(const struct bench_case *c) {
    return c->variant == SOFTMAX_BACKWARD || c->variant == SOFTMAX_LOG_BACKWARD;
}

static void softmax_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t rows = c->sizes[SIZE_ROWS], columns = c->sizes[SIZE_COLUMNS];
    specs[BUFFER_INPUT_X] =
        buffer_matrix(is_backward(c) ? "y" : "x", BUFFER_INPUT, rows, columns, 0);
    if (is_backward(c))
        specs[BUFFER_DY] = buffer_matrix("dy", BUFFER_INPUT, rows, columns, 0);
    specs[BUFFER_RESULT] =
        buffer_matrix(is_backward(c) ? "dx" : "y", BUFFER_OUTPUT, rows, columns, 0);
}

static void softmax_bind(const struct bench_case *c, void *const buffers[], struct launch *launch) {
    *softmax_problem_in(launch) = (struct softmax_problem){
        .variant = (enum softmax_variant)c->variant,
        .rows = c->sizes[SIZE_ROWS],
        .columns = c->sizes[SIZE_COLUMNS],
        .input = buffers[BUFFER_INPUT_X],
        .dy = buffers[BUFFER_DY],
        .output = buffers[BUFFER_RESULT],
    };
}

/* Backward reads what forward kept: rows that are a softmax, or the logarithm of one. */
static void softmax_prepare(const struct bench_case *c, void *const buffers[]) {
    if (!is_backward(c))
        return;
    struct message ignored;
    struct execution execution = {.threads = 1, .message = &ignored};
    struct softmax_problem forward = {
        .variant = c->variant == SOFTMAX_BACKWARD ? SOFTMAX_FORWARD : SOFTMAX_LOG_FORWARD,
        .rows = c->sizes[SIZE_ROWS],
        .columns = c->sizes[SIZE_COLUMNS],
        .input = buffers[BUFFER_INPUT_X],
        .output = buffers[BUFFER_INPUT_X]};
    softmax_simd(&forward, &execution);
}

OPERATION_LAUNCH(softmax)

/* By convention: maximum, subtraction, exponential, sum and scaling forward; multiply, sum,
 * subtract, multiply backward. */
static double softmax_flops(const struct bench_case *c) {
    return operation_element_count(c) * (is_backward(c) ? 4.0 : 5.0);
}

/* Each input read once, the output written once. */
static double softmax_bytes(const struct bench_case *c) {
    return 4.0 * operation_element_count(c) * (is_backward(c) ? 3.0 : 2.0);
}

static void softmax_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                           int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    oracle_softmax(softmax_problem_of(view->launch), first_row, rows, expected, tolerance);
}

static enum status yardstick_copy(const struct launch *launch, int64_t iterations,
                                  struct execution *execution) {
    const struct softmax_problem *p = softmax_problem_of(launch);
    return yardstick_traffic(p->input, p->dy, p->output, p->rows * p->columns, iterations,
                             execution);
}

static const char *primitive_availability(const struct bench_case *c) {
    const char *absence = onednn_availability(c);
    if (absence || !c)
        return absence;
    if (c->settings.values == VALUES_SPECIAL)
        return "oneDNN's softmax turns rows with NaN into 0";
    if (c->variant == SOFTMAX_LOG_FORWARD)
        return "oneDNN's log-softmax takes the logarithm of 1 for 1.4e-6";
    return NULL;
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/softmax_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "maximum, sum and division, a pass each, with the C library's expf",
     .one_thread = true,
     .run = RUN(softmax, softmax_naive)},
    {.name = "cpu-simd",
     .file = "reference/simd/softmax.c",
     .summary = "vectorised and threaded",
     .adds = "exponentials a whole vector at a time, and all cores",
     .run = RUN(softmax, softmax_simd)},
    {.name = "onednn",
     .file = "reference/onednn.c",
     .kind = KIND_LIBRARY,
     .summary = "oneDNN's softmax primitive",
     .configuration = onednn_configuration,
     .availability = primitive_availability,
     .run = RUN(softmax, softmax_onednn)},
    {.name = "cuda-naive",
     .file = "kernels/reductions/softmax_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread a row",
     .device = DEVICE_GPU,
     .run = RUN(softmax, softmax_cuda_naive)},
    {.name = "cuda-tiled",
     .file = "kernels/reductions/softmax_2_tiled.cu",
     .summary = "one block a row, shared memory",
     .adds = "neighbouring threads on neighbouring elements, a block for each row",
     .device = DEVICE_GPU,
     .run = RUN(softmax, softmax_cuda_tiled)},
    {.name = "cuda-warp",
     .file = "kernels/reductions/softmax_3_warp.cu",
     .summary = "one warp a row, shuffles, maximum and sum in one pass",
     .adds = "two reads of a row instead of three, and no barrier",
     .device = DEVICE_GPU,
     .run = RUN(softmax, softmax_cuda_warp)},
    {.name = "cuda-vectorised",
     .file = "kernels/reductions/softmax_4_vectorised.cu",
     .summary = "float4, a row in registers or shared memory from its sum to its result",
     .adds = "one read and one write of each element, 16 bytes at a time",
     .device = DEVICE_GPU,
     .run = RUN(softmax, softmax_cuda_vectorised)},
    {.name = "copy",
     .file = "reference/simd/transfer.c",
     .kind = KIND_YARDSTICK,
     .summary = "a plain-store copy (backward: triad) of as many elements",
     .yardstick = yardstick_copy,
     .flops = operation_element_count,
     .bytes = softmax_bytes},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(softmax, variant), ARGUMENT(softmax, rows), ARGUMENT(softmax, columns),
    ARGUMENT(softmax, input),   ARGUMENT(softmax, dy),   ARGUMENT(softmax, output)};

static const struct preset_line preset_lines[] = {
    {"default", "forward", "100x10 64x1000 1024x1024 32x50257 4096x4096"},
    {"default", "backward,log_forward", "1024x1024"},
    {"quick", "forward", "100x10 64x1000 1024x1024"},
    {"quick", "backward", "64x1000"},
    {"transformer", "forward,backward", "6144x512"},
    {"yardsticks", "forward", "64x1000 1024x1024 32x50257 4096x4096"},
    {"pytorch", "forward", "1024x1024 32x50257 4096x4096"},
    {"emulated", "forward,backward,log_forward,log_backward", "64x1000"},
    {"counters", "forward,backward,log_forward,log_backward", "13x67 32x256"},
    {"verdicts", "forward,backward", "16x256"},
    {0}};

const struct operation operation_softmax = {
    OPERATION_OF(softmax),
    .summary = "softmax and log-softmax over rows, forward and backward",
    .shape_form = "ROWSxCOLS",
    OPERATION_ARGUMENTS(softmax),
    .preset_lines = preset_lines,
    .awkward_shapes = operation_awkward_rows,
    OPERATION_SPECIAL_VALUES(values_usual),
    .prepare = softmax_prepare,
};
