/* The zero-column mask descriptor of tcgen05.mma.ws (PTX ISA 9.7.16.4.3): columns of b that count
 * as zeros, and where the columns begin. */
#ifndef LOCKSTEP_EMULATOR_TENSOR_MASK_H
#define LOCKSTEP_EMULATOR_TENSOR_MASK_H

#include "emulator/tensor/description.h"

/* Columns of b that are left out at its beginning. */
static inline unsigned mask_shift(uint64_t mask) {
    return (unsigned)(mask >> 56 & 63);
}

/* NULL, or what is wrong with the descriptor. */
const char *mask_find_wrong(uint64_t mask, const struct tensor_description *it);
/* Whether a column, one of those that are left, counts as zeros. */
bool mask_hides(uint64_t mask, const struct tensor_description *it, unsigned column);

#endif
