/* mse, rung 2: one block a row, the sum through shared memory.
 *
 * What it adds: coalesced loads and stores, and a whole block for each row.
 *
 * Grid: the rows. Block: ROW_THREADS.
 */
#include "kernels/reductions/block_reduce.cuh"

template <bool forward, bool backward>
static __device__ void mse_tiled(const struct mse_arguments &a) {
    const int64_t r = blockIdx.x;
    float sum = 0.0f;
    for (int64_t j = threadIdx.x; j < a.columns; j += ROW_THREADS) {
        const int64_t i = r * a.columns + j;
        const float difference = a.prediction[i] - a.target[i];
        sum = fmaf(difference, difference, sum);
        if (backward)
            a.dprediction[i] = a.scale * difference;
    }
    if (!forward)
        return;
    sum = block_reduce<reduce_sum>(sum);
    if (threadIdx.x == 0)
        a.loss[r] = sum / (float)a.columns;
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    mse_tiled_forward(const struct mse_arguments a) {
    mse_tiled<true, false>(a);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    mse_tiled_backward(const struct mse_arguments a) {
    mse_tiled<false, true>(a);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    mse_tiled_forward_backward(const struct mse_arguments a) {
    mse_tiled<true, true>(a);
}
