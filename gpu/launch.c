/* Modules and launches; see gpu/gpu.h. */
#include "gpu/state.h"

#include <stdlib.h>
#include <string.h>

/* --- modules -------------------------------------------------------------------------------- */

enum status gpu_image_add(struct gpu *gpu, const struct gpu_image *image, struct message *message) {
    for (size_t i = 0; i < gpu->image_count; i++) {
        if (strcmp(gpu->images[i].name, image->name) != 0)
            continue;
        if (gpu->images[i].data == image->data)
            return STATUS_OK;
        return message_set(message, STATUS_INVALID,
                           "there is a kernel image '%s' already; give this one another name",
                           image->name);
    }
    const size_t count = gpu->image_count + 1;
    struct gpu_image *images = realloc(gpu->images, count * sizeof *images);
    if (images != NULL)
        gpu->images = images;
    struct cuda_module **modules = realloc((void *)gpu->modules, count * sizeof(void *));
    if (modules != NULL)
        gpu->modules = modules;
    if (images == NULL || modules == NULL)
        return message_set(message, STATUS_NO_MEMORY, "no host memory for %zu GPU modules", count);
    images[gpu->image_count] = *image;
    modules[gpu->image_count] = NULL;
    gpu->image_count = count;
    return STATUS_OK;
}

static enum status image_find(const struct gpu *gpu, struct gpu_kernel kernel, size_t *index,
                              struct message *message) {
    for (size_t i = 0; i < gpu->image_count; i++) {
        if (strcmp(gpu->images[i].name, kernel.image) == 0) {
            *index = i;
            return STATUS_OK;
        }
    }
    return message_set(message, STATUS_UNSUPPORTED,
                       "kernel %s is not in this build: it holds %zu kernel images and none is "
                       "called %s; build with nvcc or clang in PATH",
                       kernel.name, gpu->image_count, kernel.image);
}

static enum status module_load(struct gpu *gpu, size_t index, struct message *message) {
    char log[512] = "";
    enum cuda_jit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    uintptr_t log_bytes = sizeof log;
    void *values[] = {log, NULL};
    memcpy(&values[1], &log_bytes, sizeof log_bytes); /* the driver takes the number itself */
    enum cuda_result result =
        gpu->driver.cuModuleLoadDataEx(&gpu->modules[index], gpu->images[index].data,
                                       sizeof options / sizeof options[0], options, values);
    if (result == CUDA_SUCCESS)
        return STATUS_OK;
    gpu->modules[index] = NULL;
    log[sizeof log - 1] = '\0';
    log[strcspn(log, "\n")] = '\0';
    const int version = gpu->driver.version;
    return gpu_check_allocation(gpu, result, message,
                                "cuModuleLoadDataEx of %s by a driver for CUDA %d.%d%s%s",
                                gpu->images[index].name, version / 1000, version % 1000 / 10,
                                log[0] != '\0' ? ": " : "", log);
}

void gpu_modules_unload(struct gpu *gpu) {
    for (size_t i = 0; gpu->modules != NULL && i < gpu->image_count; i++) {
        if (gpu->modules[i] != NULL && !gpu->broken)
            gpu_check_release(gpu, gpu->driver.cuModuleUnload(gpu->modules[i]), "cuModuleUnload");
        gpu->modules[i] = NULL;
    }
}

