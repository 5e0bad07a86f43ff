/* What one static memory instruction did last. */
#ifndef LOCKSTEP_EMULATOR_WARPS_ACCESS_SITE_H
#define LOCKSTEP_EMULATOR_WARPS_ACCESS_SITE_H

#include "emulator/lanes/lanes.h"
#include "emulator/memory/memory.h"

enum { SITE_PHASES = 8, SITE_UNKNOWN = 4 };

/* How the lanes' data lies. */
enum { PATTERN_GATHER, PATTERN_UNIFORM, PATTERN_CONTIGUOUS };

/*
 * Each worker keeps one for each instruction. The lanes' addresses relative to the first active
 * lane mostly repeat from one execution to the next; sectors and wavefronts follow from them, so
 * they are not computed again.
 */
struct access_site {
    _Alignas(64) uint64_t delta[LANES]; /* of an inactive lane: 0 */
    struct memory_range *range;
    uint32_t mask; /* 0: nothing kept */
    uint32_t kind;
    int64_t first, last; /* the lowest delta, and the highest plus the bytes of an access */
    uint32_t wavefronts, wavefronts_ideal;
    uint32_t low_bits; /* the first lane's address modulo 4, for the wavefronts; or SITE_UNKNOWN */
    struct {
        uint32_t phase;   /* the first lane's address modulo 32, plus 1; 0: nothing kept */
        uint32_t sectors; /* how many different ones */
        uint64_t bits;    /* those from the lowest on, when they span fewer than 64; else 0 */
    } phases[SITE_PHASES];
};

#endif
