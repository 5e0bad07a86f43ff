/* Copies that go on beside the warps. */
#include "emulator/async/transfer.h"

#include "emulator/async/phase.h"
#include "emulator/checks/race.h"
#include "emulator/memory/list.h"
#include "emulator/warps/warp.h"

#include <stdlib.h>

void transfer_start(struct cluster *cluster) {
    cluster->transfer_count = 0;
}

void transfer_close(struct cluster *cluster) {
    free(cluster->transfers);
}

struct transfer *transfer_add(struct warp *warp, const struct instruction *instruction,
                              unsigned lane) {
    struct cluster *cluster = warp->block->cluster;
    struct transfer *transfers = list_reserve(cluster->transfers, cluster->transfer_count + 1,
                                              &cluster->transfer_capacity, sizeof *transfers);
    if (!transfers) {
        warp_fault(warp, instruction, MACHINE_OUT_OF_MEMORY, lane, 0,
                   "no host memory left for a bulk copy");
        return NULL;
    }
    cluster->transfers = transfers;
    struct transfer *transfer = &cluster->transfers[cluster->transfer_count++];
    *transfer = (struct transfer){
        .instruction = instruction, .warp = warp, .lane = lane, .group = warp->bulk_group[lane]};
    return transfer;
}

/* Its bytes have come: the mbarrier that is told of them waits for so many less. */
static void complete(const struct transfer *transfer) {
    const struct shared_place place = {transfer->told, transfer->mbarrier};
    struct mbarrier mbarrier = mbarrier_unpack(mbarrier_read(&place));
    if (mbarrier.is_valid && mbarrier_add_bytes(&mbarrier, -(int64_t)transfer->bytes))
        mbarrier_settle(&place, &mbarrier);
    else
        warp_fault(transfer->warp, transfer->instruction, MACHINE_ILLEGAL_INSTRUCTION,
                   transfer->lane, place.offset,
                   "a bulk copy of %u bytes arrives at what is no mbarrier any more, or one that "
                   "cannot count so many",
                   transfer->bytes);
}

/* Bytes that it takes of shared memory. */
static uint32_t footprint(const struct transfer *transfer) {
    return transfer->tile.map.magic == TENSOR_MAP_MAGIC ? tile_bytes(&transfer->tile.map)
                                                        : transfer->bytes;
}

/* Where it reads in shared memory; NULL: it does not. */
static const struct shared_place *source_of(const struct transfer *transfer) {
    if (!transfer->has_mbarrier)
        return &transfer->shared;
    return transfer->source.block ? &transfer->source : NULL;
}

void transfer_mark(const struct transfer *transfer) {
    const uint32_t size = footprint(transfer);
    const struct shared_place *source = source_of(transfer);
    if (!transfer->warp->block->race)
        return;
    if (source)
        race_access(transfer->warp, transfer->instruction, transfer->lane, source, size,
                    RACE_PENDING | RACE_BULK, NULL);
    if (transfer->has_mbarrier && !transfer->warp->is_faulted)
        race_access(transfer->warp, transfer->instruction, transfer->lane, &transfer->shared, size,
                    RACE_WRITE | RACE_PENDING | RACE_BULK |
                        (transfer->element_bytes ? RACE_STRONG : 0U),
                    NULL);
}

static void mark_finished(const struct transfer *transfer) {
    const struct shared_place *source = source_of(transfer);
    const struct shared_place place = {transfer->told, transfer->mbarrier};
    if (!transfer->warp->block->race)
        return;
    if (source)
        race_bulk_read(transfer->warp, source, footprint(transfer));
    if (!transfer->has_mbarrier)
        return;
    race_bulk_arrived(transfer->warp, &transfer->shared, footprint(transfer));
    race_bulk_told(transfer->warp,
                   race_phase_key(&place, mbarrier_unpack(mbarrier_read(&place)).phase));
}

static void finish(const struct transfer *transfer) {
    transfer->move(transfer);
    mark_finished(transfer);
    if (transfer->has_mbarrier)
        complete(transfer);
}

static bool is_of(const struct transfer *transfer, const struct shared_place *mbarrier) {
    return transfer->has_mbarrier && transfer->told == mbarrier->block &&
           transfer->mbarrier == mbarrier->offset;
}

/* ---- Commits ---- */

/* Does the work in tensor memory that the commit's thread has begun before it, in its order, and
 * takes both out of what is under way. */
