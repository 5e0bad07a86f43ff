/* What lies behind an address of the generic space. */
#ifndef LOCKSTEP_EMULATOR_WARPS_ADDRESS_H
#define LOCKSTEP_EMULATOR_WARPS_ADDRESS_H

#include "emulator/warps/state.h"

/* Its `size` bytes, as the lane sees them; NULL where they are out of bounds. */
unsigned char *address_find(const struct warp *warp, unsigned lane, uint64_t address, size_t size);
/* Bytes from there to the end of the memory that it lies in. */
size_t address_room(const struct warp *warp, uint64_t address);

#endif
