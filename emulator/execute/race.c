/*
 * Races in shared memory.
 *
 * Two accesses to a byte by different threads, one of them a write, race unless something orders
 * them. Each warp has a vector clock with an entry for every warp of the cluster; barriers and
 * mbarriers join the clocks of those that meet. Within a warp, bar.warp.sync and the barriers order
 * the lanes. Strong accesses (atomic, volatile, relaxed and ordered ones) do not race among each
 * other, and order what lies around them as PTX's memory model says: a write behind a fence
 * releases, and a read before a fence acquires, what was written to that place.
 *
 * Bulk copies are agents of their own. What one writes counts as the issuing thread's write that
 * may come at any time, until it arrives; from then on as the agent's, which those have seen that
 * have seen its mbarrier's phase end. They go by another way to memory than other accesses: what
 * threads have written they see only behind a fence.proxy.async. So a clock has a second half,
 * which says of each warp up to where what it wrote lies before such a fence.
 *
 * For each byte the last write and the last read are kept, so a race with an earlier read may go
 * unseen; what is reported is a race.
 */
#include "emulator/execute/race.h"

#include "emulator/execute/warp.h"
#include "emulator/lanes/space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct race_access {
    uint32_t clock, sync_clock;
    uint32_t serial; /* of the store, in its warp; 0: its value is not known */
    uint16_t thread; /* in its block; of a bulk copy that has arrived the one that issued it */
    uint8_t rank;    /* of the block */
    bool is_set, is_strong, is_pending;
    bool is_bulk;  /* by a bulk copy */
    bool is_agent; /* which has arrived */
};

struct race_byte {
    struct race_access write, read;
    uint8_t value; /* last written */
};

/* A place that strong accesses went to, or an mbarrier, and what those may see who read it. */
struct race_place {
    uint64_t address;
    uint32_t *clock; /* NULL: an empty slot */
};

/* What the blocks of a cluster have together; the first of them owns it. */
struct race_clocks {
    uint32_t *of_warps;                 /* [warp][entry] */
    uint32_t *released;                 /* [warp][entry]: the warp's clock at its last fence */
    uint32_t *acquired;                 /* [warp][entry]: what a fence would make it see */
    uint32_t arrivals;                  /* of bulk copies */
    struct race_place *places;          /* by a hash of the address, then the next that is free */
    size_t place_count, place_capacity; /* a power of two, more than twice the count; or 0 */
};

struct race_shadow {
    struct race_byte *bytes;
    uint32_t *barriers; /* [barrier][entry]: joined clocks of those that arrived */
    struct race_clocks *clocks;
};

/* ---- Entries of a clock: the warps of the cluster, then the bulk copies; and the same again for
 * what lies before a proxy fence ---- */

static size_t warps_of(const struct block *block) {
    return (size_t)block->cluster->size * block->launch->warps;
}

static size_t half_of(const struct block *block) {
    return warps_of(block) + 1;
}

static size_t length_of(const struct block *block) {
    return 2 * half_of(block);
}

static size_t number_of(const struct warp *warp) {
    return (size_t)warp->block->rank * warp->block->launch->warps + warp->index;
}

static uint32_t *clock_of(const struct warp *warp) {
    return warp->block->race->clocks->of_warps + number_of(warp) * length_of(warp->block);
}

static uint32_t *barrier_clock(const struct block *block, uint32_t number) {
    return block->race->barriers + number * length_of(block);
}

static void join(uint32_t *to, const uint32_t *from, size_t count) {
    for (size_t k = 0; k < count; k++)
        to[k] = from[k] > to[k] ? from[k] : to[k];
}

/* What the warp does from now on is later than what others have seen of it. */
static void tick(const struct warp *warp) {
    clock_of(warp)[number_of(warp)]++;
}

/* ---- Opening and closing ---- */

static struct race_clocks *open_clocks(const struct block *block) {
    const size_t entries = warps_of(block) * length_of(block);
    struct race_clocks *clocks = calloc(1, sizeof *clocks);
    if (!clocks)
        return NULL;
    clocks->of_warps = calloc(entries, sizeof *clocks->of_warps);
    clocks->released = calloc(entries, sizeof *clocks->released);
    clocks->acquired = calloc(entries, sizeof *clocks->acquired);
    return clocks;
}

