/* From a contest's entries to rows. */
#include "bench/measure/contest_rows.h"
#include "common/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void contest_row_begin(const struct contest *contest, struct entry *entry) {
    const struct contender *c = &entry->contender;
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
    entry->row = row;
}

void contest_counters_write(const struct entry *entry, const struct emulator_counters *counted,
                            struct counters_row *row) {
    *row = (struct counters_row){
        .key = entry->row.key,
        .launches = (int64_t)counted->launches,
#define COUNTER(name, column) .name = (int64_t)counted->name,
#define COUNTER_UNWRITTEN(name)
#include "common/emulator_counters.def"
#undef COUNTER
#undef COUNTER_UNWRITTEN
        .occupancy = counted->occupancy,
    };
    row->key.device[0] = row->key.mode[0] = '\0';
    row->key.threads = 0;
    snprintf(row->kernel, sizeof row->kernel, "%.*s", (int)sizeof row->kernel - 1, counted->kernel);
    snprintf(row->grid, sizeof row->grid, "%ux%ux%u", counted->grid[0], counted->grid[1],
             counted->grid[2]);
    snprintf(row->block, sizeof row->block, "%ux%ux%u", counted->block[0], counted->block[1],
             counted->block[2]);
}

const struct ceilings *contest_ceilings(const struct contest *contest, const struct entry *e) {
    if (e->contender.device->gpu)
        return contest->rules->gpu_ceilings;
    for (int i = 0; contest->rules->ceilings && i < contest->rules->thread_count; i++)
        if (contest->rules->ceilings[i].threads == e->contender.threads)
            return &contest->rules->ceilings[i];
    return NULL;
}

/* The seconds in which the measured link takes what a rank has to send. NAN: it sends nothing by a
 * link, or the link is not measured. */
static double link_seconds(const struct contest *contest, const struct entry *entry) {
    const struct bench_case *c = contest->bench_case;
    const struct operation *operation = c->operation;
    const struct implementation *implementation = entry->contender.implementation;
    const struct contest_rules *rules = contest->rules;
    const double link = entry->contender.device->gpu ? rules->gpu_link_bytes_per_second
                                                     : rules->link_bytes_per_second;
    if (!implementation->over_ranks || implementation->without_link || !(link > 0.0))
        return (double)NAN;
    return (operation->sent ? operation->sent : operation->bytes)(c) / link;
}

/* What the ceilings of a rank's own device allow for its share of the case. */
static struct ceilings_limit device_limit(const struct contest *contest,
                                          const struct entry *entry) {
    const struct bench_case *c = contest->bench_case;
    const struct ceilings *ceilings = contest_ceilings(contest, entry);
    const bool shares = entry->contender.implementation->over_ranks && c->settings.ranks > 1;
    const double ranks = shares ? c->settings.ranks : 1;
    if (!ceilings || c->operation->between_ranks)
        return (struct ceilings_limit){.seconds = (double)NAN};
    return ceilings_limit(ceilings, c->dtype, entry->row.flops / ranks, entry->row.bytes / ranks,
                          (double)case_bytes(c), contest->rules->cold);
}

static void row_limit(const struct contest *contest, const struct entry *entry,
                      struct result *row) {
    const struct ceilings_limit own = device_limit(contest, entry);
    const double link = link_seconds(contest, entry);
    row->limit_fraction = fmax(own.seconds, link) / row->median_s;
    snprintf(row->limit_doubtful, sizeof row->limit_doubtful, "%s",
             own.doubtful && !(link > own.seconds) ? "yes" : "");
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
    row->energy_j = c->energy_j;
    if (c->implementation->configuration) {
        size_t used = strlen(row->reason);
        snprintf(row->reason + used, sizeof row->reason - used, "; kernels for %s",
                 c->implementation->configuration());
    }
    if (c->throttled > 0) {
        size_t used = strlen(row->reason);
        snprintf(row->reason + used, sizeof row->reason - used, "; %s dropped (%s)",
                 COUNTED(c->throttled, "throttled sample"), c->throttle_reasons);
    }
    row_limit(contest, entry, row);
    prediction_learn(contest->rules->predictions, c, statistics.median);
}

/* The faster of two rows, where the second is one that speedups may be counted against: measured on
 * the CPU and verified, which a yardstick never is. */
