/* Launch geometry of the transfer rungs and of the ceiling; the kernels stand in
 * kernels/transfer_*.cu and kernels/ceiling.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

static const struct gpu_kernel naive_kernels[] = {
    [TRANSFER_COPY] = {"transfer_1_naive", "copy_naive"},
    [TRANSFER_TRIAD] = {"transfer_1_naive", "triad_naive"},
};

static const struct gpu_kernel vectorised_kernels[] = {
    [TRANSFER_COPY] = {"transfer_2_vectorised", "copy_vectorised"},
    [TRANSFER_TRIAD] = {"transfer_2_vectorised", "triad_vectorised"},
};

static struct transfer_arguments arguments_of(const struct transfer_problem *problem) {
    return (struct transfer_arguments){.a = problem->a,
                                       .b = problem->b,
                                       .out = problem->out,
                                       .scale = problem->scale,
                                       .split = {.count = problem->count}};
}

enum status transfer_cuda_naive(const struct transfer_problem *problem,
                                struct execution *execution) {
    struct transfer_arguments arguments = arguments_of(problem);
    return geometry_launch_flat(execution, naive_kernels[problem->variant],
                                geometry_blocks(problem->count), &arguments);
}

enum status transfer_cuda_vectorised(const struct transfer_problem *problem,
                                     struct execution *execution) {
    struct transfer_arguments arguments = arguments_of(problem);
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "transfer cuda-vectorised was called without a GPU");
    const void *const pointers[] = {problem->a, problem->b, problem->out};
    arguments.split = geometry_split(problem->count, pointers, 3);
    int64_t items = arguments.split.vectors > 0 ? arguments.split.vectors : problem->count;
    return geometry_launch_flat(execution, vectorised_kernels[problem->variant],
                                geometry_blocks_resident(execution->gpu, items), &arguments);
}

enum status ceiling_cuda_fma(int64_t iterations, void *scratch, double *flops,
                             struct execution *execution) {
    const struct gpu_kernel kernel = {"ceiling", "ceiling_fma"};
    struct ceiling_arguments arguments = {
        .iterations = iterations, .factor = 0.999f, .summand = 0.001f, .out = scratch};
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "the FMA ceiling was called without a GPU");
    int64_t blocks = geometry_blocks_resident(execution->gpu, INT64_MAX);
    *flops = 2.0 * CEILING_CHAINS * (double)iterations * THREADS * (double)blocks;
    return geometry_launch_flat(execution, kernel, blocks, &arguments);
}
