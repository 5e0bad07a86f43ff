/* See bench/run/tune.h. */
#include "bench/run/tune.h"
#include "bench/devices/build_info.h"
#include "bench/devices/gpu.h"
#include "bench/files/progress.h"
#include "bench/measure/trial.h"
#include "bench/operations/operations.h"
#include "bench/operations/tuner.h"
#include "common/files.h"
#include "common/words.h"

#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct tune {
    const struct tune_options *options;
    struct selection selection;
    struct devices devices;
    struct measure_limits limits;
    struct progress progress;
    struct tuning_file file;
    size_t measured, agreeing; /* shapes, and those whose fastest choice counted work would take */
    size_t unmeasured;
    size_t wrong, broken; /* choices */
    double distance; /* the logarithms of what counted work costs over the fastest, added up … */
    size_t compared; /* … over so many shapes */
};

/* --- what is asked for ------------------------------------------------------------------------ */

/* The cases of the operation that has choices, without those of other variants and those that have
 * none. */
static enum status cases_select(struct tune *tune, struct message *message) {
    const struct operation *operation = operation_tunable();
    const struct tune_options *o = tune->options;
    const struct selection_options wanted = {.operations = &operation->name,
                                             .operation_count = 1,
                                             .shapes = o->shapes,
                                             .preset = o->preset,
                                             .dtypes = o->dtypes ? o->dtypes : "f32",
                                             .seed = 1};
    enum status status = variants_check(o->variants, operation, message);
    if (status == STATUS_OK)
        status = selection_open(&wanted, &tune->selection, message);
    size_t kept = 0;
    for (size_t i = 0; i < tune->selection.count && status == STATUS_OK; i++) {
        const struct bench_case *c = &tune->selection.cases[i];
        struct choice choices[CHOICES_MAX];
        if (list_contains(o->variants, operation->variants[c->variant]) && case_batch(c) == 1 &&
            operation->tuner->choices(c, choices) > 0)
            tune->selection.cases[kept++] = *c;
    }
    tune->selection.count = kept;
    if (status == STATUS_OK && kept == 0)
        status =
            message_set(message, STATUS_INVALID,
                        "no shape is left: preset '%s' has no %s of variant %s, and neither "
                        "tf32 nor batches are tuned",
                        o->preset, operation->name, o->variants ? o->variants : "nn, nt or tn");
    return status;
}

/* What the file has is kept; that it can be written is seen before an hour of measuring. */
static enum status file_open(struct tune *tune, struct message *message) {
    const char *path = tune->options->out;
    if (access(path, F_OK) == 0)
        return tuning_read(path, &tune->file, message);
    if ((size_t)snprintf(tune->file.path, sizeof tune->file.path, "%s", path) >=
        sizeof tune->file.path)
        return message_set(message, STATUS_INVALID, "the path %.80s… is too long", path);
    return STATUS_OK;
}

/* An emulated GPU is no way out where times are wanted. */
static void advice_drop(char *reason) {
    char *advice = strstr(reason, GPU_ADVICE_EMULATED);
    if (advice)
        *advice = '\0';
}

static enum status gpu_open_timed(struct tune *tune, struct message *message) {
    enum status status = devices_open(&tune->devices, tune->options->gpu, message);
    if (status != STATUS_OK) {
        advice_drop(message->text);
        return status;
    }
    advice_drop(tune->devices.gpu_absence);
    const struct device *gpu = devices_gpu(&tune->devices);
    if (!gpu)
        return message_set(message, STATUS_NO_GPU,
                           "tune measures times on a real GPU%s%.200s; an emulated one has no "
                           "times, and without measurements cuda-best chooses by counted work",
                           *tune->devices.gpu_absence ? ": " : ", and --gpu none leaves it out",
                           tune->devices.gpu_absence);
    if (gpu->emulated)
        return message_set(message, STATUS_NO_GPU,
                           "tune measures times, and an emulated GPU has none: run it on a machine "
                           "with a GPU; what each choice counts, `lockstep run %s --gpu emulated` "
                           "shows",
                           operation_tunable()->name);
    const int least = operation_tunable()->tuner->capability;
    if (gpu_properties(gpu->gpu)->capability < least)
        return message_set(message, STATUS_NO_GPU,
                           "there is nothing to choose on %s: tiles and splits are for compute "
                           "capability %d.%d and up",
                           gpu_properties(gpu->gpu)->name, least / 10, least % 10);
    return STATUS_OK;
}