static void finish_before(struct cluster *cluster, size_t number) {
    const struct transfer commit = cluster->transfers[number];
    size_t kept = 0;
    for (size_t k = 0; k < cluster->transfer_count; k++) {
        const struct transfer transfer = cluster->transfers[k];
        const bool is_told = k < number && transfer.kind == TRANSFER_TENSOR &&
                             transfer.warp == commit.warp && transfer.lane == commit.lane;
        if (is_told)
            transfer.move(&transfer);
        else if (k != number)
            cluster->transfers[kept++] = transfer;
    }
    cluster->transfer_count = kept;
}

static void arrive(const struct transfer *commit) {
    const struct shared_place place = {commit->told, commit->mbarrier};
    struct mbarrier mbarrier = mbarrier_unpack(mbarrier_read(&place));
    if (!mbarrier.is_valid || mbarrier.pending == 0) {
        warp_fault(commit->warp, commit->instruction, MACHINE_ILLEGAL_INSTRUCTION, commit->lane,
                   place.offset,
                   "tcgen05.commit arrives at what is no mbarrier any more, or at one "
                   "that expects no more arrivals");
        return;
    }
    race_release(commit->warp, race_phase_key(&place, mbarrier.phase), LANES_ALL);
    mbarrier.pending--;
    mbarrier_settle(&place, &mbarrier);
}

/* The arrivals of one phase: those of the next come when that one is waited for. */
static bool deliver_commits(const struct shared_place *mbarrier) {
    struct cluster *cluster = mbarrier->block->cluster;
    const uint32_t phase = mbarrier_unpack(mbarrier_read(mbarrier)).phase;
    bool has_arrived = false;
    for (size_t k = 0; k < cluster->transfer_count;) {
        const struct transfer commit = cluster->transfers[k];
        if (mbarrier_unpack(mbarrier_read(mbarrier)).phase != phase || commit.warp->is_faulted)
            return has_arrived;
        if (commit.kind != TRANSFER_COMMIT || !is_of(&commit, mbarrier)) {
            k++;
            continue;
        }
        finish_before(cluster, k);
        arrive(&commit);
        has_arrived = true;
        k = 0;
    }
    return has_arrived;
}

/* ---- Waiting ---- */

bool transfer_deliver(const struct shared_place *mbarrier) {
    struct cluster *cluster = mbarrier->block->cluster;
    size_t kept = 0;
    for (size_t k = 0; k < cluster->transfer_count; k++) {
        const struct transfer transfer = cluster->transfers[k];
        if (transfer.kind == TRANSFER_COPY && is_of(&transfer, mbarrier))
            finish(&transfer);
        else
            cluster->transfers[kept++] = transfer;
    }
    const bool has_moved = kept < cluster->transfer_count;
    cluster->transfer_count = kept;
    return deliver_commits(mbarrier) || has_moved;
}

void transfer_deliver_groups(const struct warp *warp, unsigned lane, uint32_t before) {
    struct cluster *cluster = warp->block->cluster;
    size_t kept = 0;
    for (size_t k = 0; k < cluster->transfer_count; k++) {
        const struct transfer transfer = cluster->transfers[k];
        const bool is_its = transfer.kind == TRANSFER_COPY && !transfer.has_mbarrier &&
                            transfer.warp == warp && transfer.lane == lane &&
                            transfer.group < before;
        if (is_its)
            finish(&transfer);
        else
            cluster->transfers[kept++] = transfer;
    }
    cluster->transfer_count = kept;
}

/* On request it is a fault that nobody waits for what a load brings. */
static void check_waited(const struct transfer *transfer) {
    if (transfer->kind == TRANSFER_COPY && transfer->has_mbarrier && transfer->warp->block->race)
        warp_fault(transfer->warp, transfer->instruction, MACHINE_CHECK_FAILED, transfer->lane,
                   transfer->shared.offset,
                   "race in shared memory: the cluster ends while a bulk copy of %u bytes is under "
                   "way, for which nobody has waited",
                   transfer->bytes);
}

void transfer_finish(struct cluster *cluster) {
    for (size_t k = 0; k < cluster->transfer_count; k++) {
        const struct transfer *transfer = &cluster->transfers[k];
        check_waited(transfer);
        if (transfer->kind == TRANSFER_COPY)
            finish(transfer);
    }
    cluster->transfer_count = 0;
}
