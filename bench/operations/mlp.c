/* mlp: a whole training step, or inference, of a multilayer perceptron with ReLU and Adam. */
#include "bench/operations/mlp.h"
#include "bench/operations/libraries.h"
#include "bench/operations/mlp_case.h"
#include "kernels/kernels.h"
#include "ranks/ranks.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/simd/simd.h"

static const char *const variants[] = {
    [TRAIN_STEP] = "train_step", [TRAIN_STEP_MSE] = "train_step_mse", [INFERENCE] = "inference"};

/* --- implementations -------------------------------------------------------------------------- */

static const struct mlp_kernels kernels_naive = {.gemm = gemm_naive,
                                                 .activation = activation_naive,
                                                 .softmax = softmax_naive,
                                                 .cross_entropy = cross_entropy_naive,
                                                 .mse = mse_naive,
                                                 .column_sums = column_sums_naive,
                                                 .optimizer = optimizer_naive,
                                                 .round = round_naive};

/* What goes with products of the CPU's libraries, and with products on the GPU. */
#define WITH_SIMD                                                                                  \
    .activation = activation_simd, .softmax = softmax_simd, .cross_entropy = cross_entropy_simd,   \
    .mse = mse_simd, .column_sums = column_sums_simd, .optimizer = optimizer_simd,                 \
    .round = round_simd
#define WITH_CUDA                                                                                  \
    .activation = activation_cuda_vectorised, .softmax = softmax_cuda_warp,                        \
    .cross_entropy = cross_entropy_cuda_warp, .mse = mse_cuda_tiled,                               \
    .column_sums = column_sums_cuda_tiled, .optimizer = optimizer_cuda_vectorised,                 \
    .round = round_cuda_vectorised

static const struct mlp_kernels kernels_simd = {
    .gemm = gemm_simd, .linear = linear_simd, WITH_SIMD};
static const struct mlp_kernels kernels_openblas = {.gemm = gemm_openblas, WITH_SIMD};
static const struct mlp_kernels kernels_blis = {.gemm = gemm_blis, WITH_SIMD};
static const struct mlp_kernels kernels_onednn = {.gemm = gemm_onednn, WITH_SIMD};

static const struct mlp_kernels kernels_simd_mpi = {
    .gemm = gemm_simd, WITH_SIMD, .exchange = MLP_EXCHANGE_DIVIDED};
static const struct mlp_kernels kernels_openblas_mpi = {
    .gemm = gemm_openblas, WITH_SIMD, .exchange = MLP_EXCHANGE_DIVIDED};
static const struct mlp_kernels kernels_openblas_buckets = {
    .gemm = gemm_openblas, WITH_SIMD, .exchange = MLP_EXCHANGE_BUCKETS};
static const struct mlp_kernels kernels_onednn_mpi = {
    .gemm = gemm_onednn, WITH_SIMD, .exchange = MLP_EXCHANGE_DIVIDED};

static const struct mlp_kernels kernels_cuda_naive = {.gemm = gemm_cuda_naive,
                                                      .activation = activation_cuda_naive,
                                                      .softmax = softmax_cuda_naive,
                                                      .cross_entropy = cross_entropy_cuda_naive,
                                                      .mse = mse_cuda_naive,
                                                      .column_sums = column_sums_cuda_naive,
                                                      .optimizer = optimizer_cuda_naive,
                                                      .round = round_cuda_naive};

/* The best rung of every kernel but the products. */
#define WITH_VECTORISED                                                                            \
    .activation = activation_cuda_vectorised, .softmax = softmax_cuda_vectorised,                  \
    .cross_entropy = cross_entropy_cuda_vectorised, .mse = mse_cuda_tiled,                         \
    .column_sums = column_sums_cuda_tiled, .optimizer = optimizer_cuda_vectorised,                 \
    .round = round_cuda_vectorised, .graph = true
static const struct mlp_kernels kernels_cuda_tensor = {.gemm = gemm_cuda_tensor, WITH_VECTORISED};
static const struct mlp_kernels kernels_cuda_hopper = {.gemm = gemm_cuda_hopper, WITH_VECTORISED};

