/* gemm: row-major C[M,N] = alpha * op(A) * op(B) + beta * C. */
#include "bench/operations/gemm_tuner.h"
#include "bench/operations/libraries.h"
#include "bench/operations/operation.h"
#include "common/narrow.h"
#include "common/random.h"
#include "kernels/kernels.h"
#include "reference/ladder.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>

enum { SIZE_M, SIZE_N, SIZE_K };
enum { BUFFER_A, BUFFER_B, BUFFER_C };

static const char *const variants[] = {[GEMM_NN] = "nn", [GEMM_NT] = "nt", [GEMM_TN] = "tn"};

static void gemm_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t m = c->sizes[SIZE_M], n = c->sizes[SIZE_N], k = c->sizes[SIZE_K];
    int64_t padding = c->settings.padding;
    bool transpose_a = c->variant == GEMM_TN, transpose_b = c->variant == GEMM_NT;
    specs[BUFFER_A] =
        buffer_matrix("a", BUFFER_INPUT, transpose_a ? k : m, transpose_a ? m : k, padding);
    specs[BUFFER_B] =
        buffer_matrix("b", BUFFER_INPUT, transpose_b ? n : k, transpose_b ? k : n, padding);
    specs[BUFFER_A].element = specs[BUFFER_B].element = dtype_element_kind(c->dtype);
    bool reads_c = c->settings.beta != 0.0f;
    specs[BUFFER_C] = buffer_matrix("c", reads_c ? BUFFER_IN_OUT : BUFFER_OUTPUT, m, n, padding);
}

static void gemm_bind(const struct bench_case *c, void *const buffers[], struct launch *launch) {
    struct buffer_spec specs[BUFFERS_MAX];
    gemm_describe(c, specs);
    launch->gemm = (struct gemm_problem){
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
    };
}

static enum status gemm_launch(const struct implementation *implementation,
                               const struct launch *launch, int64_t iteration,
                               struct execution *execution) {
    (void)iteration;
    return implementation->run.gemm(&launch->gemm, execution);
}

/* A multiplication and an addition for each of the M N K products; scaling by alpha and beta is not
 * counted. */
static double gemm_flops(const struct bench_case *c) {
    return 2.0 * (double)c->sizes[SIZE_M] * (double)c->sizes[SIZE_N] * (double)c->sizes[SIZE_K];
}

/* A and B read once, C written once (and read once when beta is not 0). */
static double gemm_bytes(const struct bench_case *c) {
    double m = (double)c->sizes[SIZE_M], n = (double)c->sizes[SIZE_N], k = (double)c->sizes[SIZE_K];
    double operand = (double)element_bytes(dtype_element_kind(c->dtype));
    return operand * (m * k + k * n) + 4.0 * m * n * (c->settings.beta != 0.0f ? 2.0 : 1.0);
}

static void gemm_expect(const struct oracle_view *view, int buffer, int64_t first_row, int64_t rows,
                        double *expected, double *tolerance) {
    (void)buffer;
    oracle_gemm(&view->launch->gemm, view->before[BUFFER_C], first_row, rows, expected, tolerance);
}

/* The product and the bound |A||B|. */
static double gemm_row_cost(const struct bench_case *c) {
    return 4.0 * (double)c->sizes[SIZE_N] * (double)c->sizes[SIZE_K];
}

/* One operand of the product as it is stored. */
struct operand {
    const void *data;
    enum dtype dtype;
    int64_t ld;
    bool transposed;
};

/* A matrix of more elements is worth waking the other threads for. */
enum { SHARED_ELEMENTS = 1 << 16 };

