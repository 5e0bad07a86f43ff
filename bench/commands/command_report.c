/* `lockstep report` */
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/report/report.h"

#include <stdio.h>

static const char doc[] =
    "Draws the plots and writes the page of a run again, from the files in its folder.\v"
    "Example:\n  lockstep report reports/latest";

static int argument_read(struct option_parse *parse, char *text) {
    const char **folder = parse->parsed;
    if (*folder)
        return option_refuse(parse, "report takes one folder");
    *folder = text;
    return 0;
}

enum status command_report(int argc, char **argv, const struct command_context *context,
                           struct message *message) {
    (void)context;
    static const struct command_option *const tables[] = {NULL};
    const char *folder = NULL;
    struct option_parse parse = {.name = "report",
                                 .arguments = "DIR",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &folder,
                                 .argument = argument_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (!folder)
        return message_set(message, STATUS_INVALID,
                           "report wants the folder of a run, as in `lockstep report "
                           "reports/latest`");
    return report_draw(folder, stdout, message);
}
