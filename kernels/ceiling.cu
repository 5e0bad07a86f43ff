/* The device's peak rate of f32 multiply-adds, measured: nothing but independent chains of them in
 * registers, enough of them to hide each one's latency.
 *
 * x = x * factor + summand, `iterations` times in each of CEILING_CHAINS chains a thread. The store
 * that keeps the compiler from dropping the work happens only if a sum is NaN, which no finite
 * factor of at most 1 in magnitude gives.
 *
 * Grid: one dimension, any. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    ceiling_fma(const struct ceiling_arguments c) {
    float chain[CEILING_CHAINS];
#pragma unroll
    for (int i = 0; i < CEILING_CHAINS; i++)
        chain[i] = (float)(threadIdx.x + i);
/* A scheduler issues one instruction a cycle, and since compute capability 8.6 that many
 * multiply-adds can be taken: each counter and branch is one less. */
#pragma unroll 32
    for (int64_t n = 0; n < c.iterations; n++)
#pragma unroll
        for (int i = 0; i < CEILING_CHAINS; i++)
            chain[i] = fmaf(chain[i], c.factor, c.summand);
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < CEILING_CHAINS; i++)
        sum += chain[i];
    if (sum != sum)
        *c.out = sum;
}
