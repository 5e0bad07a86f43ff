/*
 * Races in shared memory.
 *
 * Two accesses to a byte by different threads, one of them a write and not both atomic, race unless
 * a barrier lies between them. Each warp has a vector clock with an entry for every warp of the
 * block; barriers join the clocks of those that meet. Within a warp, bar.warp.sync and the barriers
 * order the lanes. For each byte the last write and the last read are kept, so a race with an
 * earlier read may go unseen; what is reported is a race.
 */
#include "emulator/execute/race.h"

#include "emulator/execute/warp.h"

#include <stdlib.h>
#include <string.h>

struct race_access {
    uint32_t clock, sync_clock;
    uint16_t thread;
    bool is_set, is_atomic;
};

struct race_byte {
    struct race_access write, read;
};

struct race_shadow {
    struct race_byte *bytes;
    uint32_t *clocks;   /* [warp][warp] */
    uint32_t *barriers; /* [barrier][warp]: joined clocks of those that arrived */
};

int race_open(struct block *block) {
    const struct launch *launch = block->launch;
    const size_t warps = launch->warps;
    if (!launch->options.check_race)
        return 0;
    struct race_shadow *race = block->race = calloc(1, sizeof *race);
    if (!race)
        return -1;
    race->bytes = calloc(launch->shared_bytes + 1, sizeof *race->bytes);
    race->clocks = calloc(warps * warps, sizeof *race->clocks);
    race->barriers = calloc((BARRIERS + 1) * warps, sizeof *race->barriers);
    return race->bytes && race->clocks && race->barriers ? 0 : -1;
}

void race_close(struct block *block) {
    if (!block->race)
        return;
    free(block->race->bytes);
    free(block->race->clocks);
    free(block->race->barriers);
    free(block->race);
}

void race_start(struct block *block) {
    const struct launch *launch = block->launch;
    const size_t warps = launch->warps;
    if (!block->race)
        return;
    memset(block->race->bytes, 0, launch->shared_bytes * sizeof *block->race->bytes);
    memset(block->race->clocks, 0, warps * warps * sizeof *block->race->clocks);
    memset(block->race->barriers, 0, (BARRIERS + 1) * warps * sizeof *block->race->barriers);
    for (size_t k = 0; k < warps; k++)
        block->race->clocks[k * warps + k] = 1;
}

static void join(uint32_t *to, const uint32_t *from, size_t count) {
    for (size_t k = 0; k < count; k++)
        to[k] = from[k] > to[k] ? from[k] : to[k];
}

void race_arrive(struct warp *warp, uint32_t number) {
    const struct block *block = warp->block;
    const size_t warps = block->warp_count;
    if (!block->race)
        return;
    uint32_t *clock = block->race->clocks + warp->index * warps;
    join(block->race->barriers + number * warps, clock, warps);
    clock[warp->index]++;
}

/* Those that wait at the barrier have seen all that came before any arrival. */
void race_synchronise(struct block *block, uint32_t number) {
    const size_t warps = block->warp_count;
    if (!block->race)
        return;
    uint32_t *meeting = block->race->barriers + number * warps;
    for (size_t k = 0; k < warps; k++) {
        if (!block->barriers[number].waiting[k])
            continue;
        join(block->race->clocks + k * warps, meeting, warps);
        block->warps[k].sync_clock++;
    }
    memset(meeting, 0, warps * sizeof *meeting);
}

/* A warp that saw an mbarrier complete has seen what came before all arrivals at mbarriers. */
void race_observe(struct warp *warp) {
    const struct block *block = warp->block;
    const size_t warps = block->warp_count;
    if (!block->race)
        return;
    join(block->race->clocks + warp->index * warps, block->race->barriers + BARRIERS * warps,
         warps);
    warp->sync_clock++;
}

static bool races(const struct warp *warp, const struct race_access *before, uint16_t thread,
                  bool is_atomic) {
    if (!before->is_set || before->thread == thread || (before->is_atomic && is_atomic))
        return false;
    const uint32_t other = before->thread / LANES;
    if (other == warp->index)
        return before->sync_clock == warp->sync_clock;
    const size_t warps = warp->block->warp_count;
    return before->clock > warp->block->race->clocks[warp->index * warps + other];
}

void race_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 uint32_t address, uint32_t size, bool is_write, bool is_atomic) {
    const size_t warps = warp->block->warp_count;
    const uint16_t thread = (uint16_t)(warp->first_thread + lane);
    const struct race_access now = {warp->block->race->clocks[warp->index * warps + warp->index],
                                    warp->sync_clock, thread, true, is_atomic};
    for (uint32_t k = 0; k < size; k++) {
        struct race_byte *byte = &warp->block->race->bytes[address + k];
        const bool after_write = races(warp, &byte->write, thread, is_atomic);
        if (after_write || (is_write && races(warp, &byte->read, thread, is_atomic))) {
            warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, address + k,
                       "race in shared memory: thread %u %s a byte that thread %u %s, with no "
                       "barrier between; offset "
                       "%u",
                       thread, is_write ? "writes" : "reads",
                       after_write ? byte->write.thread : byte->read.thread,
                       after_write ? "wrote" : "read", address + k);
            return;
        }
        if (is_write)
            byte->write = now;
        else
            byte->read = now;
    }
}
