/* cross_entropy, rung 2: one block a row, maximum and sum through shared memory.
 *
 * What it adds: what softmax's rung 2 adds, coalesced loads and a whole block for each row.
 *
 * Grid: the rows. Block: ROW_THREADS.
 */
#include "kernels/reductions/block_reduce.cuh"

template <bool forward, bool backward>
static __device__ void cross_entropy_tiled(const struct cross_entropy_arguments &a) {
    const int64_t r = blockIdx.x;
    const float *const x = a.logits + r * a.columns;
    const int32_t label = a.labels[r];
    const float chosen = x[label]; /* before dlogits, which may be the same buffer, is written */
    const struct row_statistics row = block_row_measure(x, a.columns);
    if (forward && threadIdx.x == 0)
        a.loss[r] = logf(row.sum) - (chosen - row.max);
    if (!backward)
        return;
    float *const dx = a.dlogits + r * a.columns;
    for (int64_t j = threadIdx.x; j < a.columns; j += ROW_THREADS)
        dx[j] = (expf(x[j] - row.max) / row.sum - (j == label ? 1.0f : 0.0f)) * a.scale;
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    cross_entropy_tiled_forward(const struct cross_entropy_arguments a) {
    cross_entropy_tiled<true, false>(a);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    cross_entropy_tiled_backward(const struct cross_entropy_arguments a) {
    cross_entropy_tiled<false, true>(a);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    cross_entropy_tiled_forward_backward(const struct cross_entropy_arguments a) {
    cross_entropy_tiled<true, true>(a);
}
