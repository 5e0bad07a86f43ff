/* Finding what a training runs on. */
#include "bench/training/setup.h"
#include "bench/devices/environment.h"
#include "bench/operations/mlp.h"
#include "bench/operations/operations.h"
#include "ranks/ranks.h"

#include <stdio.h>
#include <string.h>

const struct implementation *train_implementation_of_gpu(enum dtype dtype) {
    const char *name = dtype == DTYPE_F32 ? "cuda-best" : "cuda-tensor";
    return &operation_mlp.implementations[operation_implementation_find(&operation_mlp, name)];
}

const struct implementation *train_implementation_default(bool over_ranks) {
    const char *name = over_ranks ? "cpu-simd-mpi" : "cpu-simd";
    return &operation_mlp.implementations[operation_implementation_find(&operation_mlp, name)];
}

enum status train_implementation_find(const char *name, const struct implementation **found,
                                      struct message *message) {
    char known[512] = "";
    for (int i = 0; i < operation_mlp.implementation_count; i++) {
        const struct implementation *implementation = &operation_mlp.implementations[i];
        size_t used = strlen(known);
        if (implementation->kind == KIND_YARDSTICK)
            continue;
        *found = implementation;
        if (strcmp(implementation->name, name) == 0)
            return implementation_is_built(implementation)
                       ? STATUS_OK
                       : message_set(message, STATUS_UNSUPPORTED,
                                     "%s cannot train: %s; install it and build again, or leave "
                                     "out --implementation",
                                     name, implementation->availability(NULL));
        snprintf(known + used, sizeof known - used, " %s", implementation->name);
    }
    return message_set(message, STATUS_INVALID,
                       "there is no implementation '%s' to train with; the known ones are:%s", name,
                       known);
}

enum status train_implementation_check(const struct implementation *implementation,
                                       enum dtype dtype, bool over_ranks, struct message *message) {
    char dtypes[40];
    if (over_ranks && !implementation->over_ranks)
        return message_set(message, STATUS_INVALID,
                           "%s trains in one process: over ranks take one whose name has -mpi or "
                           "-nccl, as openblas-mpi, in f32",
                           implementation->name);
    if (!over_ranks && implementation->over_ranks)
        return message_set(message, STATUS_INVALID,
                           "%s trains over ranks, and this process is alone: start it by `mpirun "
                           "-n 2 lockstep train …`",
                           implementation->name);
    if (implementation_has_dtype(implementation, dtype))
        return STATUS_OK;
    implementation_dtypes(implementation, dtypes, sizeof dtypes);
    return message_set(message, STATUS_INVALID,
                       "%s trains in %s only; give --dtype or another --implementation",
                       implementation->name, dtypes);
}

static enum status device_open(struct train_setup *setup,
                               const struct implementation *implementation, const char *gpu,
                               const char *tuning, struct ranks *ranks, struct device **device,
                               struct message *message) {
    bool on_gpu = implementation->device == DEVICE_GPU;
    enum status status = devices_open_over(&setup->devices, on_gpu ? gpu : "none", ranks, message);
    if (status == STATUS_OK)
        status = devices_tune(&setup->devices, tuning, message);
    if (status != STATUS_OK)
        return status;
    if (setup->devices.tuning)
        printf("%s\n", setup->devices.tuning->note);
    for (int i = 0; i < setup->devices.count; i++) {
        *device = &setup->devices.list[i];
        if (((*device)->gpu != NULL) == on_gpu)
            return STATUS_OK;
    }
    return message_set(message, STATUS_NO_GPU, "%s runs on a GPU: %s", implementation->name,
                       setup->devices.gpu_absence);
}

enum status train_setup_open(struct train_setup *setup, const struct implementation *implementation,
                             const char *gpu, const char *tuning, struct train_options *options,
                             struct message *message) {
    *setup = (struct train_setup){.folder.lock = -1};
    options->implementation = implementation->name;
    options->kernels = mlp_kernels_of(implementation);
    struct processors processors;
    processors_read("", &processors);
    const int usual = processors_share(&processors, options->ranks);
    enum status status = processors_choose(&processors, options->threads ? options->threads : usual,
                                           &options->threads, message);
    if (status == STATUS_OK)
        status = device_open(setup, implementation, gpu, tuning, options->ranks, &options->device,
                             message);
    options->host = &setup->devices.list[0];
    if (!ranks_is_first(options->ranks))
        options->save = options->out = NULL;
    if (status != STATUS_OK || options->out || !ranks_is_first(options->ranks))
        return status;
    struct environment environment;
    environment_read(&environment);
    status = folder_open(NULL, environment.host, "train", &setup->folder, message);
    if (status == STATUS_OK && *setup->folder.warning.text)
        printf("warning: %s\n", setup->folder.warning.text);
    options->out = setup->folder.path;
    return status;
}

enum status train_setup_close(struct train_setup *setup, enum status status,
                              struct message *message) {
    folder_close(&setup->folder);
    return devices_close(&setup->devices, status, message);
}
