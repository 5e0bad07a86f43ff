/* attention: scaled dot products, softmax and means of V, over each head; full and causal. */
#include "bench/operations/libraries.h"
#include "bench/operations/operation.h"
#include "common/narrow.h"
#include "kernels/kernels.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

#include <math.h>

OPERATION_PROBLEM(attention)

enum { SIZE_BATCH, SIZE_HEADS, SIZE_SEQUENCE, SIZE_DIMENSION };
enum { BUFFER_Q, BUFFER_K, BUFFER_V, BUFFER_O };
enum { IN_F32_AND_BF16 = DTYPE_BIT(DTYPE_F32) | DTYPE_BIT(DTYPE_BF16) };

static const char *const variants[] = {[ATTENTION_FULL] = "full", [ATTENTION_CAUSAL] = "causal"};

static int64_t row_count(const struct bench_case *c) {
    return c->sizes[SIZE_BATCH] * c->sizes[SIZE_HEADS] * c->sizes[SIZE_SEQUENCE];
}

/* Each buffer is padded by its own amount, so that a kernel that takes one's stride for another's
 * is found out. */
static void attention_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    static const char *const names[] = {"q", "k", "v", "o"};
    for (int b = BUFFER_Q; b <= BUFFER_O; b++) {
        specs[b] =
            buffer_matrix(names[b], b == BUFFER_O ? BUFFER_OUTPUT : BUFFER_INPUT, row_count(c),
                          c->sizes[SIZE_DIMENSION], (b + 1) * c->settings.padding);
        if (b != BUFFER_O)
            specs[b].element = dtype_element_kind(c->dtype);
    }
}

/* Masked: the first key of each head has an infinity against the sign of the last query. That
 * query's first score is -infinity, and the others are finite: a running maximum that starts at
 * -infinity makes NaN of it. */
static void attention_prepare(const struct bench_case *c, void *const buffers[]) {
    if (c->settings.values != VALUES_MASKED)
        return;
    struct buffer_spec specs[BUFFERS_MAX] = {{0}};
    attention_describe(c, specs);
    const int64_t sequence = c->sizes[SIZE_SEQUENCE];
    for (int64_t head = 0; head < row_count(c); head += sequence) {
        const int64_t query = (head + sequence - 1) * specs[BUFFER_Q].stride;
        const int64_t key = head * specs[BUFFER_K].stride;
        const bool positive = dtype_element(buffers[BUFFER_Q], c->dtype, query) > 0.0F;
        const float infinity = positive ? -INFINITY : INFINITY;
        if (c->dtype == DTYPE_BF16)
            ((uint16_t *)buffers[BUFFER_K])[key] = bf16_round(infinity);
        else
            ((float *)buffers[BUFFER_K])[key] = infinity;
    }
}

static void attention_bind(const struct bench_case *c, void *const buffers[],
                           struct launch *launch) {
    struct buffer_spec specs[BUFFERS_MAX] = {{0}};
    attention_describe(c, specs);
    *attention_problem_in(launch) = (struct attention_problem){
        .variant = (enum attention_variant)c->variant,
        .dtype = c->dtype,
        .batch = c->sizes[SIZE_BATCH],
        .heads = c->sizes[SIZE_HEADS],
        .sequence = c->sizes[SIZE_SEQUENCE],
        .dimension = c->sizes[SIZE_DIMENSION],
        .scale = (float)(1 / sqrt((double)c->sizes[SIZE_DIMENSION])),
        .q = buffers[BUFFER_Q],
        .k = buffers[BUFFER_K],
        .v = buffers[BUFFER_V],
        .o = buffers[BUFFER_O],
        .q_stride = specs[BUFFER_Q].stride,
        .k_stride = specs[BUFFER_K].stride,
        .v_stride = specs[BUFFER_V].stride,
        .o_stride = specs[BUFFER_O].stride,
    };
}

OPERATION_LAUNCH(attention)

/* As the papers count (Dao, "FlashAttention-2", arXiv:2307.08691, section 4.1): 4 sequence^2
 * dimension a head, the multiplications and additions of the two products; half with a causal mask;
 * nothing for the softmax. */
static double attention_flops(const struct bench_case *c) {
    double full = 4.0 * (double)row_count(c) * (double)c->sizes[SIZE_SEQUENCE] *
                  (double)c->sizes[SIZE_DIMENSION];
    return c->variant == ATTENTION_CAUSAL ? full / 2.0 : full;
}

/* Q, K and V read once, O written once: 4 sequence dimension elements a head, the least that Dao et
 * al. ("FlashAttention", arXiv:2205.14135, section 3) set the accesses of both ways against. */
static double attention_bytes(const struct bench_case *c) {
    double elements = (double)row_count(c) * (double)c->sizes[SIZE_DIMENSION];
    double operand = (double)element_bytes(dtype_element_kind(c->dtype));
    return elements * (3.0 * operand + (double)sizeof(float));
}

