/* `lockstep run` */
#include "bench/commands/arguments.h"

enum { KEY_OUT = 0x3001, KEY_JSON };

static const struct argp_option options[] = {
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
    "oracle, and writes results, samples and plots into a folder. Without a preset it takes "
    "`default`; without --max-time a case is sampled for 2 s, with --quick for 0.3 s.\v"
    "Example:\n"
    "  lockstep run gemm --shape 512x512x512,100x9x64 --implementation openblas\n\n"
    "Exit status: 0 all verified; 1 a result is wrong; 2 the call was wrong; 3 the run could not "
    "be finished (what was measured is kept), or every row was skipped; 77 the GPU that was "
    "required is not there.";

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct command_parse *parse = state->input;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = parse;
        return 0;
    }
    struct run_options *run = &((struct run_arguments *)parse->options)->run;
    if (key == KEY_OUT)
        run->out = argument;
    else if (key == KEY_JSON)
        run->json = true;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

enum status command_run(int argc, char **argv, const struct command_context *context,
                        struct message *message) {
    struct run_arguments arguments;
    run_arguments_begin(&arguments, context);
    const struct argp_child children[] = {{.argp = &run_arguments_argp}, {0}};
    const struct argp argp = {.options = options,
                              .parser = parse_option,
                              .args_doc = "[OPERATION…]",
                              .doc = doc,
                              .children = children};
    struct command_parse parse = {.name = "run", .options = &arguments, .message = message};
    enum status status = command_parse(&argp, argc, argv, &parse);
    if (status != STATUS_OK || parse.helped)
        return status;
    run_arguments_finish(&arguments);
    return run_execute(&arguments.run, message);
}
