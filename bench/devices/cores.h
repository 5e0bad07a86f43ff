/* Kinds of cores: on a hybrid processor some are faster than others. hwloc knows which, from the
 * firmware's capacities, the kernel's PMUs, or base frequencies; it is found at run time.
 */
#ifndef LOCKSTEP_BENCH_DEVICES_CORES_H
#define LOCKSTEP_BENCH_DEVICES_CORES_H

#include "common/status.h"

#include <sched.h>
#include <stddef.h>

enum { CORE_KINDS_MAX = 8 };

struct core_kinds {
    int count; /* 0 where nobody knows: `absence` says why */
    struct core_kind {
        cpu_set_t set;
        int efficiency; /* from 0 for the slowest and most frugal upwards; -1: cannot be ranked */
    } kinds[CORE_KINDS_MAX];
    char absence[128];
};

/* Asks hwloc, some 30 ms. HWLOC_XMLFILE and its other variables work as everywhere. */
void core_kinds_read(struct core_kinds *kinds);

/* The processors of `allowed` that `text` names: "performance" and "efficiency", the kinds of the
 * highest and the lowest efficiency, or numbers, "0-3,8". STATUS_INVALID says what there is. */
enum status cores_find(const struct core_kinds *kinds, const cpu_set_t *allowed, const char *text,
                       cpu_set_t *set, struct message *message);

/* Lets this process, and what it starts, run on those processors of its own and nowhere else: what
 * --cores does; NULL changes nothing. To be called before the first thread starts. STATUS_INVALID
 * where they cannot be had, or OpenMP has places of its own. */
enum status cores_use(const char *text, struct message *message);

/* What to warn of where `set` has processors of several kinds, as a sentence; "" where it has not.
 */
void cores_describe_mix(const struct core_kinds *kinds, const cpu_set_t *set, char *text,
                        size_t size);

#endif
