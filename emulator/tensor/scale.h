/*
 * Scale factors of blocks along k (PTX ISA 9.7.16.10.7): each row of a, and each column of b, has
 * one, two or four, which lie in tensor memory.
 *
 * Row r has its factors in lane r % 32 of column r / 32, side by side in the word's bytes, and the
 * lanes of each warp have a copy of all, which the product of those lanes takes. PTX says the
 * latter and the bytes; lanes and columns are as CuTe has them (tmem_sf_frg). A scaled element is
 * an f32: it is exact unless it is too large.
 *
 * Where a pair of blocks shares 128 rows, the upper two warps' lanes have the factors of the
 * second half of b's columns in place of the first half's, as they have these columns of d.
 */
#ifndef LOCKSTEP_EMULATOR_TENSOR_SCALE_H
#define LOCKSTEP_EMULATOR_TENSOR_SCALE_H

#include "emulator/tensor/tensor.h"

/* Columns of tensor memory that the factors of so many rows take. */
static inline unsigned scale_columns(unsigned rows) {
    return (rows + LANES - 1) / LANES;
}

/* One operand's factors. */
struct scale_factors {
    const struct transfer *transfer;
    const struct block *block;
    unsigned first;  /* column */
    unsigned begins; /* byte of a word */
    unsigned count;  /* of a row */
    unsigned parts;  /* of the columns of d, which lie one above the other in lanes */
    bool has_powers; /* UE8M0, else UE4M3 */
    const char *name;
};

/* Scales rows of a, each in its lane; false after a fault. */
bool scale_a(const struct scale_factors *factors, unsigned depth, struct tensor_a *a);
/* The same of b, which has so many columns: of those that a group of lanes has of d, by its
 * copy. */
bool scale_b(const struct scale_factors *factors, unsigned group, unsigned columns, unsigned depth,
             const struct tensor_b *b, struct tensor_b *to);

#endif
