/* Instructions by which the lanes of a warp see each other: shuffles, votes, matches, reductions,
 * and their waiting. */
#include "emulator/arithmetic/float32.h"
#include "emulator/checks/race.h"
#include "emulator/checks/undefined.h"
#include "emulator/execute/execute.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

/* ---- Meeting: lanes wait until all members that live have arrived ---- */

static void wait_here(struct warp *warp, uint32_t lanes) {
    struct machine_counters *counters = &warp->worker->counters;
    const uint32_t skipped = warp->mask & ~lanes;
    counters->warp_instructions--;
    counters->machine_instructions -= warp_machine_quarters(warp, 1);
    counters->thread_instructions -= lane_count(warp->mask);
    warp->executed--;
    warp_save(warp, warp->pc);
    for (unsigned lane = 0; lane < LANES; lane++)
        warp->lane_pc[lane] += skipped >> lane & 1;
    warp->sync_wait |= lanes;
}

/* Lanes that wait at this very instruction in the same frame. */
static uint32_t waiting_here(const struct warp *warp) {
    uint32_t lanes = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        bool here = warp->lane_pc[lane] == warp->pc && warp->lane_base[lane] == warp->base;
        lanes |= (uint32_t)here << lane;
    }
    return lanes & warp->sync_wait;
}

/*
 * True when the instruction may execute for *lanes, those that have come together; the warp's mask
 * then holds them, and the caller ends with meet_end. `members` is the slot of the member masks.
 */
static bool meet(struct warp *warp, const struct instruction *instruction, uint32_t members,
                 uint32_t *lanes) {
    const struct lanes32 *masks = warp_slot(warp, members);
    uint32_t needed = 0;
    *lanes = warp_guard(warp, instruction);
    if (!*lanes) {
        warp->pc++;
        return false;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(*lanes >> lane & 1))
            continue;
        needed |= masks->at[lane];
        if (!(masks->at[lane] >> lane & 1)) {
            warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, 0,
                       "the member mask 0x%08x leaves out lane %u, which executes the instruction",
                       masks->at[lane], lane);
            return false;
        }
    }
    const uint32_t joined = waiting_here(warp) & ~*lanes;
    if (needed & warp->live & ~(*lanes | joined)) {
        wait_here(warp, *lanes);
        return false;
    }
    *lanes |= joined;
    warp->sync_wait &= ~joined;
    warp->mask |= joined;
    warp->worker->counters.thread_instructions += lane_count(joined);
    return true;
}

/* Instructions without `.sync`, for targets before sm_70, have no member mask: those take part that
 * are there. */
static bool meet_or_go(struct warp *warp, const struct instruction *instruction, unsigned members,
                       uint32_t *lanes) {
    const struct detail *detail = instruction->detail;
    if (members < detail->from_count)
        return meet(warp, instruction, detail->from[members], lanes);
    *lanes = warp_guard(warp, instruction);
    if (!*lanes)
        warp->pc++;
    return *lanes != 0;
}

static void meet_end(struct warp *warp) {
    warp->pc++;
}

static void put_word(struct warp *warp, uint32_t slot, unsigned lane, uint32_t value) {
    ((struct lanes32 *)warp_slot(warp, slot))->at[lane] = value;
}

static void put_predicate(struct warp *warp, uint32_t slot, uint32_t lanes, uint32_t value) {
    uint32_t *to = warp_slot(warp, slot);
    *to = (*to & ~lanes) | (value & lanes);
}

/* ---- shfl.sync (PTX ISA 9.7.9.6) ---- */

enum shuffle_mode { SHUFFLE_UP, SHUFFLE_DOWN, SHUFFLE_BUTTERFLY, SHUFFLE_INDEX };

