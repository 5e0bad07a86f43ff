/*
 * Races in shared memory.
 *
 * Two accesses to a byte by different threads, one of them a write, race unless something orders
 * them. Each warp has a vector clock with an entry for every warp of the block; barriers join the
 * clocks of those that meet. Within a warp, bar.warp.sync and the barriers order the lanes. Strong
 * accesses (atomic, volatile, relaxed and ordered ones) do not race among each other, and order what
 * lies around them as PTX's memory model says: a write behind a fence releases, and a read before a
 * fence acquires, what was written to that place.
 *
 * For each byte the last write and the last read are kept, so a race with an earlier read may go
 * unseen; what is reported is a race.
 */
#include "emulator/execute/race.h"

#include "emulator/execute/warp.h"

#include <stdlib.h>
#include <string.h>

struct race_access {
    uint32_t clock, sync_clock;
    uint32_t serial; /* of the store, in its warp; 0: its value is not known */
    uint16_t thread;
    bool is_set, is_strong, is_pending;
};

struct race_byte {
    struct race_access write, read;
    uint8_t value; /* last written */
};

/* A place that strong accesses went to, of any space, and what a reader there may see. */
struct race_place {
    uint64_t address;
    uint32_t *clock; /* [warp] */
};

struct race_shadow {
    struct race_byte *bytes;
    uint32_t *clocks;   /* [warp][warp] */
    uint32_t *barriers; /* [barrier][warp]: joined clocks of those that arrived */
    uint32_t *released; /* [warp][warp]: the warp's clock at its last fence */
    uint32_t *acquired; /* [warp][warp]: what a fence would make it see */
    struct race_place *places;
    size_t place_count, place_capacity;
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
    race->released = calloc(warps * warps, sizeof *race->released);
    race->acquired = calloc(warps * warps, sizeof *race->acquired);
    const bool has_all =
        race->bytes && race->clocks && race->barriers && race->released && race->acquired;
    return has_all ? 0 : -1;
}

static void forget_places(struct race_shadow *race) {
    for (size_t k = 0; k < race->place_count; k++)
        free(race->places[k].clock);
    race->place_count = 0;
}

