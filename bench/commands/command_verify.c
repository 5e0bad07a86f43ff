/* `lockstep verify` */
#include "bench/commands/command.h"
#include "bench/commands/suite.h"
#include "bench/devices/environment.h"
#include "bench/operations/selection.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

static const char doc[] =
    "Checks every implementation of the operations (default: all) against the float64 oracle on "
    "awkward shapes, leading dimensions and special values. Nothing is timed.\v"
    "Example:\n  lockstep verify softmax --implementation cpu-simd\n\n"
    "Exit status: 0 all verified; 1 a result is wrong; 2 the call was wrong; 3 it could not be "
    "finished, or every case was skipped; 77 the GPU that was required is not there.";

enum {
    KEY_IMPLEMENTATION = 0x2001,
    KEY_DTYPE,
    KEY_GPU,
    KEY_TUNING,
    KEY_THREADS,
    KEY_SEED,
    OPERATIONS_MAX = 32
};

static const struct argp_option options[] = {
    {"implementation", KEY_IMPLEMENTATION, "LIST", 0, "Only these, separated by commas", 0},
    {"dtype", KEY_DTYPE, "LIST", 0, "f32, tf32, bf16, f16 (default: all that an operation has)", 0},
    {"gpu", KEY_GPU, "WHICH", 0, "auto (default), none, emulated, or a device number", 0},
    {"tuning", KEY_TUNING, "FILE", 0, "GEMM tiles and splits as `lockstep tune` measured them", 0},
    {"threads", KEY_THREADS, "N", 0,
     "CPU threads (default: all processors, at least 2); one is checked too", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of the inputs (default 1)", 0},
    {0},
};

struct parsed {
    const struct operation *operations[OPERATIONS_MAX];
    const char *gpu, *tuning;
    struct suite_options suite;
};

static int parse_operation(struct command_parse *parse, const char *name) {
    struct parsed *parsed = parse->options;
    parse->status = operations_check(&name, 1, parse->message);
    if (parse->status != STATUS_OK)
        return EINVAL;
    if (parsed->suite.operation_count == OPERATIONS_MAX)
        return command_refuse(parse, "more than %d operations were named", OPERATIONS_MAX);
    parsed->operations[parsed->suite.operation_count++] = operation_find(name);
    return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct command_parse *parse = state->input;
    struct parsed *parsed = parse->options;
    long long number;
    switch (key) {
    case KEY_IMPLEMENTATION:
        parsed->suite.implementations = argument;
        return 0;
    case KEY_DTYPE:
        parsed->suite.dtypes = argument;
        return 0;
    case KEY_GPU:
        parsed->gpu = argument;
        return 0;
    case KEY_TUNING:
        parsed->tuning = argument;
        return 0;
    case KEY_THREADS:
        if (!command_read_integer(argument, 1, 4096, &number))
            return command_refuse(parse, "--threads wants a number from 1 to 4096, not '%s'",
                                  argument);
        parsed->suite.threads = (int)number;
        return 0;
    case KEY_SEED:
        if (!command_read_integer(argument, 0, INT64_MAX, &number))
            return command_refuse(parse, "--seed wants a whole number from 0, not '%s'", argument);
        parsed->suite.seed = (uint64_t)number;
        return 0;
    case ARGP_KEY_ARG:
        return parse_operation(parse, argument);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum status parsed_run(struct parsed *parsed, struct message *message) {
    struct devices devices;
    enum status status = devices_open(&devices, parsed->gpu, message);
    if (status != STATUS_OK)
        return status;
    status = devices_tune(&devices, parsed->tuning, message);
    if (status == STATUS_OK) {
        struct suite_totals totals;
        if (devices.tuning)
            printf("%s\n", devices.tuning->note);
        parsed->suite.devices = &devices;
        status = suite_run(&parsed->suite, &totals, message);
        printf("%zu passed, %zu failed, %zu skipped\n", totals.passed, totals.failed,
               totals.skipped);
    }
    devices_close(&devices);
    return status;
}

enum status command_verify(int argc, char **argv, const struct command_context *context,
                           struct message *message) {
    int processors = environment_processors();
    struct parsed parsed = {.gpu = "auto",
                            .suite = {.threads = processors > 2 ? processors : 2,
                                      .seed = 1,
                                      .stop = context->stop,
                                      .stop_argument = context->stop_argument,
                                      .log = stdout}};
    const struct argp argp = {
        .options = options, .parser = parse_option, .args_doc = "[OPERATION…]", .doc = doc};
    struct command_parse parse = {.name = "verify", .options = &parsed, .message = message};
    enum status status = command_parse(&argp, argc, argv, &parse);
    if (status != STATUS_OK || parse.helped)
        return status;
    bool all = parsed.suite.operation_count == 0;
    parsed.suite.operations = all ? operations : parsed.operations;
    if (all)
        parsed.suite.operation_count = operation_count;
    status = implementations_check(parsed.suite.implementations, parsed.suite.operations,
                                   (size_t)parsed.suite.operation_count, message);
    if (status == STATUS_OK)
        status = dtypes_check(parsed.suite.dtypes, message);
    if (status != STATUS_OK)
        return status;
    return parsed_run(&parsed, message);
}
