/* `lockstep run`: cases in order, each measured, written and shown before the next begins. */
#include "bench/commands/run.h"
#include "bench/devices/build_info.h"
#include "bench/devices/environment.h"
#include "bench/devices/environment_gpu.h"
#include "bench/files/crossover.h"
#include "bench/files/folder.h"
#include "bench/files/results_json.h"
#include "bench/files/table.h"
#include "bench/measure/case_memory.h"
#include "bench/measure/contest.h"
#include "bench/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run {
    const struct run_options *options;
    struct selection selection;
    struct devices devices;
    /* Where there is no GPU, a run of a whole preset ends with the GPU kernels on the emulated one.
     */
    struct selection appendix;
    struct devices appendix_devices;
    struct environment environment;
    struct folder folder;
    struct results *results;
    int threads[RUN_THREAD_COUNTS_MAX];
    int thread_count;
    struct ceilings ceilings[RUN_THREAD_COUNTS_MAX];
    struct ceilings gpu_ceilings; /* all 0: not measured */
    size_t throttled;             /* samples dropped */
    struct predictions predictions;
    struct progress progress;
    struct nvtx ranges;
    struct measure_limits limits;
    char *settings; /* to be freed */
    FILE *table;    /* stdout, or stderr when stdout carries JSON */
};

enum status run_threads(const struct run_options *options, int threads[RUN_THREAD_COUNTS_MAX],
                        int *count, struct message *message) {
    struct processors processors;
    processors_read("", &processors);
    threads[1] = 1;
    enum status status = processors_choose(&processors, options->threads, &threads[0], message);
    *count = threads[0] > 1 ? 2 : 1;
    return status;
}

/* A case that was asked for by its shape and cannot fit is the caller's mistake, not a row to skip.
 */
static enum status sizes_check(struct run *run, struct message *message) {
    const struct selection_options *asked = &run->options->selection;
    if (!asked->shapes && !asked->case_glob)
        return STATUS_OK;
    struct device *cpu = &run->devices.list[0];
    size_t available, total;
    enum status status = cpu->memory(cpu, &available, &total, message);
    for (size_t i = 0; i < run->selection.count && status == STATUS_OK; i++) {
        char name[256];
        size_t needed = case_memory_bytes(&run->selection.cases[i]);
        if (needed <= total)
            continue;
        case_name(&run->selection.cases[i], name, sizeof name);
        status = message_set(message, STATUS_INVALID,
                             "%s would take %s%zu bytes and this machine has %zu; choose a smaller "
                             "shape",
                             name, needed == SIZE_MAX ? "more than " : "", needed, total);
    }
    return status;
}

/* Who measures where: rows of two builds or machines are not of one run. */
static void measurer_write(const struct run *run, FILE *file) {
    const struct environment *e = &run->environment;
    fprintf(file, " build=%s cpu=%s processors=%d machine=%s", build_commit, e->cpu,
            e->processors.count, e->machine_id);
    for (int i = 0; i < run->devices.count; i++)
        if (run->devices.list[i].gpu)
            fprintf(file, " %s=%s", run->devices.list[i].name,
                    gpu_properties(run->devices.list[i].gpu)->name);
    if (run->devices.tuning)
        fprintf(file, " tuning=%08x", run->devices.tuning->file.checksum);
}

