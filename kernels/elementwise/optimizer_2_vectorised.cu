/* optimizer, rung 2: four parameters a thread at once, as one 16-byte access a buffer.
 *
 * What it adds: a quarter of the memory instructions (Adam has seven accesses a parameter), and a
 * grid of fixed size that strides over the parameters, so that what depends on the step alone is
 * loaded once a thread. The split is that of activation's rung 2.
 *
 * Grid: one dimension, any. Block: THREADS.
 */
#include "kernels/elementwise/optimizer_math.cuh"

/* A buffer of the aligned part as groups of four. */
static __device__ inline float4 *groups(float *x, int64_t head) {
    return reinterpret_cast<float4 *>(x + head);
}

static __device__ inline const float4 *groups(const float *x, int64_t head) {
    return reinterpret_cast<const float4 *>(x + head);
}

/* The element that thread j of those outside the aligned part takes. */
static __device__ inline int64_t outside(const struct vector_split &split, int64_t j) {
    return j < split.head ? j : j + 4 * split.vectors;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    sgd_vectorised(const struct optimizer_arguments a) {
    const int64_t thread = grid_thread(), threads = grid_threads();
    float4 *const parameters = groups(a.parameters, a.split.head);
    const float4 *const gradients = groups(a.gradients, a.split.head);
    for (int64_t i = thread; i < a.split.vectors; i += threads) {
        const float4 p = parameters[i], g = gradients[i];
        parameters[i] = make_float4(sgd_update(a, p.x, g.x), sgd_update(a, p.y, g.y),
                                    sgd_update(a, p.z, g.z), sgd_update(a, p.w, g.w));
    }
    for (int64_t j = thread; j < a.split.count - 4 * a.split.vectors; j += threads) {
        const int64_t i = outside(a.split, j);
        a.parameters[i] = sgd_update(a, a.parameters[i], a.gradients[i]);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    sgd_momentum_vectorised(const struct optimizer_arguments a) {
    const int64_t thread = grid_thread(), threads = grid_threads();
    float4 *const parameters = groups(a.parameters, a.split.head);
    float4 *const first_moment = groups(a.first_moment, a.split.head);
    const float4 *const gradients = groups(a.gradients, a.split.head);
    for (int64_t i = thread; i < a.split.vectors; i += threads) {
        float4 p = parameters[i], m = first_moment[i];
        const float4 g = gradients[i];
        p.x = momentum_update(a, p.x, g.x, &m.x);
        p.y = momentum_update(a, p.y, g.y, &m.y);
        p.z = momentum_update(a, p.z, g.z, &m.z);
        p.w = momentum_update(a, p.w, g.w, &m.w);
        parameters[i] = p;
        first_moment[i] = m;
    }
    for (int64_t j = thread; j < a.split.count - 4 * a.split.vectors; j += threads) {
        const int64_t i = outside(a.split, j);
        a.parameters[i] = momentum_update(a, a.parameters[i], a.gradients[i], &a.first_moment[i]);
    }
}

/* Four blocks a multiprocessor: up to 64 registers a thread. Left alone, ptxas aims at 32 for some
 * architectures and spills. */
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    adam_vectorised(const struct optimizer_arguments a) {
    const int64_t thread = grid_thread(), threads = grid_threads();
    const struct adam_step step = adam_step_load(a);
    float4 *const parameters = groups(a.parameters, a.split.head);
    float4 *const first_moment = groups(a.first_moment, a.split.head);
    float4 *const second_moment = groups(a.second_moment, a.split.head);
    const float4 *const gradients = groups(a.gradients, a.split.head);
    for (int64_t i = thread; i < a.split.vectors; i += threads) {
        float4 p = parameters[i], m = first_moment[i], v = second_moment[i];
        const float4 g = gradients[i];
        p.x = adam_update(a, step, p.x, g.x, &m.x, &v.x);
        p.y = adam_update(a, step, p.y, g.y, &m.y, &v.y);
        p.z = adam_update(a, step, p.z, g.z, &m.z, &v.z);
        p.w = adam_update(a, step, p.w, g.w, &m.w, &v.w);
        parameters[i] = p;
        first_moment[i] = m;
        second_moment[i] = v;
    }
    for (int64_t j = thread; j < a.split.count - 4 * a.split.vectors; j += threads) {
        const int64_t i = outside(a.split, j);
        a.parameters[i] = adam_update(a, step, a.parameters[i], a.gradients[i], &a.first_moment[i],
                                      &a.second_moment[i]);
    }
}
