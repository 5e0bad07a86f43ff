/* Opening the devices that --gpu asks for. */
#include "bench/devices/devices.h"
#include "bench/devices/gpu.h"
#include "ranks/ranks.h"
#include "reference/library_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* --- over ranks ------------------------------------------------------------------------------- */

static void devices_join(struct devices *devices, struct ranks *ranks) {
    for (int i = 0; ranks && i < devices->count; i++) {
        struct device *device = &devices->list[i];
        device->ranks = ranks;
        snprintf(device->name, sizeof device->name, "%dx%s", ranks_count(ranks),
                 device->emulated ? "emulated"
                 : device->gpu    ? "gpu"
                                  : "cpu");
    }
}

/* The GPU of this rank among those of its machine. Slurm may show each process its own alone, as
 * number 0. */
static enum status gpu_of_rank_add(struct devices *devices, const char *gpu, struct ranks *ranks,
                                   struct message *message) {
    const bool automatic = strcmp(gpu, "auto") == 0;
    const int local = ranks_local_number(ranks);
    int first = 0;
    char number[24];
    enum status status = automatic ? STATUS_OK : device_gpu_number(gpu, &first, message);
    if (status != STATUS_OK)
        return status;
    snprintf(number, sizeof number, "%lld", (long long)first + local);
    status = gpu_add(devices, number, message);
    if (automatic && status != STATUS_OK && local > 0)
        status = gpu_add(devices, "0", message);
    if (!automatic || status == STATUS_OK)
        return status;
    snprintf(devices->gpu_absence, sizeof devices->gpu_absence, "%.*s",
             (int)sizeof devices->gpu_absence - 1, message->text);
    return STATUS_OK;
}

/* Which GPU it is, of all machines. */
struct gpu_place {
    char host[128], bus[GPU_BUS_BYTES];
};

/* Whether two ranks have the same GPU; STATUS_NO_MEMORY on all ranks. */
static enum status gpus_compare(struct devices *devices, struct ranks *ranks, bool *shared,
                                struct message *message) {
    const int count = ranks_count(ranks);
    struct gpu_place mine = {"", ""}, *all = calloc((size_t)count, sizeof *all);
    enum status status = all ? STATUS_OK : STATUS_NO_MEMORY;
    if (!all)
        (void)message_set(message, status, "no memory to compare the ranks' GPUs");
    status = ranks_agree(ranks, status, message);
    *shared = false;
    if (gethostname(mine.host, sizeof mine.host - 1) != 0)
        snprintf(mine.host, sizeof mine.host, "unknown");
    snprintf(mine.bus, sizeof mine.bus, "%s", gpu_properties(devices_gpu(devices)->gpu)->bus);
    if (status == STATUS_OK && all)
        ranks_gather(ranks, &mine, all, sizeof mine);
    for (int i = 0; status == STATUS_OK && all && i < count; i++)
        *shared |= i != ranks_number(ranks) && strcmp(all[i].host, mine.host) == 0 &&
                   strcmp(all[i].bus, mine.bus) == 0;
    if (status == STATUS_OK)
        *shared = ranks_any(ranks, *shared);
    free(all);
    return status;
}

/* Without a GPU for each rank there is none; where a number was given, that is the caller's
 * mistake.
 */
static enum status gpus_of_ranks_add(struct devices *devices, const char *gpu, struct ranks *ranks,
                                     struct message *message) {
    enum status status = ranks_agree(ranks, gpu_of_rank_add(devices, gpu, ranks, message), message);
    if (status != STATUS_OK)
        return status;
    bool shared = false;
    const bool lacking = ranks_any(ranks, !devices_gpu(devices));
    if (!lacking)
        status = gpus_compare(devices, ranks, &shared, message);
    if (status != STATUS_OK || (!lacking && !shared))
        return status;
    if (strcmp(gpu, "auto") != 0)
        return message_set(message, STATUS_NO_GPU,
                           "each rank needs a GPU of its own, from --gpu %s on, and two have the "
                           "same: start fewer ranks on a machine",
                           gpu);
    if (!*devices->gpu_absence)
        snprintf(devices->gpu_absence, sizeof devices->gpu_absence, "%s",
                 shared ? "two ranks have the same GPU: start as many on a machine as it has GPUs"
                        : "another rank has none");
    struct device *device = devices_gpu(devices);
    devices->count = 1;
    return device ? device->close(device, message) : STATUS_OK;
}

enum status devices_open_over(struct devices *devices, const char *gpu, struct ranks *ranks,
                              struct message *message) {
    const bool each =
        ranks_count(ranks) > 1 && strcmp(gpu, "none") != 0 && strcmp(gpu, "emulated") != 0;
    enum status status = devices_open(devices, each ? "none" : gpu, message);
    status = ranks_agree(ranks, status, message);
    if (status == STATUS_OK && each)
        status = ranks_agree(ranks, gpus_of_ranks_add(devices, gpu, ranks, message), message);
    if (status != STATUS_OK)
        return devices_close(devices, status, message);
    devices_join(devices, ranks);
    (void)ranks_share_memory(ranks); /* before what lies there is allocated */
    return STATUS_OK;
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
