/* `lockstep run` */
#include "bench/commands/arguments.h"
#include "bench/commands/job.h"
#include "bench/model/choice.h"

#include <string.h>

struct parsed {
    struct run_arguments arguments; /* first: the shared options know it alone */
    const char *predict, *device_file;
    bool caches;
    struct gpu_choice choice;
    struct gpu_description description;
};

static const struct command_option options[] = {
    OPTION_TEXT("out", "DIR", struct parsed, arguments.run.out,
                "Folder for the results (default: a new one under reports/runs). An unfinished run "
                "in it is resumed"),
    OPTION_TEXT("scaling", "HOW", struct parsed, arguments.run.scaling,
                "Over ranks: strong (default) shares a batch, weak gives each rank the shape's"),
    OPTION_TEXT(
        "limits", "NAME", struct parsed, arguments.run.limits,
        "By whose figures to say what would limit each emulated kernel (default: the "
        "emulated GPU's, or else a100), see `lockstep explain --gpu list`; none: by nobody's"),
    OPTION_LIST(
        "predict", struct parsed, predict,
        "On which GPUs to predict the time of each emulated kernel: names joined by commas, "
        "or all"),
    OPTION_TEXT("device-file", "FILE", struct parsed, device_file,
                "Describes another GPU, for --limits (its own by default) and --predict "
                "(docs/model.md)"),
    OPTION_WHOLE(
        "sample-blocks", 1, 1000000, struct parsed, arguments.run.sample_blocks,
        "Emulated launches execute at most so many of equal blocks, and count them for all. "
        "Nothing is verified; for shapes too large to run whole"),
    OPTION_FLAG("caches", struct parsed, caches,
                "Emulated launches also count what the GPU's caches hold, on one thread"),
    OPTION_FLAG("json", struct parsed, arguments.run.json,
                "Results as JSON on standard output, the table on standard error"),
    OPTIONS_END,
};

static const char doc[] =
    "Times every implementation of the chosen cases in turn and verifies each against a float64 "
    "oracle. Results, samples and plots go into a folder. Without a preset it takes `default`. A "
    "case is sampled for 2 s, with --quick for 0.3 s, or as --max-time says.\v"
    "Example:\n"
    "  lockstep run gemm --shape 512x512x512,100x9x64 --implementation openblas";

static enum status emulated_check(const struct run_options *run, const char *option,
                                  struct message *message) {
    return strcmp(run->gpu, "auto") == 0 || strcmp(run->gpu, "emulated") == 0
               ? STATUS_OK
               : message_set(message, STATUS_INVALID,
                             "%s what the emulated GPU counts, and --gpu %s counts nothing; use "
                             "--gpu emulated",
                             option, run->gpu);
}

static enum status scaling_check(const char *scaling, struct message *message) {
    if (!scaling || strcmp(scaling, "strong") == 0 || strcmp(scaling, "weak") == 0)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID, "--scaling wants strong or weak, not '%s'",
                       scaling);
}

static enum status limits_check(const struct run_options *run, struct message *message) {
    const char *limits = run->limits;
    if (!limits || strcmp(limits, "none") == 0)
        return STATUS_OK;
    if (!model_gpu_find(limits) && !(run->described && strcmp(limits, run->described->name) == 0))
        return message_set(
            message, STATUS_INVALID,
            "--limits wants a GPU that `lockstep explain --gpu list` names, or none, "
            "not '%s'",
            limits);
    return emulated_check(run, "--limits follow from", message);
}

/* What is asked of the emulated GPU. */
static enum status emulator_ask(const struct parsed *parsed, struct message *message) {
    const struct run_options *run = &parsed->arguments.run;
    enum status status = STATUS_OK;
    if (run->sample_blocks > 0 && parsed->caches)
        return message_set(message, STATUS_INVALID,
                           "--caches wants all blocks, --sample-blocks a few: give one of them");
    if (run->sample_blocks > 0)
        status = emulated_check(run, "--sample-blocks changes", message);
    if (status == STATUS_OK && run->sample_blocks > 0)
        status = run_sample_blocks(run->sample_blocks, message);
    if (parsed->caches)
        status = emulated_check(run, "--caches changes", message);
    return status == STATUS_OK && parsed->caches ? run_simulate_caches(message) : status;
}

/* A described GPU that neither --limits nor --predict names would be of no use. */
static enum status description_check(const struct parsed *parsed, struct message *message) {
    const struct run_options *run = &parsed->arguments.run;
    if (!parsed->device_file || strcmp(run->limits, run->described->name) == 0 ||
        (run->predict && gpu_choice_has(run->predict, run->described)))
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "--device-file describes '%s', which neither --limits nor --predict names",
                       run->described->name);
}

/* The GPUs of --device-file, --limits and --predict. The limits are those of a described GPU,
 * unless another is named. */
static enum status gpus_read(struct parsed *parsed, struct message *message) {
    struct run_options *run = &parsed->arguments.run;
    enum status status = STATUS_OK;
    if (parsed->device_file) {
        status = gpu_description_read(parsed->device_file, &parsed->description, message);
        run->described = &parsed->description.gpu;
        run->limits = run->limits ? run->limits : run->described->name;
    }
    if (status == STATUS_OK)
        status = limits_check(run, message);
    if (status == STATUS_OK && parsed->predict) {
        run->predict = &parsed->choice;
        status = gpu_choice_read(parsed->predict, run->described, &parsed->choice, message);
        if (status == STATUS_OK)
            status = emulated_check(run, "--predict follows from", message);
    }
    return status == STATUS_OK ? description_check(parsed, message) : status;
}

enum status command_run(int argc, char **argv, const struct command_context *context,
                        struct message *message) {
    static const struct command_option *const tables[] = {options, run_arguments_options, NULL};
    struct parsed parsed = {.predict = NULL};
    struct run_options *run = &parsed.arguments.run;
    run_arguments_begin(&parsed.arguments, context);
    run->limits = NULL;
    struct option_parse parse = {.name = "run",
                                 .arguments = "[OPERATION…]",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = run_arguments_operation,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (parse.helped)
        return status;
    if (status == STATUS_OK)
        status = scaling_check(run->scaling, message);
    if (status == STATUS_OK)
        status = gpus_read(&parsed, message);
    if (status == STATUS_OK)
        status = emulator_ask(&parsed, message);
    if (status == STATUS_OK)
        status = run_arguments_finish(&parsed.arguments, message);
    status = job_join(context, status, &run->ranks, message);
    if (status == STATUS_OK)
        status = run_execute(run, message);
    run_arguments_close(&parsed.arguments);
    return job_leave(run->ranks, status, context, message);
}
