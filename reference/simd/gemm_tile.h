/* The innermost part of cpu-simd's product: a tile of C that stays in registers while k runs. */
#ifndef LOCKSTEP_REFERENCE_SIMD_GEMM_TILE_H
#define LOCKSTEP_REFERENCE_SIMD_GEMM_TILE_H

#include "reference/simd/vector.h"

#include <stdbool.h>

/* A tile is at most so large: its sums, a row of B and an element of A fill the registers of the
 * instruction set, 32 with AVX-512, else 16. */
#if defined(__AVX512F__)
enum { TILE_ROWS = 14 };
#elif defined(__AVX2__)
enum { TILE_ROWS = 6 };
#else
enum { TILE_ROWS = 4 };
#endif
enum { TILE_VECTORS = 2, TILE_COLUMNS = TILE_VECTORS * WIDTH };

/* Lines of cache that will be needed soon: `count` times two of them, `apart` from each other, and
 * `step` from one time to the next, both in bytes. */
struct fetch {
    uintptr_t from, step, apart;
    int64_t count;
};

/* C[rows, columns] = alpha * sum over k < depth of A[i, k] B[k, j], + beta * C unless beta is 0:
 * then C is not read. Element (i, k) of A is a[i * a_row + k * a_step], where one of the two
 * strides is 1. The columns of row k of B lie side by side from b + k * b_step on, in whole
 * vectors: what stands past the columns is read and does not count. Where an element is a pair of
 * bf16, for processors that multiply those, a_row is 1. */
struct tile {
    bool pairs;
    const float *a;
    int64_t a_row, a_step;
    const float *b;
    int64_t b_step;
    int64_t depth;
    float *c;
    int64_t ldc;
    int64_t rows, columns; /* 1 to TILE_ROWS, 1 to TILE_COLUMNS */
    float alpha, beta;
    const float *bias; /* NULL, or of the columns: added to the rows of C, and ReLU if so asked */
    bool relu;
    struct fetch fetch[2]; /* one after the other */
    int64_t fetch_every;   /* so many k */
};

void SIMD_NAME(tile_multiply)(const struct tile *tile);

/* Rows cut into tiles as equal as whole numbers allow: how many, and where one starts. */
static inline int64_t tiles_of(int64_t rows) {
    return (rows + TILE_ROWS - 1) / TILE_ROWS;
}

static inline int64_t tile_start(int64_t rows, int64_t tile) {
    int64_t tiles = tiles_of(rows), larger = rows % tiles;
    return rows / tiles * tile + (tile < larger ? tile : larger);
}

#endif