/* out[i] = sum_j op(X)[i, j] * v[j], absolute values where asked. */
static void apply(struct operand x, int64_t rows, int64_t columns, const double *v, bool absolute,
                  double *out) {
#pragma omp parallel for schedule(static) if (rows * columns > SHARED_ELEMENTS)
    for (int64_t i = 0; i < rows; i++) {
        double sum = 0.0;
        for (int64_t j = 0; j < columns; j++) {
            int64_t index = x.transposed ? j * x.ld + i : i * x.ld + j;
            double element = (double)dtype_element(x.data, x.dtype, index);
            sum += (absolute ? fabs(element) : element) * v[j];
        }
        out[i] = sum;
    }
}

/* The vectors of one probe. */
struct probe {
    double *signs, *inner, *product, *bound_inner, *bound;
};

/* The error of one row's projection over its scale sqrt(N) K mean|ab|, see the head of gemm_probe.
 * Tensor cores truncate where a float32 addition rounds, which doubles the unit of the sums. */
static double probe_factor(const struct gemm_problem *p) {
    const double lambda = 8.0;
    double k = (double)p->k, u = dtype_unit_roundoff(DTYPE_F32);
    double sums = (sqrt(k) + 3.0) * (p->dtype == DTYPE_F32 ? u : 2.0 * u);
    double operands = p->dtype == DTYPE_TF32
                          ? sqrt(2.0) * dtype_unit_roundoff(DTYPE_TF32) * (4.0 / 3.0) / sqrt(k)
                          : 0.0;
    return lambda * (sums + operands);
}

/* Rows whose projection leaves its bound; the worst ratio. */
static double probe_worst(const struct gemm_problem *p, const struct probe *v,
                          const float *c_before, const float *c_after) {
    double factor = probe_factor(p);
    double shrunk = p->dtype == DTYPE_TF32 ? 2.0 * dtype_unit_roundoff(DTYPE_TF32) : 0.0;
    double worst = 0.0;
    for (int64_t i = 0; i < p->m; i++) {
        double expected = p->alpha * v->product[i];
        double scale = fabs((double)p->alpha) * v->bound[i];
        if (p->beta != 0.0f)
            for (int64_t j = 0; j < p->n; j++) {
                double before = c_before[i * p->ldc + j];
                expected += p->beta * before * v->signs[j];
                scale += fabs(p->beta * before) / sqrt((double)p->n);
            }
        double observed = 0.0;
        for (int64_t j = 0; j < p->n; j++)
            observed += (double)c_after[i * p->ldc + j] * v->signs[j];
        double bound = factor * scale + shrunk * fabs(p->alpha * v->product[i]) + 1e-35;
        double ratio = fabs(observed - expected) / bound;
        if (!(ratio <= worst)) /* a NaN is the worst of all */
            worst = isnan(ratio) ? INFINITY : ratio;
    }
    return worst;
}

/* Freivalds' check: C r against alpha * op(A) (op(B) r) + beta * C0 r for a vector r of random
 * signs, in O(MK + KN + MN). One wrong element moves the sum of its row by its whole error.
 *
 * The rounding errors of one row's elements are independent and zero-mean to a good approximation.
 * With probability 1 - 2 exp(-lambda^2 / 2) each is below
 *
 *     lambda sqrt(K) u (|A||B|)_ij
 *
 * (Higham and Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput.
 * 41, 2019, theorem 3.1). So their signed sum stays below
 *
 *     lambda sqrt(K) u sqrt(sum_j (|A||B|)_ij^2)
 *
 * The root is estimated from (|A||B|) 1 / sqrt(N), exact for rows of equal elements and close for
 * uniform inputs.
 *
 * tf32 rounds its operands on the way, or truncates them. Truncation makes each smaller by 2^-11 of
 * itself at most on average, which shrinks the whole projection by at most 2 * 2^-11. Around that
 * the error of each is independent and at most 2^-11. By Hoeffding's inequality their sum stays
 * below
 *
 *     lambda sqrt(2) 2^-11 sqrt(sum_jl (a_il b_lj)^2)
 *
 * For uniform inputs that root is 4/3 of sqrt(N K) times the mean |ab|. bf16 and f16 operands are
 * exact, and so are their products. */
