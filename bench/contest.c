/* Running one case. */
#include "bench/contest.h"
#include "bench/selection.h"
#include "bench/verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_PASSES = 30, COLD_SETS_MAX = 4096 };

/* One contender and the row that it will have. */
struct entry {
    struct contender contender;
    bool running; /* takes part still: not skipped, not failed */
    bool opened;
    struct result row;
    struct measured_part *parts;
    int part_count;
};

/* The buffers of one device. */
struct stage {
    struct buffer_set *sets;
    int set_count;
};

struct contest {
    const struct contest_rules *rules;
    const struct bench_case *bench_case;
    struct entry *entries;
    int entry_count;
    struct inputs inputs;
    struct stage stages[DEVICES_MAX];
    struct expectation *expectation;
};

static void row_end(struct entry *entry, const char *status, const char *reason) {
    entry->running = false;
    snprintf(entry->row.status, sizeof entry->row.status, "%s", status);
    snprintf(entry->row.reason, sizeof entry->row.reason, "%.*s", (int)sizeof entry->row.reason - 1,
             reason);
}

/* What a status means for a row: out of memory and unsupported are skips, everything else a
 * failure. */
static void row_end_by_status(struct entry *entry, enum status status, const char *reason) {
    bool skipped = status == STATUS_NO_MEMORY || status == STATUS_UNSUPPORTED;
    row_end(entry, skipped ? "skipped" : "failed", reason);
    if (status == STATUS_WRONG)
        snprintf(entry->row.verified, sizeof entry->row.verified, "no");
}

/* --- who takes part
 * -------------------------------------------------------------------------------------------------
 */

static struct result row_new(const struct contest *contest, const struct contender *c) {
    const struct bench_case *bench_case = contest->bench_case;
    struct result row = {.median_s = NAN,
                         .low_s = NAN,
                         .high_s = NAN,
                         .mean_s = NAN,
                         .min_s = NAN,
                         .noise = NAN,
                         .transfer_s = NAN,
                         .gflops = NAN,
                         .gbps = NAN,
                         .limit_fraction = NAN,
                         .speedup = NAN,
                         .speedup_with_transfer = NAN,
                         .error = NAN,
                         .tolerance = NAN,
                         .energy_j = NAN};
    const struct implementation *implementation = c->implementation;
    row.flops = implementation->flops ? implementation->flops(bench_case)
                                      : bench_case->operation->flops(bench_case);
    row.bytes = implementation->bytes ? implementation->bytes(bench_case)
                                      : bench_case->operation->bytes(bench_case);
    struct row_key *key = &row.key;
    snprintf(key->operation, sizeof key->operation, "%s", bench_case->operation->name);
    snprintf(key->variant, sizeof key->variant, "%s",
             bench_case->operation->variants[bench_case->variant]);
    snprintf(key->dtype, sizeof key->dtype, "%s", dtype_name(bench_case->dtype));
    case_shape(bench_case, key->shape, sizeof key->shape);
    snprintf(key->implementation, sizeof key->implementation, "%s", implementation->name);
    snprintf(key->device, sizeof key->device, "%s", c->device->name);
    key->threads = c->threads;
    snprintf(key->mode, sizeof key->mode, "%s", contest->rules->cold ? "cold" : "hot");
    return row;
}

