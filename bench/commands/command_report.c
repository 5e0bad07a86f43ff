/* `lockstep report` */
#include "bench/commands/command.h"
#include "bench/report/report.h"

#include <stdio.h>

static const char doc[] =
    "Draws the plots and writes the page of a run again, from the files in its folder.\v"
    "Example:\n  lockstep report reports/latest";

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct command_parse *parse = state->input;
    const char **folder = parse->options;
    if (key == ARGP_KEY_ARG && !*folder)
        *folder = argument;
    else if (key == ARGP_KEY_ARG)
        return command_refuse(parse, "report takes one folder");
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

enum status command_report(int argc, char **argv, const struct command_context *context,
                           struct message *message) {
    (void)context;
    const char *folder = NULL;
    const struct argp argp = {.parser = parse_option, .args_doc = "DIR", .doc = doc};
    struct command_parse parse = {.name = "report", .options = &folder, .message = message};
    enum status status = command_parse(&argp, argc, argv, &parse);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (!folder)
        return message_set(message, STATUS_INVALID,
                           "report wants the folder of a run, as in `lockstep report "
                           "reports/latest`");
    return report_draw(folder, stdout, message);
}
