/* `lockstep tune` */
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/devices/cores.h"
#include "bench/run/tune.h"

#include <string.h>

static const char doc[] =
    "Measures which tile and which split of k is the fastest on a GPU, for each GEMM shape "
    "(default: those of the preset). In bf16 and f16 these are the forms of cuda-hopper: tile, "
    "slots "
    "of its ring and blocks of a cluster. Each is verified before it is timed. The fastest are "
    "kept in "
    "a file that --tuning of the other commands reads. What the file has of other shapes and other "
    "GPUs stays.\v"
    "Examples:\n"
    "  lockstep tune --preset mnist --out h100.csv\n"
    "  lockstep tune 512x512x512 100x128x784 --variant nn,nt\n"
    "  lockstep tune 8192x8192x8192 --dtype bf16 --out h100.csv";

struct parsed {
    struct tune_options tune;
    const char *cores; /* NULL: all that this process may run on */
    char shapes[2048]; /* separated by commas */
};

static const struct command_option options[] = {
    OPTION_TEXT("preset", "NAME", struct parsed, tune.preset,
                "Whose shapes of gemm (default: default)"),
    OPTION_LIST("variant", struct parsed, tune.variants, "Only these of nn, nt, tn"),
    OPTION_LIST("dtype", struct parsed, tune.dtypes,
                "f32 (default) for cuda-best, bf16 and f16 for cuda-hopper"),
    OPTION_TEXT("gpu", "WHICH", struct parsed, tune.gpu, "auto (default) or a number"),
    OPTION_CORES(struct parsed, cores),
    OPTION_MAX_TIME(struct parsed, tune.max_seconds, "Seconds of sampling a shape (default 2)"),
    OPTION_TEXT("out", "FILE", struct parsed, tune.out, "The file (default: tuning.csv)"),
    OPTIONS_END,
};

static int shape_read(struct option_parse *parse, char *shape) {
    struct parsed *parsed = parse->parsed;
    size_t used = strlen(parsed->shapes);
    if (used + strlen(shape) + 2 > sizeof parsed->shapes)
        return option_refuse(parse, "more shapes were given than one call can take");
    snprintf(parsed->shapes + used, sizeof parsed->shapes - used, "%s%s", used ? "," : "", shape);
    parsed->tune.shapes = parsed->shapes;
    return 0;
}

enum status command_tune(int argc, char **argv, const struct command_context *context,
                         struct message *message) {
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.tune = {.preset = "default",
                                     .gpu = "auto",
                                     .out = "tuning.csv",
                                     .stop = context->stop,
                                     .stop_argument = context->stop_argument,
                                     .table = stdout}};
    struct option_parse parse = {.name = "tune",
                                 .arguments = "[SHAPE…]",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = shape_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    status = cores_use(parsed.cores, message);
    return status == STATUS_OK ? tune_execute(&parsed.tune, message) : status;
}
