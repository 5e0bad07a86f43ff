/* gemm, rung 7: the next tiles are on their way while this one is multiplied.
 *
 * What it adds: the warp rung waits for global memory twice a tile, between two barriers. Here a
 * ring of STAGES tiles is filled by asynchronous copies (kernels/gemm/gemm_pipeline.cuh), so that the
 * latency of global memory hides behind the multiplication of two tiles, with one barrier a tile.
 * The count of instructions hardly changes; what falls away is waiting, which only a real GPU
 * shows.
 *
 * It comes in three tiles: a matrix with few tiles of 128 x 128 does not fill a GPU, and a small or
 * narrow one wastes most of such a tile. kernels/gemm/gemm_choice.c tells which is taken.
 *
 * Grid: the tiles of C, row by row. Block: the tile's BLOCK threads. Compute capability 8.0.
 */
#include "kernels/gemm/gemm_pipeline.cuh"

/* A is stored [m,k], or [k,m] when transposed; B [k,n], or [n,k]. */
template <class shape, bool a_transposed, bool b_transposed, bool vectors>
static __device__ void gemm_pipelined(const struct gemm_arguments &g) {
    __shared__ __align__(16) float stages[STAGES * (shape::BM + shape::BN) * shape::BK];
    const gemm_tile tile = gemm_tile_of_block<shape::BM, shape::BN>(g);
    float sums[shape::TM][shape::TN] = {};
    pipeline_multiply<shape, a_transposed, b_transposed, vectors>(g, tile, 0, g.k, stages, sums);
    warp_tile_write<shape, vectors>(g, tile, sums);
}

#define PIPELINED(tile, variant, a_transposed, b_transposed)                                       \
    extern "C" __global__ void __launch_bounds__(tile_##tile::BLOCK, tile_##tile::RESIDENT)        \
        gemm_pipelined_##variant##_##tile(const struct gemm_arguments arguments) {                 \
        gemm_pipelined<tile_##tile, a_transposed, b_transposed, true>(arguments);                  \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(tile_##tile::BLOCK, tile_##tile::RESIDENT)        \
        gemm_pipelined_##variant##_##tile##_scalar(const struct gemm_arguments arguments) {        \
        gemm_pipelined<tile_##tile, a_transposed, b_transposed, false>(arguments);                 \
    }
#define PIPELINED_VARIANTS(tile)                                                                   \
    PIPELINED(tile, nn, false, false)                                                              \
    PIPELINED(tile, nt, false, true)                                                               \
    PIPELINED(tile, tn, true, false)

PIPELINED_VARIANTS(128x128)
PIPELINED_VARIANTS(64x64)
PIPELINED_VARIANTS(32x32)