static const struct mlp_kernels kernels_cuda_tiled = {.gemm = gemm_cuda_tiled, WITH_CUDA};
static const struct mlp_kernels kernels_cublas = {.gemm = gemm_cublas, WITH_CUDA};
static const struct mlp_kernels kernels_cublas_graph = {
    .gemm = gemm_cublas, WITH_CUDA, .graph = true};

#define CUDA_BEST .gemm = gemm_cuda_best, .linear = linear_cuda_best, WITH_VECTORISED
static const struct mlp_kernels kernels_cuda_best = {CUDA_BEST};

/* Over the GPUs of a job. */
static const struct mlp_kernels kernels_cuda_best_nccl = {CUDA_BEST,
                                                          .exchange = MLP_EXCHANGE_WHOLE};
static const struct mlp_kernels kernels_cuda_best_buckets = {CUDA_BEST,
                                                             .exchange = MLP_EXCHANGE_BUCKETS};
static const struct mlp_kernels kernels_cublas_nccl = {
    .gemm = gemm_cublas, WITH_CUDA, .exchange = MLP_EXCHANGE_WHOLE};
static const struct mlp_kernels kernels_cublas_buckets = {
    .gemm = gemm_cublas, WITH_CUDA, .exchange = MLP_EXCHANGE_BUCKETS};
#undef CUDA_BEST
#undef WITH_VECTORISED
#undef WITH_SIMD
#undef WITH_CUDA

/* Only the products of the step, with OpenBLAS. */
static enum status yardstick_gemms(const struct launch *launch, int64_t iterations,
                                   struct execution *execution) {
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < iterations; i++) {
        struct mlp_plan plan;
        mlp_plan_of(launch, i, &plan);
        for (int p = 0; p < plan.count && status == STATUS_OK; p++)
            if (plan.parts[p].kind == MLP_PART_GEMM)
                status = gemm_openblas(&plan.parts[p].problem.gemm, execution);
    }
    return status;
}

/* --- over ranks ------------------------------------------------------------------------------- */

static const char *rows_for_ranks(const struct bench_case *c) {
    if (!c)
        return NULL;
    if (c->settings.ranks < 1)
        return ranks_absence() ? ranks_absence()
                               : "shares a batch over ranks, and this process is alone: start it "
                                 "by `mpirun -n 2 lockstep …`";
    return c->sizes[c->size_count - 1] % c->settings.ranks
               ? "wants a batch that is a multiple of the ranks, so that all have as many rows"
               : NULL;
}

static const char *onednn_for_ranks(const struct bench_case *c) {
    const char *lacking = onednn_availability(c);
    return lacking ? lacking : rows_for_ranks(c);
}

/* Rows of operands have as many elements of 16 bits as a layer has neurons. */
static const char *hopper_availability(const struct bench_case *c) {
    enum { CHUNK_ELEMENTS = 8 };
    for (int l = 0; c && l < c->size_count - 1; l++)
        if (c->sizes[l] % CHUNK_ELEMENTS != 0)
            return "wants layers that are multiples of 8 wide, for TMA copies rows at multiples of "
                   "16 bytes";
    return kernels_absence("gemm_10_hopper_128x256");
}

#define STEPS (1u << TRAIN_STEP | 1u << TRAIN_STEP_MSE)

