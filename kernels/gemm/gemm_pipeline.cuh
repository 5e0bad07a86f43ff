/* gemm: warp tiles behind a pipeline of asynchronous copies, for the rungs from 7 on.
 *
 * Shared memory holds STAGES tiles of A and B in a ring. While the block multiplies one, the copies
 * of the next STAGES - 1 are on their way: they need no registers (cp.async), which is what the
 * warp rung lacked to fetch ahead. One barrier a tile is enough: behind it every thread's part of
 * this tile has arrived, and every warp is done with the tile before, whose place in the ring is
 * filled next.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_PIPELINE_CUH
#define LOCKSTEP_KERNELS_GEMM_GEMM_PIPELINE_CUH

#include "kernels/gemm/async_copy.cuh"
#include "kernels/gemm/gemm_warp_tile.cuh"

static const int STAGES = 3;

typedef warp_tile<128, 128, 64, 32> tile_128x128; /* 8 x 8 sums a thread */
typedef warp_tile<64, 64, 64, 32> tile_64x64;     /* 8 x 8 */
typedef warp_tile<32, 32, 32, 16> tile_32x32;     /* 4 x 4 */

/* One operand's way through the pipeline. */
template <class shape, int size, bool along_k, bool vectors> struct pipeline_operand {
    static const int TILE = size * shape::BK;
    typedef tile_part<shape, size, along_k, vectors> part;
    part mine;
    const float *from; /* what the thread copies next */
    int64_t leading;
    int inside; /* rows or columns of the tile that exist */

    /* `first` is the tile's first row or column; `k` where the products begin. */
    __device__ inline pipeline_operand(const float *matrix, int64_t leading, int64_t first,
                                       int64_t k, int inside)
        : from(mine.start(matrix + (along_k ? first * leading + k : k * leading + first), leading)),
          leading(leading), inside(inside) {}

    /* Copies the thread's part of a tile with `left` k, as many as there are or more; nothing but
     * zeros when that is not above 0. */
    __device__ inline void copy(float *tile, int left) {
        const unsigned to = async_address(tile);
#pragma unroll
        for (int i = 0; i < part::COUNT; i++)
            async_copy<part::STEP *(int)sizeof(float)>(
                to + (unsigned)mine.place(i) * (unsigned)sizeof(float),
                from + i * part::APART * leading, mine.exists(i, inside, left));
        from += along_k ? shape::BK : shape::BK * leading;
    }
};

/* Adds to the thread's sums the products of the block's tile, of the k from `first` to `end` - 1.
 * `stages` is shared memory of STAGES * (BM + BN) * BK floats. */
template <class shape, bool a_transposed, bool b_transposed, bool vectors>
static __device__ inline void pipeline_multiply(const struct gemm_arguments &g,
                                                const gemm_tile &tile, int64_t first, int64_t end,
                                                float *stages, float sums[shape::TM][shape::TN]) {
    const int BK = shape::BK, STAGE = (shape::BM + shape::BN) * BK;
    pipeline_operand<shape, shape::BM, !a_transposed, vectors> a(
        g.a, g.lda, (int64_t)tile.down * shape::BM, first, tile.rows);
    pipeline_operand<shape, shape::BN, b_transposed, vectors> b(
        g.b, g.ldb, (int64_t)tile.across * shape::BN, first, tile.columns);
    const int a_place = thread_place<shape, !a_transposed>(thread_row<shape>());
    const int b_place = a.TILE + thread_place<shape, b_transposed>(thread_column<shape>());
    int to_copy = (int)(end - first); /* the launcher sees to it that k fits */
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++, to_copy -= BK) {
        a.copy(stages + s * STAGE, to_copy);
        b.copy(stages + s * STAGE + a.TILE, to_copy);
        async_commit();
    }
    int reading = 0, writing = (STAGES - 1) * STAGE;
    for (; to_copy > -(STAGES - 1) * BK; to_copy -= BK) {
        async_wait<STAGES - 2>();
        __syncthreads();
        a.copy(stages + writing, to_copy);
        b.copy(stages + writing + a.TILE, to_copy);
        async_commit();
        warp_tile_multiply<shape, !a_transposed, b_transposed, vectors>(stages, reading + a_place,
                                                                        reading + b_place, sums);
        writing = reading;
        reading = reading == (STAGES - 1) * STAGE ? 0 : reading + STAGE;
    }
    async_wait<0>();
}

#endif
