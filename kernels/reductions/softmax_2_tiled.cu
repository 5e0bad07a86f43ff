/* softmax, rung 2: one block a row, maximum and sum through shared memory.
 *
 * What it adds: the threads of a block walk along one row side by side, so every load is coalesced
 * (4 sectors a request), and a row is read by ROW_THREADS threads at once instead of by one. The
 * row is still read three times: for its maximum, for the sum, and for the result.
 *
 * Grid: the rows. Block: ROW_THREADS.
 */
#include "kernels/reductions/block_reduce.cuh"

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    softmax_tiled_forward(const struct softmax_arguments a) {
    const float *const x = a.input + blockIdx.x * a.columns;
    float *const y = a.output + blockIdx.x * a.columns;
    const struct row_statistics row = block_row_measure(x, a.columns);
    for (int64_t j = threadIdx.x; j < a.columns; j += ROW_THREADS)
        y[j] = expf(x[j] - row.max) / row.sum;
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    softmax_tiled_log_forward(const struct softmax_arguments a) {
    const float *const x = a.input + blockIdx.x * a.columns;
    float *const y = a.output + blockIdx.x * a.columns;
    const struct row_statistics row = block_row_measure(x, a.columns);
    const float log_sum = logf(row.sum);
    for (int64_t j = threadIdx.x; j < a.columns; j += ROW_THREADS)
        y[j] = x[j] - row.max - log_sum;
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    softmax_tiled_backward(const struct softmax_arguments a) {
    const float *const y = a.input + blockIdx.x * a.columns;
    const float *const dy = a.dy + blockIdx.x * a.columns;
    float *const dx = a.output + blockIdx.x * a.columns;
    float sum = 0.0f;
    for (int64_t j = threadIdx.x; j < a.columns; j += ROW_THREADS)
        sum = fmaf(dy[j], y[j], sum);
    sum = block_reduce<reduce_sum>(sum);
    for (int64_t j = threadIdx.x; j < a.columns; j += ROW_THREADS)
        dx[j] = y[j] * (dy[j] - sum);
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    softmax_tiled_log_backward(const struct softmax_arguments a) {
    const float *const y = a.input + blockIdx.x * a.columns;
    const float *const dy = a.dy + blockIdx.x * a.columns;
    float *const dx = a.output + blockIdx.x * a.columns;
    float sum = 0.0f;
    for (int64_t j = threadIdx.x; j < a.columns; j += ROW_THREADS)
        sum += dy[j];
    sum = block_reduce<reduce_sum>(sum);
    for (int64_t j = threadIdx.x; j < a.columns; j += ROW_THREADS)
        dx[j] = fmaf(-expf(y[j]), sum, dy[j]);
}
