/*
 * The blocks of a cluster in turn, and what to say when none can go on.
 *
 * A lane that waits at an mbarrier sleeps until its phase has ended. PTX lets it wait for a while
 * only, so where nothing else can go on, sleepers wake and find their phase as it was: the program
 * may then do something else. When they have woken often and no mbarrier has changed meanwhile, the
 * phase never ends.
 */
#include "emulator/async/cluster.h"

#include "emulator/async/phase.h"
#include "emulator/async/transfer.h"
#include "emulator/warps/warp.h"

#include <stdio.h>
#include <stdlib.h>

/* Rounds without any change at an mbarrier: those in which all slept weigh more than those in which
 * somebody tested one and may have done something else besides. */
enum { IDLE_LIMIT = 1 << 20, IDLE_ASLEEP = 64 };

int cluster_open(struct cluster *cluster, struct launch *launch) {
    *cluster = (struct cluster){.launch = launch, .size = launch->cluster_size};
    cluster->blocks = calloc(cluster->size, sizeof *cluster->blocks);
    for (uint32_t rank = 0; cluster->blocks && rank < cluster->size; rank++) {
        if (block_open(&cluster->blocks[rank], cluster, rank) != 0) {
            cluster_close(cluster);
            return -1;
        }
    }
    return cluster->blocks ? 0 : -1;
}

void cluster_close(struct cluster *cluster) {
    for (uint32_t rank = 0; cluster->blocks && rank < cluster->size; rank++) {
        if (cluster->blocks[rank].launch)
            block_close(&cluster->blocks[rank]);
    }
    transfer_close(cluster);
    free(cluster->blocks);
    *cluster = (struct cluster){0};
}

static uint64_t block_index(const struct launch *launch, uint64_t number, uint32_t rank) {
    uint64_t index = 0, step = 1;
    for (unsigned k = 0; k < 3; k++) {
        const unsigned clusters = launch->grid[k] / launch->cluster[k];
        const uint64_t coordinate =
            number % clusters * launch->cluster[k] + rank % launch->cluster[k];
        index += coordinate * step;
        step *= launch->grid[k];
        number /= clusters;
        rank /= launch->cluster[k];
    }
    return index;
}

void cluster_start(struct cluster *cluster, struct worker *worker, uint64_t number) {
    cluster->idle = 0;
    transfer_start(cluster);
    for (uint32_t rank = 0; rank < cluster->size; rank++)
        block_start(&cluster->blocks[rank], worker, block_index(cluster->launch, number, rank));
}

/* All warps of its blocks, one after another. */
static uint32_t warps_of(const struct cluster *cluster) {
    return cluster->size * cluster->launch->warps;
}

static struct warp *warp_at(const struct cluster *cluster, uint32_t number) {
    const uint32_t warps = cluster->launch->warps;
    return &cluster->blocks[number / warps].warps[number % warps];
}

const struct fault *cluster_fault(const struct cluster *cluster) {
    uint32_t rank = 0;
    while (rank + 1 < cluster->size && cluster->blocks[rank].fault.status == MACHINE_OK)
        rank++;
    return &cluster->blocks[rank].fault;
}

void cluster_describe(const struct cluster *cluster, const char *what,
                      struct machine_diagnostic *diagnostic) {
    for (uint32_t k = 0; k < warps_of(cluster); k++) {
        const struct warp *warp = warp_at(cluster, k);
        if (!warp_runnable(warp))
            continue;
        const unsigned lane = lane_first(warp_runnable(warp));
        warp_describe(warp, &warp->code[warp->lane_pc[lane]], lane, what, diagnostic);
        return;
    }
    /* it has just ended, or all wait */
    snprintf(diagnostic->message, sizeof diagnostic->message, "kernel %s: %s",
             cluster->launch->function->name, what);
}

/* ---- Nobody can go on ---- */

