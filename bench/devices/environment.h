/* The machine, the libraries and the build, as read from them: what environment.json and `lockstep
 * info` say. */
#ifndef LOCKSTEP_BENCH_DEVICES_ENVIRONMENT_H
#define LOCKSTEP_BENCH_DEVICES_ENVIRONMENT_H

#include "bench/devices/cores.h"
#include "bench/devices/processors.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdio.h>

enum { ENVIRONMENT_WARNINGS_MAX = 24 };

struct environment {
    char host[128], system[512], cpu[128], governor[32], turbo[16];
    char huge_pages[64]; /* what the system offers, the chosen one in brackets; "unknown" */
    char machine_id[17]; /* a hash of /etc/machine-id; "" where there is none, as in a container */
    struct processors processors;
    struct core_kinds core_kinds;
    struct cgroup_memory cgroup_memory;
    int threads_per_core;
    size_t memory_bytes, l1d_bytes, l2_bytes, l3_bytes;
    double load; /* one-minute load average */
    char warnings[ENVIRONMENT_WARNINGS_MAX][400];
    int warning_count;
};

/* Of the warnings it finds those that concern more than times. */
void environment_read(struct environment *environment);

/* Finds what makes times on this machine longer or less steady. It asks libraries which kernels
 * they run, which loads them. */
void environment_warn_of_times(struct environment *environment);

/* Adds what was found later, as a sentence; cut at its place. */
void environment_warn(struct environment *environment, const char *warning);

/* Adds "host" … "libraries", "build", "warnings" to `object`. */
void environment_to_json(const struct environment *environment, cJSON *object);

/* Machine, libraries and build, as `lockstep info` shows them; not the warnings. */
void environment_print(const struct environment *environment, FILE *file);

#endif
