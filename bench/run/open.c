/* Opening and closing a run. */
#include "bench/measure/case_memory.h"
#include "bench/run/job.h"
#include "ranks/ranks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status run_threads(const struct run_options *options, int threads[RUN_THREAD_COUNTS_MAX],
                        int *count, struct message *message) {
    struct processors processors;
    processors_read("", &processors);
    const int usual = processors_share(&processors, options->ranks);
    threads[1] = 1;
    enum status status = processors_choose(&processors, options->threads ? options->threads : usual,
                                           &threads[0], message);
    /* A row has one number of threads. */
    threads[0] = ranks_least(options->ranks, threads[0]);
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

/* An appendix that cannot be had (no emulator, no kernels in this build) is none; a line says why.
 */
static enum status appendix_open(struct run *run, struct message *message) {
    const struct run_options *o = run->options;
    const char *preset = o->selection.preset;
    bool whole = (strcmp(preset, "default") == 0 || strcmp(preset, "quick") == 0) &&
                 !o->selection.operation_count && !o->selection.case_glob && !o->selection.shapes &&
                 !o->implementations && !o->selection.dtypes && added_count(o->added) == 0;
    if (strcmp(o->gpu, "auto") != 0 || run->devices.count > 1 || !whole || o->ranks)
        return STATUS_OK;
    struct message why;
    if (devices_open(&run->appendix_devices, "emulated", &why) != STATUS_OK) {
        fprintf(run->table, "no emulated GPU either: %s\n", why.text);
        return STATUS_OK;
    }
    const struct selection_options small = {.preset = "emulated", .seed = o->selection.seed};
    return selection_open(&small, &run->appendix, message);
}

/* A GPU of which some ceiling cannot be had still has times. */
static void gpu_ceiling_lacks(struct run *run, struct device *gpu, const char *what,
                              struct message *why) {
    fprintf(run->table, "no %s of %s: %s\n", what, gpu->name, why->text);
    if (gpu->lost(gpu) && gpu->reset(gpu, why) != STATUS_OK)
        fprintf(run->table, "%s\n", why->text);
}

static void gpu_ceilings_open(struct run *run) {
    struct message message;
    if (run->devices.count < 2 || run_is_emulated(&run->devices))
        return;
    struct device *gpu = &run->devices.list[1];
    if (ceilings_measure_gpu(gpu, run->options->quick, &run->gpu_ceilings, &message) != STATUS_OK)
        gpu_ceiling_lacks(run, gpu, "ceilings", &message);
}

struct contest_rules run_rules(struct run *run, struct devices *devices) {
    const struct run_options *o = run->options;
    return (struct contest_rules){.devices = devices,
                                  .gpu_only = run_is_emulated(devices),
                                  .implementations = o->implementations,
                                  .yardsticks = o->yardsticks,
                                  .threads = run->threads,
                                  .thread_count = run->thread_count,
                                  .ceilings = run->ceilings,
                                  .gpu_ceilings =
                                      run_gpu_ceilings_measured(run) ? &run->gpu_ceilings : NULL,
                                  .link_bytes_per_second = run->link_bytes_per_second,
                                  .gpu_link_bytes_per_second = run->gpu_link_bytes_per_second,
                                  .cold = o->cold,
                                  .is_sampled = o->sample_blocks > 0,
                                  .limits = run->limits,
                                  .predictions = &run->predictions,
                                  .progress = &run->progress,
                                  .ranges = &run->ranges,
                                  .stop = o->stop,
                                  .stop_argument = o->stop_argument};
}

/* Whether any row runs on this device. */
static bool uses(struct run *run, const struct device *device) {
    const struct contest_rules rules = run_rules(run, &run->devices);
    for (size_t i = 0; i < run->selection.count; i++)
        if (contest_uses(&rules, &run->selection.cases[i], device))
            return true;
    return false;
}

/* Only where a row needs the link: the GPUs are joined for it. No two ranks have the same one
 * (devices_open_over()). */
static void gpu_link_open(struct run *run) {
    struct device *gpu = devices_gpu(&run->devices);
    const struct contest_rules rules = run_rules(run, &run->devices);
    struct message message;
    bool joins = false;
    if (ranks_count(run->options->ranks) < 2 || !gpu || gpu->emulated)
        return;
    for (size_t i = 0; i < run->selection.count; i++)
        joins |= contest_joins(&rules, &run->selection.cases[i], gpu);
    if (joins && ceilings_measure_gpu_link(gpu, run->options->quick,
                                           &run->gpu_link_bytes_per_second, &message) != STATUS_OK)
        gpu_ceiling_lacks(run, gpu, "link", &message);
}

/* Who runs quietly on the emulated GPU asks for counts alone. */
static bool times_cpu(struct run *run) {
    return uses(run, &run->devices.list[0]) &&
           !(run_is_emulated(&run->devices) && run->options->quiet);
}

/* Rows that no device can run are the caller's mistake, named before anything is measured. */
static enum status rows_check(struct run *run, struct message *message) {
    for (int d = 0; d < run->devices.count; d++)
        if (uses(run, &run->devices.list[d]))
            return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "nothing can be measured: no implementation that was asked for runs on a "
                       "device that is there; `lockstep list implementations` says where each "
                       "runs, and --gpu chooses the devices");
}

