/*
 * cp.async: copies that each lane starts and waits for itself (PTX ISA 9.7.9.25).
 *
 * The data is read when the copy is issued and written when it is waited for: a kernel that forgets
 * to wait reads what was there before, as it may on a GPU. In between it may be written at any
 * time: for the check of races the copy writes twice, when it is issued and when it is waited for.
 */
#include "emulator/async/async.h"
#include "emulator/checks/check.h"
#include "emulator/checks/race.h"
#include "emulator/execute/cached.h"
#include "emulator/lanes/space.h"
#include "emulator/memory/list.h"
#include "emulator/memory/request.h"
#include "emulator/warps/bounds.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

static struct async_copy *add_copy(struct warp *warp) {
    struct async_copy *copies =
        list_reserve(warp->copies, warp->copy_count + 1, &warp->copy_capacity, sizeof *copies);
    if (!copies)
        return NULL;
    warp->copies = copies;
    return &warp->copies[warp->copy_count++];
}

/* What a cp.async of a warp moves. */
struct copy_request {
    struct request_sectors from;
    struct lanes64 to;
};

/* How much is read, before zeros: as a number, or nothing where a predicate says so. */
static uint32_t copy_bytes(const struct warp *warp, const struct detail *detail, unsigned lane,
                           uint32_t size) {
    if (detail->from_count <= 3)
        return size;
    if (detail->from_bits[3] == 1) {
        const uint32_t ignored = *(const uint32_t *)warp_slot(warp, detail->from[3]);
        return ((ignored ^ (detail->negated >> 3 & 1 ? LANES_ALL : 0)) >> lane & 1) ? 0 : size;
    }
    const uint32_t given = (uint32_t)value_read(warp, detail, 3, lane);
    return given < size ? given : size;
}

static bool copy_lane(struct warp *warp, const struct instruction *instruction, unsigned lane,
                      struct copy_request *request) {
    const struct detail *detail = instruction->detail;
    const uint32_t size = (uint32_t)value_read(warp, detail, 2, lane);
    uint32_t read = copy_bytes(warp, detail, lane, size);
    const uint64_t from = value_address(warp, detail, 1, lane, detail->second_offset);
    struct shared_place to;
    if (!place_find(warp, instruction, lane,
                    value_address(warp, detail, 0, lane, instruction->immediate),
                    (struct place_size){size, size}, &to))
        return false;
    if (from % size != 0) {
        warp_fault(warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, from,
                   "misaligned cp.async of %u bytes: the address must be a multiple of %u", size,
                   size);
        return false;
    }
    struct memory_range *range =
        read ? memory_find_all(warp->block->launch->memory, from, read) : NULL;
    if (read && !range) {
        if (!bounds_fault_multicast(warp, instruction, lane, from))
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, from,
                       "out-of-bounds read of %u bytes in global memory by cp.async", read);
        return false;
    }
    struct async_copy *copy = add_copy(warp);
    if (!copy) {
        warp_fault(warp, instruction, MACHINE_OUT_OF_MEMORY, lane, 0,
                   "no host memory left for cp.async");
        return false;
    }
    *copy = (struct async_copy){.instruction = instruction,
                                .lane = lane,
                                .group = warp->async_group[lane],
                                .to = to.offset,
                                .size = size};
    request->to.at[lane] = to.offset;
    if (read) {
        memcpy(copy->bytes, space_host(from), read);
        request_touch(&request->from, range, from);
        check_global_race(warp, instruction, lane, from, read, false);
        copy->undefined = memory_unwritten_bits(range, from, read);
    }
    if (warp->block->race)
        race_access(warp, instruction, lane, &to, size, RACE_WRITE | RACE_PENDING, NULL);
    return !warp->is_faulted;
}

/* The first group of the row. */
enum { COPY_CG = 1 };

