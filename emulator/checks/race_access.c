/* Accesses to shared memory, and with whom they race. */
#include "emulator/checks/race.h"

#include "emulator/checks/race_shadow.h"
#include "emulator/warps/warp.h"

#include <stdio.h>
#include <string.h>

/* ---- Bytes and words ---- */

/* The byte's own accesses, which its word may have kept for all its bytes. */
static struct race_pair *byte_at(const struct block *block, uint32_t offset) {
    struct race_pair *word = &block->race->words[offset / RACE_WORD_BYTES];
    struct race_pair *bytes = &block->race->bytes[offset - offset % RACE_WORD_BYTES];
    for (unsigned k = 0; !word->write.is_split && k < RACE_WORD_BYTES; k++)
        bytes[k] = *word;
    word->write.is_split = true;
    return &bytes[offset % RACE_WORD_BYTES];
}

static bool is_like(const struct race_access *a, const struct race_access *b) {
    return a->clock == b->clock && a->sync_clock == b->sync_clock && a->at == b->at &&
           a->has_value == b->has_value && a->thread == b->thread && a->rank == b->rank &&
           a->is_set == b->is_set && a->is_strong == b->is_strong && !a->is_pending &&
           !b->is_pending && !a->is_bulk && !b->is_bulk && !a->is_agent && !b->is_agent &&
           a->is_warp == b->is_warp;
}

/* Takes the bytes together again where they share their accesses. */
static void join_bytes(const struct block *block, uint32_t offset) {
    struct race_pair *word = &block->race->words[offset / RACE_WORD_BYTES];
    const struct race_pair *bytes = &block->race->bytes[offset];
    for (unsigned k = 0; k < RACE_WORD_BYTES; k++) {
        if (!is_like(&bytes[k].write, &bytes[0].write) || !is_like(&bytes[k].read, &bytes[0].read))
            return;
    }
    *word = bytes[0];
}

/* ---- With whom an access races ---- */

static bool is_own_warp(const struct warp *warp, const struct race_access *before) {
    return !before->is_agent && before->rank == warp->block->rank &&
           before->thread / LANES == warp->index;
}

/* The entry of who accessed the byte before. */
static size_t entry_of(const struct block *block, const struct race_access *before) {
    return before->is_agent ? race_warps_of(block)
                            : (size_t)before->rank * block->launch->warps + before->thread / LANES;
}

static const uint32_t *clock_of(const struct warp *warp, const struct race_access *now) {
    return now->is_warp ? race_clock_of(warp) : race_clock_of_lane(warp, now->thread % LANES);
}

/* A lane that arrives for others lets their reads pass: they mostly have what they read by then, and
 * programs count on it. */
static bool races(const struct warp *warp, const struct race_access *before, bool was_write,
                  const struct race_access *now) {
    if (!before->is_set || (before->is_strong && now->is_strong))
        return false;
    if (before->is_pending)
        return true;
    if (is_own_warp(warp, before))
        return before->thread != now->thread && !now->is_warp &&
               !(race_lanes_after(warp->block, race_number_of(warp), before, warp->sync_clock) >>
                     now->thread % LANES &
                 1);
    const size_t entry = entry_of(warp->block, before);
    const uint32_t seen = clock_of(warp, now)[entry];
    return before->clock > seen ||
           (was_write && !before->is_agent && !race_is_released(warp->block, entry, before, seen));
}

/* Whether a bulk copy, or a wgmma, may miss what was written, for want of a proxy fence. */
static bool misses(const struct warp *warp, const struct race_access *write,
                   const struct race_access *now) {
    return write->is_set && !write->is_bulk && now->is_bulk &&
           write->clock >
               clock_of(warp, now)[race_half_of(warp->block) + entry_of(warp->block, write)];
}

/* Stores that write the same value agree, whichever comes last. */
static bool agrees(const struct race_access *write, uint8_t written, const unsigned char *value) {
    return value && write->has_value && !write->is_pending && written == *value;
}

/* Who has read a strong write by a strong read is behind it, and behind the atomics that led to it,
 * without a fence: PTX's causality order begins with observation order. */
static bool observes(const struct warp *warp, unsigned lane, const struct shared_place *place,
                     const struct race_access *write) {
    return write->is_strong && !write->is_pending && race_has_observed(warp, lane, race_key(place));
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
        return before->is_bulk
                   ? "that a bulk copy of thread %u%s wrote, without having waited at its mbarrier"
                   : "that a cp.async of thread %u%s wrote, without having waited at its mbarrier";
    return was_write ? "that thread %u%s wrote, with no barrier between"
                     : "that thread %u%s read, with no barrier between";
}

static uint32_t number_of(const struct warp *warp, const struct instruction *instruction) {
    return (uint32_t)(instruction - warp->code);
}