/* A set for each thread count. What those of all cores lack beside those of one is a warning of the
 * run. */
static enum status cpu_ceilings_open(struct run *run, struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < run->thread_count && status == STATUS_OK; i++)
        status = ceilings_measure(&run->devices.list[0], run->threads[i], run->options->quick,
                                  &run->ceilings[i], message);
    for (int i = run->thread_count - 1; i > 0 && status == STATUS_OK; i--) {
        char doubtful[80], warning[sizeof run->environment.warnings[0]];
        ceilings_raise(&run->ceilings[i - 1], &run->ceilings[i]);
        ceilings_describe_doubt(&run->ceilings[i - 1], doubtful, sizeof doubtful);
        snprintf(warning, sizeof warning,
                 "%s came out lower for %d threads than for %d: something else had a processor "
                 "while ceilings were measured; limits that rest on them are marked <=",
                 doubtful, run->threads[i - 1], run->threads[i]);
        if (*doubtful)
            environment_warn(&run->environment, warning);
    }
    return status;
}

/* Where a rank prints: the first one on stdout, or on stderr when stdout carries JSON; the others,
 * and a quiet run, nowhere. */
static enum status table_open(struct run *run, struct message *message) {
    run->table = run->options->json ? stderr : stdout;
    if (ranks_is_first(run->options->ranks) && !run->options->quiet)
        return STATUS_OK;
    run->table = fopen("/dev/null", "w");
    return run->table
               ? STATUS_OK
               : message_set(message, STATUS_IO, "cannot open /dev/null: %s", strerror(errno));
}

/* What a rank does by itself, up to knowing what is to be run. */
static enum status run_prepare(struct run *run, struct message *message) {
    const struct run_options *o = run->options;
    struct selection_options selection = o->selection;
    selection.rank = ranks_number(o->ranks);
    selection.ranks = o->ranks ? ranks_count(o->ranks) : 0;
    selection.weak = o->scaling && strcmp(o->scaling, "weak") == 0;
    run->limits = measure_limits_default(o->quick);
    if (o->max_seconds > 0.0)
        run->limits.case_seconds = o->max_seconds;
    enum status status = table_open(run, message);
    if (status == STATUS_OK)
        status = run_threads(o, run->threads, &run->thread_count, message);
    if (status == STATUS_OK)
        status = selection_open(&selection, &run->selection, message);
    if (status == STATUS_OK)
        status = selection_implementations_check(&run->selection, o->implementations, message);
    if (status == STATUS_OK)
        status = devices_open_over(&run->devices, o->gpu, o->ranks, message);
    if (status == STATUS_OK)
        status = devices_tune(&run->devices, o->tuning, message);
    if (status == STATUS_OK)
        status = added_load(o->added, &run->devices, message);
    if (status == STATUS_OK)
        status = sizes_check(run, message);
    if (status == STATUS_OK)
        status = rows_check(run, message);
    if (status == STATUS_OK)
        status = appendix_open(run, message);
    if (status != STATUS_OK)
        return status;
    devices_stop_when(&run->devices, o->stop, o->stop_argument);
    devices_stop_when(&run->appendix_devices, o->stop, o->stop_argument);
    environment_read(&run->environment);
    if (selection.weak && !o->ranks)
        environment_warn(&run->environment,
                         "--scaling weak changes nothing for a process alone; start several by "
                         "mpirun -n 2 lockstep run …");
    if (!run_is_emulated(&run->devices) || times_cpu(run))
        environment_warn_of_times(&run->environment);
    return STATUS_OK;
}