static double gemm_probe(const struct oracle_view *view) {
    const struct gemm_problem *p = &view->launch->gemm;
    size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k;
    double *block = malloc((2 * n + 2 * k + 2 * m) * sizeof *block);
    if (!block)
        return INFINITY;
    struct probe v = {.signs = block,
                      .bound_inner = block + 2 * n,
                      .inner = block + 2 * n + k,
                      .product = block + 2 * n + 2 * k,
                      .bound = block + 2 * n + 2 * k + m};
    double *ones = block + n;
    for (size_t j = 0; j < n; j++) {
        v.signs[j] = random_word(view->bench_case->settings.seed, 0xF4E1, j) & 1 ? 1.0 : -1.0;
        ones[j] = 1.0 / sqrt((double)n);
    }
    const struct operand a = {p->a, p->dtype, p->lda, p->variant == GEMM_TN};
    const struct operand b = {p->b, p->dtype, p->ldb, p->variant == GEMM_NT};
    apply(b, p->k, p->n, v.signs, false, v.inner);
    apply(b, p->k, p->n, ones, true, v.bound_inner);
    apply(a, p->m, p->k, v.inner, false, v.product);
    apply(a, p->m, p->k, v.bound_inner, true, v.bound);
    double worst = probe_worst(p, &v, view->before[BUFFER_C], view->after[BUFFER_C]);
    free(block);
    return worst;
}

/* The library called as directly as C allows: what the harness's own dispatch is measured against.
 */
static enum status yardstick_direct(const struct launch *launch, int64_t iterations,
                                    struct execution *execution) {
    (void)execution;
    const struct gemm_problem *p = &launch->gemm;
    enum CBLAS_TRANSPOSE a = p->variant == GEMM_TN ? CblasTrans : CblasNoTrans;
    enum CBLAS_TRANSPOSE b = p->variant == GEMM_NT ? CblasTrans : CblasNoTrans;
    for (int64_t i = 0; i < iterations; i++)
        cblas_sgemm(CblasRowMajor, a, b, (int)p->m, (int)p->n, (int)p->k, p->alpha, p->a,
                    (int)p->lda, p->b, (int)p->ldb, p->beta, p->c, (int)p->ldc);
    return STATUS_OK;
}

