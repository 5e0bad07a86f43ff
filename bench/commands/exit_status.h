/* What the number means that the program ends with. */
#ifndef LOCKSTEP_BENCH_COMMANDS_EXIT_STATUS_H
#define LOCKSTEP_BENCH_COMMANDS_EXIT_STATUS_H

#include "common/status.h"

#include <stdio.h>

enum {
    EXIT_STATUS_DONE = 0,
    EXIT_STATUS_WRONG = 1,
    EXIT_STATUS_CALL = 2,
    EXIT_STATUS_UNFINISHED = 3,
    EXIT_STATUS_NO_GPU = 77,
    EXIT_STATUS_FOUND = 86
};

int exit_status_of(enum status status);

/* One line a number: what `lockstep help exit-status` shows. */
void exit_status_print(FILE *file);

/* The sentence at the end of every command's help. */
extern const char exit_status_help[];

#endif
