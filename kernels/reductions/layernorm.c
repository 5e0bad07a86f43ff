/* Launch geometry of the layernorm rungs; the kernels stand in layernorm_*.cu beside this file. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#define KERNELS(image, prefix)                                                                     \
    {                                                                                              \
        [LAYERNORM_FORWARD] = {image, prefix "_forward"},                                          \
        [LAYERNORM_BACKWARD] = {image, prefix "_backward"},                                        \
        [LAYERNORM_RMS_FORWARD] = {image, prefix "_rms_forward"},                                  \
        [LAYERNORM_RMS_BACKWARD] = {image, prefix "_rms_backward"},                                \
    }
static const struct gpu_kernel naive_kernels[] = KERNELS("layernorm_1_naive", "layernorm_naive");
static const struct gpu_kernel warp_kernels[] = KERNELS("layernorm_2_warp", "layernorm_warp");

#define FORM_KERNELS(variant) ROW_KERNELS("layernorm_3_vectorised", "layernorm_vectorised_" variant)
static const struct gpu_kernel vectorised_kernels[][ROW_FORMS] = {
    [LAYERNORM_FORWARD] = FORM_KERNELS("forward"),
    [LAYERNORM_BACKWARD] = FORM_KERNELS("backward"),
    [LAYERNORM_RMS_FORWARD] = FORM_KERNELS("rms_forward"),
    [LAYERNORM_RMS_BACKWARD] = FORM_KERNELS("rms_backward"),
};

static struct layernorm_arguments arguments_of(const struct layernorm_problem *problem) {
    return (struct layernorm_arguments){.x = problem->x,
                                        .gamma = problem->gamma,
                                        .beta = problem->beta,
                                        .dy = problem->dy,
                                        .mean = problem->mean,
                                        .rstd = problem->rstd,
                                        .output = problem->output,
                                        .dgamma = problem->dgamma,
                                        .dbeta = problem->dbeta,
                                        .rows = problem->rows,
                                        .columns = problem->columns,
                                        .epsilon = problem->epsilon};
}

enum status layernorm_cuda_naive(const struct layernorm_problem *problem,
                                 struct execution *execution) {
    static const struct gpu_kernel columns = {"layernorm_1_naive", "layernorm_naive_columns"};
    static const struct gpu_kernel rms = {"layernorm_1_naive", "layernorm_naive_rms_columns"};
    struct layernorm_arguments arguments = arguments_of(problem);
    enum status status = geometry_launch_flat(execution, naive_kernels[problem->variant],
                                              geometry_blocks(problem->rows), &arguments);
    if (status != STATUS_OK || problem->dy == NULL)
        return status;
    return geometry_launch_flat(execution, problem->mean == NULL ? rms : columns,
                                geometry_blocks(problem->columns), &arguments);
}

/* dgamma and dbeta, as the warp rung takes them. */
static enum status launch_columns(const struct layernorm_problem *problem,
                                  struct layernorm_arguments *arguments,
                                  struct execution *execution) {
    static const struct gpu_kernel columns = {"layernorm_2_warp", "layernorm_warp_columns"};
    static const struct gpu_kernel rms = {"layernorm_2_warp", "layernorm_warp_rms_columns"};
    const int64_t blocks[2] = {geometry_ceil(problem->columns, WARP_LANES), 1};
    const int threads[2] = {WARP_LANES, COLUMN_WARPS};
    return geometry_launch(execution, problem->mean == NULL ? rms : columns, blocks, threads,
                           arguments);
}

enum status layernorm_cuda_warp(const struct layernorm_problem *problem,
                                struct execution *execution) {
    struct layernorm_arguments arguments = arguments_of(problem);
    const int64_t blocks[2] = {geometry_ceil(problem->rows, WARP_ROWS), 1};
    const int threads[2] = {WARP_ROWS * WARP_LANES, 1};
    enum status status =
        geometry_launch(execution, warp_kernels[problem->variant], blocks, threads, &arguments);
    return status == STATUS_OK && problem->dy != NULL
               ? launch_columns(problem, &arguments, execution)
               : status;
}

enum status layernorm_cuda_vectorised(const struct layernorm_problem *problem,
                                      struct execution *execution) {
    struct layernorm_arguments arguments = arguments_of(problem);
    const int arrays = problem->dy != NULL ? 2 : 1; /* x and dy, or x alone */
    const enum row_form form = geometry_row_form(problem->x, problem->rows, problem->columns);
    if (execution->gpu != NULL && form == ROW_LONG)
        arguments.kept =
            geometry_row_kept(execution->gpu, arrays, problem->x, problem->rows, problem->columns);
    enum status status = geometry_launch_rows(execution, vectorised_kernels[problem->variant], form,
                                              problem->rows, arguments.kept * arrays, &arguments);
    return status == STATUS_OK && problem->dy != NULL
               ? launch_columns(problem, &arguments, execution)
               : status;
}
