/* Parts of A and B copied into the order in which the tiles read them, and widened to float32: the
 * elements that meet one k side by side, k after k. Or pairs of bf16 instead of floats, the
 * elements of two k in each: then a step is a pair, else it is one k. */
#ifndef LOCKSTEP_REFERENCE_SIMD_GEMM_PACK_H
#define LOCKSTEP_REFERENCE_SIMD_GEMM_PACK_H

#include "common/problem.h"
#include "reference/simd/gemm_tile.h"

/* Where a part of a matrix begins, in elements, and how far apart are the elements that meet one k
 * (`step`), and those that follow each other in k (`k_step`). One of the two is 1. */
struct part {
    const void *data;
    enum dtype dtype;
    bool pairs;
    int64_t at, step, k_step;
};

static inline int64_t part_steps(bool pairs, int64_t depth) {
    return pairs ? (depth + 1) / 2 : depth;
}

/* A block of A for its tiles (tiles_of()), one behind the other from to + tile_start() * steps on:
 * there row i of a step is at step * tile's rows + i. Writes up to WIDTH - 1 floats past the
 * end. */
void SIMD_NAME(pack_rows)(const struct part *part, int64_t rows, int64_t depth, float *to);

/* A strip of B, columns <= TILE_COLUMNS: column j of a step is at step * whole + j, where `whole`
 * is the columns in whole vectors. */
void SIMD_NAME(pack_strip)(const struct part *part, int64_t columns, int64_t depth, float *to);

#endif
