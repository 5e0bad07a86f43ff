/* What rungs 2 to 4 of gemm share: how beta is applied, and for the last two the sizes of blocks
 * and packing. After Goto and van de Geijn, "Anatomy of high-performance matrix multiplication"
 * (ACM Trans. Math. Softw. 34, 2008).
 *
 *   BK x BN of op(B), packed: 512 KiB, for the second or third level of cache
 *   BM x BK of op(A), packed: 96 KiB, for the second level
 *   TM x TN of C: a tile that stays in registers while k runs over a block
 *
 * Packing copies a block into the order in which the tile loop will read it: TM rows of A, or TN
 * columns of B, side by side for each k. So the inner loop reads both with stride 1 whatever the
 * variant and the leading dimensions, and lines that are not needed do not take room in a cache.
 * Rows and columns past the edge are zeros: every tile is a full one until it is added to C.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_GEMM_BLOCKS_H
#define LOCKSTEP_REFERENCE_SIMD_GEMM_BLOCKS_H

#include "common/problem.h"

enum { TM = 6, TN = 32, BM = 96, BN = 512, BK = 256 };
_Static_assert(BM % TM == 0 && BN % TN == 0, "blocks are made of whole tiles");

/* One row of C becomes beta * C. With beta = 0 it becomes 0 unread, as in the BLAS: a NaN that was
 * there does not survive. */
static inline void gemm_scale_row(const struct gemm_problem *problem, float *c) {
    for (int64_t j = 0; j < problem->n; j++)
        c[j] = problem->beta == 0 ? 0 : problem->beta * c[j];
}

static inline int64_t block_least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Rows [i, i + rows) and k from l on, `depth` of them, times alpha: [rows / TM][depth][TM]. */
static inline void pack_a(const struct gemm_problem *problem, int64_t i, int64_t rows, int64_t l,
                          int64_t depth, float *packed) {
    const float *a = problem->a;
    int64_t row_step = problem->variant == GEMM_TN ? 1 : problem->lda;
    int64_t k_step = problem->variant == GEMM_TN ? problem->lda : 1;
    for (int64_t tile = 0; tile < rows; tile += TM)
        for (int64_t k = 0; k < depth; k++)
            for (int64_t r = tile; r < tile + TM; r++)
                *packed++ =
                    r < rows ? problem->alpha * a[(i + r) * row_step + (l + k) * k_step] : 0;
}

/* Columns [j, j + columns) and k from l on, `depth` of them: [columns / TN][depth][TN]. */
static inline void pack_b(const struct gemm_problem *problem, int64_t j, int64_t columns, int64_t l,
                          int64_t depth, float *packed) {
    const float *b = problem->b;
    int64_t column_step = problem->variant == GEMM_NT ? problem->ldb : 1;
    int64_t k_step = problem->variant == GEMM_NT ? 1 : problem->ldb;
    for (int64_t tile = 0; tile < columns; tile += TN)
        for (int64_t k = 0; k < depth; k++)
            for (int64_t c = tile; c < tile + TN; c++)
                *packed++ = c < columns ? b[(j + c) * column_step + (l + k) * k_step] : 0;
}

#endif
