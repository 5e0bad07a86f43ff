/* softmax, rung 3: one warp a row, maximum and sum in one pass.
 *
 * What it adds: the online form needs one pass for both numbers, so the row is read twice instead
 * of three times; lanes exchange by shuffles, so there is no barrier and no shared memory, and
 * short rows no longer leave most of a block idle.
 *
 * Grid: the rows over WARP_ROWS, rounded up. Block: WARP_ROWS warps.
 */
#include "kernels/warp_reduce.cuh"

extern "C" __global__ void __launch_bounds__(WARP_ROWS *WARP_LANES)
    softmax_warp_forward(const struct softmax_arguments a) {
    if (warp_row() >= a.rows)
        return;
    const float *const x = a.input + warp_row() * a.columns;
    float *const y = a.output + warp_row() * a.columns;
    const struct row_statistics row = warp_row_measure(x, a.columns);
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        y[j] = expf(x[j] - row.max) / row.sum;
}

extern "C" __global__ void __launch_bounds__(WARP_ROWS *WARP_LANES)
    softmax_warp_log_forward(const struct softmax_arguments a) {
    if (warp_row() >= a.rows)
        return;
    const float *const x = a.input + warp_row() * a.columns;
    float *const y = a.output + warp_row() * a.columns;
    const struct row_statistics row = warp_row_measure(x, a.columns);
    const float log_sum = logf(row.sum);
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        y[j] = x[j] - row.max - log_sum;
}

extern "C" __global__ void __launch_bounds__(WARP_ROWS *WARP_LANES)
    softmax_warp_backward(const struct softmax_arguments a) {
    if (warp_row() >= a.rows)
        return;
    const float *const y = a.input + warp_row() * a.columns;
    const float *const dy = a.dy + warp_row() * a.columns;
    float *const dx = a.output + warp_row() * a.columns;
    float sum = 0.0f;
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        sum = fmaf(dy[j], y[j], sum);
    sum = warp_sum(sum);
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        dx[j] = y[j] * (dy[j] - sum);
}

extern "C" __global__ void __launch_bounds__(WARP_ROWS *WARP_LANES)
    softmax_warp_log_backward(const struct softmax_arguments a) {
    if (warp_row() >= a.rows)
        return;
    const float *const y = a.input + warp_row() * a.columns;
    const float *const dy = a.dy + warp_row() * a.columns;
    float *const dx = a.output + warp_row() * a.columns;
    float sum = 0.0f;
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        sum += dy[j];
    sum = warp_sum(sum);
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        dx[j] = fmaf(-expf(y[j]), sum, dy[j]);
}
