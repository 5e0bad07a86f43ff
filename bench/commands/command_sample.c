/* `lockstep sample`: the processes that `lockstep ab` starts. */
#include "bench/commands/arguments.h"
#include "bench/run/sampler.h"

static const char doc[] =
    "Takes samples on request: `lockstep ab` starts it and talks to it over standard input and "
    "output. bench/regression/protocol.h says how.\v"
    "Example:\n"
    "  printf 'open 0\\ntake 0 5\\n' | lockstep sample gemm --shape 64x64x64";

enum status command_sample(int argc, char **argv, const struct command_context *context,
                           struct message *message) {
    static const struct command_option *const tables[] = {run_arguments_options, NULL};
    struct run_arguments arguments;
    run_arguments_begin(&arguments, context);
    struct option_parse parse = {.name = "sample",
                                 .arguments = "[OPERATION…]",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &arguments,
                                 .argument = run_arguments_operation,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    status = run_arguments_finish(&arguments, message);
    if (status != STATUS_OK)
        return status;
    status = sampler_serve(&arguments.run, stdin, stdout, message);
    run_arguments_close(&arguments);
    return status;
}
