/* Calls of functions that may not come back. A thread looks at each once a second, and where one
 * has lasted too long a signal takes its caller out of it. What the function holds then is lost
 * with it. What a function prints to `stdout` goes to standard error. A call that is watched costs
 * some nanoseconds more. */
#ifndef LOCKSTEP_BENCH_ADDED_WATCH_H
#define LOCKSTEP_BENCH_ADDED_WATCH_H

#include "common/status.h"

struct watch;

/* The seconds are the environment's LOCKSTEP_PATIENCE, else 60. STATUS_INVALID: they are not from 1
 * to 86400. It is used by the thread that opened it. */
enum status watch_open(struct watch **watch, struct message *message);
void watch_close(struct watch *watch); /* NULL is allowed */

/* What `function` returns for `argument`. STATUS_ENDLESS: it did not return in time.
 * STATUS_INTERRUPTED: nor did it, and OpenMP's threads are inside it still, so that nothing in this
 * process can be timed any more. */
enum status watch_call(struct watch *watch, enum status (*function)(void *), void *argument,
                       struct message *message);

#endif
