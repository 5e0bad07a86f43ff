/* A GPU, real or emulated, as a struct device; see bench/devices/gpu.h. */
#include "bench/devices/gpu.h"

#include "bench/statistics/statistics.h"
#include "kernels/kernels.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status gpu_device_allocate(struct device *device, size_t bytes, void **pointer,
                                       struct message *message) {
    return gpu_allocate(device->gpu, bytes, pointer, message);
}

static void gpu_device_release(struct device *device, void *pointer) {
    gpu_release(device->gpu, pointer);
}

static enum status gpu_device_upload(struct device *device, void *to, const void *from,
                                     size_t bytes, struct message *message) {
    return gpu_upload(device->gpu, to, from, bytes, message);
}

static enum status gpu_device_download(struct device *device, void *to, const void *from,
                                       size_t bytes, struct message *message) {
    return gpu_download(device->gpu, to, from, bytes, message);
}

static enum status gpu_device_memory(struct device *device, size_t *available, size_t *total,
                                     struct message *message) {
    return gpu_memory(device->gpu, available, total, message);
}

static enum status gpu_device_synchronize(struct device *device, struct message *message) {
    return gpu_synchronize(device->gpu, message);
}

static enum status gpu_device_timer_start(struct device *device, struct message *message) {
    return gpu_timer_start(device->gpu, message);
}

static enum status gpu_device_timer_stop(struct device *device, double *seconds,
                                         struct message *message) {
    return gpu_timer_stop(device->gpu, seconds, message);
}

/* Enqueues one pass over all buffers, each with its own place in the pinned memory. */
static enum status transfers_enqueue(struct gpu *gpu, const struct device_transfer *transfers,
                                     int count, char *pinned, struct message *message) {
    enum status status = STATUS_OK;
    char *at = pinned;
    for (int i = 0; i < count && status == STATUS_OK; at += transfers[i++].bytes)
        if (transfers[i].up)
            status = gpu_upload_enqueue(gpu, transfers[i].data, at, transfers[i].bytes, message);
    at = pinned;
    for (int i = 0; i < count && status == STATUS_OK; at += transfers[i++].bytes)
        if (transfers[i].down)
            status = gpu_download_enqueue(gpu, at, transfers[i].data, transfers[i].bytes, message);
    return status;
}

/* Times `passes` passes after an untimed one. */
static enum status transfers_time(struct gpu *gpu, const struct device_transfer *transfers,
                                  int count, char *pinned, double *times, int passes,
                                  struct message *message) {
    enum status status = transfers_enqueue(gpu, transfers, count, pinned, message);
    for (int pass = 0; pass < passes && status == STATUS_OK; pass++) {
        status = gpu_timer_start(gpu, message);
        if (status == STATUS_OK)
            status = transfers_enqueue(gpu, transfers, count, pinned, message);
        if (status == STATUS_OK)
            status = gpu_timer_stop(gpu, &times[pass], message);
    }
    return status;
}

static enum status gpu_device_transfer_time(struct device *device,
                                            const struct device_transfer *transfers, int count,
                                            int passes, double *seconds, struct message *message) {
    struct gpu *gpu = device->gpu;
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += transfers[i].bytes;
    double *times = malloc(2 * (size_t)passes * sizeof *times);
    if (!times)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %d passes", passes);
    void *pinned = NULL;
    enum status status = gpu_host_allocate(gpu, bytes, &pinned, message);
    /* What is uploaded is what was there. */
    char *at = pinned;
    for (int i = 0; i < count && status == STATUS_OK; at += transfers[i++].bytes)
        status = gpu_download(gpu, at, transfers[i].data, transfers[i].bytes, message);
    if (status == STATUS_OK)
        status = transfers_time(gpu, transfers, count, pinned, times, passes, message);
    if (status == STATUS_OK) {
        struct statistics statistics;
        statistics_compute(times, (size_t)passes, times + passes, &statistics);
        *seconds = statistics.median;
    }
    gpu_host_release(gpu, pinned);
    free(times);
    return status;
}

/* --- what NVML tells -------------------------------------------------------------------------- */

struct nvml *device_gpu_nvml(struct device *device) {
    return device->gpu ? device->state : NULL;
}

static double known(double value) {
    return value < 0.0 ? (double)NAN : value;
}

