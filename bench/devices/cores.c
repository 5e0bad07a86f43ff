/* See bench/devices/cores.h. */
#include "bench/devices/cores.h"
#include "bench/devices/processors.h"
#include "gpu/library.h"

#include <errno.h>
#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- hwloc, by its documented interface of version 2 (hwloc.h, hwloc/cpukinds.h) -------------- */

typedef void *hwloc_topology;
typedef void *hwloc_bitmap;

struct hwloc {
    int (*topology_init)(hwloc_topology *topology);
    int (*topology_load)(hwloc_topology topology);
    void (*topology_destroy)(hwloc_topology topology);
    hwloc_bitmap (*bitmap_alloc)(void);
    void (*bitmap_free)(hwloc_bitmap bitmap);
    int (*bitmap_next)(hwloc_bitmap bitmap, int previous); /* -1 behind the last */
    int (*cpukinds_get_nr)(hwloc_topology topology, unsigned long flags);
    int (*cpukinds_get_info)(hwloc_topology topology, unsigned kind, hwloc_bitmap cpuset,
                             int *efficiency, unsigned *info_count, void *infos,
                             unsigned long flags);
};

#define SYMBOL(member)                                                                             \
    { "hwloc_" #member, offsetof(struct hwloc, member) }
static const struct library_symbol symbols[] = {
    SYMBOL(topology_init),   SYMBOL(topology_load),    SYMBOL(topology_destroy),
    SYMBOL(bitmap_alloc),    SYMBOL(bitmap_free),      SYMBOL(bitmap_next),
    SYMBOL(cpukinds_get_nr), SYMBOL(cpukinds_get_info)};
#undef SYMBOL

static enum status hwloc_open(struct hwloc *hwloc, struct message *message) {
    static const char *const names[] = {"libhwloc.so.15", NULL};
    void *library;
    enum status status = library_open(names, &library, message);
    return status == STATUS_OK
               ? library_bind(library, symbols, sizeof symbols / sizeof symbols[0], hwloc, message)
               : status;
}

static void kinds_fill(const struct hwloc *hwloc, hwloc_topology topology, hwloc_bitmap cpuset,
                       struct core_kinds *kinds) {
    const int count = hwloc->cpukinds_get_nr(topology, 0);
    for (int i = 0; i < count && kinds->count < CORE_KINDS_MAX; i++) {
        struct core_kind *kind = &kinds->kinds[kinds->count];
        *kind = (struct core_kind){.efficiency = -1};
        if (hwloc->cpukinds_get_info(topology, (unsigned)i, cpuset, &kind->efficiency, NULL, NULL,
                                     0) != 0)
            continue;
        for (int p = hwloc->bitmap_next(cpuset, -1); p >= 0 && p < CPU_SETSIZE;
             p = hwloc->bitmap_next(cpuset, p))
            CPU_SET((size_t)p, &kind->set);
        kinds->count++;
    }
    if (kinds->count == 0)
        snprintf(kinds->absence, sizeof kinds->absence, "hwloc knows no kinds of cores here");
}

void core_kinds_read(struct core_kinds *kinds) {
    struct hwloc hwloc;
    struct message message;
    hwloc_topology topology = NULL;
    *kinds = (struct core_kinds){.count = 0};
    if (hwloc_open(&hwloc, &message) != STATUS_OK) {
        snprintf(kinds->absence, sizeof kinds->absence, "hwloc cannot be asked: %.80s (make deps)",
                 message.text);
        return;
    }
    /* Where /sys is not mounted it would say so on standard error, which is not its to write on. */
    if (setenv("HWLOC_HIDE_ERRORS", "2", 0) != 0 || hwloc.topology_init(&topology) != 0) {
        snprintf(kinds->absence, sizeof kinds->absence, "hwloc has no memory");
        return;
    }
    hwloc_bitmap cpuset = hwloc.bitmap_alloc();
    if (cpuset != NULL && hwloc.topology_load(topology) == 0)
        kinds_fill(&hwloc, topology, cpuset, kinds);
    else
        snprintf(kinds->absence, sizeof kinds->absence, "hwloc cannot read this machine");
    hwloc.bitmap_free(cpuset);
    hwloc.topology_destroy(topology);
}

/* --- choosing --------------------------------------------------------------------------------- */

/* Reads a number of a list and moves *text behind it. */
static bool number_read(const char **text, int *number) {
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    long value = strtol(*text, &end, 10);
    if (errno != 0 || value >= CPU_SETSIZE)
        return false;
    *text = end;
    *number = (int)value;
    return true;
}

/* Adds "0-3,8" to the set. */
static bool list_read(const char *text, cpu_set_t *set) {
    for (;;) {
        int first, last;
        if (!number_read(&text, &first))
            return false;
        last = first;
        if (*text == '-' && (text++, !number_read(&text, &last)))
            return false;
        if (last < first)
            return false;
        for (int i = first; i <= last; i++)
            CPU_SET((size_t)i, set);
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

/* The kind of the highest or the lowest efficiency; NULL where they cannot be told apart. */
static const struct core_kind *kind_find(const struct core_kinds *kinds, bool highest) {
    const struct core_kind *best = kinds->kinds;
    bool differ = false;
    for (int i = 0; i < kinds->count; i++) {
        const struct core_kind *kind = &kinds->kinds[i];
        if (kind->efficiency < 0)
            return NULL;
        differ |= kind->efficiency != kinds->kinds[0].efficiency;
        if (highest ? kind->efficiency > best->efficiency : kind->efficiency < best->efficiency)
            best = kind;
    }
    return differ ? best : NULL;
}

static enum status kind_choose(const struct core_kinds *kinds, const char *text, cpu_set_t *set,
                               struct message *message) {
    const struct core_kind *kind = kind_find(kinds, strcmp(text, "performance") == 0);
    if (kind) {
        *set = kind->set;
        return STATUS_OK;
    }
    return message_set(message, STATUS_INVALID,
                       "--cores %s: %s; leave it out, or give numbers as in --cores 0-3", text,
                       kinds->count == 0   ? kinds->absence
                       : kinds->count == 1 ? "all cores of this machine are of one kind"
                                           : "hwloc cannot say which kind of core is the faster");
}

enum status cores_find(const struct core_kinds *kinds, const cpu_set_t *allowed, const char *text,
                       cpu_set_t *set, struct message *message) {
    char list[256];
    const bool named = strcmp(text, "performance") == 0 || strcmp(text, "efficiency") == 0;
    CPU_ZERO(set);
    enum status status = named ? kind_choose(kinds, text, set, message) : STATUS_OK;
    if (!named && !list_read(text, set))
        status = message_set(message, STATUS_INVALID,
                             "--cores '%s' is neither performance nor efficiency nor a list of "
                             "processors from 0 to %d as in 0-3,8",
                             text, CPU_SETSIZE - 1);
    if (status != STATUS_OK)
        return status;
    cpu_set_t both;
    CPU_AND(&both, set, allowed);
    processors_format(allowed, list, sizeof list);
    if (CPU_COUNT(&both) == 0 || (!named && !CPU_EQUAL(&both, set)))
        return message_set(message, STATUS_INVALID,
                           "--cores %s: this process may run on %s%s; choose among these", text,
                           list, named ? ", none of which is of that kind" : "");
    *set = both;
    return STATUS_OK;
}

enum status cores_use(const char *text, struct message *message) {
    if (text == NULL)
        return STATUS_OK;
    if (omp_get_num_places() > 0)
        return message_set(message, STATUS_INVALID,
                           "--cores %s: OpenMP has chosen processors already; unset OMP_PLACES, "
                           "OMP_PROC_BIND and GOMP_CPU_AFFINITY, or leave out --cores",
                           text);
    struct processors processors;
    struct core_kinds kinds;
    cpu_set_t set;
    processors_read("", &processors);
    core_kinds_read(&kinds);
    enum status status = cores_find(&kinds, &processors.set, text, &set, message);
    return status == STATUS_OK ? processors_use(&set, message) : status;
}

void cores_describe_mix(const struct core_kinds *kinds, const cpu_set_t *set, char *text,
                        size_t size) {
    int mixed = 0;
    size_t used = 0;
    text[0] = '\0';
    used += (size_t)snprintf(text, size, "processors of several kinds take part");
    for (int i = 0; i < kinds->count; i++) {
        char list[128];
        cpu_set_t of_kind;
        CPU_AND(&of_kind, &kinds->kinds[i].set, set);
        if (CPU_COUNT(&of_kind) == 0)
            continue;
        processors_format(&of_kind, list, sizeof list);
        snprintf(text + used, size - used, "%s%s", mixed++ ? " and " : " (", list);
        used = strlen(text);
    }
    snprintf(text + used, size - used,
             "): a time depends on which of them a thread gets; choose with --cores performance");
    if (mixed < 2)
        text[0] = '\0';
}
