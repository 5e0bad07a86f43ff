/* A command whose process may be one of several ranks. */
#ifndef LOCKSTEP_BENCH_COMMANDS_JOB_H
#define LOCKSTEP_BENCH_COMMANDS_JOB_H

#include "bench/commands/command.h"
#include "ranks/ranks.h"

/* Joins the job that this process was started in, as ranks_open does. `status` and `message` are of
 * what was done before: where it failed on any rank, all ranks get the worst with its message, so
 * it is said once. STATUS_INVALID on all ranks where one was started with another command or other
 * arguments than the first: it is named. *ranks is to be left by job_leave in any case. */
enum status job_join(const struct command_context *context, enum status status,
                     struct ranks **ranks, struct message *message);

/* Leaves the job with what all ranks end with, which the first one says before any ends: STATUS_OK,
 * with the exit status set. Without ranks it gives `status`. */
enum status job_leave(struct ranks *ranks, enum status status,
                      const struct command_context *context, struct message *message);

#endif
