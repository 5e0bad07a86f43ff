/* transfer, rung 1: one thread an element. copy: out = a; triad: out = a + scale * b.
 *
 * Grid: one dimension, rounded up. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    copy_naive(const struct transfer_arguments t) {
    const int64_t i = grid_thread();
    if (i < t.split.count)
        t.out[i] = t.a[i];
}

extern "C" __global__ void __launch_bounds__(THREADS)
    triad_naive(const struct transfer_arguments t) {
    const int64_t i = grid_thread();
    if (i < t.split.count)
        t.out[i] = fmaf(t.scale, t.b[i], t.a[i]);
}
