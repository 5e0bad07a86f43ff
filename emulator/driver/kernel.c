/* Launches: what is checked before a kernel runs, how parameters are packed, and what a fault does
 * to the context. */
#include "emulator/driver/kernel.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/driver/code/function.h"
#include "emulator/driver/code/module.h"

/* ---- Checks before the launch: these break nothing and return at once ---- */

/* A module's functions are its context's. Those of libraries are of every context. */
static CUresult kernel_check_context(const struct driver_function *function,
                                     const struct kernel_request *request) {
    const struct driver_context *own = function->module->context, *wanted = request->context;
    if (!own || !wanted || own == wanted)
        return CUDA_SUCCESS;
    driver_find("launch of %s: its module was loaded in another context, of device %d, and the "
                "stream is of device %d; a module is loaded in each context, a library once",
                function->info->name, (int)own->device, (int)wanted->device);
    return CUDA_ERROR_INVALID_HANDLE;
}

static CUresult kernel_check_lacks(const struct driver_function *function) {
    if (!function->info->lacks)
        return CUDA_SUCCESS;
    driver_find("launch of %s: PTX %s", function->info->name, function->info->lacks);
    return CUDA_ERROR_NOT_SUPPORTED;
}

static CUresult kernel_check_block(const struct driver_function *function,
                                   const struct kernel_request *request) {
    const struct machine_properties *device = &driver.properties;
    const unsigned *block = request->block, *required = function->info->required_block;
    uint64_t threads = (uint64_t)block[0] * block[1] * block[2];
    for (int i = 0; i < 3; i++) {
        if (request->grid[i] < 1 || request->grid[i] > device->max_grid[i] || block[i] < 1 ||
            block[i] > device->max_block[i]) {
            driver_find(
                "launch of %s: grid %ux%ux%u of blocks %ux%ux%u: size %u of dimension %d is "
                "out of range "
                "(grid 1 to %u, block 1 to %u)",
                function->info->name, request->grid[0], request->grid[1], request->grid[2],
                block[0], block[1], block[2],
                block[i] < 1 || block[i] > device->max_block[i] ? block[i] : request->grid[i], i,
                device->max_grid[i], device->max_block[i]);
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    unsigned limit = function->info->max_threads < device->max_threads_per_block
                         ? function->info->max_threads
                         : device->max_threads_per_block;
    if (threads > limit) {
        driver_find("launch of %s: a block of %llu threads is larger than the %u that the kernel "
                    "and the device allow",
                    function->info->name, (unsigned long long)threads, limit);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (required[0] && memcmp(required, block, sizeof request->block) != 0) {
        driver_find("launch of %s: the block is %ux%ux%u, but the kernel is compiled for blocks of "
                    "%ux%ux%u",
                    function->info->name, block[0], block[1], block[2], required[0], required[1],
                    required[2]);
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

static CUresult kernel_check_shared(const struct driver_function *function,
                                    const struct kernel_request *request) {
    size_t fixed = function->info->shared_bytes;
    size_t limit = driver.properties.shared_per_block;
    if (fixed + function->dynamic_limit > limit)
        limit = fixed + function->dynamic_limit;
    if (fixed + request->dynamic_shared <= limit)
        return CUDA_SUCCESS;
    driver_find("launch of %s: %zu bytes of static and %u of dynamic shared memory are more than "
                "the %zu allowed; more "
                "than %zu needs CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES "
                "(cudaFuncSetAttribute), up to %zu in all",
                function->info->name, fixed, request->dynamic_shared, limit,
                driver.properties.shared_per_block, driver.properties.shared_per_block_optin);
    return CUDA_ERROR_INVALID_VALUE;
}

static CUresult kernel_check_cooperative(const struct driver_function *function,
                                         const struct kernel_request *request) {
    const unsigned *grid = request->grid, *block = request->block;
    if (!request->cooperative)
        return CUDA_SUCCESS;
    const unsigned multiprocessors =
        request->multiprocessors ? request->multiprocessors : driver.properties.multiprocessors;
    uint64_t resident =
        (uint64_t)machine_occupancy(driver.machine, function->machine,
                                    block[0] * block[1] * block[2], request->dynamic_shared) *
        multiprocessors;
    uint64_t blocks = (uint64_t)grid[0] * grid[1] * grid[2];
    if (blocks <= resident)
        return CUDA_SUCCESS;
    driver_find("cooperative launch of %s: %llu blocks, but only %llu fit %s at once",
                function->info->name, (unsigned long long)blocks, (unsigned long long)resident,
                multiprocessors == driver.properties.multiprocessors ? "the device"
                                                                     : "the green context");
    return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
}

/* The clusters that the request, or else an attribute of the function, asks for. */
static const unsigned *kernel_cluster(const struct driver_function *function,
                                      const unsigned cluster[3]) {
    return cluster[0] ? cluster : function->cluster;
}

static CUresult kernel_check_cluster(const struct driver_function *function,
                                     const struct kernel_request *request) {
    struct machine_diagnostic diagnostic;
    struct machine_launch launch = {.function = function->machine,
                                    .allow_large_clusters = function->allows_large_clusters};
    memcpy(launch.grid, request->grid, sizeof launch.grid);
    memcpy(launch.cluster, kernel_cluster(function, request->cluster), sizeof launch.cluster);
    if (machine_check_clusters(driver.machine, &launch, &diagnostic) == MACHINE_OK)
        return CUDA_SUCCESS;
    driver_find("%s", diagnostic.message);
    return CUDA_ERROR_INVALID_CLUSTER_SIZE;
}

/* ---- Parameters ---- */

/* The bytes that `extra` points to, or NULL. */
static const void *kernel_extra_buffer(void **extra, size_t *size) {
    const void *buffer = NULL;
    const size_t *given = NULL;
    for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
        if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER)
            buffer = extra[1];
        else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE)
            given = extra[1];
        else
            return NULL;
    }
    *size = given ? *given : 0;
    return buffer;
}

static CUresult kernel_pack(struct driver_kernel *kernel, const struct machine_function_info *info,
                            const struct kernel_request *request) {
    size_t given = 0;
    const void *buffer = request->extra ? kernel_extra_buffer(request->extra, &given) : NULL;
    if (request->parameters && request->extra)
        return CUDA_ERROR_INVALID_VALUE;
    if (info->parameter_count && !request->parameters && !buffer) {
        driver_find("launch of %s: it takes %zu parameter%s and none were given", info->name,
                    info->parameter_count, info->parameter_count == 1 ? "" : "s");
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (buffer && given < info->parameter_bytes) {
        driver_find("launch of %s: its parameters take %zu bytes, the buffer has %zu", info->name,
                    info->parameter_bytes, given);
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < info->parameter_count; i++) {
        kernel->pointers[i] = kernel->parameters + info->parameters[i].offset;
        if (!buffer && !request->parameters[i]) {
            driver_find("launch of %s: the pointer to parameter %zu is NULL", info->name, i);
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (!buffer)
            memcpy(kernel->pointers[i], request->parameters[i], info->parameters[i].size);
    }
    if (buffer)
        memcpy(kernel->parameters, buffer, info->parameter_bytes);
    return CUDA_SUCCESS;
}

/* Room for the parameters; at least one byte and one pointer, so that NULL always means no memory.
 */
static CUresult kernel_allocate(struct driver_kernel *kernel, size_t count, size_t bytes) {
    kernel->parameter_count = count;
    kernel->parameter_bytes = bytes;
    kernel->parameters = calloc(1, bytes + 1);
    kernel->pointers = calloc(count + 1, sizeof *kernel->pointers);
    if (kernel->parameters && kernel->pointers)
        return CUDA_SUCCESS;
    kernel_release(kernel);
    return CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult kernel_copy_hints(struct driver_kernel *to, const struct driver_kernel *from) {
    if (!from->hints)
        return CUDA_SUCCESS;
    if (!to->hints)
        to->hints = malloc(CU_LAUNCH_ATTRIBUTE_MAX * sizeof *to->hints);
    if (!to->hints)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(to->hints, from->hints, CU_LAUNCH_ATTRIBUTE_MAX * sizeof *to->hints);
    return CUDA_SUCCESS;
}

CUresult kernel_clone(struct driver_kernel *to, const struct driver_kernel *from) {
    *to = *from;
    to->hints = NULL;
    CUresult status = kernel_allocate(to, from->parameter_count, from->parameter_bytes);
    if (status != CUDA_SUCCESS)
        return status;
    status = kernel_copy_hints(to, from);
    if (status != CUDA_SUCCESS) {
        kernel_release(to);
        return status;
    }
    memcpy(to->parameters, from->parameters, from->parameter_bytes);
    for (size_t i = 0; i < from->parameter_count; i++)
        to->pointers[i] = to->parameters + ((unsigned char *)from->pointers[i] - from->parameters);
    return CUDA_SUCCESS;
}

void kernel_release(struct driver_kernel *kernel) {
    free(kernel->parameters);
    free(kernel->pointers);
    free(kernel->hints);
    kernel->hints = NULL;
    kernel->parameters = NULL;
    kernel->pointers = NULL;
}

CUresult kernel_prepare(struct driver_kernel *kernel, const struct kernel_request *request) {
    struct driver_function *function;
    CUresult status = function_find(request->function, &function);
    if (status != CUDA_SUCCESS)
        driver_find("launch: %p is no kernel", (void *)request->function);
    if (status == CUDA_SUCCESS)
        status = kernel_check_context(function, request);
    if (status == CUDA_SUCCESS)
        status = kernel_check_lacks(function);
    if (status == CUDA_SUCCESS)
        status = kernel_check_block(function, request);
    if (status == CUDA_SUCCESS)
        status = kernel_check_shared(function, request);
    if (status == CUDA_SUCCESS)
        status = kernel_check_cluster(function, request);
    if (status == CUDA_SUCCESS)
        status = kernel_check_cooperative(function, request);
    if (status != CUDA_SUCCESS)
        return status;
    *kernel = (struct driver_kernel){.function = function->handle,
                                     .dynamic_shared = request->dynamic_shared,
                                     .cooperative = request->cooperative};
    memcpy(kernel->grid, request->grid, sizeof kernel->grid);
    memcpy(kernel->block, request->block, sizeof kernel->block);
    memcpy(kernel->cluster, request->cluster, sizeof kernel->cluster);
    status =
        kernel_allocate(kernel, function->info->parameter_count, function->info->parameter_bytes);
    if (status != CUDA_SUCCESS)
        return status;
    status = kernel_pack(kernel, function->info, request);
    if (status != CUDA_SUCCESS)
        kernel_release(kernel);
    return status;
}

CUresult kernel_adopt(struct driver_kernel *kernel, const struct kernel_request *request) {
    struct driver_function *function;
    CUresult status = function_find(kernel->function, &function);
    if (status == CUDA_SUCCESS)
        status = kernel_check_cluster(function, request);
    if (status == CUDA_SUCCESS)
        status = kernel_check_cooperative(function, request);
    if (status != CUDA_SUCCESS)
        return status;
    memcpy(kernel->cluster, request->cluster, sizeof kernel->cluster);
    kernel->cooperative = request->cooperative;
    return CUDA_SUCCESS;
}

/* ---- The launch ---- */

static void kernel_count(const struct driver_function *function, const struct driver_kernel *kernel,
                         const struct machine_counters *counters) {
    unsigned threads = kernel->block[0] * kernel->block[1] * kernel->block[2];
    unsigned warps = (threads + driver.properties.warp_size - 1) / driver.properties.warp_size;
    unsigned blocks =
        machine_occupancy(driver.machine, function->machine, threads, kernel->dynamic_shared);
    struct report_row row = {
        .dynamic_shared = kernel->dynamic_shared, .launches = 1, .counters = *counters};
    row.occupancy = (double)blocks * warps * driver.properties.warp_size /
                    driver.properties.max_threads_per_multiprocessor;
    memcpy(row.grid, kernel->grid, sizeof row.grid);
    memcpy(row.block, kernel->block, sizeof row.block);
    strncpy(row.kernel, function->info->name, sizeof row.kernel - 1);
    const struct report_row *whole = report_add(&driver.report, &row);
    if (!whole)
        driver_say("no memory to count the launch of %s", row.kernel);
    else if (!journal_put(&driver.journal, (size_t)(whole - driver.report.whole.rows), whole))
        driver_say("processes=%s: cannot write the counters", driver.config.processes);
}

/*
 * Runs the kernel. As on a real device a fault is not the launch's own result: it breaks the
 * context, and the next call tells of it. With CUDA_LAUNCH_BLOCKING=1 the launch itself does.
 */
CUresult kernel_execute(struct driver_context *context, const struct driver_kernel *kernel) {
    struct driver_function *function;
    struct machine_counters counters = {0};
    struct machine_diagnostic diagnostic;
    CUresult status = function_find(kernel->function, &function);
    if (status != CUDA_SUCCESS)
        return status;
    struct machine_launch launch = {
        .function = function->machine,
        .dynamic_shared = kernel->dynamic_shared,
        .allow_large_shared = function->dynamic_limit > 0,
        .cooperative = kernel->cooperative,
        .allow_large_clusters = function->allows_large_clusters,
        .parameters = kernel->parameters,
        .parameter_bytes = kernel->parameter_bytes,
    };
    memcpy(launch.grid, kernel->grid, sizeof launch.grid);
    memcpy(launch.block, kernel->block, sizeof launch.block);
    memcpy(launch.cluster, kernel_cluster(function, kernel->cluster), sizeof launch.cluster);
    enum machine_status result = machine_launch(driver.machine, &launch, &counters, &diagnostic);
    kernel_count(function, kernel, &counters);
    status = driver_status(result);
    if (result == MACHINE_OK || result == MACHINE_INVALID_VALUE ||
        result == MACHINE_OUT_OF_MEMORY || result == MACHINE_TOO_MANY_RESOURCES)
        return status;
    context->error = status;
    driver.faulted = true;
    driver_note_memory();
    return driver.launch_blocking ? status : CUDA_SUCCESS;
}
