/* Checks on request. */
#include "emulator/checks/check.h"

#include "emulator/checks/race.h"
#include "emulator/checks/race_global.h"
#include "emulator/checks/undefined.h"
#include "emulator/lanes/space.h"
#include "emulator/warps/access.h"
#include "emulator/warps/elements.h"
#include "emulator/warps/warp.h"

#include <stdlib.h>
#include <string.h>

int check_open(struct block *block) {
    const struct launch *launch = block->launch;
    if (launch->options.check_init && !(block->shared_written = malloc(launch->shared_bytes + 1)))
        return -1;
    return race_open(block);
}

void check_close(struct block *block) {
    free(block->shared_written);
    race_close(block);
}

/* What the system keeps for itself is written from the start. */
void check_start(struct block *block) {
    const struct launch *launch = block->launch;
    const size_t kept = launch->program->uses_reserved_shared ? RESERVED_SHARED_BYTES : 0;
    for (size_t k = 0; block->shared_written && k < launch->shared_bytes; k++)
        block->shared_written[k] = k >= launch->shared_bytes - kept;
    race_start(block);
}

static void check_written(struct warp *warp, const struct instruction *instruction, unsigned lane,
                          const struct shared_place *place, uint32_t size, unsigned flags) {
    uint8_t *written = place->block->shared_written;
    for (uint32_t k = place->offset; written && k < place->offset + size && !warp->is_faulted;
         k++) {
        if ((flags & CHECK_READS) && !(flags & CHECK_MOVES) && !written[k]) {
            warp_fault(
                warp, instruction, MACHINE_CHECK_FAILED, lane, k,
                "uninitialised read in shared memory: nothing has written the byte at offset %u,",
                k);
            warp->block->fault.kind = FAULT_UNWRITTEN;
        }
        if (flags & CHECK_WRITES)
            written[k] = 1;
    }
}

static void check_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         const struct shared_place *place, uint32_t size, unsigned flags,
                         const unsigned char *value) {
    const bool is_strong = instruction->detail->is_strong;
    const bool is_read = flags & CHECK_READS, is_write = flags & CHECK_WRITES;
    if (warp->block->race)
        race_access(warp, instruction, lane, place, size,
                    (is_write ? RACE_WRITE : 0U) | (is_strong ? RACE_STRONG : 0U) |
                        (flags & CHECK_PROXY ? RACE_BULK : 0U) |
                        (flags & CHECK_WARP ? RACE_WARP : 0U),
                    value);
    if (warp->block->race && is_strong)
        race_strong(warp, instruction, lane, race_key(place), is_read, is_write);
    if (!(flags & CHECK_LATER))
        check_written(warp, instruction, lane, place, size, flags);
}

void check_place(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct shared_place *place, uint32_t size, unsigned flags) {
    check_access(warp, instruction, lane, place, size, flags, NULL);
}

static void global_races(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         uint64_t address, uint32_t size, bool is_write,
                         const unsigned char *value) {
    const bool is_strong = instruction->detail->is_strong;
    if (warp->block->race && is_strong)
        race_strong(warp, instruction, lane, address, !is_write, is_write);
    if (!warp->block->launch->race_global)
        return;
    const bool reaches_all = is_strong && !instruction->detail->is_of_cluster;
    if (reaches_all)
        race_global_strong(warp, instruction, address, !is_write, is_write);
    race_global_access(
        warp, instruction, lane, address, size,
        (is_write ? RACE_GLOBAL_WRITE : 0U) | (reaches_all ? RACE_GLOBAL_STRONG : 0U) |
            (reaches_all && instruction->detail->is_atomic ? RACE_GLOBAL_ATOMIC : 0U),
        value);
}

void check_global_race(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       uint64_t address, uint32_t size, bool is_write) {
    global_races(warp, instruction, lane, address, size, is_write, NULL);
}

void check_global(struct warp *warp, const struct instruction *instruction, unsigned lane,
                  uint64_t address, uint32_t size, bool is_write) {
    const struct launch *launch = warp->block->launch;
    global_races(warp, instruction, lane, address, size, is_write, NULL);
    if (!launch->options.check_init)
        return;
    struct memory_range *range = memory_find_all(launch->memory, address, size);
    if (!range)
        return;
    if (is_write)
        memory_mark_written(range, address, size);
    else if (!memory_is_written(range, address, size))
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, address,
                   "uninitialised read of %u bytes in global memory: nothing has written them",
                   size);
}

/* ---- Unwritten values: global memory ---- */

static uint32_t bytes_of(const struct detail *detail) {
    return detail->access_bytes * detail->elements;
}