int race_open(struct block *block) {
    const struct launch *launch = block->launch;
    if (!launch->options.check_race)
        return 0;
    struct race_shadow *race = block->race = calloc(1, sizeof *race);
    if (!race)
        return -1;
    race->bytes = calloc(launch->shared_bytes + 1, sizeof *race->bytes);
    race->barriers = calloc(BARRIERS * length_of(block), sizeof *race->barriers);
    race->clocks = block->rank == 0 ? open_clocks(block) : block->cluster->blocks->race->clocks;
    const struct race_clocks *clocks = race->clocks;
    const bool has_all = race->bytes && race->barriers && clocks && clocks->of_warps &&
                         clocks->released && clocks->acquired;
    return has_all ? 0 : -1;
}

static void forget_places(struct race_clocks *clocks) {
    for (size_t k = 0; clocks->place_count > 0 && k < clocks->place_capacity; k++) {
        clocks->place_count -= clocks->places[k].clock != NULL;
        free(clocks->places[k].clock);
        clocks->places[k].clock = NULL;
    }
}

static void close_clocks(struct race_clocks *clocks) {
    if (!clocks)
        return;
    forget_places(clocks);
    free(clocks->places);
    free(clocks->of_warps);
    free(clocks->released);
    free(clocks->acquired);
    free(clocks);
}

void race_close(struct block *block) {
    if (!block->race)
        return;
    free(block->race->bytes);
    free(block->race->barriers);
    if (block->rank == 0)
        close_clocks(block->race->clocks);
    free(block->race);
}

static void start_clocks(const struct block *block) {
    struct race_clocks *clocks = block->race->clocks;
    const size_t bytes = warps_of(block) * length_of(block) * sizeof(uint32_t);
    memset(clocks->of_warps, 0, bytes);
    memset(clocks->released, 0, bytes);
    memset(clocks->acquired, 0, bytes);
    clocks->arrivals = 0;
    forget_places(clocks);
    for (size_t k = 0; k < warps_of(block); k++)
        clocks->of_warps[k * length_of(block) + k] = 1;
}

void race_start(struct block *block) {
    if (!block->race)
        return;
    memset(block->race->bytes, 0, block->launch->shared_bytes * sizeof *block->race->bytes);
    memset(block->race->barriers, 0, BARRIERS * length_of(block) * sizeof(uint32_t));
    if (block->rank == 0)
        start_clocks(block);
}

/* ---- Barriers ---- */

void race_arrive(struct warp *warp, uint32_t number) {
    if (!warp->block->race)
        return;
    join(barrier_clock(warp->block, number), clock_of(warp), length_of(warp->block));
    tick(warp);
}

/* Those that wait at the barrier have seen all that came before any arrival. */
void race_synchronise(struct block *block, uint32_t number) {
    if (!block->race)
        return;
    uint32_t *meeting = barrier_clock(block, number);
    for (size_t k = 0; k < block->warp_count; k++) {
        if (!block->barriers[number].waiting[k])
            continue;
        join(clock_of(&block->warps[k]), meeting, length_of(block));
        block->warps[k].sync_clock++;
    }
    memset(meeting, 0, length_of(block) * sizeof *meeting);
}

/* ---- Places ---- */

/* The address's slot, or the empty one that it would have. The table has an empty one. */
static struct race_place *find_slot(struct race_place *places, size_t capacity, uint64_t address) {
    size_t slot = (size_t)(address * 0x9E3779B97F4A7C15U >> 20);
    while (places[slot &= capacity - 1].clock && places[slot].address != address)
        slot++;
    return &places[slot];
}

static bool grow_places(struct race_clocks *clocks) {
    const size_t capacity = clocks->place_capacity ? clocks->place_capacity * 2 : 32;
    struct race_place *grown = calloc(capacity, sizeof *grown);
    if (!grown)
        return false;
    for (size_t k = 0; k < clocks->place_capacity; k++)
        if (clocks->places[k].clock)
            *find_slot(grown, capacity, clocks->places[k].address) = clocks->places[k];
    free(clocks->places);
    clocks->places = grown;
    clocks->place_capacity = capacity;
    return true;
}

/* NULL when there is no memory: then what it would order may be reported. */
static struct race_place *find_place(const struct block *block, uint64_t address) {
    struct race_clocks *clocks = block->race->clocks;
    if (2 * (clocks->place_count + 1) > clocks->place_capacity && !grow_places(clocks))
        return NULL;
    struct race_place *place = find_slot(clocks->places, clocks->place_capacity, address);
    if (place->clock)
        return place;
    place->clock = calloc(length_of(block), sizeof *place->clock);
    if (!place->clock)
        return NULL;
    place->address = address;
    clocks->place_count++;
    return place;
}

