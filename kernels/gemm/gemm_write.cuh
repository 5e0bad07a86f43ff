/* gemm: a block's tile of C, and how a finished sum reaches it; the same for every rung.
 *
 * C = alpha * sum + beta * C; beta = 0 means that C is not read, so that a NaN there is gone.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_WRITE_CUH
#define LOCKSTEP_KERNELS_GEMM_GEMM_WRITE_CUH

#include "kernels/arguments.h"
#include "kernels/vector_store.cuh"

/* How many of a tile's `size` elements lie in a matrix that has `left` more; may be negative. */
static __device__ inline int gemm_inside(int64_t left, int size) {
    return left < size ? (int)left : size;
}

/* Tile number `block` of C, counted row by row. Kept small: it lives in registers as long as the
 * sums do. */
struct gemm_tile {
    unsigned down, across; /* in tiles */
    int rows, columns;     /* of the tile, that lie inside C */
};

template <int rows, int columns>
static __device__ inline gemm_tile gemm_tile_number(const struct gemm_arguments &g,
                                                    unsigned block) {
    const unsigned across = (unsigned)((g.n + columns - 1) / columns);
    gemm_tile tile;
    tile.down = block / across;
    tile.across = block % across;
    tile.rows = gemm_inside(g.m - (int64_t)tile.down * rows, rows);
    tile.columns = gemm_inside(g.n - (int64_t)tile.across * columns, columns);
    return tile;
}

template <int rows, int columns>
static __device__ inline gemm_tile gemm_tile_of_block(const struct gemm_arguments &g) {
    return gemm_tile_number<rows, columns>(g, blockIdx.x);
}

/* The same found anew, for what comes behind the product: then no register holds it meanwhile. The
 * compiler would keep the one that it has, if it could see that both read one number. */
template <int rows, int columns>
static __device__ inline gemm_tile gemm_tile_of_block_again(const struct gemm_arguments &g) {
    unsigned block;
    asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(block));
    return gemm_tile_number<rows, columns>(g, block);
}

static __device__ inline float gemm_scaled(const struct gemm_arguments &g, float sum,
                                           float before) {
    return fmaf(g.alpha, sum, g.beta * before);
}

/* Where C's element is that lies `row` and `column` from the tile's first one. */
template <int rows, int columns>
static __device__ inline float *gemm_place(const struct gemm_arguments &g, const gemm_tile &tile,
                                           int row, int column) {
    return g.c + ((int64_t)tile.down * rows + row) * g.ldc + (int64_t)tile.across * columns +
           column;
}

/* Writes one element, unless it lies outside C. */
static __device__ inline void gemm_write(const struct gemm_arguments &g, float *c, bool inside,
                                         float sum) {
    float before = 0.0f;
    if (inside && g.beta != 0.0f)
        before = *c;
    if (inside)
        *c = gemm_scaled(g, sum, before);
}

/* Writes four neighbours of a row, of which `inside` lie in C. With `vectors` that is all or none,
 * and c is aligned to 16 bytes. */
template <bool vectors>
static __device__ inline void gemm_write4(const struct gemm_arguments &g, float *c, int inside,
                                          const float *sums) {
    if (!vectors) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            gemm_write(g, c + i, i < inside, sums[i]);
        return;
    }
    float4 *const four = reinterpret_cast<float4 *>(c);
    float4 before = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (inside > 0 && g.beta != 0.0f)
        before = *four;
    if (inside > 0)
        *four = make_float4(gemm_scaled(g, sums[0], before.x), gemm_scaled(g, sums[1], before.y),
                            gemm_scaled(g, sums[2], before.z), gemm_scaled(g, sums[3], before.w));
}

/* The same with the sums as they are. */
template <bool vectors>
static __device__ inline void gemm_store4(const struct gemm_arguments &, float *c, int inside,
                                          const float *sums) {
    if (vectors && inside > 0)
        store_vector(c, make_float4(sums[0], sums[1], sums[2], sums[3]));
#pragma unroll
    for (int i = 0; i < 4 && !vectors; i++)
        if (i < inside)
            c[i] = sums[i];
}

#endif
