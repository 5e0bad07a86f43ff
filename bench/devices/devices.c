/* Opening the devices that --gpu asks for. */
#include "bench/devices/devices.h"
#include "bench/devices/gpu.h"
#include "ranks/ranks.h"
#include "reference/library_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Why there is no GPU is worth a line only where one could have been. */
static enum status gpu_add(struct devices *devices, const char *gpu, struct message *message) {
    enum status status = device_gpu_open(gpu, &devices->list[devices->count], message);
    devices->count += status == STATUS_OK;
    bool automatic = strcmp(gpu, "auto") == 0;
    if (status == STATUS_UNSUPPORTED && !automatic) /* the driver cannot be used */
        return STATUS_NO_GPU;
    if (status == STATUS_OK || status == STATUS_INVALID || !automatic)
        return status;
    snprintf(devices->gpu_absence, sizeof devices->gpu_absence, "%.*s",
             (int)sizeof devices->gpu_absence - 1, message->text);
    return STATUS_OK;
}

enum status devices_open(struct devices *devices, const char *gpu, struct message *message) {
    memset(devices, 0, sizeof *devices);
    enum status status = library_kernels_check(message);
    if (status == STATUS_OK)
        status = device_cpu_open(&devices->list[0], message);
    devices->count = status == STATUS_OK;
    if (status == STATUS_OK && strcmp(gpu, "none") != 0)
        status = gpu_add(devices, gpu, message);
    return status == STATUS_OK ? STATUS_OK : devices_close(devices, status, message);
}

void devices_join(struct devices *devices, struct ranks *ranks) {
    for (int i = 0; ranks && i < devices->count; i++) {
        struct device *device = &devices->list[i];
        device->ranks = ranks;
        snprintf(device->name, sizeof device->name, "%dx%s", ranks_count(ranks),
                 device->gpu ? "gpu" : "cpu");
    }
}

struct device *devices_gpu(struct devices *devices) {
    for (int i = 0; i < devices->count; i++)
        if (devices->list[i].gpu)
            return &devices->list[i];
    return NULL;
}

enum status devices_tune(struct devices *devices, const char *path, struct message *message) {
    if (!path)
        return STATUS_OK;
    struct device *gpu = devices_gpu(devices);
    enum status status =
        tuning_use_open(path, gpu ? gpu_properties(gpu->gpu) : NULL, &devices->tuning, message);
    if (status == STATUS_OK && gpu)
        gpu->tuning = &devices->tuning->tuning;
    return status;
}

void devices_stop_when(struct devices *devices, bool (*asked)(void *), void *argument) {
    for (int i = 0; i < devices->count; i++)
        if (devices->list[i].stop_when)
            devices->list[i].stop_when(&devices->list[i], asked, argument);
}

enum status devices_close(struct devices *devices, enum status status, struct message *message) {
    while (devices->count > 0) {
        struct device *device = &devices->list[--devices->count];
        struct message closing;
        enum status closed = device->close(device, &closing);
        if (status == STATUS_OK && closed != STATUS_OK) {
            status = closed;
            *message = closing;
        }
    }
    tuning_use_close(devices->tuning);
    devices->tuning = NULL;
    return status;
}
