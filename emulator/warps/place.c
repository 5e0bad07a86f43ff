/* Where an address of shared memory lies. */
#include "emulator/warps/place.h"

#include "emulator/lanes/space.h"
#include "emulator/warps/warp.h"

/* The block that the address means, or NULL after a fault. */
static struct block *find_block(struct warp *warp, const struct instruction *instruction,
                                unsigned lane, uint64_t address) {
    const struct cluster *cluster = warp->block->cluster;
    const uint64_t number = address >> SHARED_RANK_SHIFT;
    const uint64_t rank = number - SHARED_RANK_FIRST;
    if (number == 0 || rank == warp->block->rank)
        return warp->block;
    if (rank >= cluster->size) {
        warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
                   "an address in shared memory of a block of rank %llu, where the cluster has %u "
                   "blocks",
                   (unsigned long long)rank, cluster->size);
        return NULL;
    }
    struct block *block = &cluster->blocks[rank];
    if (block->live_threads > 0 || !cluster->launch->options.check_barrier)
        return block;
    warp_fault(
        warp, instruction, MACHINE_CHECK_FAILED, lane, address,
        "an address in shared memory of the cluster's block of rank %llu, whose threads have "
        "all ended: it must wait for the others (barrier.cluster) before it ends",
        (unsigned long long)rank);
    return NULL;
}

bool place_find(struct warp *warp, const struct instruction *instruction, unsigned lane,
                uint64_t address, struct place_size size, struct shared_place *place) {
    const size_t all = warp->block->launch->shared_bytes;
    if (address >> WINDOW_SHIFT == WINDOW_SHARED)
        address -= space_window(WINDOW_SHARED);
    const uint64_t offset = address & ((UINT64_C(1) << SHARED_RANK_SHIFT) - 1);
    place->block = find_block(warp, instruction, lane, address);
    place->offset = (uint32_t)offset;
    if (!place->block)
        return false;
    if (offset % size.alignment != 0) {
        warp_fault(
            warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, offset,
            "misaligned access of %u bytes in shared memory: the address must be a multiple of %u",
            size.bytes, size.alignment);
        return false;
    }
    if (offset <= all && all - offset >= size.bytes)
        return true;
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, offset,
               "out-of-bounds access of %u bytes in shared memory: the block has %zu bytes",
               size.bytes, all);
    return false;
}
