/* See bench/devices/processors.h. */
#include "bench/devices/processors.h"
#include "common/words.h"

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every processor of OpenMP's places; none where it binds no thread. */
static void places_read(cpu_set_t *set) {
    CPU_ZERO(set);
    for (int place = 0; place < omp_get_num_places(); place++) {
        int count = omp_get_place_num_procs(place);
        int *numbers = calloc((size_t)count + 1, sizeof *numbers);
        if (!numbers)
            return;
        omp_get_place_proc_ids(place, numbers);
        for (int i = 0; i < count; i++)
            CPU_SET((size_t)numbers[i], set);
        free(numbers);
    }
}

static int least(int one, int other) {
    return one < other ? one : other;
}

void processors_read(const char *root, struct processors *processors) {
    struct cgroup cgroup;
    *processors = (struct processors){.thread_limit = omp_get_thread_limit()};
    cgroup_find(root, &cgroup);
    cgroup_read_quota(&cgroup, &processors->quota);
    places_read(&processors->set);
    if (CPU_COUNT(&processors->set) == 0 &&
        sched_getaffinity(0, sizeof processors->set, &processors->set) != 0)
        CPU_ZERO(&processors->set); /* more processors than the set has room for */
    processors->count = CPU_COUNT(&processors->set);
    if (processors->count == 0)
        processors->count = omp_get_num_procs();
    processors->threads = least(processors->count, processors->thread_limit);
    if (processors->quota.processors < processors->threads)
        processors->threads = (int)ceil(processors->quota.processors);
}

/* The variables that choose processors or bound threads, as far as they are set: " (A=1, B=2)". */
static void variables_add(const char *const *names, char *text, size_t size) {
    const char *before = " (";
    size_t used = 0;
    text[0] = '\0';
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (!value)
            continue;
        snprintf(text + used, size - used, "%s%s=%s", before, *names, value);
        used = strlen(text);
        before = ", ";
    }
    if (used)
        snprintf(text + used, size - used, ")");
}

static enum status refuse(const struct processors *processors, int asked, struct message *message) {
    static const char *const binding[] = {"OMP_PLACES", "OMP_PROC_BIND", "GOMP_CPU_AFFINITY", NULL};
    char list[256], variables[256];
    if (processors->threads == processors->thread_limit)
        return message_set(message, STATUS_INVALID,
                           "--threads %d: OMP_THREAD_LIMIT allows %d; give at most that, or unset "
                           "the variable",
                           asked, processors->thread_limit);
    if (processors->threads < processors->count)
        return message_set(message, STATUS_INVALID,
                           "--threads %d: the quota in %s is worth %.3g processor%s; give at most "
                           "%d, or raise it",
                           asked, processors->quota.file, processors->quota.processors,
                           processors->quota.processors == 1.0 ? "" : "s", processors->threads);
    processors_format(&processors->set, list, sizeof list);
    variables_add(binding, variables, sizeof variables);
    return message_set(message, STATUS_INVALID,
                       "--threads %d: this process may run on %s, %s%s; give at most "
                       "that, or let it run on more",
                       asked, COUNTED(processors->count, "processor"), list, variables);
}

int processors_share(const struct processors *processors, struct ranks *ranks) {
    struct {
        char host[128];
        cpu_set_t set;
    } mine = {.set = processors->set}, *all;
    if (!ranks)
        return processors->threads;
    if (gethostname(mine.host, sizeof mine.host - 1) != 0)
        mine.host[0] = '\0';
    all = calloc((size_t)ranks_count(ranks), sizeof *all);
    int sharing = 0;
    const bool failed = ranks_any(ranks, !all);
    if (all && !failed) {
        ranks_gather(ranks, &mine, all, sizeof mine);
        for (int i = 0; i < ranks_count(ranks); i++)
            sharing += strcmp(all[i].host, mine.host) == 0 && CPU_EQUAL(&all[i].set, &mine.set);
    }
    free(all);
    if (sharing < 2)
        return processors->threads;
    return processors->threads > sharing ? processors->threads / sharing : 1;
}

enum status processors_choose(const struct processors *processors, int asked, int *threads,
                              struct message *message) {
    *threads = asked ? asked : processors->threads;
    return *threads <= processors->threads ? STATUS_OK : refuse(processors, asked, message);
}

enum status processors_use(const cpu_set_t *set, struct message *message) {
    char list[256];
    if (sched_setaffinity(0, sizeof *set, set) == 0)
        return STATUS_OK;
    int error = errno;
    processors_format(set, list, sizeof list);
    return message_set(message, STATUS_INVALID, "this process cannot run on processors %s: %s",
                       list, strerror(error));
}

void processors_format(const cpu_set_t *set, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (int first = 0, last; first < CPU_SETSIZE; first = last + 1) {
        for (last = first; last < CPU_SETSIZE && CPU_ISSET((size_t)last, set);)
            last++;
        if (last == first)
            continue;
        snprintf(text + used, size - used, "%s%d", used ? "," : "", first);
        used = strlen(text);
        if (last - first > 1)
            snprintf(text + used, size - used, "-%d", last - 1);
        used = strlen(text);
    }
}
