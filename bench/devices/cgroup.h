/* What Linux's control groups leave to this process, in version 1 and in version 2 (kernel
 * documentation, "CFS Bandwidth Control", "Memory Resource Controller", "Control Group v2"). A
 * group has what all groups above it have at most. */
#ifndef LOCKSTEP_BENCH_DEVICES_CGROUP_H
#define LOCKSTEP_BENCH_DEVICES_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

/* The group of this process under one controller. */
struct cgroup_folder {
    char path[1024]; /* "": there is no such controller */
    size_t top;      /* so much of the path is where the groups are mounted: the highest group */
    bool unified;    /* version 2 */
};

struct cgroup {
    struct cgroup_folder cpu, memory;
};

/* A limit and the file that it stands in. */
struct cgroup_quota {
    double processors; /* worth of time; INFINITY: no limit */
    char file[1100];
};
struct cgroup_memory {
    size_t limit;     /* bytes; SIZE_MAX: no limit */
    size_t available; /* until the first limit is met, file caches that can go given up */
    char file[1100];
};

/* Finds the groups from /proc/self/cgroup and /proc/self/mountinfo. All paths are below `root`, ""
 * for the system's own. */
void cgroup_find(const char *root, struct cgroup *cgroup);

void cgroup_read_quota(const struct cgroup *cgroup, struct cgroup_quota *quota);
void cgroup_read_memory(const struct cgroup *cgroup, struct cgroup_memory *memory);

/* How often the kernel has held the group back because its quota was used up. Only differences mean
 * something. */
long long cgroup_read_throttled(const struct cgroup *cgroup);

#endif
