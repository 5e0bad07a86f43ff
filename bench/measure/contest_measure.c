/* Counting and sampling the entries. */
#include "bench/measure/contest_measure.h"
#include "bench/measure/contest_rows.h"
#include "bench/measure/contest_stages.h"
#include "bench/measure/energy.h"
#include "gpu/counters.h"

#include <stdlib.h>

enum { PART_PASSES = 30 };

/* The counters of one more iteration, a row a kernel. */
static enum status counters_collect(struct contest *contest, struct entry *entry,
                                    struct message *message) {
    struct contender *c = &entry->contender;
    struct gpu *gpu = c->device->gpu;
    struct execution execution = contender_execution(c);
    execution.message = message;
    enum status status = STATUS_OK;
    /* Nothing was verified, so this is the first iteration, and a first one may do more. */
    if (contest->rules->is_sampled)
        status = launch_run(contest->bench_case, c->implementation, &c->launches[0], 0, &execution);
    if (status == STATUS_OK)
        status = gpu_counters_reset(gpu, message);
    if (status == STATUS_OK)
        status = launch_run(contest->bench_case, c->implementation, &c->launches[0], 0, &execution);
    size_t count = 0;
    if (status == STATUS_OK)
        status = gpu_counters_count(gpu, &count, message);
    entry->counters = status == STATUS_OK ? calloc(count + 1, sizeof *entry->counters) : NULL;
    if (status == STATUS_OK && !entry->counters)
        status =
            message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows of counters", count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct emulator_counters counted = {.size = sizeof counted};
        status = gpu_counters_read(gpu, i, &counted, message);
        if (status == STATUS_OK)
            contest_counters_write(entry, &counted, &entry->counters[entry->counters_count++]);
    }
    return status;
}

void contest_entries_count(struct contest *contest) {
    for (int i = 0; i < contest->entry_count && !contest_ask_stop(contest); i++) {
        struct entry *entry = &contest->entries[i];
        if (!entry->running || !entry->contender.device->emulated)
            continue;
        struct message message;
        enum status status = counters_collect(contest, entry, &message);
        if (status == STATUS_OK)
            contest_row_finish(entry, "emulated",
                               contest->rules->is_sampled
                                   ? "not verified: some of equal blocks ran, and were counted for "
                                     "all (--sample-blocks)"
                                   : "verified and counted; an emulated run has no time");
        else
            contest_row_end(entry, status, message.text);
        contest_stage_recover(contest, entry->contender.device);
    }
}

/* Samples those that are not done. Who breaks has ended, unless another took its device along. */
static enum status entries_sample(struct contest *contest, struct contender *running,
                                  size_t *bereft, size_t *ended, struct message *message) {
    int count = 0;
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            running[count++] = contest->entries[i].contender;
    enum status status =
        measure_contenders(running, count, &contest->rules->limits, contest->rules->stop,
                           contest->rules->stop_argument, message);
    count = 0;
    *bereft = *ended = 0;
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *entry = &contest->entries[i];
        if (!entry->running)
            continue;
        entry->contender = running[count++];
        *bereft += entry->contender.bereft;
        *ended += !entry->contender.bereft && entry->contender.status != STATUS_OK;
        if (!entry->contender.bereft && entry->contender.status != STATUS_OK)
            contest_row_end(entry, entry->contender.status, entry->contender.message.text);
    }
    return status;
}

/* The devices that were lost are made anew for the rest. */
static void devices_recover(struct contest *contest) {
    for (int d = 0; d < contest->rules->devices->count; d++)
        contest_stage_recover(contest, &contest->rules->devices->list[d]);
}

/* Where nobody ended who could have lost the device, another try would fare no better. */
static void bereft_end(struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++) {
        const struct contender *c = &contest->entries[i].contender;
        if (contest->entries[i].running && c->bereft)
            contest_row_end(&contest->entries[i], c->status, c->message.text);
    }
}

enum status contest_entries_measure(struct contest *contest, struct message *message) {
    struct contender *running = calloc((size_t)contest->entry_count, sizeof *running);
    if (!running)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %d contenders",
                           contest->entry_count);
    char name[256];
    case_name(contest->bench_case, name, sizeof name);
    progress_show(contest->rules->progress, name, "sampling");
    enum status status = STATUS_OK;
    for (bool again = true; again && status == STATUS_OK;) {
        size_t bereft = 0, ended = 0;
        status = entries_sample(contest, running, &bereft, &ended, message);
        again = bereft > 0 && ended > 0 && !contest_ranks(contest);
        if (!again)
            bereft_end(contest);
        devices_recover(contest);
    }
    free(running);
    return status;
}

static void entry_measure_parts(struct contest *contest, struct entry *entry) {
    const struct operation_parts *parts = contest->bench_case->operation->parts;
    /* What is kept is launched as a whole: it has no parts that an event could come between. */
    if (!entry->running || !parts || entry->contender.implementation->kind == KIND_YARDSTICK ||
        entry->contender.launches[0].kept)
        return;
    entry->parts = calloc((size_t)parts->most, sizeof *entry->parts);
    struct message message;
    enum status status = entry->parts ? measure_parts(&entry->contender, PART_PASSES,
                                                      0.5 * contest->rules->limits.case_seconds,
                                                      entry->parts, &entry->part_count, &message)
                                      : message_set(&message, STATUS_NO_MEMORY,
                                                    "no memory for the parts of an iteration");
    if (status != STATUS_OK)
        contest_row_end(entry, status, message.text);
    contest_stage_recover(contest, entry->contender.device);
}

static void entry_measure_energy(struct contest *contest, struct entry *entry) {
    const struct measure_limits *limits = &contest->rules->limits;
    struct message message;
    /* What ranks on one machine use cannot be told apart. */
    if (!entry->running || contest_ranks(contest))
        return;
    enum status status =
        energy_measure(&entry->contender, limits->energy_seconds, 10.0 * limits->energy_seconds,
                       &entry->contender.energy_j, &message);
    if (status != STATUS_OK)
        contest_row_end(entry, status, message.text);
    contest_stage_recover(contest, entry->contender.device);
}

void contest_entries_measure_more(struct contest *contest) {
    for (int i = 0; i < contest->entry_count && !contest_ask_stop(contest); i++)
        entry_measure_parts(contest, &contest->entries[i]);
    for (int i = 0; i < contest->entry_count && !contest_ask_stop(contest); i++)
        entry_measure_energy(contest, &contest->entries[i]);
}
