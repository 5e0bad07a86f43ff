/* See bench/measure/trial.h. */
#include "bench/measure/trial.h"
#include "bench/files/format.h"
#include "bench/measure/case_memory.h"
#include "bench/measure/verify.h"
#include "common/words.h"

#include <stdlib.h>
#include <string.h>

/* A choice as the harness takes it: an implementation of an operation that launches the choice. */
struct candidate {
    struct implementation implementation; /* first: the launch finds the choice by it */
    const struct tuner *tuner;
    struct choice choice;
};

/* While the choices run. */
struct stage {
    struct operation operation;
    struct bench_case bench_case;
    struct inputs inputs;
    struct buffer_set set;
    struct expectation *expectation;
    struct candidate candidates[CHOICES_MAX];
    struct contender contenders[CHOICES_MAX];
    int count;
};

static enum status candidate_launch(const struct implementation *implementation,
                                    const struct launch *launch, int64_t iteration,
                                    struct execution *execution) {
    (void)iteration;
    const struct candidate *candidate = (const struct candidate *)(const void *)implementation;
    return candidate->tuner->launch(launch, candidate->choice, execution);
}

/* --- what the choices share ------------------------------------------------------------------- */

static enum status stage_open(struct stage *stage, const struct bench_case *c,
                              struct devices *devices, struct message *message) {
    stage->operation = *c->operation;
    stage->operation.launch = candidate_launch;
    stage->bench_case = *c;
    stage->bench_case.operation = &stage->operation;
    enum status status = case_memory_check(c, &devices->list[0], message);
    if (status == STATUS_OK)
        status = inputs_open(&stage->bench_case, &stage->inputs, message);
    if (status == STATUS_OK)
        status = expectation_open(&stage->bench_case, &stage->inputs, &stage->expectation, message);
    if (status == STATUS_OK)
        status = buffer_set_open(&stage->set, devices_gpu(devices), &stage->inputs, message);
    return status;
}

static void stage_close(struct stage *stage) {
    for (int i = 0; i < stage->count; i++)
        contender_close(&stage->contenders[i]);
    if (stage->set.device)
        buffer_set_close(&stage->set);
    expectation_close(stage->expectation);
    inputs_close(&stage->inputs);
}

/* --- a choice --------------------------------------------------------------------------------- */

static void contender_end(struct contender *contender, enum status status,
                          const struct message *why) {
    contender->status = status;
    contender->message = *why;
    contender->done = true;
}

/* One launch against the oracle; a choice that fails has no time. */
static void candidate_verify(struct stage *stage, int i) {
    struct contender *contender = &stage->contenders[i];
    struct message why;
    struct check check;
    struct execution execution = contender_execution(contender);
    execution.message = &why;
    enum status status = contender_check_device(contender, &why);
    if (status == STATUS_OK)
        status = verify_launch(stage->expectation, &stage->candidates[i].implementation,
                               &contender->launches[0], 0, &stage->set, &execution, &check, &why);
    if (status != STATUS_OK)
        contender_end(contender, status, &why);
}

static enum status candidate_enter(struct stage *stage, struct choice choice,
                                   struct message *message) {
    struct candidate *candidate = &stage->candidates[stage->count];
    struct contender *contender = &stage->contenders[stage->count];
    candidate->tuner = stage->operation.tuner;
    candidate->choice = choice;
    candidate->implementation = (struct implementation){.name = choice.tile, .device = DEVICE_GPU};
    enum status status = contender_open(contender, &stage->bench_case, &candidate->implementation,
                                        stage->set.device, 0, &stage->set, 1, message);
    stage->count++;
    if (status == STATUS_OK)
        candidate_verify(stage, stage->count - 1);
    return status;
}