static const char *primitive_availability(const struct bench_case *c) {
    const char *absence = onednn_availability(c);
    if (absence || !c)
        return absence;
    bool narrow = c->dtype == DTYPE_BF16 || c->dtype == DTYPE_F16;
    return narrow && c->settings.padding > 0 && c->settings.values == VALUES_SPECIAL
               ? "oneDNN before 3.7 turns infinities into NaN in padded bf16 matrices"
               : NULL;
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/gemm_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "three nested loops",
     .dtypes = DTYPES_ALL,
     .one_thread = true,
     .run.gemm = gemm_naive},
    {.name = "cpu-ordered",
     .file = "reference/gemm_2_ordered.c",
     .kind = KIND_PLAIN,
     .summary = "three nested loops, columns innermost; tf32 in f32",
     .adds = "loops in the order of memory: each line fetched is used to its end",
     .dtypes = DTYPES_IN_F32,
     .one_thread = true,
     .run.gemm = gemm_ordered},
    {.name = "cpu-blocked",
     .file = "reference/gemm_3_blocked.c",
     .kind = KIND_PLAIN,
     .summary = "packed blocks and tiles, plain C; tf32 in f32",
     .adds = "blocks that stay in a cache, tiles that stay in registers",
     .dtypes = DTYPES_IN_F32,
     .one_thread = true,
     .run.gemm = gemm_blocked},
    {.name = "cpu-parallel",
     .file = "reference/simd/gemm_4_parallel.c",
     .kind = KIND_PLAIN,
     .summary = "packed blocks and tiles, vectorised and threaded; tf32 in f32",
     .adds = "vectors of this processor's full width, and all cores",
     .dtypes = DTYPES_IN_F32,
     .run.gemm = gemm_parallel},
    {.name = "cpu-simd",
     .file = "reference/simd/gemm_5_simd.c",
     .summary = "tiles, of operands in place or packed; tf32 in f32, 16 bits widened",
     .adds = "copies only where they pay, lines asked for ahead, few rows streamed",
     .dtypes = DTYPES_ALL,
     .run.gemm = gemm_simd},
    {.name = "openblas",
     .file = "reference/openblas.c",
     .kind = KIND_LIBRARY,
     .summary = "cblas_sgemm; tf32 in f32",
     .adds = "kernels in assembly and block sizes tuned for each processor",
     .dtypes = DTYPES_IN_F32,
     .configuration = openblas_core_type,
     .run.gemm = gemm_openblas},
    {.name = "blis",
     .file = "reference/blis.c",
     .kind = KIND_LIBRARY,
     .summary = "bli_sgemm; tf32 in f32",
     .dtypes = DTYPES_IN_F32,
     .availability = blis_availability,
     .configuration = blis_configuration,
     .run.gemm = gemm_blis},
    {.name = "onednn",
     .file = "reference/onednn.c",
     .kind = KIND_LIBRARY,
     .summary = "a primitive made for the shape; tf32 in f32",
     .dtypes = DTYPES_ALL,
     .availability = primitive_availability,
     .configuration = onednn_configuration,
     .run.gemm = gemm_onednn},
    {.name = "cuda-naive",
     .file = "kernels/gemm/gemm_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread an element of C, side by side down a column",
     .device = DEVICE_GPU,
     .dtypes = DTYPES_ALL & ~DTYPE_BIT(DTYPE_TF32),
     .run.gemm = gemm_cuda_naive},
    {.name = "cuda-coalesced",
     .file = "kernels/gemm/gemm_2_coalesced.cu",
     .summary = "one thread an element of C, side by side along a row",
     .adds = "neighbouring threads on neighbouring elements of B and C",
     .device = DEVICE_GPU,
     .run.gemm = gemm_cuda_coalesced},
    {.name = "cuda-tiled",
     .file = "kernels/gemm/gemm_3_tiled.cu",
     .summary = "tiles of 32x32 in shared memory",
     .adds = "tiles in shared memory: an element loaded once serves 32 products",
     .device = DEVICE_GPU,
     .run.gemm = gemm_cuda_tiled},
    {.name = "cuda-register",
     .file = "kernels/gemm/gemm_4_register.cu",
     .summary = "tiles of 128x128, 8x8 sums a thread in registers",
     .adds = "8x8 sums a thread: 16 loads from shared memory for 64 products, not 128",
     .device = DEVICE_GPU,
     .run.gemm = gemm_cuda_register},
    {.name = "cuda-vectorised",
     .file = "kernels/gemm/gemm_5_vectorised.cu",
     .summary = "accesses of 128 bits, A transposed in shared memory",
     .adds = "four elements an access, in global and shared memory",
     .device = DEVICE_GPU,
     .run.gemm = gemm_cuda_vectorised},
    {.name = "cuda-warp",
     .file = "kernels/gemm/gemm_6_warp.cu",
     .summary = "warp tiles of 64x32, shared memory swizzled",
     .adds = "warp tiles and a swizzle: no bank conflicts, half the barriers",
     .device = DEVICE_GPU,
     .run.gemm = gemm_cuda_warp},
    {.name = "cuda-pipelined",
     .file = "kernels/gemm/gemm_7_pipelined.cu",
     .summary = "a ring of three tiles filled by cp.async",
     .adds = "copies of the next tiles while this one is multiplied",
     .device = DEVICE_GPU,
     .run.gemm = gemm_cuda_pipelined},
    {.name = "cuda-split-k",
     .file = "kernels/gemm/gemm_8_split_k.cu",
     .summary = "several blocks share a tile of C, each a part of k",
     .adds = "blocks that share a tile: a full GPU where tiles are few and k is long",
     .device = DEVICE_GPU,
     .run.gemm = gemm_cuda_split_k},
    {.name = "cuda-best",
     .file = "kernels/gemm/gemm_choice.c",
     .summary = "tile and split chosen for the shape",
     .adds = "the choice among these tiles and splits, shape by shape",
     .device = DEVICE_GPU,
     .run.gemm = gemm_cuda_best},
    {.name = "cuda-tensor",
     .file = "kernels/gemm/gemm_tensor.cuh",
     .summary = "tensor cores: mma.sync, ldmatrix, cp.async in two stages",
     .adds = "2,048 products an instruction of a warp, 1,024 in tf32",
     .device = DEVICE_GPU,
     .dtypes = DTYPES_ALL & ~DTYPE_BIT(DTYPE_F32),
     .run.gemm = gemm_cuda_tensor},
    {.name = "cublas",
     .file = "kernels/gemm/gemm_cublas.c",
     .kind = KIND_LIBRARY,
     .summary = "cublasGemmEx",
     .device = DEVICE_GPU,
     .dtypes = DTYPES_ALL,
     .run.gemm = gemm_cublas},
    {.name = "direct",
     .file = "bench/operations/gemm.c",
     .kind = KIND_YARDSTICK,
     .summary = "cblas_sgemm called in a bare loop",
     .run.yardstick = yardstick_direct,
     .flops = gemm_flops,
     .bytes = gemm_bytes},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(gemm, variant), ARGUMENT(gemm, m),   ARGUMENT(gemm, n),     ARGUMENT(gemm, k),
    ARGUMENT(gemm, a),       ARGUMENT(gemm, b),   ARGUMENT(gemm, c),     ARGUMENT(gemm, lda),
    ARGUMENT(gemm, ldb),     ARGUMENT(gemm, ldc), ARGUMENT(gemm, alpha), ARGUMENT(gemm, beta)};

