/* The ranks of a job: the processes that `mpirun` or `srun` has started, and how they keep in step.
 *
 * All ranks go through the same calls in the same order. Whatever decides where a rank goes next
 * (a time, a failure, a signal) is therefore agreed on first, by the functions below. A rank that
 * asks another question than the rest is found out of step, and ends the job with a sentence.
 *
 * A NULL `struct ranks` is a process that was started alone: it agrees with itself, at no cost.
 */
#ifndef LOCKSTEP_RANKS_RANKS_H
#define LOCKSTEP_RANKS_RANKS_H

#include "common/problem.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ranks;

/* Why this program can join no job: NULL where it can. It says what to install. Nothing is loaded
 * or started by asking. */
const char *ranks_absence(void);

/* Whether this process is the first one, as its launcher's variables say, before any job is joined.
 * One that no launcher started is. */
bool ranks_launched_first(void);

/* Whether a launcher started this process. */
bool ranks_launched(void);

/* Joins the job that this process was started in. *ranks is NULL where no launcher started it, or
 * started it alone without MPI. STATUS_INVALID: it was started together with others, and this build
 * has no MPI; or, with *ranks to be closed, a variable of lockstep holds what it cannot: the others
 * are to hear of it by ranks_agree(). `end` is called, from any thread, where the job cannot go on:
 * with why, and a sentence, or NULL where another rank says it. It does not return. */
enum status ranks_open(void (*end)(enum status status, const char *sentence), struct ranks **ranks,
                       struct message *message);

/* Waits for all ranks and leaves the job. */
void ranks_close(struct ranks *ranks);

/* What is said to be kept should a rank fail from now on, after "; "; it stays valid. NULL:
 * nothing. */
void ranks_keep(struct ranks *ranks, const char *kept);

int ranks_number(const struct ranks *ranks);       /* of this one, from 0 */
int ranks_count(const struct ranks *ranks);        /* of all, at least 1 */
int ranks_local_number(const struct ranks *ranks); /* among those on this machine */
int ranks_local_count(const struct ranks *ranks);
const char *ranks_library(const struct ranks *ranks); /* "Open MPI v4.1.4, …"; NULL alone */

/* Whether this rank writes files and talks: the first one does, and a process alone. */
bool ranks_is_first(const struct ranks *ranks);

/* --- agreeing --------------------------------------------------------------------------------- */

/* Waits until all ranks are here. */
void ranks_meet(struct ranks *ranks);

/* The worst status of all ranks, for all, with its message; that of another rank is named. */
enum status ranks_agree(struct ranks *ranks, enum status status, struct message *message);

/* The largest of all, whether any says so, and the least of all. */
double ranks_slowest(struct ranks *ranks, double seconds);
bool ranks_any(struct ranks *ranks, bool said);
int ranks_least(struct ranks *ranks, int number);

/* The clock of the first rank: what a deadline is looked up on. */
double ranks_clock(struct ranks *ranks);

/* Whether a number is the same on all ranks. */
bool ranks_same(struct ranks *ranks, uint64_t number);

/* STATUS_INVALID, on all ranks, unless all were given the same text as the first one. It names the
 * rank and `what` differs. */
enum status ranks_check_alike(struct ranks *ranks, const char *what, const char *text,
                              struct message *message);

/* The bytes of the first rank for all; those of each for all, in the order of ranks. */
void ranks_broadcast(struct ranks *ranks, void *data, size_t bytes);
void ranks_gather(struct ranks *ranks, const void *mine, void *all, size_t bytes);

/* --- moving data ------------------------------------------------------------------------------ */

/* to[i] += from[i] in one of f32, bf16 and f16; each sum is rounded once. */
void ranks_add(enum dtype dtype, void *to, const void *from, int64_t count);

/* MPI_Allreduce by sum; `in` NULL: in place. */
void ranks_allreduce(struct ranks *ranks, enum dtype dtype, const void *in, void *out,
                     int64_t count);

/* Of `count` elements those of a rank, with the next one's first as their end; parts differ by one
 * at most. */
static inline int64_t ranks_part_first(int64_t count, int ranks, int rank) {
    return count * rank / ranks;
}

/* MPI_Bcast of the first rank's bytes. MPI_Allgather of the parts of `count` elements, and
 * MPI_Reduce_scatter by sum of `count` elements into parts; `in` and `out` are apart. */
void ranks_copy(struct ranks *ranks, void *data, size_t bytes);
void ranks_allgather(struct ranks *ranks, enum dtype dtype, const void *in, void *out,
                     int64_t count);
void ranks_reduce_scatter(struct ranks *ranks, enum dtype dtype, const void *in, void *out,
                          int64_t count);

/* Whether ranks sum through memory that those of a machine share. The first call, by all ranks at
 * once, opens it. false, on all: no machine has two ranks, or one has no memory for it. */
bool ranks_share_memory(struct ranks *ranks);

/* Memory of that kind, aligned to a page: arrays in it are summed where they lie. This rank's alone
 * to write. NULL: there is none, not as much, or it is not opened yet. */
void *ranks_allocate(struct ranks *ranks, size_t bytes);

/* Gives it back. false, with nothing done: it is memory of another kind. */
bool ranks_release(struct ranks *ranks, void *memory);

/* The sum of all ranks' in * scale, through that memory; `out` may be `in`. `scale` is for f32, and
 * may differ from rank to rank. false, on all ranks, with nothing done: none is shared. */
bool ranks_allreduce_shared(struct ranks *ranks, enum dtype dtype, float scale, const void *in,
                            void *out, int64_t count);

/* The sum of all ranks' data * weight in its place, for weights whose sum is 1: through shared
 * memory, else by MPI_Allreduce. */
struct ranks_mean {
    float *data;
    int64_t count;
    float weight; /* of this rank */
    int threads;  /* that may multiply */
};
void ranks_mean(struct ranks *ranks, const struct ranks_mean *mean);

/* As ranks_mean(), but where its data and the `updated` arrays lie in shared memory on all ranks,
 * each gets its own part of the mean alone. It updates that part of those arrays, and
 * ranks_spread() lets all have it. */
enum { RANKS_UPDATED_MAX = 3 };
void ranks_mean_divided(struct ranks *ranks, const struct ranks_mean *mean,
                        float *const updated[RANKS_UPDATED_MAX]); /* NULL: fewer */

/* This rank's part of `count` elements since then: all of them where the mean was not divided. */
void ranks_own_part(const struct ranks *ranks, int64_t count, int64_t *first, int64_t *length);

/* All get the parts of an array in shared memory, each of the rank whose own it is. Nothing where
 * the mean was not divided. */
void ranks_spread(struct ranks *ranks, float *data, int64_t count);

/* Whether MPI goes on with a sum while nobody calls it. LOCKSTEP_OVERLAP says yes or no to that;
 * otherwise the first call, by all ranks at once, finds it out by a probe. */
bool ranks_overlap(struct ranks *ranks);

/* Begins one, and waits for all that were begun. Where MPI does not go on, they are summed at the
 * end, those that are neighbours in memory as one. */
void ranks_mean_begin(struct ranks *ranks, const struct ranks_mean *mean);
void ranks_mean_finish(struct ranks *ranks);

/* The sums over all ranks, in their place; for oracles. */
void ranks_sum(struct ranks *ranks, double *values, int64_t count);

/* MPI_Sendrecv: sends to one rank while receiving from one. */
void ranks_exchange(struct ranks *ranks, const void *sent, size_t sent_bytes, int to,
                    void *received, size_t received_bytes, int from);

#endif
