/* Launch geometry of the gemm rungs; the kernels stand in kernels/gemm_*.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

static const struct gpu_kernel naive_kernels[] = {
    [GEMM_NN] = {"gemm_1_naive", "gemm_naive_nn"},
    [GEMM_NT] = {"gemm_1_naive", "gemm_naive_nt"},
    [GEMM_TN] = {"gemm_1_naive", "gemm_naive_tn"},
};

static const struct gpu_kernel tiled_kernels[] = {
    [GEMM_NN] = {"gemm_2_tiled", "gemm_tiled_nn"},
    [GEMM_NT] = {"gemm_2_tiled", "gemm_tiled_nt"},
    [GEMM_TN] = {"gemm_2_tiled", "gemm_tiled_tn"},
};

static enum status precondition(const struct gemm_problem *problem, const char *rung,
                                struct execution *execution) {
    if (problem->dtype == DTYPE_F32)
        return STATUS_OK;
    return message_set(execution->message, STATUS_UNSUPPORTED,
                       "gemm %s computes in f32 alone: it has no tensor core path", rung);
}

static struct gemm_arguments arguments_of(const struct gemm_problem *problem) {
    return (struct gemm_arguments){.a = problem->a,
                                   .b = problem->b,
                                   .c = problem->c,
                                   .m = problem->m,
                                   .n = problem->n,
                                   .k = problem->alpha != 0.0f ? problem->k
                                                               : 0, /* A and B are not read */
                                   .lda = problem->lda,
                                   .ldb = problem->ldb,
                                   .ldc = problem->ldc,
                                   .alpha = problem->alpha,
                                   .beta = problem->beta};
}

enum status gemm_cuda_naive(const struct gemm_problem *problem, struct execution *execution) {
    enum { GRID_Y_LIMIT = 65535 }; /* the kernel goes on from there by itself */
    enum status status = precondition(problem, "cuda-naive", execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_arguments arguments = arguments_of(problem);
    int64_t across = geometry_ceil(problem->n, GEMM_NAIVE_SIDE);
    const int64_t blocks[2] = {geometry_ceil(problem->m, GEMM_NAIVE_SIDE),
                               across < GRID_Y_LIMIT ? across : GRID_Y_LIMIT};
    const int threads[2] = {GEMM_NAIVE_SIDE, GEMM_NAIVE_SIDE};
    return geometry_launch(execution, naive_kernels[problem->variant], blocks, threads, &arguments);
}

enum status gemm_cuda_tiled(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, "cuda-tiled", execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_arguments arguments = arguments_of(problem);
    const int64_t blocks[2] = {
        geometry_ceil(problem->m, GEMM_TILE) * geometry_ceil(problem->n, GEMM_TILE), 1};
    const int threads[2] = {GEMM_TILE, GEMM_TILE};
    return geometry_launch(execution, tiled_kernels[problem->variant], blocks, threads, &arguments);
}
