/* The inner loop of reference/oracle/bounded_product.h, built once an instruction set
 * (common/instruction_set.h). It shares nothing with the vectorised kernels that it helps to check.
 */
#ifndef LOCKSTEP_REFERENCE_ORACLE_BOUNDED_TILE_H
#define LOCKSTEP_REFERENCE_ORACLE_BOUNDED_TILE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TILE_ROWS = 4,     /* of the result */
    TILE_COLUMNS = 16, /* a multiple of every instruction set's vector of floats */
    TILE_DEPTH = 256   /* products summed in one call, at most */
};

/* Packed operands: the values, and the float factors of the two products in the bound. */
struct packed_rows {
    double value[TILE_DEPTH][TILE_ROWS];
    float scaled[TILE_DEPTH][TILE_ROWS];   /* gamma (|a| + ea) + ea, to meet |b| + eb */
    float absolute[TILE_DEPTH][TILE_ROWS]; /* |a|, to meet eb */
};

struct packed_columns {
    _Alignas(64) double value[TILE_DEPTH][TILE_COLUMNS];
    float absolute[TILE_DEPTH][TILE_COLUMNS]; /* |b| + eb */
    float error[TILE_DEPTH][TILE_COLUMNS];    /* eb */
};

struct bounded_tile {
    double value[TILE_ROWS][TILE_COLUMNS];
    float error[TILE_ROWS][TILE_COLUMNS];
};

/* tile->value = sum over p < depth of a->value[p] b->value[p], tile->error = the same of scaled and
 * absolute, and unless `b_exact` of absolute and error as well. */
typedef void bounded_tile_function(int64_t depth, const struct packed_rows *a,
                                   const struct packed_columns *b, bool b_exact,
                                   struct bounded_tile *tile);

/* All give the same bits: each sum is taken in the order of p. */
bounded_tile_function bounded_tile_baseline;
bounded_tile_function bounded_tile_avx2;
bounded_tile_function bounded_tile_avx512;

#endif
