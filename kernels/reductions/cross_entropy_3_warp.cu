/* cross_entropy, rung 3: one warp a row, maximum and sum in one pass.
 *
 * What it adds: what softmax's rung 3 adds, two reads of a row instead of three and no barrier. A
 * classifier's rows are short (10 classes): a block a row would leave most of its threads idle.
 *
 * Grid: the rows over WARP_ROWS, rounded up. Block: WARP_ROWS warps.
 */
#include "kernels/warp_reduce.cuh"

template <bool forward, bool backward>
static __device__ void cross_entropy_warp(const struct cross_entropy_arguments &a) {
    const int64_t r = warp_row();
    if (r >= a.rows)
        return;
    const float *const x = a.logits + r * a.columns;
    const int32_t label = a.labels[r];
    const float chosen = x[label]; /* before dlogits, which may be the same buffer, is written */
    const struct row_statistics row = warp_row_measure(x, a.columns);
    if (forward && warp_lane() == 0)
        a.loss[r] = logf(row.sum) - (chosen - row.max);
    if (!backward)
        return;
    __syncwarp();
    float *const dx = a.dlogits + r * a.columns;
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        dx[j] = (expf(x[j] - row.max) / row.sum - (j == label ? 1.0f : 0.0f)) * a.scale;
}

extern "C" __global__ void __launch_bounds__(WARP_ROWS *WARP_LANES)
    cross_entropy_warp_forward(const struct cross_entropy_arguments a) {
    cross_entropy_warp<true, false>(a);
}

extern "C" __global__ void __launch_bounds__(WARP_ROWS *WARP_LANES)
    cross_entropy_warp_backward(const struct cross_entropy_arguments a) {
    cross_entropy_warp<false, true>(a);
}

extern "C" __global__ void __launch_bounds__(WARP_ROWS *WARP_LANES)
    cross_entropy_warp_forward_backward(const struct cross_entropy_arguments a) {
    cross_entropy_warp<true, true>(a);
}