/* Skips what is known to be impossible or too slow before anything is allocated for it. */
static void entry_screen(const struct contest *contest, struct entry *entry) {
    const struct implementation *implementation = entry->contender.implementation;
    if (implementation->absent && implementation->absent()) {
        row_end(entry, "skipped", "its library was not there when this was built");
        return;
    }
    const char *refusal =
        implementation->refusal ? implementation->refusal(contest->bench_case) : NULL;
    if (refusal) {
        row_end(entry, "skipped", refusal);
        return;
    }
    const struct measure_limits *limits = &contest->rules->limits;
    double most = limits->patience * limits->case_seconds / (double)limits->samples_few;
    double predicted = prediction_seconds(contest->rules->predictions, &entry->contender);
    if (predicted > most) {
        char reason[200];
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
    if (implementation->yardstick) {
        bool wanted = named || rules->yardsticks;
        return wanted &&
               (!implementation->refusal || !implementation->refusal(contest->bench_case));
    }
    if (rules->implementations)
        return named;
    return !implementation->absent || !implementation->absent();
}

static void entry_add(struct contest *contest, const struct implementation *implementation,
                      struct device *device, int threads, const struct result *done,
                      size_t done_count) {
    struct entry *entry = &contest->entries[contest->entry_count];
    memset(entry, 0, sizeof *entry);
    entry->contender = (struct contender){.bench_case = contest->bench_case,
                                          .implementation = implementation,
                                          .device = device,
                                          .threads = threads};
    entry->row = row_new(contest, &entry->contender);
    for (size_t i = 0; i < done_count; i++)
        if (row_key_equal(&entry->row.key, &done[i].key))
            return;
    entry->running = true;
    contest->entry_count++;
    entry_screen(contest, entry);
}

/* Every implementation on every device of its kind with every thread count. */
static enum status entries_list(struct contest *contest, const struct result *done,
                                size_t done_count, struct message *message) {
    const struct operation *operation = contest->bench_case->operation;
    const struct contest_rules *rules = contest->rules;
    size_t most = (size_t)(operation->implementation_count * rules->devices->count *
                           (rules->thread_count + 1));
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
            if (gpu != (implementation->device == DEVICE_GPU))
                continue;
            int last = gpu ? 1 : rules->thread_count;
            for (int t = implementation->one_thread ? rules->thread_count - 1 : 0; t < last; t++)
                entry_add(contest, implementation, device,
                          implementation->one_thread ? 1 : rules->threads[t], done, done_count);
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

/* --- buffers
 * --------------------------------------------------------------------------------------------------------
 */

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

static enum status memory_check(const struct contest *contest, struct message *message) {
    struct device *cpu = &contest->rules->devices->list[0];
    size_t available, total, needed = contest_bytes(contest->bench_case);
    enum status status = cpu->memory(cpu, &available, &total, message);
    if (status == STATUS_OK && needed > available)
        status = message_set(message, STATUS_NO_MEMORY,
                             "needs %zu bytes of memory and %zu are available", needed, available);
    return status;
}

/* Hot: one set. Cold: enough sets to exceed the last-level cache twice, each used once a round. */
static enum status stage_open(struct contest *contest, int d, struct message *message) {
    struct device *device = &contest->rules->devices->list[d];
    struct stage *stage = &contest->stages[d];
    int wanted = 1;
    if (contest->rules->cold) {
        size_t bytes = buffer_set_bytes(&contest->inputs);
        size_t sets = 2 * device->last_level_cache / bytes + 2;
        wanted = sets < COLD_SETS_MAX ? (int)sets : COLD_SETS_MAX;
    }
    stage->sets = calloc((size_t)wanted, sizeof *stage->sets);
    if (!stage->sets)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %d sets of buffers", wanted);
    enum status status = STATUS_OK;
    while (stage->set_count < wanted && status == STATUS_OK) {
        status = buffer_set_open(&stage->sets[stage->set_count], device, &contest->inputs, message);
        stage->set_count += status == STATUS_OK;
    }
    return status;
}

static void stage_close(struct stage *stage) {
    for (int i = 0; i < stage->set_count; i++)
        buffer_set_close(&stage->sets[i]);
    free(stage->sets);
    *stage = (struct stage){0};
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
        entry->opened = status == STATUS_OK;
        if (status != STATUS_OK)
            row_end_by_status(entry, status, message->text);
    }
    return STATUS_OK;
}

/* --- verifying and measuring
 * ---------------------------------------------------------------------------------------- */

static void entry_verify(struct contest *contest, struct entry *entry, bool first) {
    struct contender *c = &entry->contender;
    if (!entry->running || c->implementation->yardstick)
        return;
    struct message message;
    struct verdict verdict;
    struct execution execution = contender_execution(c);
    contender_enter(c, false);
    enum status status = verify_launch(contest->expectation, c->implementation, &c->sets[0],
                                       &execution, &verdict, &message);
    entry->row.error = verdict.error;
    entry->row.tolerance = verdict.tolerance;
    if (status != STATUS_OK) {
        row_end_by_status(entry, status, message.text);
        return;
    }
    snprintf(entry->row.verified, sizeof entry->row.verified, "yes");
    const struct measure_limits *limits = &contest->rules->limits;
    double most = limits->patience * limits->case_seconds / (double)limits->samples_few;
    if (first && verdict.seconds > 1.5 * most) {
        char reason[200];
        snprintf(
            reason, sizeof reason,
            "verified, but one iteration took %.3g s, more than the %.3g s that leave room for "
            "%zu samples; give more with --max-time",
            verdict.seconds, most, limits->samples_few);
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
            row_end_by_status(entry, entry->contender.status, entry->contender.message.text);
    }
    free(running);
    return status;
}

static void entry_measure_parts(struct contest *contest, struct entry *entry) {
    const struct operation *operation = contest->bench_case->operation;
    if (!entry->running || !operation->plan || entry->contender.implementation->yardstick)
        return;
    entry->parts =
        calloc(sizeof((struct mlp_plan *)0)->parts / sizeof(struct mlp_part), sizeof *entry->parts);
    struct message message;
    enum status status = entry->parts ? measure_parts(&entry->contender, PART_PASSES,
                                                      0.5 * contest->rules->limits.case_seconds,
                                                      entry->parts, &entry->part_count, &message)
                                      : message_set(&message, STATUS_NO_MEMORY,
                                                    "no memory for the parts of an iteration");
    if (status != STATUS_OK)
        row_end_by_status(entry, status, message.text);
}

/* --- rows
 * -----------------------------------------------------------------------------------------------------------
 */

static const struct ceilings *ceilings_of(const struct contest *contest, const struct entry *e) {
    for (int i = 0; i < contest->rules->thread_count; i++)
        if (contest->rules->ceilings[i].threads == e->contender.threads)
            return &contest->rules->ceilings[i];
    return NULL;
}

static void row_fill(const struct contest *contest, struct entry *entry, double *scratch) {
    struct result *row = &entry->row;
    const struct contender *c = &entry->contender;
    struct statistics statistics;
    statistics_compute(c->samples, c->sample_count, scratch, &statistics);
    snprintf(row->status, sizeof row->status, "measured");
    snprintf(row->reason, sizeof row->reason, "%s", measure_end_text(c->end));
    row->samples = (int64_t)c->sample_count;
    row->iterations = c->iterations;
    row->median_s = statistics.median;
    row->low_s = statistics.low;
    row->high_s = statistics.high;
    row->mean_s = statistics.mean;
    row->min_s = statistics.min;
    row->noise = statistics.noise;
    row->gflops = row->flops / row->median_s * 1e-9;
    row->gbps = row->bytes / row->median_s * 1e-9;
    const struct ceilings *ceilings = ceilings_of(contest, entry);
    if (ceilings)
        row->limit_fraction =
            ceilings_limit(ceilings, row->flops, row->bytes,
                           (double)case_bytes(contest->bench_case), contest->rules->cold) /
            row->median_s;
    prediction_learn(contest->rules->predictions, c, statistics.median);
}

/* The fastest CPU implementation on all cores: never a plain one, never a yardstick, never
 * unverified. */
static double fastest_cpu(const struct contest *contest) {
    double fastest = NAN;
    for (int i = 0; i < contest->entry_count; i++) {
        const struct entry *e = &contest->entries[i];
        const struct contender *c = &e->contender;
        bool counts = e->running && !c->device->gpu && !c->implementation->plain &&
                      !c->implementation->yardstick && c->threads == contest->rules->threads[0];
        if (counts && !(e->row.median_s >= fastest))
            fastest = e->row.median_s;
    }
    return fastest;
}

static enum status rows_build(struct contest *contest, struct contest_rows *rows,
                              struct message *message) {
    size_t samples = 0, parts = 0, most = 0;
    for (int i = 0; i < contest->entry_count; i++) {
        const struct entry *e = &contest->entries[i];
        size_t count = e->running ? e->contender.sample_count : 0;
        samples += count;
        parts += e->running ? (size_t)e->part_count : 0;
        most = count > most ? count : most;
    }
    rows->results = calloc((size_t)contest->entry_count + 1, sizeof *rows->results);
    rows->samples = calloc(samples + 1, sizeof *rows->samples);
    rows->parts = calloc(parts + 1, sizeof *rows->parts);
    double *scratch = malloc((most + 1) * sizeof *scratch);
    if (!rows->results || !rows->samples || !rows->parts || !scratch) {
        free(scratch);
        contest_rows_release(rows);
        return message_set(message, STATUS_NO_MEMORY, "no memory for the rows of a case");
    }
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            row_fill(contest, &contest->entries[i], scratch);
    free(scratch);
    return STATUS_OK;
}

static void entry_write(const struct entry *e, struct contest_rows *rows) {
    rows->results[rows->result_count++] = e->row;
    if (!e->running)
        return;
    for (size_t s = 0; s < e->contender.sample_count; s++)
        rows->samples[rows->sample_count++] = (struct sample_row){
            .key = e->row.key, .sample = (int64_t)s, .seconds = e->contender.samples[s]};
    double sum = 0.0;
    for (int p = 0; p < e->part_count; p++)
        sum += e->parts[p].statistics.median;
    for (int p = 0; p < e->part_count; p++) {
        const struct measured_part *part = &e->parts[p];
        struct part_row row = {.key = e->row.key,
                               .part = p + 1,
                               .samples = (int64_t)part->statistics.count,
                               .median_s = part->statistics.median,
                               .low_s = part->statistics.low,
                               .high_s = part->statistics.high,
                               .share = part->statistics.median / sum};
        memcpy(row.name, part->name, sizeof row.name);
        rows->parts[rows->part_count++] = row;
    }
}

static enum status rows_make(struct contest *contest, struct contest_rows *rows,
                             struct message *message) {
    enum status status = rows_build(contest, rows, message);
    if (status != STATUS_OK)
        return status;
    double fastest = fastest_cpu(contest);
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *e = &contest->entries[i];
        if (e->running && !e->contender.implementation->yardstick)
            e->row.speedup = fastest / e->row.median_s;
        entry_write(e, rows);
    }
    return STATUS_OK;
}

