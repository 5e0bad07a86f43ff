/* gemm: row-major C[M,N] = alpha * op(A) * op(B) + beta * C. */
#include "bench/operations/gemm_case.h"
#include "bench/operations/gemm_tuner.h"
#include "bench/operations/libraries.h"
#include "common/gemm_batch.h"
#include "kernels/kernels.h"
#include "reference/ladder.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

#include <cblas.h>

static const char *const variants[] = {[GEMM_NN] = "nn", [GEMM_NT] = "nt", [GEMM_TN] = "tn"};

OPERATION_LAUNCH(gemm)

static void gemm_expect(const struct oracle_view *view, int buffer, int64_t first_row, int64_t rows,
                        double *expected, double *tolerance) {
    (void)buffer;
    const struct gemm_problem *problem = gemm_problem_of(view->launch);
    while (rows > 0) {
        const int64_t index = first_row / problem->m, row = first_row % problem->m;
        const int64_t here = rows < problem->m - row ? rows : problem->m - row;
        const struct gemm_problem one = gemm_of_batch(problem, index);
        oracle_gemm(&one, gemm_before(view, index), row, here, expected, tolerance);
        first_row += here;
        rows -= here;
        expected += here * problem->n;
        tolerance += here * problem->n;
    }
}

/* The library called as directly as C allows: what the harness's own dispatch is measured against.
 */
