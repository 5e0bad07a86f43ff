/* column_sums, rung 1: one thread a column.
 *
 * Neighbouring threads take neighbouring columns, so the loads are coalesced; but a layer's
 * hundreds of columns are a handful of warps, and each waits for its loads one after the other.
 *
 * Grid: one dimension over the columns, rounded up. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    column_sums_naive(const struct column_sums_arguments a) {
    const int64_t column = grid_thread();
    if (column >= a.columns)
        return;
    float sum = 0.0f;
    for (int64_t r = 0; r < a.rows; r++)
        sum += a.x[r * a.columns + column];
    a.sums[column] = sum;
}
