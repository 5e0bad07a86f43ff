/* cross_entropy: softmax and cross-entropy in one, mean over the rows; loss, gradient, or both in
 * one pass. */
#include "bench/operations/operation.h"
#include "common/random.h"
#include "kernels/kernels.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

OPERATION_PROBLEM(cross_entropy)

enum { SIZE_ROWS, SIZE_COLUMNS };
enum { BUFFER_LOGITS, BUFFER_LABELS, BUFFER_LOSS, BUFFER_GRADIENT };
enum { LABEL_STREAM = 0x1ABE1 };

static const char *const variants[] = {
    [LOSS_FORWARD] = "forward",
    [LOSS_BACKWARD] = "backward",
    [LOSS_FORWARD_BACKWARD] = "forward_backward",
};

static void cross_entropy_describe(const struct bench_case *c,
                                   struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t rows = c->sizes[SIZE_ROWS], columns = c->sizes[SIZE_COLUMNS];
    specs[BUFFER_LOGITS] = buffer_matrix("logits", BUFFER_INPUT, rows, columns, 0);
    specs[BUFFER_LABELS] = buffer_matrix("labels", BUFFER_INPUT, rows, 1, 0);
    specs[BUFFER_LABELS].element = ELEMENT_I32;
    specs[BUFFER_LABELS].pattern = false;
    if (c->variant != LOSS_BACKWARD)
        specs[BUFFER_LOSS] = buffer_matrix("loss", BUFFER_OUTPUT, rows, 1, 0);
    if (c->variant != LOSS_FORWARD)
        specs[BUFFER_GRADIENT] = buffer_matrix("dlogits", BUFFER_OUTPUT, rows, columns, 0);
}

static void cross_entropy_prepare(const struct bench_case *c, void *const buffers[]) {
    int32_t *labels = buffers[BUFFER_LABELS];
    for (int64_t row = 0; row < c->sizes[SIZE_ROWS]; row++)
        labels[row] = (int32_t)random_below(c->settings.seed, LABEL_STREAM, (uint64_t)row,
                                            (uint32_t)c->sizes[SIZE_COLUMNS]);
}

static void cross_entropy_bind(const struct bench_case *c, void *const buffers[],
                               struct launch *launch) {
    *cross_entropy_problem_in(launch) = (struct cross_entropy_problem){
        .variant = (enum loss_variant)c->variant,
        .rows = c->sizes[SIZE_ROWS],
        .columns = c->sizes[SIZE_COLUMNS],
        .logits = buffers[BUFFER_LOGITS],
        .labels = buffers[BUFFER_LABELS],
        .loss = buffers[BUFFER_LOSS],
        .dlogits = buffers[BUFFER_GRADIENT],
    };
}

OPERATION_LAUNCH(cross_entropy)

/* As softmax's five an element; the logarithm a row is not counted. */
static double cross_entropy_flops(const struct bench_case *c) {
    return 5.0 * operation_element_count(c);
}

/* The logits and a label a row read once, the gradient and a loss a row written once. */
static double cross_entropy_bytes(const struct bench_case *c) {
    double elements = operation_element_count(c) * (c->variant == LOSS_FORWARD ? 1.0 : 2.0);
    double row = c->variant == LOSS_BACKWARD ? 1.0 : 2.0;
    return 4.0 * (elements + row * (double)c->sizes[SIZE_ROWS]);
}

static void cross_entropy_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                                 int64_t rows, double *expected, double *tolerance) {
    oracle_cross_entropy(cross_entropy_problem_of(view->launch), buffer == BUFFER_GRADIENT,
                         first_row, rows, expected, tolerance);
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/cross_entropy_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "a pass each for maximum, sum, loss and gradient",
     .one_thread = true,
     .run = RUN(cross_entropy, cross_entropy_naive)},
    {.name = "cpu-simd",
     .file = "reference/simd/loss.c",
     .summary = "vectorised and threaded, fused",
     .adds = "exponentials a whole vector at a time, fewer passes, and all cores",
     .run = RUN(cross_entropy, cross_entropy_simd)},
    {.name = "cuda-naive",
     .file = "kernels/reductions/cross_entropy_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread a row",
     .device = DEVICE_GPU,
     .run = RUN(cross_entropy, cross_entropy_cuda_naive)},
    {.name = "cuda-tiled",
     .file = "kernels/reductions/cross_entropy_2_tiled.cu",
     .summary = "one block a row, shared memory",
     .adds = "neighbouring threads on neighbouring elements, a block for each row",
     .device = DEVICE_GPU,
     .run = RUN(cross_entropy, cross_entropy_cuda_tiled)},
    {.name = "cuda-warp",
     .file = "kernels/reductions/cross_entropy_3_warp.cu",
     .summary = "one warp a row, shuffles",
     .adds = "two reads of a row instead of three, and no barrier",
     .device = DEVICE_GPU,
     .run = RUN(cross_entropy, cross_entropy_cuda_warp)},
    {.name = "cuda-vectorised",
     .file = "kernels/reductions/cross_entropy_4_vectorised.cu",
     .summary = "float4, loss and gradient from one read of the logits",
     .adds = "one read of the logits: the row stays on chip between loss and gradient",
     .device = DEVICE_GPU,
     .run = RUN(cross_entropy, cross_entropy_cuda_vectorised)},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(cross_entropy, variant), ARGUMENT(cross_entropy, rows),
    ARGUMENT(cross_entropy, columns), ARGUMENT(cross_entropy, logits),
    ARGUMENT(cross_entropy, labels),  ARGUMENT(cross_entropy, loss),
    ARGUMENT(cross_entropy, dlogits)};

static const struct preset_line preset_lines[] = {
    {"default", "forward_backward", "100x10 64x1000 32x50257"},
    {"quick", "forward_backward", "100x10 64x1000"},
    {"mnist", "forward,backward,forward_backward", "100x10"},
    {"transformer", "forward_backward", "32x50257 512x50257"},
    {"pytorch", "forward_backward", "64x1000 32x50257"},
    {"emulated", "forward,backward,forward_backward", "100x10 64x1000"},
    {"counters", "forward,backward,forward_backward", "13x67 32x256"},
    {"verdicts", "forward_backward", "80x256"},
    {0}};

const struct operation operation_cross_entropy = {
    OPERATION_OF(cross_entropy),
    .summary = "softmax and cross-entropy fused: loss, gradient, or both",
    .shape_form = "ROWSxCOLS",
    OPERATION_ARGUMENTS(cross_entropy),
    .preset_lines = preset_lines,
    .awkward_shapes = operation_awkward_rows,
    OPERATION_SPECIAL_VALUES(values_usual),
    .prepare = cross_entropy_prepare,
};
