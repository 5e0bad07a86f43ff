/* Putting added rows into a network's table of kernels. */
#include "bench/run/network.h"

#include <stdio.h>
#include <string.h>

static enum status row_refuse(const struct implementation *row, struct message *message,
                              const char *why) {
    return message_set(message, STATUS_INVALID, "%.300s: %s cannot train: %s", row->file, row->name,
                       why);
}

static enum status row_adopt(struct network *network, const struct implementation *base,
                             const struct implementation *row, const struct operation *operation,
                             enum dtype dtype, struct message *message) {
    char text[160];
    if (row->methods)
        return row_refuse(row, message,
                          "a step calls functions, which a shared library has; launch lines and "
                          "processes have none");
    if (row->device != base->device) {
        snprintf(text, sizeof text, "it is of the %s and %s of the other; choose --implementation",
                 row->device == DEVICE_GPU ? "GPU" : "CPU", base->name);
        return row_refuse(row, message, text);
    }
    if (operation_has_dtype(operation, dtype) && !implementation_has_dtype(row, dtype)) {
        snprintf(text, sizeof text, "it does not compute %s", dtype_name(dtype));
        return row_refuse(row, message, text);
    }
    if (!mlp_kernels_replace(&network->kernels, mlp_kernels_of(base), operation, row->run)) {
        snprintf(text, sizeof text, "no part of a network is %s", operation->name);
        return row_refuse(row, message, text);
    }
    const size_t used = strlen(network->name);
    snprintf(network->name + used, sizeof network->name - used, "+%s", row->name);
    return STATUS_OK;
}

enum status network_make(struct network *network, const struct implementation *base,
                         const struct added *added, enum dtype dtype, struct message *message) {
    const struct operation *operation, *other;
    enum status status = STATUS_OK;
    *network = (struct network){.implementation = *base, .kernels = *mlp_kernels_of(base)};
    snprintf(network->name, sizeof network->name, "%s", base->name);
    for (int i = 0; i < added_count(added) && status == STATUS_OK; i++) {
        const struct implementation *row = added_row(added, i, &operation);
        for (int j = 0; j < i && status == STATUS_OK; j++) {
            (void)added_row(added, j, &other);
            if (other == operation)
                status = row_refuse(row, message, "another row does its part already");
        }
        if (status == STATUS_OK)
            status = row_adopt(network, base, row, operation, dtype, message);
    }
    network->kernels.graph = false;
    network->implementation.name = network->name;
    network->implementation.own = &network->kernels;
    return status;
}
