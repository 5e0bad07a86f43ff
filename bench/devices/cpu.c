/* The CPU as a device. */
#include "reference/simd/cpu.h"
#include "bench/devices/cgroup.h"
#include "bench/devices/device.h"
#include "bench/devices/powercap.h"
#include "common/clock.h"
#include "ranks/ranks.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

struct cpu_state {
    double start;        /* of the timer */
    long long throttled; /* times that the control group was held back, at that moment */
    struct cgroup cgroup;
    struct powercap *powercap;
};

/* Where /proc is not mounted. What is cached counts as taken. */
static bool memory_ask(size_t *available, size_t *total) {
    struct sysinfo info;
    if (sysinfo(&info) != 0)
        return false;
    *total = (size_t)info.totalram * info.mem_unit;
    *available = (size_t)(info.freeram + info.bufferram) * info.mem_unit;
    return true;
}

/* MemAvailable: free memory and what the kernel would give back. */
static bool memory_read(size_t *available, size_t *total) {
    FILE *file = fopen("/proc/meminfo", "r");
    if (!file)
        return memory_ask(available, total);
    char line[256];
    size_t kibibytes;
    *available = *total = 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "MemTotal: %zu kB", &kibibytes) == 1)
            *total = kibibytes << 10;
        if (sscanf(line, "MemAvailable: %zu kB", &kibibytes) == 1)
            *available = kibibytes << 10;
    }
    fclose(file);
    return *total > 0;
}

/* The control group may leave less than the machine has. */
static enum status cpu_memory(struct device *device, size_t *available, size_t *total,
                              struct message *message) {
    const struct cpu_state *state = device->state;
    struct cgroup_memory memory;
    if (!memory_read(available, total))
        return message_set(message, STATUS_IO,
                           "cannot find how much memory there is: neither /proc/meminfo nor "
                           "sysinfo says it");
    cgroup_read_memory(&state->cgroup, &memory);
    if (memory.available < *available)
        *available = memory.available;
    *available /= (size_t)ranks_local_count(device->ranks); /* each takes as much */
    return STATUS_OK;
}

static enum status cpu_allocate(struct device *device, size_t bytes, void **pointer,
                                struct message *message) {
    /* Page alignment, so that a buffer's place in its page is the same in every run. Huge
     * pages from 16 MiB on: a core of today remembers fewer 4 KiB pages (1536 to 3072), and would
     * spend a kernel's time on walking page tables. */
    enum { PAGE = 4096, HUGE_PAGE = 2 << 20, WORTH_HUGE_PAGES = 16 << 20 };
    bool huge = bytes >= WORTH_HUGE_PAGES;
    size_t page = huge ? HUGE_PAGE : PAGE, rounded = (bytes + page - 1) / page * page;
    size_t available = SIZE_MAX, total;
    struct message ignored;
    /* The kernel promises more than there is, and ends who takes it at its word. */
    if (huge && cpu_memory(device, &available, &total, &ignored) != STATUS_OK)
        available = SIZE_MAX;
    *pointer = rounded <= available ? aligned_alloc(page, rounded) : NULL;
    /* Advice: where the system does not take it, ordinary pages serve. */
    if (*pointer && huge)
        (void)madvise(*pointer, rounded, MADV_HUGEPAGE);
    if (*pointer)
        return STATUS_OK;
    (void)cpu_memory(device, &available, &total, &ignored);
    return message_set(message, STATUS_NO_MEMORY,
                       "no memory for %zu bytes; %zu bytes are available", bytes, available);
}

static enum status cpu_allocate_shared(struct device *device, size_t bytes, void **pointer,
                                       struct message *message) {
    *pointer = ranks_allocate(device->ranks, bytes);
    return *pointer ? STATUS_OK : cpu_allocate(device, bytes, pointer, message);
}

static void cpu_release(struct device *device, void *pointer) {
    if (!ranks_release(device->ranks, pointer))
        free(pointer);
}

static enum status cpu_copy(struct device *device, void *to, const void *from, size_t bytes,
                            struct message *message) {
    (void)device;
    (void)message;
    memcpy(to, from, bytes);
    return STATUS_OK;
}

static enum status cpu_synchronize(struct device *device, struct message *message) {
    (void)device;
    (void)message;
    return STATUS_OK;
}

static enum status cpu_timer_start(struct device *device, struct message *message) {
    (void)message;
    struct cpu_state *state = device->state;
    if (device->throttled)
        state->throttled = cgroup_read_throttled(&state->cgroup);
    state->start = clock_seconds();
    return STATUS_OK;
}

static enum status cpu_timer_stop(struct device *device, double *seconds, struct message *message) {
    (void)message;
    const struct cpu_state *state = device->state;
    *seconds = clock_seconds() - state->start;
    return STATUS_OK;
}

static bool cpu_throttled(struct device *device, char *reasons, size_t bytes) {
    const struct cpu_state *state = device->state;
    snprintf(reasons, bytes, "the cgroup's CPU quota is used up");
    return cgroup_read_throttled(&state->cgroup) > state->throttled;
}

static double cpu_energy(struct device *device) {
    const struct cpu_state *state = device->state;
    return powercap_energy(state->powercap);
}

static enum status cpu_device_close(struct device *device, struct message *message) {
    (void)message;
    struct cpu_state *state = device->state;
    cpu_close(device->cpu);
    device->cpu = NULL;
    powercap_close(state ? state->powercap : NULL);
    free(device->state);
    device->state = NULL;
    return STATUS_OK;
}

enum status device_cpu_open(struct device *device, struct message *message) {
    return device_cpu_open_at(device, powercap_folder, "", message);
}

enum status device_cpu_open_at(struct device *device, const char *powercap, const char *root,
                               struct message *message) {
    struct cgroup_quota quota;
    *device = (struct device){
        .name = "cpu",
        .last_level_cache = cpu_read_last_level_cache(),
        .state = calloc(1, sizeof(struct cpu_state)),
        .allocate = cpu_allocate,
        .allocate_shared = cpu_allocate_shared,
        .release = cpu_release,
        .upload = cpu_copy,
        .download = cpu_copy,
        .memory = cpu_memory,
        .synchronize = cpu_synchronize,
        .timer_start = cpu_timer_start,
        .timer_stop = cpu_timer_stop,
        .close = cpu_device_close,
    };
    if (!device->state)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the CPU's state");
    struct cpu_state *state = device->state;
    state->powercap = powercap_open(powercap);
    if (state->powercap)
        device->energy = cpu_energy;
    cgroup_find(root, &state->cgroup);
    cgroup_read_quota(&state->cgroup, &quota);
    if (isfinite(quota.processors))
        device->throttled = cpu_throttled;
    return cpu_open(device->last_level_cache, &device->cpu, message);
}