/* What must be equal for a folder to be gone on with. */
static enum status settings_write(struct run *run, struct message *message) {
    const struct run_options *o = run->options;
    size_t size;
    FILE *file = open_memstream(&run->settings, &size);
    if (!file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the settings of a run");
    fputs("operations=", file);
    for (size_t i = 0; i < o->selection.operation_count; i++)
        fprintf(file, "%s%s", i ? "," : "", o->selection.operations[i]);
    fprintf(file,
            " case=%s shape=%s preset=%s dtype=%s implementation=%s yardsticks=%d threads=%d "
            "mode=%s seed=%llu seconds=%g gpu=%s",
            o->selection.case_glob ? o->selection.case_glob : "",
            o->selection.shapes ? o->selection.shapes : "", o->selection.preset,
            o->selection.dtypes ? o->selection.dtypes : "f32",
            o->implementations ? o->implementations : "", o->yardsticks, run->threads[0],
            o->cold ? "cold" : "hot", (unsigned long long)o->selection.seed,
            run->limits.case_seconds, o->gpu);
    measurer_write(run, file);
    return fclose(file) == 0
               ? STATUS_OK
               : message_set(message, STATUS_NO_MEMORY, "no memory for the settings of a run");
}

static bool gpu_ceilings_measured(const struct run *run) {
    return run->gpu_ceilings.flops_per_second[DTYPE_F32] > 0.0;
}

/* An instruction of its own. */
static bool bf16_peak_differs(const struct ceilings *c) {
    return c->flops_per_second[DTYPE_BF16] > 0.0 &&
           c->flops_per_second[DTYPE_BF16] != c->flops_per_second[DTYPE_F32];
}

static cJSON *gpu_ceilings_to_json(const struct run *run) {
    const struct ceilings *c = &run->gpu_ceilings;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "device", run->devices.list[1].name);
    cJSON_AddNumberToObject(object, "peak_flops_per_second", c->flops_per_second[DTYPE_F32]);
    cJSON_AddNumberToObject(object, "copy_working_set_bytes", c->levels[0].working_set);
    cJSON_AddNumberToObject(object, "copy_bytes_per_second", c->levels[0].bytes_per_second);
    return object;
}

static cJSON *ceilings_to_json(const struct run *run) {
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < run->thread_count && run->ceilings[i].threads; i++) {
        const struct ceilings *c = &run->ceilings[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddNumberToObject(object, "threads", c->threads);
        cJSON_AddNumberToObject(object, "peak_flops_per_second", c->flops_per_second[DTYPE_F32]);
        if (bf16_peak_differs(c))
            cJSON_AddNumberToObject(object, "peak_flops_per_second_bf16",
                                    c->flops_per_second[DTYPE_BF16]);
        cJSON *levels = cJSON_AddArrayToObject(object, "bandwidth");
        for (int l = 0; l < CEILING_LEVELS; l++) {
            cJSON *level = cJSON_CreateObject();
            cJSON_AddNumberToObject(level, "working_set_bytes", c->levels[l].working_set);
            cJSON_AddNumberToObject(level, "bytes_per_second", c->levels[l].bytes_per_second);
            cJSON_AddItemToArray(levels, level);
        }
        cJSON_AddItemToArray(list, object);
    }
    return list;
}

static enum status environment_save(struct run *run, const char *state, struct message *message) {
    const struct run_options *o = run->options;
    cJSON *object = cJSON_CreateObject();
    char stamp[32];
    time_t seconds = time(NULL);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    cJSON_AddStringToObject(object, "state", state);
    cJSON_AddStringToObject(object, "written", stamp);
    cJSON *command = cJSON_AddArrayToObject(object, "command");
    for (int i = 0; i < o->argument_count; i++)
        cJSON_AddItemToArray(command, cJSON_CreateString(o->arguments[i]));
    cJSON_AddStringToObject(object, "settings", run->settings);
    /* Not as a double, which has no room for the last digits of a large one. */
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->selection.seed);
    cJSON_AddRawToObject(object, "seed", seed);
    cJSON_AddNumberToObject(object, "threads", run->threads[0]);
    cJSON_AddStringToObject(object, "mode", o->cold ? "cold" : "hot");
    cJSON_AddStringToObject(object, "floating_point_of_timed_work",
                            "flush-to-zero and denormals-are-zero in every thread");
    environment_to_json(&run->environment, object);
    for (int i = 0; i < run->devices.count; i++)
        if (run->devices.list[i].gpu)
            environment_gpu_to_json(&run->devices.list[i], object);
    if (run->devices.tuning)
        tuning_use_to_json(run->devices.tuning, object);
    cJSON_AddStringToObject(object, "cpu_energy",
                            run->devices.list[0].energy ? "RAPL, all packages" : "not readable");
    cJSON_AddNumberToObject(object, "throttled_samples_dropped", (double)run->throttled);
    cJSON_AddItemToObject(object, "ceilings", ceilings_to_json(run));
    if (gpu_ceilings_measured(run))
        cJSON_AddItemToObject(object, "gpu_ceilings", gpu_ceilings_to_json(run));
    enum status status = folder_write_environment(&run->folder, object, message);
    cJSON_Delete(object);
    return status;
}