static void attention_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                             int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    oracle_attention(attention_problem_of(view->launch), first_row, rows, expected, tolerance);
}

/* Two products and their bounds, and the exponentials of score and bounds. */
static double attention_row_cost(const struct bench_case *c) {
    const double products = 8.0, exponentials = 100.0;
    return (double)c->sizes[SIZE_SEQUENCE] *
           (products * (double)c->sizes[SIZE_DIMENSION] + exponentials);
}

static const char *library_availability(const struct bench_case *c) {
    const char *absence = onednn_availability(c);
    if (absence || !c)
        return absence;
    return values_are_finite(c->settings.values) ? NULL
                                                 : "oneDNN's softmax turns rows with NaN into 0";
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/attention_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "a row of scores, softmax and the mean of V, a query at a time",
     .dtypes = IN_F32_AND_BF16,
     .one_thread = true,
     .run = RUN(attention, attention_naive)},
    {.name = "cpu-simd",
     .file = "reference/simd/attention.c",
     .summary = "blocks of queries and keys, online softmax",
     .adds = "tiles of gemm on blocks that stay in the cache, a query a lane, and all cores",
     .dtypes = IN_F32_AND_BF16,
     .run = RUN(attention, attention_simd)},
    {.name = "openblas",
     .file = "reference/attention.c",
     .kind = KIND_LIBRARY,
     .summary = "cblas_sgemm, cpu-simd's softmax, cblas_sgemm, head after head",
     .configuration = openblas_core_type,
     .run = RUN(attention, attention_openblas)},
    {.name = "onednn",
     .file = "reference/attention.c",
     .kind = KIND_LIBRARY,
     .summary = "oneDNN's product, softmax and product, head after head",
     .configuration = onednn_configuration,
     .availability = library_availability,
     .run = RUN(attention, attention_onednn)},
    {.name = "cuda-naive",
     .file = "kernels/gemm/attention_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "three kernels: scores, softmax, means of V",
     .device = DEVICE_GPU,
     .dtypes = IN_F32_AND_BF16,
     .run = RUN(attention, attention_cuda_naive)},
    {.name = "cuda-fused",
     .file = "kernels/gemm/attention_2_fused.cu",
     .summary = "one kernel, online softmax, tiles in shared memory",
     .adds = "scores that stay in registers: K and V read once for 64 queries",
     .device = DEVICE_GPU,
     .dtypes = IN_F32_AND_BF16,
     .run = RUN(attention, attention_cuda_fused)},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(attention, variant),  ARGUMENT(attention, batch),     ARGUMENT(attention, heads),
    ARGUMENT(attention, sequence), ARGUMENT(attention, dimension), ARGUMENT(attention, scale),
    ARGUMENT(attention, q),        ARGUMENT(attention, k),         ARGUMENT(attention, v),
    ARGUMENT(attention, o),        ARGUMENT(attention, q_stride),  ARGUMENT(attention, k_stride),
    ARGUMENT(attention, v_stride), ARGUMENT(attention, o_stride)};

static const struct preset_line preset_lines[] = {
    {"default", "full", "1x8x1024x64"},
    {"quick", "full", "1x4x256x64"},
    {"transformer", "full,causal", "1x12x512x64"},
    {"pytorch", "full,causal", "1x8x1024x64"},
    {"emulated", "full,causal", "1x2x128x64"},
    {"counters", "full,causal", "1x2x67x35 1x1x128x64 1x1x35x67 1x1x64x128"},
    {0}};

static const char *const awkward_shapes[] = {"1x1x1x1",     "1x1x1x64",  "2x3x1x5",   "1x2x7x13",
                                             "3x1x17x8",    "1x7x33x12", "1x1x65x64", "1x3x127x31",
                                             "1x1x129x128", "1x1x9x200", "1x1x517x9", NULL};
static const enum values special_values[] = {VALUES_LARGE, VALUES_DENORMAL, VALUES_OUTLIERS,
                                             VALUES_SPECIAL, VALUES_MASKED};
static const struct settings settings[] = {{.alpha = 1.0F}, {.alpha = 1.0F, .padding = 3}};

const struct operation operation_attention = {
    OPERATION_OF(attention),
    .summary = "scaled dot-product attention over heads, full and causal, forward",
    .shape_form = "BATCHxHEADSxSEQUENCExDIMENSION",
    OPERATION_ARGUMENTS(attention),
    .preset_lines = preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(special_values),
    .settings = settings,
    .settings_count = sizeof settings / sizeof settings[0],
    .prepare = attention_prepare,
    .row_cost = attention_row_cost,
    .rate = RATE_FLOPS_OF_CASE,
};