static bool shuffle_source(enum shuffle_mode mode, int lane, uint32_t b, uint32_t c, int *source) {
    const int offset = (int)(b & 31), clamp = (int)(c & 31), segment = (int)(c >> 8 & 31);
    const int low = lane & segment, high = low | (clamp & ~segment);
    bool valid;
    switch (mode) {
    case SHUFFLE_UP:
        *source = lane - offset;
        valid = *source >= high;
        break;
    case SHUFFLE_DOWN:
        *source = lane + offset;
        valid = *source <= high;
        break;
    case SHUFFLE_BUTTERFLY:
        *source = lane ^ offset;
        valid = *source <= high;
        break;
    default:
        *source = low | (offset & ~segment);
        valid = *source <= high;
        break;
    }
    *source = valid ? *source : lane;
    return valid;
}

/* What a lane that does not take part gives is undefined, and no fault while nobody uses it. */
static void put_undefined(struct warp *warp, const struct instruction *instruction, uint32_t lanes,
                          uint32_t taken, uint32_t absent) {
    if (warp->block->launch->options.check_init && (absent & lanes))
        undefined_load(warp, instruction, 0, lanes, taken | absent);
    else
        undefined_put(warp, instruction->detail->to[0], lanes, taken);
}

static void execute_shuffle(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint32_t lanes, valid = 0;
    if (!meet_or_go(warp, instruction, 3, &lanes))
        return;
    const struct lanes32 value = *(const struct lanes32 *)warp_slot(warp, detail->from[0]);
    const struct lanes32 *b = warp_slot(warp, detail->from[1]),
                         *c = warp_slot(warp, detail->from[2]);
    struct lanes32 result = {{0}};
    const uint32_t undefined = undefined_lanes(warp, detail->from[0]);
    uint32_t taken = 0;  /* lanes that get a value that nothing has written */
    uint32_t absent = 0; /* that of a lane which does not take part */
    for (unsigned lane = 0; lane < LANES; lane++) {
        int source;
        bool is_valid = shuffle_source((enum shuffle_mode)detail->choice[0], (int)lane, b->at[lane],
                                       c->at[lane], &source);
        valid |= (uint32_t)is_valid << lane;
        result.at[lane] = value.at[source];
        taken |= (undefined >> source & 1) << lane;
        absent |= (~lanes >> source & 1) << lane;
    }
    struct lanes32 *to = warp_slot(warp, detail->to[0]);
    FOR_LANES(lane) {
        to->at[lane] = (lanes >> lane & 1) ? result.at[lane] : to->at[lane];
    }
    put_undefined(warp, instruction, lanes, taken, absent);
    if (detail->to_count > 1)
        put_predicate(warp, detail->to[1], lanes, valid);
    meet_end(warp);
}

/* ---- vote.sync, match.sync, redux.sync, activemask, elect.sync ---- */

static uint32_t source_predicate(const struct warp *warp, const struct detail *detail, unsigned k) {
    const uint32_t value = *(const uint32_t *)warp_slot(warp, detail->from[k]);
    return (detail->negated >> k & 1) ? ~value : value;
}

static void execute_vote(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint32_t lanes, results = 0;
    if (!meet_or_go(warp, instruction, 1, &lanes))
        return;
    const uint32_t value = source_predicate(warp, detail, 0);
    const struct lanes32 *masks = detail->from_count > 1 ? warp_slot(warp, detail->from[1]) : NULL;
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint32_t members = (masks ? masks->at[lane] : LANES_ALL) & lanes;
        const uint32_t votes = value & members;
        const bool outcome[] = {votes == members, votes != 0, votes == 0 || votes == members};
        if (!(lanes >> lane & 1))
            continue;
        if (instruction->variant)
            put_word(warp, detail->to[0], lane, votes);
        else
            results |= (uint32_t)outcome[detail->choice[0]] << lane;
    }
    if (!instruction->variant)
        put_predicate(warp, detail->to[0], lanes, results);
    meet_end(warp);
}

static void execute_match(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint32_t lanes, all_equal = 0;
    struct lanes32 result;
    if (!meet(warp, instruction, detail->from[1], &lanes))
        return;
    const struct lanes32 *masks = warp_slot(warp, detail->from[1]);
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint32_t members = masks->at[lane] & lanes;
        uint32_t equal = 0;
        for (unsigned other = 0; other < LANES; other++)
            equal |=
                (uint32_t)(value_read(warp, detail, 0, other) == value_read(warp, detail, 0, lane))
                << other;
        equal &= members;
        all_equal |= (uint32_t)(equal == members) << lane;
        result.at[lane] = instruction->variant ? (equal == members ? members : 0) : equal;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (lanes >> lane & 1)
            put_word(warp, detail->to[0], lane, result.at[lane]);
    }
    if (detail->to_count > 1)
        put_predicate(warp, detail->to[1], lanes, all_equal);
    meet_end(warp);
}

