/* Where an address of shared memory lies: in the block itself, or in another block of its
 * cluster. */
#ifndef LOCKSTEP_EMULATOR_WARPS_PLACE_H
#define LOCKSTEP_EMULATOR_WARPS_PLACE_H

#include "emulator/warps/state.h"

struct shared_place {
    struct block *block;
    uint32_t offset;
};

/* How much of shared memory a lane means, and at what multiple it must lie. */
struct place_size {
    uint32_t bytes, alignment;
};

/* Finds `address`, which may carry the window of shared memory, or ends in a fault and returns
 * false: no such block, an offset that is misaligned or out of bounds; on request a block that has
 * ended. */
bool place_find(struct warp *warp, const struct instruction *instruction, unsigned lane,
                uint64_t address, struct place_size size, struct shared_place *place);

#endif
