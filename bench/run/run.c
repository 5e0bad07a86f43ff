/* `lockstep run`: cases in order, each measured, written and shown before the next begins. */
#include "bench/run/run.h"
#include "bench/files/crossover.h"
#include "bench/files/results_json.h"
#include "bench/files/table.h"
#include "bench/model/limits_file.h"
#include "bench/model/predict_file.h"
#include "bench/report/report.h"
#include "bench/run/state.h"
#include "common/words.h"
#include "ranks/ranks.h"

#include <stdio.h>
#include <string.h>

static void opening_print(const struct run *run) {
    FILE *file = run->table;
    const struct environment *e = &run->environment;
    fprintf(file, "lockstep: %s on %s, ", COUNTED(run->selection.count, "case"), e->cpu);
    if (run->options->ranks)
        fprintf(file, "%s of ", COUNTED(ranks_count(run->options->ranks), "rank"));
    fprintf(file, "%s\n", COUNTED(run->threads[0], "thread"));
    for (int i = 0; i < e->warning_count; i++)
        fprintf(file, "warning: %s\n", e->warnings[i]);
    if (*run->folder.warning.text)
        fprintf(file, "warning: %s\n", run->folder.warning.text);
    if (*run->devices.gpu_absence)
        fprintf(file, "%s\n", run->devices.gpu_absence);
    if (run->devices.tuning)
        fprintf(file, "%s\n", run->devices.tuning->note);
    if (run->folder.resumed)
        fprintf(file, "resuming the unfinished run in %s\n", run->folder.path);
    const size_t lost = run->results ? results_lost(run->results) : 0;
    if (lost > 0)
        fprintf(file, "%s of it %s damaged, and measured again\n", COUNTED(lost, "case"),
                ONE_OR_MORE(lost, "is", "are"));
    for (int i = 0; i < run->thread_count && run->ceilings[i].threads; i++) {
        const struct ceilings *c = &run->ceilings[i];
        fprintf(file, "ceilings, %s: %.1f GFLOP/s", COUNTED(c->threads, "thread"),
                1e-9 * c->flops_per_second[DTYPE_F32]);
        if (run_bf16_peak_differs(c))
            fprintf(file, ", bf16 %.1f GFLOP/s", 1e-9 * c->flops_per_second[DTYPE_BF16]);
        fprintf(file, "; triad");
        for (int l = 0; l < CEILING_LEVELS; l++)
            fprintf(file, "%s %.1f GB/s at %.3g MB", l ? "," : "",
                    1e-9 * c->levels[l].bytes_per_second, 1e-6 * c->levels[l].working_set);
        fputc('\n', file);
    }
    if (run_gpu_ceilings_measured(run))
        fprintf(file, "ceilings, %s: %.1f GFLOP/s; copy %.1f GB/s\n", run->devices.list[1].name,
                1e-9 * run->gpu_ceilings.flops_per_second[DTYPE_F32],
                1e-9 * run->gpu_ceilings.levels[0].bytes_per_second);
    if (run->link_bytes_per_second > 0.0)
        fprintf(file, "ceiling from rank to rank: %.1f GB/s\n", 1e-9 * run->link_bytes_per_second);
    if (run->gpu_link_bytes_per_second > 0.0)
        fprintf(file, "ceiling from GPU to GPU: %.1f GB/s\n",
                1e-9 * run->gpu_link_bytes_per_second);
    fflush(file);
}

