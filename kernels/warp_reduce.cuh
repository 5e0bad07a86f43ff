/* Reductions over a warp by shuffles: the warp rungs' tool. All 32 lanes must call.
 *
 * A butterfly: lane i exchanges with lane i xor 16, 8, 4, 2, 1, after which every lane has the
 * result; no shared memory and no barrier.
 */
#ifndef LOCKSTEP_KERNELS_WARP_REDUCE_CUH
#define LOCKSTEP_KERNELS_WARP_REDUCE_CUH

#include "kernels/arguments.h"
#include "kernels/device.cuh"

#include <float.h>

static const unsigned ALL_LANES = 0xffffffffu;

/* The row of this warp in a grid of WARP_ROWS warps a block, and this thread's lane. */
static __device__ inline int64_t warp_row() {
    return (int64_t)blockIdx.x * WARP_ROWS + threadIdx.x / WARP_LANES;
}

static __device__ inline int warp_lane() {
    return threadIdx.x % WARP_LANES;
}

static __device__ inline float warp_sum(float value) {
    for (int distance = WARP_LANES / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(ALL_LANES, value, distance);
    return value;
}

/* Ignores NaN, as fmaxf does. */
static __device__ inline float warp_max(float value) {
    for (int distance = WARP_LANES / 2; distance > 0; distance /= 2)
        value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, distance));
    return value;
}

/* max(x) and sum exp(x - max) of the elements seen so far, kept together in one pass: when a larger
 * element comes, the sum is scaled down to it (Milakov and Gimelshein, "Online normalizer
 * calculation for softmax", arXiv:1805.02867).
 *
 * The maximum starts at -FLT_MAX, not at -infinity, so that -infinity - max is never NaN: a row of
 * -infinity alone ends with sum 0 and gives NaN, as the formula does. A NaN is no maximum but makes
 * the sum NaN; +infinity makes it NaN when two sums are merged, by inf - inf as in the formula. */
struct row_statistics {
    float max, sum;
};

static __device__ inline void row_add(struct row_statistics *row, float x) {
    const float e = expf(-fabsf(x - row->max));
    if (x > row->max) {
        row->sum = fmaf(row->sum, e, 1.0f);
        row->max = x;
    } else {
        row->sum += e;
    }
}

static __device__ inline struct row_statistics row_merge(struct row_statistics a,
                                                         struct row_statistics b) {
    const float max = fmaxf(a.max, b.max);
    return {max, fmaf(a.sum, expf(a.max - max), b.sum * expf(b.max - max))};
}

/* The lanes' parts of a row together, known to every lane. */
static __device__ inline struct row_statistics warp_row_merge(struct row_statistics row) {
    for (int distance = WARP_LANES / 2; distance > 0; distance /= 2) {
        struct row_statistics other;
        other.max = __shfl_xor_sync(ALL_LANES, row.max, distance);
        other.sum = __shfl_xor_sync(ALL_LANES, row.sum, distance);
        row = row_merge(row, other);
    }
    return row;
}

/* Of the whole row, known to every lane. */
static __device__ inline struct row_statistics warp_row_measure(const float *x, int64_t columns) {
    struct row_statistics row = {-FLT_MAX, 0.0f};
    for (int64_t j = warp_lane(); j < columns; j += WARP_LANES)
        row_add(&row, x[j]);
    return warp_row_merge(row);
}

#endif
