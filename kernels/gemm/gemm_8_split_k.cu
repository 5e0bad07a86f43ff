/* gemm, rung 8: several blocks share a tile of C, each with its part of k.
 *
 * What it adds: where C is small and k long (a gradient of weights, 16 x 16 x 65536), there are
 * fewer tiles of C than multiprocessors, and the rungs before leave most of the GPU idle. Here each
 * block multiplies `k_each` of the k and writes its sums, not yet scaled, to a matrix of its own in
 * a workspace; a second kernel adds these matrices in order, scales and writes C. The price is
 * `splits` times m n floats written and read again. The order of the additions does not depend on
 * which block ends first, so that the result is the same each time.
 *
 * Grid: x over the tiles of C, y over the parts of k. Block: the tile's BLOCK threads; the sum: one
 * thread an element of C, in one dimension. Compute capability 8.0.
 */
#include "kernels/gemm/gemm_pipeline.cuh"
#include "kernels/gemm/linear_epilogue.cuh"

/* The sums of launches of this device, one at a time: a stream orders them. In the module, so that
 * a launch allocates nothing and can be captured in a graph. Stored to 16 bytes at a time, so
 * aligned, and to a cache line while at it. */
static __device__ __align__(128) float workspace[GEMM_SPLIT_WORKSPACE];

template <class shape, bool a_transposed, bool b_transposed, bool vectors>
static __device__ void gemm_split_k(const struct gemm_split_arguments &s) {
    __shared__ __align__(16) float stages[STAGES * (shape::BM + shape::BN) * shape::BK];
    struct gemm_arguments g = s.gemm;
    g.c = workspace + blockIdx.y * g.m * g.n;
    g.ldc = g.n;
    const int64_t first = blockIdx.y * s.k_each;
    const int64_t end = first + s.k_each < g.k ? first + s.k_each : g.k;
    const gemm_tile tile = gemm_tile_of_block<shape::BM, shape::BN>(g);
    float sums[shape::TM][shape::TN] = {};
    pipeline_multiply<shape, a_transposed, b_transposed, vectors>(g, tile, first, end, stages,
                                                                  sums);
    warp_tile_write<shape, vectors, false>(g, tile, sums);
}

/* Element i of the product, row by row. */
static __device__ inline float parts_sum(const struct gemm_split_arguments &s, int64_t i) {
    float sum = 0.0f;
    for (int64_t split = 0; split < s.splits; split++)
        sum += workspace[split * s.gemm.m * s.gemm.n + i];
    return sum;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    gemm_split_k_sum(const struct gemm_split_arguments s) {
    const int64_t i = grid_thread();
    if (i >= s.gemm.m * s.gemm.n)
        return;
    float *const c = &s.gemm.c[i / s.gemm.n * s.gemm.ldc + i % s.gemm.n];
    *c = gemm_scaled(s.gemm, parts_sum(s, i), s.gemm.beta == 0.0f ? 0.0f : *c);
}

/* The same for a linear layer (kernels/gemm/linear_1_fused.cu). */
extern "C" __global__ void __launch_bounds__(THREADS)
    linear_split_k_sum(const struct gemm_split_arguments s) {
    const int64_t i = grid_thread(), column = i % s.gemm.n;
    if (i < s.gemm.m * s.gemm.n)
        s.gemm.c[i / s.gemm.n * s.gemm.ldc + column] =
            linear_epilogue(parts_sum(s, i), s.bias[column], s.relu);
}

#define SPLIT_K(tile, variant, a_transposed, b_transposed)                                         \
    extern "C" __global__ void __launch_bounds__(tile_##tile::BLOCK, tile_##tile::RESIDENT)        \
        gemm_split_k_##variant##_##tile(const struct gemm_split_arguments arguments) {             \
        gemm_split_k<tile_##tile, a_transposed, b_transposed, true>(arguments);                    \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(tile_##tile::BLOCK, tile_##tile::RESIDENT)        \
        gemm_split_k_##variant##_##tile##_scalar(const struct gemm_split_arguments arguments) {    \
        gemm_split_k<tile_##tile, a_transposed, b_transposed, false>(arguments);                   \
    }
#define SPLIT_K_VARIANTS(tile)                                                                     \
    SPLIT_K(tile, nn, false, false)                                                                \
    SPLIT_K(tile, nt, false, true)                                                                 \
    SPLIT_K(tile, tn, true, false)

SPLIT_K_VARIANTS(64x64)
SPLIT_K_VARIANTS(32x32)
