/* A run over the ranks of a job. For the files of this room alone. What has to do with other ranks
 * is called by all of them at once, and does nothing in a process that is alone. */
#ifndef LOCKSTEP_BENCH_RUN_JOB_H
#define LOCKSTEP_BENCH_RUN_JOB_H

#include "bench/run/state.h"

/* Writes what was asked for: what ranks, and a run that is resumed, must have alike. */
void job_asked_write(const struct run *run, FILE *file);

/* STATUS_INVALID where the ranks are of different builds, or were asked for different runs. */
enum status job_check_alike(const struct run *run, struct message *message);

/* Gives all ranks the rows of the first one's resumed run. */
enum status job_share_done(struct run *run, struct message *message);

/* Adds "ranks": the library, and the place of each. Called by all; `object` is NULL on those that
 * write nothing. */
void job_to_json(struct run *run, cJSON *object);

#endif
