/* Barriers of a block: bar and barrier.cta in all their forms (PTX ISA 9.7.13.1). */
#include "emulator/execute/barrier.h"

#include "emulator/execute/barrier_cluster.h"

#include "emulator/checks/race.h"
#include "emulator/execute/execute.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum barrier_action { BARRIER_SYNC, BARRIER_ARRIVE, BARRIER_REDUCE };

static uint32_t word_at(const struct warp *warp, uint32_t slot, unsigned lane) {
    return ((const struct lanes32 *)warp_slot(warp, slot))->at[lane];
}

/* Adds the lanes' predicates to a reduction. */
static void reduce(struct barrier *barrier, const struct warp *warp, const struct detail *detail,
                   uint32_t lanes) {
    const unsigned k = detail->from_count - 1u;
    uint32_t value = *(const uint32_t *)warp_slot(warp, detail->from[k]);
    value = (detail->negated >> k & 1) ? ~value : value;
    barrier->count += lane_count(value & lanes);
    barrier->all &= (value & lanes) == lanes;
    barrier->any |= (value & lanes) != 0;
}

static struct barrier *open_barrier(struct warp *warp, const struct instruction *instruction,
                                    uint32_t number, uint32_t expected) {
    if (number >= BARRIERS) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, LANES, 0,
                   "barrier %u, where a block has %d", number, BARRIERS);
        return NULL;
    }
    struct barrier *barrier = &warp->block->barriers[number];
    if (!barrier->is_open) {
        barrier->is_open = true;
        barrier->expected = expected;
        barrier->arrived = barrier->count = barrier->any = 0;
        barrier->all = 1;
    } else if (barrier->expected != expected) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, LANES, 0,
                   "barrier %u is used for %u threads while others wait at it for %u", number,
                   expected, barrier->expected);
        return NULL;
    }
    return barrier;
}

static bool has_count(const struct instruction *instruction, enum barrier_action action) {
    return instruction->detail->from_count > (action == BARRIER_REDUCE ? 2 : 1);
}

static bool check_count(struct warp *warp, const struct instruction *instruction,
                        uint32_t expected) {
    const struct block *block = warp->block;
    if (expected % LANES != 0 || expected == 0) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, LANES, 0,
                   "a barrier for %u threads: the number must be a multiple of 32", expected);
        return false;
    }
    if (expected > block->warp_count * LANES) {
        warp_fault(warp, instruction, MACHINE_DEADLOCK, LANES, 0,
                   "a barrier for %u threads, where the block has %u", expected,
                   block->launch->threads);
        return false;
    }
    return true;
}

/* ---- Letting go ---- */

static void put_result(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       const struct barrier *barrier) {
    const struct detail *detail = instruction->detail;
    unsigned char *frame = warp->stack + warp->lane_base[lane];
    if (instruction->variant != BARRIER_REDUCE)
        return;
    uint32_t *to = (uint32_t *)(void *)(frame + (instruction->to & ~UINT32_C(3)));
    if (detail->to_bits[0] == 32) {
        to[lane] = barrier->count;
    } else {
        const uint32_t value = detail->choice[1] == 0 ? barrier->all : barrier->any;
        *to = (*to & ~(UINT32_C(1) << lane)) | (value << lane);
    }
}

static void release_warp(struct warp *warp, struct barrier *barrier) {
    const uint32_t lanes = barrier->waiting[warp->index];
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(lanes >> lane & 1))
            continue;
        put_result(warp, &warp->code[warp->lane_pc[lane]], lane, barrier);
        warp->lane_pc[lane]++;
    }
    warp->barrier_wait &= ~lanes;
    barrier->waiting[warp->index] = 0;
    if (lanes && !warp->regroup)
        warp_save(warp, warp->pc);
}

static void release(struct block *block, uint32_t number) {
    struct barrier *barrier = &block->barriers[number];
    const uint32_t needed = barrier->expected ? barrier->expected : block->live_threads;
    if (!barrier->is_open || barrier->arrived < needed)
        return;
    race_synchronise(block, number, !barrier->expected);
    block->cluster->idle = 0;
    for (uint32_t k = 0; k < block->warp_count; k++)
        release_warp(&block->warps[k], barrier);
    barrier->is_open = false;
}

/* ---- Arriving ---- */

static bool is_aligned(const struct syntax_instruction *source) {
    bool is = strcmp(source->root, "bar") == 0;
    for (size_t k = 0; k < source->modifier_count; k++)
        is |= strcmp(source->modifiers[k], "aligned") == 0;
    return is;
}

