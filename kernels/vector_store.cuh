/* Stores of 16 and 8 bytes that stay so. Written as PTX because the compiler sinks a plain one into
 * the scalar stores of another way through the same function, where there are such.
 */
#ifndef LOCKSTEP_KERNELS_VECTOR_STORE_CUH
#define LOCKSTEP_KERNELS_VECTOR_STORE_CUH

#include "kernels/device.cuh"

/* `to` is global memory, aligned to the vector's size. */
static __device__ inline void store_vector(float *to, float4 v) {
    asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)),
                 "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w)
                 : "memory");
}

/* The same, `offset` elements further on. */
template <int offset> static __device__ inline void store_vector(size_t to, float4 v) {
    asm volatile("st.global.v4.f32 [%0+%5], {%1, %2, %3, %4};" ::"l"(to), "f"(v.x), "f"(v.y),
                 "f"(v.z), "f"(v.w), "n"(offset * 4)
                 : "memory");
}

template <int offset> static __device__ inline void store_vector(size_t to, float x, float y) {
    asm volatile("st.global.v2.f32 [%0+%3], {%1, %2};" ::"l"(to), "f"(x), "f"(y), "n"(offset * 4)
                 : "memory");
}

#endif