/* The first fault of a block is kept. */
static void report(struct warp *warp, const struct instruction *instruction, unsigned lane,
                   uint32_t offset, const char *verb, const struct race_access *before,
                   const char *format) {
    const bool is_first = warp->block->fault.status == MACHINE_OK;
    const unsigned *size = warp->block->launch->block;
    char other[160], block[40] = "";
    if (before->rank != warp->block->rank)
        snprintf(block, sizeof block, " of the block of rank %u", before->rank);
    snprintf(other, sizeof other, format, before->thread, block);
    warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, 0,
               "race in shared memory: thread %u %s a byte %s, offset %u,",
               warp->first_thread + lane, verb, other, offset);
    if (!is_first)
        return;
    warp->block->fault.diagnostic.address = offset;
    warp->block->fault.kind = FAULT_RACE;
    snprintf(other, sizeof other, "the other access, of thread (%u,%u,%u),",
             before->thread % size[0], before->thread / size[0] % size[1],
             before->thread / size[0] / size[1]);
    warp_fault_other(warp, &warp->code[before->at], other);
}

void race_arrived(struct warp *warp, uint32_t address, uint32_t size) {
    for (uint32_t k = 0; k < size; k++)
        byte_at(warp->block, address + k)->write.is_pending = false;
}

void race_copy_arrived(struct warp *warp, uint32_t address, uint32_t size) {
    struct race_clocks *clocks = warp->block->race->clocks;
    clocks->arrivals++;
    for (uint32_t k = 0; k < size; k++) {
        struct race_access *write = &byte_at(warp->block, address + k)->write;
        write->is_agent = true;
        write->clock = clocks->arrivals;
    }
}

void race_hold(struct warp *warp, const struct instruction *instruction, uint32_t address,
               uint32_t size) {
    for (uint32_t k = 0; k < size; k++)
        byte_at(warp->block, address + k)->read =
            (struct race_access){.at = number_of(warp, instruction),
                                 .thread = (uint16_t)warp->first_thread,
                                 .rank = (uint8_t)warp->block->rank,
                                 .is_set = true,
                                 .is_pending = true};
}

void race_let_go(struct warp *warp, uint32_t address, uint32_t size) {
    enum { WARPGROUP_THREADS = 128 };
    const uint32_t warpgroup = warp->first_thread / WARPGROUP_THREADS;
    for (uint32_t k = 0; k < size; k++) {
        struct race_access *read = &byte_at(warp->block, address + k)->read;
        if (read->is_pending && !read->is_bulk && read->rank == warp->block->rank &&
            read->thread / WARPGROUP_THREADS == warpgroup)
            read->is_set = read->is_pending = false;
    }
}

void race_bulk_arrived(struct warp *warp, const struct shared_place *place, uint32_t size) {
    struct race_clocks *clocks = warp->block->race->clocks;
    clocks->arrivals++;
    for (uint32_t k = 0; k < size; k++) {
        struct race_access *write = &byte_at(place->block, place->offset + k)->write;
        if (!write->is_pending || !write->is_bulk)
            continue;
        write->is_pending = false;
        write->is_agent = true;
        write->clock = clocks->arrivals;
    }
}

void race_bulk_read(struct warp *warp, const struct shared_place *place, uint32_t size) {
    for (uint32_t k = 0; k < size; k++) {
        struct race_access *read = &byte_at(place->block, place->offset + k)->read;
        if (!read->is_pending || !read->is_bulk || !is_own_warp(warp, read))
            continue;
        read->is_pending = false;
        read->clock = race_clock_of(warp)[race_number_of(warp)];
        read->sync_clock = warp->sync_clock - 1; /* its own lanes go on from here */
    }
}

/* What reads through the asynchronous proxy. */
static const char *reader_of(const struct instruction *instruction) {
    if (instruction->detail->tensor)
        return "lets a tcgen05 instruction read";
    return instruction->detail->product ? "lets a wgmma read" : "lets a bulk copy read";
}

void race_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct shared_place *place, uint32_t size, unsigned flags,
                 const unsigned char *value) {
    const bool is_write = flags & RACE_WRITE;
    const char *verb = is_write ? "writes" : "reads";
    const struct race_access now = {.clock = race_clock_of(warp)[race_number_of(warp)],
                                    .sync_clock = warp->sync_clock,
                                    .at = number_of(warp, instruction),
                                    .thread = (uint16_t)(warp->first_thread + lane),
                                    .rank = (uint8_t)warp->block->rank,
                                    .is_set = true,
                                    .has_value = value != NULL,
                                    .is_strong = flags & RACE_STRONG,
                                    .is_bulk = flags & RACE_BULK,
                                    .is_pending = flags & RACE_PENDING,
                                    .is_warp = flags & RACE_WARP};
    for (uint32_t k = 0; k < size && !warp->is_faulted; k++) {
        const uint32_t offset = place->offset + k;
        struct race_pair *byte = byte_at(place->block, offset);
        uint8_t *written = &place->block->race->values[offset];
        const bool after_write =
            races(warp, &byte->write, true, &now) &&
            !(is_write && agrees(&byte->write, *written, value ? value + k : NULL)) &&
            !observes(warp, lane, place, &byte->write);
        if (after_write)
            report(warp, instruction, lane, offset, verb, &byte->write,
                   describe(&byte->write, true));
        else if (is_write && races(warp, &byte->read, false, &now))
            report(warp, instruction, lane, offset, verb, &byte->read,
                   describe(&byte->read, false));
        else if (!is_write && misses(warp, &byte->write, &now))
            report(warp, instruction, lane, offset, reader_of(instruction), &byte->write,
                   "that thread %u%s wrote, with no fence.proxy.async between");
        if (is_write) {
            byte->write = now;
            *written = value ? value[k] : 0;
        } else {
            byte->read = now;
        }
    }
}

