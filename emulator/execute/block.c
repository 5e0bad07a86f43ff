/* One block of threads: its memory, and its warps in turn. */
#include "emulator/execute/block.h"

#include "emulator/arithmetic/warpgroup.h"
#include "emulator/checks/check.h"
#include "emulator/checks/load_watch.h"
#include "emulator/checks/undefined.h"
#include "emulator/checks/warpgroup_watch.h"
#include "emulator/lanes/space.h"
#include "emulator/memory/scratch.h"
#include "emulator/warps/tensor_memory.h"
#include "emulator/warps/warp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POISON = 0xff };

static size_t round_up(size_t value, size_t step) {
    return (value + step - 1) / step * step;
}

/* What a warp's stack of frames may take: the kernel's own frame when it calls nothing. */
static size_t stack_bytes(const struct launch *launch) {
    return launch->has_calls ? STACK_BYTES : round_up(launch->function->frame_bytes, 4096);
}

static size_t local_bytes(const struct launch *launch) {
    return round_up(launch->local_bytes * LANES, 64);
}

/* ---- Special registers ---- */

static void fill(struct warp *warp, enum special_register special, uint32_t value) {
    struct lanes32 *to = (struct lanes32 *)(void *)warp->special + special;
    FOR_LANES(lane) {
        to->at[lane] = value;
    }
}

static void fill_threads(struct warp *warp) {
    const struct launch *launch = warp->block->launch;
    struct lanes32 *to = (struct lanes32 *)(void *)warp->special;
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint32_t thread = warp->first_thread + lane;
        to[SPECIAL_TID_X].at[lane] = thread % launch->block[0];
        to[SPECIAL_TID_Y].at[lane] = thread / launch->block[0] % launch->block[1];
        to[SPECIAL_TID_Z].at[lane] = thread / launch->block[0] / launch->block[1];
        to[SPECIAL_LANEID].at[lane] = lane;
        to[SPECIAL_LANEMASK_EQ].at[lane] = UINT32_C(1) << lane;
        to[SPECIAL_LANEMASK_LT].at[lane] = (UINT32_C(1) << lane) - 1;
        to[SPECIAL_LANEMASK_LE].at[lane] = UINT32_MAX >> (31 - lane);
        to[SPECIAL_LANEMASK_GE].at[lane] = UINT32_MAX << lane;
        to[SPECIAL_LANEMASK_GT].at[lane] = ~(UINT32_MAX >> (31 - lane));
    }
}

/* Blocks of pairs have addresses that say which block it is: kernels make from that of a thing of
 * their own the one of its like in the even block. */
static uint32_t dynamic_base(const struct block *block) {
    const struct launch *launch = block->launch;
    const uint32_t offset = (uint32_t)launch->static_shared;
    return launch->program->uses_pairs && launch->cluster_size > 1
               ? (uint32_t)space_cluster_offset(block->rank, offset)
               : offset;
}

static void fill_special(struct warp *warp) {
    const struct launch *launch = warp->block->launch;
    fill_threads(warp);
    for (unsigned k = 0; k < 3; k++) {
        fill(warp, (enum special_register)(SPECIAL_NTID_X + k), launch->block[k]);
        fill(warp, (enum special_register)(SPECIAL_NCTAID_X + k), launch->grid[k]);
    }
    fill(warp, SPECIAL_WARPID, warp->index);
    fill(warp, SPECIAL_NWARPID, launch->properties->max_threads_per_multiprocessor / LANES);
    fill(warp, SPECIAL_NSMID, launch->properties->multiprocessors);
    fill(warp, SPECIAL_GRIDID, 1);
    fill(warp, SPECIAL_DYNAMIC_SMEM_SIZE, (uint32_t)launch->dynamic_shared);
    fill(warp, SPECIAL_TOTAL_SMEM_SIZE, (uint32_t)launch->own_shared);
    fill(warp, SPECIAL_AGGR_SMEM_SIZE, (uint32_t)launch->own_shared + RESERVED_SHARED_BYTES);
    fill(warp, SPECIAL_RESERVED_SMEM, (uint32_t)launch->shared_bytes - RESERVED_SHARED_BYTES);
    fill(warp, SPECIAL_RESERVED_SMEM_END, (uint32_t)launch->shared_bytes);
    fill(warp, SPECIAL_RESERVED_SMEM_SIZE, RESERVED_SHARED_BYTES);
    fill(warp, SPECIAL_DYNAMIC_SMEM_BASE, dynamic_base(warp->block));
    fill(warp, SPECIAL_ENVREG1, (uint32_t)(launch->workspace >> 32));
    fill(warp, SPECIAL_ENVREG2, (uint32_t)launch->workspace);
    fill(warp, SPECIAL_ZERO, 0);
    for (unsigned k = 0; k < 3; k++) {
        fill(warp, (enum special_register)(SPECIAL_CLUSTER_NCTAID_X + k), launch->cluster[k]);
        fill(warp, (enum special_register)(SPECIAL_NCLUSTERID_X + k),
             launch->grid[k] / launch->cluster[k]);
    }
    fill(warp, SPECIAL_CLUSTER_CTARANK, warp->block->rank);
    fill(warp, SPECIAL_CLUSTER_NCTARANK, launch->cluster_size);
    fill(warp, SPECIAL_IS_EXPLICIT_CLUSTER, launch->has_explicit_clusters ? LANES_ALL : 0);
}

