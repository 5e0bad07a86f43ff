/* softmax, rung 1: one thread a row, three passes over it.
 *
 * Neighbouring threads take neighbouring rows, so each load of a warp hits 32 rows far apart: 32
 * sectors a request, of which one element each is used. Few rows leave most of the GPU idle.
 *
 * Grid: one dimension over the rows, rounded up. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

/* max(x) and sum exp(x - max). A NaN is no maximum but makes the sum NaN, and with it the row. */
struct row_statistics {
    float max, sum;
};

static __device__ struct row_statistics row_measure(const float *x, int64_t columns) {
    struct row_statistics row = {-INFINITY, 0.0f};
    for (int64_t j = 0; j < columns; j++)
        row.max = fmaxf(row.max, x[j]);
    for (int64_t j = 0; j < columns; j++)
        row.sum += expf(x[j] - row.max);
    return row;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    softmax_naive_forward(const struct softmax_arguments a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    const float *const x = a.input + r * a.columns;
    float *const y = a.output + r * a.columns;
    const struct row_statistics row = row_measure(x, a.columns);
    for (int64_t j = 0; j < a.columns; j++)
        y[j] = expf(x[j] - row.max) / row.sum;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    softmax_naive_log_forward(const struct softmax_arguments a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    const float *const x = a.input + r * a.columns;
    float *const y = a.output + r * a.columns;
    const struct row_statistics row = row_measure(x, a.columns);
    const float log_sum = logf(row.sum);
    for (int64_t j = 0; j < a.columns; j++)
        y[j] = x[j] - row.max - log_sum;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    softmax_naive_backward(const struct softmax_arguments a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    const float *const y = a.input + r * a.columns;
    const float *const dy = a.dy + r * a.columns;
    float *const dx = a.output + r * a.columns;
    float sum = 0.0f;
    for (int64_t j = 0; j < a.columns; j++)
        sum = fmaf(dy[j], y[j], sum);
    for (int64_t j = 0; j < a.columns; j++)
        dx[j] = y[j] * (dy[j] - sum);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    softmax_naive_log_backward(const struct softmax_arguments a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    const float *const y = a.input + r * a.columns;
    const float *const dy = a.dy + r * a.columns;
    float *const dx = a.output + r * a.columns;
    float sum = 0.0f;
    for (int64_t j = 0; j < a.columns; j++)
        sum += dy[j];
    for (int64_t j = 0; j < a.columns; j++)
        dx[j] = fmaf(-expf(y[j]), sum, dy[j]);
}
