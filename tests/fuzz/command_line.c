/* Command lines: the options of `run` with the cases that they select, and `compare`, which starts
 * nothing. No command that opens what --add names may be called here: it runs compilers, and any
 * text as a command of the shell. */
#include "bench/commands/arguments.h"
#include "bench/commands/command.h"
#include "tests/fuzz/files.h"
#include "tests/support/fuzzing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 24 };

static enum status run_read(int argc, char **argv, const struct command_context *context,
                            struct message *message) {
    static const struct command_option *const tables[] = {run_arguments_options, NULL};
    struct run_arguments arguments;
    struct option_parse parse = {.name = "run",
                                 .arguments = "[OPERATION…]",
                                 .doc = "Reads.\vExample: none",
                                 .tables = tables,
                                 .parsed = &arguments,
                                 .argument = run_arguments_operation,
                                 .message = message};
    run_arguments_begin(&arguments, context);
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    struct selection selection;
    arguments.run.selection.operations = arguments.operations;
    arguments.run.selection.preset = arguments.preset ? arguments.preset : "default";
    status = selection_open(&arguments.run.selection, &selection, message);
    if (status == STATUS_OK)
        status =
            selection_implementations_check(&selection, arguments.run.implementations, message);
    selection_close(&selection);
    return status;
}

static const struct {
    const char *name;
    command_function *function;
} commands[] = {{"run", run_read}, {"compare", command_compare}};

/* Cuts the text into words, one a line. */
static int words_cut(char *text, char *words[WORDS_MAX + 1]) {
    int count = 0;
    for (char *rest = text, *word; count < WORDS_MAX && (word = strsep(&rest, "\n")) != NULL;)
        words[count++] = word;
    words[count] = NULL;
    return count;
}

/* What a command prints is of no interest. */
static int output_leave(void) {
    const int kept = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
    if (fflush(stdout) != 0 || kept < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
        abort();
    close(nowhere);
    return kept;
}

static void output_return(int kept) {
    if (fflush(stdout) != 0 || dup2(kept, STDOUT_FILENO) < 0)
        abort();
    close(kept);
}

int fuzz_command_line(const uint8_t *data, size_t size) {
    char *words[WORDS_MAX + 1], *text = malloc(size + 1);
    int exit_status = 0;
    struct message message = {""};
    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    const int count = words_cut(text, words);
    const struct command_context context = {
        .argument_count = count, .arguments = words, .exit_status = &exit_status};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(words[0], commands[i].name) != 0)
            continue;
        const int kept = output_leave();
        const enum status status = commands[i].function(count, words, &context, &message);
        output_return(kept);
        if (status != STATUS_OK && *message.text == '\0')
            abort(); /* an error without a sentence */
    }
    free(text);
    return 0;
}