enum reduction {
    REDUCE_ADD,
    REDUCE_MIN_U,
    REDUCE_MIN_S,
    REDUCE_MAX_U,
    REDUCE_MAX_S,
    REDUCE_AND,
    REDUCE_OR,
    REDUCE_XOR,
    REDUCE_MIN_F,
    REDUCE_MAX_F
};

/* [.abs][.NaN]. Without .NaN the result is one only where all are. */
static uint32_t reduce_floats(const struct instruction *instruction, uint32_t a, uint32_t b) {
    const signed char *choice = instruction->detail->choice;
    const struct f32_minmax_modifiers modifiers = {.maximum = instruction->variant == REDUCE_MAX_F,
                                                   .propagate = choice[1] >= 0};
    const uint32_t kept = choice[0] >= 0 ? ~F32_SIGN : UINT32_MAX;
    return f32_minmax(a & kept, b & kept, modifiers);
}

static uint32_t reduce(const struct instruction *instruction, uint32_t a, uint32_t b) {
    switch ((enum reduction)instruction->variant) {
    case REDUCE_ADD:
        return a + b;
    case REDUCE_MIN_U:
        return a < b ? a : b;
    case REDUCE_MIN_S:
        return (int32_t)a < (int32_t)b ? a : b;
    case REDUCE_MAX_U:
        return a > b ? a : b;
    case REDUCE_MAX_S:
        return (int32_t)a > (int32_t)b ? a : b;
    case REDUCE_AND:
        return a & b;
    case REDUCE_OR:
        return a | b;
    case REDUCE_XOR:
        return a ^ b;
    case REDUCE_MIN_F:
    case REDUCE_MAX_F:
        return reduce_floats(instruction, a, b);
    }
    return 0;
}

static void execute_reduce(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint32_t lanes;
    if (!meet(warp, instruction, detail->from[1], &lanes))
        return;
    const struct lanes32 value = *(const struct lanes32 *)warp_slot(warp, detail->from[0]);
    const struct lanes32 masks = *(const struct lanes32 *)warp_slot(warp, detail->from[1]);
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(lanes >> lane & 1))
            continue;
        uint32_t members = masks.at[lane] & lanes, result = value.at[lane_first(members)];
        /* The first with itself: the same number, without its sign where that is asked for. */
        if (instruction->variant >= REDUCE_MIN_F)
            result = reduce_floats(instruction, result, result);
        for (members &= members - 1; members; members &= members - 1)
            result = reduce(instruction, result, value.at[lane_first(members)]);
        put_word(warp, detail->to[0], lane, result);
    }
    meet_end(warp);
}

static void execute_active_mask(struct warp *warp, const struct instruction *instruction) {
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (warp->mask >> lane & 1)
            put_word(warp, instruction->to, lane, warp->mask);
    }
}

static void execute_elect(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint32_t lanes;
    if (!meet(warp, instruction, detail->from[0], &lanes))
        return;
    const unsigned leader = lane_first(lanes);
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (lanes >> lane & 1)
            put_word(warp, detail->to[0], lane, leader);
    }
    if (detail->to_count > 1)
        put_predicate(warp, detail->to[1], lanes, UINT32_C(1) << leader);
    meet_end(warp);
}

/* ---- bar.warp.sync: the lanes may wait at different places of the program ---- */

