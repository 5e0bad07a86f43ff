/* gemm: a batch of products in one launch, each by the blocks of rung 7.
 *
 * Small matrices do not fill a GPU one by one, and a launch for each costs more than they do. Here
 * the grid's z counts them: a block finds its own matrices and then does as gemm_7_pipelined.cu.
 *
 * Grid: the tiles of C, row by row, and along z the products. Block: the tile's BLOCK threads.
 * Compute capability 8.0.
 */
#include "kernels/gemm/gemm_batch.h"
#include "kernels/gemm/gemm_pipeline.cuh"

/* A and B are stored as gemm_7_pipelined.cu says. */
template <class shape, bool a_transposed, bool b_transposed, bool vectors>
static __device__ void gemm_batch(const struct gemm_batch_arguments &batch) {
    __shared__ __align__(16) float stages[STAGES * (shape::BM + shape::BN) * shape::BK];
    struct gemm_arguments g = batch.gemm;
    g.a += blockIdx.z * batch.stride_a;
    g.b += blockIdx.z * batch.stride_b;
    g.c += blockIdx.z * batch.stride_c;
    const gemm_tile tile = gemm_tile_of_block<shape::BM, shape::BN>(g);
    float sums[shape::TM][shape::TN] = {};
    pipeline_multiply<shape, a_transposed, b_transposed, vectors>(g, tile, 0, g.k, stages, sums);
    warp_tile_write<shape, vectors>(g, tile, sums);
}

#define BATCH(tile, variant, a_transposed, b_transposed)                                           \
    extern "C" __global__ void __launch_bounds__(tile_##tile::BLOCK, tile_##tile::RESIDENT)        \
        gemm_batch_##variant##_##tile(const struct gemm_batch_arguments arguments) {               \
        gemm_batch<tile_##tile, a_transposed, b_transposed, true>(arguments);                      \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(tile_##tile::BLOCK, tile_##tile::RESIDENT)        \
        gemm_batch_##variant##_##tile##_scalar(const struct gemm_batch_arguments arguments) {      \
        gemm_batch<tile_##tile, a_transposed, b_transposed, false>(arguments);                     \
    }
#define BATCH_VARIANTS(tile)                                                                       \
    BATCH(tile, nn, false, false)                                                                  \
    BATCH(tile, nt, false, true)                                                                   \
    BATCH(tile, tn, true, false)

BATCH_VARIANTS(128x128)
BATCH_VARIANTS(64x64)
BATCH_VARIANTS(32x32)