/* ---- Whole words, as most accesses are ---- */

/* What is the same for all words of an access. */
struct word_access {
    struct race_access now; /* but for the thread */
    const uint32_t *clock;
    const struct race_lanes *lanes; /* as the clock, by warp */
    bool meets_apart;               /* the warp's own */
    bool has_lanes_behind;          /* the same */
    uint32_t warps;                 /* of a block */
    uint16_t index;                 /* of the warp in its block */
    bool is_write;
};

/* It stays in memory: parts in registers, put together for each word, cost half as much again. */
static void begin_words(struct word_access *access, const struct warp *warp,
                        const struct instruction *instruction, bool is_write) {
    const uint32_t *clock = race_clock_of(warp);
    const struct race_lanes *lanes = warp->block->race->clocks->lanes;
    *access = (struct word_access){.now = {.clock = clock[race_number_of(warp)],
                                           .sync_clock = warp->sync_clock,
                                           .at = number_of(warp, instruction),
                                           .rank = (uint8_t)warp->block->rank,
                                           .is_set = true,
                                           .has_value = is_write},
                                   .clock = clock,
                                   .lanes = lanes,
                                   .meets_apart = lanes[race_number_of(warp)].meet_apart,
                                   .has_lanes_behind = lanes[race_number_of(warp)].behind != 0,
                                   .warps = warp->block->launch->warps,
                                   .index = (uint16_t)warp->index,
                                   .is_write = is_write};
}

/* Whether what came before is ordered; what is false may be looked at by races(). */
static inline bool is_ordered(const struct race_access *before, const struct word_access *access,
                              uint16_t thread) {
    const uint16_t index = before->thread / LANES;
    if (!before->is_set)
        return true;
    if (before->is_pending || before->is_agent || access->has_lanes_behind)
        return false;
    if (index == access->index && before->rank == access->now.rank)
        return before->thread == thread ||
               (before->sync_clock != access->now.sync_clock && !access->meets_apart);
    const size_t entry = (size_t)before->rank * access->warps + index;
    return before->clock <= access->clock[entry] && !access->lanes[entry].release_apart;
}

/* False where it may race, or where its bytes differ: then they are looked at one by one. */
static inline bool access_word(const struct race_shadow *shadow, uint32_t offset,
                               const struct word_access *access, uint16_t thread,
                               const unsigned char *value) {
    struct race_pair *word = &shadow->words[offset / RACE_WORD_BYTES];
    if (word->write.is_split || !is_ordered(&word->write, access, thread) ||
        (access->is_write && !is_ordered(&word->read, access, thread)))
        return false;
    struct race_access *to = access->is_write ? &word->write : &word->read;
    *to = access->now;
    to->thread = thread;
    if (access->is_write)
        memcpy(shadow->values + offset, value, RACE_WORD_BYTES);
    return true;
}

void race_access_words(struct warp *warp, const struct instruction *instruction,
                       const struct race_words *words, const unsigned char (*values)[16]) {
    struct word_access access;
    begin_words(&access, warp, instruction, values != NULL);
    const struct race_shadow *shadow = warp->block->race;
    for (uint32_t rest = words->mask; rest && !warp->is_faulted; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        const uint16_t thread = (uint16_t)(warp->first_thread + lane);
        for (uint32_t k = 0; k < words->size && !warp->is_faulted; k += RACE_WORD_BYTES) {
            const struct shared_place place = {warp->block, (uint32_t)words->offset[lane] + k};
            const unsigned char *value = values ? values[lane] + k : NULL;
            if (access_word(shadow, place.offset, &access, thread, value))
                continue;
            race_access(warp, instruction, lane, &place, RACE_WORD_BYTES, values ? RACE_WRITE : 0U,
                        value);
            join_bytes(warp->block, place.offset);
        }
    }
}

/* Whether lanes of this warp wrote the word since they met last. Then it depends on the reading lane
 * whether the two are ordered. */
static bool is_just_written(const struct warp *warp, const struct race_access *write) {
    return is_own_warp(warp, write) && write->sync_clock == warp->sync_clock;
}

bool race_read_by_all(const struct warp *warp, const struct instruction *instruction, unsigned lane,
                      uint32_t offset, uint32_t size) {
    struct word_access access;
    begin_words(&access, warp, instruction, false);
    const uint16_t thread = (uint16_t)(warp->first_thread + lane);
    const struct race_shadow *shadow = warp->block->race;
    for (uint32_t end = offset + size; offset < end; offset += RACE_WORD_BYTES) {
        if (is_just_written(warp, &shadow->words[offset / RACE_WORD_BYTES].write) ||
            !access_word(shadow, offset, &access, thread, NULL))
            return false;
    }
    return true;
}
