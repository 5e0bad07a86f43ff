/*
 * Asynchronous copies and the barriers in shared memory that track them (PTX
 * ISA 9.7.9.25, 9.7.13.15).
 *
 * The data of a cp.async is read when it is issued and written when it is waited for: a kernel that
 * forgets to wait reads what was there before, as it may on a GPU. In between it may be written at
 * any time: for the check of races the copy writes twice, when it is issued and when it is waited
 * for. An mbarrier is one 64-bit word, whose layout PTX leaves open: here bits 0-19 count the
 * arrivals still pending, bits 20-39 those expected in a phase, bit 63 is the parity of the phase.
 */
#include "emulator/execute/check.h"
#include "emulator/execute/execute.h"
#include "emulator/execute/race.h"
#include "emulator/execute/values.h"
#include "emulator/execute/warp.h"
#include "emulator/lanes/space.h"
#include "emulator/memory/request.h"

#include <stdlib.h>
#include <string.h>

/* An offset in shared memory for `bytes`, or a fault. */
static bool find_shared(struct warp *warp, const struct instruction *instruction, unsigned lane,
                        uint32_t bytes, uint64_t *offset) {
    const size_t size = warp->block->launch->shared_bytes;
    *offset = value_read(warp, instruction->detail, 0, lane) + (uint64_t)instruction->immediate;
    if (*offset >> WINDOW_SHIFT == WINDOW_SHARED)
        *offset -= space_window(WINDOW_SHARED);
    if (*offset % bytes != 0) {
        warp_fault(
            warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, *offset,
            "misaligned access of %u bytes in shared memory: the address must be a multiple of %u",
            bytes, bytes);
        return false;
    }
    if (*offset <= size && size - *offset >= bytes)
        return true;
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, *offset,
               "out-of-bounds access of %u bytes in shared memory: the block has %zu bytes", bytes,
               size);
    return false;
}

/* ---- cp.async ---- */

static struct async_copy *add_copy(struct warp *warp) {
    if (warp->copy_count == warp->copy_capacity) {
        size_t capacity = warp->copy_capacity ? warp->copy_capacity * 2 : 256;
        struct async_copy *grown = realloc(warp->copies, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        warp->copies = grown;
        warp->copy_capacity = capacity;
    }
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
    const uint64_t from = value_read(warp, detail, 1, lane) + (uint64_t)detail->second_offset;
    uint64_t to;
    if (!find_shared(warp, instruction, lane, size, &to))
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
    *copy = (struct async_copy){
        .lane = lane, .group = warp->async_group[lane], .to = (uint32_t)to, .size = size};
    request->to.at[lane] = to;
    if (read) {
        memcpy(copy->bytes, space_host(from), read);
        request_touch(&request->from, range, from);
        check_global(warp, instruction, lane, from, read, false);
    }
    if (warp->block->race)
        race_access(warp, instruction, lane, (uint32_t)to, size, RACE_WRITE | RACE_PENDING, NULL);
    return !warp->is_faulted;
}

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
    counters->shared_copy_requests++;
    request_count_wavefronts(counters, request_wavefronts(&request.to, warp->mask, (uint32_t)size));
}

static void deliver(struct warp *warp, const struct instruction *instruction, uint32_t mask,
                    const uint64_t before[LANES]) {
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
            check_shared(warp, instruction, copy.lane, copy.to, copy.size, true, false, NULL);
    }
    warp->copy_count = kept;
}

/* Writes what the lanes in the mask have committed, but for the newest `pending` groups. */
static void deliver_groups(struct warp *warp, const struct instruction *instruction,
                           uint32_t pending) {
    uint64_t before[LANES];
    for (unsigned lane = 0; lane < LANES; lane++)
        before[lane] = warp->async_group[lane] > pending ? warp->async_group[lane] - pending : 0;
    deliver(warp, instruction, warp->mask, before);
}

static void deliver_lane(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    uint64_t before[LANES] = {0};
    before[lane] = UINT64_MAX;
    deliver(warp, instruction, UINT32_C(1) << lane, before);
}

static void execute_commit(struct warp *warp, const struct instruction *instruction) {
    (void)instruction;
    for (unsigned lane = 0; lane < LANES; lane++)
        warp->async_group[lane] += warp->mask >> lane & 1;
}

static void execute_wait_group(struct warp *warp, const struct instruction *instruction) {
    deliver_groups(warp, instruction, (uint32_t)value_read(warp, instruction->detail, 0, 0));
}

static void execute_wait_all(struct warp *warp, const struct instruction *instruction) {
    execute_commit(warp, instruction);
    deliver_groups(warp, instruction, 0);
}

/* ---- mbarrier ---- */

enum { COUNT_BITS = 20, COUNT_MASK = (1 << COUNT_BITS) - 1, PHASE_BIT = 63 };

static uint64_t read_state(const struct warp *warp, uint64_t offset) {
    uint64_t state;
    memcpy(&state, warp->block->shared + offset, sizeof state);
    return state;
}

static void write_state(const struct warp *warp, uint64_t offset, uint64_t state) {
    memcpy(warp->block->shared + offset, &state, sizeof state);
}

static uint64_t make_state(uint64_t phase, uint64_t expected, uint64_t pending) {
    return phase << PHASE_BIT | expected << COUNT_BITS | pending;
}