void race_close(struct block *block) {
    if (!block->race)
        return;
    free(block->race->bytes);
    free(block->race->clocks);
    free(block->race->barriers);
    free(block->race->released);
    free(block->race->acquired);
    forget_places(block->race);
    free(block->race->places);
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
    memset(block->race->released, 0, warps * warps * sizeof *block->race->released);
    memset(block->race->acquired, 0, warps * warps * sizeof *block->race->acquired);
    forget_places(block->race);
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

/* ---- Strong accesses ---- */

/* NULL when there is no memory: then what it would order may be reported. */
static struct race_place *find_place(struct race_shadow *race, uint64_t address, size_t warps) {
    for (size_t k = 0; k < race->place_count; k++) {
        if (race->places[k].address == address)
            return &race->places[k];
    }
    if (race->place_count == race->place_capacity) {
        const size_t capacity = race->place_capacity ? race->place_capacity * 2 : 16;
        struct race_place *grown = realloc(race->places, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        race->places = grown;
        race->place_capacity = capacity;
    }
    uint32_t *clock = calloc(warps, sizeof *clock);
    if (!clock)
        return NULL;
    race->places[race->place_count] = (struct race_place){address, clock};
    return &race->places[race->place_count++];
}

void race_fence(struct warp *warp) {
    const struct block *block = warp->block;
    const size_t warps = block->warp_count;
    if (!block->race)
        return;
    uint32_t *clock = block->race->clocks + warp->index * warps;
    uint32_t *acquired = block->race->acquired + warp->index * warps;
    for (size_t k = 0; k < warps; k++)
        warp->sync_clock += acquired[k] > 0;
    join(clock, acquired, warps);
    memset(acquired, 0, warps * sizeof *acquired);
    memcpy(block->race->released + warp->index * warps, clock, warps * sizeof *clock);
    clock[warp->index]++;
}

void race_strong(struct warp *warp, const struct instruction *instruction, uint64_t address,
                 bool is_read, bool is_write) {
    const struct detail *detail = instruction->detail;
    const size_t warps = warp->block->warp_count;
    struct race_shadow *race = warp->block->race;
    if (is_write && detail->releases)
        race_fence(warp);
    struct race_place *place = find_place(race, address, warps);
    if (!place)
        return;
    if (is_read)
        join(race->acquired + warp->index * warps, place->clock, warps);
    if (is_write)
        join(place->clock, race->released + warp->index * warps, warps);
    if (is_read && detail->acquires)
        race_fence(warp);
}

/* ---- Accesses ---- */

static bool races(const struct warp *warp, const struct race_access *before,
                  const struct race_access *now) {
    if (before->is_set && before->is_pending)
        return true;
    if (!before->is_set || before->thread == now->thread || (before->is_strong && now->is_strong))
        return false;
    const uint32_t other = before->thread / LANES;
    if (other == warp->index)
        return before->sync_clock == warp->sync_clock;
    const size_t warps = warp->block->warp_count;
    return before->clock > warp->block->race->clocks[warp->index * warps + other];
}

/* Lanes of one store that write the same value agree, whichever comes last. */
static bool agrees(const struct warp *warp, const struct race_byte *byte,
                   const struct race_access *now, const unsigned char *value) {
    return value && byte->write.serial == now->serial &&
           byte->write.thread / LANES == warp->index && byte->value == *value;
}

static void report(struct warp *warp, const struct instruction *instruction, unsigned lane,
                   uint32_t offset, bool is_write, const struct race_access *before,
                   bool was_write) {
    const unsigned thread = warp->first_thread + lane;
    if (before->is_pending && !was_write)
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, offset,
                   "race in shared memory: thread %u writes a byte that a wgmma of warp %u may "
                   "still read, before it was waited for; offset %u",
                   thread, before->thread / LANES, offset);
    else if (before->is_pending)
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, offset,
                   "race in shared memory: thread %u %s a byte that a cp.async of thread %u may "
                   "still write, before it was waited for; offset %u",
                   thread, is_write ? "writes" : "reads", before->thread, offset);
    else
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, offset,
                   "race in shared memory: thread %u %s a byte that thread %u %s, with no barrier "
                   "between; offset %u",
                   thread, is_write ? "writes" : "reads", before->thread,
                   was_write ? "wrote" : "read", offset);
}

void race_next(struct warp *warp) {
    warp->serial++;
}

void race_arrived(struct warp *warp, uint32_t address, uint32_t size) {
    for (uint32_t k = 0; k < size; k++)
        warp->block->race->bytes[address + k].write.is_pending = false;
}

void race_hold(struct warp *warp, uint32_t address, uint32_t size, bool goes_on) {
    enum { WARPGROUP_THREADS = 128 };
    const uint32_t warpgroup = warp->first_thread / WARPGROUP_THREADS;
    for (uint32_t k = 0; k < size; k++) {
        struct race_access *read = &warp->block->race->bytes[address + k].read;
        if (goes_on)
            read->thread = (uint16_t)warp->first_thread;
        else if (!read->is_pending || read->thread / WARPGROUP_THREADS != warpgroup)
            continue;
        read->is_set = read->is_pending = goes_on;
    }
}

void race_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 uint32_t address, uint32_t size, unsigned flags, const unsigned char *value) {
    const size_t warps = warp->block->warp_count;
    const bool is_write = flags & RACE_WRITE;
    const struct race_access now = {
        .clock = warp->block->race->clocks[warp->index * warps + warp->index],
        .sync_clock = warp->sync_clock,
        .serial = value ? warp->serial : 0,
        .thread = (uint16_t)(warp->first_thread + lane),
        .is_set = true,
        .is_strong = flags & RACE_STRONG,
        .is_pending = flags & RACE_PENDING};
    for (uint32_t k = 0; k < size && !warp->is_faulted; k++) {
        struct race_byte *byte = &warp->block->race->bytes[address + k];
        const bool after_write = races(warp, &byte->write, &now) &&
                                 !(is_write && agrees(warp, byte, &now, value ? value + k : NULL));
        if (after_write || (is_write && races(warp, &byte->read, &now)))
            report(warp, instruction, lane, address + k, is_write,
                   after_write ? &byte->write : &byte->read, after_write);
        if (is_write) {
            byte->write = now;
            byte->value = value ? value[k] : 0;
        } else {
            byte->read = now;
        }
    }
}
