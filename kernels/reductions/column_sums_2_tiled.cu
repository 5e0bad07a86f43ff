/* column_sums, rung 2: a block takes WARP_LANES columns, its warps share the rows.
 *
 * What it adds: COLUMN_WARPS times as many loads under way. Each warp sums every COLUMN_WARPS-th
 * row; the partial sums meet in shared memory, where the first warp adds them in a fixed order, so
 * that the result is the same at every run.
 *
 * Grid: the columns over WARP_LANES, rounded up. Block: WARP_LANES x COLUMN_WARPS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

extern "C" __global__ void __launch_bounds__(WARP_LANES *COLUMN_WARPS)
    column_sums_tiled(const struct column_sums_arguments a) {
    __shared__ float partial[COLUMN_WARPS][WARP_LANES];
    const int lane = threadIdx.x, warp = threadIdx.y;
    const int64_t column = (int64_t)blockIdx.x * WARP_LANES + lane;
    float sum = 0.0f;
    if (column < a.columns)
        for (int64_t r = warp; r < a.rows; r += COLUMN_WARPS)
            sum += a.x[r * a.columns + column];
    partial[warp][lane] = sum;
    __syncthreads();
    if (warp != 0 || column >= a.columns)
        return;
    for (int other = 1; other < COLUMN_WARPS; other++)
        sum += partial[other][lane];
    a.sums[column] = sum;
}