/* The lanes whose element `k` has no byte that was written. */
static uint32_t unwritten_lanes(const struct warp *warp, const struct detail *detail,
                                const struct access *access, unsigned k) {
    const struct memory *memory = warp->block->launch->memory;
    const struct memory_range *range = NULL;
    uint32_t lanes = 0;
    for (uint32_t rest = access->mask; rest; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        const uint64_t address = access->address.at[lane] + (uint64_t)k * detail->access_bytes;
        if (!range || address < range->base || address + detail->access_bytes > range->end)
            range = memory_find_all(memory, address, detail->access_bytes);
        if (range && memory_is_unwritten(range, address, detail->access_bytes))
            lanes |= UINT32_C(1) << lane;
    }
    return lanes;
}

/* The bytes of all lanes, where they lie together; else 0. */
static uint32_t span_of(const struct detail *detail, uint32_t kind) {
    const uint32_t bytes = bytes_of(detail);
    return kind == PATTERN_UNIFORM ? bytes : kind == PATTERN_CONTIGUOUS ? bytes * LANES : 0;
}

static void load_global(struct warp *warp, const struct instruction *instruction,
                        const struct access *access, uint32_t kind) {
    const struct detail *detail = instruction->detail;
    const uint32_t span = span_of(detail, kind);
    const struct memory_range *range =
        span ? memory_find_all(warp->block->launch->memory, access->first, span) : NULL;
    const bool is_written = range && memory_is_written(range, access->first, span);
    for (unsigned k = 0; k < detail->elements; k++)
        undefined_load(warp, instruction, k, access->mask,
                       is_written ? 0 : unwritten_lanes(warp, detail, access, k));
}

/* Gaps in structs that are copied stay unwritten at their new places. */
static void forget_gaps(const struct warp *warp, const struct detail *detail,
                        const struct access *access) {
    const uint32_t bytes = detail->access_bytes;
    for (uint32_t k = 0; k < detail->elements; k++) {
        const uint32_t gaps = undefined_lanes(warp, detail->from[k + 1]) & access->mask;
        for (uint32_t rest = gaps; rest; rest &= rest - 1) {
            const uint64_t address = access->address.at[lane_first(rest)] + (uint64_t)k * bytes;
            struct memory_range *range =
                memory_find_all(warp->block->launch->memory, address, bytes);
            if (range)
                memory_forget_written(range, address, bytes);
        }
    }
}

/* Whether something was written in the 16 bytes around a byte of global memory. */
static bool is_beside_written(const struct memory *memory, uint64_t address) {
    enum { UNIT = 16 };
    const struct memory_range *range = memory_find_all(memory, address, 1);
    const uint64_t unit = address & ~(uint64_t)(UNIT - 1);
    if (!range)
        return false;
    const uint64_t first = unit < range->base ? range->base : unit;
    const uint64_t end = unit + UNIT > range->end ? range->end : unit + UNIT;
    return !memory_is_unwritten(range, first, end - first);
}

/* Whether all unwritten values of a store are bytes beside members that are at their new places
 * already. Structs are copied so too, their gaps byte by byte. */
static bool fills_gaps(const struct warp *warp, const struct detail *detail,
                       const struct access *access) {
    if (detail->access_bytes != 1)
        return false;
    for (uint32_t k = 0; k < detail->elements; k++) {
        const uint32_t gaps = undefined_lanes(warp, detail->from[k + 1]) & access->mask;
        for (uint32_t rest = gaps; rest; rest &= rest - 1) {
            if (!is_beside_written(warp->block->launch->memory,
                                   access->address.at[lane_first(rest)] + k))
                return false;
        }
    }
    return true;
}

static void mark_stored(struct warp *warp, const struct detail *detail, const struct access *access,
                        uint32_t kind) {
    const struct memory *memory = warp->block->launch->memory;
    const uint32_t bytes = bytes_of(detail), span = span_of(detail, kind);
    struct memory_range *range = span ? memory_find_all(memory, access->first, span) : NULL;
    if (range) {
        memory_mark_written(range, access->first, span);
        return;
    }
    for (uint32_t rest = access->mask; rest; rest &= rest - 1) {
        const uint64_t address = access->address.at[lane_first(rest)];
        if (!range || address < range->base || address + bytes > range->end)
            range = memory_find_all(memory, address, bytes);
        if (range)
            memory_mark_written(range, address, bytes);
    }
}

static void store_global(struct warp *warp, const struct instruction *instruction,
                         const struct access *access, uint32_t kind) {
    const struct detail *detail = instruction->detail;
    uint32_t unwritten = 0;
    for (unsigned k = 0; k < detail->elements; k++)
        unwritten |= undefined_lanes(warp, detail->from[k + 1]) & access->mask;
    const bool is_copy = unwritten && (undefined_is_copy(warp, instruction, access->mask) ||
                                       fills_gaps(warp, detail, access));
    for (unsigned k = 0; unwritten && !is_copy && k < detail->elements; k++) {
        if (!undefined_use(warp, instruction, k + 1, access->mask, "stores to global memory"))
            return;
    }
    mark_stored(warp, detail, access, kind);
    if (is_copy)
        forget_gaps(warp, detail, access);
}

