/* What the check for races keeps of each byte of shared memory, and the clocks of warps. */
#ifndef LOCKSTEP_EMULATOR_CHECKS_RACE_SHADOW_H
#define LOCKSTEP_EMULATOR_CHECKS_RACE_SHADOW_H

#include "emulator/warps/state.h"

enum { RACE_WORD_BYTES = 4 };

struct race_access {
    uint32_t clock, sync_clock;
    uint32_t at;     /* the instruction, by its number in the program */
    uint16_t thread; /* in its block; of a bulk copy that has arrived the one that issued it */
    uint8_t rank;    /* of the block */
    bool is_set : 1, is_strong : 1, is_pending : 1;
    bool has_value : 1; /* a store's, kept beside it */
    bool is_bulk : 1;   /* by a bulk copy */
    bool is_agent : 1;  /* a copy's, which has arrived and is seen at its mbarrier */
    bool is_warp : 1;   /* by all lanes of the thread's warp together */
    bool is_split : 1;  /* of a word's write: the bytes have accesses of their own */
};

/* Of a byte, or of a word: its bytes mostly share their accesses. Of words, which most accesses go
 * to, two fit a line of the cache. */
struct race_pair {
    struct race_access write, read;
};

/* A place that strong accesses went to, or an mbarrier, and what those may see who read it. Behind
 * the clock are the lanes of each warp that have read the last strong write. */
struct race_place {
    uint64_t address;
    uint32_t *clock; /* NULL: an empty slot */
};

/* Some lanes of a warp met, or released, without the others. */
struct race_partial {
    uint32_t time; /* on the clock of the warp's meetings or its own, and 1; 0: none */
    uint32_t mask;
};

enum { RACE_KEPT = 64 };

struct race_lanes {
    struct race_partial meetings[RACE_KEPT], releases[RACE_KEPT];
    uint32_t release_sync[RACE_KEPT]; /* the clock of meetings at the release */
    uint32_t told;                    /* arrivals at its last cp.async.mbarrier.arrive */
    bool meet_apart, release_apart;   /* ever */
    uint32_t behind;      /* lanes that have not seen what others of the warp have acquired since */
    uint32_t acquired_by; /* lanes whose strong reads a fence of theirs would make acquire */
};

/* What the blocks of a cluster have together; the first of them owns it. */
struct race_clocks {
    uint32_t *of_warps;                 /* [warp][entry] */
    uint32_t *released;                 /* [warp][entry]: the warp's clock at its last fence */
    uint32_t *acquired;                 /* [warp][entry]: what a fence would make it see */
    uint32_t *left_behind;              /* [warp][entry]: the clock of lanes that are behind */
    struct race_lanes *lanes;           /* [warp] */
    uint32_t arrivals;                  /* of copies that mbarriers are told of */
    struct race_place *places;          /* by a hash of the address, then the next that is free */
    size_t place_count, place_capacity; /* a power of two, more than twice the count; or 0 */
};

struct race_shadow {
    struct race_pair *words, *bytes;
    uint8_t *values; /* of each byte the last that was written */
    uint32_t *
        barriers; /* [barrier][entry]: joined clocks of those that arrived; then of those that ended */
    struct race_clocks *clocks;
};

/* ---- Entries of a clock: the warps of the cluster, then the copies; and the same again for
 * what lies before a proxy fence ---- */

static inline size_t race_warps_of(const struct block *block) {
    return (size_t)block->cluster->size * block->launch->warps;
}

static inline size_t race_half_of(const struct block *block) {
    return race_warps_of(block) + 1;
}

static inline size_t race_length_of(const struct block *block) {
    return 2 * race_half_of(block);
}

static inline size_t race_number_of(const struct warp *warp) {
    return (size_t)warp->block->rank * warp->block->launch->warps + warp->index;
}

static inline uint32_t *race_clock_of(const struct warp *warp) {
    return warp->block->race->clocks->of_warps + race_number_of(warp) * race_length_of(warp->block);
}

/* Whether the lane has read what the last strong write to a place left there, by a strong read. */
bool race_has_observed(const struct warp *warp, unsigned lane, uint64_t key);

/* ---- Lanes of a warp ---- */

/* The lanes see what the clock says; others of their warp do once they have met them. */
void race_see(struct warp *warp, uint32_t lanes, const uint32_t *clock);
/* The clock of a lane. */
static inline const uint32_t *race_clock_of_lane(const struct warp *warp, unsigned lane) {
    const struct race_clocks *clocks = warp->block->race->clocks;
    const size_t number = race_number_of(warp);
    return (clocks->lanes[number].behind >> lane & 1 ? clocks->left_behind : clocks->of_warps) +
           number * race_length_of(warp->block);
}

/* The lanes do what lets others see what they have done so far, at the warp's clock. */
void race_keep_release(const struct warp *warp, uint32_t mask);
/* The lanes that have met the access's, or those that had, up to the time `until` of meetings. */
uint32_t race_lanes_after(const struct block *block, size_t warp, const struct race_access *before,
                          uint32_t until);
/* Whether the warp had released the access by the time `until` of its clock. */
bool race_is_released(const struct block *block, size_t warp, const struct race_access *before,
                      uint32_t until);

#endif