/* The folder is the first rank's. */
static enum status run_folder_open(struct run *run, struct message *message) {
    const struct run_options *o = run->options;
    enum status status = run_settings_write(run, message);
    if (status == STATUS_OK && ranks_is_first(o->ranks))
        status = folder_open(o->out, run->environment.host, run->settings, &run->folder, message);
    return ranks_agree(o->ranks, status, message);
}

static enum status run_results_open(struct run *run, struct message *message) {
    enum status status = STATUS_OK;
    if (ranks_is_first(run->options->ranks))
        status = results_open(run->folder.path, run->folder.resumed,
                              run_is_emulated(&run->devices) || run->appendix.count > 0,
                              &run->results, message);
    status = ranks_agree(run->options->ranks, status, message);
    if (status != STATUS_OK)
        return status;
    /* Any rank may be the one that is left to name it. */
    ranks_broadcast(run->options->ranks, run->folder.path, sizeof run->folder.path);
    snprintf(run->kept, sizeof run->kept,
             "what was measured before is kept in %s, and the same command with --out %s goes on "
             "from there",
             run->folder.path, run->folder.path);
    ranks_keep(run->options->ranks, run->kept);
    return job_share_done(run, message);
}

/* `setting` counts before what the environment says, which counts before `usual`. */
static enum status emulator_ask(const char *usual, const char *setting, struct message *message) {
    char text[1200];
    const char *before = getenv("LOCKSTEP_EMULATOR");
    const int length =
        snprintf(text, sizeof text, "%s;%s;%s", usual, before ? before : "", setting);
    if (length < (int)sizeof text && setenv("LOCKSTEP_EMULATOR", text, 1) == 0)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "the emulated GPU cannot be asked for %s: LOCKSTEP_EMULATOR is too long",
                       setting);
}

enum status run_sample_blocks(int blocks, struct message *message) {
    char setting[32];
    snprintf(setting, sizeof setting, "sample=%d", blocks);
    /* A block that is not executed leaves unwritten what a later launch reads. */
    return emulator_ask("check=memory", setting, message);
}

enum status run_simulate_caches(struct message *message) {
    return emulator_ask("", "caches=on", message);
}

enum status run_open(struct run *run, struct message *message) {
    const struct run_options *o = run->options;
    enum status status = ranks_agree(o->ranks, run_prepare(run, message), message);
    if (status != STATUS_OK)
        return status;
    status = job_check_alike(run, message);
    if (status == STATUS_OK)
        status = run_folder_open(run, message);
    if (status == STATUS_OK && times_cpu(run))
        status = ranks_agree(o->ranks, cpu_ceilings_open(run, message), message);
    if (status == STATUS_OK)
        gpu_ceilings_open(run);
    if (status == STATUS_OK)
        run->link_bytes_per_second = ceilings_measure_link(o->ranks, o->quick);
    if (status == STATUS_OK)
        gpu_link_open(run);
    /* What makes the folder a run that can be resumed comes first. */
    if (status == STATUS_OK)
        status = ranks_agree(o->ranks, run_environment_save(run, "unfinished", message), message);
    if (status == STATUS_OK)
        status = run_results_open(run, message);
    return status;
}

const struct result *run_done(const struct run *run, size_t *count) {
    if (run->results)
        return results_rows(run->results, count);
    *count = run->done_count;
    return run->done;
}

enum status run_close(struct run *run, struct message *message) {
    enum status status = run->results ? results_close(run->results, message) : STATUS_OK;
    folder_close(&run->folder);
    if (run->table && run->table != stdout && run->table != stderr)
        (void)fclose(run->table);
    free(run->done);
    free(run->settings);
    predictions_close(&run->predictions);
    nvtx_close(&run->ranges);
    status = devices_close(&run->devices, status, message);
    status = devices_close(&run->appendix_devices, status, message);
    selection_close(&run->selection);
    selection_close(&run->appendix);
    return status;
}
