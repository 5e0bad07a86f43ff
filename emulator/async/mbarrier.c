/*
 * mbarriers (PTX ISA 9.7.13.15): barriers in shared memory that count arrivals, and bytes that
 * copies bring. A phase ends when neither is missing; then the next one expects as many arrivals.
 */
#include "emulator/async/async.h"
#include "emulator/async/phase.h"
#include "emulator/async/transfer.h"
#include "emulator/checks/race.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

/* What an instruction of one lane acts on. */
struct visit {
    struct warp *warp;
    const struct instruction *instruction;
    unsigned lane;
    struct shared_place place;
    struct mbarrier mbarrier;
};

static void fault(const struct visit *visit, const char *what) {
    warp_fault(visit->warp, visit->instruction, MACHINE_ILLEGAL_INSTRUCTION, visit->lane,
               visit->place.offset, "%s", what);
}

/* Finds the mbarrier of a lane; false after a fault. */
static bool open_visit(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       struct visit *visit) {
    const uint64_t address = value_read(warp, instruction->detail, 0, lane);
    *visit = (struct visit){.warp = warp, .instruction = instruction, .lane = lane};
    if (!place_find(warp, instruction, lane, address + (uint64_t)instruction->immediate,
                    (struct place_size){MBARRIER_BYTES, MBARRIER_BYTES}, &visit->place))
        return false;
    visit->mbarrier = mbarrier_unpack(mbarrier_read(&visit->place));
    return true;
}

static bool is_valid(const struct visit *visit) {
    if (!visit->mbarrier.is_valid)
        fault(visit, "no mbarrier lies there: mbarrier.init makes one");
    return visit->mbarrier.is_valid;
}

/* Operand `k` behind the address; `otherwise` where it is left out. */
static uint32_t operand(const struct visit *visit, unsigned k, uint32_t otherwise) {
    const struct detail *detail = visit->instruction->detail;
    return k < detail->from_count ? (uint32_t)value_read(visit->warp, detail, k, visit->lane)
                                  : otherwise;
}

/* ---- init, inval ---- */

static void initialise(struct visit *visit) {
    const uint32_t count = operand(visit, 1, 0);
    if (count == 0 || count > MBARRIER_COUNT_LIMIT) {
        fault(visit, "an mbarrier expects from 1 to 1048575 arrivals");
        return;
    }
    mbarrier_write(&visit->place, mbarrier_pack(&(struct mbarrier){
                                      .expected = count, .pending = count, .is_valid = true}));
}

static void invalidate(struct visit *visit) {
    if (is_valid(visit))
        mbarrier_write(&visit->place, UINT64_MAX);
}

/* ---- Bytes and arrivals ---- */

static bool add_bytes(struct visit *visit, int64_t bytes) {
    if (mbarrier_add_bytes(&visit->mbarrier, bytes))
        return true;
    fault(visit, "more bytes than an mbarrier can wait for, which is 1048575");
    return false;
}

static void expect(struct visit *visit) {
    if (is_valid(visit) && add_bytes(visit, operand(visit, 1, 0)))
        mbarrier_settle(&visit->place, &visit->mbarrier);
}

static void complete(struct visit *visit) {
    if (is_valid(visit) && add_bytes(visit, -(int64_t)operand(visit, 1, 0)))
        mbarrier_settle(&visit->place, &visit->mbarrier);
}

/* What arrives: so many arrivals, of which some leave the later phases too, after so many bytes are
 * expected. */
struct arrival {
    uint32_t count, dropped, bytes;
};

static void arrive(struct visit *visit, struct arrival arrival) {
    struct mbarrier *mbarrier = &visit->mbarrier;
    const struct detail *detail = visit->instruction->detail;
    if (!is_valid(visit))
        return;
    if (arrival.count > mbarrier->pending && transfer_deliver(&visit->place))
        *mbarrier = mbarrier_unpack(mbarrier_read(&visit->place));
    if (arrival.count > mbarrier->pending || arrival.dropped > mbarrier->expected) {
        fault(visit, "more arrivals at an mbarrier than its phase still expects");
        return;
    }
    if (detail->to_count)
        value_write(visit->warp, detail, 0, visit->lane, mbarrier_read(&visit->place));
    if (!add_bytes(visit, arrival.bytes))
        return;
    race_release(visit->warp, race_phase_key(&visit->place, visit->mbarrier.phase),
                 visit->warp->mask);
    mbarrier->pending -= arrival.count;
    mbarrier->expected -= arrival.dropped;
    mbarrier_settle(&visit->place, mbarrier);
}

static void arrive_only(struct visit *visit) {
    arrive(visit, (struct arrival){.count = operand(visit, 1, 1)});
}

