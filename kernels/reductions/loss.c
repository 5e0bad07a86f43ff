/* Launch geometry of the loss functions' rungs; the kernels stand in kernels/cross_entropy_*.cu and
 * kernels/mse_*.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#define KERNELS(image, prefix)                                                                     \
    {                                                                                              \
        [LOSS_FORWARD] = {image, prefix "_forward"},                                               \
        [LOSS_BACKWARD] = {image, prefix "_backward"},                                             \
        [LOSS_FORWARD_BACKWARD] = {image, prefix "_forward_backward"},                             \
    }
static const struct gpu_kernel cross_entropy_naive_kernels[] =
    KERNELS("cross_entropy_1_naive", "cross_entropy_naive");
static const struct gpu_kernel cross_entropy_tiled_kernels[] =
    KERNELS("cross_entropy_2_tiled", "cross_entropy_tiled");
static const struct gpu_kernel cross_entropy_warp_kernels[] =
    KERNELS("cross_entropy_3_warp", "cross_entropy_warp");
static const struct gpu_kernel mse_naive_kernels[] = KERNELS("mse_1_naive", "mse_naive");
static const struct gpu_kernel mse_tiled_kernels[] = KERNELS("mse_2_tiled", "mse_tiled");

static const struct gpu_kernel cross_entropy_vectorised_kernels[][ROW_FORMS] = {
    [LOSS_FORWARD] = ROW_KERNELS("cross_entropy_4_vectorised", "cross_entropy_vectorised_forward"),
    [LOSS_BACKWARD] =
        ROW_KERNELS("cross_entropy_4_vectorised", "cross_entropy_vectorised_backward"),
    [LOSS_FORWARD_BACKWARD] =
        ROW_KERNELS("cross_entropy_4_vectorised", "cross_entropy_vectorised_forward_backward"),
};

static struct cross_entropy_arguments
cross_entropy_arguments_of(const struct cross_entropy_problem *problem) {
    return (struct cross_entropy_arguments){.logits = problem->logits,
                                            .labels = problem->labels,
                                            .loss = problem->loss,
                                            .dlogits = problem->dlogits,
                                            .rows = problem->rows,
                                            .columns = problem->columns,
                                            .scale = (float)(1.0 / (double)problem->rows)};
}

enum status cross_entropy_cuda_naive(const struct cross_entropy_problem *problem,
                                     struct execution *execution) {
    struct cross_entropy_arguments arguments = cross_entropy_arguments_of(problem);
    return geometry_launch_flat(execution, cross_entropy_naive_kernels[problem->variant],
                                geometry_blocks(problem->rows), &arguments);
}

enum status cross_entropy_cuda_tiled(const struct cross_entropy_problem *problem,
                                     struct execution *execution) {
    struct cross_entropy_arguments arguments = cross_entropy_arguments_of(problem);
    const int64_t blocks[2] = {problem->rows, 1};
    const int threads[2] = {ROW_THREADS, 1};
    return geometry_launch(execution, cross_entropy_tiled_kernels[problem->variant], blocks,
                           threads, &arguments);
}

enum status cross_entropy_cuda_warp(const struct cross_entropy_problem *problem,
                                    struct execution *execution) {
    struct cross_entropy_arguments arguments = cross_entropy_arguments_of(problem);
    const int64_t blocks[2] = {geometry_ceil(problem->rows, WARP_ROWS), 1};
    const int threads[2] = {WARP_ROWS * WARP_LANES, 1};
    return geometry_launch(execution, cross_entropy_warp_kernels[problem->variant], blocks, threads,
                           &arguments);
}

enum status cross_entropy_cuda_vectorised(const struct cross_entropy_problem *problem,
                                          struct execution *execution) {
    struct cross_entropy_arguments arguments = cross_entropy_arguments_of(problem);
    const enum row_form form = geometry_row_form(problem->logits, problem->rows, problem->columns);
    if (execution->gpu != NULL && form == ROW_LONG)
        arguments.kept =
            geometry_row_kept(execution->gpu, 1, problem->logits, problem->rows, problem->columns);
    return geometry_launch_rows(execution, cross_entropy_vectorised_kernels[problem->variant], form,
                                problem->rows, arguments.kept, &arguments);
}

static struct mse_arguments mse_arguments_of(const struct mse_problem *problem) {
    return (struct mse_arguments){
        .prediction = problem->prediction,
        .target = problem->target,
        .loss = problem->loss,
        .dprediction = problem->dprediction,
        .rows = problem->rows,
        .columns = problem->columns,
        .scale = (float)(2.0 / ((double)problem->rows * (double)problem->columns))};
}

enum status mse_cuda_naive(const struct mse_problem *problem, struct execution *execution) {
    struct mse_arguments arguments = mse_arguments_of(problem);
    return geometry_launch_flat(execution, mse_naive_kernels[problem->variant],
                                geometry_blocks(problem->rows), &arguments);
}

enum status mse_cuda_tiled(const struct mse_problem *problem, struct execution *execution) {
    struct mse_arguments arguments = mse_arguments_of(problem);
    const int64_t blocks[2] = {problem->rows, 1};
    const int threads[2] = {ROW_THREADS, 1};
    return geometry_launch(execution, mse_tiled_kernels[problem->variant], blocks, threads,
                           &arguments);
}
