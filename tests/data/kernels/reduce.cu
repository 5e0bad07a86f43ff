// Sums, scans and sorts over a block, with shuffles, shared memory and CUB.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

namespace groups = cooperative_groups;

__device__ int sum_of_warp(int value) {
    for (int step = 16; step > 0; step /= 2)
        value += __shfl_down_sync(0xFFFFFFFF, value, step);
    return value;
}

// out[0] += the sum of in[0..count)
extern "C" __global__ void reduce_shuffle(const int *in, int count, int *out) {
    __shared__ int partial[32];
    int sum = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
        sum += in[i];
    sum = sum_of_warp(sum);
    if (threadIdx.x % 32 == 0)
        partial[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x < 32) {
        sum = sum_of_warp(threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0);
        if (threadIdx.x == 0)
            atomicAdd(out, sum);
    }
}

// The tree in shared memory that the textbooks begin with: half of the threads idle at each step.
extern "C" __global__ void reduce_tree(const int *in, int count, int *out) {
    extern __shared__ int tree[];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    tree[threadIdx.x] = i < count ? in[i] : 0;
    __syncthreads();
    for (unsigned step = 1; step < blockDim.x; step *= 2) {
        if (threadIdx.x % (2 * step) == 0)
            tree[threadIdx.x] += tree[threadIdx.x + step];
        __syncthreads();
    }
    if (threadIdx.x == 0)
        atomicAdd(out, tree[0]);
}

extern "C" __global__ void reduce_groups(const int *in, int count, int *out) {
    groups::thread_block block = groups::this_thread_block();
    groups::thread_block_tile<8> tile = groups::tiled_partition<8>(block);
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int sum = groups::reduce(tile, i < count ? in[i] : 0, groups::plus<int>());
    int most = groups::reduce(tile, i < count ? in[i] : 0, groups::greater<int>());
    if (tile.thread_rank() == 0) {
        atomicAdd(&out[0], sum);
        atomicMax(&out[1], most);
    }
    block.sync();
    if (block.thread_rank() == 0)
        atomicAdd(&out[2], (int)tile.meta_group_size());
}

extern "C" __global__ void reduce_cub(const int *in, int count, int *out) {
    using Reduce = cub::BlockReduce<int, 128>;
    __shared__ typename Reduce::TempStorage storage;
    int i = blockIdx.x * 128 + threadIdx.x;
    int sum = Reduce(storage).Sum(i < count ? in[i] : 0);
    if (threadIdx.x == 0)
        atomicAdd(out, sum);
}

// An exclusive scan of 512 values by 128 threads, and their order after a sort.
extern "C" __global__ void scan_cub(const int *in, int *out) {
    using Scan = cub::BlockScan<int, 128>;
    __shared__ typename Scan::TempStorage storage;
    int items[4];
    for (int k = 0; k < 4; k++)
        items[k] = in[threadIdx.x * 4 + k];
    Scan(storage).ExclusiveSum(items, items);
    for (int k = 0; k < 4; k++)
        out[threadIdx.x * 4 + k] = items[k];
}

extern "C" __global__ void sort_cub(const int *in, int *out) {
    using Sort = cub::BlockRadixSort<int, 128, 4>;
    __shared__ typename Sort::TempStorage storage;
    int items[4];
    for (int k = 0; k < 4; k++)
        items[k] = in[threadIdx.x * 4 + k];
    Sort(storage).Sort(items);
    for (int k = 0; k < 4; k++)
        out[threadIdx.x * 4 + k] = items[k];
}

// Blelloch's scan of one block, in shared memory.
extern "C" __global__ void scan_tree(const int *in, int *out) {
    __shared__ int tree[512];
    unsigned t = threadIdx.x;
    tree[2 * t] = in[2 * t];
    tree[2 * t + 1] = in[2 * t + 1];
    int offset = 1;
    for (unsigned d = 256; d > 0; d /= 2) {
        __syncthreads();
        if (t < d)
            tree[offset * (2 * t + 2) - 1] += tree[offset * (2 * t + 1) - 1];
        offset *= 2;
    }
    if (t == 0)
        tree[511] = 0;
    for (unsigned d = 1; d < 512; d *= 2) {
        offset /= 2;
        __syncthreads();
        if (t < d) {
            int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1, left = tree[a];
            tree[a] = tree[b];
            tree[b] += left;
        }
    }
    __syncthreads();
    out[2 * t] = tree[2 * t];
    out[2 * t + 1] = tree[2 * t + 1];
}

// An inclusive scan in each warp, by shuffles with their predicate.
extern "C" __global__ void scan_warp(const int *in, int *out) {
    int value = in[threadIdx.x], lane = threadIdx.x % 32;
    for (int step = 1; step < 32; step *= 2) {
        int other = __shfl_up_sync(0xFFFFFFFF, value, step);
        if (lane >= step)
            value += other;
    }
    out[threadIdx.x] = value;
}

extern "C" __global__ void transpose(const float *in, float *out, int rows, int columns) {
    __shared__ float tile[32][33];
    int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y;
    for (int j = 0; j < 32; j += 8)
        if (x < columns && y + j < rows)
            tile[threadIdx.y + j][threadIdx.x] = in[(y + j) * columns + x];
    __syncthreads();
    x = blockIdx.y * 32 + threadIdx.x;
    y = blockIdx.x * 32 + threadIdx.y;
    for (int j = 0; j < 32; j += 8)
        if (x < rows && y + j < columns)
            out[(y + j) * rows + x] = tile[threadIdx.x][threadIdx.y + j];
}