static void opening_print(const struct run *run) {
    FILE *file = run->table;
    const struct environment *e = &run->environment;
    fprintf(file, "lockstep: %zu cases on %s, %d threads\n", run->selection.count, e->cpu,
            run->threads[0]);
    for (int i = 0; i < e->warning_count; i++)
        fprintf(file, "warning: %s\n", e->warnings[i]);
    if (*run->devices.gpu_absence)
        fprintf(file, "%s\n", run->devices.gpu_absence);
    if (run->devices.tuning)
        fprintf(file, "%s\n", run->devices.tuning->note);
    if (run->folder.resumed)
        fprintf(file, "going on with the unfinished run in %s\n", run->folder.path);
    for (int i = 0; i < run->thread_count && run->ceilings[i].threads; i++) {
        const struct ceilings *c = &run->ceilings[i];
        fprintf(file, "ceilings, %d thread%s: %.1f GFLOP/s", c->threads, c->threads == 1 ? "" : "s",
                1e-9 * c->flops_per_second[DTYPE_F32]);
        if (bf16_peak_differs(c))
            fprintf(file, ", bf16 %.1f GFLOP/s", 1e-9 * c->flops_per_second[DTYPE_BF16]);
        fprintf(file, "; triad");
        for (int l = 0; l < CEILING_LEVELS; l++)
            fprintf(file, "%s %.1f GB/s at %.3g MB", l ? "," : "",
                    1e-9 * c->levels[l].bytes_per_second, 1e-6 * c->levels[l].working_set);
        fputc('\n', file);
    }
    if (gpu_ceilings_measured(run))
        fprintf(file, "ceilings, %s: %.1f GFLOP/s; copy %.1f GB/s\n", run->devices.list[1].name,
                1e-9 * run->gpu_ceilings.flops_per_second[DTYPE_F32],
                1e-9 * run->gpu_ceilings.levels[0].bytes_per_second);
    fflush(file);
}

static bool is_emulated(const struct devices *devices) {
    return devices->count > 1 && devices->list[1].emulated;
}

/* An appendix that cannot be had (no emulator, no kernels in this build) is none; a line says why.
 */
static enum status appendix_open(struct run *run, struct message *message) {
    const struct run_options *o = run->options;
    const char *preset = o->selection.preset;
    bool whole = (strcmp(preset, "default") == 0 || strcmp(preset, "quick") == 0) &&
                 !o->selection.operation_count && !o->selection.case_glob && !o->selection.shapes &&
                 !o->implementations && !o->selection.dtypes;
    if (strcmp(o->gpu, "auto") != 0 || run->devices.count > 1 || !whole)
        return STATUS_OK;
    struct message why;
    if (devices_open(&run->appendix_devices, "emulated", &why) != STATUS_OK) {
        fprintf(run->table, "no emulated GPU either: %s\n", why.text);
        return STATUS_OK;
    }
    const struct selection_options small = {.preset = "emulated", .seed = o->selection.seed};
    return selection_open(&small, &run->appendix, message);
}

/* A GPU of which no ceilings can be had still has times. */
static void gpu_ceilings_open(struct run *run) {
    struct message message;
    if (run->devices.count < 2 || is_emulated(&run->devices))
        return;
    struct device *gpu = &run->devices.list[1];
    if (ceilings_measure_gpu(gpu, run->options->quick, &run->gpu_ceilings, &message) == STATUS_OK)
        return;
    fprintf(run->table, "no ceilings of %s: %s\n", gpu->name, message.text);
    if (gpu->lost(gpu) && gpu->reset(gpu, &message) != STATUS_OK)
        fprintf(run->table, "%s\n", message.text);
}