static enum status tune_open(struct tune *tune, struct message *message) {
    tune->limits = measure_limits_default(false);
    if (tune->options->max_seconds > 0.0)
        tune->limits.case_seconds = tune->options->max_seconds;
    enum status status = cases_select(tune, message);
    if (status == STATUS_OK)
        status = file_open(tune, message);
    if (status == STATUS_OK)
        status = gpu_open_timed(tune, message);
    if (status == STATUS_OK)
        status = file_check_replaceable(tune->options->out, message);
    return status;
}

static enum status tune_close(struct tune *tune, enum status status, struct message *message) {
    tuning_release(&tune->file);
    selection_close(&tune->selection);
    return devices_close(&tune->devices, status, message);
}

/* --- a shape ---------------------------------------------------------------------------------- */

/* The choices that computed a wrong result or ended with an error. */
static void broken_write(const struct trial *trial, char *text, size_t bytes) {
    size_t used = 0;
    for (int i = 0; i < trial->count; i++) {
        const struct trial_row *row = &trial->rows[i];
        if (row->status != STATUS_WRONG && row->status != STATUS_FAILED)
            continue;
        int written = snprintf(text + used, bytes - used, "%s%s/%d", used > 0 ? " " : "",
                               row->choice.tile, row->choice.splits);
        used += written > 0 && (size_t)written < bytes - used ? (size_t)written : 0;
    }
    text[used] = '\0';
}

