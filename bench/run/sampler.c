/* Times on request, for `lockstep ab`. */
#include "bench/run/sampler.h"
#include "bench/measure/contest.h"
#include "bench/regression/protocol.h"
#include "common/floating.h"

#include <string.h>

struct sampler {
    const struct run_options *options;
    struct selection selection;
    struct devices devices;
    int threads[RUN_THREAD_COUNTS_MAX];
    struct predictions predictions;
    struct progress progress; /* shows nothing */
    struct contest_rules rules;
    struct contest contest;
    bool is_open; /* a contest is */
    FILE *out;
};

static enum status devices_with_times_open(struct sampler *sampler, struct message *message) {
    enum status status = devices_open(&sampler->devices, sampler->options->gpu, message);
    if (status == STATUS_OK && sampler->devices.count > 1 && sampler->devices.list[1].emulated)
        status = message_set(message, STATUS_INVALID,
                             "an emulated GPU has no times to take; compare the counts of two runs "
                             "with `lockstep compare`");
    return status;
}

static enum status sampler_open(struct sampler *sampler, struct message *message) {
    const struct run_options *o = sampler->options;
    int thread_count;
    enum status status = run_threads(o, sampler->threads, &thread_count, message);
    if (status == STATUS_OK)
        status = selection_open(&o->selection, &sampler->selection, message);
    if (status == STATUS_OK)
        status = selection_implementations_check(&sampler->selection, o->implementations, message);
    if (status == STATUS_OK)
        status = devices_with_times_open(sampler, message);
    if (status == STATUS_OK)
        status = devices_tune(&sampler->devices, o->tuning, message);
    if (status == STATUS_OK)
        status = added_load(o->added, &sampler->devices, message);
    if (sampler->devices.tuning) /* standard output carries the answers */
        fprintf(stderr, "%s\n", sampler->devices.tuning->note);
    sampler->rules = (struct contest_rules){.devices = &sampler->devices,
                                            .implementations = o->implementations,
                                            .yardsticks = o->yardsticks,
                                            .threads = sampler->threads,
                                            .thread_count = thread_count,
                                            .cold = o->cold,
                                            .limits = measure_limits_default(o->quick),
                                            .predictions = &sampler->predictions,
                                            .progress = &sampler->progress};
    /* A process lives for one short turn: what a longer warm-up would wait for, many processes
     * average out. */
    sampler->rules.limits.warm_up_seconds = 0.002;
    sampler->rules.limits.sample_seconds = 2e-4;
    if (o->max_seconds > 0.0)
        sampler->rules.limits.case_seconds = o->max_seconds;
    return status;
}

static void case_close(struct sampler *sampler) {
    if (sampler->is_open)
        contest_close(&sampler->contest);
    sampler->is_open = false;
}

static enum status sampler_close(struct sampler *sampler, enum status status,
                                 struct message *message) {
    case_close(sampler);
    predictions_close(&sampler->predictions);
    selection_close(&sampler->selection);
    return devices_close(&sampler->devices, status, message);
}

/* Text that must stay on one line, between tabs. */
static void field_write(FILE *out, const char *text) {
    for (; *text; text++)
        fputc(*text == '\t' || *text == '\n' ? ' ' : *text, out);
}

static void failure_write(struct sampler *sampler, const char *reason) {
    fputs("broke ", sampler->out);
    field_write(sampler->out, reason);
    fputc('\n', sampler->out);
}

static void rows_write(struct sampler *sampler) {
    const struct contest *contest = &sampler->contest;
    char name[256];
    case_name(contest->bench_case, name, sizeof name);
    fprintf(sampler->out, "rows %d %s\n", contest->entry_count, name);
    for (int i = 0; i < contest->entry_count; i++) {
        const struct entry *entry = &contest->entries[i];
        const struct result *row = &entry->row;
        const char *status = entry->running                     ? "ready"
                             : strcmp(row->verified, "no") == 0 ? "wrong"
                                                                : row->status;
        fprintf(sampler->out, "%s\t%s\t%lld\t%s\t%s\t", row->key.implementation, row->key.device,
                (long long)row->key.threads, row->key.mode, status);
        field_write(sampler->out, row->reason);
        fputc('\n', sampler->out);
    }
}