/* On request, lanes of a warp that are at two aligned barriers in the code are an error. */
static bool check_aligned(struct warp *warp, const struct instruction *instruction,
                          uint32_t lanes) {
    if (!warp->block->launch->options.check_barrier || !is_aligned(instruction->detail->source))
        return true;
    uint32_t others = warp->barrier_wait & ~warp->cluster_waiting & ~lanes;
    for (; others; others &= others - 1) {
        const struct instruction *other = &warp->code[warp->lane_pc[lane_first(others)]];
        if (other == instruction)
            continue;
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(lanes), 0,
                   "divergent barrier: lanes of one warp are at two barriers, one");
        warp_fault_other(warp, other, "others wait");
        return false;
    }
    return true;
}

static void execute_barrier(struct warp *warp, const struct instruction *instruction) {
    struct block *block = warp->block;
    const enum barrier_action action = instruction->variant;
    const uint32_t lanes = warp_guard(warp, instruction), skipped = warp->mask & ~lanes;
    if (!lanes) {
        warp->pc++;
        return;
    }
    const uint32_t number = word_at(warp, instruction->a, lane_first(lanes));
    const bool counted = has_count(instruction, action);
    const uint32_t expected = counted ? word_at(warp, instruction->b, lane_first(lanes)) : 0;
    if (counted && !check_count(warp, instruction, expected))
        return;
    struct barrier *barrier = open_barrier(warp, instruction, number, expected);
    if (!barrier)
        return;
    if (!counted && block->launch->options.check_barrier &&
        block->live_threads < block->launch->threads) {
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(lanes), 0,
                   "barrier %u is not reached by %u threads that have ended", number,
                   block->launch->threads - block->live_threads);
        return;
    }
    if (!check_aligned(warp, instruction, lanes))
        return;
    warp->worker->counters.barriers++;
    barrier->arrived += counted && lanes == warp->live ? (uint32_t)LANES : lane_count(lanes);
    if (action == BARRIER_REDUCE)
        reduce(barrier, warp, instruction->detail, lanes);
    race_arrive(warp, number, lanes);
    if (action == BARRIER_ARRIVE) {
        warp->pc++;
    } else {
        warp_save(warp, warp->pc);
        for (unsigned lane = 0; lane < LANES; lane++)
            warp->lane_pc[lane] += skipped >> lane & 1;
        barrier->waiting[warp->index] |= lanes;
        warp->barrier_wait |= lanes;
    }
    release(block, number);
}

void barrier_threads_exited(struct warp *warp, uint32_t lanes) {
    struct block *block = warp->block;
    block->live_threads -= lane_count(lanes);
    race_exit(warp, lanes);
    block->cluster->idle = 0;
    for (uint32_t k = 0; k < BARRIERS; k++) {
        if (block->barriers[k].is_open && block->barriers[k].expected == 0)
            release(block, k);
    }
    barrier_cluster_threads_exited(block->cluster);
}

#define ALIGNMENT "[.aligned]"
#define ROW(pattern_, operands_, action)                                                           \
    {                                                                                              \
        .pattern = (pattern_), (operands_), execute_barrier, (action),                             \
        .flags = ROW_CONTROL | ROW_NEGATES                                                         \
    }

static const struct instruction_row rows[] = {
    ROW("bar[.cta].sync", "y", BARRIER_SYNC),
    ROW("bar[.cta].sync", "y,x", BARRIER_SYNC),
    ROW("bar[.cta].arrive", "y,x", BARRIER_ARRIVE),
    ROW("bar[.cta].red.popc.u32", "w=y,p", BARRIER_REDUCE),
    ROW("bar[.cta].red.popc.u32", "w=y,x,p", BARRIER_REDUCE),
    ROW("bar[.cta].red.{and,or}.pred", "p=y,p", BARRIER_REDUCE),
    ROW("bar[.cta].red.{and,or}.pred", "p=y,x,p", BARRIER_REDUCE),
    ROW("barrier[.cta].sync" ALIGNMENT, "y", BARRIER_SYNC),
    ROW("barrier[.cta].sync" ALIGNMENT, "y,x", BARRIER_SYNC),
    ROW("barrier[.cta].arrive" ALIGNMENT, "y,x", BARRIER_ARRIVE),
    ROW("barrier[.cta].red.popc" ALIGNMENT ".u32", "w=y,p", BARRIER_REDUCE),
    ROW("barrier[.cta].red.popc" ALIGNMENT ".u32", "w=y,x,p", BARRIER_REDUCE),
    ROW("barrier[.cta].red.{and,or}" ALIGNMENT ".pred", "p=y,p", BARRIER_REDUCE),
    ROW("barrier[.cta].red.{and,or}" ALIGNMENT ".pred", "p=y,x,p", BARRIER_REDUCE),
};

const struct instruction_table executor_barrier = {rows, sizeof rows / sizeof rows[0]};