static void row_fill(struct tune *tune, const struct trial *trial, struct tuning_row *row) {
    struct device *gpu = devices_gpu(&tune->devices);
    const struct nvml *nvml = device_gpu_nvml(gpu);
    const struct trial_row *best = &trial->rows[trial->best];
    time_t seconds = time(NULL);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    tuning_row_begin(row, gpu_properties(gpu->gpu), nvml ? nvml_driver_version(nvml) : "");
    snprintf(row->variant, sizeof row->variant, "%s",
             trial->bench_case.operation->variants[trial->bench_case.variant]);
    snprintf(row->dtype, sizeof row->dtype, "%s", dtype_name(trial->bench_case.dtype));
    case_shape(&trial->bench_case, row->shape, sizeof row->shape);
    snprintf(row->tile, sizeof row->tile, "%s", best->choice.tile);
    row->splits = best->choice.splits;
    row->median_s = best->statistics.median;
    row->low_s = best->statistics.low;
    row->high_s = best->statistics.high;
    snprintf(row->model_tile, sizeof row->model_tile, "%s", trial->model.tile);
    row->model_splits = trial->model.splits;
    if (trial->of_model)
        row->model_s = trial->of_model->statistics.median;
    broken_write(trial, row->broken, sizeof row->broken);
    strftime(row->date, sizeof row->date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(row->commit, sizeof row->commit, "%s", build_commit);
}

static void trial_tally(struct tune *tune, const struct trial *trial) {
    for (int i = 0; i < trial->count; i++) {
        tune->wrong += trial->rows[i].status == STATUS_WRONG;
        tune->broken += trial->rows[i].status == STATUS_FAILED;
    }
    if (trial->best < 0) {
        tune->unmeasured++;
        return;
    }
    const struct trial_row *best = &trial->rows[trial->best];
    tune->measured++;
    tune->agreeing += trial->of_model == best;
    if (!trial->of_model)
        return;
    tune->distance += log(trial->of_model->statistics.median / best->statistics.median);
    tune->compared++;
}

/* A shape that cannot be tried is told and the next one follows; only what ends the whole is a
 * status. */
static enum status shape_tune(struct tune *tune, const struct bench_case *c,
                              struct message *message) {
    struct device *gpu = devices_gpu(&tune->devices);
    struct trial trial;
    char name[256];
    case_name(c, name, sizeof name);
    progress_show(&tune->progress, name, "measuring");
    enum status status = trial_run(&trial, c, &tune->devices, &tune->limits, tune->options->stop,
                                   tune->options->stop_argument, message);
    progress_done(&tune->progress);
    if (status == STATUS_INTERRUPTED)
        return status;
    if (status != STATUS_OK) {
        fprintf(tune->options->table, "\n%s\n  not measured: %s\n", name, message->text);
        tune->unmeasured++;
    } else {
        trial_print(&trial, tune->options->table);
        trial_tally(tune, &trial);
    }
    if (gpu->lost(gpu) && gpu->reset(gpu, message) != STATUS_OK)
        return STATUS_FAILED;
    if (status != STATUS_OK || trial.best < 0)
        return STATUS_OK;
    struct tuning_row row;
    row_fill(tune, &trial, &row);
    status = tuning_put(&tune->file, &row, message);
    return status == STATUS_OK ? tuning_write(&tune->file, message) : status;
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum status shapes_tune(struct tune *tune, struct message *message) {
    const struct tune_options *o = tune->options;
    enum status status = STATUS_OK;
    fprintf(o->table, "%s on %s, into %s\n", COUNTED(tune->selection.count, "shape"),
            gpu_properties(devices_gpu(&tune->devices)->gpu)->name, o->out);
    progress_start(&tune->progress, tune->selection.count);
    for (size_t i = 0; i < tune->selection.count && status == STATUS_OK; i++)
        status = o->stop && o->stop(o->stop_argument)
                     ? message_set(message, STATUS_INTERRUPTED, "interrupted")
                     : shape_tune(tune, &tune->selection.cases[i], message);
    progress_clear(&tune->progress);
    return status;
}

static enum status tune_finish(const struct tune *tune, struct message *message) {
    FILE *file = tune->options->table;
    if (tune->compared > 0)
        fprintf(file,
                "\nmeasured %zu of %s; counted work chooses the fastest in %zu of them, and "
                "takes %.3f times the fastest's time in the geometric mean\n",
                tune->measured, COUNTED(tune->selection.count, "shape"), tune->agreeing,
                exp(tune->distance / (double)tune->compared));
    if (tune->measured > 0)
        fprintf(file, "kept in %s; use it with --tuning %s\n", tune->options->out,
                tune->options->out);
    if (tune->wrong > 0)
        return message_set(message, STATUS_WRONG,
                           "%s computed a wrong result; the table says which",
                           COUNTED(tune->wrong, "choice"));
    if (tune->unmeasured > 0)
        return message_set(message, STATUS_FAILED,
                           "%zu of %s could not be measured; the table says why", tune->unmeasured,
                           COUNTED(tune->selection.count, "shape"));
    if (tune->broken > 0)
        return message_set(message, STATUS_FAILED,
                           "%s broke with an error; the table says why, and the column "
                           "broken of %.200s which",
                           COUNTED(tune->broken, "choice"), tune->options->out);
    return STATUS_OK;
}

enum status tune_execute(const struct tune_options *options, struct message *message) {
    struct tune tune = {.options = options};
    enum status status = tune_open(&tune, message);
    bool opened = status == STATUS_OK;
    if (opened)
        status = shapes_tune(&tune, message);
    if (status == STATUS_OK) {
        status = tune_finish(&tune, message);
    } else if (opened) {
        struct message cause = *message;
        (void)message_set(message, status, "%.600s; of this call %s %s kept in %.200s", cause.text,
                          COUNTED(tune.measured, "shape"), ONE_OR_MORE(tune.measured, "is", "are"),
                          options->out);
    }
    return tune_close(&tune, status, message);
}
