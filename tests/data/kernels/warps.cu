// What threads of a warp and of a block do together: votes, matches, shuffles, barriers,
// cooperative groups.
#include <cooperative_groups.h>

namespace groups = cooperative_groups;

extern "C" __global__ void votes(unsigned *out) {
    unsigned t = threadIdx.x, all = 0xFFFFFFFF;
    if (t >= 32)
        return;
    out[t] = __ballot_sync(all, t % 3 == 0);
    out[32 + t] = __match_any_sync(all, t / 5);
    int same;
    out[64 + t] = __match_all_sync(all, t < 40, &same) * 2 + (unsigned)same;
    out[96 + t] = (unsigned)__all_sync(all, t < 32) * 4 + (unsigned)__any_sync(all, t == 17) * 2 +
                  (unsigned)__all_sync(all, t < 31);
    if (t % 2)
        out[128 + t] = __activemask();
    else
        out[128 + t] = __ballot_sync(0x55555555, t < 10);
    out[160 + t] = (unsigned)__shfl_xor_sync(all, (int)t, 5);
    out[192 + t] = (unsigned)__shfl_sync(all, (int)t, (int)t + 3, 8);
    out[224 + t] = (unsigned)__shfl_down_sync(all, (int)t, 3, 16);
    double wide = __shfl_sync(all, t + 0.5, 9);
    out[256 + t] = (unsigned)(wide * 2);
}

// Counts over the block; then threads leave before the last barriers, which the rest still pass.
extern "C" __global__ void barriers(int *out) {
    int t = threadIdx.x;
    int count = __syncthreads_count(t % 3 == 0);
    int both = __syncthreads_and(t < 1000), either = __syncthreads_or(t == 5);
    out[t] = count * 4 + (both ? 2 : 0) + (either ? 1 : 0);
    if (t >= 64)
        return;
    __shared__ int value;
    if (t == 63)
        value = 77;
    __syncthreads();
    out[128 + t] = value;
}

// Producers and consumers on two named barriers: warps 0 and 1 produce, 2 and 3 consume.
extern "C" __global__ void named_barriers(int *out) {
    __shared__ int buffer[64];
    int t = threadIdx.x;
    for (int round = 0; round < 3; round++) {
        if (t < 64) {
            asm volatile("bar.sync 1, 128;" ::: "memory"); // empty
            buffer[t] = round * 100 + t;
            asm volatile("bar.arrive 2, 128;" ::: "memory"); // full
        } else {
            asm volatile("bar.arrive 1, 128;" ::: "memory");
            asm volatile("bar.sync 2, 128;" ::: "memory");
            out[round * 64 + t - 64] = buffer[t - 64];
        }
    }
}

// Each thread loops as often as its number says, and warps meet again behind the loop.
extern "C" __global__ void different_loops(int *out) {
    int t = threadIdx.x, sum = 0;
    for (int i = 0; i < t; i++) {
        if (i % 3 == 0)
            continue;
        if (sum > 1000)
            break;
        sum += i;
    }
    out[t] = sum;
    __syncwarp();
    out[256 + t] = __shfl_xor_sync(0xFFFFFFFF, sum, 1);
}

extern "C" __global__ void coalesced(int *out) {
    int t = threadIdx.x;
    if (t % 3 == 1) {
        groups::coalesced_group active = groups::coalesced_threads();
        out[t] = (int)(active.size() * 100 + active.thread_rank());
        active.sync();
        out[64 + t] = active.shfl(t, 0);
    }
    groups::thread_block_tile<32> warp = groups::tiled_partition<32>(groups::this_thread_block());
    auto labelled = groups::labeled_partition(warp, t % 4);
    out[128 + t] = (int)(labelled.size() * 100 + labelled.thread_rank());
}

// Every block adds to the next one's slot after the whole grid has met.
extern "C" __global__ void grid_sync(int *slots, int rounds) {
    groups::grid_group grid = groups::this_grid();
    for (int round = 0; round < rounds; round++) {
        int next = (blockIdx.x + 1) % gridDim.x, seen = 0;
        if (threadIdx.x == 0)
            seen = ((volatile int *)slots)[next];
        grid.sync();
        if (threadIdx.x == 0)
            slots[blockIdx.x] += seen + 1;
        grid.sync();
    }
}

extern "C" __global__ void special_registers(unsigned *out) {
    unsigned lane, warp, less, clock_moves;
    asm("mov.u32 %0, %%laneid;" : "=r"(lane));
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(less));
    warp = threadIdx.x / 32;
    long long begin = clock64();
    clock_moves = clock64() >= begin;
    unsigned t = (blockIdx.y * gridDim.x + blockIdx.x) * blockDim.x * blockDim.y +
                 threadIdx.y * blockDim.x + threadIdx.x;
    out[t] = lane + 100 * clock_moves + 1000 * (less == (1u << lane) - 1) + warp * 0;
}