static void case_open(struct sampler *sampler, size_t number, bool verify) {
    case_close(sampler);
    if (number >= sampler->selection.count) {
        failure_write(sampler, "there is no case of that number");
        return;
    }
    struct message message;
    enum status status = contest_open(&sampler->contest, &sampler->rules,
                                      &sampler->selection.cases[number], NULL, 0, &message);
    sampler->is_open = true;
    if (status != STATUS_OK) {
        failure_write(sampler, message.text);
        return;
    }
    if (contest_prepare(&sampler->contest) && verify)
        (void)contest_verify(&sampler->contest); /* what failed is in the rows */
    rows_write(sampler);
}

/* Takes one sample more than asked for: the first one brings caches and clocks back. */
static enum status samples_take(struct sampler *sampler, struct contender *contender, long count,
                                struct message *message) {
    const struct measure_limits *limits = &sampler->rules.limits;
    enum status status = STATUS_OK;
    if (contender->sample_capacity == 0)
        status = contender_warm_up(contender, limits, message);
    contender->sample_count = 0;
    /* A throttled sample is not kept; where most are, there is nothing to compare. */
    const size_t wanted = (size_t)count + 1;
    for (size_t i = 0; contender->sample_count < wanted && status == STATUS_OK; i++)
        status = i < 4 * wanted ? contender_sample(contender, limits, message)
                                : message_set(message, STATUS_UNSUPPORTED,
                                              "the device is slowed down (%s) in most samples",
                                              contender->throttle_reasons);
    floating_flush_denormals(false);
    return status;
}

static void row_take(struct sampler *sampler, long row, long count) {
    struct contest *contest = &sampler->contest;
    bool is_there =
        sampler->is_open && row >= 0 && row < contest->entry_count && contest->entries[row].running;
    if (!is_there || count < 1 || count > PROTOCOL_TAKE_MAX) {
        failure_write(sampler, "there is no such row to take so many samples of");
        return;
    }
    struct contender *contender = &contest->entries[row].contender;
    struct message message;
    enum status status = contender_check_device(contender, &message);
    if (status == STATUS_OK)
        status = samples_take(sampler, contender, count, &message);
    if (status != STATUS_OK) {
        contest_row_end(&contest->entries[row], status, message.text);
        failure_write(sampler, message.text);
        return;
    }
    fputs("times", sampler->out);
    for (size_t i = 1; i < contender->sample_count; i++)
        fprintf(sampler->out, " %.9g", contender->samples[i]);
    fputc('\n', sampler->out);
}

static void request_answer(struct sampler *sampler, const char *line) {
    size_t number;
    long row, count;
    char word[8] = "";
    if (sscanf(line, "open %zu %7s", &number, word) >= 1)
        case_open(sampler, number, strcmp(word, "verify") == 0);
    else if (sscanf(line, "take %ld %ld", &row, &count) == 2)
        row_take(sampler, row, count);
    else
        failure_write(sampler, "the request was not understood");
}

enum status sampler_serve(const struct run_options *options, FILE *in, FILE *out,
                          struct message *message) {
    struct sampler sampler = {.options = options, .out = out};
    enum status status = sampler_open(&sampler, message);
    if (status == STATUS_OK)
        fprintf(out, PROTOCOL_GREETING "%zu\n", sampler.selection.count);
    char line[64];
    while (status == STATUS_OK && fflush(out) == 0 && fgets(line, sizeof line, in))
        request_answer(&sampler, line);
    if (status == STATUS_OK && ferror(out))
        status = message_set(message, STATUS_IO, "the process that asked for samples has gone");
    return sampler_close(&sampler, status, message);
}
