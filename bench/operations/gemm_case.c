/* A case of gemm. */
#include "bench/operations/gemm_case.h"

enum { SIZE_M, SIZE_N, SIZE_K };

void gemm_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t m = c->sizes[SIZE_M], n = c->sizes[SIZE_N], k = c->sizes[SIZE_K];
    int64_t padding = c->settings.padding;
    bool transpose_a = c->variant == GEMM_TN, transpose_b = c->variant == GEMM_NT;
    int64_t batch = case_batch(c);
    specs[BUFFER_A] = buffer_matrices("a", BUFFER_INPUT, batch, transpose_a ? k : m,
                                      transpose_a ? m : k, padding);
    specs[BUFFER_B] = buffer_matrices("b", BUFFER_INPUT, batch, transpose_b ? n : k,
                                      transpose_b ? k : n, padding);
    specs[BUFFER_A].element = specs[BUFFER_B].element = dtype_element_kind(c->dtype);
    bool reads_c = c->settings.beta != 0.0f;
    specs[BUFFER_C] =
        buffer_matrices("c", reads_c ? BUFFER_IN_OUT : BUFFER_OUTPUT, batch, m, n, padding);
}

static int64_t batch_stride(const struct buffer_spec *spec) {
    return buffer_row_start(spec, spec->matrix_rows);
}

void gemm_bind(const struct bench_case *c, void *const buffers[], struct launch *launch) {
    struct buffer_spec specs[BUFFERS_MAX];
    gemm_describe(c, specs);
    *gemm_problem_in(launch) = (struct gemm_problem){
        .variant = (enum gemm_variant)c->variant,
        .dtype = c->dtype,
        .m = c->sizes[SIZE_M],
        .n = c->sizes[SIZE_N],
        .k = c->sizes[SIZE_K],
        .alpha = c->settings.alpha,
        .beta = c->settings.beta,
        .a = buffers[BUFFER_A],
        .b = buffers[BUFFER_B],
        .c = buffers[BUFFER_C],
        .lda = specs[BUFFER_A].stride,
        .ldb = specs[BUFFER_B].stride,
        .ldc = specs[BUFFER_C].stride,
        .batch = case_batch(c),
        .stride_a = batch_stride(&specs[BUFFER_A]),
        .stride_b = batch_stride(&specs[BUFFER_B]),
        .stride_c = batch_stride(&specs[BUFFER_C]),
    };
}

const float *gemm_before(const struct oracle_view *view, int64_t index) {
    const float *c = view->before[BUFFER_C];
    return c ? c + index * gemm_problem_of(view->launch)->stride_c : NULL;
}

/* A multiplication and an addition for each of the M N K products; scaling by alpha and beta is not
 * counted. */
double gemm_flops(const struct bench_case *c) {
    return 2.0 * (double)case_batch(c) * (double)c->sizes[SIZE_M] * (double)c->sizes[SIZE_N] *
           (double)c->sizes[SIZE_K];
}

/* A and B read once, C written once (and read once when beta is not 0). */
double gemm_bytes(const struct bench_case *c) {
    double m = (double)c->sizes[SIZE_M], n = (double)c->sizes[SIZE_N], k = (double)c->sizes[SIZE_K];
    double operand = (double)element_bytes(dtype_element_kind(c->dtype));
    double each = operand * (m * k + k * n) + 4.0 * m * n * (c->settings.beta != 0.0f ? 2.0 : 1.0);
    return (double)case_batch(c) * each;
}

/* The product and the bound |A||B|. */
double gemm_row_cost(const struct bench_case *c) {
    return 4.0 * (double)c->sizes[SIZE_N] * (double)c->sizes[SIZE_K];
}

const struct preset_line gemm_preset_lines[] = {
    {"default", "nn", "64x64x64 128x128x128 256x256x256 512x512x512 1024x1024x1024 2048x2048x2048"},
    {"default", "nt,tn", "64x64x64 512x512x512"},
    {"default", "nn", "1760x16x1760"},
    {"default", "nt", "100x128x784 100x10x128 512x3072x768"},
    {"default", "tn", "128x784x100"},
    {"default", "nt", "2048x512x13"},
    {"default", "nn", "1x1024x1024 4096x4x4096"},
    {"default", "nn", "64x64x64x64"},
    {"quick", "nn", "64x64x64 128x128x128 256x256x256 512x512x512 1024x1024x1024"},
    {"quick", "nt,tn", "256x256x256"},
    {"quick", "nt", "100x128x784 512x3072x768 2048x512x13"},
    {"squares", "nn,nt,tn",
     "64x64x64 128x128x128 256x256x256 512x512x512 768x768x768 1024x1024x1024 1536x1536x1536 "
     "2048x2048x2048 3072x3072x3072 4096x4096x4096"},
    {"deepbench", "nn",
     "1760x16x1760 1760x32x1760 1760x64x1760 1760x128x1760 2048x16x2048 2048x128x2048 "
     "2560x64x2560 4096x16x4096 4096x128x4096 5124x700x2048"},
    {"deepbench", "nt", "1760x1760x1760 2048x2048x2048"},
    {"deepbench", "tn", "1760x16x1760 2048x128x2048 5124x700x2048"},
    {"mnist", "nt", "100x128x784 100x10x128"},
    {"mnist", "tn", "10x128x100 128x784x100"},
    {"mnist", "nn", "100x128x10"},
    {"transformer", "nt", "512x768x768 512x2304x768 512x3072x768 512x768x3072"},
    {"transformer", "nn", "512x512x64 512x64x512 12x512x64x512"},
    {"transformer", "nt", "12x512x512x64"},
    {"recommender", "nt", "2048x1x256 2048x512x13 2048x256x512 2048x64x256 2048x512x512"},
    {"skinny", "nn",
     "1x1024x1024 1024x1x1024 1024x1024x1 16x1024x1024 1024x16x1024 1024x1024x16 1x4096x4096 "
     "4096x1x4096 4096x4x4096 16x16x65536"},
    {"skinny", "nt", "1x4096x4096 4096x1x4096 16x16x65536"},
    {"skinny", "tn", "1x4096x4096 4096x1x4096 16x16x65536"},
    {"tensor", "nn",
     "64x64x64 127x129x63 256x256x256 512x512x512 1024x1024x1024 2048x2048x2048 4096x4096x4096"},
    {"tensor", "nt,tn", "127x129x63 256x256x256 1024x1024x1024"},
    {"tensor", "nt", "512x768x768 512x3072x768"},
    {"yardsticks", "nn",
     "64x64x64 128x128x128 256x256x256 512x512x512 1024x1024x1024 2048x2048x2048 4096x4096x4096"},
    {"yardsticks", "nt", "100x128x784 100x10x128 512x3072x768 2048x512x13"},
    {"pytorch", "nn", "512x512x512 1024x1024x1024"},
    {"pytorch", "nt", "100x128x784 512x3072x768"},
    {"emulated", "nn", "64x64x64 127x129x63 256x256x256"},
    {"emulated", "nt,tn", "127x129x63"},
    {"emulated", "nn", "3x65x33x31 8x64x64x64"},
    {"counters", "nn,nt,tn", "64x64x64 67x35x37 128x128x256 3x67x35x37 2x64x64x64"},
    {0}};
