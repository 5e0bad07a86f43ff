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
 * A cp.async that an mbarrier is told of is such an agent too, but goes the way of other accesses.
 *
 * What some lanes release, acquire, or see of each other without the rest of their warp is kept
 * apart (race_lanes.c).
 *
 * For each byte the last write and the last read are kept, so a race with an earlier read may go
 * unseen; what is reported is a race.
 */
#include "emulator/checks/race.h"

#include "emulator/checks/race_shadow.h"
#include "emulator/lanes/space.h"

#include <stdlib.h>
#include <string.h>

enum {
    ENDED = BARRIERS, /* not a barrier: what threads that have ended did before */
    BARRIER_CLOCKS
};

static uint32_t *barrier_clock(const struct block *block, uint32_t number) {
    return block->race->barriers + number * race_length_of(block);
}

static void join(uint32_t *to, const uint32_t *from, size_t count) {
    for (size_t k = 0; k < count; k++)
        to[k] = from[k] > to[k] ? from[k] : to[k];
}

/* What the warp does from now on is later than what others have seen of these lanes. */
static void tick(const struct warp *warp, uint32_t lanes) {
    race_keep_release(warp, lanes);
    race_clock_of(warp)[race_number_of(warp)]++;
}

/* ---- Opening and closing ---- */

static struct race_clocks *open_clocks(const struct block *block) {
    const size_t entries = race_warps_of(block) * race_length_of(block);
    struct race_clocks *clocks = calloc(1, sizeof *clocks);
    if (!clocks)
        return NULL;
    clocks->of_warps = calloc(entries, sizeof *clocks->of_warps);
    clocks->released = calloc(entries, sizeof *clocks->released);
    clocks->acquired = calloc(entries, sizeof *clocks->acquired);
    clocks->left_behind = calloc(entries, sizeof *clocks->left_behind);
    clocks->lanes = calloc(race_warps_of(block), sizeof *clocks->lanes);
    return clocks;
}

static bool has_clocks(const struct race_clocks *clocks) {
    return clocks && clocks->of_warps && clocks->released && clocks->acquired &&
           clocks->left_behind && clocks->lanes;
}

int race_open(struct block *block) {
    const struct launch *launch = block->launch;
    if (!launch->options.check_race)
        return 0;
    struct race_shadow *race = block->race = calloc(1, sizeof *race);
    if (!race)
        return -1;
    race->words = calloc(launch->shared_bytes / RACE_WORD_BYTES + 1, sizeof *race->words);
    race->bytes = calloc(launch->shared_bytes + RACE_WORD_BYTES, sizeof *race->bytes);
    race->values = calloc(launch->shared_bytes + RACE_WORD_BYTES, 1);
    race->barriers = calloc(BARRIER_CLOCKS * race_length_of(block), sizeof *race->barriers);
    race->clocks = block->rank == 0 ? open_clocks(block) : block->cluster->blocks->race->clocks;
    const bool has_all =
        race->words && race->bytes && race->values && race->barriers && has_clocks(race->clocks);
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
    free(clocks->left_behind);
    free(clocks->lanes);
    free(clocks);
}

void race_close(struct block *block) {
    if (!block->race)
        return;
    free(block->race->words);
    free(block->race->bytes);
    free(block->race->values);
    free(block->race->barriers);
    if (block->rank == 0)
        close_clocks(block->race->clocks);
    free(block->race);
}

static void start_clocks(const struct block *block) {
    struct race_clocks *clocks = block->race->clocks;
    const size_t bytes = race_warps_of(block) * race_length_of(block) * sizeof(uint32_t);
    memset(clocks->of_warps, 0, bytes);
    memset(clocks->released, 0, bytes);
    memset(clocks->acquired, 0, bytes);
    memset(clocks->lanes, 0, race_warps_of(block) * sizeof *clocks->lanes);
    clocks->arrivals = 0;
    forget_places(clocks);
    for (size_t k = 0; k < race_warps_of(block); k++)
        clocks->of_warps[k * race_length_of(block) + k] = 1;
}

void race_start(struct block *block) {
    if (!block->race)
        return;
    const size_t words = block->launch->shared_bytes / RACE_WORD_BYTES + 1;
    memset(block->race->words, 0, words * sizeof *block->race->words);
    memset(block->race->barriers, 0, BARRIER_CLOCKS * race_length_of(block) * sizeof(uint32_t));
    if (block->rank == 0)
        start_clocks(block);
}

/* ---- Barriers ---- */

void race_arrive(struct warp *warp, uint32_t number, uint32_t lanes) {
    if (!warp->block->race)
        return;
    join(barrier_clock(warp->block, number), race_clock_of(warp), race_length_of(warp->block));
    tick(warp, lanes);
}

/* As PTX says of exit: a thread that ends no longer holds such a barrier up. */
void race_exit(struct warp *warp, uint32_t lanes) {
    race_arrive(warp, ENDED, lanes);
}

