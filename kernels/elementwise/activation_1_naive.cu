/* activation, rung 1: one thread an element.
 *
 * Neighbouring threads take neighbouring elements, so the accesses are coalesced already; what is
 * left to gain is fewer and wider instructions. The bias costs a 64-bit division an element.
 *
 * Grid: one dimension, rounded up. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/elementwise/activation_math.cuh"

template <class function>
static __device__ void activation_naive_forward(const struct activation_arguments &a) {
    const int64_t i = grid_thread();
    if (i < a.split.count)
        a.output[i] = function::value(a.bias ? a.input[i] + a.bias[i % a.columns] : a.input[i]);
}

template <class function>
static __device__ void activation_naive_backward(const struct activation_arguments &a) {
    const int64_t i = grid_thread();
    if (i >= a.split.count)
        return;
    const bool biased = !function::keeps_output && a.bias;
    const float kept = biased ? a.input[i] + a.bias[i % a.columns] : a.input[i];
    a.output[i] = function::gradient(kept, a.dy[i]);
}

#define ACTIVATION_KERNELS(enumerator, name)                                                       \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        activation_naive_##name##_forward(const struct activation_arguments arguments) {           \
        activation_naive_forward<function_##name>(arguments);                                      \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        activation_naive_##name##_backward(const struct activation_arguments arguments) {          \
        activation_naive_backward<function_##name>(arguments);                                     \
    }
ACTIVATION_LIST(ACTIVATION_KERNELS)