static void execute_warp_barrier(struct warp *warp, const struct instruction *instruction) {
    const struct lanes32 *masks = warp_slot(warp, instruction->a);
    const uint32_t lanes = warp_guard(warp, instruction);
    uint32_t needed = 0, joined = 0;
    if (!lanes) {
        warp->pc++;
        return;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (lanes >> lane & 1)
            needed |= masks->at[lane];
        bool waits = (warp->sync_wait >> lane & 1) &&
                     warp->code[warp->lane_pc[lane]].execute == execute_warp_barrier;
        joined |= (uint32_t)waits << lane;
    }
    if (needed & warp->live & ~(lanes | joined)) {
        wait_here(warp, lanes);
        return;
    }
    joined &= needed;
    race_meet(warp, masks->at, lanes, joined);
    warp_save(warp, warp->pc + 1);
    for (unsigned lane = 0; lane < LANES; lane++)
        warp->lane_pc[lane] += joined >> lane & 1;
    warp->sync_wait &= ~joined;
    warp->worker->counters.thread_instructions += lane_count(joined);
    if (!joined) {
        warp->regroup = false;
        warp->pc++;
    }
}

#define MEETS .flags = ROW_CONTROL

static const struct instruction_row rows[] = {
    {.pattern = "shfl.sync.{up,down,bfly,idx}.b32", "w|p=w,w,w,w", execute_shuffle, MEETS},
    {.pattern = "vote.sync.{all,any,uni}.pred",
     "p=p,w",
     execute_vote,
     0,
     .flags = ROW_CONTROL | ROW_NEGATES},
    {.pattern = "vote.sync.ballot.b32",
     "w=p,w",
     execute_vote,
     1,
     .flags = ROW_CONTROL | ROW_NEGATES},
    {.pattern = "shfl.{up,down,bfly,idx}.b32",
     "w|p=w,w,w",
     execute_shuffle,
     .flags = ROW_CONTROL | ROW_BEFORE_70},
    {.pattern = "vote.{all,any,uni}.pred",
     "p=p",
     execute_vote,
     0,
     .flags = ROW_CONTROL | ROW_NEGATES | ROW_BEFORE_70},
    {.pattern = "vote.ballot.b32",
     "w=p",
     execute_vote,
     1,
     .flags = ROW_CONTROL | ROW_NEGATES | ROW_BEFORE_70},
    {.pattern = "match.any.sync.b32", "w=w,w", execute_match, 0, MEETS},
    {.pattern = "match.any.sync.b64", "w=d,w", execute_match, 0, MEETS},
    {.pattern = "match.all.sync.b32", "w|p=w,w", execute_match, 1, MEETS},
    {.pattern = "match.all.sync.b64", "w|p=d,w", execute_match, 1, MEETS},
    {.pattern = "redux.sync.add.{u32,s32}", "w=w,w", execute_reduce, REDUCE_ADD, MEETS},
    {.pattern = "redux.sync.min.u32", "w=w,w", execute_reduce, REDUCE_MIN_U, MEETS},
    {.pattern = "redux.sync.min.s32", "w=w,w", execute_reduce, REDUCE_MIN_S, MEETS},
    {.pattern = "redux.sync.max.u32", "w=w,w", execute_reduce, REDUCE_MAX_U, MEETS},
    {.pattern = "redux.sync.max.s32", "w=w,w", execute_reduce, REDUCE_MAX_S, MEETS},
    {.pattern = "redux.sync.and.b32", "w=w,w", execute_reduce, REDUCE_AND, MEETS},
    {.pattern = "redux.sync.or.b32", "w=w,w", execute_reduce, REDUCE_OR, MEETS},
    {.pattern = "redux.sync.xor.b32", "w=w,w", execute_reduce, REDUCE_XOR, MEETS},
    {.pattern = "redux.sync.min[.abs][.NaN].f32", "w=w,w", execute_reduce, REDUCE_MIN_F, MEETS},
    {.pattern = "redux.sync.max[.abs][.NaN].f32", "w=w,w", execute_reduce, REDUCE_MAX_F, MEETS},
    {.pattern = "activemask.b32", "w=", execute_active_mask},
    {.pattern = "elect.sync", "w,p=w", execute_elect, MEETS},
    {.pattern = "bar.warp.sync", "w", execute_warp_barrier, MEETS},
};

const struct instruction_table executor_warp = {rows, sizeof rows / sizeof rows[0]};
