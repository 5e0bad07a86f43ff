/* What every call of a GPU asks first and last: whether it is broken, and what a result means; and
 * the GPU's properties. See gpu/state.h. */
#include "gpu/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_interruption(const struct gpu *gpu, enum cuda_result result) {
    return result == CUDA_ERROR_LAUNCH_TIMEOUT && gpu->stop != NULL &&
           gpu->stop(gpu->stop_argument);
}

static enum status result_report(struct gpu *gpu, enum cuda_result result, struct message *message,
                                 const char *format, va_list arguments) {
    char what[256];
    vsnprintf(what, sizeof what, format, arguments);
    enum status status = driver_error(&gpu->driver, result, what, message);
    if (gpu->opened && status == STATUS_NO_GPU)
        status = STATUS_FAILED;
    if (is_interruption(gpu, result)) {
        gpu->interrupted = true;
        status = message_set(message, STATUS_INTERRUPTED, "interrupted");
    }
    if (driver_error_sticky(result) && !gpu->broken) {
        gpu->broken = true;
        gpu->reason = *message;
    }
    return status;
}

enum status gpu_check(struct gpu *gpu, enum cuda_result result, struct message *message,
                      const char *format, ...) {
    if (result == CUDA_SUCCESS)
        return STATUS_OK;
    va_list arguments;
    va_start(arguments, format);
    enum status status = result_report(gpu, result, message, format, arguments);
    va_end(arguments);
    return status;
}

enum status gpu_check_allocation(struct gpu *gpu, enum cuda_result result, struct message *message,
                                 const char *format, ...) {
    if (result == CUDA_SUCCESS)
        return STATUS_OK;
    va_list arguments;
    va_start(arguments, format);
    enum status status = result_report(gpu, result, message, format, arguments);
    va_end(arguments);
    return result == CUDA_ERROR_OUT_OF_MEMORY ? STATUS_NO_MEMORY : status;
}

void gpu_check_release(struct gpu *gpu, enum cuda_result result, const char *call) {
    struct message message;
    if (gpu_check(gpu, result, &message, "%s", call) != STATUS_OK && *gpu->unreturned.text == '\0')
        gpu->unreturned = message;
}

enum status gpu_usable(const struct gpu *gpu, struct message *message) {
    if (!gpu->broken)
        return STATUS_OK;
    if (gpu->interrupted)
        return message_set(message, STATUS_INTERRUPTED, "interrupted");
    return message_set(message, STATUS_FAILED, "the GPU's context is lost since: %s",
                       gpu->reason.text);
}

/* Called from the emulator's threads. */
static int launch_stop_asked(void *context) {
    const struct gpu *gpu = context;
    return gpu->stop(gpu->stop_argument);
}

void gpu_stop_when(struct gpu *gpu, bool (*asked)(void *), void *argument) {
    if (!gpu->driver.emulated)
        return;
    gpu->stop = asked;
    gpu->stop_argument = argument;
    gpu->driver.emulator.stop_when(asked != NULL ? launch_stop_asked : NULL, gpu);
}

void gpu_forget(const struct gpu *gpu, const void *pointer, size_t bytes) {
    if (gpu->driver.emulated)
        (void)gpu->driver.emulator.forget((uintptr_t)pointer, bytes);
}

bool gpu_broken(const struct gpu *gpu) {
    return gpu->broken;
}

const struct gpu_properties *gpu_properties(const struct gpu *gpu) {
    return &gpu->properties;
}

/* --- properties ----------------------------------------------------------------------------- */

/* An attribute, by its number and its name, and the member that it goes into. */
struct property {
    enum cuda_device_attribute attribute;
    const char *name;
    size_t offset; /* in struct gpu_properties */
};

#define PROPERTY(attribute, member)                                                                \
    { attribute, #attribute, offsetof(struct gpu_properties, member) }

static const struct property integers[] = {
    PROPERTY(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, multiprocessors),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, threads_per_multiprocessor),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, threads_per_block),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, block[0]),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, block[1]),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, block[2]),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, grid[0]),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, grid[1]),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, grid[2]),
};

static const struct property sizes[] = {
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, shared_per_block),
    PROPERTY(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, shared_per_block_optin),
    PROPERTY(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, l2_bytes),
};

#undef PROPERTY

static enum status attribute_get(struct gpu *gpu, enum cuda_device_attribute attribute,
                                 const char *name, int *value, struct message *message) {
    return gpu_check(gpu, gpu->driver.cuDeviceGetAttribute(value, attribute, gpu->device), message,
                     "cuDeviceGetAttribute of %s", name);
}

static enum status attributes_read(struct gpu *gpu, struct message *message) {
    char *const properties = (char *)&gpu->properties;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0] && status == STATUS_OK; i++) {
        int value = 0;
        status = attribute_get(gpu, integers[i].attribute, integers[i].name, &value, message);
        memcpy(properties + integers[i].offset, &value, sizeof value);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && status == STATUS_OK; i++) {
        int value = 0;
        status = attribute_get(gpu, sizes[i].attribute, sizes[i].name, &value, message);
        const size_t size = (size_t)value;
        memcpy(properties + sizes[i].offset, &size, sizeof size);
    }
    return status;
}

static enum status capability_read(struct gpu *gpu, struct message *message) {
    int major = 0, minor = 0;
    enum status status = attribute_get(gpu, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                                       "COMPUTE_CAPABILITY_MAJOR", &major, message);
    if (status == STATUS_OK)
        status = attribute_get(gpu, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                               "COMPUTE_CAPABILITY_MINOR", &minor, message);
    gpu->properties.capability = 10 * major + minor;
    return status;
}

enum status gpu_properties_read(struct gpu *gpu, struct message *message) {
    const struct driver *driver = &gpu->driver;
    struct gpu_properties *properties = &gpu->properties;
    properties->emulated = driver->emulated;
    properties->driver_version = driver->version;
    enum status status =
        gpu_check(gpu, driver->cuDeviceGetName(properties->name, GPU_NAME_BYTES, gpu->device),
                  message, "cuDeviceGetName");
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuDeviceTotalMem(&properties->memory_bytes, gpu->device),
                           message, "cuDeviceTotalMem");
    if (status == STATUS_OK)
        status =
            gpu_check(gpu, driver->cuDeviceGetPCIBusId(properties->bus, GPU_BUS_BYTES, gpu->device),
                      message, "cuDeviceGetPCIBusId");
    if (status == STATUS_OK)
        status = capability_read(gpu, message);
    return status == STATUS_OK ? attributes_read(gpu, message) : status;
}
