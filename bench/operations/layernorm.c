/* layernorm: over each row, with and without the mean, forward and backward. */
#include "bench/operations/libraries.h"
#include "bench/operations/operation.h"
#include "bench/operations/yardstick.h"
#include "kernels/kernels.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

OPERATION_PROBLEM(layernorm)

enum { SIZE_ROWS, SIZE_COLUMNS };
enum {
    BUFFER_X,
    BUFFER_GAMMA,
    BUFFER_BETA,
    BUFFER_DY,
    BUFFER_MEAN,
    BUFFER_RSTD,
    BUFFER_RESULT,
    BUFFER_DGAMMA,
    BUFFER_DBETA
};
static const float epsilon = 1e-5F; /* PyTorch's */

static const char *const variants[] = {
    [LAYERNORM_FORWARD] = "forward",
    [LAYERNORM_BACKWARD] = "backward",
    [LAYERNORM_RMS_FORWARD] = "rms_forward",
    [LAYERNORM_RMS_BACKWARD] = "rms_backward",
};

static bool is_backward(const struct bench_case *c) {
    return c->variant == LAYERNORM_BACKWARD || c->variant == LAYERNORM_RMS_BACKWARD;
}

static bool is_rms(const struct bench_case *c) {
    return c->variant == LAYERNORM_RMS_FORWARD || c->variant == LAYERNORM_RMS_BACKWARD;
}

static void layernorm_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t rows = c->sizes[SIZE_ROWS], columns = c->sizes[SIZE_COLUMNS];
    bool backward = is_backward(c), rms = is_rms(c);
    enum buffer_role kept = backward ? BUFFER_INPUT : BUFFER_OUTPUT;
    specs[BUFFER_X] = buffer_matrix("x", BUFFER_INPUT, rows, columns, 0);
    specs[BUFFER_GAMMA] = buffer_matrix("gamma", BUFFER_INPUT, 1, columns, 0);
    if (!rms && !backward)
        specs[BUFFER_BETA] = buffer_matrix("beta", BUFFER_INPUT, 1, columns, 0);
    if (!rms)
        specs[BUFFER_MEAN] = buffer_matrix("mean", kept, rows, 1, 0);
    specs[BUFFER_RSTD] = buffer_matrix("rstd", kept, rows, 1, 0);
    specs[BUFFER_RESULT] = buffer_matrix(backward ? "dx" : "y", BUFFER_OUTPUT, rows, columns, 0);
    if (!backward)
        return;
    specs[BUFFER_DY] = buffer_matrix("dy", BUFFER_INPUT, rows, columns, 0);
    specs[BUFFER_DGAMMA] = buffer_matrix("dgamma", BUFFER_OUTPUT, 1, columns, 0);
    if (!rms)
        specs[BUFFER_DBETA] = buffer_matrix("dbeta", BUFFER_OUTPUT, 1, columns, 0);
}

static void layernorm_bind(const struct bench_case *c, void *const buffers[],
                           struct launch *launch) {
    *layernorm_problem_in(launch) = (struct layernorm_problem){
        .variant = (enum layernorm_variant)c->variant,
        .rows = c->sizes[SIZE_ROWS],
        .columns = c->sizes[SIZE_COLUMNS],
        .epsilon = epsilon,
        .x = buffers[BUFFER_X],
        .gamma = buffers[BUFFER_GAMMA],
        .beta = buffers[BUFFER_BETA],
        .dy = buffers[BUFFER_DY],
        .mean = buffers[BUFFER_MEAN],
        .rstd = buffers[BUFFER_RSTD],
        .output = buffers[BUFFER_RESULT],
        .dgamma = buffers[BUFFER_DGAMMA],
        .dbeta = buffers[BUFFER_DBETA],
    };
}

/* Backward reads what a forward pass keeps: mean and rstd of x, here the oracle's. */
static void layernorm_prepare(const struct bench_case *c, void *const buffers[]) {
    struct launch launch;
    layernorm_bind(c, buffers, &launch);
    const struct layernorm_problem *problem = layernorm_problem_of(&launch);
    for (int64_t r = 0; is_backward(c) && r < problem->rows; r++) {
        double value, tolerance;
        oracle_layernorm(problem, LAYERNORM_RSTD, r, 1, &value, &tolerance);
        problem->rstd[r] = (float)value;
        if (problem->mean == NULL)
            continue;
        oracle_layernorm(problem, LAYERNORM_MEAN, r, 1, &value, &tolerance);
        problem->mean[r] = (float)value;
    }
}

OPERATION_LAUNCH(layernorm)

/* By convention, an element: forward, an addition for the mean, a subtraction, a multiply-add for
 * the variance, a product with rstd and a multiply-add with gamma and beta (rms: without mean, and
 * without beta); backward, h (2, rms 1), g, its sum (rms: none), the sum of g h (2), dx (4, rms 3),
 * dgamma (2) and dbeta (1, rms none). */
static double layernorm_flops(const struct bench_case *c) {
    static const double each[] = {[LAYERNORM_FORWARD] = 7,
                                  [LAYERNORM_BACKWARD] = 13,
                                  [LAYERNORM_RMS_FORWARD] = 4,
                                  [LAYERNORM_RMS_BACKWARD] = 9};
    return operation_element_count(c) * each[c->variant];
}

