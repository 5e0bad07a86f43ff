/* optimizer, rung 1: one thread a parameter.
 *
 * Grid: one dimension, rounded up. Block: THREADS.
 */
#include "kernels/elementwise/optimizer_math.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    sgd_naive(const struct optimizer_arguments a) {
    const int64_t i = grid_thread();
    if (i < a.split.count)
        a.parameters[i] = sgd_update(a, a.parameters[i], a.gradients[i]);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    sgd_momentum_naive(const struct optimizer_arguments a) {
    const int64_t i = grid_thread();
    if (i < a.split.count)
        a.parameters[i] = momentum_update(a, a.parameters[i], a.gradients[i], &a.first_moment[i]);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    adam_naive(const struct optimizer_arguments a) {
    const int64_t i = grid_thread();
    if (i < a.split.count)
        a.parameters[i] = adam_update(a, adam_step_load(a), a.parameters[i], a.gradients[i],
                                      &a.first_moment[i], &a.second_moment[i]);
}
