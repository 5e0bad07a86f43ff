/* The value that one lane has in an operand of 1, 32 or 64 bits. */
#ifndef LOCKSTEP_EMULATOR_WARPS_VALUES_H
#define LOCKSTEP_EMULATOR_WARPS_VALUES_H

#include "emulator/warps/state.h"

/* Source `k`; a predicate is not among them. */
static inline uint64_t value_read(const struct warp *warp, const struct detail *detail, unsigned k,
                                  unsigned lane) {
    const void *from = warp_slot(warp, detail->from[k]);
    return detail->from_bits[k] == 64 ? ((const struct lanes64 *)from)->at[lane]
                                      : ((const struct lanes32 *)from)->at[lane];
}

/* Operand `k` and an offset, an address: one of 32 bits wraps around, as the base of an array may
 * lie below its memory. */
static inline uint64_t value_address(const struct warp *warp, const struct detail *detail,
                                     unsigned k, unsigned lane, int64_t offset) {
    const uint64_t address = value_read(warp, detail, k, lane) + (uint64_t)offset;
    return detail->from_bits[k] == 64 ? address : (uint32_t)address;
}

/* Destination `k`. */
static inline void value_write(const struct warp *warp, const struct detail *detail, unsigned k,
                               unsigned lane, uint64_t value) {
    void *to = warp_slot(warp, detail->to[k]);
    uint32_t *mask = to;
    if (detail->to_bits[k] == 64)
        ((struct lanes64 *)to)->at[lane] = value;
    else if (detail->to_bits[k] == 32)
        ((struct lanes32 *)to)->at[lane] = (uint32_t)value;
    else
        *mask = (*mask & ~(UINT32_C(1) << lane)) | ((uint32_t)(value & 1) << lane);
}

#endif
