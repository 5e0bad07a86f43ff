/* Running one case. */
#include "bench/measure/contest_entry.h"
#include "bench/measure/energy.h"
#include "bench/operations/selection.h"
#include "gpu/counters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_PASSES = 30, TRANSFER_PASSES = 11, COLD_SETS_MAX = 65536, EMULATED_SECONDS_MAX = 120 };
/* What a library may take to start within its first launch: code that it compiles, threads that it
 * makes. */
static const double library_start_seconds = 0.5;

/* Whoever says "verified" says it of the row as a whole: one that ends otherwise takes back what an
 * earlier launch was told. */
static void row_end(struct entry *entry, const char *status, const char *reason) {
    entry->running = false;
    if (strcmp(status, "emulated") != 0)
        entry->row.verified[0] = '\0';
    snprintf(entry->row.status, sizeof entry->row.status, "%s", status);
    snprintf(entry->row.reason, sizeof entry->row.reason, "%.*s", (int)sizeof entry->row.reason - 1,
             reason);
}

/* What a status means for a row: out of memory and unsupported are skips, everything else a
 * failure. */
void contest_row_end(struct entry *entry, enum status status, const char *reason) {
    bool skipped = status == STATUS_NO_MEMORY || status == STATUS_UNSUPPORTED;
    row_end(entry, skipped ? "skipped" : "failed", reason);
    if (status == STATUS_WRONG)
        snprintf(entry->row.verified, sizeof entry->row.verified, "no");
}

/* --- who takes part --------------------------------------------------------------------------- */

/* Skips what is known to be impossible or too slow before anything is allocated for it. */
static void entry_screen(const struct contest *contest, struct entry *entry) {
    const struct implementation *implementation = entry->contender.implementation;
    char reason[200];
    if (!implementation_can_run(implementation, contest->bench_case, reason, sizeof reason)) {
        row_end(entry, "skipped", reason);
        return;
    }
    const struct measure_limits *limits = &contest->rules->limits;
    /* Counts must not depend on how busy the machine is: an emulated row is skipped only when it
     * would take minutes. */
    double most = entry->contender.device->emulated
                      ? EMULATED_SECONDS_MAX
                      : measure_patience(limits, implementation) / (double)limits->samples_few;
    double predicted = prediction_seconds(contest->rules->predictions, &entry->contender);
    if (predicted > most) {
        snprintf(reason, sizeof reason,
                 "one iteration is predicted to take %.3g s, more than the %.3g s that leave room "
                 "for %zu samples; give more with --max-time",
                 predicted, most, limits->samples_few);
        row_end(entry, "skipped", reason);
    }
}

