/* Parts of A and B copied into the order in which the tiles read them, and widened to float32: the
 * elements that meet one k side by side, k after k. */
#ifndef LOCKSTEP_REFERENCE_SIMD_GEMM_PACK_H
#define LOCKSTEP_REFERENCE_SIMD_GEMM_PACK_H

#include "common/problem.h"
#include "reference/simd/gemm_tile.h"

/* Where a part of a matrix begins, in elements, and how far apart are the elements that meet one k
 * (`step`), and those that follow each other in k (`k_step`). One of the two is 1. */
struct part {
    const void *data;
    enum dtype dtype;
    int64_t at, step, k_step;
};

/* A block of A for its tiles (tiles_of()), one behind the other from to + tile_start() * depth on:
 * there element (i, k) is at k * tile's rows + i. Writes up to WIDTH - 1 elements past the end. */
void SIMD_NAME(pack_rows)(const struct part *part, int64_t rows, int64_t depth, float *to);

/* A strip of B, columns <= TILE_COLUMNS: element (k, j) is at k * whole + j, where `whole` is the
 * columns in whole vectors. */
void SIMD_NAME(pack_strip)(const struct part *part, int64_t columns, int64_t depth, float *to);

#endif