/* ---- Opening and closing ---- */

static void open_warp(struct block *block, uint32_t index) {
    const struct launch *launch = block->launch;
    struct warp *warp = &block->warps[index];
    warp->block = block;
    warp->index = index;
    warp->first_thread = index * LANES;
    warp->code = launch->program->code;
    warp->machine_before = launch->program->machine_before;
    warp->stack = block->stacks + index * stack_bytes(launch);
    warp->local = block->locals + index * local_bytes(launch);
    warp->special = block->specials + (size_t)index * SPECIAL_BYTES;
    if (launch->options.check_init) {
        warp->undefined = block->undefined + index * stack_bytes(launch);
        warp->undefined_local = block->undefined_locals + index * local_bytes(launch);
    }
    warp->bank[BANK_CONSTANT] = launch->program->constants;
    warp->bank[BANK_SPECIAL] = warp->special;
    fill_special(warp);
}

/* Cuts a piece of `bytes` off the block's memory; *used grows, and what it starts with is where. */
static void *cut(const struct block *block, size_t *used, size_t bytes) {
    void *piece = block->memory ? block->memory + *used : NULL;
    *used += round_up(bytes, 64);
    return piece;
}

/* Lays the block out in its memory and returns how much that takes; without memory only the
 * latter. */
static size_t lay_out(struct block *block) {
    const struct launch *launch = block->launch;
    const size_t warps = launch->warps;
    size_t used = 0;
    block->stacks = cut(block, &used, warps * stack_bytes(launch));
    block->specials = cut(block, &used, warps * SPECIAL_BYTES);
    block->warps = cut(block, &used, warps * sizeof *block->warps);
    block->waiting = cut(block, &used, warps * BARRIERS * sizeof *block->waiting);
    block->shared = cut(block, &used, launch->shared_bytes);
    block->locals = cut(block, &used, warps * local_bytes(launch));
    if (launch->options.check_init) {
        block->undefined = cut(block, &used, warps * stack_bytes(launch));
        block->undefined_locals = cut(block, &used, warps * local_bytes(launch));
    }
    if (launch->program->uses_warpgroups)
        block->products = cut(
            block, &used, (warps / WARPGROUP_WARPS + 1) * PRODUCTS_KEPT * sizeof *block->products);
    return used;
}

int block_open(struct block *block, struct cluster *cluster, uint32_t rank) {
    struct launch *launch = cluster->launch;
    *block = (struct block){
        .launch = launch, .cluster = cluster, .rank = rank, .warp_count = launch->warps};
    const size_t warps = launch->warps;
    block->memory_bytes = lay_out(block);
    block->memory = scratch_take(launch->scratch, block->memory_bytes);
    if (!block->memory)
        return -1;
    (void)lay_out(block);
    memset(block->warps, 0, warps * sizeof *block->warps);
    for (uint32_t k = 0; k < BARRIERS; k++)
        block->barriers[k].waiting = block->waiting + k * warps;
    for (uint32_t k = 0; k < warps; k++)
        open_warp(block, k);
    if (check_open(block) == 0 && warpgroup_watch_open(block) == 0 &&
        tensor_memory_open(block) == 0 && load_watch_open(block) == 0)
        return 0;
    block_close(block);
    return -1;
}

void block_close(struct block *block) {
    for (uint32_t k = 0; block->memory && k < block->warp_count; k++)
        free(block->warps[k].copies);
    check_close(block);
    warpgroup_watch_close(block);
    tensor_memory_close(block);
    load_watch_close(block);
    scratch_give(block->launch->scratch, block->memory, block->memory_bytes);
    free(block->output.text);
    *block = (struct block){0};
}

/* ---- Running ---- */

static void start_warp(struct warp *warp) {
    const struct block *block = warp->block;
    const struct launch *launch = block->launch;
    const uint32_t threads = launch->threads - warp->first_thread;
    warp->live = threads >= LANES ? LANES_ALL : (UINT32_C(1) << threads) - 1;
    warp->sync_wait = warp->barrier_wait = warp->yielded = 0;
    warp->cluster_arrived = warp->cluster_passed = warp->cluster_waiting = 0;
    warp->mbarrier_wait = warp->mbarrier_expired = warp->mbarrier_tested = 0;
    warp->mbarrier_ended = 0;
    warp->is_faulted = warp->communicated = warp->is_spent = false;
    warp->executed = 0;
    warp->copy_count = 0;
    warp->sync_clock = 0;
    warp->regroup = true;
    warp->mask = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        warp->lane_pc[lane] = launch->function->first;
        warp->lane_base[lane] = warp->lane_local[lane] = warp->async_group[lane] = 0;
        warp->bulk_group[lane] = 0;
        warp->lane_stack[lane] = (uint32_t)launch->local_bytes;
    }
    for (unsigned k = 0; k < 3; k++) {
        const uint32_t at = block->coordinates[k], blocks = launch->cluster[k];
        fill(warp, (enum special_register)(SPECIAL_CTAID_X + k), at);
        fill(warp, (enum special_register)(SPECIAL_CLUSTERID_X + k), at / blocks);
        fill(warp, (enum special_register)(SPECIAL_CLUSTER_CTAID_X + k), at % blocks);
    }
    fill(warp, SPECIAL_SMID, (uint32_t)(block->index % launch->properties->multiprocessors));
}

