/* transfer, rung 2: four elements a thread at once, as one 16-byte access.
 *
 * What it adds: a quarter of the memory instructions and a grid of fixed size, as activation's
 * rung 2. The device's bandwidth, which every other kernel is held against, is measured with it.
 *
 * Grid: one dimension, any. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    copy_vectorised(const struct transfer_arguments t) {
    const int64_t thread = grid_thread(), threads = grid_threads();
    const float4 *const a = reinterpret_cast<const float4 *>(t.a + t.split.head);
    float4 *const out = reinterpret_cast<float4 *>(t.out + t.split.head);
    for (int64_t i = thread; i < t.split.vectors; i += threads)
        out[i] = a[i];
    for (int64_t j = thread; j < t.split.count - 4 * t.split.vectors; j += threads) {
        const int64_t i = j < t.split.head ? j : j + 4 * t.split.vectors;
        t.out[i] = t.a[i];
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    triad_vectorised(const struct transfer_arguments t) {
    const int64_t thread = grid_thread(), threads = grid_threads();
    const float4 *const a = reinterpret_cast<const float4 *>(t.a + t.split.head);
    const float4 *const b = reinterpret_cast<const float4 *>(t.b + t.split.head);
    float4 *const out = reinterpret_cast<float4 *>(t.out + t.split.head);
    for (int64_t i = thread; i < t.split.vectors; i += threads) {
        const float4 x = a[i], y = b[i];
        out[i] = make_float4(fmaf(t.scale, y.x, x.x), fmaf(t.scale, y.y, x.y),
                             fmaf(t.scale, y.z, x.z), fmaf(t.scale, y.w, x.w));
    }
    for (int64_t j = thread; j < t.split.count - 4 * t.split.vectors; j += threads) {
        const int64_t i = j < t.split.head ? j : j + 4 * t.split.vectors;
        t.out[i] = fmaf(t.scale, t.b[i], t.a[i]);
    }
}