/* Arrives `count` times; `dropped` of them leave the later phases too. False when more arrive than
 * are pending. */
static bool arrive(const struct warp *warp, uint64_t offset, uint64_t count, uint64_t dropped) {
    const uint64_t state = read_state(warp, offset);
    uint64_t phase = state >> PHASE_BIT, expected = (state >> COUNT_BITS & COUNT_MASK);
    uint64_t pending = state & COUNT_MASK;
    if (count > pending || dropped > expected)
        return false;
    pending -= count;
    expected -= dropped;
    if (pending == 0) {
        phase ^= 1;
        pending = expected;
    }
    write_state(warp, offset, make_state(phase, expected, pending));
    return true;
}

enum mbarrier_action {
    MBARRIER_INIT,
    MBARRIER_INVALIDATE,
    MBARRIER_ARRIVE,
    MBARRIER_DROP,
    MBARRIER_TEST,
    MBARRIER_TEST_PARITY,
    MBARRIER_COPIES,
    MBARRIER_COPIES_COUNTED,
};

static void test(struct warp *warp, const struct detail *detail, unsigned lane, uint64_t phase,
                 uint64_t waited) {
    const bool is_complete = phase != waited;
    value_write(warp, detail, 0, lane, is_complete);
    if (is_complete)
        race_observe(warp);
}

static bool act(struct warp *warp, const struct instruction *instruction, unsigned lane,
                uint64_t offset) {
    const struct detail *detail = instruction->detail;
    const enum mbarrier_action action = instruction->variant;
    const uint64_t state = read_state(warp, offset);
    const uint64_t operand = detail->from_count > 1 ? value_read(warp, detail, 1, lane) : 1;
    switch (action) {
    case MBARRIER_INIT:
        write_state(warp, offset, make_state(0, operand & COUNT_MASK, operand & COUNT_MASK));
        return operand > 0 && operand <= COUNT_MASK;
    case MBARRIER_INVALIDATE:
        write_state(warp, offset, UINT64_MAX);
        return true;
    case MBARRIER_ARRIVE:
    case MBARRIER_DROP:
        if (detail->to_count)
            value_write(warp, detail, 0, lane, state);
        race_arrive(warp, BARRIERS);
        return arrive(warp, offset, operand, action == MBARRIER_DROP ? operand : 0);
    case MBARRIER_TEST:
        test(warp, detail, lane, state >> PHASE_BIT, operand >> PHASE_BIT);
        return true;
    case MBARRIER_TEST_PARITY:
        test(warp, detail, lane, state >> PHASE_BIT, operand & 1);
        return true;
    case MBARRIER_COPIES:
    case MBARRIER_COPIES_COUNTED:
        /* Without .noinc the arrival is first added to those pending, which leaves the count as it
         * was. */
        deliver_lane(warp, instruction, lane);
        race_arrive(warp, BARRIERS);
        return action == MBARRIER_COPIES || arrive(warp, offset, 1, 0);
    }
    return false;
}

static void execute_mbarrier(struct warp *warp, const struct instruction *instruction) {
    warp->communicated = true;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t offset;
        if (!(warp->mask >> lane & 1))
            continue;
        if (!find_shared(warp, instruction, lane, sizeof(uint64_t), &offset))
            return;
        if (act(warp, instruction, lane, offset))
            continue;
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, offset,
                   "an mbarrier with a count out of range, or more arrivals than it expects");
        return;
    }
}

static void execute_pending_count(struct warp *warp, const struct instruction *instruction) {
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (warp->mask >> lane & 1)
            value_write(warp, instruction->detail, 0, lane,
                        value_read(warp, instruction->detail, 0, lane) & COUNT_MASK);
    }
}

#define SHARED "[.{shared,shared::cta}]"
#define MBARRIER(pattern_, operands_, action)                                                      \
    { .pattern = (pattern_), (operands_), execute_mbarrier, (action), .decode = DECODE_UNTYPED }

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
    MBARRIER("cp.async.mbarrier.arrive" SHARED ".b64", "m", MBARRIER_COPIES),
    MBARRIER("cp.async.mbarrier.arrive.noinc" SHARED ".b64", "m", MBARRIER_COPIES_COUNTED),
    MBARRIER("mbarrier.init" SHARED ".b64", "m,w", MBARRIER_INIT),
    MBARRIER("mbarrier.inval" SHARED ".b64", "m", MBARRIER_INVALIDATE),
    MBARRIER("mbarrier.arrive[.release.cta]" SHARED ".b64", "d=m,?w", MBARRIER_ARRIVE),
    MBARRIER("mbarrier.arrive.noComplete[.release.cta]" SHARED ".b64", "d=m,?w", MBARRIER_ARRIVE),
    MBARRIER("mbarrier.arrive_drop[.release.cta]" SHARED ".b64", "d=m,?w", MBARRIER_DROP),
    MBARRIER("mbarrier.{test_wait,try_wait}[.acquire.cta]" SHARED ".b64", "p=m,d,?w",
             MBARRIER_TEST),
    MBARRIER("mbarrier.{test_wait,try_wait}.parity[.acquire.cta]" SHARED ".b64", "p=m,w,?w",
             MBARRIER_TEST_PARITY),
    {.pattern = "mbarrier.pending_count.b64", "w=d", execute_pending_count},
};

const struct instruction_table executor_async = {rows, sizeof rows / sizeof rows[0]};