static void report_mbarrier(struct warp *warp, uint32_t lanes) {
    const unsigned lane = lane_first(lanes);
    const struct shared_place place = {warp->block, warp->mbarrier_at[lane]};
    const struct instruction *instruction = &warp->code[warp->lane_pc[lane]];
    const struct mbarrier mbarrier = mbarrier_unpack(mbarrier_read(&place));
    char missing[80];
    if (mbarrier.bytes > 0)
        snprintf(missing, sizeof missing, "%d bytes that never come", mbarrier.bytes);
    else if (mbarrier.pending > 0)
        snprintf(missing, sizeof missing, "%u arrival%s that never come%s", mbarrier.pending,
                 mbarrier.pending == 1 ? "" : "s", mbarrier.pending == 1 ? "s" : "");
    else
        snprintf(missing, sizeof missing, "the end of a phase that got %d bytes too many",
                 -mbarrier.bytes);
    warp_fault(warp, instruction, MACHINE_DEADLOCK, lane, place.offset,
               "deadlock: lanes 0x%08x of warp %u wait for the mbarrier at offset %u of shared "
               "memory, which waits in a phase of parity %u for %s",
               lanes, warp->index, place.offset, mbarrier.phase, missing);
}

static void report_waiting(struct warp *warp) {
    const struct block *block = warp->block;
    const unsigned lane = lane_first(warp->live);
    const struct instruction *instruction = &warp->code[warp->lane_pc[lane]];
    const char *root = instruction->detail->source->root;
    if (warp->sync_wait >> lane & 1)
        warp_fault(warp, instruction, MACHINE_DEADLOCK, lane, 0,
                   "deadlock: lanes 0x%08x of warp %u wait in '%s' for lanes that never come there",
                   warp->sync_wait, warp->index, root);
    else
        warp_fault(warp, instruction, MACHINE_DEADLOCK, lane, 0,
                   "deadlock: lanes 0x%08x of warp %u wait at '%s', which %u of the block's %u "
                   "live threads wait for in vain",
                   warp->barrier_wait, warp->index, root, block->live_threads, block->live_threads);
}

/* Where the first threads that wait do so; those at an mbarrier before those who wait for them. */
static void report_deadlock(struct cluster *cluster) {
    struct warp *first = NULL;
    for (uint32_t k = 0; k < warps_of(cluster); k++) {
        struct warp *warp = warp_at(cluster, k);
        const uint32_t lanes = warp->mbarrier_wait | warp->mbarrier_tested;
        if (lanes & warp->live) {
            report_mbarrier(warp, lanes & warp->live);
            return;
        }
        if (warp->live && !first)
            first = warp;
    }
    if (first)
        report_waiting(first);
}

/* Wakes all that sleep; false when nobody ever goes on. */
static bool wake_sleepers(struct cluster *cluster, bool ran) {
    uint32_t asleep = 0, tested = 0;
    for (uint32_t k = 0; k < warps_of(cluster); k++) {
        const struct warp *warp = warp_at(cluster, k);
        asleep |= warp->mbarrier_wait;
        tested |= warp->mbarrier_tested;
    }
    cluster->idle += ran ? tested != 0 : IDLE_ASLEEP;
    if ((!asleep && !ran) || cluster->idle >= IDLE_LIMIT)
        return false;
    for (uint32_t k = 0; k < warps_of(cluster); k++) {
        struct warp *warp = warp_at(cluster, k);
        warp->mbarrier_expired |= warp->mbarrier_wait;
        warp->mbarrier_wait = 0;
    }
    return true;
}

enum block_state cluster_step(struct cluster *cluster) {
    bool ran = false, went = false, has_ended = true;
    for (uint32_t rank = 0; rank < cluster->size; rank++) {
        struct block *block = &cluster->blocks[rank];
        if (block->live_threads == 0)
            continue;
        const enum block_state state = block_step(block);
        if (state == BLOCK_FAULTED)
            return BLOCK_FAULTED;
        has_ended &= state == BLOCK_ENDED;
        went |= state == BLOCK_RUNNING || state == BLOCK_ENDED;
        ran |= state != BLOCK_WAITING;
    }
    if (has_ended) {
        transfer_finish(cluster);
        return cluster_fault(cluster)->status == MACHINE_OK ? BLOCK_ENDED : BLOCK_FAULTED;
    }
    if (went || wake_sleepers(cluster, ran))
        return BLOCK_RUNNING;
    report_deadlock(cluster);
    return BLOCK_FAULTED;
}