static enum status run_open(struct run *run, struct message *message) {
    const struct run_options *o = run->options;
    run->table = o->json ? stderr : stdout;
    run->limits = measure_limits_default(o->quick);
    if (o->max_seconds > 0.0)
        run->limits.case_seconds = o->max_seconds;
    enum status status = run_threads(o, run->threads, &run->thread_count, message);
    if (status == STATUS_OK)
        status = selection_open(&o->selection, &run->selection, message);
    if (status == STATUS_OK)
        status = selection_implementations_check(&run->selection, o->implementations, message);
    if (status == STATUS_OK)
        status = devices_open(&run->devices, o->gpu, message);
    if (status == STATUS_OK)
        status = devices_tune(&run->devices, o->tuning, message);
    if (status == STATUS_OK)
        status = sizes_check(run, message);
    if (status == STATUS_OK)
        status = appendix_open(run, message);
    if (status != STATUS_OK)
        return status;
    environment_read(&run->environment);
    status = settings_write(run, message);
    if (status == STATUS_OK)
        status = folder_open(o->out, run->environment.host, run->settings, &run->folder, message);
    bool cpu_rows = !is_emulated(&run->devices) || o->implementations;
    for (int i = 0; i < run->thread_count && cpu_rows && status == STATUS_OK; i++)
        status = ceilings_measure(&run->devices.list[0], run->threads[i], o->quick,
                                  &run->ceilings[i], message);
    for (int i = run->thread_count - 1; i > 0 && cpu_rows && status == STATUS_OK; i--)
        ceilings_raise(&run->ceilings[i - 1], &run->ceilings[i]);
    if (status == STATUS_OK)
        gpu_ceilings_open(run);
    /* What makes the folder a run that can be gone on with comes first. */
    if (status == STATUS_OK)
        status = environment_save(run, "unfinished", message);
    if (status == STATUS_OK)
        status = results_open(run->folder.path, run->folder.resumed,
                              is_emulated(&run->devices) || run->appendix.count > 0, &run->results,
                              message);
    return status;
}

static enum status run_close(struct run *run, struct message *message) {
    enum status status = run->results ? results_close(run->results, message) : STATUS_OK;
    folder_close(&run->folder);
    free(run->settings);
    predictions_close(&run->predictions);
    nvtx_close(&run->ranges);
    devices_close(&run->devices);
    devices_close(&run->appendix_devices);
    selection_close(&run->selection);
    selection_close(&run->appendix);
    return status;
}

/* One case: measured, written, shown. `before` is the row shown last, for the headings. */
static enum status run_case(struct run *run, struct devices *devices,
                            const struct bench_case *bench_case, struct result *before,
                            struct message *message) {
    const struct run_options *o = run->options;
    const struct contest_rules rules = {.devices = devices,
                                        .gpu_only = is_emulated(devices),
                                        .implementations = o->implementations,
                                        .yardsticks = o->yardsticks,
                                        .threads = run->threads,
                                        .thread_count = run->thread_count,
                                        .ceilings = run->ceilings,
                                        .gpu_ceilings =
                                            gpu_ceilings_measured(run) ? &run->gpu_ceilings : NULL,
                                        .cold = o->cold,
                                        .limits = run->limits,
                                        .predictions = &run->predictions,
                                        .progress = &run->progress,
                                        .ranges = &run->ranges,
                                        .stop = o->stop,
                                        .stop_argument = o->stop_argument};
    size_t done_count;
    const struct result *done = results_rows(run->results, &done_count);
    struct case_rows rows;
    enum status status = contest_run(&rules, bench_case, done, done_count, &rows, message);
    if (status != STATUS_OK)
        return status;
    run->throttled += rows.throttled_count;
    status = results_append(run->results, &rows, message);
    progress_done(&run->progress);
    if (rows.result_count > 0) {
        table_print_case(run->table, &rows, *before->key.operation ? before : NULL);
        *before = rows.results[rows.result_count - 1];
    }
    contest_rows_release(&rows);
    return status;
}