/* Each input read once, each output written once. */
static double layernorm_bytes(const struct bench_case *c) {
    struct buffer_spec specs[BUFFERS_MAX];
    case_buffers(c, specs);
    double elements = 0;
    for (int b = 0; b < BUFFERS_MAX; b++)
        elements += (double)specs[b].elements;
    return (double)sizeof(float) * elements;
}

static void layernorm_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                             int64_t rows, double *expected, double *tolerance) {
    static const enum layernorm_output outputs[] = {[BUFFER_MEAN] = LAYERNORM_MEAN,
                                                    [BUFFER_RSTD] = LAYERNORM_RSTD,
                                                    [BUFFER_RESULT] = LAYERNORM_OUTPUT,
                                                    [BUFFER_DGAMMA] = LAYERNORM_DGAMMA,
                                                    [BUFFER_DBETA] = LAYERNORM_DBETA};
    oracle_layernorm(layernorm_problem_of(view->launch), outputs[buffer], first_row, rows, expected,
                     tolerance);
}

static enum status yardstick_copy(const struct launch *launch, int64_t iterations,
                                  struct execution *execution) {
    const struct layernorm_problem *p = layernorm_problem_of(launch);
    return yardstick_traffic(p->x, p->dy, p->output, p->rows * p->columns, iterations, execution);
}

static const char *primitive_availability(const struct bench_case *c) {
    const char *absence = onednn_availability(c);
    if (absence || !c)
        return absence;
    if (c->variant != LAYERNORM_FORWARD)
        return "oneDNN keeps a variance, not rstd, and before 3.7 has no rms norm";
    if (c->settings.values == VALUES_SPECIAL)
        return "oneDNN's layer normalisation is taken with finite numbers alone";
    return NULL;
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/layernorm_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "mean, variance and result, a pass each",
     .one_thread = true,
     .run = RUN(layernorm, layernorm_naive)},
    {.name = "cpu-simd",
     .file = "reference/simd/layernorm.c",
     .summary = "vectorised and threaded",
     .adds = "a whole vector at a time, one pass through memory, and all cores",
     .run = RUN(layernorm, layernorm_simd)},
    {.name = "onednn",
     .file = "reference/onednn.c",
     .kind = KIND_LIBRARY,
     .summary = "oneDNN's layer normalisation primitive (forward)",
     .configuration = onednn_configuration,
     .availability = primitive_availability,
     .run = RUN(layernorm, layernorm_onednn)},
    {.name = "cuda-naive",
     .file = "kernels/reductions/layernorm_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread a row",
     .device = DEVICE_GPU,
     .run = RUN(layernorm, layernorm_cuda_naive)},
    {.name = "cuda-warp",
     .file = "kernels/reductions/layernorm_2_warp.cu",
     .summary = "one warp a row, shuffles",
     .adds = "neighbouring lanes on neighbouring elements, a warp for each row",
     .device = DEVICE_GPU,
     .run = RUN(layernorm, layernorm_cuda_warp)},
    {.name = "cuda-vectorised",
     .file = "kernels/reductions/layernorm_3_vectorised.cu",
     .summary = "float4, a row in registers or shared memory from its sum to its result",
     .adds = "one read and one write of each element, gamma and beta once for many rows",
     .device = DEVICE_GPU,
     .run = RUN(layernorm, layernorm_cuda_vectorised)},
    {.name = "copy",
     .file = "reference/simd/transfer.c",
     .kind = KIND_YARDSTICK,
     .summary = "a plain-store copy (backward: triad) of as many elements",
     .yardstick = yardstick_copy,
     .flops = operation_element_count,
     .bytes = layernorm_bytes},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(layernorm, variant), ARGUMENT(layernorm, rows),   ARGUMENT(layernorm, columns),
    ARGUMENT(layernorm, epsilon), ARGUMENT(layernorm, x),      ARGUMENT(layernorm, gamma),
    ARGUMENT(layernorm, beta),    ARGUMENT(layernorm, dy),     ARGUMENT(layernorm, mean),
    ARGUMENT(layernorm, rstd),    ARGUMENT(layernorm, output), ARGUMENT(layernorm, dgamma),
    ARGUMENT(layernorm, dbeta)};

static const struct preset_line preset_lines[] = {
    {"default", "forward,backward", "512x768 4096x768 8192x4096"},
    {"default", "rms_forward", "4096x768"},
    {"quick", "forward,backward", "512x768"},
    {"transformer", "forward,backward,rms_forward,rms_backward", "512x768"},
    {"yardsticks", "forward,backward", "4096x768 8192x4096"},
    {"emulated", "forward,backward,rms_forward,rms_backward", "64x768"},
    {"counters", "forward,backward,rms_forward,rms_backward", "13x67 32x256"},
    {0}};

const struct operation operation_layernorm = {
    OPERATION_OF(layernorm),
    .summary = "layer normalisation over rows, with and without the mean, forward and backward",
    .shape_form = "ROWSxCOLS",
    OPERATION_ARGUMENTS(layernorm),
    .preset_lines = preset_lines,
    .awkward_shapes = operation_awkward_rows,
    OPERATION_SPECIAL_VALUES(values_usual),
    .prepare = layernorm_prepare,
};