static double gpu_device_energy(struct device *device) {
    return known(nvml_energy(device->state));
}

static double gpu_device_power(struct device *device) {
    return known(nvml_power(device->state));
}

static bool gpu_device_throttled(struct device *device, char *reasons, size_t bytes) {
    unsigned long long throttle;
    if (!nvml_throttle(device->state, &throttle))
        return false;
    nvml_throttle_describe(throttle, reasons, bytes);
    return nvml_throttled(throttle);
}

/* Without NVML there are times, and neither energy nor a word about throttling. */
static void nvml_attach(struct device *device, const char *path) {
    struct nvml *nvml = NULL;
    struct message message;
    if (device->emulated)
        return;
    if (nvml_open(path, gpu_properties(device->gpu)->bus, &nvml, &message) != STATUS_OK) {
        snprintf(device->readings_absence, sizeof device->readings_absence, "%.*s",
                 (int)sizeof device->readings_absence - 1, message.text);
        return;
    }
    device->state = nvml;
    device->energy = gpu_device_energy;
    device->power = gpu_device_power;
    device->throttled = gpu_device_throttled;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool gpu_device_lost(const struct device *device) {
    return gpu_broken(device->gpu);
}

static enum status gpu_device_reset(struct device *device, struct message *message) {
    return gpu_reset(device->gpu, message);
}

static void gpu_device_stop_when(struct device *device, bool (*asked)(void *), void *argument) {
    gpu_stop_when(device->gpu, asked, argument);
}

static void gpu_device_forget(struct device *device, const void *pointer, size_t bytes) {
    gpu_forget(device->gpu, pointer, bytes);
}

static enum status gpu_device_close(struct device *device, struct message *message) {
    nvml_close(device->state);
    device->state = NULL;
    enum status status = gpu_close(device->gpu, message);
    device->gpu = NULL;
    return status;
}

enum status device_gpu_open_selection(const struct gpu_selection *selection, struct device *device,
                                      struct message *message) {
    struct gpu_selection chosen = *selection;
    if (chosen.images == NULL)
        chosen.images = kernels_images(&chosen.image_count);
    struct gpu *gpu = NULL;
    enum status status = gpu_open(&chosen, &gpu, message);
    if (status != STATUS_OK)
        return status;
    *device = (struct device){.emulated = gpu_properties(gpu)->emulated,
                              .gpu = gpu,
                              .last_level_cache = gpu_properties(gpu)->l2_bytes,
                              .allocate = gpu_device_allocate,
                              .release = gpu_device_release,
                              .upload = gpu_device_upload,
                              .download = gpu_device_download,
                              .memory = gpu_device_memory,
                              .synchronize = gpu_device_synchronize,
                              .timer_start = gpu_device_timer_start,
                              .timer_stop = gpu_device_timer_stop,
                              .lost = gpu_device_lost,
                              .reset = gpu_device_reset,
                              .close = gpu_device_close};
    if (device->emulated) {
        device->stop_when = gpu_device_stop_when;
        device->forget = gpu_device_forget;
    } else {
        device->transfer_time = gpu_device_transfer_time;
    }
    nvml_attach(device, selection->nvml);
    if (device->emulated)
        snprintf(device->name, sizeof device->name, "emulated");
    else
        snprintf(device->name, sizeof device->name, "gpu%d", selection->index);
    return STATUS_OK;
}

enum status device_gpu_number(const char *text, int *index, struct message *message) {
    char *end = NULL;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < 0 || number > INT_MAX)
        return message_set(message, STATUS_INVALID,
                           "--gpu takes auto, none, emulated or a number from 0, and not `%s`",
                           text);
    *index = (int)number;
    return STATUS_OK;
}

enum status device_gpu_open(const char *selection, struct device *device, struct message *message) {
    struct gpu_selection chosen = {0};
    char emulator[4096];
    enum status status = STATUS_OK;
    if (strcmp(selection, "emulated") == 0) {
        status = gpu_emulator_path(emulator, sizeof emulator, message);
        chosen.driver = emulator;
    } else if (strcmp(selection, "auto") != 0) {
        status = device_gpu_number(selection, &chosen.index, message);
    }
    return status == STATUS_OK ? device_gpu_open_selection(&chosen, device, message) : status;
}
