/* The devices of a run. */
#ifndef LOCKSTEP_BENCH_DEVICES_DEVICES_H
#define LOCKSTEP_BENCH_DEVICES_DEVICES_H

#include "bench/devices/device.h"
#include "bench/selection/tuning.h"

enum { DEVICES_MAX = 2 };

struct devices {
    struct device list[DEVICES_MAX]; /* the CPU first */
    int count;
    char gpu_absence[256];     /* why there is no GPU; empty when there is one or none was wanted */
    struct tuning_use *tuning; /* see devices_tune; NULL for none */
};

/* Opens the CPU and what `gpu` asks for: "auto" a GPU if there is one, "none", or a device number.
 * STATUS_NO_GPU when a number was given and there is no such GPU or no driver that can be used;
 * STATUS_INVALID when `gpu` is none of these, or a variable made a library pick kernels that this
 * processor cannot run. */
enum status devices_open(struct devices *devices, const char *gpu, struct message *message);

/* Lets the GPU among them use the choices that were measured on one of its kind: the file of
 * --tuning, or NULL for none. devices->tuning->note says what came of it. STATUS_INVALID names what
 * is wrong with the file. */
enum status devices_tune(struct devices *devices, const char *path, struct message *message);

/* Opens those of a rank, which all ranks call at once: they know the others, are called after how
 * many there are ("4xcpu"), and share the machine's memory. Of `gpu` "auto" means a GPU for each
 * rank of a machine, and none at all where one lacks its own; a number is that of the first rank's.
 * NULL: as devices_open. */
enum status devices_open_over(struct devices *devices, const char *gpu, struct ranks *ranks,
                              struct message *message);

/* The GPU of the list, NULL without one. */
struct device *devices_gpu(struct devices *devices);

/* Lets the launches of an emulated GPU among them be stopped, see struct device. */
void devices_stop_when(struct devices *devices, bool (*asked)(void *), void *argument);

/* Closes them after a call that ended with `status`. Gives `status`, or, where that is STATUS_OK,
 * STATUS_FAILED with what a device did not take back. */
enum status devices_close(struct devices *devices, enum status status, struct message *message);

#endif