static enum status yardstick_direct(const struct launch *launch, int64_t iterations,
                                    struct execution *execution) {
    (void)execution;
    const struct gemm_problem *p = gemm_problem_of(launch);
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

static const char *hopper_availability(const struct bench_case *c) {
    (void)c;
    return kernels_absence("gemm_10_hopper_128x256");
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/gemm_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "three nested loops",
     .dtypes = DTYPES_ALL,
     .one_thread = true,
     .batches = true,
     .run = RUN(gemm, gemm_naive)},
    {.name = "cpu-ordered",
     .file = "reference/gemm_2_ordered.c",
     .kind = KIND_PLAIN,
     .summary = "three nested loops, columns innermost; tf32 in f32",
     .adds = "loops in the order of memory: each line fetched is used to its end",
     .dtypes = DTYPES_IN_F32,
     .one_thread = true,
     .run = RUN(gemm, gemm_ordered)},
    {.name = "cpu-blocked",
     .file = "reference/gemm_3_blocked.c",
     .kind = KIND_PLAIN,
     .summary = "packed blocks and tiles, plain C; tf32 in f32",
     .adds = "blocks that stay in a cache, tiles that stay in registers",
     .dtypes = DTYPES_IN_F32,
     .one_thread = true,
     .run = RUN(gemm, gemm_blocked)},
    {.name = "cpu-parallel",
     .file = "reference/simd/gemm_4_parallel.c",
     .kind = KIND_PLAIN,
     .summary = "packed blocks and tiles, vectorised and threaded; tf32 in f32",
     .adds = "vectors of this processor's full width, and all cores",
     .dtypes = DTYPES_IN_F32,
     .run = RUN(gemm, gemm_parallel)},
    {.name = "cpu-simd",
     .file = "reference/simd/gemm_5_simd.c",
     .summary = "tiles, of operands in place or packed; tf32 in f32, 16 bits widened",
     .adds = "copies only where they pay, lines asked for ahead, few rows streamed",
     .dtypes = DTYPES_ALL,
     .batches = true,
     .run = RUN(gemm, gemm_batch_simd)},
    {.name = "openblas",
     .file = "reference/openblas.c",
     .kind = KIND_LIBRARY,
     .summary = "cblas_sgemm; tf32 in f32",
     .adds = "kernels in assembly and block sizes tuned for each processor",
     .dtypes = DTYPES_IN_F32,
     .configuration = openblas_core_type,
     .batches = true,
     .run = RUN(gemm, gemm_openblas)},
    {.name = "blis",
     .file = "reference/blis.c",
     .kind = KIND_LIBRARY,
     .summary = "bli_sgemm; tf32 in f32",
     .dtypes = DTYPES_IN_F32,
     .availability = blis_availability,
     .configuration = blis_configuration,
     .run = RUN(gemm, gemm_blis)},
    {.name = "onednn",
     .file = "reference/onednn.c",
     .kind = KIND_LIBRARY,
     .summary = "a primitive made for the shape; tf32 in f32",
     .dtypes = DTYPES_ALL,
     .availability = primitive_availability,
     .configuration = onednn_configuration,
     .batches = true,
     .run = RUN(gemm, gemm_onednn)},
    {.name = "cuda-naive",
     .file = "kernels/gemm/gemm_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread an element of C, side by side down a column",
     .device = DEVICE_GPU,
     .dtypes = DTYPES_ALL & ~DTYPE_BIT(DTYPE_TF32),
     .run = RUN(gemm, gemm_cuda_naive)},
    {.name = "cuda-coalesced",
     .file = "kernels/gemm/gemm_2_coalesced.cu",
     .summary = "one thread an element of C, side by side along a row",
     .adds = "neighbouring threads on neighbouring elements of B and C",
     .device = DEVICE_GPU,
     .run = RUN(gemm, gemm_cuda_coalesced)},
    {.name = "cuda-tiled",
     .file = "kernels/gemm/gemm_3_tiled.cu",
     .summary = "tiles of 32x32 in shared memory",
     .adds = "tiles in shared memory: an element loaded once serves 32 products",
     .device = DEVICE_GPU,
     .run = RUN(gemm, gemm_cuda_tiled)},
    {.name = "cuda-register",
     .file = "kernels/gemm/gemm_4_register.cu",
     .summary = "tiles of 128x128, 8x8 sums a thread in registers",
     .adds = "8x8 sums a thread: 16 loads from shared memory for 64 products, not 128",
     .device = DEVICE_GPU,
     .run = RUN(gemm, gemm_cuda_register)},
    {.name = "cuda-vectorised",
     .file = "kernels/gemm/gemm_5_vectorised.cu",
     .summary = "accesses of 128 bits, A transposed in shared memory",
     .adds = "four elements an access, in global and shared memory",
     .device = DEVICE_GPU,
     .run = RUN(gemm, gemm_cuda_vectorised)},
    {.name = "cuda-warp",
     .file = "kernels/gemm/gemm_6_warp.cu",
     .summary = "warp tiles of 64x32, shared memory swizzled",
     .adds = "warp tiles and a swizzle: no bank conflicts, half the barriers",
     .device = DEVICE_GPU,
     .run = RUN(gemm, gemm_cuda_warp)},
    {.name = "cuda-pipelined",
     .file = "kernels/gemm/gemm_7_pipelined.cu",
     .summary = "a ring of three tiles filled by cp.async",
     .adds = "copies of the next tiles while this one is multiplied",
     .device = DEVICE_GPU,
     .run = RUN(gemm, gemm_cuda_pipelined)},
    {.name = "cuda-split-k",
     .file = "kernels/gemm/gemm_8_split_k.cu",
     .summary = "several blocks share a tile of C, each a part of k",
     .adds = "blocks that share a tile: a full GPU where tiles are few and k is long",
     .device = DEVICE_GPU,
     .run = RUN(gemm, gemm_cuda_split_k)},
    {.name = "cuda-best",
     .file = "kernels/gemm/gemm_choice.c",
     .summary = "tile and split chosen for the shape",
     .adds = "the choice among these tiles and splits, shape by shape",
     .device = DEVICE_GPU,
     .batches = true,
     .run = RUN(gemm, gemm_cuda_best)},
    {.name = "cuda-tensor",
     .file = "kernels/gemm/gemm_tensor.cuh",
     .summary = "tensor cores: mma.sync, ldmatrix, cp.async in two stages",
     .adds = "2,048 products an instruction of a warp, 1,024 in tf32",
     .device = DEVICE_GPU,
     .dtypes = DTYPES_ALL & ~DTYPE_BIT(DTYPE_F32),
     .run = RUN(gemm, gemm_cuda_tensor)},
    {.name = "cuda-hopper",
     .file = "kernels/gemm/gemm_hopper.cuh",
     .summary = "Hopper: wgmma, TMA, a ring of barriers, clusters of two",
     .adds =
         "copies by TMA, shared by two blocks, and products of four warps that read them in place",
     .device = DEVICE_GPU,
     .dtypes = DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16),
     .availability = hopper_availability,
     .run = RUN(gemm, gemm_cuda_hopper)},
    {.name = "cublas",
     .file = "kernels/gemm/gemm_cublas.c",
     .kind = KIND_LIBRARY,
     .summary = "cublasGemmEx",
     .device = DEVICE_GPU,
     .dtypes = DTYPES_ALL,
     .batches = true,
     .run = RUN(gemm, gemm_cublas)},
    {.name = "direct",
     .file = "bench/operations/gemm.c",
     .kind = KIND_YARDSTICK,
     .summary = "cblas_sgemm called in a bare loop",
     .yardstick = yardstick_direct,
     .flops = gemm_flops,
     .bytes = gemm_bytes},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(gemm, variant), ARGUMENT(gemm, m),        ARGUMENT(gemm, n),
    ARGUMENT(gemm, k),       ARGUMENT(gemm, a),        ARGUMENT(gemm, b),
    ARGUMENT(gemm, c),       ARGUMENT(gemm, lda),      ARGUMENT(gemm, ldb),
    ARGUMENT(gemm, ldc),     ARGUMENT(gemm, alpha),    ARGUMENT(gemm, beta),
    ARGUMENT(gemm, batch),   ARGUMENT(gemm, stride_a), ARGUMENT(gemm, stride_b),
    ARGUMENT(gemm, stride_c)};

static const char *const awkward_shapes[] = {
    "1x1x1",     "1x7x1",      "17x19x23", "33x65x129",  "257x3x31",   "3x257x31",
    "31x3x1025", "64x64x64",   "128x1x77", "1x128x300",  "127x129x63", "136x24x72",
    "1x3x5x7",   "3x17x19x23", "5x1x9x33", "2x65x3x129", NULL};
static const struct settings settings[] = {
    {.alpha = 1.0f, .beta = 0.0f},
    {.alpha = 1.0f, .beta = 1.0f, .padding = 3},
    {.alpha = -0.5f, .beta = 2.0f, .padding = 1},
    {.alpha = 0.0f, .beta = 0.5f},
    {.alpha = 2.0f, .beta = 0.0f, .padding = 16},
};

const struct operation operation_gemm = {
    OPERATION_OF(gemm),
    .summary = "matrix product C = alpha op(A) op(B) + beta C, row-major",
    .shape_form = "MxNxK",
    .batches = true,
    OPERATION_ARGUMENTS(gemm),
    .preset_lines = gemm_preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(values_usual),
    .settings = settings,
    .settings_count = sizeof settings / sizeof settings[0],
    .row_cost = gemm_row_cost,
    .probe = gemm_probe,
    .rate = RATE_FLOPS,
    .tuner = &gemm_tuner,
};
