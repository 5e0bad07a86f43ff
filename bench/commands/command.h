/* The subcommands. Each reads its own part of the command line and does its work. main() prints the
 * message of a status other than STATUS_OK and turns it into an exit status.
 */
#ifndef LOCKSTEP_BENCH_COMMANDS_COMMAND_H
#define LOCKSTEP_BENCH_COMMANDS_COMMAND_H

#include "common/status.h"

#include <stdbool.h>

struct command_context {
    bool (*stop)(void *argument); /* whether the user wants to end */
    void *stop_argument;
    int argument_count; /* the whole command line */
    char **arguments;
    int *exit_status; /* what the process ends with, where STATUS_OK says too little */
    /* Ends the process at once, from any thread, with what it came to and a sentence, or NULL for
     * none. */
    void (*end)(enum status status, const char *sentence);
};

/* argv[0] is the subcommand's name. STATUS_INVALID when the call was wrong. --help prints and is
 * STATUS_OK. */
typedef enum status command_function(int argc, char **argv, const struct command_context *context,
                                     struct message *message);

command_function command_run, command_sample, command_ab, command_compare, command_history,
    command_list, command_verify, command_train, command_tune, command_report, command_info,
    command_emulate, command_new, command_explain, command_choose;

#endif
