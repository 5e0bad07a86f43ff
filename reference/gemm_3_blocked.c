/* gemm, rung 3: blocks that stay in a cache, tiles that stay in registers.
 *
 * Adds to rung 2: an element, once fetched, is used many times before it leaves. The product is cut
 * into blocks small enough for the caches, which are packed in the order of use (gemm_blocks.h),
 * and a tile of C is summed over a whole block of k in local variables before C sees it. What
 * stays: the vectors are what the compiler makes of the tile's loops for the plainest x86-64, and
 * one core does all the work.
 */
#include "reference/ladder.h"
#include "reference/simd/gemm_blocks.h"

#include <stdlib.h>

/* C[rows, columns] += the product of one packed tile of A and one of B. */
static void tile_add(const float *a, const float *b, int64_t depth, float *c, int64_t ldc,
                     int64_t rows, int64_t columns) {
    float sums[TM][TN] = {{0}};
    for (int64_t k = 0; k < depth; k++)
        for (int64_t i = 0; i < TM; i++)
            for (int64_t j = 0; j < TN; j++)
                sums[i][j] += a[k * TM + i] * b[k * TN + j];
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            c[i * ldc + j] += sums[i][j];
}

/* C[i …, j …] += block of A times block of B, tile by tile. */
static void block_add(const struct gemm_problem *problem, const float *a, const float *b,
                      int64_t depth, int64_t i, int64_t rows, int64_t j, int64_t columns) {
    for (int64_t c = 0; c < columns; c += TN)
        for (int64_t r = 0; r < rows; r += TM)
            tile_add(a + r * depth, b + c * depth, depth,
                     problem->c + (i + r) * problem->ldc + j + c, problem->ldc,
                     block_least(TM, rows - r), block_least(TN, columns - c));
}

static void multiply(const struct gemm_problem *problem, float *packed_a, float *packed_b) {
    for (int64_t j = 0; j < problem->n; j += BN)
        for (int64_t l = 0; l < problem->k; l += BK) {
            int64_t columns = block_least(BN, problem->n - j);
            int64_t depth = block_least(BK, problem->k - l);
            pack_b(problem, j, columns, l, depth, packed_b);
            for (int64_t i = 0; i < problem->m; i += BM) {
                int64_t rows = block_least(BM, problem->m - i);
                pack_a(problem, i, rows, l, depth, packed_a);
                block_add(problem, packed_a, packed_b, depth, i, rows, j, columns);
            }
        }
}

enum status gemm_blocked(const struct gemm_problem *problem, struct execution *execution) {
    if (dtype_is_narrow(problem->dtype))
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "cpu-blocked multiplies f32 matrices only; use --dtype f32 or tf32");
    for (int64_t i = 0; i < problem->m; i++)
        gemm_scale_row(problem, problem->c + i * problem->ldc);
    if (problem->alpha == 0)
        return STATUS_OK;
    enum { BYTES = (BM * BK + BK * BN) * (int)sizeof(float) };
    float *packed = malloc(BYTES);
    if (packed == NULL)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate %d bytes for the packed blocks; free some memory",
                           (int)BYTES);
    multiply(problem, packed, packed + (size_t)BM * BK);
    free(packed);
    return STATUS_OK;
}
