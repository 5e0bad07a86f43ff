/* The emulated GPU's counters; see gpu/counters.h. */
#include "gpu/counters.h"

#include "gpu/state.h"

#include <string.h>

static enum status counters_ready(struct gpu *gpu, struct message *message) {
    if (!gpu->driver.emulated)
        return message_set(message, STATUS_UNSUPPORTED,
                           "%s has no counters: only the emulated GPU counts; use --gpu emulated, "
                           "or `make profile` for Nsight's",
                           gpu->properties.name);
    return gpu_synchronize(gpu, message);
}

enum status gpu_counters_reset(struct gpu *gpu, struct message *message) {
    enum status status = counters_ready(gpu, message);
    if (status == STATUS_OK)
        gpu->driver.emulator.counters_reset();
    return status;
}

enum status gpu_counters_count(struct gpu *gpu, size_t *count, struct message *message) {
    *count = 0;
    enum status status = counters_ready(gpu, message);
    if (status == STATUS_OK)
        *count = gpu->driver.emulator.counters_count();
    return status;
}

enum status gpu_counters_read(struct gpu *gpu, size_t index, struct emulator_counters *row,
                              struct message *message) {
    enum status status = counters_ready(gpu, message);
    if (status != STATUS_OK)
        return status;
    memset(row, 0, sizeof *row);
    row->size = sizeof *row;
    if (gpu->driver.emulator.counters_read(index, row) != 0)
        return message_set(message, STATUS_INVALID, "the emulated GPU has no counters row %zu",
                           index);
    return STATUS_OK;
}
