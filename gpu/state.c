/* What every call of a GPU asks first and last: whether it is broken, and what a result means; and
 * the GPU's properties. See gpu/state.h. */
#include "gpu/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status gpu_check(struct gpu *gpu, enum cuda_result result, struct message *message,
                      const char *format, ...) {
    if (result == CUDA_SUCCESS)
        return STATUS_OK;
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    enum status status = driver_error(&gpu->driver, result, what, message);
    if (driver_error_sticky(result) && !gpu->broken) {
        gpu->broken = true;
        gpu->reason = *message;
    }
    return status;
}

enum status gpu_usable(const struct gpu *gpu, struct message *message) {
    if (!gpu->broken)
        return STATUS_OK;
    return message_set(message, STATUS_FAILED, "the GPU's context is lost since: %s",
                       gpu->reason.text);
}

bool gpu_broken(const struct gpu *gpu) {
    return gpu->broken;
}

const struct gpu_properties *gpu_properties(const struct gpu *gpu) {
    return &gpu->properties;
}

/* --- properties ----------------------------------------------------------------------------- */

static const struct {
    enum cuda_device_attribute attribute;
    size_t offset; /* of an int in struct gpu_properties */
} integer_properties[] = {
    {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, offsetof(struct gpu_properties, multiprocessors)},
    {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR,
     offsetof(struct gpu_properties, threads_per_multiprocessor)},
    {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, offsetof(struct gpu_properties, threads_per_block)},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, offsetof(struct gpu_properties, block[0])},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, offsetof(struct gpu_properties, block[1])},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, offsetof(struct gpu_properties, block[2])},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, offsetof(struct gpu_properties, grid[0])},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, offsetof(struct gpu_properties, grid[1])},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, offsetof(struct gpu_properties, grid[2])},
    {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, offsetof(struct gpu_properties, clock_khz)},
    {CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, offsetof(struct gpu_properties, memory_clock_khz)},
    {CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, offsetof(struct gpu_properties, memory_bus_bits)},
};

static const struct {
    enum cuda_device_attribute attribute;
    size_t offset; /* of a size_t in struct gpu_properties */
} size_properties[] = {
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK,
     offsetof(struct gpu_properties, shared_per_block)},
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
     offsetof(struct gpu_properties, shared_per_block_optin)},
    {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, offsetof(struct gpu_properties, l2_bytes)},
};

/* 0 for an attribute that this driver does not know. */
static int attribute_get(const struct gpu *gpu, enum cuda_device_attribute attribute) {
    int value = 0;
    if (gpu->driver.cuDeviceGetAttribute(&value, attribute, gpu->device) != CUDA_SUCCESS)
        return 0;
    return value;
}

enum status gpu_properties_read(struct gpu *gpu, struct message *message) {
    const struct driver *driver = &gpu->driver;
    struct gpu_properties *properties = &gpu->properties;
    enum cuda_result result =
        driver->cuDeviceGetName(properties->name, GPU_NAME_BYTES, gpu->device);
    if (result != CUDA_SUCCESS)
        return gpu_check(gpu, result, message, "cuDeviceGetName");
    result = driver->cuDeviceTotalMem(&properties->memory_bytes, gpu->device);
    if (result != CUDA_SUCCESS)
        return gpu_check(gpu, result, message, "cuDeviceTotalMem");
    if (driver->cuDeviceGetPCIBusId(properties->bus, GPU_BUS_BYTES, gpu->device) != CUDA_SUCCESS)
        properties->bus[0] = '\0';
    properties->emulated = driver->emulated;
    properties->driver_version = driver->version;
    properties->capability = 10 * attribute_get(gpu, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                             attribute_get(gpu, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    for (size_t i = 0; i < sizeof integer_properties / sizeof integer_properties[0]; i++) {
        int value = attribute_get(gpu, integer_properties[i].attribute);
        memcpy((char *)properties + integer_properties[i].offset, &value, sizeof value);
    }
    for (size_t i = 0; i < sizeof size_properties / sizeof size_properties[0]; i++) {
        size_t value = (size_t)attribute_get(gpu, size_properties[i].attribute);
        memcpy((char *)properties + size_properties[i].offset, &value, sizeof value);
    }
    return STATUS_OK;
}