static void arrive_and_drop(struct visit *visit) {
    const uint32_t count = operand(visit, 1, 1);
    arrive(visit, (struct arrival){.count = count, .dropped = count});
}

static bool leaves_phase_open(const struct visit *visit) {
    const bool leaves = operand(visit, 1, 1) < visit->mbarrier.pending;
    if (is_valid(visit) && !leaves)
        fault(visit, "an arrival with .noComplete that completes the phase of its mbarrier");
    return leaves;
}

static void arrive_without_end(struct visit *visit) {
    if (leaves_phase_open(visit))
        arrive_only(visit);
}

static void drop_without_end(struct visit *visit) {
    if (leaves_phase_open(visit))
        arrive_and_drop(visit);
}

static void expect_and_arrive(struct visit *visit) {
    arrive(visit, (struct arrival){.count = 1, .bytes = operand(visit, 1, 0)});
}

static void expect_and_drop(struct visit *visit) {
    arrive(visit, (struct arrival){.count = 1, .dropped = 1, .bytes = operand(visit, 1, 0)});
}

/* cp.async.mbarrier.arrive: without .noinc the arrival is first added to those pending, which
 * leaves the count as it was. */
static void tell_of_copies(const struct visit *visit) {
    copy_deliver_lane(visit->warp, visit->lane);
    if (visit->warp->block->race)
        race_copies_told(visit->warp, race_phase_key(&visit->place, visit->mbarrier.phase));
}

static void copies_arrive(struct visit *visit) {
    tell_of_copies(visit);
    race_release(visit->warp, race_phase_key(&visit->place, visit->mbarrier.phase),
                 visit->warp->mask);
}

static void copies_arrive_counted(struct visit *visit) {
    tell_of_copies(visit);
    arrive(visit, (struct arrival){.count = 1});
}

/* ---- Waiting ---- */

enum { BY_STATE, BY_PARITY };

/* Whether the phase that is waited for has ended: by its parity, or by the state that an arrival
 * gave. Who slept in it has seen its end, though the next one may have ended since. Copies that are
 * under way to it arrive now; then others look at it first, since a GPU's take their time. */
static bool has_ended(struct visit *visit) {
    const uint64_t waited = value_read(visit->warp, visit->instruction->detail, 1, visit->lane);
    const uint64_t phase =
        visit->instruction->variant == BY_PARITY ? waited & 1 : waited >> MBARRIER_PHASE_SHIFT;
    const bool has_seen = visit->warp->mbarrier_ended >> visit->lane & 1;
    if (!has_seen && visit->mbarrier.phase == phase && transfer_deliver(&visit->place)) {
        visit->mbarrier = mbarrier_unpack(mbarrier_read(&visit->place));
        visit->warp->gives_way = true;
    }
    const bool has_ended = has_seen || visit->mbarrier.phase != phase;
    if (has_ended)
        race_acquire(visit->warp, race_phase_key(&visit->place, (uint32_t)phase),
                     UINT32_C(1) << visit->lane);
    return has_ended;
}

static void test(struct visit *visit) {
    struct warp *warp = visit->warp;
    if (!is_valid(visit))
        return;
    const bool ended = has_ended(visit);
    value_write(warp, visit->instruction->detail, 0, visit->lane, ended);
    warp->mbarrier_at[visit->lane] = visit->place.offset;
    warp->mbarrier_tested |= (uint32_t)!ended << visit->lane;
}

/* The lanes look again when their mbarrier's phase ends: until then they have not executed the
 * instruction. */
static void sleep_here(struct warp *warp, uint32_t lanes) {
    struct machine_counters *counters = &warp->worker->counters;
    const bool all_sleep = lanes == warp->mask;
    counters->warp_instructions -= all_sleep;
    counters->machine_instructions -= all_sleep ? warp_machine_quarters(warp, 1) : 0;
    counters->thread_instructions -= lane_count(lanes);
    warp->executed -= all_sleep;
    warp_save(warp, warp->pc);
    for (unsigned lane = 0; lane < LANES; lane++)
        warp->lane_pc[lane] += (warp->mask & ~lanes) >> lane & 1;
    warp->mbarrier_wait |= lanes;
}

static void execute_try_wait(struct warp *warp, const struct instruction *instruction) {
    const uint32_t lanes = warp_guard(warp, instruction);
    uint32_t asleep = 0;
    warp->communicated = true;
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        struct visit visit;
        if (!open_visit(warp, instruction, lane, &visit) || !is_valid(&visit))
            return;
        const bool ended = has_ended(&visit);
        warp->mbarrier_at[lane] = visit.place.offset;
        if (ended || (warp->mbarrier_expired >> lane & 1))
            value_write(warp, instruction->detail, 0, lane, ended);
        else
            asleep |= UINT32_C(1) << lane;
    }
    warp->mbarrier_expired &= ~lanes;
    warp->mbarrier_ended &= ~lanes;
    if (asleep)
        sleep_here(warp, asleep);
    else
        warp->pc++;
}

