/*
 * One access of a warp to memory, and whether it repeats the one before.
 *
 * One static instruction mostly sees the same pattern of addresses again: the lanes' addresses
 * relative to the first active lane. Its site keeps the last pattern with what follows from it
 * (bounds, sectors, wavefronts, how data lies), so the common case is one vector comparison.
 *
 * What memory.c is built from lies in this header and in those that include it: it is compiled once
 * for each instruction set.
 */
#ifndef LOCKSTEP_EMULATOR_WARPS_ACCESS_H
#define LOCKSTEP_EMULATOR_WARPS_ACCESS_H

#include "emulator/warps/access_site.h"
#include "emulator/warps/state.h"

#define INLINE static inline __attribute__((always_inline))

struct access {
    struct lanes64 address; /* inactive lanes repeat the first active one */
    uint64_t first;         /* address of the first active lane */
    uint32_t mask;
};

INLINE void access_prepare(const struct warp *warp, const struct instruction *instruction,
                           uint32_t mask, struct access *access) {
    const uint64_t offset = (uint64_t)instruction->immediate;
    const void *base = warp_slot(warp, instruction->a);
    if (instruction->detail->from_bits[0] == 64) {
        const struct lanes64 *wide = base;
        FOR_LANES(lane) {
            access->address.at[lane] = wide->at[lane] + offset;
        }
    } else {
        const struct lanes32 *narrow = base;
        FOR_LANES(lane) {
            access->address.at[lane] = narrow->at[lane] + (uint32_t)offset; /* wraps around */
        }
    }
    access->mask = mask;
    access->first = access->address.at[lane_first(mask)];
    if (mask != LANES_ALL) {
        const uint64_t first = access->first;
        FOR_LANES(lane) {
            access->address.at[lane] = (mask >> lane & 1) ? access->address.at[lane] : first;
        }
    }
}

/* Does the access repeat the site's pattern? */
INLINE bool site_matches(const struct access_site *site, const struct access *access) {
    const uint64_t first = access->first;
    uint64_t difference = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        difference |= (access->address.at[lane] - first) ^ site->delta[lane];
    return difference == 0 && site->mask == access->mask;
}

/* Keeps the pattern. */
static inline void site_learn(struct access_site *site, const struct access *access,
                              uint32_t bytes) {
    bool uniform = true, contiguous = access->mask == LANES_ALL;
    site->first = site->last = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t delta = access->address.at[lane] - access->first;
        site->delta[lane] = delta;
        uniform &= delta == 0;
        contiguous &= delta == (uint64_t)lane * bytes;
        if ((int64_t)delta < site->first)
            site->first = (int64_t)delta;
        if ((int64_t)delta > site->last)
            site->last = (int64_t)delta;
    }
    site->last += bytes;
    site->mask = access->mask;
    site->kind = contiguous ? PATTERN_CONTIGUOUS : uniform ? PATTERN_UNIFORM : PATTERN_GATHER;
    for (unsigned k = 0; k < SITE_PHASES; k++)
        site->phases[k].phase = 0;
    site->low_bits = SITE_UNKNOWN;
    site->range = NULL;
}

#endif
