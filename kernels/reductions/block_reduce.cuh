/* Reductions over a block of ROW_THREADS threads through shared memory: the tiled rungs' tool.
 *
 * A tree: half of the threads add the other half's values, then half of those, and so on, log2
 * steps with a barrier each. Every thread gets the result. Neighbouring threads read neighbouring
 * words, so there are no bank conflicts. All threads of the block must call.
 */
#ifndef LOCKSTEP_KERNELS_REDUCTIONS_BLOCK_REDUCE_CUH
#define LOCKSTEP_KERNELS_REDUCTIONS_BLOCK_REDUCE_CUH

#include "kernels/arguments.h"
#include "kernels/device.cuh"

static_assert((ROW_THREADS & (ROW_THREADS - 1)) == 0, "the tree halves the block at each step");

struct reduce_sum {
    static __device__ float combine(float x, float y) {
        return x + y;
    }
};

/* Ignores NaN, as fmaxf does. */
struct reduce_max {
    static __device__ float combine(float x, float y) {
        return fmaxf(x, y);
    }
};

template <class operation> static __device__ inline float block_reduce(float value) {
    __shared__ float values[ROW_THREADS];
    const int thread = threadIdx.x;
    values[thread] = value;
    __syncthreads();
    for (int half = ROW_THREADS / 2; half > 0; half /= 2) {
        if (thread < half)
            values[thread] = operation::combine(values[thread], values[thread + half]);
        __syncthreads();
    }
    const float result = values[0];
    __syncthreads(); /* before the next reduction writes */
    return result;
}

/* max(x) and sum exp(x - max) of a row, known to every thread of its block. A NaN is no maximum but
 * makes the sum NaN, and with it the row. */
struct row_statistics {
    float max, sum;
};

static __device__ inline struct row_statistics block_row_measure(const float *x, int64_t columns) {
    struct row_statistics row = {-INFINITY, 0.0f};
    for (int64_t j = threadIdx.x; j < columns; j += ROW_THREADS)
        row.max = fmaxf(row.max, x[j]);
    row.max = block_reduce<reduce_max>(row.max);
    for (int64_t j = threadIdx.x; j < columns; j += ROW_THREADS)
        row.sum += expf(x[j] - row.max);
    row.sum = block_reduce<reduce_sum>(row.sum);
    return row;
}

#endif
