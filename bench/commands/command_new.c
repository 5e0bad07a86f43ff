/* `lockstep new` */
#include "bench/added/templates.h"
#include "bench/commands/command.h"
#include "bench/commands/options.h"

#include <stdio.h>

static const char doc[] =
    "Writes a kernel of an operation to start from, with the lines that say how it is launched. It "
    "is right as it is; make it faster. docs/own-kernel.md explains the lines.\v"
    "Example:\n"
    "  lockstep new gemm mine.cu && lockstep verify gemm --add mine.cu";

struct parsed {
    const char *words[2]; /* operation and file */
    int count;
};

static const struct command_option options[] = {OPTIONS_END};

static int argument_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    if (parsed->count == 2)
        return option_refuse(parse, "new takes an operation and a file, and '%s' is one more",
                             text);
    parsed->words[parsed->count++] = text;
    return 0;
}

enum status command_new(int argc, char **argv, const struct command_context *context,
                        struct message *message) {
    (void)context;
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.count = 0};
    struct option_parse parse = {.name = "new",
                                 .arguments = "OPERATION FILE.cu",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = argument_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (parsed.count < 2)
        return message_set(message, STATUS_INVALID,
                           "new wants an operation and the file to write: lockstep new gemm "
                           "mine.cu");
    status = template_write(parsed.words[0], parsed.words[1], message);
    if (status == STATUS_OK)
        printf("%s is a kernel that works; next:\n  lockstep verify %s --add %s\n  lockstep run %s "
               "--add %s\n",
               parsed.words[1], parsed.words[0], parsed.words[1], parsed.words[0], parsed.words[1]);
    return status;
}
