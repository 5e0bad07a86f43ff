/* What to measure and how: the options that `run`, `ab` and `sample` share. */
#ifndef LOCKSTEP_BENCH_COMMANDS_ARGUMENTS_H
#define LOCKSTEP_BENCH_COMMANDS_ARGUMENTS_H

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/run/run.h"

enum { RUN_OPERATIONS_MAX = 32 };

struct run_arguments {
    struct run_options run;
    const char *operations[RUN_OPERATIONS_MAX];
    const char *preset;
    const char *cores; /* NULL: all that this process may run on */
    struct added_list add;
};

/* Their table. The command's `parsed` begins with a struct run_arguments. */
extern const struct command_option run_arguments_options[];
/* Takes an argument as an operation; for struct option_parse. */
int run_arguments_operation(struct option_parse *parse, char *text);

/* Before parsing: the defaults. After it: what follows from what was given, on the cores that were
 * chosen and with the rows of --add opened; STATUS_OK is to be followed by run_arguments_close. */
void run_arguments_begin(struct run_arguments *arguments, const struct command_context *context);
enum status run_arguments_finish(struct run_arguments *arguments, struct message *message);
void run_arguments_close(struct run_arguments *arguments);

#endif
