/* Launch geometry of gemm's tensor rung; the kernels stand in kernels/gemm_9_tensor_*.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

enum { CAPABILITY = 80, CHUNK_BYTES = 16 };

#define KERNELS(type)                                                                              \
    {                                                                                              \
        [GEMM_NN] = {{"gemm_9_tensor_" type, "gemm_tensor_" type "_nn_scalar"},                    \
                     {"gemm_9_tensor_" type, "gemm_tensor_" type "_nn"}},                          \
        [GEMM_NT] = {{"gemm_9_tensor_" type, "gemm_tensor_" type "_nt_scalar"},                    \
                     {"gemm_9_tensor_" type, "gemm_tensor_" type "_nt"}},                          \
        [GEMM_TN] = {{"gemm_9_tensor_" type, "gemm_tensor_" type "_tn_scalar"},                    \
                     {"gemm_9_tensor_" type, "gemm_tensor_" type "_tn"}},                          \
    }

/* By type, variant, and whether the operands are aligned. */
static const struct gpu_kernel tensor_kernels[][GEMM_TN + 1][2] = {
    [DTYPE_TF32] = KERNELS("tf32"),
    [DTYPE_BF16] = KERNELS("bf16"),
    [DTYPE_F16] = KERNELS("f16"),
};

static enum status precondition(const struct gemm_problem *problem, struct execution *execution) {
    struct message *message = execution->message;
    if (problem->dtype == DTYPE_F32)
        return message_set(message, STATUS_UNSUPPORTED,
                           "gemm cuda-tensor takes tf32, bf16 and f16: tensor cores know no f32");
    if (execution->gpu == NULL)
        return message_set(message, STATUS_INVALID, "gemm cuda-tensor was called without a GPU");
    const struct gpu_properties *properties = gpu_properties(execution->gpu);
    if (properties->capability < CAPABILITY)
        return message_set(message, STATUS_UNSUPPORTED,
                           "gemm cuda-tensor needs compute capability 8.0 and %s has %d.%d",
                           properties->name, properties->capability / 10,
                           properties->capability % 10);
    return STATUS_OK;
}

static bool in_chunks(const void *matrix, int64_t leading, size_t element_bytes) {
    return (uintptr_t)matrix % CHUNK_BYTES == 0 &&
           (size_t)leading * element_bytes % CHUNK_BYTES == 0;
}

enum status gemm_cuda_tensor(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, execution);
    if (status != STATUS_OK)
        return status;
    const size_t bytes = problem->dtype == DTYPE_TF32 ? sizeof(float) : sizeof(uint16_t);
    const bool aligned =
        in_chunks(problem->a, problem->lda, bytes) && in_chunks(problem->b, problem->ldb, bytes);
    struct gemm_arguments arguments = {
        .a = problem->a,
        .b = problem->b,
        .c = problem->c,
        .m = problem->m,
        .n = problem->n,
        .k = problem->alpha != 0.0f ? problem->k : 0, /* A and B are not read */
        .lda = problem->lda,
        .ldb = problem->ldb,
        .ldc = problem->ldc,
        .alpha = problem->alpha,
        .beta = problem->beta,
        .c_in_vectors = in_chunks(problem->c, problem->ldc, sizeof(float))};
    const struct gpu_launch launch = {
        .kernel = tensor_kernels[problem->dtype][problem->variant][aligned],
        .grid = {geometry_ceil(problem->m, TENSOR_TILE) * geometry_ceil(problem->n, TENSOR_TILE), 1,
                 1},
        .block = {GEMM_TENSOR_THREADS, 1, 1},
        .shared_bytes = GEMM_TENSOR_SHARED,
        .arguments = &arguments};
    return gpu_launch(execution->gpu, &launch, execution->message);
}
