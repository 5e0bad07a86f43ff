/* The blocks of cpu-simd's product, in the order that keeps each in its cache. After Goto and van
 * de Geijn, "Anatomy of high-performance matrix multiplication" (ACM Trans. Math. Softw. 34, 2008),
 * but for B: never more than a few strips of columns are copied, just before they are used.
 *
 *   ROWS_MOST x DEPTH_MOST of A     a block, for the second level of cache
 *   DEPTH_MOST x TILE_COLUMNS of B  a strip, which a block's tiles pass one after the other
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_GEMM_BLOCK_H
#define LOCKSTEP_REFERENCE_SIMD_GEMM_BLOCK_H

#include "common/problem.h"
#include "reference/simd/gemm_tile.h"

#include <stdbool.h>

/* 560 KiB for the 1 MiB and more of processors with AVX-512, else 192 KiB and less. */
#if defined(__AVX512F__)
enum { DEPTH_MOST = 512, ROWS_MOST = 20 * TILE_ROWS };
#else
enum { DEPTH_MOST = 256, ROWS_MOST = 32 * TILE_ROWS };
#endif

/* Where strips are copied to. Short ones are multiplied several at a time, so that rows of C are
 * written in longer runs. */
enum { STRIPS_FLOATS = 16384 };
_Static_assert(STRIPS_FLOATS >= DEPTH_MOST * TILE_COLUMNS, "one strip has room");

struct range {
    int64_t first, last;
};

static inline int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* How many pieces of at most `most` something is cut into. */
static inline int64_t pieces_of(int64_t size, int64_t most) {
    return (size + most - 1) / most;
}

/* Piece `piece` of `pieces` about equal ones of [0, size), whose borders are multiples of
 * `granule`.
 */
static inline struct range range_piece(int64_t size, int64_t granule, int64_t pieces,
                                       int64_t piece) {
    int64_t granules = pieces_of(size, granule);
    return (struct range){least(size, granules * piece / pieces * granule),
                          least(size, granules * (piece + 1) / pieces * granule)};
}

/* What one thread does: a part of C. */
struct block_work {
    const struct gemm_problem *problem;
    struct range rows, columns;
    bool pairs;         /* of bf16, multiplied as they are: vdpbf16ps */
    float *block;       /* ROWS_MOST x DEPTH_MOST and a vector; NULL: tiles read A where it is */
    float *strips;      /* STRIPS_FLOATS; like block, aligned to a line of cache */
    bool copies_strips; /* else tiles read B where it is, where columns fill whole vectors */
    bool fetches;       /* asks for lines of cache ahead of their use */
    const float *bias;  /* NULL, or a row that is added to those of C, and ReLU if so asked */
    bool relu;
};

void SIMD_NAME(block_work)(const struct block_work *work);

#endif
