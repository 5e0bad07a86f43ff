/* Doing something for the first time in a process of its own: what crashes, hangs or ends the
 * process there has done so before anything was timed. */
#ifndef LOCKSTEP_BENCH_ADDED_PROBE_H
#define LOCKSTEP_BENCH_ADDED_PROBE_H

#include "common/status.h"

/* Calls `work` in a forked process and passes on its status and message. STATUS_FAILED: it was
 * ended by a signal, ended itself, or took longer than `seconds`; `what` begins the sentence. */
enum status probe_run(const char *what, double seconds,
                      enum status (*work)(void *argument, struct message *message), void *argument,
                      struct message *message);

#endif