uint64_t race_key(const struct shared_place *place) {
    return space_window(WINDOW_SHARED) | space_cluster_offset(place->block->rank, place->offset);
}

uint64_t race_phase_key(const struct shared_place *place, uint32_t phase) {
    return race_key(place) | (uint64_t)(phase & 1) << 63;
}

uint64_t race_cluster_key(uint32_t phase) {
    return UINT64_MAX - (phase & 1);
}

void race_release(struct warp *warp, uint64_t key) {
    struct race_place *place = warp->block->race ? find_place(warp->block, key) : NULL;
    if (!place)
        return;
    join(place->clock, clock_of(warp), length_of(warp->block));
    tick(warp);
}

void race_acquire(struct warp *warp, uint64_t key) {
    const struct race_place *place = warp->block->race ? find_place(warp->block, key) : NULL;
    if (!place)
        return;
    join(clock_of(warp), place->clock, length_of(warp->block));
    warp->sync_clock++;
}

/* ---- Strong accesses and fences ---- */

void race_fence(struct warp *warp) {
    const struct block *block = warp->block;
    const size_t length = block->race ? length_of(block) : 0;
    if (!block->race)
        return;
    uint32_t *acquired = block->race->clocks->acquired + number_of(warp) * length;
    for (size_t k = 0; k < length; k++)
        warp->sync_clock += acquired[k] > 0;
    join(clock_of(warp), acquired, length);
    memset(acquired, 0, length * sizeof *acquired);
    memcpy(block->race->clocks->released + number_of(warp) * length, clock_of(warp),
           length * sizeof *acquired);
    tick(warp);
}

void race_proxy_fence(struct warp *warp) {
    if (!warp->block->race)
        return;
    const size_t half = half_of(warp->block);
    memcpy(clock_of(warp) + half, clock_of(warp), half * sizeof(uint32_t));
    tick(warp);
}

void race_strong(struct warp *warp, const struct instruction *instruction, uint64_t key,
                 bool is_read, bool is_write) {
    const struct detail *detail = instruction->detail;
    const size_t length = length_of(warp->block);
    const struct race_clocks *clocks = warp->block->race->clocks;
    if (is_write && detail->releases)
        race_fence(warp);
    struct race_place *place = find_place(warp->block, key);
    if (!place)
        return;
    if (is_read)
        join(clocks->acquired + number_of(warp) * length, place->clock, length);
    if (is_write)
        join(place->clock, clocks->released + number_of(warp) * length, length);
    if (is_read && detail->acquires)
        race_fence(warp);
}

/* ---- Accesses ---- */

static bool is_own_warp(const struct warp *warp, const struct race_access *before) {
    return !before->is_agent && before->rank == warp->block->rank &&
           before->thread / LANES == warp->index;
}

/* The entry of who accessed the byte before. */
static size_t entry_of(const struct block *block, const struct race_access *before) {
    return before->is_agent ? warps_of(block)
                            : (size_t)before->rank * block->launch->warps + before->thread / LANES;
}

static bool races(const struct warp *warp, const struct race_access *before,
                  const struct race_access *now) {
    if (!before->is_set || (before->is_strong && now->is_strong))
        return false;
    if (before->is_pending)
        return true;
    if (is_own_warp(warp, before))
        return before->thread != now->thread && before->sync_clock == warp->sync_clock;
    return before->clock > clock_of(warp)[entry_of(warp->block, before)];
}

/* Whether a bulk copy, or a wgmma, may miss what was written, for want of a proxy fence. */
static bool misses(const struct warp *warp, const struct race_access *write,
                   const struct race_access *now) {
    return write->is_set && !write->is_bulk && now->is_bulk &&
           write->clock > clock_of(warp)[half_of(warp->block) + entry_of(warp->block, write)];
}

/* Lanes of one store that write the same value agree, whichever comes last. */
static bool agrees(const struct warp *warp, const struct race_byte *byte,
                   const struct race_access *now, const unsigned char *value) {
    return value && byte->write.serial == now->serial && is_own_warp(warp, &byte->write) &&
           byte->value == *value;
}

