// Matrix products on tensor cores through mma.h, and copies that run beside the threads.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda_pipeline.h>
#include <mma.h>

namespace groups = cooperative_groups;
using namespace nvcuda;

extern "C" __global__ void wmma_half(const __half *a, const __half *b, float *c) {
    wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::col_major> right;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
    wmma::fill_fragment(sum, 1.0f);
    wmma::load_matrix_sync(left, a, 16);
    wmma::load_matrix_sync(right, b, 16);
    wmma::mma_sync(sum, left, right, sum);
    for (int i = 0; i < sum.num_elements; i++)
        sum.x[i] *= 2;
    wmma::store_matrix_sync(c, sum, 16, wmma::mem_row_major);
}

extern "C" __global__ void wmma_half_shared(const __half *a, const __half *b, __half *c) {
    __shared__ __half tile[16 * 24];
    wmma::fragment<wmma::matrix_a, 16, 16, 16, __half, wmma::col_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::row_major> right;
    wmma::fragment<wmma::accumulator, 16, 16, 16, __half> sum;
    for (int i = threadIdx.x; i < 256; i += 32)
        tile[i / 16 * 24 + i % 16] = a[i];
    __syncwarp();
    wmma::fill_fragment(sum, __float2half(0.0f));
    wmma::load_matrix_sync(left, tile, 24);
    wmma::load_matrix_sync(right, b, 16);
    wmma::mma_sync(sum, left, right, sum);
    wmma::store_matrix_sync(c, sum, 16, wmma::mem_col_major);
}

extern "C" __global__ void wmma_bytes(const signed char *a, const signed char *b, int *c) {
    wmma::fragment<wmma::matrix_a, 16, 16, 16, signed char, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, signed char, wmma::col_major> right;
    wmma::fragment<wmma::accumulator, 16, 16, 16, int> sum;
    wmma::fill_fragment(sum, 0);
    wmma::load_matrix_sync(left, a, 16);
    wmma::load_matrix_sync(right, b, 16);
    wmma::mma_sync(sum, left, right, sum);
    wmma::store_matrix_sync(c, sum, 16, wmma::mem_row_major);
}

#if __CUDA_ARCH__ >= 800
extern "C" __global__ void wmma_tf32(const float *a, const float *b, float *c) {
    wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::row_major> right;
    wmma::fragment<wmma::accumulator, 16, 16, 8, float> sum;
    wmma::fill_fragment(sum, 0.0f);
    wmma::load_matrix_sync(left, a, 8);
    wmma::load_matrix_sync(right, b, 16);
    for (int i = 0; i < left.num_elements; i++)
        left.x[i] = wmma::__float_to_tf32(left.x[i]);
    for (int i = 0; i < right.num_elements; i++)
        right.x[i] = wmma::__float_to_tf32(right.x[i]);
    wmma::mma_sync(sum, left, right, sum);
    wmma::store_matrix_sync(c, sum, 16, wmma::mem_row_major);
}

extern "C" __global__ void wmma_double(const double *a, const double *b, double *c) {
    wmma::fragment<wmma::matrix_a, 8, 8, 4, double, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 8, 8, 4, double, wmma::col_major> right;
    wmma::fragment<wmma::accumulator, 8, 8, 4, double> sum;
    wmma::fill_fragment(sum, 0.0);
    wmma::load_matrix_sync(left, a, 4);
    wmma::load_matrix_sync(right, b, 4);
    wmma::mma_sync(sum, left, right, sum);
    wmma::store_matrix_sync(c, sum, 8, wmma::mem_row_major);
}
#endif

// Two buffers in turn: cp.async where the device has it, plain copies otherwise.
extern "C" __global__ void copy_primitives(const int *in, int *out, int tiles) {
    __shared__ int buffer[2][128];
    int t = threadIdx.x;
    __pipeline_memcpy_async(&buffer[0][4 * t], &in[4 * t], 16);
    __pipeline_commit();
    for (int tile = 0; tile < tiles; tile++) {
        if (tile + 1 < tiles)
            __pipeline_memcpy_async(&buffer[(tile + 1) % 2][4 * t], &in[(tile + 1) * 128 + 4 * t],
                                    16);
        __pipeline_commit();
        __pipeline_wait_prior(1);
        __syncthreads();
        for (int k = 0; k < 4; k++)
            out[tile * 128 + k * 32 + t] = buffer[tile % 2][127 - k * 32 - t] + tile;
        __syncthreads();
    }
}

extern "C" __global__ void copy_pipeline(const int *in, int *out, int tiles) {
    __shared__ int buffer[2][128];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
    groups::thread_block block = groups::this_thread_block();
    auto pipeline = cuda::make_pipeline(block, &state);
    for (int tile = 0; tile <= tiles; tile++) {
        if (tile < tiles) {
            pipeline.producer_acquire();
            cuda::memcpy_async(block, buffer[tile % 2], in + tile * 128, sizeof(int) * 128,
                               pipeline);
            pipeline.producer_commit();
        }
        if (tile > 0) {
            pipeline.consumer_wait();
            block.sync();
            for (int i = (int)block.thread_rank(); i < 128; i += (int)block.size())
                out[(tile - 1) * 128 + i] = buffer[(tile - 1) % 2][127 - i];
            block.sync();
            pipeline.consumer_release();
        }
    }
}

extern "C" __global__ void copy_group(const int *in, int *out) {
    __shared__ int buffer[256];
    groups::thread_block block = groups::this_thread_block();
    groups::memcpy_async(block, buffer, in, sizeof buffer);
    groups::wait(block);
    for (int i = (int)block.thread_rank(); i < 256; i += (int)block.size())
        out[i] = buffer[255 - i];
}

// Phases of a barrier object: arrival in one place, waiting in another.
extern "C" __global__ void barrier_object(int *out) {
    __shared__ cuda::barrier<cuda::thread_scope_block> meeting;
    __shared__ int value;
    if (threadIdx.x == 0) {
        init(&meeting, blockDim.x);
        value = 0;
    }
    __syncthreads();
    for (int round = 0; round < 4; round++) {
        if ((int)threadIdx.x == round)
            value += round + 1;
        auto token = meeting.arrive();
        meeting.wait(static_cast<decltype(token) &&>(token));
        out[round * blockDim.x + threadIdx.x] = value;
        meeting.arrive_and_wait();
    }
}