static const struct result *faster(const struct result *base, const struct result *row) {
    bool fair = row_key_is_cpu(&row->key) && strcmp(row->status, "measured") == 0 &&
                strcmp(row->verified, "yes") == 0;
    return fair && (!base || row->median_s < base->median_s) ? row : base;
}

/* What speedups are against: the fastest row of the case on the CPU, whatever its threads and
 * whoever wrote it, of those measured now and, in a resumed run, before. NULL: there is none. */
static const struct result *base_find(const struct contest *contest) {
    const struct row_key *own = contest->entry_count ? &contest->entries[0].row.key : NULL;
    const struct result *base = NULL;
    for (int i = 0; i < contest->entry_count; i++)
        base = faster(base, &contest->entries[i].row);
    for (size_t i = 0; own && i < contest->done_count; i++) {
        const struct result *row = &contest->done[i];
        if (row_key_same_case(&row->key, own) && strcmp(row->key.mode, own->mode) == 0)
            base = faster(base, row);
    }
    return base;
}

static enum status rows_build(struct contest *contest, struct case_rows *rows,
                              struct message *message) {
    size_t samples = 0, parts = 0, counters = 0, most = 0;
    for (int i = 0; i < contest->entry_count; i++) {
        const struct entry *e = &contest->entries[i];
        size_t count = e->running ? e->contender.sample_count : 0;
        samples += count;
        parts += e->running ? (size_t)e->part_count : 0;
        counters += e->counters_count;
        most = count > most ? count : most;
    }
    rows->results = calloc((size_t)contest->entry_count + 1, sizeof *rows->results);
    rows->samples = calloc(samples + 1, sizeof *rows->samples);
    rows->parts = calloc(parts + 1, sizeof *rows->parts);
    rows->counters = calloc(counters + 1, sizeof *rows->counters);
    double *scratch = malloc((most + 1) * sizeof *scratch);
    if (!rows->results || !rows->samples || !rows->parts || !rows->counters || !scratch) {
        free(scratch);
        contest_rows_release(rows);
        return message_set(message, STATUS_NO_MEMORY, "no memory for the rows of a case");
    }
    for (int i = 0; i < contest->entry_count; i++) {
        rows->throttled_count += contest->entries[i].contender.throttled;
        if (contest->entries[i].running)
            row_fill(contest, &contest->entries[i], scratch);
    }
    free(scratch);
    return STATUS_OK;
}

static void entry_write(const struct entry *e, struct case_rows *rows) {
    rows->results[rows->result_count++] = e->row;
    for (size_t i = 0; i < e->counters_count; i++)
        rows->counters[rows->counters_count++] = e->counters[i];
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
        snprintf(row.name, sizeof row.name, "%s", part->name);
        rows->parts[rows->part_count++] = row;
    }
}

/* With a base, both speedups; with or without it, the time of the transfers. */
static void row_compare(const struct contest *contest, struct entry *entry,
                        const struct result *base) {
    struct result *row = &entry->row;
    const struct device *device = entry->contender.device;
    const double fastest = base ? base->median_s : (double)NAN;
    row->speedup = fastest / row->median_s;
    if (base)
        row_key_base(&base->key, row->speedup_base);
    if (!device->transfer_time)
        return;
    const struct stage *stage = &contest->stages[device - contest->rules->devices->list];
    row->transfer_s = stage->transfer_s;
    struct message whole;
    if (*stage->transfer_failure.text) {
        (void)message_set(&whole, STATUS_OK, "%s; transfers not timed: %s", row->reason,
                          stage->transfer_failure.text);
        words_fit(row->reason, sizeof row->reason, whole.text);
    }
    row->speedup_with_transfer = fastest / (row->median_s + row->transfer_s);
}

enum status contest_rows_make(struct contest *contest, struct case_rows *rows,
                              struct message *message) {
    enum status status = rows_build(contest, rows, message);
    if (status != STATUS_OK)
        return status;
    const struct result *base = base_find(contest);
    for (int i = 0; i < contest->entry_count; i++) {
        struct entry *e = &contest->entries[i];
        if (e->running && e->contender.implementation->kind != KIND_YARDSTICK)
            row_compare(contest, e, base);
        entry_write(e, rows);
    }
    return STATUS_OK;
}

void contest_rows_release(struct case_rows *rows) {
    free(rows->results);
    free(rows->samples);
    free(rows->parts);
    free(rows->counters);
    *rows = (struct case_rows){0};
}
