/* Ranks that join by NCCL, sum, and wait for each other; see kernels/collectives/collectives.h. */
#include "gpu/nccl.h"
#include "common/clock.h"
#include "kernels/collectives/collectives.h"
#include "ranks/ranks.h"

#include <time.h>

static const double joining_seconds = 60.0;

static void rest(long microseconds) {
    const struct timespec pause = {.tv_nsec = 1000 * microseconds};
    (void)nanosleep(&pause, NULL);
}

/* --- joining ---------------------------------------------------------------------------------- */

/* Until all have joined, one has failed, or it takes too long. */
static enum status joining_wait(struct gpu *gpu, struct ranks *ranks, struct message *message) {
    const double deadline = ranks_clock(ranks) + joining_seconds;
    bool waiting = true;
    enum status status = STATUS_OK;
    while (waiting && status == STATUS_OK) {
        status = ranks_agree(ranks, gpu_nccl_joining(gpu, &waiting, message), message);
        waiting = ranks_any(ranks, waiting);
        if (status == STATUS_OK && waiting && ranks_clock(ranks) > deadline)
            status = message_set(message, STATUS_FAILED,
                                 "NCCL has not connected the ranks within %g s; NCCL_DEBUG=INFO "
                                 "makes it say what it tries",
                                 joining_seconds);
        if (waiting && status == STATUS_OK)
            rest(1000);
    }
    return status;
}

static enum status ranks_join(struct gpu *gpu, struct ranks *ranks, struct message *message) {
    struct gpu_nccl_identity identity = {0};
    enum status status = ranks_agree(ranks, gpu_nccl_load(gpu, message), message);
    if (status == STATUS_OK)
        status = ranks_check_alike(ranks, "NCCL", gpu_nccl_version(gpu), message);
    if (status != STATUS_OK)
        return status;
    if (ranks_is_first(ranks))
        status = gpu_nccl_identify(gpu, &identity, message);
    status = ranks_agree(ranks, status, message);
    if (status != STATUS_OK)
        return status;
    ranks_broadcast(ranks, &identity, sizeof identity);
    status = gpu_nccl_join(gpu, &identity, ranks_number(ranks), ranks_count(ranks), message);
    status = ranks_agree(ranks, status, message);
    if (status == STATUS_OK)
        status = joining_wait(gpu, ranks, message);
    if (status != STATUS_OK)
        gpu_nccl_abandon(gpu);
    return status;
}

/* --- sums ------------------------------------------------------------------------------------- */

static enum status joined_check(const struct execution *execution) {
    if (!execution->gpu)
        return message_set(execution->message, STATUS_INVALID, "NCCL was called without a GPU");
    return gpu_nccl_joined(execution->gpu)
               ? STATUS_OK
               : message_set(execution->message, STATUS_INVALID,
                             "NCCL was called by ranks that have not joined");
}

static enum status sum_enqueue(const struct gpu_nccl_sum *sum, struct execution *execution) {
    const enum status status = joined_check(execution);
    return status == STATUS_OK ? gpu_nccl_sum(execution->gpu, sum, execution->message) : status;
}

enum status allreduce_nccl(const struct allreduce_problem *problem, struct execution *execution) {
    static const nccl_data_type types[] = {[DTYPE_F32] = ncclFloat32,
                                           [DTYPE_TF32] = ncclFloat32,
                                           [DTYPE_BF16] = ncclBfloat16,
                                           [DTYPE_F16] = ncclFloat16};
    const struct gpu_nccl_sum sum = {.type = types[problem->dtype],
                                     .in = problem->in,
                                     .out = problem->out,
                                     .count = problem->count,
                                     .factor = 1.0F};
    return sum_enqueue(&sum, execution);
}

enum status collectives_average(const struct collectives_mean *mean, struct execution *execution) {
    const struct gpu_nccl_sum sum = {.type = ncclFloat32,
                                     .in = mean->data,
                                     .out = mean->data,
                                     .count = mean->count,
                                     .factor = mean->share,
                                     .beside = mean->beside};
    enum status status = STATUS_OK;
    if (mean->beside && execution->gpu)
        status = gpu_beside_follow(execution->gpu, execution->message);
    return status == STATUS_OK ? sum_enqueue(&sum, execution) : status;
}

enum status collectives_finish(struct execution *execution) {
    return gpu_beside_wait(execution->gpu, execution->message);
}

/* --- exchanges -------------------------------------------------------------------------------- */

enum status collectives_pass_on(const struct collectives_ring *ring, struct execution *execution) {
    const int count = ranks_count(execution->ranks), mine = ranks_number(execution->ranks);
    const struct gpu_nccl_exchange exchange = {.sent = ring->sent,
                                               .received = ring->received,
                                               .bytes = ring->bytes,
                                               .to = (mine + 1) % count,
                                               .from = (mine + count - 1) % count};
    const enum status status = joined_check(execution);
    return status == STATUS_OK ? gpu_nccl_exchange(execution->gpu, &exchange, execution->message)
                               : status;
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* A GPU that was reset by itself is not joined any more: then none is. */
enum status collectives_enter(struct gpu *gpu, struct ranks *ranks, struct message *message) {
    if (!ranks_any(ranks, !gpu_nccl_joined(gpu)))
        return STATUS_OK;
    gpu_nccl_abandon(gpu);
    return ranks_join(gpu, ranks, message);
}

enum status collectives_wait(struct gpu *gpu, struct ranks *ranks, enum status status,
                             struct message *message) {
    bool pending = true;
    /* Who could not enqueue says more than those that were left in the middle of a sum. */
    status = ranks_agree(ranks, status, message);
    while (pending && status == STATUS_OK) {
        pending = false;
        status = gpu_nccl_check(gpu, message);
        if (status == STATUS_OK)
            status = gpu_pending(gpu, &pending, message);
        status = ranks_agree(ranks, status, message);
        pending = ranks_any(ranks, pending);
        if (pending && status == STATUS_OK)
            rest(50);
    }
    if (status != STATUS_OK)
        gpu_nccl_abandon(gpu);
    return status;
}

enum status collectives_leave(struct gpu *gpu, struct ranks *ranks, enum status status,
                              struct message *message) {
    if (status == STATUS_OK)
        status = gpu_timer_mark(gpu, message);
    return collectives_wait(gpu, ranks, status, message);
}
