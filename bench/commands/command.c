/* argp for subcommands that return instead of ending the process. */
#include "bench/commands/command.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_HELP = '?', KEY_USAGE = 0x1001 };

static const struct argp_option help_options[] = {
    {"help", KEY_HELP, NULL, 0, "Show this help", -1},
    {"usage", KEY_USAGE, NULL, 0, "Show a short usage message", 0},
    {0},
};

static error_t help_parse(int key, char *argument, struct argp_state *state) {
    (void)argument;
    struct command_parse *parse = state->input;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = state->input;
        return 0;
    }
    if (key != KEY_HELP && key != KEY_USAGE)
        return ARGP_ERR_UNKNOWN;
    argp_state_help(state, stdout,
                    key == KEY_HELP ? ARGP_HELP_LONG | ARGP_HELP_DOC | ARGP_HELP_USAGE
                                    : ARGP_HELP_USAGE);
    parse->helped = true;
    return ECANCELED;
}

enum status command_parse(const struct argp *argp, int argc, char **argv,
                          struct command_parse *parse) {
    /* The command's own options stand beside --help; its description moves to the root, where help
     * prints it. */
    struct argp own = *argp;
    own.doc = NULL;
    own.args_doc = NULL;
    const struct argp_child children[] = {{.argp = &own}, {0}};
    const struct argp root = {.options = help_options,
                              .parser = help_parse,
                              .args_doc = argp->args_doc,
                              .doc = argp->doc,
                              .children = children};
    char name[64], *named[256];
    snprintf(name, sizeof name, "lockstep %s", parse->name);
    if ((size_t)argc >= sizeof named / sizeof named[0])
        return message_set(parse->message, STATUS_INVALID, "too many arguments: %d", argc);
    memcpy(named, argv, (size_t)argc * sizeof *argv);
    named[0] = name;
    named[argc] = NULL;
    parse->status = STATUS_OK;
    /* ARGP_NO_HELP: argp's own --help ends the process. Its messages about unknown options go to
     * standard error. */
    error_t error = argp_parse(&root, argc, named, ARGP_NO_EXIT | ARGP_NO_HELP, NULL, parse);
    if (parse->helped)
        return STATUS_OK;
    if (parse->status != STATUS_OK)
        return parse->status;
    if (error)
        return message_set(parse->message, STATUS_INVALID,
                           "the call was not understood; `lockstep %s --help` shows what there is",
                           parse->name);
    return STATUS_OK;
}

int command_refuse(struct command_parse *parse, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(parse->message->text, sizeof parse->message->text, format, arguments);
    va_end(arguments);
    parse->status = STATUS_INVALID;
    return EINVAL;
}

bool command_read_integer(const char *text, long long least, long long most, long long *number) {
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *number >= least && *number <= most;
}

bool command_read_positive(const char *text, double *number) {
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number) && *number > 0.0;
}