void contest_rows_release(struct contest_rows *rows) {
    free(rows->results);
    free(rows->samples);
    free(rows->parts);
    *rows = (struct contest_rows){0};
}

/* --- the whole
 * ------------------------------------------------------------------------------------------------------
 */

static void contest_close(struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++) {
        contender_close(&contest->entries[i].contender);
        free(contest->entries[i].parts);
    }
    free(contest->entries);
    expectation_close(contest->expectation);
    for (int d = 0; d < DEVICES_MAX; d++)
        stage_close(&contest->stages[d]);
    inputs_close(&contest->inputs);
}

static void entries_end(struct contest *contest, enum status status, const char *reason) {
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            row_end_by_status(&contest->entries[i], status, reason);
}

/* Everything that needs the buffers. A status other than OK ends the run; what only ends the case
 * is in its rows. */
static enum status contest_play(struct contest *contest, struct message *message) {
    struct message why;
    enum status status = memory_check(contest, &why);
    if (status == STATUS_OK)
        status = inputs_open(contest->bench_case, &contest->inputs, &why);
    if (status == STATUS_OK)
        status = stages_open(contest, &why);
    if (status == STATUS_OK)
        status =
            expectation_open(contest->bench_case, &contest->inputs, &contest->expectation, &why);
    if (status != STATUS_OK) {
        entries_end(contest, status, why.text);
        return STATUS_OK;
    }
    entries_verify(contest, "verifying", true);
    status = entries_measure(contest, message);
    if (status != STATUS_OK)
        return status;
    for (int i = 0; i < contest->entry_count; i++)
        entry_measure_parts(contest, &contest->entries[i]);
    entries_verify(contest, "verifying again", false);
    return STATUS_OK;
}

enum status contest_run(const struct contest_rules *rules, const struct bench_case *bench_case,
                        const struct result *done, size_t done_count, struct contest_rows *rows,
                        struct message *message) {
    struct contest contest = {.rules = rules, .bench_case = bench_case};
    *rows = (struct contest_rows){0};
    enum status status = entries_list(&contest, done, done_count, message);
    if (status == STATUS_OK && any_running(&contest))
        status = contest_play(&contest, message);
    if (status == STATUS_OK)
        status = rows_make(&contest, rows, message);
    contest_close(&contest);
    return status;
}
