/* `lockstep new` */
#include "bench/added/templates.h"
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "common/words.h"

#include <stdio.h>
#include <string.h>

static const char doc[] =
    "Writes a kernel of an operation to start from: CUDA C with the lines that say how it is "
    "launched where the name ends in .cu, the source of a shared library where it ends in .c, a "
    "process in Python where it ends in .py. It is right as it is; make it better. "
    "docs/own-kernel.md explains them.\v"
    "Example:\n"
    "  lockstep new gemm mine.cu && lockstep verify gemm --add mine.cu";

struct parsed {
    const char *words[2]; /* operation and file */
    int count;
};

static const struct command_option options[] = {OPTIONS_END};

static bool ends_in(const char *path, const char *extension) {
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, extension) == 0;
}

/* A kernel with launch lines is added as it is, quoted and with a name where its own cannot be a
 * row's. The others say in their first lines what is next. */
static void next_print(const char *operation, const char *path) {
    char quoted[4096];
    words_quote(quoted, sizeof quoted, path);
    if (ends_in(path, ".cu"))
        printf("%s is a kernel that works; next: lockstep verify %s --add %s%s\n", path, operation,
               *quoted == '\'' ? "mine=" : "", quoted);
    else
        printf("%s is a kernel that works; its first lines say what is next\n", path);
}

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
                                 .arguments = "OPERATION FILE",
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
        next_print(parsed.words[0], parsed.words[1]);
    return status;
}