static enum status cases_run(struct run *run, struct devices *devices,
                             const struct selection *selection, struct message *message) {
    struct result before = {.key.operation = ""};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < selection->count && status == STATUS_OK; i++) {
        if (run->options->stop && run->options->stop(run->options->stop_argument))
            status = message_set(message, STATUS_INTERRUPTED, "interrupted");
        else
            status = run_case(run, devices, &selection->cases[i], &before, message);
    }
    return status;
}

static enum status all_run(struct run *run, struct message *message) {
    progress_start(&run->progress, run->selection.count + run->appendix.count);
    enum status status = cases_run(run, &run->devices, &run->selection, message);
    if (status == STATUS_OK && run->appendix.count > 0) {
        fprintf(run->table,
                "\nThe GPU kernels on the emulated GPU, verified and counted, never timed:\n");
        status = cases_run(run, &run->appendix_devices, &run->appendix, message);
    }
    progress_clear(&run->progress);
    return status;
}

/* Says what was kept of a run that ended early. */
static void add_what_was_kept(const struct run *run, struct message *message) {
    size_t rows;
    (void)results_rows(run->results, &rows);
    struct message cause = *message;
    (void)message_set(message, STATUS_INTERRUPTED,
                      "%.500s; %zu rows are kept, and the same command with --out %s goes on from "
                      "there",
                      cause.text, rows, run->folder.path);
}

/* What the rows mean for the run. Skipping is no way to pass: where nothing else was done, nothing
 * was verified. */
static enum status rows_judge(const struct run *run, const struct result *rows, size_t count,
                              struct message *message) {
    size_t failed = 0, skipped = 0;
    for (size_t i = 0; i < count; i++) {
        failed += strcmp(rows[i].status, "failed") == 0;
        skipped += strcmp(rows[i].status, "skipped") == 0;
    }
    if (failed > 0)
        return message_set(message, STATUS_WRONG,
                           "%zu of %zu rows failed; the table and %s/results.csv say why", failed,
                           count, run->folder.path);
    if (count == 0)
        return message_set(message, STATUS_INVALID,
                           "nothing was measured: no implementation that was asked for runs on a "
                           "device that is there; `lockstep list implementations` says where each "
                           "runs, and --gpu chooses the devices");
    if (skipped == count)
        return message_set(message, STATUS_UNSUPPORTED,
                           "nothing was measured: all %zu rows were skipped, the last one because: "
                           "%s",
                           count, rows[count - 1].reason);
    return STATUS_OK;
}

/* What is drawn and printed of a run whose rows are all on the disk. A wrong result is what the run
 * ends with, whatever became of the plots. */
static enum status run_show(struct run *run, struct message *message) {
    size_t count;
    const struct result *rows = results_rows(run->results, &count);
    struct message why;
    table_print_summary(run->table, rows, count);
    crossover_print(run->table, rows, count);
    enum status shown = report_draw(run->folder.path, run->table, &why);
    if (shown != STATUS_OK)
        (void)message_set(
            message, shown,
            "%.500s; all %zu rows are kept, and `lockstep report %s` draws them again", why.text,
            count, run->folder.path);
    if (run->options->json && results_print_json(rows, count, stdout, &why) != STATUS_OK) {
        shown = STATUS_IO;
        *message = why;
    }
    fprintf(run->table, "results in %s\n", run->folder.path);
    enum status judged = rows_judge(run, rows, count, &why);
    if (judged == STATUS_OK)
        return shown;
    if (shown != STATUS_OK)
        fprintf(run->table, "%s\n", message->text);
    *message = why;
    return judged;
}

enum status run_execute(const struct run_options *options, struct message *message) {
    struct run run = {.options = options, .folder.lock = -1};
    nvtx_open(&run.ranges);
    enum status status = run_open(&run, message);
    if (status == STATUS_OK) {
        opening_print(&run);
        status = all_run(&run, message);
        if (status == STATUS_OK)
            status = environment_save(&run, "finished", message);
        if (status == STATUS_OK)
            status = run_show(&run, message);
        else
            add_what_was_kept(&run, message);
    }
    struct message closing;
    enum status closed = run_close(&run, &closing);
    if (status == STATUS_OK && closed != STATUS_OK) {
        *message = closing;
        status = closed;
    }
    return status;
}
