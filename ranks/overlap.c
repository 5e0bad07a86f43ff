/* Sums that are begun while the caller computes.
 *
 * Most MPIs move data only while they are called, and their sums without waiting are slower than
 * those with it. There to begin early is a loss, so whether a sum goes on by itself is found out
 * first.
 */
#include "common/clock.h"
#include "ranks/shared.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_COUNT = 1 << 18, PROBE_TRIES = 5 };

/* A sum is begun, left alone for twice the time of one, and ended. It went on where the end takes
 * less than half of that time. The best tries count: others may use the processors too. */
static bool sum_goes_on(struct ranks *ranks, float *data) {
    double whole = INFINITY, end = INFINITY;
    for (int i = 0; i < PROBE_TRIES; i++) {
        double start = clock_seconds();
        ranks->api->allreduce(MPI_ELEMENT_F32, NULL, data, PROBE_COUNT);
        whole = fmin(whole, ranks_slowest(ranks, clock_seconds() - start));
        ranks->api->allreduce_begin(MPI_ELEMENT_F32, data, PROBE_COUNT);
        start = clock_seconds();
        while (clock_seconds() - start < 2.0 * whole)
            continue;
        start = clock_seconds();
        ranks->api->allreduce_finish();
        end = fmin(end, ranks_slowest(ranks, clock_seconds() - start));
    }
    return end < 0.5 * whole;
}

enum status overlap_read(enum overlap *overlap, struct message *message) {
    const char *text = getenv("LOCKSTEP_OVERLAP");
    *overlap = OVERLAP_UNKNOWN;
    if (!text || !*text)
        return STATUS_OK;
    *overlap = strcmp(text, "yes") == 0 ? OVERLAP_YES : OVERLAP_NO;
    if (*overlap == OVERLAP_YES || strcmp(text, "no") == 0)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "LOCKSTEP_OVERLAP=%.40s: give yes or no, or unset it to find out", text);
}

/* What was given to any rank holds for all; where nothing was, a probe says it. */
static void overlap_find(struct ranks *ranks) {
    const bool yes = ranks_any(ranks, ranks->overlap == OVERLAP_YES);
    const bool no = ranks_any(ranks, ranks->overlap == OVERLAP_NO);
    ranks->overlap = yes && !no ? OVERLAP_YES : OVERLAP_NO;
    if (yes || no)
        return;
    float *data = calloc(PROBE_COUNT, sizeof *data);
    if (!ranks_any(ranks, !data) && data && sum_goes_on(ranks, data))
        ranks->overlap = OVERLAP_YES;
    free(data);
}

static void weigh(const struct ranks_mean *mean) {
    const int64_t worth_threads = 1 << 15;
    float *data = mean->data;
#pragma omp parallel for simd num_threads(mean->threads) if (mean->count > worth_threads)
    for (int64_t i = 0; i < mean->count; i++)
        data[i] *= mean->weight;
}

void ranks_mean(struct ranks *ranks, const struct ranks_mean *mean) {
    if (ranks_allreduce_shared(ranks, DTYPE_F32, mean->weight, mean->data, mean->data, mean->count))
        return;
    weigh(mean);
    ranks->api->allreduce(MPI_ELEMENT_F32, NULL, mean->data, mean->count);
}

void ranks_mean_divided(struct ranks *ranks, const struct ranks_mean *mean,
                        float *const updated[RANKS_UPDATED_MAX]) {
    ranks->divided = shared_mean_own(ranks, mean, updated);
    if (!ranks->divided)
        ranks_mean(ranks, mean);
}

static void waiting_sum(struct ranks *ranks) {
    if (ranks->waiting.count > 0)
        ranks_mean(ranks, &ranks->waiting);
    ranks->waiting.count = 0;
}

/* Neighbours in memory wait as one. */
static void waiting_add(struct ranks *ranks, const struct ranks_mean *mean) {
    struct ranks_mean *waiting = &ranks->waiting;
    const bool below = mean->data + mean->count == waiting->data;
    const bool above = waiting->data && waiting->data + waiting->count == mean->data;
    const bool alike = mean->weight == waiting->weight && mean->threads == waiting->threads;
    if (!alike || (!below && !above))
        waiting_sum(ranks);
    if (waiting->count == 0) {
        *waiting = *mean;
        return;
    }
    if (below)
        waiting->data = mean->data;
    waiting->count += mean->count;
}

bool ranks_overlap(struct ranks *ranks) {
    if (!ranks)
        return false;
    if (!ranks->overlap_agreed)
        overlap_find(ranks);
    ranks->overlap_agreed = true;
    return ranks->overlap == OVERLAP_YES;
}

void ranks_mean_begin(struct ranks *ranks, const struct ranks_mean *mean) {
    if (!ranks_overlap(ranks)) {
        waiting_add(ranks, mean);
        return;
    }
    weigh(mean);
    ranks->api->allreduce_begin(MPI_ELEMENT_F32, mean->data, mean->count);
}

void ranks_mean_finish(struct ranks *ranks) {
    waiting_sum(ranks);
    ranks->api->allreduce_finish();
}
