/* What lies behind an address of the generic space. */
#include "emulator/warps/address.h"

#include "emulator/lanes/space.h"

unsigned char *address_find(const struct warp *warp, unsigned lane, uint64_t address, size_t size) {
    const struct launch *launch = warp->block->launch;
    const uint64_t offset = address & ((UINT64_C(1) << WINDOW_SHIFT) - 1);
    switch (address >> WINDOW_SHIFT) {
    case WINDOW_GLOBAL:
        return memory_find_all(launch->memory, address, size) ? space_host(address) : NULL;
    case WINDOW_SHARED:
        return offset + size <= launch->shared_bytes ? warp->block->shared + offset : NULL;
    case WINDOW_LOCAL:
        return offset + size <= launch->local_bytes
                   ? warp->local + lane * launch->local_bytes + offset
                   : NULL;
    default:
        return NULL;
    }
}

size_t address_room(const struct warp *warp, uint64_t address) {
    const struct launch *launch = warp->block->launch;
    const uint64_t offset = address & ((UINT64_C(1) << WINDOW_SHIFT) - 1);
    if (address >> WINDOW_SHIFT == WINDOW_SHARED)
        return offset < launch->shared_bytes ? launch->shared_bytes - offset : 0;
    if (address >> WINDOW_SHIFT == WINDOW_LOCAL)
        return offset < launch->local_bytes ? launch->local_bytes - offset : 0;
    const struct memory_range *range = memory_find(launch->memory, address);
    return range ? (size_t)(range->end - address) : 0;
}
