/* `lockstep train`: the implementations and the devices that training may choose from. */
#include "bench/commands/command.h"
#include "bench/commands/command_train.h"
#include "bench/devices/devices.h"
#include "bench/devices/environment.h"
#include "bench/files/folder.h"
#include "bench/operations/operation.h"
#include "bench/report/report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { IMPLEMENTATIONS_MAX = 16 };

/* Devices are opened when the implementation is known, and closed when training has ended. */
struct setup {
    struct devices devices;
    struct folder folder;
    const struct command_context *command;
};

static enum status device_find(void *context, const struct train_implementation *implementation,
                               const char *gpu, const char *tuning, struct device **device,
                               struct message *message) {
    struct setup *setup = context;
    enum status status =
        devices_open(&setup->devices, implementation->on_gpu ? gpu : "none", message);
    if (status == STATUS_OK)
        status = devices_tune(&setup->devices, tuning, message);
    if (status != STATUS_OK)
        return status;
    if (setup->devices.tuning)
        printf("%s\n", setup->devices.tuning->note);
    for (int i = 0; i < setup->devices.count; i++) {
        *device = &setup->devices.list[i];
        if (((*device)->gpu != NULL) == implementation->on_gpu)
            return STATUS_OK;
    }
    return message_set(message, STATUS_NO_GPU, "%s runs on a GPU: %s", implementation->name,
                       setup->devices.gpu_absence);
}

static enum status training_folder_make(void *context, const char **path, struct message *message) {
    struct setup *setup = context;
    struct environment environment;
    environment_read(&environment);
    enum status status = folder_open(NULL, environment.host, "train", &setup->folder, message);
    *path = setup->folder.path;
    return status;
}

/* The training curve. */
static enum status finish(void *context, const char *path, struct message *message) {
    (void)context;
    enum status status = report_draw(path, stdout, message);
    if (status == STATUS_OK)
        printf("results in %s\n", path);
    return status;
}

static bool is_stopped(void *context) {
    const struct setup *setup = context;
    return setup->command->stop(setup->command->stop_argument);
}

/* Every implementation of `mlp` but yardsticks and absent libraries; `openblas` first, the default.
 */
static size_t implementations_list(struct train_implementation list[IMPLEMENTATIONS_MAX]) {
    size_t count = 0;
    for (int i = 0; i < operation_mlp.implementation_count && count < IMPLEMENTATIONS_MAX; i++) {
        const struct implementation *row = &operation_mlp.implementations[i];
        if (row->kind == KIND_YARDSTICK || !implementation_is_built(row))
            continue;
        list[count] = (struct train_implementation){.name = row->name,
                                                    .kernels = row->run.mlp,
                                                    .on_gpu = row->device == DEVICE_GPU,
                                                    .graph = row->run.mlp->graph};
        if (strcmp(row->name, "openblas") == 0 && count > 0) {
            struct train_implementation first = list[0];
            list[0] = list[count];
            list[count] = first;
        }
        count++;
    }
    return count;
}

enum status command_train(int argc, char **argv, const struct command_context *context,
                          struct message *message) {
    struct setup setup = {.command = context, .folder.lock = -1};
    struct train_implementation list[IMPLEMENTATIONS_MAX];
    const struct train_environment environment = {
        .implementations = list,
        .implementation_count = implementations_list(list),
        .device_find = device_find,
        .folder_make = training_folder_make,
        .finish = finish,
        .stop = is_stopped,
        .context = &setup,
        .report = stdout,
        .live = isatty(STDOUT_FILENO) == 1,
    };
    char name[] = "lockstep train";
    argv[0] = name;
    enum status status = command_train_with(argc, argv, &environment, message);
    folder_close(&setup.folder);
    devices_close(&setup.devices);
    return status;
}
