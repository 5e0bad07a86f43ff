/* The tables of instructions of this room, and what its files ask of each other. */
#ifndef LOCKSTEP_EMULATOR_ASYNC_ASYNC_H
#define LOCKSTEP_EMULATOR_ASYNC_ASYNC_H

#include "emulator/warps/place.h"

extern const struct instruction_table async_copy, async_mbarrier, async_bulk, async_tensor,
    async_tensor_edit, async_remote, async_cancel;

/* Writes all that the lane's cp.async have read. */
void copy_deliver_lane(struct warp *warp, unsigned lane);

#endif
