/* `lockstep tune` */
#include "bench/commands/command.h"
#include "bench/commands/tune.h"

#include <string.h>

static const char doc[] =
    "Measures on a GPU, for each GEMM shape (default: those of the preset), every tile and every "
    "split of k that can run it, each verified before it is timed, and keeps the fastest in a file "
    "that --tuning of the other commands reads. What the file has of other shapes and other GPUs "
    "stays.\v"
    "Examples:\n"
    "  lockstep tune --preset mnist --out h100.csv\n"
    "  lockstep tune 512x512x512 100x128x784 --variant nn,nt\n\n"
    "Exit status: 0 all measured; 1 a result is wrong; 2 the call or the file was wrong; 3 not all "
    "could be measured (what was is kept); 77 there is no GPU that has times.";

enum { KEY_PRESET = 0x2001, KEY_VARIANT, KEY_GPU, KEY_MAX_TIME, KEY_OUT };

static const struct argp_option options[] = {
    {"preset", KEY_PRESET, "NAME", 0, "Whose shapes of gemm (default: default)", 0},
    {"variant", KEY_VARIANT, "LIST", 0, "Only these of nn, nt, tn", 0},
    {"gpu", KEY_GPU, "WHICH", 0, "auto (default) or a device number", 0},
    {"max-time", KEY_MAX_TIME, "S", 0, "Seconds of sampling a shape (default 2)", 0},
    {"out", KEY_OUT, "FILE", 0, "The file (default: tuning.csv)", 0},
    {0},
};

struct parsed {
    struct tune_options tune;
    char shapes[2048]; /* separated by commas */
};

static int parse_shape(struct command_parse *parse, const char *shape) {
    struct parsed *parsed = parse->options;
    size_t used = strlen(parsed->shapes);
    if (used + strlen(shape) + 2 > sizeof parsed->shapes)
        return command_refuse(parse, "more shapes were given than one call can take");
    snprintf(parsed->shapes + used, sizeof parsed->shapes - used, "%s%s", used ? "," : "", shape);
    parsed->tune.shapes = parsed->shapes;
    return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct command_parse *parse = state->input;
    struct tune_options *tune = &((struct parsed *)parse->options)->tune;
    switch (key) {
    case KEY_PRESET:
        tune->preset = argument;
        return 0;
    case KEY_VARIANT:
        tune->variants = argument;
        return 0;
    case KEY_GPU:
        tune->gpu = argument;
        return 0;
    case KEY_MAX_TIME:
        if (!command_read_positive(argument, &tune->max_seconds))
            return command_refuse(parse, "--max-time wants a number of seconds, not '%s'",
                                  argument);
        return 0;
    case KEY_OUT:
        tune->out = argument;
        return 0;
    case ARGP_KEY_ARG:
        return parse_shape(parse, argument);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

enum status command_tune(int argc, char **argv, const struct command_context *context,
                         struct message *message) {
    struct parsed parsed = {.tune = {.preset = "default",
                                     .gpu = "auto",
                                     .out = "tuning.csv",
                                     .stop = context->stop,
                                     .stop_argument = context->stop_argument,
                                     .table = stdout}};
    const struct argp argp = {
        .options = options, .parser = parse_option, .args_doc = "[SHAPE…]", .doc = doc};
    struct command_parse parse = {.name = "tune", .options = &parsed, .message = message};
    enum status status = command_parse(&argp, argc, argv, &parse);
    if (status != STATUS_OK || parse.helped)
        return status;
    return tune_execute(&parsed.tune, message);
}
