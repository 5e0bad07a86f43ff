/* What requests to global memory do to the caches, where they are simulated. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_CACHED_H
#define LOCKSTEP_EMULATOR_EXECUTE_CACHED_H

#include "emulator/memory/caches.h"
#include "emulator/warps/state.h"

/* One request: `count` sectors by their numbers, address / SECTOR_BYTES, of which some may be
 * equal. Nothing happens without caches, and to the host's memory. */
void cached_request(struct warp *warp, enum caches_access access, const uint64_t *sectors,
                    uint32_t count);
/* The `count` sectors from `first` on. */
void cached_span(struct warp *warp, enum caches_access access, uint64_t first, uint64_t count);
/* One access, within a sector, by each lane of the mask. */
void cached_lanes(struct warp *warp, enum caches_access access, const struct lanes64 *addresses,
                  uint32_t mask);

#endif
