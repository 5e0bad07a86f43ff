/* Opening the devices that --gpu asks for. */
#include "bench/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "auto", "none" or a number. */
static enum status gpu_text_check(const char *gpu, bool *required, struct message *message) {
    *required = *gpu != '\0' && strspn(gpu, "0123456789") == strlen(gpu);
    if (*required || strcmp(gpu, "auto") == 0 || strcmp(gpu, "none") == 0)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "--gpu wants auto, none or a device number, not '%s'", gpu);
}

enum status devices_open(struct devices *devices, const char *gpu, struct message *message) {
    memset(devices, 0, sizeof *devices);
    bool required;
    enum status status = gpu_text_check(gpu, &required, message);
    if (status != STATUS_OK)
        return status;
    if (required)
        return message_set(message, STATUS_NO_GPU,
                           "GPU %s was required and there is none; use --gpu auto or --gpu none to "
                           "run on the CPU",
                           gpu);
    status = device_cpu_open(&devices->list[0], message);
    devices->count = status == STATUS_OK;
    return status;
}

void devices_close(struct devices *devices) {
    while (devices->count > 0) {
        struct device *device = &devices->list[--devices->count];
        device->close(device);
    }
}