/* What the other one does or has done, and what would have come between. */
static const char *describe(const struct race_access *before, bool was_write) {
    if (before->is_pending && before->is_bulk)
        return was_write ? "that a bulk copy of thread %u%s may still write, before its mbarrier's "
                           "phase has ended"
                         : "that a bulk copy of thread %u%s may still read, before its group was "
                           "waited for";
    if (before->is_pending)
        return was_write
                   ? "that a cp.async of thread %u%s may still write, before it was waited for"
                   : "that a wgmma of the warpgroup of thread %u%s may still read, before it was "
                     "waited for";
    if (before->is_agent)
        return "that a bulk copy of thread %u%s wrote, without having waited at its mbarrier";
    return was_write ? "that thread %u%s wrote, with no barrier between"
                     : "that thread %u%s read, with no barrier between";
}

static void report(struct warp *warp, const struct instruction *instruction, unsigned lane,
                   uint32_t offset, const char *verb, const struct race_access *before,
                   const char *format) {
    char other[160], block[40] = "";
    if (before->rank != warp->block->rank)
        snprintf(block, sizeof block, " of the block of rank %u", before->rank);
    snprintf(other, sizeof other, format, before->thread, block);
    warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, offset,
               "race in shared memory: thread %u %s a byte %s; offset %u",
               warp->first_thread + lane, verb, other, offset);
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
            *read = (struct race_access){.thread = (uint16_t)warp->first_thread,
                                         .rank = (uint8_t)warp->block->rank};
        else if (!read->is_pending || read->is_bulk || read->rank != warp->block->rank ||
                 read->thread / WARPGROUP_THREADS != warpgroup)
            continue;
        read->is_set = read->is_pending = goes_on;
    }
}

void race_bulk_arrived(struct warp *warp, const struct shared_place *place, uint32_t size) {
    struct race_clocks *clocks = warp->block->race->clocks;
    clocks->arrivals++;
    for (uint32_t k = 0; k < size; k++) {
        struct race_access *write = &place->block->race->bytes[place->offset + k].write;
        if (!write->is_pending || !write->is_bulk)
            continue;
        write->is_pending = false;
        write->is_agent = true;
        write->clock = clocks->arrivals;
    }
}

void race_bulk_told(struct warp *warp, uint64_t key) {
    struct race_place *place = find_place(warp->block, key);
    if (place)
        place->clock[warps_of(warp->block)] = warp->block->race->clocks->arrivals;
}

void race_bulk_read(struct warp *warp, const struct shared_place *place, uint32_t size) {
    for (uint32_t k = 0; k < size; k++) {
        struct race_access *read = &place->block->race->bytes[place->offset + k].read;
        if (!read->is_pending || !read->is_bulk || !is_own_warp(warp, read))
            continue;
        read->is_pending = false;
        read->clock = clock_of(warp)[number_of(warp)];
        read->sync_clock = warp->sync_clock - 1; /* its own lanes go on from here */
    }
}

void race_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct shared_place *place, uint32_t size, unsigned flags,
                 const unsigned char *value) {
    const bool is_write = flags & RACE_WRITE;
    const char *verb = is_write ? "writes" : "reads";
    const struct race_access now = {.clock = clock_of(warp)[number_of(warp)],
                                    .sync_clock = warp->sync_clock,
                                    .serial = value ? warp->serial : 0,
                                    .thread = (uint16_t)(warp->first_thread + lane),
                                    .rank = (uint8_t)warp->block->rank,
                                    .is_set = true,
                                    .is_strong = flags & RACE_STRONG,
                                    .is_bulk = flags & RACE_BULK,
                                    .is_pending = flags & RACE_PENDING};
    for (uint32_t k = 0; k < size && !warp->is_faulted; k++) {
        const uint32_t offset = place->offset + k;
        struct race_byte *byte = &place->block->race->bytes[offset];
        const bool after_write = races(warp, &byte->write, &now) &&
                                 !(is_write && agrees(warp, byte, &now, value ? value + k : NULL));
        if (after_write)
            report(warp, instruction, lane, offset, verb, &byte->write,
                   describe(&byte->write, true));
        else if (is_write && races(warp, &byte->read, &now))
            report(warp, instruction, lane, offset, verb, &byte->read,
                   describe(&byte->read, false));
        else if (!is_write && misses(warp, &byte->write, &now))
            report(warp, instruction, lane, offset,
                   instruction->detail->product ? "lets a wgmma read" : "lets a bulk copy read",
                   &byte->write, "that thread %u%s wrote, with no fence.proxy.async between");
        if (is_write) {
            byte->write = now;
            byte->value = value ? value[k] : 0;
        } else {
            byte->read = now;
        }
    }
}
