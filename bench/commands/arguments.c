/* The options that `run`, `ab` and `sample` share. */
#include "bench/commands/arguments.h"

#include <stdint.h>
#include <string.h>

enum {
    KEY_CASE = 0x2001,
    KEY_IMPLEMENTATION,
    KEY_SHAPE,
    KEY_PRESET,
    KEY_DTYPE,
    KEY_GPU,
    KEY_TUNING,
    KEY_THREADS,
    KEY_COLD,
    KEY_QUICK,
    KEY_YARDSTICKS,
    KEY_SEED,
    KEY_MAX_TIME
};

static const struct argp_option options[] = {
    {"case", KEY_CASE, "GLOB", 0, "Only cases whose name matches, as in 'gemm/nn/*'", 0},
    {"implementation", KEY_IMPLEMENTATION, "LIST", 0, "Only these, separated by commas", 0},
    {"shape", KEY_SHAPE, "LIST", 0, "These shapes instead of the preset's", 0},
    {"preset", KEY_PRESET, "NAME", 0, "A named set of cases, see `list presets`", 0},
    {"dtype", KEY_DTYPE, "LIST", 0, "f32 (default), tf32, bf16, f16", 0},
    {"gpu", KEY_GPU, "WHICH", 0, "auto (default), none, emulated, or a device number", 0},
    {"tuning", KEY_TUNING, "FILE", 0, "GEMM tiles and splits as `lockstep tune` measured them", 0},
    {"threads", KEY_THREADS, "N", 0, "CPU threads (default: all processors); one is timed too", 0},
    {"cold", KEY_COLD, NULL, 0, "Rotate among buffers larger than the caches", 0},
    {"quick", KEY_QUICK, NULL, 0, "Preset `quick` and less time a case", 0},
    {"yardsticks", KEY_YARDSTICKS, NULL, 0,
     "Also time the copies, bare library calls and GEMMs that ratios are taken to", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the inputs (default 1)", 0},
    {"max-time", KEY_MAX_TIME, "S", 0, "Seconds of sampling a case", 0},
    {0},
};

static int parse_number(struct command_parse *parse, int key, const char *argument) {
    struct run_options *run = &((struct run_arguments *)parse->options)->run;
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
    struct run_arguments *arguments = parse->options;
    if (arguments->run.selection.operation_count == RUN_OPERATIONS_MAX)
        return command_refuse(parse, "more than %d operations were named", RUN_OPERATIONS_MAX);
    arguments->operations[arguments->run.selection.operation_count++] = argument;
    return 0;
}

/* The words of the command line again. */
static int remember(struct command_parse *parse, int key, char *argument) {
    static char *const dashes[] = {
        "--case",       "--implementation", "--shape",   "--preset", "--dtype",
        "--gpu",        "--tuning",         "--threads", "--cold",   "--quick",
        "--yardsticks", "--seed",           "--max-time"};
    struct run_arguments *arguments = parse->options;
    if (arguments->word_count + 2 >= RUN_WORDS_MAX)
        return command_refuse(parse, "more than %d words of options", RUN_WORDS_MAX);
    if (key != ARGP_KEY_ARG)
        arguments->words[arguments->word_count++] = dashes[key - KEY_CASE];
    if (argument)
        arguments->words[arguments->word_count++] = argument;
    return 0;
}

static int parse_known(struct command_parse *parse, int key, char *argument) {
    struct run_arguments *arguments = parse->options;
    struct run_options *run = &arguments->run;
    const struct {
        int key;
        const char **target;
    } texts[] = {{KEY_CASE, &run->selection.case_glob},
                 {KEY_IMPLEMENTATION, &run->implementations},
                 {KEY_SHAPE, &run->selection.shapes},
                 {KEY_PRESET, &arguments->preset},
                 {KEY_DTYPE, &run->selection.dtypes},
                 {KEY_GPU, &run->gpu},
                 {KEY_TUNING, &run->tuning}};
    const struct {
        int key;
        bool *target;
    } flags[] = {
        {KEY_COLD, &run->cold}, {KEY_QUICK, &run->quick}, {KEY_YARDSTICKS, &run->yardsticks}};
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
    return key == ARGP_KEY_ARG ? parse_operation(parse, argument)
                               : parse_number(parse, key, argument);
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    bool known = (key >= KEY_CASE && key <= KEY_MAX_TIME) || key == ARGP_KEY_ARG;
    if (!known)
        return ARGP_ERR_UNKNOWN;
    int error = parse_known(state->input, key, argument);
    return error ? error : remember(state->input, key, argument);
}

const struct argp run_arguments_argp = {.options = options, .parser = parse_option};

void run_arguments_begin(struct run_arguments *arguments, const struct command_context *context) {
    *arguments = (struct run_arguments){.run = {.selection.seed = 1,
                                                .gpu = "auto",
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

void run_arguments_finish(struct run_arguments *arguments) {
    arguments->run.selection.operations = arguments->operations;
    arguments->run.selection.preset = preset_default(arguments);
}