/* Of rows that take bf16 and f16 besides. */
#define NARROW_TOO (DTYPE_BIT(DTYPE_F32) | DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16))

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "bench/operations/mlp.c",
     .kind = KIND_PLAIN,
     .summary = "every part as a textbook shows it",
     .dtypes = NARROW_TOO,
     .one_thread = true,
     .own = MLP_KERNELS(&kernels_naive)},
    {.name = "cpu-simd",
     .file = "bench/operations/mlp.c",
     .summary = "every part vectorised, on all cores",
     .adds = "vectors of this processor's full width, and all cores",
     .dtypes = NARROW_TOO,
     .own = MLP_KERNELS(&kernels_simd)},
    {.name = "openblas",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "cblas_sgemm, everything else cpu-simd",
     .adds = "a library's products",
     .configuration = openblas_core_type,
     .own = MLP_KERNELS(&kernels_openblas)},
    {.name = "blis",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "bli_sgemm, everything else cpu-simd",
     .availability = blis_availability,
     .configuration = blis_configuration,
     .own = MLP_KERNELS(&kernels_blis)},
    {.name = "onednn",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "oneDNN's products, everything else cpu-simd",
     .dtypes = NARROW_TOO,
     .availability = onednn_availability,
     .configuration = onednn_configuration,
     .own = MLP_KERNELS(&kernels_onednn)},
    {.name = "cpu-simd-mpi",
     .file = "bench/network/mlp_exchange.c",
     .kind = KIND_LIBRARY,
     .summary = "cpu-simd on a share of the batch, gradients averaged over ranks by MPI",
     .variants = STEPS,
     .over_ranks = true,
     .without_link = true,
     .availability = rows_for_ranks,
     .own = MLP_KERNELS(&kernels_simd_mpi)},
    {.name = "openblas-mpi",
     .file = "bench/network/mlp_exchange.c",
     .kind = KIND_LIBRARY,
     .summary = "openblas on a share of the batch, gradients averaged over ranks by MPI",
     .variants = STEPS,
     .over_ranks = true,
     .without_link = true,
     .availability = rows_for_ranks,
     .configuration = openblas_core_type,
     .own = MLP_KERNELS(&kernels_openblas_mpi)},
    {.name = "openblas-mpi-buckets",
     .file = "bench/network/mlp_exchange.c",
     .kind = KIND_LIBRARY,
     .summary = "openblas-mpi, each layer's sum begun by MPI_Iallreduce while the next is computed",
     .variants = STEPS,
     .over_ranks = true,
     .without_link = true,
     .availability = rows_for_ranks,
     .configuration = openblas_core_type,
     .own = MLP_KERNELS(&kernels_openblas_buckets)},
    {.name = "onednn-mpi",
     .file = "bench/network/mlp_exchange.c",
     .kind = KIND_LIBRARY,
     .summary = "onednn on a share of the batch, gradients averaged over ranks by MPI",
     .variants = STEPS,
     .over_ranks = true,
     .without_link = true,
     .availability = onednn_for_ranks,
     .configuration = onednn_configuration,
     .own = MLP_KERNELS(&kernels_onednn_mpi)},
    {.name = "cuda-naive",
     .file = "bench/operations/mlp.c",
     .kind = KIND_PLAIN,
     .summary = "the first rung of every kernel",
     .device = DEVICE_GPU,
     .dtypes = NARROW_TOO,
     .own = MLP_KERNELS(&kernels_cuda_naive)},
    {.name = "cuda-tiled",
     .file = "bench/operations/mlp.c",
     .summary = "tiled GEMM, vectorised and warp kernels",
     .adds = "tiles in shared memory, a warp for each row, 16 bytes an access",
     .device = DEVICE_GPU,
     .own = MLP_KERNELS(&kernels_cuda_tiled)},
    {.name = "cuda-best",
     .file = "bench/operations/mlp.c",
     .summary = "the best rung of every kernel, bias and ReLU in the GEMM, as one CUDA Graph",
     .adds = "bias and ReLU in the product, one read of the logits, one launch a step",
     .device = DEVICE_GPU,
     .own = MLP_KERNELS(&kernels_cuda_best)},
    {.name = "cuda-tensor",
     .file = "bench/operations/mlp.c",
     .summary = "products on tensor cores, the best rung of every other kernel, as one CUDA Graph",
     .adds = "16-bit operands, 2,048 products an instruction of a warp",
     .device = DEVICE_GPU,
     .dtypes = DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16),
     .own = MLP_KERNELS(&kernels_cuda_tensor)},
    {.name = "cuda-hopper",
     .file = "bench/operations/mlp.c",
     .summary = "products by wgmma and TMA, all else as cuda-tensor",
     .adds = "operands by TMA, products of four warps that read them in place",
     .device = DEVICE_GPU,
     .dtypes = DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16),
     .availability = hopper_availability,
     .own = MLP_KERNELS(&kernels_cuda_hopper)},
    {.name = "cublas",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "cuBLAS, vectorised and warp kernels",
     .device = DEVICE_GPU,
     .dtypes = NARROW_TOO,
     .own = MLP_KERNELS(&kernels_cublas)},
    {.name = "cublas-graph",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "cublas, each step replayed as one CUDA Graph",
     .adds = "one launch a step instead of one a kernel",
     .device = DEVICE_GPU,
     .dtypes = NARROW_TOO,
     .own = MLP_KERNELS(&kernels_cublas_graph)},
    {.name = "cuda-best-nccl",
     .file = "bench/network/mlp_exchange.c",
     .kind = KIND_LIBRARY,
     .summary = "cuda-best on a share of the batch, gradients averaged by NCCL in the same graph",
     .device = DEVICE_GPU,
     .variants = STEPS,
     .over_ranks = true,
     .availability = rows_for_ranks,
     .own = MLP_KERNELS(&kernels_cuda_best_nccl)},
    {.name = "cuda-best-nccl-buckets",
     .file = "bench/network/mlp_exchange.c",
     .kind = KIND_LIBRARY,
     .summary = "cuda-best-nccl, each layer's sum in a second stream while the next is computed",
     .device = DEVICE_GPU,
     .variants = STEPS,
     .over_ranks = true,
     .availability = rows_for_ranks,
     .own = MLP_KERNELS(&kernels_cuda_best_buckets)},
    {.name = "cublas-nccl",
     .file = "bench/network/mlp_exchange.c",
     .kind = KIND_LIBRARY,
     .summary = "cublas on a share of the batch, gradients averaged by NCCL",
     .device = DEVICE_GPU,
     .variants = STEPS,
     .over_ranks = true,
     .availability = rows_for_ranks,
     .own = MLP_KERNELS(&kernels_cublas_nccl)},
    {.name = "cublas-nccl-buckets",
     .file = "bench/network/mlp_exchange.c",
     .kind = KIND_LIBRARY,
     .summary = "cublas-nccl, each layer's sum in a second stream while the next is computed",
     .device = DEVICE_GPU,
     .variants = STEPS,
     .over_ranks = true,
     .availability = rows_for_ranks,
     .own = MLP_KERNELS(&kernels_cublas_buckets)},
    {.name = "gemms",
     .file = "bench/operations/mlp.c",
     .kind = KIND_YARDSTICK,
     .summary = "the GEMMs of the step alone, with OpenBLAS",
     .yardstick = yardstick_gemms,
     .flops = mlp_flops,
     .bytes = mlp_bytes},
};
#undef NARROW_TOO
#undef STEPS

static const char *const awkward_shapes[] = {"1-1@1",        "2-3@1",        "3-4-2@100",
                                             "17-19-23@5",   "1-33-1@7",     "65-1-129@3",
                                             "31-17-9-11@1", "784-128-10@3", NULL};
static const enum values special_values[] = {VALUES_DENORMAL};

const struct operation operation_mlp = {
    OPERATION_OF(mlp),
    .summary = "a whole training step or inference of a multilayer perceptron",
    .shape_form = "LAYERS@BATCH",
    .preset_lines = mlp_preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(special_values),
    .shape_parse = mlp_shape_parse,
    .shape_format = mlp_shape_format,
    .prepare = mlp_prepare,
    .keep = mlp_keep,
    .release = mlp_release,
    .settle = mlp_settle,
    .sent = mlp_sent,
    .scale = mlp_scale,
    .restore_each_sample = true,
    .oracle_open = mlp_oracle_open,
    .oracle_close = mlp_oracle_close,
    .parts = &mlp_parts,
    .rate = RATE_FLOPS_OF_CASE,
};
