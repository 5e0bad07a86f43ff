/* What a bulk copy moves through global memory. */
#include "emulator/async/traffic.h"

#include "emulator/checks/check.h"
#include "emulator/execute/cached.h"
#include "emulator/warps/bounds.h"
#include "emulator/warps/warp.h"

bool traffic_add(struct traffic *traffic, uint64_t address, uint32_t bytes) {
    struct warp *warp = traffic->warp;
    struct memory_range *range =
        memory_find_all(warp->block->launch->memory, address, bytes ? bytes : 1);
    if (!range) {
        if (!bounds_fault_multicast(warp, traffic->instruction, traffic->lane, address))
            warp_fault(warp, traffic->instruction, MACHINE_INVALID_ADDRESS, traffic->lane, address,
                       "out-of-bounds %s of %u bytes in global memory by a bulk copy",
                       traffic->is_store ? "write" : "read", bytes);
        return false;
    }
    if (bytes == 0)
        return true;
    const uint64_t first = address / SECTOR_BYTES, next = (address + bytes - 1) / SECTOR_BYTES + 1;
    const bool is_counted = traffic->next == first + 1; /* with the span before */
    traffic->sectors += next - first - is_counted;
    cached_span(warp, traffic->is_store ? CACHES_STORE : CACHES_LOAD_PAST, first + is_counted,
                next - first - is_counted);
    traffic->next = next;
    memory_touch(range, address, bytes);
    if (warp->block->launch->is_slow && traffic->is_store)
        check_global(warp, traffic->instruction, traffic->lane, address, bytes, true);
    else if (warp->block->launch->is_slow)
        check_global_race(warp, traffic->instruction, traffic->lane, address, bytes, false);
    return !warp->is_faulted;
}

void traffic_count(const struct traffic *traffic, uint64_t bytes) {
    struct machine_counters *counters = &traffic->warp->worker->counters;
    if (traffic->is_store) {
        counters->bulk_store_requests++;
        counters->bulk_store_bytes += bytes;
        counters->global_store_sectors += traffic->sectors;
    } else {
        counters->bulk_load_requests++;
        counters->bulk_load_bytes += bytes;
        counters->global_load_sectors += traffic->sectors;
    }
}

bool traffic_find_unwritten(const struct block *block, uint64_t address, uint32_t bytes,
                            unsigned char *unwritten) {
    const struct memory_range *range = block->shared_written && bytes
                                           ? memory_find_all(block->launch->memory, address, bytes)
                                           : NULL;
    if (!range || memory_is_written(range, address, bytes))
        return false;
    for (uint32_t k = 0; k < bytes; k++)
        unwritten[k] = memory_is_unwritten(range, address + k, 1);
    return true;
}