static void execute_pending_count(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (warp->mask >> lane & 1)
            value_write(warp, detail, 0, lane,
                        mbarrier_unpack(value_read(warp, detail, 0, lane)).pending);
    }
}

/* ---- The table ---- */

static void for_lanes(struct warp *warp, const struct instruction *instruction,
                      void (*act)(struct visit *visit)) {
    warp->communicated = true;
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1) {
        struct visit visit;
        if (open_visit(warp, instruction, lane_first(rest), &visit))
            act(&visit);
    }
}

#define FOR_LANES_OF(action)                                                                       \
    static void execute_##action(struct warp *warp, const struct instruction *instruction) {       \
        for_lanes(warp, instruction, action);                                                      \
    }
FOR_LANES_OF(initialise)
FOR_LANES_OF(invalidate)
FOR_LANES_OF(expect)
FOR_LANES_OF(complete)
FOR_LANES_OF(arrive_only)
FOR_LANES_OF(arrive_and_drop)
FOR_LANES_OF(arrive_without_end)
FOR_LANES_OF(drop_without_end)
FOR_LANES_OF(expect_and_arrive)
FOR_LANES_OF(expect_and_drop)
FOR_LANES_OF(copies_arrive)
FOR_LANES_OF(copies_arrive_counted)
FOR_LANES_OF(test)

#define OWN "[.{shared,shared::cta}].b64"
#define ANY "[.{shared,shared::cta,shared::cluster}].b64"
#define RELEASE "[.{release.cta,release.cluster,relaxed.cta,relaxed.cluster}]"
#define ACQUIRE "[.{acquire.cta,acquire.cluster,relaxed.cta,relaxed.cluster}]"
#define RELAXED "[.{relaxed.cta,relaxed.cluster}]"
#define ROW(pattern_, operands_, action)                                                           \
    { .pattern = (pattern_), (operands_), execute_##action, .decode = DECODE_UNTYPED }

static const struct instruction_row rows[] = {
    ROW("mbarrier.init" OWN, "m,w", initialise),
    ROW("mbarrier.inval" OWN, "m", invalidate),
    ROW("mbarrier.expect_tx" RELAXED ANY, "m,w", expect),
    ROW("mbarrier.complete_tx" RELAXED ANY, "m,w", complete),
    ROW("mbarrier.arrive" RELEASE ANY, "d=m,?w", arrive_only),
    ROW("mbarrier.arrive.expect_tx" RELEASE ANY, "d=m,w", expect_and_arrive),
    ROW("mbarrier.arrive.noComplete[.release.cta]" OWN, "d=m,w", arrive_without_end),
    ROW("mbarrier.arrive_drop" RELEASE ANY, "d=m,?w", arrive_and_drop),
    ROW("mbarrier.arrive_drop.expect_tx" RELEASE ANY, "d=m,w", expect_and_drop),
    ROW("mbarrier.arrive_drop.noComplete[.release.cta]" OWN, "d=m,w", drop_without_end),
    ROW("cp.async.mbarrier.arrive" OWN, "m", copies_arrive),
    ROW("cp.async.mbarrier.arrive.noinc" OWN, "m", copies_arrive_counted),
    {.pattern = "mbarrier.test_wait" ACQUIRE OWN,
     "p=m,d",
     execute_test,
     BY_STATE,
     .decode = DECODE_UNTYPED},
    {.pattern = "mbarrier.test_wait.parity" ACQUIRE OWN,
     "p=m,w",
     execute_test,
     BY_PARITY,
     .decode = DECODE_UNTYPED},
    {.pattern = "mbarrier.try_wait" ACQUIRE OWN,
     "p=m,d,?w",
     execute_try_wait,
     BY_STATE,
     .flags = ROW_CONTROL,
     .decode = DECODE_UNTYPED},
    {.pattern = "mbarrier.try_wait.parity" ACQUIRE OWN,
     "p=m,w,?w",
     execute_try_wait,
     BY_PARITY,
     .flags = ROW_CONTROL,
     .decode = DECODE_UNTYPED},
    {.pattern = "mbarrier.pending_count.b64", "w=d", execute_pending_count},
};

const struct instruction_table async_mbarrier = {rows, sizeof rows / sizeof rows[0]};
