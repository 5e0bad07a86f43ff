/*
 * barrier.cluster (PTX ISA 9.7.13.4): all threads of a cluster that have not ended arrive, then
 * each may wait. A thread arrives and waits in turn.
 */
#include "emulator/execute/barrier_cluster.h"

#include "emulator/checks/race.h"
#include "emulator/execute/execute.h"
#include "emulator/warps/warp.h"

static struct warp *warp_at(const struct cluster *cluster, uint32_t number) {
    const uint32_t warps = cluster->launch->warps;
    return &cluster->blocks[number / warps].warps[number % warps];
}

static bool have_all_arrived(const struct cluster *cluster) {
    for (uint32_t k = 0; k < cluster->size * cluster->launch->warps; k++) {
        const struct warp *warp = warp_at(cluster, k);
        if (warp->live & ~warp->cluster_arrived)
            return false;
    }
    return true;
}

/* Who has arrived may go on, and who waits does. */
static void release(struct cluster *cluster) {
    cluster->barrier_phase++;
    for (uint32_t k = 0; k < cluster->size * cluster->launch->warps; k++) {
        struct warp *warp = warp_at(cluster, k);
        warp->cluster_passed |= warp->cluster_arrived;
        warp->cluster_arrived = 0;
        warp->barrier_wait &= ~warp->cluster_waiting;
        warp->cluster_waiting = 0;
    }
}

void barrier_cluster_threads_exited(struct cluster *cluster) {
    cluster->idle = 0;
    if (have_all_arrived(cluster))
        release(cluster);
}

/* On request, threads that have ended and do not come to the barrier are an error. */
static bool check_all_live(struct warp *warp, const struct instruction *instruction) {
    const struct cluster *cluster = warp->block->cluster;
    for (uint32_t rank = 0; rank < cluster->size; rank++) {
        const struct block *block = &cluster->blocks[rank];
        if (!cluster->launch->options.check_barrier ||
            block->live_threads == cluster->launch->threads)
            continue;
        warp_fault(
            warp, instruction, MACHINE_CHECK_FAILED, LANES, 0,
            "the cluster's barrier is not reached by %u threads of its block of rank %u that "
            "have ended",
            cluster->launch->threads - block->live_threads, rank);
        return false;
    }
    return true;
}

void barrier_cluster_check_end(struct warp *warp, const struct instruction *instruction,
                               uint32_t lanes) {
    const struct cluster *cluster = warp->block->cluster;
    uint32_t arrived = 0;
    for (uint32_t k = 0; k < cluster->size * cluster->launch->warps; k++)
        arrived += lane_count(warp_at(cluster, k)->cluster_arrived);
    if (arrived && (lanes & ~warp->cluster_arrived))
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(lanes), 0,
                   "the cluster's barrier is not reached by %u threads that end while %u have "
                   "arrived there",
                   lane_count(lanes & ~warp->cluster_arrived), arrived);
}

enum { RELAXED = 1 }; /* among the row's choices */

static void execute_arrive(struct warp *warp, const struct instruction *instruction) {
    const uint32_t lanes = warp_guard(warp, instruction);
    const uint32_t twice = lanes & (warp->cluster_arrived | warp->cluster_passed);
    if (twice) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane_first(twice), 0,
                   "a thread arrives at the cluster's barrier a second time before it has waited");
        return;
    }
    if (lanes && !check_all_live(warp, instruction))
        return;
    warp->pc++;
    warp->communicated = true;
    warp->worker->counters.barriers += lanes != 0;
    warp->cluster_arrived |= lanes;
    if (lanes) {
        if (instruction->detail->choice[0] != RELAXED)
            race_release(warp, race_cluster_key(warp->block->cluster->barrier_phase), lanes);
        barrier_cluster_threads_exited(warp->block->cluster);
    }
}

/* The lanes look again when all have arrived: until then they have not executed the instruction. */
static void wait_here(struct warp *warp, uint32_t lanes) {
    struct machine_counters *counters = &warp->worker->counters;
    const bool all_wait = lanes == warp->mask;
    counters->warp_instructions -= all_wait;
    counters->machine_instructions -= all_wait ? warp_machine_quarters(warp, 1) : 0;
    counters->thread_instructions -= lane_count(lanes);
    warp->executed -= all_wait;
    warp_save(warp, warp->pc);
    for (unsigned lane = 0; lane < LANES; lane++)
        warp->lane_pc[lane] += (warp->mask & ~lanes) >> lane & 1;
    warp->cluster_waiting |= lanes;
    warp->barrier_wait |= lanes;
}

static void execute_wait(struct warp *warp, const struct instruction *instruction) {
    const uint32_t lanes = warp_guard(warp, instruction);
    const uint32_t passed = lanes & warp->cluster_passed, strange = lanes & ~passed;
    if (strange & ~warp->cluster_arrived) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION,
                   lane_first(strange & ~warp->cluster_arrived), 0,
                   "a thread waits at the cluster's barrier and has not arrived there");
        return;
    }
    warp->cluster_passed &= ~passed;
    if (passed)
        race_acquire(warp, race_cluster_key(warp->block->cluster->barrier_phase - 1), passed);
    if (strange)
        wait_here(warp, strange);
    else
        warp->pc++;
}

static const struct instruction_row rows[] = {
    {.pattern = "barrier.cluster.arrive[.{release,relaxed}][.aligned]",
     "",
     execute_arrive,
     .flags = ROW_CONTROL},
    {.pattern = "barrier.cluster.wait[.acquire][.aligned]", "", execute_wait, .flags = ROW_CONTROL},
};

const struct instruction_table executor_barrier_cluster = {rows, sizeof rows / sizeof rows[0]};
