/* Launch geometry of the softmax rungs; the kernels stand in kernels/softmax_*.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#define KERNELS(image, prefix)                                                                     \
    {                                                                                              \
        [SOFTMAX_FORWARD] = {image, prefix "_forward"},                                            \
        [SOFTMAX_BACKWARD] = {image, prefix "_backward"},                                          \
        [SOFTMAX_LOG_FORWARD] = {image, prefix "_log_forward"},                                    \
        [SOFTMAX_LOG_BACKWARD] = {image, prefix "_log_backward"},                                  \
    }
static const struct gpu_kernel naive_kernels[] = KERNELS("softmax_1_naive", "softmax_naive");
static const struct gpu_kernel tiled_kernels[] = KERNELS("softmax_2_tiled", "softmax_tiled");
static const struct gpu_kernel warp_kernels[] = KERNELS("softmax_3_warp", "softmax_warp");

static const struct gpu_kernel vectorised_kernels[][ROW_FORMS] = {
    [SOFTMAX_FORWARD] = ROW_KERNELS("softmax_4_vectorised", "softmax_vectorised_forward"),
    [SOFTMAX_BACKWARD] = ROW_KERNELS("softmax_4_vectorised", "softmax_vectorised_backward"),
    [SOFTMAX_LOG_FORWARD] = ROW_KERNELS("softmax_4_vectorised", "softmax_vectorised_log_forward"),
    [SOFTMAX_LOG_BACKWARD] = ROW_KERNELS("softmax_4_vectorised", "softmax_vectorised_log_backward"),
};

static struct softmax_arguments arguments_of(const struct softmax_problem *problem) {
    return (struct softmax_arguments){.input = problem->input,
                                      .dy = problem->dy,
                                      .output = problem->output,
                                      .rows = problem->rows,
                                      .columns = problem->columns};
}

enum status softmax_cuda_naive(const struct softmax_problem *problem, struct execution *execution) {
    struct softmax_arguments arguments = arguments_of(problem);
    return geometry_launch_flat(execution, naive_kernels[problem->variant],
                                geometry_blocks(problem->rows), &arguments);
}

enum status softmax_cuda_tiled(const struct softmax_problem *problem, struct execution *execution) {
    struct softmax_arguments arguments = arguments_of(problem);
    const int64_t blocks[2] = {problem->rows, 1};
    const int threads[2] = {ROW_THREADS, 1};
    return geometry_launch(execution, tiled_kernels[problem->variant], blocks, threads, &arguments);
}

enum status softmax_cuda_warp(const struct softmax_problem *problem, struct execution *execution) {
    struct softmax_arguments arguments = arguments_of(problem);
    const int64_t blocks[2] = {geometry_ceil(problem->rows, WARP_ROWS), 1};
    const int threads[2] = {WARP_ROWS * WARP_LANES, 1};
    return geometry_launch(execution, warp_kernels[problem->variant], blocks, threads, &arguments);
}

enum status softmax_cuda_vectorised(const struct softmax_problem *problem,
                                    struct execution *execution) {
    struct softmax_arguments arguments = arguments_of(problem);
    const int arrays = problem->variant == SOFTMAX_BACKWARD ? 2 : 1; /* dy and y, or one of them */
    const enum row_form form = geometry_row_form(problem->input, problem->rows, problem->columns);
    if (execution->gpu != NULL && form == ROW_LONG)
        arguments.kept = geometry_row_kept(execution->gpu, arrays, problem->input, problem->rows,
                                           problem->columns);
    return geometry_launch_rows(execution, vectorised_kernels[problem->variant], form,
                                problem->rows, arguments.kept * arrays, &arguments);
}