static const char *const awkward_shapes[] = {"1x1x1",    "1x7x1",     "17x19x23",   "33x65x129",
                                             "257x3x31", "3x257x31",  "31x3x1025",  "64x64x64",
                                             "128x1x77", "1x128x300", "127x129x63", NULL};
static const enum values special_values[] = {VALUES_LARGE, VALUES_DENORMAL, VALUES_OUTLIERS,
                                             VALUES_SPECIAL};
static const struct settings settings[] = {
    {.alpha = 1.0f, .beta = 0.0f},
    {.alpha = 1.0f, .beta = 1.0f, .padding = 3},
    {.alpha = -0.5f, .beta = 2.0f, .padding = 1},
    {.alpha = 0.0f, .beta = 0.5f},
    {.alpha = 2.0f, .beta = 0.0f, .padding = 16},
};

const struct operation operation_gemm = {
    .name = "gemm",
    .summary = "matrix product C = alpha op(A) op(B) + beta C, row-major",
    .shape_form = "MxNxK",
    .variants = variants,
    .variant_count = sizeof variants / sizeof variants[0],
    .implementations = implementations,
    .implementation_count = sizeof implementations / sizeof implementations[0],
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .problem_bytes = sizeof(struct gemm_problem),
    .awkward_shapes = awkward_shapes,
    .special_values = special_values,
    .special_values_count = sizeof special_values / sizeof special_values[0],
    .settings = settings,
    .settings_count = sizeof settings / sizeof settings[0],
    .describe = gemm_describe,
    .bind = gemm_bind,
    .launch = gemm_launch,
    .flops = gemm_flops,
    .bytes = gemm_bytes,
    .expect = gemm_expect,
    .row_cost = gemm_row_cost,
    .probe = gemm_probe,
    .rate = RATE_FLOPS,
    .tuner = &gemm_tuner,
};
