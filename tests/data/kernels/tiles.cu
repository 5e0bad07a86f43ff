// Groups of several warps. From compute_80 on they meet in shared memory that is reserved for the
// system.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

namespace groups = cooperative_groups;

extern "C" __global__ void large_tiles(const int *in, int *out) {
#if __CUDA_ARCH__ >= 800
    groups::thread_block block = groups::this_thread_block();
#else
    __shared__ groups::block_tile_memory<256> memory;
    groups::thread_block block = groups::this_thread_block(memory);
#endif
    auto tile = groups::tiled_partition<64>(block);
    int sum = groups::reduce(tile, in[threadIdx.x], groups::plus<int>());
    tile.sync();
    out[threadIdx.x] = sum + tile.shfl(in[threadIdx.x], 5);
}
