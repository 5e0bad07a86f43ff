/* What CUDA C means where clang compiles the kernels and there is no CUDA toolkit: included ahead
 * of each kernel file by the build (clang's own CUDA headers need the toolkit's). nvcc never sees
 * it.
 *
 * The qualifiers are clang attributes, threadIdx and its like come from clang, and expf, logf,
 * tanhf and erfcf are libclc's exp, log, tanh and erfc of a float, linked as bitcode.
 */
#ifndef LOCKSTEP_KERNELS_CLANG_DEVICE_H
#define LOCKSTEP_KERNELS_CLANG_DEVICE_H

#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define INFINITY __builtin_inff()

#include <__clang_cuda_builtin_vars.h>
#include <stddef.h>
#include <stdint.h>

struct __attribute__((aligned(8))) float2 {
    float x, y;
};

/* Copied member by member: a plain struct would be copied as bytes, which clang cuts into two
 * halves instead of one 16-byte access. */
struct __attribute__((aligned(16))) float4 {
    float x, y, z, w;
    __device__ float4() {}
    __device__ float4(float x, float y, float z, float w) : x(x), y(y), z(z), w(w) {}
    __device__ float4(const float4 &o) : x(o.x), y(o.y), z(o.z), w(o.w) {}
    __device__ float4 &operator=(const float4 &o) {
        x = o.x;
        y = o.y;
        z = o.z;
        w = o.w;
        return *this;
    }
};

static __device__ inline float4 make_float4(float x, float y, float z, float w) {
    return float4(x, y, z, w);
}

/* libclc's, by their OpenCL names. */
__device__ float exp(float x);
__device__ float log(float x);
__device__ float tanh(float x);
__device__ float erfc(float x);

static __device__ inline float expf(float x) {
    return exp(x);
}

static __device__ inline float logf(float x) {
    return log(x);
}

static __device__ inline float tanhf(float x) {
    return tanh(x);
}

static __device__ inline float erfcf(float x) {
    return erfc(x);
}

static __device__ inline float fmaf(float x, float y, float z) {
    return __builtin_fmaf(x, y, z);
}

static __device__ inline float fmaxf(float x, float y) {
    return __builtin_fmaxf(x, y);
}

static __device__ inline float fminf(float x, float y) {
    return __builtin_fminf(x, y);
}

static __device__ inline int min(int x, int y) {
    return x < y ? x : y;
}

static __device__ inline int64_t min(int64_t x, int64_t y) {
    return x < y ? x : y;
}

static __device__ inline float fabsf(float x) {
    return __builtin_fabsf(x);
}

static __device__ inline float sqrtf(float x) {
    return __builtin_sqrtf(x);
}

static __device__ inline float __shfl_xor_sync(unsigned lanes, float value, int distance) {
    return __nvvm_shfl_sync_bfly_f32(lanes, value, distance, 31);
}

/* The address within shared memory that a pointer into it stands for. */
static __device__ inline size_t __cvta_generic_to_shared(const void *pointer) {
    return (size_t)(const __attribute__((address_space(3))) void *)pointer;
}

static __device__ inline size_t __cvta_generic_to_global(const void *pointer) {
    return (size_t)(const __attribute__((address_space(1))) void *)pointer;
}

static __device__ inline void __syncwarp(unsigned lanes = 0xffffffffu) {
    __nvvm_bar_warp_sync(lanes);
}

#endif
