/*
 * What the metadata of a sparse matrix says (PTX ISA 9.7.14.6, 9.7.15.6): a warp's sixteen rows of
 * a lie in its groups of four lanes as those of mma.sp do, for wgmma too.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_SPARSE_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_SPARSE_H

#include "emulator/arithmetic/kernel.h"

/* The four bits of a chunk of a row; `lanes` of a group have those of its two rows. */
ALWAYS_INLINE uint32_t chunk_metadata(const struct lanes32 *metadata, unsigned first, unsigned row,
                                      unsigned chunk, bool is_wide) {
    const unsigned half = row / 8;
    const unsigned within = first + (is_wide ? chunk / 4 : chunk / 8 * 2 + half);
    const unsigned shift = is_wide ? half * 16 + chunk % 4 * 4 : chunk % 8 * 4;
    return metadata->at[row % 8 * 4 + within % 4] >> shift;
}

/* Which column the element of that number in its row is; a chunk has `each` of them. */
ALWAYS_INLINE unsigned sparse_column(unsigned element, uint32_t bits, unsigned each) {
    if (each == 1) {
        return element * 2 + (bits >> 1 & 1);
    }
    if (each == 2) {
        return element / 2 * 4 + (bits >> element % 2 * 2 & 3);
    }
    return element / 4 * 8 + (bits >> element / 2 % 2 * 2 & 3) * 2 + element % 2;
}

#endif
