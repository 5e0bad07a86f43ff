/* gemm by cuBLAS.
 *
 * cuBLAS is column-major. The bytes of a row-major C[m,n] are those of a column-major C^T with m
 * and n swapped, and C^T = op(B)^T op(A)^T: so the operands trade places, each keeps its own
 * leading dimension, and an operand that is stored transposed for us is stored transposed for
 * cuBLAS. Nothing is copied.
 */
#include "gpu/cublas.h"
#include "kernels/kernels.h"

#include <limits.h>

/* f32 is what cuBLAS's users get: its pedantic form leaves out optimisations, and a rung that beats
 * that has beaten nobody. The variables that let CUBLAS_COMPUTE_32F take tensor cores are the
 * user's and named in a run's warnings; verification holds whatever comes to the bound of f32. */
static const struct {
    const char *name;
    cublas_data_type operand;
    cublas_compute_type compute;
    int capability; /* the least compute capability, times 10 */
} modes[] = {
    [DTYPE_F32] = {"f32", CUDA_R_32F, CUBLAS_COMPUTE_32F, 0},
    [DTYPE_TF32] = {"tf32", CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, 80},
    [DTYPE_BF16] = {"bf16", CUDA_R_16BF, CUBLAS_COMPUTE_32F, 80},
    [DTYPE_F16] = {"f16", CUDA_R_16F, CUBLAS_COMPUTE_32F, 70},
};

static enum status precondition(const struct gemm_problem *problem, struct execution *execution) {
    struct message *message = execution->message;
    if (execution->gpu == NULL)
        return message_set(message, STATUS_INVALID, "cuBLAS was called without a GPU");
    const int64_t sizes[] = {problem->m,   problem->n,   problem->k,    problem->lda,
                             problem->ldb, problem->ldc, problem->batch};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (sizes[i] > INT_MAX)
            return message_set(message, STATUS_UNSUPPORTED,
                               "cuBLAS takes sizes up to %d, and one here is %lld", INT_MAX,
                               (long long)sizes[i]);
    const struct gpu_properties *properties = gpu_properties(execution->gpu);
    if (!properties->emulated && properties->capability < modes[problem->dtype].capability)
        return message_set(message, STATUS_UNSUPPORTED,
                           "%s needs compute capability %d.%d and %s has %d.%d",
                           modes[problem->dtype].name, modes[problem->dtype].capability / 10,
                           modes[problem->dtype].capability % 10, properties->name,
                           properties->capability / 10, properties->capability % 10);
    return STATUS_OK;
}

enum status gemm_cublas(const struct gemm_problem *problem, struct execution *execution) {
    const struct gpu_cublas *cublas = NULL;
    enum status status = precondition(problem, execution);
    if (status == STATUS_OK)
        status = gpu_cublas_open(execution->gpu, &cublas, execution->message);
    if (status != STATUS_OK)
        return status;
    const cublas_operation op_a = problem->variant == GEMM_TN ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublas_operation op_b = problem->variant == GEMM_NT ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublas_data_type operand = modes[problem->dtype].operand;
    if (problem->batch > 1)
        return gpu_cublas_check(
            execution->gpu,
            cublas->cublasGemmStridedBatchedEx(
                cublas->handle, op_b, op_a, (int)problem->n, (int)problem->m, (int)problem->k,
                &problem->alpha, problem->b, operand, (int)problem->ldb, problem->stride_b,
                problem->a, operand, (int)problem->lda, problem->stride_a, &problem->beta,
                problem->c, CUDA_R_32F, (int)problem->ldc, problem->stride_c, (int)problem->batch,
                modes[problem->dtype].compute, CUBLAS_GEMM_DEFAULT),
            "cublasGemmStridedBatchedEx", execution->message);
    return gpu_cublas_check(
        execution->gpu,
        cublas->cublasGemmEx(cublas->handle, op_b, op_a, (int)problem->n, (int)problem->m,
                             (int)problem->k, &problem->alpha, problem->b, operand,
                             (int)problem->ldb, problem->a, operand, (int)problem->lda,
                             &problem->beta, problem->c, CUDA_R_32F, (int)problem->ldc,
                             modes[problem->dtype].compute, CUBLAS_GEMM_DEFAULT),
        "cublasGemmEx", execution->message);
}
