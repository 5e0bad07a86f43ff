/* The options that `run`, `ab` and `sample` share. */
#include "bench/commands/arguments.h"
#include "bench/devices/cores.h"
#include "bench/selection/selection.h"

#include <string.h>

const struct command_option run_arguments_options[] = {
    OPTION_TEXT("case", "GLOB", struct run_arguments, run.selection.case_glob,
                "Only cases whose name matches, as in 'gemm/nn/*'"),
    OPTION_IMPLEMENTATIONS(struct run_arguments, run.implementations),
    OPTION_ADD(struct run_arguments, add),
    OPTION_LIST("shape", struct run_arguments, run.selection.shapes,
                "These shapes instead of the preset's"),
    OPTION_TEXT("preset", "NAME", struct run_arguments, preset,
                "A named set of cases, see `lockstep list presets`"),
    OPTION_LIST("dtype", struct run_arguments, run.selection.dtypes,
                "f32 (default), tf32, bf16, f16"),
    OPTION_GPU(struct run_arguments, run.gpu),
    OPTION_TUNING(struct run_arguments, run.tuning),
    OPTION_THREADS(struct run_arguments, run.threads,
                   "CPU threads (default: as many as there can be); one is timed too"),
    OPTION_CORES(struct run_arguments, cores),
    OPTION_FLAG("cold", struct run_arguments, run.cold,
                "Rotate among buffers larger than the caches"),
    OPTION_FLAG("quick", struct run_arguments, run.quick, "Preset `quick` and less time a case"),
    OPTION_FLAG("yardsticks", struct run_arguments, run.yardsticks,
                "Also time the copies, bare library calls and GEMMs that ratios are taken to"),
    OPTION_SEED(struct run_arguments, run.selection.seed, "Seed of the inputs (default 1)"),
    OPTION_MAX_TIME(struct run_arguments, run.max_seconds, "Seconds of sampling a case"),
    OPTIONS_END,
};

int run_arguments_operation(struct option_parse *parse, char *text) {
    struct run_arguments *arguments = parse->parsed;
    if (arguments->run.selection.operation_count == RUN_OPERATIONS_MAX)
        return option_refuse(parse, "more than %d operations were named", RUN_OPERATIONS_MAX);
    arguments->operations[arguments->run.selection.operation_count++] = text;
    return 0;
}

void run_arguments_begin(struct run_arguments *arguments, const struct command_context *context) {
    *arguments = (struct run_arguments){.run = {.selection.seed = 1,
                                                .gpu = "auto",
                                                .limits = "none",
                                                .stop = context->stop,
                                                .stop_argument = context->stop_argument,
                                                .argument_count = context->argument_count,
                                                .arguments = context->arguments}};
}

static const char *preset_default(const struct run_arguments *arguments) {
    if (arguments->preset)
        return arguments->preset;
    if (strcmp(arguments->run.gpu, "emulated") == 0)
        return "emulated";
    return arguments->run.quick ? "quick" : "default";
}

enum status run_arguments_finish(struct run_arguments *arguments, struct message *message) {
    struct run_options *run = &arguments->run;
    enum status status = cores_use(arguments->cores, message);
    if (status == STATUS_OK)
        status = added_open(&arguments->add, &run->added, message);
    if (status != STATUS_OK)
        return status;
    const size_t count = run->selection.operation_count;
    if (added_count(run->added) > 0)
        status = operations_check(arguments->operations, count, message);
    if (status == STATUS_OK)
        status = added_check_asked(run->added, arguments->operations, count, message);
    if (status != STATUS_OK)
        return status;
    run->gpu = added_gpu(run->added, run->gpu, false);
    run->selection.table = added_table(run->added);
    run->selection.operations = arguments->operations;
    run->selection.preset = preset_default(arguments);
    return STATUS_OK;
}

void run_arguments_close(struct run_arguments *arguments) {
    added_close(arguments->run.added);
}
