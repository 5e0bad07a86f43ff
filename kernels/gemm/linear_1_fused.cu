/* linear: y = f(x W^T + b) in one kernel, f being ReLU or nothing.
 *
 * What it adds to gemm's rungs 7 and 8: between the product and the store each sum gets its bias
 * and passes the function, while it is in a register. A kernel of its own for that reads and writes
 * y once more; here the epilogue reads the bias and nothing else.
 *
 * Where blocks share a tile of y (gemm's rung 8) no block has the whole sum: there the kernel that
 * adds the parts has the epilogue (gemm_8_split_k.cu).
 *
 * Grid and block: as gemm's rung 7. Compute capability 8.0.
 */
#include "kernels/gemm/gemm_pipeline.cuh"
#include "kernels/gemm/linear_epilogue.cuh"

/* The bias of the thread's columns is loaded once, for all of its rows. */
template <class shape>
static __device__ inline void epilogue(const struct linear_arguments &l, const gemm_tile &tile,
                                       float sums[shape::TM][shape::TN]) {
    const int first = thread_column<shape>();
    const float *const bias = l.bias + (int64_t)tile.across * shape::BN + first;
#pragma unroll
    for (int j = 0; j < shape::TN; j++) {
        const int column = group_offset(j, LANES_ACROSS);
        const float b = first + column < tile.columns ? bias[column] : 0.0f;
#pragma unroll
        for (int i = 0; i < shape::TM; i++)
            sums[i][j] = linear_epilogue(sums[i][j], b, l.relu);
    }
}

template <class shape, bool vectors>
static __device__ void linear_fused(const struct linear_arguments &l) {
    __shared__ __align__(16) float stages[STAGES * (shape::BM + shape::BN) * shape::BK];
    const gemm_tile tile = gemm_tile_of_block<shape::BM, shape::BN>(l.gemm);
    float sums[shape::TM][shape::TN] = {};
    pipeline_multiply<shape, false, true, vectors>(l.gemm, tile, 0, l.gemm.k, stages, sums);
    /* Where two blocks leave a thread 128 registers, sm_120 would spill two of the tile's. */
    const gemm_tile behind =
        shape::BLOCK >= THREADS ? gemm_tile_of_block_again<shape::BM, shape::BN>(l.gemm) : tile;
    epilogue<shape>(l, behind, sums);
    warp_tile_write<shape, vectors>(l.gemm, behind, sums);
}

#define LINEAR(tile)                                                                               \
    extern "C" __global__ void __launch_bounds__(tile_##tile::BLOCK, tile_##tile::RESIDENT)        \
        linear_fused_##tile(const struct linear_arguments arguments) {                             \
        linear_fused<tile_##tile, true>(arguments);                                                \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(tile_##tile::BLOCK, tile_##tile::RESIDENT)        \
        linear_fused_##tile##_scalar(const struct linear_arguments arguments) {                    \
        linear_fused<tile_##tile, false>(arguments);                                               \
    }
LINEAR(128x128)
LINEAR(64x64)
LINEAR(32x32)
