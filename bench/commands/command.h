/* The subcommands. Each parses its own part of the command line and does its work; main() prints
 * the message of a status other than STATUS_OK and turns it into an exit status.
 */
#ifndef LOCKSTEP_BENCH_COMMANDS_COMMAND_H
#define LOCKSTEP_BENCH_COMMANDS_COMMAND_H

#include "common/status.h"

#include <argp.h>
#include <stdbool.h>

struct command_context {
    bool (*stop)(void *argument); /* whether the user wants to end */
    void *stop_argument;
    int argument_count; /* the whole command line */
    char **arguments;
};

/* argv[0] is the subcommand's name. STATUS_INVALID when the call was wrong. --help prints and is
 * STATUS_OK. */
typedef enum status command_function(int argc, char **argv, const struct command_context *context,
                                     struct message *message);

command_function command_run, command_sample, command_ab, command_compare, command_history,
    command_list, command_verify, command_train, command_tune, command_report, command_info;

/* What argp leaves to a subcommand that must not end the process: a message instead of an exit. */
struct command_parse {
    const char *name; /* "run" */
    void *options;    /* what the parser fills */
    struct message *message;
    enum status status;
    bool helped; /* --help or --usage was printed: nothing is left to do */
};

/* Parses with argp's rules but without its exits: state->input is the struct command_parse. A
 * parser reports a wrong value with command_refuse. */
enum status command_parse(const struct argp *argp, int argc, char **argv,
                          struct command_parse *parse);

/* Remembers the message as the reason that the call is wrong; returns EINVAL for the parser to
 * return. */
int command_refuse(struct command_parse *parse, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whole decimal numbers and positive finite ones; false when `text` is not one in the range. */
bool command_read_integer(const char *text, long long least, long long most, long long *number);
bool command_read_positive(const char *text, double *number);

#endif
