/* `lockstep run` */
#include "bench/commands/arguments.h"
#include "bench/commands/job.h"
#include "bench/model/limits.h"

#include <string.h>

static const struct command_option options[] = {
    OPTION_TEXT("out", "DIR", struct run_arguments, run.out,
                "Folder for the results (default: a new one under reports/runs). An unfinished run "
                "in it is resumed"),
    OPTION_TEXT("scaling", "HOW", struct run_arguments, run.scaling,
                "Over ranks: strong (default) shares a batch, weak gives each rank the shape's"),
    OPTION_TEXT(
        "limits", "NAME", struct run_arguments, run.limits,
        "By whose figures to say what would limit each emulated kernel (default: the "
        "emulated GPU's, or else a100), see `lockstep explain --gpu list`; none: by nobody's"),
    OPTION_FLAG("json", struct run_arguments, run.json,
                "Results as JSON on standard output, the table on standard error"),
    OPTIONS_END,
};

static const char doc[] =
    "Times every implementation of the chosen cases in turn and verifies each against a float64 "
    "oracle. Results, samples and plots go into a folder. Without a preset it takes `default`. A "
    "case is sampled for 2 s, with --quick for 0.3 s, or as --max-time says.\v"
    "Example:\n"
    "  lockstep run gemm --shape 512x512x512,100x9x64 --implementation openblas";

static enum status limits_check(const struct run_options *run, struct message *message) {
    const char *limits = run->limits;
    if (!limits || strcmp(limits, "none") == 0)
        return STATUS_OK;
    if (!model_gpu_find(limits))
        return message_set(
            message, STATUS_INVALID,
            "--limits wants a GPU that `lockstep explain --gpu list` names, or none, "
            "not '%s'",
            limits);
    if (strcmp(run->gpu, "auto") != 0 && strcmp(run->gpu, "emulated") != 0)
        return message_set(message, STATUS_INVALID,
                           "--limits follow from what the emulated GPU counts, and --gpu %s counts "
                           "nothing; use --gpu emulated",
                           run->gpu);
    return STATUS_OK;
}

enum status command_run(int argc, char **argv, const struct command_context *context,
                        struct message *message) {
    static const struct command_option *const tables[] = {options, run_arguments_options, NULL};
    struct run_arguments arguments;
    run_arguments_begin(&arguments, context);
    arguments.run.limits = NULL;
    struct option_parse parse = {.name = "run",
                                 .arguments = "[OPERATION…]",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &arguments,
                                 .argument = run_arguments_operation,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    const char *scaling = arguments.run.scaling;
    if (scaling && strcmp(scaling, "strong") != 0 && strcmp(scaling, "weak") != 0)
        return message_set(message, STATUS_INVALID, "--scaling wants strong or weak, not '%s'",
                           scaling);
    status = limits_check(&arguments.run, message);
    if (status == STATUS_OK)
        status = run_arguments_finish(&arguments, message);
    if (status != STATUS_OK)
        return status;
    status = job_join(context, &arguments.run.ranks, message);
    if (status == STATUS_OK)
        status = run_execute(&arguments.run, message);
    run_arguments_close(&arguments);
    return job_leave(arguments.run.ranks, status, context, message);
}
