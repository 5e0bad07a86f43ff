/* round, rung 2: four elements a thread at once, read as 16 bytes and written as 8.
 *
 * What it adds: a quarter of the memory instructions and a grid of fixed size, as activation's
 * rung 2.
 *
 * Grid: one dimension, any. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/narrow.cuh"

/* Two neighbours, the first in the lower half. */
template <class type> static __device__ inline unsigned narrow_pair(float first, float second) {
    return type::narrow(first) | (unsigned)type::narrow(second) << 16;
}

template <class type>
static __device__ inline void round_vectorised(const struct round_arguments &r) {
    const int64_t thread = grid_thread(), threads = grid_threads();
    const float4 *const in = reinterpret_cast<const float4 *>(r.in);
    uint64_t *const out = reinterpret_cast<uint64_t *>(r.out);
    for (int64_t i = thread; i < r.vectors; i += threads) {
        const float4 x = in[i];
        out[i] = narrow_pair<type>(x.x * r.scale, x.y * r.scale) |
                 (uint64_t)narrow_pair<type>(x.z * r.scale, x.w * r.scale) << 32;
    }
    for (int64_t i = 4 * r.vectors + thread; i < r.count; i += threads)
        r.out[i] = type::narrow(r.in[i] * r.scale);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    round_bf16_vectorised(const struct round_arguments arguments) {
    round_vectorised<operand_bf16>(arguments);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    round_f16_vectorised(const struct round_arguments arguments) {
    round_vectorised<operand_f16>(arguments);
}