/* Those that wait at the barrier have seen all that came before any arrival. */
void race_synchronise(struct block *block, uint32_t number, bool for_all) {
    if (!block->race)
        return;
    uint32_t *meeting = barrier_clock(block, number);
    if (for_all)
        join(meeting, barrier_clock(block, ENDED), race_length_of(block));
    for (size_t k = 0; k < block->warp_count; k++) {
        if (!block->barriers[number].waiting[k])
            continue;
        race_see(&block->warps[k], block->barriers[number].waiting[k], meeting);
        block->warps[k].sync_clock++;
    }
    memset(meeting, 0, race_length_of(block) * sizeof *meeting);
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
    place->clock = calloc(race_length_of(block) + race_warps_of(block), sizeof *place->clock);
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

void race_release(struct warp *warp, uint64_t key, uint32_t lanes) {
    struct race_place *place = warp->block->race ? find_place(warp->block, key) : NULL;
    if (!place)
        return;
    join(place->clock, race_clock_of(warp), race_length_of(warp->block));
    tick(warp, lanes);
}

void race_acquire(struct warp *warp, uint64_t key, uint32_t lanes) {
    const struct race_place *place = warp->block->race ? find_place(warp->block, key) : NULL;
    if (!place)
        return;
    race_see(warp, lanes, place->clock);
    warp->sync_clock++;
}

/* ---- Strong accesses and fences ---- */

/* Lanes that execute the fence see what they have read before it. */
static void acquire_what_was_read(struct warp *warp) {
    const size_t length = race_length_of(warp->block);
    const struct race_clocks *clocks = warp->block->race->clocks;
    uint32_t *acquired = clocks->acquired + race_number_of(warp) * length;
    struct race_lanes *lanes = &clocks->lanes[race_number_of(warp)];
    const uint32_t seeing = lanes->acquired_by & warp->mask;
    if (!seeing)
        return;
    for (size_t k = 0; k < length; k++)
        warp->sync_clock += acquired[k] > 0;
    race_see(warp, seeing, acquired);
    lanes->acquired_by &= ~seeing;
    if (!(lanes->acquired_by & warp->live))
        memset(acquired, 0, length * sizeof *acquired);
}

void race_fence(struct warp *warp) {
    const struct block *block = warp->block;
    const size_t length = block->race ? race_length_of(block) : 0;
    if (!block->race)
        return;
    acquire_what_was_read(warp);
    memcpy(block->race->clocks->released + race_number_of(warp) * length, race_clock_of(warp),
           length * sizeof(uint32_t));
    tick(warp, warp->mask);
}

void race_proxy_fence(struct warp *warp) {
    if (!warp->block->race)
        return;
    const size_t half = race_half_of(warp->block);
    memcpy(race_clock_of(warp) + half, race_clock_of(warp), half * sizeof(uint32_t));
    tick(warp, 0);
}

static void note_read(struct warp *warp, unsigned lane, const uint32_t *clock) {
    const size_t length = race_length_of(warp->block);
    const struct race_clocks *clocks = warp->block->race->clocks;
    join(clocks->acquired + race_number_of(warp) * length, clock, length);
    clocks->lanes[race_number_of(warp)].acquired_by |= UINT32_C(1) << lane;
}

void race_strong(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 uint64_t key, bool is_read, bool is_write) {
    const struct detail *detail = instruction->detail;
    const size_t length = race_length_of(warp->block);
    const struct race_clocks *clocks = warp->block->race->clocks;
    if (is_write && detail->releases)
        race_fence(warp);
    struct race_place *place = find_place(warp->block, key);
    if (!place)
        return;
    if (is_read)
        note_read(warp, lane, place->clock);
    if (is_write)
        join(place->clock, clocks->released + race_number_of(warp) * length, length);
    uint32_t *observers = place->clock + length;
    if (is_write)
        memset(observers, 0, race_warps_of(warp->block) * sizeof *observers);
    else
        observers[race_number_of(warp)] |= UINT32_C(1) << lane;
    if (is_read && detail->acquires)
        race_fence(warp);
}

bool race_has_observed(const struct warp *warp, unsigned lane, uint64_t key) {
    const struct race_clocks *clocks = warp->block->race->clocks;
    if (clocks->place_count == 0)
        return false;
    const struct race_place *place = find_slot(clocks->places, clocks->place_capacity, key);
    return place->clock &&
           (place->clock[race_length_of(warp->block) + race_number_of(warp)] >> lane & 1);
}

void race_bulk_told(struct warp *warp, uint64_t key) {
    struct race_place *place = find_place(warp->block, key);
    if (place)
        place->clock[race_warps_of(warp->block)] = warp->block->race->clocks->arrivals;
}

void race_copies_told(struct warp *warp, uint64_t key) {
    const struct race_clocks *clocks = warp->block->race->clocks;
    clocks->lanes[race_number_of(warp)].told = clocks->arrivals;
    race_bulk_told(warp, key);
}

/* All that had arrived by then counts as waited for, others' copies too. */
void race_copies_waited(struct warp *warp) {
    if (!warp->block->race)
        return;
    const uint32_t told = warp->block->race->clocks->lanes[race_number_of(warp)].told;
    uint32_t *seen = &race_clock_of(warp)[race_warps_of(warp->block)];
    *seen = told > *seen ? told : *seen;
}