/* FNV-1a (Fowler, Noll, Vo), 32 bits. Two images may hold kernels of one name. */
static size_t kernel_slot(struct gpu_kernel kernel) {
    uint32_t hash = 2166136261u;
    for (const char *c = kernel.image; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    for (const char *c = kernel.name; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return hash % GPU_FUNCTION_SLOTS;
}

/* The slot that holds the kernel, or the free one where it belongs; NULL when the table is full. */
static struct gpu_function *function_slot(struct gpu *gpu, struct gpu_kernel kernel) {
    size_t start = kernel_slot(kernel);
    for (size_t i = 0; i < GPU_FUNCTION_SLOTS; i++) {
        struct gpu_function *slot = &gpu->functions[(start + i) % GPU_FUNCTION_SLOTS];
        if (slot->name == NULL ||
            (strcmp(slot->name, kernel.name) == 0 && strcmp(slot->image, kernel.image) == 0))
            return slot;
    }
    return NULL;
}

enum status gpu_module(struct gpu *gpu, struct gpu_kernel kernel, struct cuda_module **module,
                       struct message *message) {
    size_t index = 0;
    enum status status = image_find(gpu, kernel, &index, message);
    if (status == STATUS_OK && gpu->modules[index] == NULL)
        status = module_load(gpu, index, message);
    if (status == STATUS_OK)
        *module = gpu->modules[index];
    return status;
}

enum status gpu_function(struct gpu *gpu, struct gpu_kernel kernel, struct gpu_function *found,
                         struct message *message) {
    struct gpu_function *slot = function_slot(gpu, kernel);
    if (slot == NULL)
        return message_set(message, STATUS_FAILED,
                           "no room to remember kernel %s: GPU_FUNCTION_SLOTS is %d", kernel.name,
                           GPU_FUNCTION_SLOTS);
    if (slot->name == NULL) {
        struct cuda_module *module = NULL;
        enum status status = gpu_module(gpu, kernel, &module, message);
        if (status == STATUS_OK)
            status = gpu_check_allocation(
                gpu, gpu->driver.cuModuleGetFunction(&slot->function, module, kernel.name), message,
                "cuModuleGetFunction of %s in %s", kernel.name, kernel.image);
        if (status == STATUS_OK)
            status = gpu_check(gpu,
                               gpu->driver.cuFuncGetAttribute(&slot->shared_bytes,
                                                              CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
                                                              slot->function),
                               message, "cuFuncGetAttribute of %s", kernel.name);
        if (status != STATUS_OK)
            return status;
        slot->name = kernel.name;
        slot->image = kernel.image;
    }
    *found = *slot;
    return STATUS_OK;
}

/* --- launching ------------------------------------------------------------------------------ */

static enum status geometry_check(const struct gpu *gpu, const struct gpu_launch *launch,
                                  struct message *message) {
    const struct gpu_properties *limits = &gpu->properties;
    const char *const name = launch->kernel.name;
    int64_t threads = 1;
    for (int axis = 0; axis < 3; axis++) {
        const int grid_most = limits->grid[axis], block_most = limits->block[axis];
        if (launch->grid[axis] < 1 || launch->grid[axis] > grid_most)
            return message_set(message, STATUS_UNSUPPORTED,
                               "%s needs %lld blocks along %c and this GPU takes 1 to %d: the "
                               "shape is too large for this kernel",
                               name, (long long)launch->grid[axis], "xyz"[axis], grid_most);
        if (launch->block[axis] < 1 || launch->block[axis] > block_most)
            return message_set(message, STATUS_UNSUPPORTED,
                               "%s needs %d threads along %c and this GPU takes 1 to %d a block",
                               name, launch->block[axis], "xyz"[axis], block_most);
        threads *= launch->block[axis];
    }
    if (threads > limits->threads_per_block)
        return message_set(message, STATUS_UNSUPPORTED,
                           "%s needs blocks of %lld threads and this GPU takes %d", name,
                           (long long)threads, limits->threads_per_block);
    if (launch->shared_bytes < 0 || (size_t)launch->shared_bytes > limits->shared_per_block_optin)
        return message_set(message, STATUS_UNSUPPORTED,
                           "%s needs %d bytes of shared memory a block and this GPU has %zu", name,
                           launch->shared_bytes, limits->shared_per_block_optin);
    return STATUS_OK;
}

enum status gpu_launch(struct gpu *gpu, const struct gpu_launch *launch, struct message *message) {
    struct gpu_function found = {0};
    enum status status = gpu_usable(gpu, message);
    if (status == STATUS_OK)
        status = geometry_check(gpu, launch, message);
    if (status == STATUS_OK)
        status = gpu_function(gpu, launch->kernel, &found, message);
    /* The limit without leave is on static and dynamic memory together. */
    if (status == STATUS_OK && (size_t)launch->shared_bytes + (size_t)found.shared_bytes >
                                   gpu->properties.shared_per_block)
        status = gpu_check(gpu,
                           gpu->driver.cuFuncSetAttribute(
                               found.function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                               launch->shared_bytes),
                           message, "cuFuncSetAttribute of %s to %d bytes of shared memory",
                           launch->kernel.name, launch->shared_bytes);
    if (status != STATUS_OK)
        return status;
    void *one[] = {launch->arguments};
    void **parameters = launch->parameters != NULL ? launch->parameters : one;
    return gpu_check_allocation(
        gpu,
        gpu->driver.cuLaunchKernel(found.function, (unsigned)launch->grid[0],
                                   (unsigned)launch->grid[1], (unsigned)launch->grid[2],
                                   (unsigned)launch->block[0], (unsigned)launch->block[1],
                                   (unsigned)launch->block[2], (unsigned)launch->shared_bytes,
                                   gpu->stream, parameters, NULL),
        message, "cuLaunchKernel of %s (grid %lldx%lldx%lld, block %dx%dx%d)", launch->kernel.name,
        (long long)launch->grid[0], (long long)launch->grid[1], (long long)launch->grid[2],
        launch->block[0], launch->block[1], launch->block[2]);
}
