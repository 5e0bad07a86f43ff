// Kernels for the tests of the emulator's core; tests/data/ptx/core.ptx is made from it (make
// emulator-core-data).
#include <cuda_fp16.h>
#include <cuda_pipeline.h>
#include <mma.h>
#include <stdio.h>

extern "C" __global__ void strided_load(const float *from, float *to, int stride) {
    to[threadIdx.x] = from[threadIdx.x * stride];
}

extern "C" __global__ void vector_load(const float4 *from, float4 *to) {
    to[threadIdx.x] = from[threadIdx.x];
}

template <int PITCH> __device__ void transpose(const float *from, float *to, float (*tile)[PITCH]) {
    tile[threadIdx.y][threadIdx.x] = from[threadIdx.y * 32 + threadIdx.x];
    __syncthreads();
    to[threadIdx.y * 32 + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}

extern "C" __global__ void transpose_plain(const float *from, float *to) {
    __shared__ float tile[32][32];
    transpose<32>(from, to, tile);
}

extern "C" __global__ void transpose_padded(const float *from, float *to) {
    __shared__ float tile[32][33];
    transpose<33>(from, to, tile);
}

// Each lane writes and reads WIDTH bytes of shared memory of its own; then all read the same word.
extern "C" __global__ void shared_widths(float *to) {
    __shared__ float4 wide[32];
    __shared__ float2 middle[32];
    int lane = threadIdx.x;
    wide[lane] = make_float4(1, 2, 3, lane);
    middle[lane] = make_float2(4, lane);
    __syncthreads();
    float4 w = wide[31 - lane];
    float2 m = middle[31 - lane];
    to[lane] = w.x + w.y + w.z + w.w + m.x + m.y;
}

extern "C" __global__ void broadcast(float *to) {
    __shared__ float words[32];
    words[threadIdx.x] = threadIdx.x;
    __syncthreads();
    to[threadIdx.x] = words[to[0] > 0 ? 5 : 6];
}

extern "C" __global__ void halves(int *to) {
    int lane = threadIdx.x;
    volatile int *out = to;
    if (lane < 16)
        out[lane] = 1;
    else
        out[lane] = 2;
    out[lane + 32] = lane;
}

extern "C" __global__ void spin_lock(int *lock, int *count) {
    bool done = false;
    while (!done) {
        if (atomicCAS(lock, 0, 1) == 0) {
            *(volatile int *)count = *(volatile int *)count + 1;
            __threadfence();
            atomicExch(lock, 0);
            done = true;
        }
    }
}

// The classic form that needs forward progress: one lane holds the lock while the others wait in a
// loop of their own.
extern "C" __global__ void spin_lock_inner(int *lock, int *count) {
    while (atomicCAS(lock, 0, 1) != 0)
        ;
    *(volatile int *)count = *(volatile int *)count + 1;
    __threadfence();
    atomicExch(lock, 0);
}

extern "C" __global__ void warp_waits_for_warp(volatile int *flag, int *to) {
    if (threadIdx.x >= 32) {
        while (*flag == 0)
            ;
        to[threadIdx.x] = *flag;
    } else if (threadIdx.x == 7) {
        *flag = 42;
    }
}

extern "C" __global__ void different_loops(const int *trips, int *to) {
    int sum = 0;
    for (int k = 0; k < trips[threadIdx.x]; k++)
        sum += k * (threadIdx.x & 1 ? 3 : 1);
    if (threadIdx.x % 5 == 4)
        return;
    to[threadIdx.x] = sum + __popc(__ballot_sync(__activemask(), sum > 10));
}

__device__ __noinline__ int fibonacci(int n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

extern "C" __global__ void recursion(int *to, int n) {
    to[threadIdx.x] = fibonacci((threadIdx.x + n) % 12);
}

__device__ int add_one(int x) {
    return x + 1;
}
__device__ int times_two(int x) {
    return x * 2;
}
typedef int (*unary)(int);
__device__ unary functions[2] = {add_one, times_two};

extern "C" __global__ void indirect_calls(int *to) {
    to[threadIdx.x] = functions[threadIdx.x & 1](threadIdx.x);
}

extern "C" __global__ void choose(int *values) {
    int v = values[threadIdx.x];
    switch (v) {
    case 0:
        v = 5;
        break;
    case 1:
        v *= 3;
        break;
    case 2:
        v += 7;
        break;
    case 3:
        v -= 1;
        break;
    case 4:
        v ^= 9;
        break;
    case 5:
        v /= 3;
        break;
    case 6:
        v = 60;
        break;
    case 7:
        v = 99;
        break;
    default:
        v = -1;
    }
    values[threadIdx.x] = v;
}

extern "C" __global__ void print_thread(int n) {
    if (threadIdx.x == 1)
        printf("block %d of %d: %s %5.2f %lld %c %x%%\n", blockIdx.x, n, "text", 1.5,
               123456789012345ll, 'c', 255);
}

extern "C" __global__ void atomics(int *to, unsigned *wrap) {
    atomicAdd(&to[0], threadIdx.x);
    atomicMax(&to[1], threadIdx.x);
    atomicMin(&to[2], -(int)threadIdx.x);
    atomicAnd(&to[3], ~(1 << (threadIdx.x % 32)));
    atomicOr(&to[4], 1 << (threadIdx.x % 32));
    atomicXor(&to[5], threadIdx.x);
    atomicInc(wrap, 9);
}

extern "C" __global__ void float_atomics(float *to) {
    atomicAdd(to, 0.1f * (threadIdx.x + 1) / (blockIdx.x + 1));
}

extern "C" __global__ void shuffles(const int *from, int *to) {
    int v = from[threadIdx.x];
    to[threadIdx.x] = __shfl_sync(~0u, v, 3);
    to[32 + threadIdx.x] = __shfl_up_sync(~0u, v, 2);
    to[64 + threadIdx.x] = __shfl_down_sync(~0u, v, 5, 16);
    to[96 + threadIdx.x] = __shfl_xor_sync(~0u, v, 7);
    to[128 + threadIdx.x] = __reduce_add_sync(~0u, v);
    to[160 + threadIdx.x] = __ballot_sync(~0u, v & 1);
    to[192 + threadIdx.x] = __match_any_sync(~0u, v & 3);
    int all;
    to[224 + threadIdx.x] = __match_all_sync(~0u, v & 3, &all) + all;
}

extern "C" __global__ void barrier_counts(int *to) {
    int odd = __syncthreads_count(threadIdx.x & 1);
    int all = __syncthreads_and(threadIdx.x < 1000), any = __syncthreads_or(threadIdx.x == 3);
    to[threadIdx.x] = odd * 100 + all * 10 + any;
}

// Producers arrive at a named barrier without waiting, consumers wait at it.
extern "C" __global__ void named_barriers(int *to) {
    __shared__ int values[32];
    if (threadIdx.x < 32) {
        values[threadIdx.x] = threadIdx.x * 3;
        __threadfence_block();
        asm volatile("bar.arrive 1, 64;" ::: "memory");
    } else {
        asm volatile("bar.sync 1, 64;" ::: "memory");
        to[threadIdx.x - 32] = values[63 - threadIdx.x];
    }
}

extern "C" __global__ void pipeline(const float4 *from, float4 *to) {
    __shared__ float4 stage[2][32];
    int lane = threadIdx.x;
    __pipeline_memcpy_async(&stage[0][lane], &from[lane], 16);
    __pipeline_commit();
    __pipeline_memcpy_async(&stage[1][lane], &from[lane + 32], 16);
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();
    to[lane] = stage[0][31 - lane];
    __pipeline_wait_prior(0);
    __syncthreads();
    to[lane + 32] = stage[1][31 - lane];
}

extern "C" __global__ void matrix_product(const half *a, const half *b, float *c) {
    using namespace nvcuda::wmma;
    fragment<matrix_a, 16, 16, 16, half, row_major> fa;
    fragment<matrix_b, 16, 16, 16, half, col_major> fb;
    fragment<accumulator, 16, 16, 16, float> fc;
    fill_fragment(fc, 0.0f);
    load_matrix_sync(fa, a, 16);
    load_matrix_sync(fb, b, 16);
    mma_sync(fc, fa, fb, fc);
    store_matrix_sync(c, fc, 16, mem_row_major);
}

extern "C" __global__ void gemm_naive(const float *a, const float *b, float *c, int m, int n,
                                      int k) {
    int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= m || column >= n)
        return;
    float sum = 0;
    for (int i = 0; i < k; i++)
        sum += a[row * k + i] * b[i * n + column];
    c[row * n + column] = sum;
}

enum { TILE = 32 };

extern "C" __global__ void gemm_tiled(const float *a, const float *b, float *c, int m, int n,
                                      int k) {
    __shared__ float a_tile[TILE][TILE], b_tile[TILE][TILE];
    int x = threadIdx.x, y = threadIdx.y, column = blockIdx.x * TILE + x,
        row = blockIdx.y * TILE + y;
    float sum = 0;
    for (int start = 0; start < k; start += TILE) {
        a_tile[y][x] = row < m && start + x < k ? a[row * k + start + x] : 0.0f;
        b_tile[y][x] = start + y < k && column < n ? b[(start + y) * n + column] : 0.0f;
        __syncthreads();
#pragma unroll
        for (int i = 0; i < TILE; i++)
            sum += a_tile[y][i] * b_tile[i][x];
        __syncthreads();
    }
    if (row < m && column < n)
        c[row * n + column] = sum;
}

extern "C" __global__ void out_of_bounds(float *to, int index) {
    to[threadIdx.x + index] = 1.0f;
}

extern "C" __global__ void misaligned(char *to) {
    *(int *)(to + threadIdx.x * 4 + 1) = 1;
}

extern "C" __global__ void endless_loop(volatile int *to) {
    while (*to == 0)
        ;
}

extern "C" __global__ void shared_race(int *to) {
    __shared__ int values[64];
    values[threadIdx.x] = threadIdx.x;
    to[threadIdx.x] = values[63 - threadIdx.x];
}

extern "C" __global__ void shared_no_race(int *to) {
    __shared__ int values[64];
    values[threadIdx.x] = threadIdx.x;
    __syncthreads();
    to[threadIdx.x] = values[63 - threadIdx.x];
}

extern "C" __global__ void early_exit_barrier(int *to) {
    if (threadIdx.x >= 48)
        return;
    __syncthreads();
    to[threadIdx.x] = 1;
}

extern "C" __global__ void barrier_never_met() {
    if (threadIdx.x < 32)
        asm volatile("bar.sync 1, 64;" ::: "memory");
    else
        asm volatile("bar.sync 2, 64;" ::: "memory");
}
