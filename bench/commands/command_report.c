/* `lockstep report` */
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/report/report.h"
#include "bench/report/scaling.h"

#include <stdio.h>

static const char doc[] =
    "Draws the plots and writes the page of a run again, from the files in its folder. Given "
    "several, it does so for the first and adds how times change with the number of ranks.\v"
    "Example:\n  lockstep report reports/latest\n  lockstep report ranks1 ranks2 ranks4";

struct parsed {
    const char *folders[SCALING_RUNS_MAX];
    int count;
};

static int argument_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    if (parsed->count == SCALING_RUNS_MAX)
        return option_refuse(parse, "report takes at most %d folders", SCALING_RUNS_MAX);
    parsed->folders[parsed->count++] = text;
    return 0;
}

enum status command_report(int argc, char **argv, const struct command_context *context,
                           struct message *message) {
    (void)context;
    static const struct command_option *const tables[] = {NULL};
    struct parsed parsed = {.count = 0};
    struct option_parse parse = {.name = "report",
                                 .arguments = "DIR…",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = argument_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (parsed.count == 0)
        return message_set(message, STATUS_INVALID,
                           "report wants the folder of a run, as in `lockstep report "
                           "reports/latest`");
    if (parsed.count > 1)
        status = report_scaling_draw(parsed.folders, parsed.count, stdout, message);
    if (status != STATUS_OK)
        return status;
    return report_draw(parsed.folders[0], stdout, message);
}
