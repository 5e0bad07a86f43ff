// Clusters, mbarriers and tiles as CUDA C++ spells them: each block of a cluster loads half of a tile
// for both, adds what its neighbour has computed, and stores the tile by a bulk copy.
#include "../check.h"

#include <cooperative_groups.h>
#include <cuda.h>
#include <cuda/barrier>
#include <vector>

namespace cg = cooperative_groups;
namespace bulk = cuda::device::experimental;
using barrier = cuda::barrier<cuda::thread_scope_block>;

constexpr int ROWS = 64, COLUMNS = 96, TILE_ROWS = 8, TILE_COLUMNS = 32,
              TILE = TILE_ROWS * TILE_COLUMNS;

// out = 2 * in + the sum of the tile that the neighbour in the cluster has
__global__ void __cluster_dims__(2, 1, 1)
    add_neighbour(const __grid_constant__ CUtensorMap in, const __grid_constant__ CUtensorMap out) {
    __shared__ alignas(128) int tile[TILE];
    __shared__ int sum;
#pragma nv_diag_suppress static_var_with_dynamic_init
    __shared__ barrier arrived;
    cg::cluster_group cluster = cg::this_cluster();
    const int x = blockIdx.x * TILE_COLUMNS, y = blockIdx.y * TILE_ROWS;
    if (threadIdx.x == 0) {
        sum = 0;
        init(&arrived, blockDim.x);
        bulk::fence_proxy_async_shared_cta();
    }
    __syncthreads();
    barrier::arrival_token token;
    if (threadIdx.x == 0) {
        bulk::cp_async_bulk_tensor_2d_global_to_shared(tile, &in, x, y, arrived);
        token = cuda::device::barrier_arrive_tx(arrived, 1, sizeof tile);
    } else {
        token = arrived.arrive();
    }
    arrived.wait(std::move(token));
    for (int k = threadIdx.x; k < TILE; k += blockDim.x)
        atomicAdd(&sum, tile[k]);
    cluster.sync();
    const int other = *cluster.map_shared_rank(&sum, cluster.block_rank() ^ 1);
    for (int k = threadIdx.x; k < TILE; k += blockDim.x)
        tile[k] = 2 * tile[k] + other;
    bulk::fence_proxy_async_shared_cta();
    __syncthreads();
    if (threadIdx.x == 0) {
        bulk::cp_async_bulk_tensor_2d_shared_to_global(&out, x, y, tile);
        bulk::cp_async_bulk_commit_group();
        bulk::cp_async_bulk_wait_group_read<0>();
    }
    cluster.sync();
}

// Each block of a cluster of any size writes its rank into all the others.
__global__ void exchange(int *to) {
    extern __shared__ int ranks[];
    cg::cluster_group cluster = cg::this_cluster();
    const unsigned blocks = cluster.num_blocks(), rank = cluster.block_rank();
    cluster.sync();
    if (threadIdx.x < blocks)
        cluster.map_shared_rank(ranks, threadIdx.x)[rank] = (int)(rank * 10);
    cluster.sync();
    if (threadIdx.x < blocks)
        to[blockIdx.x * blocks + threadIdx.x] = ranks[threadIdx.x];
}

static CUtensorMap map_of(int *memory) {
    void *entry = nullptr;
    cudaDriverEntryPointQueryResult found;
    OK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000, cudaEnableDefault,
                                        &found));
    CHECK(entry && found == cudaDriverEntryPointSuccess);
    const cuuint64_t sizes[] = {COLUMNS, ROWS}, strides[] = {COLUMNS * sizeof(int)};
    const cuuint32_t box[] = {TILE_COLUMNS, TILE_ROWS}, steps[] = {1, 1};
    CUtensorMap map;
    CHECK(((decltype(&cuTensorMapEncodeTiled))entry)(
              &map, CU_TENSOR_MAP_DATA_TYPE_INT32, 2, memory, sizes, strides, box, steps,
              CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_NONE,
              CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS);
    return map;
}

static void tiles() {
    std::vector<int> in(ROWS * COLUMNS), out(ROWS * COLUMNS), sums((ROWS / TILE_ROWS) * 4);
    int *from, *to;
    for (int k = 0; k < ROWS * COLUMNS; k++)
        in[k] = k % 17;
    OK(cudaMalloc(&from, in.size() * sizeof(int)));
    OK(cudaMalloc(&to, in.size() * sizeof(int)));
    OK(cudaMemcpy(from, in.data(), in.size() * sizeof(int), cudaMemcpyHostToDevice));
    // The fourth tile of a row lies outside: it is zeros, and nothing of it is stored.
    add_neighbour<<<dim3(4, ROWS / TILE_ROWS), 64>>>(map_of(from), map_of(to));
    OK(cudaDeviceSynchronize());
    OK(cudaMemcpy(out.data(), to, out.size() * sizeof(int), cudaMemcpyDeviceToHost));
    for (int k = 0; k < ROWS * COLUMNS; k++)
        sums[k / COLUMNS / TILE_ROWS * 4 + k % COLUMNS / TILE_COLUMNS] += in[k];
    for (int k = 0; k < ROWS * COLUMNS; k++) {
        const int tile = k % COLUMNS / TILE_COLUMNS;
        CHECK(out[k] == 2 * in[k] + sums[k / COLUMNS / TILE_ROWS * 4 + (tile ^ 1)]);
    }
}

static void exchanges() {
    int *to, clusters = 0, size = 0;
    OK(cudaMalloc(&to, 16 * 16 * sizeof(int)));
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {4, 1, 1};
    cudaLaunchConfig_t config = {};
    config.gridDim = 8;
    config.blockDim = 32;
    config.dynamicSmemBytes = 64;
    config.attrs = &attribute;
    config.numAttrs = 1;
    OK(cudaOccupancyMaxPotentialClusterSize(&size, exchange, &config));
    CHECK(size == 8);
    OK(cudaOccupancyMaxActiveClusters(&clusters, exchange, &config));
    CHECK(clusters > 0);
    OK(cudaLaunchKernelEx(&config, exchange, to));
    int ranks[8][4];
    OK(cudaMemcpy(ranks, to, sizeof ranks, cudaMemcpyDeviceToHost));
    for (int block = 0; block < 8; block++)
        for (int rank = 0; rank < 4; rank++)
            CHECK(ranks[block][rank] == rank * 10);
    config.gridDim = 9;
    EXPECT(cudaErrorInvalidClusterSize, cudaLaunchKernelEx(&config, exchange, to));
    (void)cudaGetLastError();
    config.gridDim = 16;
    attribute.val.clusterDim = {16, 1, 1};
    EXPECT(cudaErrorInvalidClusterSize, cudaLaunchKernelEx(&config, exchange, to));
    (void)cudaGetLastError();
    OK(cudaFuncSetAttribute(exchange, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
    OK(cudaLaunchKernelEx(&config, exchange, to));
    OK(cudaDeviceSynchronize());
}

int main() {
    tiles();
    exchanges();
}