static void check_global_races(struct warp *warp, const struct instruction *instruction,
                               const struct access *access, bool is_store) {
    unsigned char value[32];
    for (uint32_t rest = access->mask; rest && !warp->is_faulted; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        if (is_store)
            store_any(warp, instruction->detail, lane, value);
        global_races(warp, instruction, lane, access->address.at[lane],
                     bytes_of(instruction->detail), is_store, is_store ? value : NULL);
    }
}

void check_global_access(struct warp *warp, const struct instruction *instruction,
                         const struct access *access, bool is_store, uint32_t kind) {
    const bool is_strong = warp->block->race && instruction->detail->is_strong;
    if (is_strong || warp->block->launch->race_global)
        check_global_races(warp, instruction, access, is_store);
    if (!warp->undefined)
        return;
    if (is_store)
        store_global(warp, instruction, access, kind);
    else
        load_global(warp, instruction, access, kind);
}

/* ---- Unwritten values: bytes that have a flag each ---- */

/* `stride` bytes from the flags of a lane's memory to those of the next. */
static void check_flags(struct warp *warp, const struct instruction *instruction,
                        const struct access *access, unsigned char *flags, size_t stride,
                        unsigned char written, bool is_store) {
    for (uint32_t rest = access->mask; rest; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        unsigned char *at = flags + lane * stride + access->address.at[lane];
        if (is_store)
            undefined_store_flags(warp, instruction, lane, at, written);
        else
            undefined_load_flags(warp, instruction, lane, at, written);
    }
}

static void check_shared_races(struct warp *warp, const struct instruction *instruction,
                               const struct access *access, bool is_store, uint32_t kind) {
    unsigned char values[LANES][16];
    const uint32_t bytes = bytes_of(instruction->detail);
    const struct race_words words = {access->address.at, access->mask, bytes};
    const bool is_plain = !instruction->detail->is_strong && bytes % 4 == 0;
    if (is_plain && !is_store && kind == PATTERN_UNIFORM &&
        race_read_by_all(warp, instruction, LANES - 1U - (unsigned)__builtin_clz(access->mask),
                         (uint32_t)access->first, bytes))
        return;
    for (uint32_t rest = access->mask; is_store && rest; rest &= rest - 1)
        store_any(warp, instruction->detail, lane_first(rest), values[lane_first(rest)]);
    if (is_plain)
        race_access_words(warp, instruction, &words,
                          is_store ? (const unsigned char(*)[16])values : NULL);
    for (uint32_t rest = is_plain ? 0 : access->mask; rest && !warp->is_faulted; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        const struct shared_place place = {warp->block, (uint32_t)access->address.at[lane]};
        check_access(warp, instruction, lane, &place, bytes,
                     (is_store ? CHECK_WRITES : CHECK_READS) | CHECK_LATER,
                     is_store ? values[lane] : NULL);
    }
}

void check_shared_access(struct warp *warp, const struct instruction *instruction,
                         const struct access *access, bool is_store, uint32_t kind) {
    const uint32_t span = span_of(instruction->detail, kind);
    uint8_t *written = warp->block->shared_written;
    if (warp->block->race)
        check_shared_races(warp, instruction, access, is_store, kind);
    if (!warp->undefined)
        return;
    if (!warp->propagate && span && is_store)
        memset(written + access->first, 1, span);
    else if (warp->propagate || is_store || !span || memchr(written + access->first, 0, span))
        check_flags(warp, instruction, access, written, 0, 1, is_store);
}

void check_local_access(struct warp *warp, const struct instruction *instruction,
                        const struct access *access, bool is_store) {
    if (warp->undefined)
        check_flags(warp, instruction, access, warp->undefined_local,
                    warp->block->launch->local_bytes, 0, is_store);
}

/* ---- Elements one by one ---- */

bool check_is_written(const struct warp *warp, uint64_t address, uint32_t size) {
    const uint8_t *written = warp->block->shared_written;
    if (address >> WINDOW_SHIFT == WINDOW_SHARED)
        return !written || memchr(written + (uint32_t)address, 1, size);
    const struct memory_range *range = memory_find_all(warp->block->launch->memory, address, size);
    return !range || !memory_is_unwritten(range, address, size);
}

void check_store(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 unsigned k, uint64_t address, uint32_t size) {
    const struct detail *detail = instruction->detail;
    uint8_t *written = warp->block->shared_written;
    if (!warp->undefined)
        return;
    if (address >> WINDOW_SHIFT == WINDOW_SHARED) {
        memset(written + (uint32_t)address, !undefined_source(warp, detail, k, lane), size);
        return;
    }
    struct memory_range *range = memory_find_all(warp->block->launch->memory, address, size);
    if (range &&
        undefined_use(warp, instruction, k, UINT32_C(1) << lane, "stores to global memory"))
        memory_mark_written(range, address, size);
}
