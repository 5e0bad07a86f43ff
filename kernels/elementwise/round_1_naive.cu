/* round, rung 1: one thread an element. out = in * scale in bf16 or f16.
 *
 * Grid: one dimension, rounded up. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/narrow.cuh"

template <class type> static __device__ inline void round_naive(const struct round_arguments &r) {
    const int64_t i = grid_thread();
    if (i < r.count)
        r.out[i] = type::narrow(r.in[i] * r.scale);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    round_bf16_naive(const struct round_arguments arguments) {
    round_naive<operand_bf16>(arguments);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    round_f16_naive(const struct round_arguments arguments) {
    round_naive<operand_f16>(arguments);
}
