/* layernorm, rung 2: one warp a row; backward, a block of COLUMN_WARPS warps takes 32 columns.
 *
 * What it adds: the lanes of a warp walk along one row side by side, so every load is coalesced (4
 * sectors a request), and exchange their sums by shuffles. The sums over rows are shared by the
 * warps of a block, and meet in shared memory in a fixed order. A row is still read three times.
 *
 * Grid: the rows over WARP_ROWS, rounded up; for columns, the columns over WARP_LANES, rounded up.
 * Block: WARP_ROWS warps; for columns, WARP_LANES x COLUMN_WARPS.
 */
#include "kernels/warp_reduce.cuh"

template <bool rms> static __device__ void forward(const struct layernorm_arguments &a) {
    const int64_t r = warp_row();
    if (r >= a.rows)
        return;
    const float *const x = a.x + r * a.columns;
    float *const y = a.output + r * a.columns;
    float mean = 0.0f, squares = 0.0f;
    for (int64_t j = warp_lane(); !rms && j < a.columns; j += WARP_LANES)
        mean += x[j];
    mean = warp_sum(mean) / a.columns;
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        squares = fmaf(x[j] - mean, x[j] - mean, squares);
    const float rstd = 1.0f / sqrtf(warp_sum(squares) / a.columns + a.epsilon);
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        y[j] = fmaf((x[j] - mean) * rstd, a.gamma[j], rms ? 0.0f : a.beta[j]);
    if (warp_lane() != 0)
        return;
    if (!rms)
        a.mean[r] = mean;
    a.rstd[r] = rstd;
}

template <bool rms> static __device__ void backward(const struct layernorm_arguments &a) {
    const int64_t r = warp_row();
    if (r >= a.rows)
        return;
    const float *const x = a.x + r * a.columns, *const dy = a.dy + r * a.columns;
    float *const dx = a.output + r * a.columns;
    const float mean = rms ? 0.0f : a.mean[r], rstd = a.rstd[r];
    float g_mean = 0.0f, gh_mean = 0.0f;
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES) {
        const float g = dy[j] * a.gamma[j];
        g_mean += g;
        gh_mean = fmaf(g, (x[j] - mean) * rstd, gh_mean);
    }
    g_mean = rms ? 0.0f : warp_sum(g_mean) / a.columns;
    gh_mean = warp_sum(gh_mean) / a.columns;
    for (int64_t j = warp_lane(); j < a.columns; j += WARP_LANES)
        dx[j] = rstd * fmaf(-(x[j] - mean) * rstd, gh_mean, dy[j] * a.gamma[j] - g_mean);
}

/* The first warp adds what the warps found, a column a lane. */
static __device__ float sum_of_warps(float (*partial)[WARP_LANES], float sum) {
    for (int other = 1; other < COLUMN_WARPS; other++)
        sum += partial[other][threadIdx.x];
    return sum;
}

template <bool rms> static __device__ void columns(const struct layernorm_arguments &a) {
    __shared__ float dgammas[COLUMN_WARPS][WARP_LANES], dbetas[COLUMN_WARPS][WARP_LANES];
    const int lane = threadIdx.x, warp = threadIdx.y;
    const int64_t j = (int64_t)blockIdx.x * WARP_LANES + lane;
    float dgamma = 0.0f, dbeta = 0.0f;
    for (int64_t r = warp; j < a.columns && r < a.rows; r += COLUMN_WARPS) {
        const float dy = a.dy[r * a.columns + j];
        const float deviation = a.x[r * a.columns + j] - (rms ? 0.0f : a.mean[r]);
        dgamma = fmaf(dy, deviation * a.rstd[r], dgamma);
        dbeta += dy;
    }
    dgammas[warp][lane] = dgamma;
    dbetas[warp][lane] = dbeta;
    __syncthreads();
    if (warp != 0 || j >= a.columns)
        return;
    a.dgamma[j] = sum_of_warps(dgammas, dgamma);
    if (!rms)
        a.dbeta[j] = sum_of_warps(dbetas, dbeta);
}

#define WARP_KERNEL(name, threads, function)                                                       \
    extern "C" __global__ void __launch_bounds__(threads)                                          \
        layernorm_warp_##name(const struct layernorm_arguments a) {                                \
        function(a);                                                                               \
    }
WARP_KERNEL(forward, WARP_ROWS *WARP_LANES, forward<false>)
WARP_KERNEL(backward, WARP_ROWS *WARP_LANES, backward<false>)
WARP_KERNEL(columns, COLUMN_WARPS *WARP_LANES, columns<false>)
WARP_KERNEL(rms_forward, WARP_ROWS *WARP_LANES, forward<true>)
WARP_KERNEL(rms_backward, WARP_ROWS *WARP_LANES, backward<true>)
WARP_KERNEL(rms_columns, COLUMN_WARPS *WARP_LANES, columns<true>)
