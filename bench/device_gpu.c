/* A GPU, real or emulated, as a struct device; see bench/device_gpu.h. */
#include "bench/device_gpu.h"

#include "kernels/kernels.h"

#include <errno.h>
#include <limits.h>
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

static void gpu_device_close(struct device *device) {
    gpu_close(device->gpu);
    device->gpu = NULL;
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
                              .close = gpu_device_close};
    if (device->emulated)
        snprintf(device->name, sizeof device->name, "emulated");
    else
        snprintf(device->name, sizeof device->name, "gpu%d", selection->index);
    return STATUS_OK;
}

static enum status index_parse(const char *text, int *index, struct message *message) {
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
        status = index_parse(selection, &chosen.index, message);
    }
    return status == STATUS_OK ? device_gpu_open_selection(&chosen, device, message) : status;
}
