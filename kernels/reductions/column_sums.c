/* Launch geometry of the column_sums rungs; the kernels stand in kernels/column_sums_*.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

static struct column_sums_arguments arguments_of(const struct column_sums_problem *problem) {
    return (struct column_sums_arguments){
        .x = problem->x, .sums = problem->sums, .rows = problem->rows, .columns = problem->columns};
}

enum status column_sums_cuda_naive(const struct column_sums_problem *problem,
                                   struct execution *execution) {
    const struct gpu_kernel kernel = {"column_sums_1_naive", "column_sums_naive"};
    struct column_sums_arguments arguments = arguments_of(problem);
    return geometry_launch_flat(execution, kernel, geometry_blocks(problem->columns), &arguments);
}

enum status column_sums_cuda_tiled(const struct column_sums_problem *problem,
                                   struct execution *execution) {
    const struct gpu_kernel kernel = {"column_sums_2_tiled", "column_sums_tiled"};
    struct column_sums_arguments arguments = arguments_of(problem);
    const int64_t blocks[2] = {geometry_ceil(problem->columns, WARP_LANES), 1};
    const int threads[2] = {WARP_LANES, COLUMN_WARPS};
    return geometry_launch(execution, kernel, blocks, threads, &arguments);
}
