/* gemm, rung 6: warp tiles, and a layout of shared memory without bank conflicts.
 *
 * What it adds: the 32 lanes of a warp stand 8 x 4 over a tile of 64 x 32 of C instead of 2 x 16
 * (kernels/gemm/gemm_warp_tile.cuh draws it), and so take 12 different groups of four from shared memory
 * for the same products that took 18. A tile lies in shared memory as its operand does in global
 * memory, with a swizzle instead of a transposition: copied and read 16 bytes at a time, both
 * without conflicts. And it is BK = 16 deep instead of 8, for half the barriers.
 *
 * Operands that do not allow 16-byte accesses go through the same kernel with `vectors` off, as in
 * rung 5.
 *
 * Grid: the tiles of C, row by row. Block: THREADS.
 */
#include "kernels/gemm/gemm_warp_tile.cuh"

typedef warp_tile<GEMM_WARP_TILE, GEMM_WARP_TILE, 64, 32> shape;
static_assert(shape::TM == 8 && shape::TN == 8, "64 sums a thread");
static_assert(shape::BLOCK == THREADS, "what the launcher launches");

/* Copies the thread's part of a tile from global to shared memory; with `whole` all of it exists,
 * else zeros stand where the matrix ends. */
template <bool vectors, bool whole, class part>
static __device__ inline void tile_copy(const part &mine, const float *from, int64_t leading,
                                        int inside, int left, float *tile) {
#pragma unroll
    for (int i = 0; i < part::COUNT; i++, from += part::APART * leading) {
        const bool exists = whole || mine.exists(i, inside, left);
        if (vectors) {
            float4 chunk = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
            if (exists)
                chunk = *reinterpret_cast<const float4 *>(from);
            *reinterpret_cast<float4 *>(&tile[mine.place(i)]) = chunk;
        } else {
            tile[mine.place(i)] = exists ? *from : 0.0f;
        }
    }
}

/* Lines further down exist less: one look at the last tells that all do. */
template <bool vectors, class part>
static __device__ inline void tile_load(const part &mine, const float *from, int64_t leading,
                                        int inside, int left, float *tile) {
    if (mine.exists(part::COUNT - 1, inside, left))
        tile_copy<vectors, true>(mine, from, leading, inside, left, tile);
    else
        tile_copy<vectors, false>(mine, from, leading, inside, left, tile);
}

/* A is stored [m,k], or [k,m] when transposed; B [k,n], or [n,k]. */
template <bool a_transposed, bool b_transposed, bool vectors>
static __device__ void gemm_warp(const struct gemm_arguments &g) {
    const int BK = shape::BK;
    __shared__ __align__(16) float tiles[(shape::BM + shape::BN) * BK];
    float *const a_tile = tiles, *const b_tile = tiles + shape::BM * BK;
    const gemm_tile tile = gemm_tile_of_block<shape::BM, shape::BN>(g);
    const int64_t row0 = (int64_t)tile.down * shape::BM;
    const int64_t column0 = (int64_t)tile.across * shape::BN;
    const tile_part<shape, shape::BM, !a_transposed, vectors> a_mine;
    const tile_part<shape, shape::BN, b_transposed, vectors> b_mine;
    const float *a = a_mine.start(g.a + row0 * (a_transposed ? 1 : g.lda), g.lda);
    const float *b = b_mine.start(g.b + column0 * (b_transposed ? g.ldb : 1), g.ldb);
    const int64_t a_step = a_transposed ? BK * g.lda : BK;
    const int64_t b_step = b_transposed ? BK : BK * g.ldb;
    const int a_place = thread_place<shape, !a_transposed>(thread_row<shape>());
    const int b_place = shape::BM * BK + thread_place<shape, b_transposed>(thread_column<shape>());

    float sums[shape::TM][shape::TN] = {};
    const int tiles_deep = (int)((g.k + BK - 1) / BK);
    const int last = (int)(g.k - (int64_t)(tiles_deep - 1) * BK);
    for (int t = tiles_deep; t > 0; t--) {
        const int left = t > 1 ? BK : last;
        tile_load<vectors>(a_mine, a, g.lda, tile.rows, left, a_tile);
        tile_load<vectors>(b_mine, b, g.ldb, tile.columns, left, b_tile);
        a += a_step;
        b += b_step;
        __syncthreads();
        warp_tile_multiply<shape, !a_transposed, b_transposed, vectors>(tiles, a_place, b_place,
                                                                        sums);
        __syncthreads();
    }
    warp_tile_write<shape, vectors>(g, tile, sums);
}

#define WARP(variant, a_transposed, b_transposed)                                                  \
    extern "C" __global__ void __launch_bounds__(THREADS, 2)                                       \
        gemm_warp_##variant(const struct gemm_arguments arguments) {                               \
        gemm_warp<a_transposed, b_transposed, true>(arguments);                                    \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS, 2)                                       \
        gemm_warp_##variant##_scalar(const struct gemm_arguments arguments) {                      \
        gemm_warp<a_transposed, b_transposed, false>(arguments);                                   \
    }
WARP(nn, false, false)
WARP(nt, false, true)
WARP(tn, true, false)
