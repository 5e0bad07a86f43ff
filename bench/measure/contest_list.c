/* Listing who takes part. */
#include "bench/measure/contest_list.h"
#include "bench/measure/contest_rows.h"
#include "bench/selection/selection.h"
#include "ranks/ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EMULATED_SECONDS_MAX = 120 };

/* The least that an iteration can take: its operations at the measured peak. 0: not known. A
 * doubtful peak is no less than one thread's, and so many threads reach at most so many times
 * it. */
static double least_seconds(const struct contest *contest, const struct entry *entry) {
    const struct contender *c = &entry->contender;
    const struct ceilings *ceilings = contest_ceilings(contest, entry);
    if (c->device->emulated || c->implementation->over_ranks || !ceilings)
        return 0.0;
    const enum dtype dtype = contest->bench_case->dtype;
    double peak = ceilings->flops_per_second[dtype];
    if (ceilings->peak_doubtful[dtype] && c->threads > 1)
        peak *= c->threads;
    return peak > 0.0 ? entry->row.flops / peak : 0.0;
}

/* Skips what is known to be impossible or too slow before anything is allocated for it. */
static void entry_screen(const struct contest *contest, struct entry *entry) {
    const struct implementation *implementation = entry->contender.implementation;
    char reason[sizeof entry->row.reason];
    if (!implementation_can_run(implementation, contest->bench_case, reason, sizeof reason)) {
        contest_row_finish(entry, "skipped", reason);
        return;
    }
    const struct measure_limits *limits = &contest->rules->limits;
    /* Counts must not depend on how busy the machine is: an emulated row is skipped only when it
     * would take minutes. */
    double most = entry->contender.device->emulated
                      ? EMULATED_SECONDS_MAX
                      : measure_patience(limits, implementation) / (double)limits->samples_few;
    double predicted = prediction_seconds(contest->rules->predictions, &entry->contender);
    const bool is_known = predicted > 0.0;
    /* Each rank has measured ceilings of its own: what one skips, all skip. */
    const double seconds =
        ranks_slowest(contest_ranks(contest), is_known ? predicted : least_seconds(contest, entry));
    if (seconds > most) {
        snprintf(reason, sizeof reason,
                 "one iteration %s %.3g s%s, more than the %.3g s that leave room for %zu samples; "
                 "give more with --max-time",
                 is_known ? "is predicted to take" : "takes at least", seconds,
                 is_known ? "" : " at the measured peak", most, limits->samples_few);
        contest_row_finish(entry, "skipped", reason);
    }
}

/* Whether the implementation is a contender of this case at all. */
static bool takes_part(const struct contest_rules *rules, const struct bench_case *bench_case,
                       const struct implementation *implementation) {
    bool named =
        rules->implementations && list_contains(rules->implementations, implementation->name);
    bool computes = implementation_has_dtype(implementation, bench_case->dtype) &&
                    implementation_has_variant(implementation, bench_case->variant);
    if (implementation->kind == KIND_YARDSTICK) {
        char reason[200];
        return (named || rules->yardsticks) &&
               implementation_can_run(implementation, bench_case, reason, sizeof reason);
    }
    if (rules->implementations && !implementation->added)
        return named;
    if (implementation->over_ranks && !rules->devices->list[0].ranks &&
        !bench_case->operation->between_ranks)
        return false;
    if (rules->gpu_only && implementation->device == DEVICE_CPU)
        return implementation->added && computes;
    return computes && implementation_is_built(implementation);
}

/* Whether it takes part on this device. A library's row is on the emulated GPU only where it was
 * named: then it says why it cannot run there. */
static bool takes_part_on(const struct contest_rules *rules, const struct bench_case *bench_case,
                          const struct implementation *implementation,
                          const struct device *device) {
    const bool is_lacking =
        device->emulated && implementation->kind == KIND_LIBRARY && !rules->implementations;
    return (device->gpu != NULL) == (implementation->device == DEVICE_GPU) && !is_lacking &&
           takes_part(rules, bench_case, implementation);
}

bool contest_uses(const struct contest_rules *rules, const struct bench_case *bench_case,
                  const struct device *device) {
    const struct operation *operation = bench_case->operation;
    for (int i = 0; i < operation->implementation_count; i++)
        if (takes_part_on(rules, bench_case, &operation->implementations[i], device))
            return true;
    return false;
}

bool contest_joins(const struct contest_rules *rules, const struct bench_case *bench_case,
                   const struct device *device) {
    const struct operation *operation = bench_case->operation;
    for (int i = 0; i < operation->implementation_count; i++)
        if (operation->implementations[i].over_ranks &&
            takes_part_on(rules, bench_case, &operation->implementations[i], device))
            return true;
    return false;
}

static void entry_add(struct contest *contest, const struct implementation *implementation,
                      struct device *device, int threads) {
    struct entry *entry = &contest->entries[contest->entry_count];
    memset(entry, 0, sizeof *entry);
    entry->contender = (struct contender){.bench_case = contest->bench_case,
                                          .implementation = implementation,
                                          .device = device,
                                          .threads = threads};
    contest_row_begin(contest, entry);
    for (size_t i = 0; i < contest->done_count; i++)
        if (row_key_equal(&entry->row.key, &contest->done[i].key))
            return;
    entry->running = true;
    contest->entry_count++;
    entry_screen(contest, entry);
}

enum status contest_list(struct contest *contest, struct message *message) {
    const struct operation *operation = contest->bench_case->operation;
    const struct contest_rules *rules = contest->rules;
    size_t most = (size_t)operation->implementation_count * (size_t)rules->devices->count *
                  ((size_t)rules->thread_count + 1);
    contest->entries = calloc(most, sizeof *contest->entries);
    if (!contest->entries)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows", most);
    for (int i = 0; i < operation->implementation_count; i++) {
        const struct implementation *implementation = &operation->implementations[i];
        for (int d = 0; d < rules->devices->count; d++) {
            struct device *device = &rules->devices->list[d];
            if (!takes_part_on(rules, contest->bench_case, implementation, device))
                continue;
            bool gpu = device->gpu != NULL;
            int last = gpu ? 1 : rules->thread_count;
            for (int t = implementation->one_thread ? rules->thread_count - 1 : 0; t < last; t++)
                entry_add(contest, implementation, device,
                          gpu                          ? 0
                          : implementation->one_thread ? 1
                                                       : rules->threads[t]);
        }
    }
    return STATUS_OK;
}
