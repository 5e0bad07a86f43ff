/* Which series of the history have become slower since a revision. */
#ifndef LOCKSTEP_BENCH_REGRESSION_HISTORY_CHECK_H
#define LOCKSTEP_BENCH_REGRESSION_HISTORY_CHECK_H

#include "bench/regression/history.h"

#include <stdio.h>

struct history_check {
    FILE *file;        /* where slower series are named */
    const char *since; /* a commit as it was recorded, or the beginning of one, or a longer name */
    const char *machine; /* see history_is_machine */
    size_t looked, slower;
    size_t unknown; /* series without a run of that revision */
    size_t few;     /* series of too few runs for a step to be found */
};

/* For history_each_series, with a struct history_check as context. A series is slower when its last
 * level began after the last run of the revision, and lies more than 5% above the level which that
 * run belongs to (bench/regression/history_levels.h). */
enum status history_check_series(const struct history_series *series, void *context,
                                 struct message *message);

/* Prints what was looked at. STATUS_WRONG: a series is slower. STATUS_INVALID: none has a run of
 * the revision. */
enum status history_check_end(const struct history_check *check, struct message *message);

#endif
