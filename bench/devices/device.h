/* Where buffers live and how time is taken there: one table of functions a device. The harness, the
 * checks and training read the same for the CPU, a GPU and the emulated GPU.
 *
 * All functions return a status and on failure fill `message`; pointers of a device are passed back
 * to that device only. Copies are complete when they return. `timer_stop` waits for all work since
 * `timer_start` and gives the seconds that it took, or STATUS_UNSUPPORTED on a device that has no
 * time (the emulated GPU).
 */
#ifndef LOCKSTEP_BENCH_DEVICES_DEVICE_H
#define LOCKSTEP_BENCH_DEVICES_DEVICE_H

#include "common/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A buffer that crosses the bus once an iteration. */
struct device_transfer {
    void *data; /* the device's */
    size_t bytes;
    bool up, down; /* before the work, after it */
};

struct device {
    char name[16];               /* as in the CSV: "cpu", "gpu0", "emulated", "4xcpu" */
    bool emulated;               /* results and counters, never a time */
    struct cpu *cpu;             /* goes into execution->cpu; NULL on a GPU */
    struct gpu *gpu;             /* goes into execution->gpu; NULL on the CPU */
    const struct tuning *tuning; /* goes into execution->tuning; borrowed, NULL for none */
    struct ranks *ranks;         /* goes into execution->ranks; borrowed, NULL for one process */
    size_t last_level_cache;     /* bytes: what `cold` must exceed twice */
    char readings_absence[400];  /* why a GPU tells no clocks, power or energy; empty if it does */
    void *state;                 /* the device's own */

    /* Aligned to at least 64 bytes. STATUS_NO_MEMORY names the bytes wanted and those there are. */
    enum status (*allocate)(struct device *device, size_t bytes, void **pointer,
                            struct message *message);
    /* The same, in memory that ranks share, where there is some left. NULL where there is none
     * ever; device_allocate_shared() asks either. */
    enum status (*allocate_shared)(struct device *device, size_t bytes, void **pointer,
                                   struct message *message);
    void (*release)(struct device *device, void *pointer); /* NULL is allowed */
    enum status (*upload)(struct device *device, void *to, const void *from, size_t bytes,
                          struct message *message);
    enum status (*download)(struct device *device, void *to, const void *from, size_t bytes,
                            struct message *message);
    enum status (*memory)(struct device *device, size_t *available, size_t *total,
                          struct message *message);
    enum status (*synchronize)(struct device *device, struct message *message);
    enum status (*timer_start)(struct device *device, struct message *message);
    enum status (*timer_stop)(struct device *device, double *seconds, struct message *message);
    /* The median time of so many passes of copying the buffers between the device and pinned host
     * memory; their contents stay as they are. NULL where memory is shared or there is no time. */
    enum status (*transfer_time)(struct device *device, const struct device_transfer *transfers,
                                 int count, int passes, double *seconds, struct message *message);
    /* Joules that the device has used so far, of which only differences mean something, and watts
     * that it takes now; NAN where it does not tell. NULL where nothing measures them, as on the
     * emulated GPU. */
    double (*energy)(struct device *device);
    double (*power)(struct device *device);
    /* Whether heat or a hardware limit slows a GPU down at this moment, or a quota has held the CPU
     * back since `timer_start`, and the reasons in words. NULL where nothing tells. */
    bool (*throttled)(struct device *device, char *reasons, size_t bytes);
    /* Whether an error made the device refuse all work until `reset`, before which all its buffers
     * are released. Both NULL where that cannot be. */
    bool (*lost)(const struct device *device);
    enum status (*reset)(struct device *device, struct message *message);
    /* Lets a launch that takes long end before its end, with STATUS_INTERRUPTED, once `asked` says
     * so; the device is lost then. NULL where that cannot be. */
    void (*stop_when)(struct device *device, bool (*asked)(void *), void *argument);
    /* The bytes keep what they hold, and a kernel that uses them before it writes them is at fault
     * where the device looks for that. NULL where it cannot. */
    void (*forget)(struct device *device, const void *pointer, size_t bytes);
    /* Frees what the device holds; buffers first. STATUS_FAILED when the driver did not take back
     * something, now or earlier; nothing is left all the same. */
    enum status (*close)(struct device *device, struct message *message);
};

static inline enum status device_allocate_shared(struct device *device, size_t bytes,
                                                 void **pointer, struct message *message) {
    return (device->allocate_shared ? device->allocate_shared : device->allocate)(device, bytes,
                                                                                  pointer, message);
}

/* The CPU: memory of this process as its control group leaves it, CLOCK_MONOTONIC, and the
 * packages' energy from Linux's powercap folder where it may be read. */
enum status device_cpu_open(struct device *device, struct message *message);
/* The same with that folder elsewhere, and the files of control groups below `root`. */
enum status device_cpu_open_at(struct device *device, const char *powercap, const char *root,
                               struct message *message);

#endif
