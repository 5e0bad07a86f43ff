/*
 * Values that nothing has written, followed from the load that brought them to where they are used.
 *
 * Copying such a value, or computing with it, is no fault: tiles at an edge do so and drop the
 * result, and structs have gaps. It is one to branch on it, to take it for an address, to store it
 * to global memory or to give it to a barrier or a vote. An element counts as unwritten when none
 * of its bytes was written. A register keeps a bit for each lane; bytes of parameters and of local
 * memory have a flag each.
 */
#ifndef LOCKSTEP_EMULATOR_CHECKS_UNDEFINED_H
#define LOCKSTEP_EMULATOR_CHECKS_UNDEFINED_H

#include "emulator/warps/state.h"

/* The lanes of a register in whose value nothing was written; of constants and the like none. */
static inline uint32_t undefined_lanes(const struct warp *warp, uint32_t slot) {
    if (!warp->propagate || (slot & 3) != BANK_FRAME)
        return 0;
    const unsigned char *at = warp->undefined + warp->base + (slot & ~UINT32_C(3));
    return *(const uint32_t *)(const void *)at;
}

/* The same of source `k`, of a lane. */
static inline bool undefined_source(const struct warp *warp, const struct detail *detail,
                                    unsigned k, unsigned lane) {
    return undefined_lanes(warp, detail->from[k]) >> lane & 1;
}

/* Of the lanes in the mask, those in `lanes` get an unwritten value in a register. */
void undefined_put(const struct warp *warp, uint32_t slot, uint32_t mask, uint32_t lanes);
/* A warp begins, in a launch that checks for such values. */
void undefined_start(struct warp *warp);
/* Of the lanes in the mask, destination `k` has got unwritten values in `lanes`. */
void undefined_load(struct warp *warp, const struct instruction *instruction, unsigned k,
                    uint32_t mask, uint32_t lanes);
/* A fault if source `k` is unwritten in one of the lanes, `how` it is used. False after it. */
bool undefined_use(struct warp *warp, const struct instruction *instruction, unsigned k,
                   uint32_t lanes, const char *how);

/* Whether the lanes store a vector as one load has brought it, all with the same elements unwritten
 * and others written. Structs are copied so, with the gaps between their members: that is no use of
 * the gaps. */
bool undefined_is_copy(const struct warp *warp, const struct instruction *store, uint32_t lanes);

/* ---- Bytes: a flag for each; what is copied takes its flags along ---- */

/* One lane stores its elements to, or loads them from, bytes with these flags. `written` is what a
 * flag is for a byte that was written. */
void undefined_store_flags(const struct warp *warp, const struct instruction *instruction,
                           unsigned lane, unsigned char *flags, unsigned char written);
void undefined_load_flags(struct warp *warp, const struct instruction *instruction, unsigned lane,
                          const unsigned char *flags, unsigned char written);
/* The frame that begins at `base` is entered. */
void undefined_enter(struct warp *warp, uint32_t base, uint32_t bytes);
/* The flags of an area of parameters in a frame; NULL where nothing is checked. */
unsigned char *undefined_area(const struct warp *warp, const unsigned char *area);

#endif
