/* cross_entropy, rung 1: one thread a row, as softmax's rung 1.
 *
 * loss = log sum exp(x - max) - (x[label] - max), dx = (exp(x - max) / sum - onehot(label)) / rows.
 *
 * Grid: one dimension over the rows, rounded up. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

template <bool forward, bool backward>
static __device__ void cross_entropy_naive(const struct cross_entropy_arguments &a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    const float *const x = a.logits + r * a.columns;
    const int32_t label = a.labels[r];
    float max = -INFINITY, sum = 0.0f;
    for (int64_t j = 0; j < a.columns; j++)
        max = fmaxf(max, x[j]);
    for (int64_t j = 0; j < a.columns; j++)
        sum += expf(x[j] - max);
    if (forward)
        a.loss[r] = logf(sum) - (x[label] - max);
    if (!backward)
        return;
    float *const dx = a.dlogits + r * a.columns;
    for (int64_t j = 0; j < a.columns; j++)
        dx[j] = (expf(x[j] - max) / sum - (j == label ? 1.0f : 0.0f)) * a.scale;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_naive_forward(const struct cross_entropy_arguments a) {
    cross_entropy_naive<true, false>(a);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_naive_backward(const struct cross_entropy_arguments a) {
    cross_entropy_naive<false, true>(a);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_naive_forward_backward(const struct cross_entropy_arguments a) {
    cross_entropy_naive<true, true>(a);
}
