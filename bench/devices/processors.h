/* On how many processors this process may compute, and what says so: its affinity, its control
 * group, its OpenMP variables. */
#ifndef LOCKSTEP_BENCH_DEVICES_PROCESSORS_H
#define LOCKSTEP_BENCH_DEVICES_PROCESSORS_H

#include "bench/devices/cgroup.h"
#include "common/status.h"
#include "ranks/ranks.h"

#include <sched.h>

struct processors {
    cpu_set_t set; /* that this process may run on */
    int count;     /* of these */
    struct cgroup_quota quota;
    int thread_limit; /* of OpenMP, at least 1 */
    int threads;      /* the least of the three, a quota rounded up: what --threads defaults to */
};

/* Paths of the control groups are below `root`, "" for the system's own.
 *
 * The set is that of the process and not of its first thread: where OMP_PROC_BIND, OMP_PLACES or
 * GOMP_CPU_AFFINITY is set, OpenMP has bound that thread to the first of its places before main()
 * begins. */
void processors_read(const char *root, struct processors *processors);

/* What --threads defaults to for a rank: its part, where others of the job may run on the same
 * processors of the same machine. All ranks call it at once; a process alone has all. */
int processors_share(const struct processors *processors, struct ranks *ranks);

/* The threads of timed work: as many as were asked for, 0 for the default. STATUS_INVALID, naming
 * what bounds them, where there cannot be so many. */
enum status processors_choose(const struct processors *processors, int asked, int *threads,
                              struct message *message);

/* Lets this thread, and what it starts from now on, run on the whole set and nowhere else. */
enum status processors_use(const cpu_set_t *set, struct message *message);

/* The set as people write it, "0-3,8". */
void processors_format(const cpu_set_t *set, char *text, size_t size);

#endif