/* One case: measured, written, shown. `before` is the row shown last, for the headings. */
static enum status run_case(struct run *run, struct devices *devices,
                            const struct bench_case *bench_case, struct result *before,
                            struct message *message) {
    const struct run_options *o = run->options;
    const struct contest_rules rules = run_rules(run, devices);
    size_t done_count;
    const struct result *done = run_done(run, &done_count);
    struct case_rows rows;
    enum status status = contest_run(&rules, bench_case, done, done_count, &rows, message);
    if (status != STATUS_OK)
        return status;
    run->throttled += rows.throttled_count;
    if (run->results)
        status = results_append(run->results, &rows, message);
    status = ranks_agree(o->ranks, status, message);
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
        if (ranks_any(run->options->ranks,
                      run->options->stop && run->options->stop(run->options->stop_argument)))
            status = message_set(message, STATUS_INTERRUPTED, "interrupted");
        else
            status = run_case(run, devices, &selection->cases[i], &before, message);
    }
    return status;
}

static enum status all_run(struct run *run, struct message *message) {
    progress_start(&run->progress, run->selection.count + run->appendix.count);
    run->progress.live &= ranks_is_first(run->options->ranks) && !run->options->quiet;
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
    (void)run_done(run, &rows);
    struct message cause = *message;
    (void)message_set(message, STATUS_INTERRUPTED,
                      "%.500s; %s %s kept, and the same command with --out %s goes on from "
                      "there",
                      cause.text, COUNTED(rows, "row"), ONE_OR_MORE(rows, "is", "are"),
                      run->folder.path);
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
                           "%zu of %s failed; the table and %s/results.csv say why", failed,
                           COUNTED(count, "row"), run->folder.path);
    if (skipped == count)
        return message_set(message, STATUS_UNSUPPORTED,
                           "nothing was measured: %s %s skipped, the last one because: %s",
                           COUNTED(count, "row"), ONE_OR_MORE(count, "was", "were"),
                           rows[count - 1].reason);
    return STATUS_OK;
}

/* What would limit the emulated kernels on a real GPU. That the file could not be written costs
 * the run nothing: it follows from counters.csv. */
static void limits_tell(const struct run *run) {
    const char *name = run->options->limits;
    const struct model_gpu *described = run->options->described;
    const struct model_gpu *gpu = name ? model_gpu_find(name) : limits_gpu_of_run(run->folder.path);
    if (name && described && strcmp(name, described->name) == 0)
        gpu = described;
    struct message why;
    if (gpu && limits_write(run->folder.path, gpu, run->table, &why) != STATUS_OK)
        fprintf(run->table, "limits: %s\n", why.text);
}

/* What the emulated kernels would take on real GPUs, by the model. */
static void predictions_tell(const struct run *run) {
    struct message why;
    if (run->options->predict &&
        predictions_write(run->folder.path, run->options->predict, run->table, &why) != STATUS_OK)
        fprintf(run->table, "predictions: %s\n", why.text);
}

/* What is drawn and printed of a run whose rows are all on the disk. A wrong result is what the run
 * ends with, whatever became of the plots. */
static enum status run_show(struct run *run, struct message *message) {
    size_t count;
    if (!run->results)
        return STATUS_OK; /* the first rank shows them */
    const struct result *rows = results_rows(run->results, &count);
    struct message why;
    if (run->options->quiet)
        return rows_judge(run, rows, count, message);
    table_print_summary(run->table, rows, count);
    crossover_print(run->table, rows, count);
    limits_tell(run);
    predictions_tell(run);
    enum status shown = report_draw(run->folder.path, run->table, &why);
    if (shown != STATUS_OK)
        (void)message_set(message, shown,
                          "%.500s; %s %s kept, and `lockstep report %s` draws them again", why.text,
                          COUNTED(count, "row"), ONE_OR_MORE(count, "is", "are"), run->folder.path);
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
            status = added_check_unchanged(options->added, message);
        if (status == STATUS_OK)
            status = run_environment_save(&run, "finished", message);
        if (status == STATUS_OK)
            status = run_show(&run, message);
        else
            add_what_was_kept(&run, message);
    }
    ranks_keep(options->ranks, NULL);
    struct message closing;
    enum status closed = run_close(&run, &closing);
    if (status == STATUS_OK && closed != STATUS_OK) {
        *message = closing;
        status = closed;
    }
    return status;
}
