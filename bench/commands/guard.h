/* A command in a process of its own, so that code from outside the build cannot end it unseen. */
#ifndef LOCKSTEP_BENCH_COMMANDS_GUARD_H
#define LOCKSTEP_BENCH_COMMANDS_GUARD_H

#include <stdbool.h>

/* Whether the words name rows from outside the build (--add). Such rows run in the process of the
 * command, and may end it by a signal or with any status. */
bool guard_is_needed(int argc, char **argv);

/* Forks; call it before any thread is started. In the child it returns -1, and the child's end is
 * believed only after guard_leave. In the parent it returns what the process is to end with: the
 * child's own exit status, or EXIT_STATUS_UNFINISHED with a sentence on standard error. Signals
 * that ask for an end reach the child once, and what is written to its descriptor 1 by others goes
 * to standard error. */
int guard_enter(int argc, char **argv);

/* What a process in which a library has called exit(status) is to end with: in the child `status`,
 * which the parent tells, and elsewhere EXIT_STATUS_UNFINISHED. */
int guard_status(int status);

/* In the child: its end is its own. */
void guard_leave(void);

#endif
