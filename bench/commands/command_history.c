/* `lockstep history` */
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/regression/history.h"
#include "bench/regression/history_check.h"
#include "bench/regression/history_plot.h"
#include "bench/regression/history_print.h"

#include <stdio.h>
#include <string.h>

struct parsed {
    const char *action, *argument;
    const char *machine, *out;
    bool all;
};

static int machine_read(struct option_parse *parse, const struct command_option *option, char *text,
                        void *member) {
    if (!*text)
        return option_refuse(parse, "%s wants a machine's name or fingerprint", option->name);
    *(const char **)member = text;
    return 0;
}

static const struct command_option options[] = {
    OPTION_OWN("machine", "MACHINE", machine_read, struct parsed, machine,
               "record: the name that machines alike share, where each would have a history of "
               "its own; else: only this machine, by its name or the beginning of its "
               "fingerprint"),
    OPTION_FLAG("all", struct parsed, all, "Show every run, not the last ten"),
    OPTION_TEXT("out", "DIR", struct parsed, out,
                "Where to plot: DIR/history.svg (default reports)"),
    OPTIONS_END,
};

static const char doc[] =
    "Keeps runs in one file and shows how times changed over commits. The file is "
    "reports/history.sqlite, or what LOCKSTEP_HISTORY names. CASE may hold * for anything.\v"
    "Examples:\n  lockstep history record reports/latest\n"
    "  lockstep history list\n"
    "  lockstep history show gemm/nn/f32/1024x1024x1024\n"
    "  lockstep history plot 'softmax/forward/*'\n"
    "  lockstep history check $(git rev-parse v1.2)\n\n"
    "A step names the first commit of a new level: where medians before and after differ by more "
    "than 5% and Pettitt's test finds the change. check names every series whose last level began "
    "after "
    "REVISION and is slower than the level of that time, and then ends with 1.";

static int argument_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    if (parsed->argument)
        return option_refuse(parse, "history takes one action and one argument");
    *(parsed->action ? &parsed->argument : &parsed->action) = text;
    return 0;
}

/* --- actions ---------------------------------------------------------------------------------- */

static enum status action_record(const struct parsed *parsed, struct message *message) {
    struct run_files run;
    struct history *history = NULL;
    bool fresh = false;
    enum status status = run_files_read(parsed->argument, &run, message);
    if (status != STATUS_OK)
        return status;
    status = history_open(history_path(), true, &history, message);
    if (status == STATUS_OK)
        status = history_record(history, &run, parsed->machine, &fresh, message);
    if (status == STATUS_OK)
        printf(fresh ? "recorded %s, rows: %zu, in %s\n" : "%s, rows: %zu, is in %s already\n",
               parsed->argument, run.result_count, history_path());
    history_close(history);
    run_files_release(&run);
    return status;
}

static void run_print(const struct history_run *run, void *context) {
    struct history_view *view = context;
    if (!history_is_machine(view->machine, run->fingerprint, run->machine))
        return;
    fprintf(view->file, "%-20s  %-20s  machine %.8s  %5lld rows\n", run->written, run->commit,
            run->fingerprint, (long long)run->rows);
    view->shown++;
}

static enum status nothing_shown(const struct parsed *parsed, struct message *message) {
    return message_set(message, STATUS_INVALID,
                       "no machine was recorded under the name '%s' or has a fingerprint that "
                       "begins so; `lockstep history list` shows them",
                       parsed->machine);
}

static enum status action_list(const struct parsed *parsed, struct message *message) {
    struct history *history = NULL;
    struct history_view view = {.file = stdout, .machine = parsed->machine};
    enum status status = history_open(history_path(), false, &history, message);
    if (status == STATUS_OK)
        status = history_each_run(history, run_print, &view, message);
    if (status == STATUS_OK && view.shown == 0 && parsed->machine)
        status = nothing_shown(parsed, message);
    history_close(history);
    return status;
}

static enum status action_show(const struct parsed *parsed, struct message *message) {
    struct history *history = NULL;
    struct history_view view = {.file = stdout, .machine = parsed->machine, .all = parsed->all};
    enum status status = history_open(history_path(), false, &history, message);
    if (status == STATUS_OK)
        status =
            history_each_series(history, parsed->argument, history_print_series, &view, message);
    if (status == STATUS_OK && view.shown == 0)
        status = nothing_shown(parsed, message);
    history_close(history);
    return status;
}

static enum status action_plot(const struct parsed *parsed, struct message *message) {
    struct history *history = NULL;
    const char *folder = parsed->out ? parsed->out : "reports";
    size_t panels = 0;
    enum status status = history_open(history_path(), false, &history, message);
    if (status == STATUS_OK)
        status = history_plot(history, parsed->argument, parsed->machine, folder, &panels, message);
    if (status == STATUS_OK && panels == 0)
        status = nothing_shown(parsed, message);
    if (status == STATUS_OK)
        printf("plot: %s/history.svg\n", folder);
    history_close(history);
    return status;
}

static enum status action_check(const struct parsed *parsed, struct message *message) {
    struct history *history = NULL;
    struct history_check check = {
        .file = stdout, .since = parsed->argument, .machine = parsed->machine};
    enum status status = history_open(history_path(), false, &history, message);
    if (status == STATUS_OK)
        status = history_each_series(history, "*", history_check_series, &check, message);
    if (status == STATUS_OK)
        status = history_check_end(&check, message);
    history_close(history);
    return status;
}

static const struct {
    const char *name, *argument; /* NULL: it takes none */
    enum status (*function)(const struct parsed *parsed, struct message *message);
} actions[] = {{"record", "DIR", action_record},
               {"list", NULL, action_list},
               {"show", "CASE", action_show},
               {"plot", "CASE", action_plot},
               {"check", "REVISION", action_check}};

enum status command_history(int argc, char **argv, const struct command_context *context,
                            struct message *message) {
    (void)context;
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.action = NULL};
    struct option_parse parse = {.name = "history",
                                 .arguments =
                                     "record DIR\nlist\nshow CASE\nplot CASE\ncheck REVISION",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = argument_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (!parsed.action || strcmp(parsed.action, actions[i].name) != 0)
            continue;
        if (!actions[i].argument != !parsed.argument)
            return message_set(message, STATUS_INVALID, "the call is `lockstep history %s%s%s`",
                               actions[i].name, actions[i].argument ? " " : "",
                               actions[i].argument ? actions[i].argument : "");
        if (parsed.out && actions[i].function != action_plot)
            return message_set(message, STATUS_INVALID,
                               "--out is for plot; LOCKSTEP_HISTORY names the history's file");
        return actions[i].function(&parsed, message);
    }
    return message_set(message, STATUS_INVALID,
                       "history wants one of record DIR, list, show CASE, plot CASE and check "
                       "REVISION%s%s",
                       parsed.action ? ", not " : "", parsed.action ? parsed.action : "");
}