void block_start(struct block *block, struct worker *worker, uint64_t index) {
    const struct launch *launch = block->launch;
    block->worker = worker;
    block->index = index;
    block->coordinates[0] = (uint32_t)(index % launch->grid[0]);
    block->coordinates[1] = (uint32_t)(index / launch->grid[0] % launch->grid[1]);
    block->coordinates[2] = (uint32_t)(index / launch->grid[0] / launch->grid[1]);
    block->live_threads = launch->threads;
    block->fault.status = MACHINE_OK;
    /* What shared memory holds at first is undefined on a GPU; a NaN shows when something reads it.
     */
    memset(block->shared, POISON, launch->shared_bytes);
    if (launch->program->uses_reserved_shared)
        memset(block->shared + launch->shared_bytes - RESERVED_SHARED_BYTES, 0,
               RESERVED_SHARED_BYTES);
    check_start(block);
    warpgroup_watch_start(block);
    tensor_memory_start(block);
    load_watch_start(block);
    for (uint32_t k = 0; k < BARRIERS; k++) {
        block->barriers[k].is_open = false;
        memset(block->barriers[k].waiting, 0, block->warp_count * sizeof(uint32_t));
    }
    for (uint32_t k = 0; k < block->warp_count; k++) {
        block->warps[k].worker = worker;
        start_warp(&block->warps[k]);
        if (block->warps[k].undefined)
            undefined_start(&block->warps[k]);
    }
    worker->counters.blocks++;
    worker->counters.warps += block->warp_count;
}

static void run_slice(struct block *block, struct warp *warp) {
    warp->fuel = block->launch->slice;
    warp->is_spent = warp->gives_way = false;
    warp_run(warp);
}

/* Whether a warp that goes on, up to where it waits, is in a race. */
static bool does_race(struct block *block, struct warp *warp) {
    block->fault.status = MACHINE_OK;
    run_slice(block, warp);
    return warp->is_faulted && block->fault.kind == FAULT_RACE;
}

static struct warp *racing_warp(struct block *block, const struct warp *early) {
    for (uint32_t k = 0; k < block->warp_count; k++) {
        struct warp *warp = &block->warps[k];
        if (warp != early && warp_runnable(warp) && does_race(block, warp))
            return warp;
    }
    return NULL;
}

/* Who uses what nothing has written may have come too early to what another warp of its cluster
 * writes. So the others go on once: where one of them races, both are told, and otherwise only
 * what was found first. */
static void seek_race(struct block *block, const struct warp *early) {
    const struct fault first = block->fault;
    const struct warp *racing = racing_warp(block, early);
    for (uint32_t rank = 0; !racing && rank < block->cluster->size; rank++) {
        struct block *other = &block->cluster->blocks[rank];
        if (other == block)
            continue;
        racing = racing_warp(other, NULL);
        block->fault = other->fault;
        other->fault.status = MACHINE_OK;
    }
    if (!racing) {
        block->fault = first;
        return;
    }
    char *message = block->fault.diagnostic.message;
    const size_t used = strlen(message);
    snprintf(message + used, sizeof block->fault.diagnostic.message - used, "; and before it: %s",
             first.diagnostic.message);
}

enum block_state block_step(struct block *block) {
    bool ran = false, went = false;
    for (uint32_t k = 0; k < block->warp_count; k++) {
        struct warp *warp = &block->warps[k];
        warp->mbarrier_tested = 0;
        if (!warp_runnable(warp))
            continue;
        run_slice(block, warp);
        ran = true;
        went |= !warp->is_spent && !warp->mbarrier_tested;
        block->cluster->has_spun |= warp->is_spent;
        block->cluster->spent += (uint64_t)(block->launch->slice - warp->fuel);
        if (warp->is_faulted) {
            if (block->race && block->fault.kind == FAULT_UNWRITTEN)
                seek_race(block, warp);
            return BLOCK_FAULTED;
        }
    }
    if (block->live_threads == 0) {
        warpgroup_watch_end(block);
        tensor_memory_end(block);
        return block->fault.status == MACHINE_OK ? BLOCK_ENDED : BLOCK_FAULTED;
    }
    if (went)
        return BLOCK_RUNNING;
    return ran ? BLOCK_RESTING : BLOCK_WAITING;
}
