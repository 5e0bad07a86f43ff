/* `lockstep sample`: the processes that `lockstep ab` starts. */
#include "bench/commands/arguments.h"
#include "bench/commands/sampler.h"

static const char doc[] =
    "Takes samples on request: `lockstep ab` starts it and talks to it over standard input and "
    "output. bench/regression/protocol.h says how.\v"
    "Example:\n"
    "  printf 'open 0\\ntake 0 5\\n' | lockstep sample gemm --shape 64x64x64";

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

enum status command_sample(int argc, char **argv, const struct command_context *context,
                           struct message *message) {
    struct run_arguments arguments;
    run_arguments_begin(&arguments, context);
    const struct argp_child children[] = {{.argp = &run_arguments_argp}, {0}};
    const struct argp argp = {
        .parser = parse_option, .args_doc = "[OPERATION…]", .doc = doc, .children = children};
    struct command_parse parse = {.name = "sample", .options = &arguments, .message = message};
    enum status status = command_parse(&argp, argc, argv, &parse);
    if (status != STATUS_OK || parse.helped)
        return status;
    run_arguments_finish(&arguments);
    return sampler_serve(&arguments.run, stdin, stdout, message);
}