/* Whether the implementation is a contender of this case at all. */
static bool takes_part(const struct contest *contest, const struct implementation *implementation) {
    const struct contest_rules *rules = contest->rules;
    bool named =
        rules->implementations && list_contains(rules->implementations, implementation->name);
    bool computes = implementation_has_dtype(implementation, contest->bench_case->dtype);
    if (implementation->kind == KIND_YARDSTICK) {
        char reason[200];
        return (named || rules->yardsticks) &&
               implementation_can_run(implementation, contest->bench_case, reason, sizeof reason);
    }
    if (rules->implementations || (rules->gpu_only && implementation->device == DEVICE_CPU))
        return named;
    return computes && implementation_is_built(implementation);
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

/* Every implementation on every device of its kind with every thread count. */
static enum status entries_list(struct contest *contest, struct message *message) {
    const struct operation *operation = contest->bench_case->operation;
    const struct contest_rules *rules = contest->rules;
    size_t most = (size_t)operation->implementation_count * (size_t)rules->devices->count *
                  ((size_t)rules->thread_count + 1);
    contest->entries = calloc(most, sizeof *contest->entries);
    if (!contest->entries)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows", most);
    for (int i = 0; i < operation->implementation_count; i++) {
        const struct implementation *implementation = &operation->implementations[i];
        if (!takes_part(contest, implementation))
            continue;
        for (int d = 0; d < rules->devices->count; d++) {
            struct device *device = &rules->devices->list[d];
            bool gpu = device->gpu != NULL;
            bool lacking =
                device->emulated && implementation->kind == KIND_LIBRARY && !rules->implementations;
            if (gpu != (implementation->device == DEVICE_GPU) || lacking)
                continue;
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

static bool any_running(const struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            return true;
    return false;
}

/* --- buffers ---------------------------------------------------------------------------------- */

size_t contest_bytes(const struct bench_case *bench_case) {
    /* Inputs and one set of buffers, and at most two float64 an output element for the expected
     * values, of which no more than verify.c keeps. */
    size_t once = case_bytes(bench_case), total;
    size_t kept = once < ((size_t)108 << 20) ? 4 * once : (size_t)432 << 20;
    if (__builtin_mul_overflow(once, (size_t)2, &total) ||
        __builtin_add_overflow(total, kept, &total))
        return SIZE_MAX;
    return total;
}

enum status contest_check_memory(const struct bench_case *bench_case, struct device *cpu,
                                 struct message *message) {
    size_t available, total, needed = contest_bytes(bench_case);
    enum status status = cpu->memory(cpu, &available, &total, message);
    if (status == STATUS_OK && needed > available)
        status = message_set(message, STATUS_NO_MEMORY,
                             "needs %zu bytes of memory and %zu are available", needed, available);
    return status;
}

static void stage_close(struct stage *stage) {
    for (int i = 0; i < stage->set_count; i++)
        buffer_set_close(&stage->sets[i]);
    free(stage->sets);
    *stage = (struct stage){0};
}

/* Says before anything is allocated what is missing. */
static enum status stage_check_memory(struct device *device, size_t sets, size_t set_bytes,
                                      struct message *message) {
    size_t available, total, needed;
    enum status status = device->memory(device, &available, &total, message);
    if (status != STATUS_OK)
        return status;
    if (__builtin_mul_overflow(sets, set_bytes, &needed))
        needed = SIZE_MAX;
    if (needed <= available)
        return STATUS_OK;
    return message_set(message, STATUS_NO_MEMORY,
                       "needs %zu bytes on %s, where %zu of %zu are free; choose a smaller shape",
                       needed, device->name, available, total);
}

/* Hot: one set. Cold: as many as exceed the last-level cache twice by what an implementation
 * touches, each used once a round. Fewer would be timed in the cache under the name of cold. */
static enum status stage_count_sets(const struct contest *contest, const struct device *device,
                                    int *count, struct message *message) {
    *count = 1;
    if (!contest->rules->cold)
        return STATUS_OK;
    size_t bytes = buffer_set_data_bytes(&contest->inputs);
    size_t sets = 2 * device->last_level_cache / bytes + 2;
    if (sets > COLD_SETS_MAX)
        return message_set(message, STATUS_UNSUPPORTED,
                           "is too small to be cold: %zu sets of its %zu bytes exceed the cache of "
                           "%s twice, and %d are the most; choose a larger shape",
                           sets, bytes, device->name, COLD_SETS_MAX);
    *count = (int)sets;
    return STATUS_OK;
}

static enum status stage_open(struct contest *contest, int d, struct message *message) {
    struct device *device = &contest->rules->devices->list[d];
    struct stage *stage = &contest->stages[d];
    int wanted;
    enum status status = stage_count_sets(contest, device, &wanted, message);
    if (status == STATUS_OK)
        status =
            stage_check_memory(device, (size_t)wanted, buffer_set_bytes(&contest->inputs), message);
    if (status != STATUS_OK)
        return status;
    stage->transfer_s = NAN;
    stage->sets = calloc((size_t)wanted, sizeof *stage->sets);
    if (!stage->sets)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %d sets of buffers", wanted);
    while (stage->set_count < wanted && status == STATUS_OK) {
        status = buffer_set_open(&stage->sets[stage->set_count], device, &contest->inputs, message);
        stage->set_count += status == STATUS_OK;
    }
    if (status != STATUS_OK)
        stage_close(stage);
    return status;
}

/* Opens the buffers of every device that has a running entry and binds the entries to them. */
static enum status stages_open(struct contest *contest, struct message *message) {
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *entry = &contest->entries[i];
        if (!entry->running)
            continue;
        int d = (int)(entry->contender.device - contest->rules->devices->list);
        enum status status = STATUS_OK;
        if (!contest->stages[d].sets)
            status = stage_open(contest, d, message);
        if (status == STATUS_OK)
            status = contender_open(&entry->contender, contest->bench_case,
                                    entry->contender.implementation, entry->contender.device,
                                    entry->contender.threads, contest->stages[d].sets,
                                    contest->stages[d].set_count, message);
        entry->contender.ranges = contest->rules->ranges;
        if (status != STATUS_OK)
            contest_row_end(entry, status, message->text);
    }
    return STATUS_OK;
}

/* --- verifying and measuring ------------------------------------------------------------------ */

/* Checks one launch, the first one's or another than it; false when the entry's part ends with it.
 * Another is of the last set of buffers and of a later iteration: a cold row is timed on all sets,
 * and a network takes another batch in each of LATER_ITERATION + 1 iterations. */
static bool entry_launch(const struct contest *contest, struct entry *entry, bool first,
                         struct check *check) {
    enum { LATER_ITERATION = 7 };
    struct contender *c = &entry->contender;
    struct message message;
    enum status status = contender_check_device(c, &message);
    if (status != STATUS_OK) {
        contest_row_end(entry, status, message.text);
        return false;
    }
    struct execution execution = contender_execution(c);
    contender_enter(c, false);
    contender_range_begin(c, "verify");
    int set = first ? 0 : c->set_count - 1;
    status = verify_launch(contest->expectation, c->implementation, &c->launches[set],
                           first ? 0 : LATER_ITERATION, &c->sets[set], &execution, check, &message);
    contender_range_end(c);
    entry->row.error = check->error;
    entry->row.tolerance = check->tolerance;
    if (status != STATUS_OK) {
        contest_row_end(entry, status, message.text);
        return false;
    }
    snprintf(entry->row.verified, sizeof entry->row.verified, "yes");
    return true;
}

static void entry_verify(const struct contest *contest, struct entry *entry, bool first) {
    const struct contender *c = &entry->contender;
    struct check check;
    if (!entry->running || c->implementation->kind == KIND_YARDSTICK ||
        !entry_launch(contest, entry, first, &check))
        return;
    if (c->device->emulated)
        prediction_learn(contest->rules->predictions, c, check.seconds);
    if (!first || c->device->emulated)
        return;
    const struct measure_limits *limits = &contest->rules->limits;
    double most = measure_patience(limits, c->implementation) / (double)limits->samples_few;
    /* A first launch may carry a library's start; where it may be no more than that, a second one
     * decides. */
    if (check.seconds > 1.5 * most && check.seconds < library_start_seconds &&
        !entry_launch(contest, entry, true, &check))
        return;
    if (check.seconds > 1.5 * most) {
        char reason[200];
        snprintf(
            reason, sizeof reason,
            "verified, but one iteration took %.3g s, more than the %.3g s that leave room for "
            "%zu samples; give more with --max-time",
            check.seconds, most, limits->samples_few);
        row_end(entry, "skipped", reason);
    }
}

static void entries_verify(struct contest *contest, const char *phase, bool first) {
    char name[256];
    case_name(contest->bench_case, name, sizeof name);
    progress_show(contest->rules->progress, name, phase);
    for (int i = 0; i < contest->entry_count; i++)
        entry_verify(contest, &contest->entries[i], first);
}

/* The counters of one more iteration, a row a kernel. */
static enum status counters_collect(struct contest *contest, struct entry *entry,
                                    struct message *message) {
    struct contender *c = &entry->contender;
    struct gpu *gpu = c->device->gpu;
    struct execution execution = contender_execution(c);
    execution.message = message;
    enum status status = gpu_counters_reset(gpu, message);
    if (status == STATUS_OK)
        status = contest->bench_case->operation->launch(c->implementation, &c->launches[0], 0,
                                                        &execution);
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

/* An emulated row ends here: verified and counted, never timed. */
static void entries_count(struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *entry = &contest->entries[i];
        if (!entry->running || !entry->contender.device->emulated)
            continue;
        struct message message;
        enum status status = counters_collect(contest, entry, &message);
        if (status == STATUS_OK)
            row_end(entry, "emulated", "verified and counted; an emulated run has no time");
        else
            contest_row_end(entry, status, message.text);
    }
}

/* Measures the running entries side by side. */
static enum status entries_measure(struct contest *contest, struct message *message) {
    struct contender *running = calloc((size_t)contest->entry_count, sizeof *running);
    if (!running)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %d contenders",
                           contest->entry_count);
    int count = 0;
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            running[count++] = contest->entries[i].contender;
    char name[256];
    case_name(contest->bench_case, name, sizeof name);
    progress_show(contest->rules->progress, name, "sampling");
    enum status status =
        measure_contenders(running, count, &contest->rules->limits, contest->rules->stop,
                           contest->rules->stop_argument, message);
    count = 0;
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *entry = &contest->entries[i];
        if (!entry->running)
            continue;
        entry->contender = running[count++];
        if (entry->contender.status != STATUS_OK)
            contest_row_end(entry, entry->contender.status, entry->contender.message.text);
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
}

static void entry_measure_energy(struct contest *contest, struct entry *entry) {
    const struct measure_limits *limits = &contest->rules->limits;
    struct message message;
    if (!entry->running)
        return;
    enum status status =
        energy_measure(&entry->contender, limits->energy_seconds, 10.0 * limits->energy_seconds,
                       &entry->contender.energy_j, &message);
    if (status != STATUS_OK)
        contest_row_end(entry, status, message.text);
}

/* The buffers are the same for all rows of a device, so their way there and back is timed once. */
static void stages_time_transfers(struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *entry = &contest->entries[i];
        struct device *device = entry->contender.device;
        struct stage *stage = &contest->stages[device - contest->rules->devices->list];
        if (!entry->running || !device->transfer_time || !isnan(stage->transfer_s) ||
            *stage->transfer_failure.text)
            continue;
        struct device_transfer transfers[BUFFERS_MAX];
        int count = buffer_set_transfers(&stage->sets[0], transfers);
        struct message *failure = &stage->transfer_failure;
        enum status status = device->transfer_time(device, transfers, count, TRANSFER_PASSES,
                                                   &stage->transfer_s, failure);
        if (status == STATUS_OK)
            continue;
        stage->transfer_s = NAN;
        if (device->lost && device->lost(device))
            contest_row_end(entry, status, failure->text);
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Whatever was lost in this case is there again for the next; a device that cannot be reset says so
 * in its rows. */
static void devices_recover(struct devices *devices) {
    for (int d = 0; d < devices->count; d++) {
        struct device *device = &devices->list[d];
        struct message message;
        if (device->lost && device->lost(device))
            (void)device->reset(device, &message);
    }
}

void contest_close(struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++) {
        contender_close(&contest->entries[i].contender);
        free(contest->entries[i].parts);
        free(contest->entries[i].counters);
    }
    free(contest->entries);
    expectation_close(contest->expectation);
    for (int d = 0; d < DEVICES_MAX; d++)
        stage_close(&contest->stages[d]);
    devices_recover(contest->rules->devices);
    inputs_close(&contest->inputs);
}

static void entries_end(struct contest *contest, enum status status, const char *reason) {
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            contest_row_end(&contest->entries[i], status, reason);
}

enum status contest_open(struct contest *contest, const struct contest_rules *rules,
                         const struct bench_case *bench_case, const struct result *done,
                         size_t done_count, struct message *message) {
    *contest = (struct contest){
        .rules = rules, .bench_case = bench_case, .done = done, .done_count = done_count};
    return entries_list(contest, message);
}

bool contest_prepare(struct contest *contest) {
    struct message why;
    enum status status =
        contest_check_memory(contest->bench_case, &contest->rules->devices->list[0], &why);
    if (status == STATUS_OK)
        status = inputs_open(contest->bench_case, &contest->inputs, &why);
    if (status == STATUS_OK)
        status = stages_open(contest, &why);
    if (status != STATUS_OK)
        entries_end(contest, status, why.text);
    return any_running(contest);
}

bool contest_verify(struct contest *contest) {
    struct message why;
    enum status status =
        expectation_open(contest->bench_case, &contest->inputs, &contest->expectation, &why);
    if (status == STATUS_OK)
        entries_verify(contest, "verifying", true);
    else
        entries_end(contest, status, why.text);
    return any_running(contest);
}

/* Everything that needs the buffers. A status other than OK ends the run; what only ends the case
 * is in its rows. */
static enum status contest_play(struct contest *contest, struct message *message) {
    if (!contest_prepare(contest) || !contest_verify(contest))
        return STATUS_OK;
    entries_count(contest);
    enum status status = any_running(contest) ? entries_measure(contest, message) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    for (int i = 0; i < contest->entry_count; i++)
        entry_measure_parts(contest, &contest->entries[i]);
    for (int i = 0; i < contest->entry_count; i++)
        entry_measure_energy(contest, &contest->entries[i]);
    stages_time_transfers(contest);
    entries_verify(contest, "verifying again", false);
    return STATUS_OK;
}

enum status contest_run(const struct contest_rules *rules, const struct bench_case *bench_case,
                        const struct result *done, size_t done_count, struct case_rows *rows,
                        struct message *message) {
    struct contest contest;
    *rows = (struct case_rows){0};
    char name[256];
    case_name(bench_case, name, sizeof name);
    enum status status = contest_open(&contest, rules, bench_case, done, done_count, message);
    nvtx_push(rules->ranges, name);
    if (status == STATUS_OK && any_running(&contest))
        status = contest_play(&contest, message);
    nvtx_pop(rules->ranges);
    if (status == STATUS_OK)
        status = contest_rows_make(&contest, rows, message);
    contest_close(&contest);
    return status;
}
