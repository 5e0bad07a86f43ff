/* mse, rung 1: one thread a row.
 *
 * loss = sum (y - t)^2 / columns, dy = 2 (y - t) / (rows * columns).
 *
 * Grid: one dimension over the rows, rounded up. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

template <bool forward, bool backward>
static __device__ void mse_naive(const struct mse_arguments &a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    float sum = 0.0f;
    for (int64_t i = r * a.columns; i < (r + 1) * a.columns; i++) {
        const float difference = a.prediction[i] - a.target[i];
        sum = fmaf(difference, difference, sum);
        if (backward)
            a.dprediction[i] = a.scale * difference;
    }
    if (forward)
        a.loss[r] = sum / (float)a.columns;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    mse_naive_forward(const struct mse_arguments a) {
    mse_naive<true, false>(a);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    mse_naive_backward(const struct mse_arguments a) {
    mse_naive<false, true>(a);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    mse_naive_forward_backward(const struct mse_arguments a) {
    mse_naive<true, true>(a);
}
