/* The devices of a run. */
#ifndef LOCKSTEP_BENCH_DEVICES_H
#define LOCKSTEP_BENCH_DEVICES_H

#include "bench/device.h"

enum { DEVICES_MAX = 2 };

struct devices {
    struct device list[DEVICES_MAX]; /* the CPU first */
    int count;
    char gpu_absence[256]; /* why there is no GPU among them; empty when there is one or none was
                              wanted */
};

/* Opens the CPU and what `gpu` asks for: "auto" a GPU if there is one, "none", or a device number.
 * STATUS_NO_GPU when a number was given and there is no such GPU or no driver that can be used;
 * STATUS_INVALID when `gpu` is none of these. */
enum status devices_open(struct devices *devices, const char *gpu, struct message *message);
void devices_close(struct devices *devices);

#endif
