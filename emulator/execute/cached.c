/* What requests to global memory do to the caches. */
#include "emulator/execute/cached.h"

/* The host places the device's memory anew each time: what counts is where an access lies in it. */
static bool line_number(const struct memory *memory, uint64_t sector, uint64_t *line) {
    const uint64_t begin = (uint64_t)(uintptr_t)memory->arena / SECTOR_BYTES;
    if (sector < begin || sector - begin >= memory->arena_bytes / SECTOR_BYTES)
        return false;
    *line = (sector - begin) / CACHE_LINE_SECTORS;
    return true;
}

static unsigned multiprocessor_of(const struct block *block) {
    const struct cluster *cluster = block->cluster;
    return (unsigned)((cluster->slot * cluster->size + block->rank) %
                      block->launch->properties->multiprocessors);
}

/* The sectors of one line go together. */
void cached_request(struct warp *warp, enum caches_access access, const uint64_t *sectors,
                    uint32_t count) {
    const struct launch *launch = warp->block->launch;
    uint64_t done = 0, line, other;
    if (launch->caches)
        caches_request(launch->caches);
    for (uint32_t k = 0; launch->caches && k < count; k++) {
        uint8_t bits = 0;
        if ((done >> k & 1) || !line_number(launch->memory, sectors[k], &line))
            continue;
        for (uint32_t j = k; j < count; j++) {
            if (!line_number(launch->memory, sectors[j], &other) || other != line)
                continue;
            done |= UINT64_C(1) << j;
            bits |= (uint8_t)(1U << sectors[j] % CACHE_LINE_SECTORS);
        }
        caches_access(launch->caches, multiprocessor_of(warp->block), access, line, bits,
                      &warp->worker->counters);
    }
}

void cached_span(struct warp *warp, enum caches_access access, uint64_t first, uint64_t count) {
    for (uint64_t k = 0; k < count; k += LANES) {
        uint64_t sectors[LANES];
        const uint32_t part = count - k < LANES ? (uint32_t)(count - k) : LANES;
        for (uint32_t j = 0; j < part; j++)
            sectors[j] = first + k + j;
        cached_request(warp, access, sectors, part);
    }
}

void cached_lanes(struct warp *warp, enum caches_access access, const struct lanes64 *addresses,
                  uint32_t mask) {
    uint64_t sectors[LANES];
    uint32_t count = 0;
    for (uint32_t rest = mask; rest; rest &= rest - 1)
        sectors[count++] = addresses->at[lane_first(rest)] / SECTOR_BYTES;
    cached_request(warp, access, sectors, count);
}
