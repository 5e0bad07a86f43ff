/* layernorm, rung 1: one thread a row, three passes over it; backward also one thread a column.
 *
 * Neighbouring threads take neighbouring rows, so each load of a warp hits 32 rows far apart: 32
 * sectors a request, of which one element each is used. The kernel over columns is coalesced, but
 * a layer's hundreds of columns are a handful of warps.
 *
 * Grid: one dimension over the rows, or over the columns, rounded up. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

template <bool rms> static __device__ void forward(const struct layernorm_arguments &a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    const float *const x = a.x + r * a.columns;
    float *const y = a.output + r * a.columns;
    float mean = 0.0f, squares = 0.0f;
    for (int64_t j = 0; !rms && j < a.columns; j++)
        mean += x[j];
    mean /= a.columns;
    for (int64_t j = 0; j < a.columns; j++)
        squares = fmaf(x[j] - mean, x[j] - mean, squares);
    const float rstd = 1.0f / sqrtf(squares / a.columns + a.epsilon);
    for (int64_t j = 0; j < a.columns; j++)
        y[j] = fmaf((x[j] - mean) * rstd, a.gamma[j], rms ? 0.0f : a.beta[j]);
    if (!rms)
        a.mean[r] = mean;
    a.rstd[r] = rstd;
}

template <bool rms> static __device__ void backward(const struct layernorm_arguments &a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    const float *const x = a.x + r * a.columns, *const dy = a.dy + r * a.columns;
    float *const dx = a.output + r * a.columns;
    const float mean = rms ? 0.0f : a.mean[r], rstd = a.rstd[r];
    float g_mean = 0.0f, gh_mean = 0.0f;
    for (int64_t j = 0; j < a.columns; j++) {
        const float g = dy[j] * a.gamma[j];
        g_mean += g;
        gh_mean = fmaf(g, (x[j] - mean) * rstd, gh_mean);
    }
    g_mean = rms ? 0.0f : g_mean / a.columns;
    gh_mean /= a.columns;
    for (int64_t j = 0; j < a.columns; j++)
        dx[j] = rstd * fmaf(-(x[j] - mean) * rstd, gh_mean, dy[j] * a.gamma[j] - g_mean);
}

template <bool rms> static __device__ void columns(const struct layernorm_arguments &a) {
    const int64_t j = grid_thread();
    if (j >= a.columns)
        return;
    float dgamma = 0.0f, dbeta = 0.0f;
    for (int64_t r = 0; r < a.rows; r++) {
        const float dy = a.dy[r * a.columns + j];
        const float deviation = a.x[r * a.columns + j] - (rms ? 0.0f : a.mean[r]);
        dgamma = fmaf(dy, deviation * a.rstd[r], dgamma);
        dbeta += dy;
    }
    a.dgamma[j] = dgamma;
    if (!rms)
        a.dbeta[j] = dbeta;
}

#define NAIVE_KERNEL(name, function)                                                               \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        layernorm_naive_##name(const struct layernorm_arguments a) {                               \
        function(a);                                                                               \
    }
NAIVE_KERNEL(forward, forward<false>)
NAIVE_KERNEL(backward, backward<false>)
NAIVE_KERNEL(columns, columns<false>)
NAIVE_KERNEL(rms_forward, forward<true>)
NAIVE_KERNEL(rms_backward, backward<true>)
NAIVE_KERNEL(rms_columns, columns<true>)