static void execute_copy(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const uint64_t size = value_read(warp, detail, 2, 0);
    struct machine_counters *counters = &warp->worker->counters;
    struct copy_request request;
    request.from.count = 0;
    if (size != 4 && size != 8 && size != 16) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, LANES, 0,
                   "cp.async of %llu bytes: it copies 4, 8 or 16", (unsigned long long)size);
        return;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if ((warp->mask >> lane & 1) && !copy_lane(warp, instruction, lane, &request))
            return;
    }
    counters->global_load_requests += request.from.count > 0;
    counters->global_load_sectors += request.from.count;
    cached_request(warp, detail->choice[0] == COPY_CG ? CACHES_LOAD_PAST : CACHES_LOAD,
                   request.from.sectors, request.from.count);
    counters->shared_copy_requests++;
    request_count_wavefronts(counters, request_wavefronts(&request.to, warp->mask, (uint32_t)size));
}

/* It is told at the copy's own place: that of its wait says less. */
static void check_delivery(struct warp *warp, const struct async_copy *copy) {
    const struct shared_place place = {warp->block, copy->to};
    uint8_t *written = warp->block->shared_written;
    check_place(warp, copy->instruction, copy->lane, &place, copy->size, CHECK_WRITES);
    for (uint32_t k = 0; written && k < copy->size; k++)
        written[copy->to + k] = !(copy->undefined >> k & 1);
}

/* `told`: an mbarrier is told of it, and who waits there sees it. */
static void deliver(struct warp *warp, uint32_t mask, const uint64_t before[LANES], bool told) {
    size_t kept = 0;
    for (size_t k = 0; k < warp->copy_count; k++) {
        const struct async_copy copy = warp->copies[k];
        if (!(mask >> copy.lane & 1) || copy.group >= before[copy.lane]) {
            warp->copies[kept++] = copy;
            continue;
        }
        memcpy(warp->block->shared + copy.to, copy.bytes, copy.size);
        if (warp->block->race)
            race_arrived(warp, copy.to, copy.size);
        if (warp->block->launch->is_slow && !warp->is_faulted)
            check_delivery(warp, &copy);
        if (warp->block->race && told)
            race_copy_arrived(warp, copy.to, copy.size);
    }
    warp->copy_count = kept;
}

/* Writes what the lanes in the mask have committed, but for the newest `pending` groups. */
static void deliver_groups(struct warp *warp, uint32_t pending) {
    uint64_t before[LANES];
    for (unsigned lane = 0; lane < LANES; lane++)
        before[lane] = warp->async_group[lane] > pending ? warp->async_group[lane] - pending : 0;
    deliver(warp, warp->mask, before, false);
    race_copies_waited(warp);
}

void copy_deliver_lane(struct warp *warp, unsigned lane) {
    uint64_t before[LANES] = {0};
    before[lane] = UINT64_MAX;
    deliver(warp, UINT32_C(1) << lane, before, true);
}

static void execute_commit(struct warp *warp, const struct instruction *instruction) {
    (void)instruction;
    for (unsigned lane = 0; lane < LANES; lane++)
        warp->async_group[lane] += warp->mask >> lane & 1;
}

static void execute_wait_group(struct warp *warp, const struct instruction *instruction) {
    deliver_groups(warp, (uint32_t)value_read(warp, instruction->detail, 0, 0));
}

static void execute_wait_all(struct warp *warp, const struct instruction *instruction) {
    execute_commit(warp, instruction);
    deliver_groups(warp, 0);
}

static const struct instruction_row rows[] = {
    {.pattern = "cp.async.{ca,cg}.{shared,shared::cta}.global[.L2::cache_hint][.{L2::64B,L2::128B,"
                "L2::256B}]",
     "m,m,i,?x",
     execute_copy,
     .flags = ROW_NEGATES,
     .decode = DECODE_UNTYPED},
    {.pattern = "cp.async.commit_group", "", execute_commit},
    {.pattern = "cp.async.wait_group", "i", execute_wait_group},
    {.pattern = "cp.async.wait_all", "", execute_wait_all},
};

const struct instruction_table async_copy = {rows, sizeof rows / sizeof rows[0]};
