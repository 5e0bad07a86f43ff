/*
 * Whether each lane of an access is aligned and stays within its memory. False after a fault, which
 * names the first lane that does not.
 */
#ifndef LOCKSTEP_EMULATOR_WARPS_BOUNDS_H
#define LOCKSTEP_EMULATOR_WARPS_BOUNDS_H

#include "emulator/warps/access.h"

/* "write" or "read". */
const char *bounds_verb(bool is_store);
/* Lanes may lie in several allocations; marks those as touched. */
bool bounds_global(struct warp *warp, const struct instruction *instruction,
                   const struct access *access, uint32_t bytes, bool is_store);
/* A write to memory that is mapped for reading alone. */
void bounds_fault_read_only(struct warp *warp, const struct instruction *instruction, unsigned lane,
                            uint64_t address, uint32_t bytes);
/* False, without a fault: the address is no multicast address, which multimem alone may use. */
bool bounds_fault_multicast(struct warp *warp, const struct instruction *instruction, unsigned lane,
                            uint64_t address);
bool bounds_shared(struct warp *warp, const struct instruction *instruction,
                   const struct access *access, uint32_t bytes, bool is_store);
/* `size` bytes that are a lane's own, or the kernel's parameters; `what` names them. */
bool bounds_private(struct warp *warp, const struct instruction *instruction,
                    const struct access *access, uint32_t bytes, size_t size, const char *what);

#endif
