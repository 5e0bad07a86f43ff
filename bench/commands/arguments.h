/* What to measure and how: the options that `run`, `ab` and `sample` share. */
#ifndef LOCKSTEP_BENCH_COMMANDS_ARGUMENTS_H
#define LOCKSTEP_BENCH_COMMANDS_ARGUMENTS_H

#include "bench/commands/command.h"
#include "bench/commands/run.h"

enum { RUN_OPERATIONS_MAX = 32, RUN_WORDS_MAX = 256 };

struct run_arguments {
    struct run_options run;
    const char *operations[RUN_OPERATIONS_MAX];
    const char *preset;
    char *words[RUN_WORDS_MAX]; /* the options as they came, to be handed to another process */
    int word_count;
};

/* The parser, for a command's argp as its child. The command's struct command_parse is its input,
 * and the `options` in there begin with a struct run_arguments. Every argument that the command
 * leaves is an operation. */
extern const struct argp run_arguments_argp;

/* Before parsing: the defaults. After it: what follows from what was given. */
void run_arguments_begin(struct run_arguments *arguments, const struct command_context *context);
void run_arguments_finish(struct run_arguments *arguments);

#endif
