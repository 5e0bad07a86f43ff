/* `lockstep run` */
#include "bench/command.h"
#include "bench/run.h"

#include <stdint.h>
#include <string.h>

enum {
    KEY_CASE = 0x2001,
    KEY_IMPLEMENTATION,
    KEY_SHAPE,
    KEY_PRESET,
    KEY_DTYPE,
    KEY_GPU,
    KEY_THREADS,
    KEY_COLD,
    KEY_QUICK,
    KEY_YARDSTICKS,
    KEY_SEED,
    KEY_MAX_TIME,
    KEY_OUT,
    KEY_JSON
};

static const struct argp_option options[] = {
    {"case", KEY_CASE, "GLOB", 0, "Only cases whose name matches, as in 'gemm/nn/*'", 0},
    {"implementation", KEY_IMPLEMENTATION, "LIST", 0, "Only these, separated by commas", 0},
    {"shape", KEY_SHAPE, "LIST", 0, "These shapes instead of the preset's", 0},
    {"preset", KEY_PRESET, "NAME", 0, "A named set of cases (default: default; see `list presets`)",
     0},
    {"dtype", KEY_DTYPE, "LIST", 0, "f32 (default), tf32, bf16, f16", 0},
    {"gpu", KEY_GPU, "WHICH", 0, "auto (default), none, emulated, or a device number", 0},
    {"threads", KEY_THREADS, "N", 0, "CPU threads (default: all processors); one is timed too", 0},
    {"cold", KEY_COLD, NULL, 0, "Rotate among buffers larger than the caches", 0},
    {"quick", KEY_QUICK, NULL, 0, "Preset `quick` and less time a case", 0},
    {"yardsticks", KEY_YARDSTICKS, NULL, 0,
     "Also time the copies, bare library calls and GEMMs that ratios are taken to", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the inputs (default 1)", 0},
    {"max-time", KEY_MAX_TIME, "S", 0, "Seconds of sampling a case (default 2, quick 0.3)", 0},
    {"out", KEY_OUT, "DIR", 0,
     "Folder for the results (default: a new one under reports/runs); an unfinished run in it is "
     "gone on with",
     0},
    {"json", KEY_JSON, NULL, 0, "Results as JSON on standard output, the table on standard error",
     0},
    {0},
};

static const char doc[] =
    "Times every implementation of the chosen cases in turn, verifies each against a float64 "
    "oracle, and writes results, samples and plots into a folder.\v"
    "Example:\n"
    "  lockstep run gemm --shape 512x512x512,1000x1000x1000 --implementation openblas,cpu-naive\n\n"
    "Exit status: 0 all verified; 1 a result is wrong; 2 the call was wrong; 3 the run could not "
    "be "
    "finished (what was measured is kept); 77 the GPU that was required is not there.";

enum { OPERATIONS_MAX = 32 };

struct parsed {
    struct run_options run;
    const char *operations[OPERATIONS_MAX];
    const char *preset;
};

static int parse_number(struct command_parse *parse, int key, const char *argument) {
    struct run_options *run = &((struct parsed *)parse->options)->run;
    long long number;
    switch (key) {
    case KEY_THREADS:
        if (!command_read_integer(argument, 1, 4096, &number))
            return command_refuse(parse, "--threads wants a number from 1 to 4096, not '%s'",
                                  argument);
        run->threads = (int)number;
        return 0;
    case KEY_SEED:
        if (!command_read_integer(argument, 0, INT64_MAX, &number))
            return command_refuse(parse, "--seed wants a whole number from 0, not '%s'", argument);
        run->selection.seed = (uint64_t)number;
        return 0;
    default:
        if (!command_read_positive(argument, &run->max_seconds))
            return command_refuse(parse, "--max-time wants a number of seconds, not '%s'",
                                  argument);
        return 0;
    }
}

static int parse_operation(struct command_parse *parse, char *argument) {
    struct parsed *parsed = parse->options;
    if (parsed->run.selection.operation_count == OPERATIONS_MAX)
        return command_refuse(parse, "more than %d operations were named", OPERATIONS_MAX);
    parsed->operations[parsed->run.selection.operation_count++] = argument;
    return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct command_parse *parse = state->input;
    struct parsed *parsed = parse->options;
    struct run_options *run = &parsed->run;
    const struct {
        int key;
        const char **target;
    } texts[] = {{KEY_CASE, &run->selection.case_glob},
                 {KEY_IMPLEMENTATION, &run->implementations},
                 {KEY_SHAPE, &run->selection.shapes},
                 {KEY_PRESET, &parsed->preset},
                 {KEY_DTYPE, &run->selection.dtypes},
                 {KEY_GPU, &run->gpu},
                 {KEY_OUT, &run->out}};
    const struct {
        int key;
        bool *target;
    } flags[] = {{KEY_COLD, &run->cold},
                 {KEY_QUICK, &run->quick},
                 {KEY_YARDSTICKS, &run->yardsticks},
                 {KEY_JSON, &run->json}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].key == key) {
            *texts[i].target = argument;
            return 0;
        }
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].key == key) {
            *flags[i].target = true;
            return 0;
        }
    if (key == KEY_THREADS || key == KEY_SEED || key == KEY_MAX_TIME)
        return parse_number(parse, key, argument);
    if (key == ARGP_KEY_ARG)
        return parse_operation(parse, argument);
    return ARGP_ERR_UNKNOWN;
}

static const char *preset_default(const struct parsed *parsed) {
    if (parsed->preset)
        return parsed->preset;
    if (strcmp(parsed->run.gpu, "emulated") == 0)
        return "emulated";
    return parsed->run.quick ? "quick" : "default";
}

enum status command_run(int argc, char **argv, const struct command_context *context,
                        struct message *message) {
    struct parsed parsed = {.run = {.selection.seed = 1,
                                    .gpu = "auto",
                                    .stop = context->stop,
                                    .stop_argument = context->stop_argument,
                                    .argument_count = context->argument_count,
                                    .arguments = context->arguments}};
    const struct argp argp = {
        .options = options, .parser = parse_option, .args_doc = "[OPERATION…]", .doc = doc};
    struct command_parse parse = {.name = "run", .options = &parsed, .message = message};
    enum status status = command_parse(&argp, argc, argv, &parse);
    if (status != STATUS_OK || parse.helped)
        return status;
    parsed.run.selection.operations = parsed.operations;
    parsed.run.selection.preset = preset_default(&parsed);
    return run_execute(&parsed.run, message);
}