static enum status candidates_enter(struct stage *stage, bool (*stop)(void *), void *stop_argument,
                                    struct message *message) {
    struct choice choices[CHOICES_MAX];
    const int count = stage->operation.tuner->choices(&stage->bench_case, choices);
    enum status status = STATUS_OK;
    for (int i = 0; i < count && status == STATUS_OK; i++)
        status = stop && stop(stop_argument)
                     ? message_set(message, STATUS_INTERRUPTED, "interrupted")
                     : candidate_enter(stage, choices[i], message);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool same_choice(struct choice one, struct choice other) {
    return strcmp(one.tile, other.tile) == 0 && one.splits == other.splits;
}

static enum status rows_fill(struct trial *trial, const struct stage *stage,
                             const struct measure_limits *limits, struct message *message) {
    double *scratch = malloc(limits->samples_max * sizeof *scratch);
    if (!scratch)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu samples",
                           limits->samples_max);
    for (int i = 0; i < stage->count; i++) {
        const struct contender *contender = &stage->contenders[i];
        struct trial_row *row = &trial->rows[trial->count++];
        *row = (struct trial_row){.choice = stage->candidates[i].choice,
                                  .status = contender->status,
                                  .message = contender->message};
        if (row->status != STATUS_OK)
            continue;
        statistics_compute(contender->samples, contender->sample_count, scratch, &row->statistics);
        if (trial->best < 0 || row->statistics.median < trial->rows[trial->best].statistics.median)
            trial->best = i;
        if (same_choice(row->choice, trial->model))
            trial->of_model = row;
    }
    free(scratch);
    return STATUS_OK;
}

enum status trial_run(struct trial *trial, const struct bench_case *bench_case,
                      struct devices *devices, const struct measure_limits *limits,
                      bool (*stop)(void *), void *stop_argument, struct message *message) {
    struct device *gpu = devices_gpu(devices);
    const int multiprocessors = gpu_properties(gpu->gpu)->multiprocessors;
    *trial = (struct trial){.bench_case = *bench_case, .best = -1};
    trial->model = bench_case->operation->tuner->model(bench_case, multiprocessors);
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return message_set(message, STATUS_NO_MEMORY, "no memory to try a shape");
    enum status status = stage_open(stage, bench_case, devices, message);
    if (status == STATUS_OK)
        status = candidates_enter(stage, stop, stop_argument, message);
    if (status == STATUS_OK)
        status = measure_contenders(stage->contenders, stage->count, limits, stop, stop_argument,
                                    message);
    for (int i = 0; i < stage->count && status == STATUS_OK; i++)
        if (stage->contenders[i].status == STATUS_OK)
            candidate_verify(stage, i);
    if (status == STATUS_OK)
        status = rows_fill(trial, stage, limits, message);
    stage_close(stage);
    free(stage);
    return status;
}

/* --- the table -------------------------------------------------------------------------------- */

static void row_print(const struct trial *trial, const struct trial_row *row, FILE *file) {
    fprintf(file, "  %-11s %6d", row->choice.tile, row->choice.splits);
    if (row->status != STATUS_OK) {
        fprintf(file, "  %s: %s\n", row->status == STATUS_WRONG ? "WRONG" : "not timed",
                row->message.text);
        return;
    }
    char median[32];
    format_seconds(row->statistics.median, median, sizeof median);
    double best = trial->rows[trial->best].statistics.median;
    fprintf(file, " %10s %6.1f%% %7.1f%%%s%s\n", median, 100.0 * row->statistics.noise,
            100.0 * best / row->statistics.median,
            row == &trial->rows[trial->best] ? "  fastest" : "",
            row == trial->of_model ? "  by counted work" : "");
}

static void model_print(const struct trial *trial, FILE *file) {
    if (trial->best < 0) {
        fprintf(file, "  no choice could be timed\n");
        return;
    }
    fprintf(file, "  counted work would choose %s in %s", trial->model.tile,
            COUNTED(trial->model.splits, "split"));
    if (trial->of_model)
        fprintf(file, ": %.3f times the fastest\n",
                trial->of_model->statistics.median / trial->rows[trial->best].statistics.median);
    else
        fprintf(file, ", which could not be timed\n");
}

void trial_print(const struct trial *trial, FILE *file) {
    char name[256];
    case_name(&trial->bench_case, name, sizeof name);
    fprintf(file, "\n%s\n  tile        splits     median   noise  of best\n", name);
    for (int i = 0; i < trial->count; i++)
        row_print(trial, &trial->rows[i], file);
    model_print(trial, file);
    fflush(file);
}
