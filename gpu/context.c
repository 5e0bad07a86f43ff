/* Opening, closing and resetting a GPU: everything that comes and goes with its context. See
 * gpu/gpu.h. */
#include "gpu/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* --- the context ---------------------------------------------------------------------------- */

static enum status context_open(struct gpu *gpu, struct message *message) {
    const struct driver *driver = &gpu->driver;
    enum status status =
        gpu_check(gpu, driver->cuDevicePrimaryCtxRetain(&gpu->context, gpu->device), message,
                  "cuDevicePrimaryCtxRetain");
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuCtxSetCurrent(gpu->context), message, "cuCtxSetCurrent");
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuStreamCreate(&gpu->stream, CU_STREAM_NON_BLOCKING),
                           message, "cuStreamCreate");
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuEventCreate(&gpu->timer_start, CU_EVENT_DEFAULT), message,
                           "cuEventCreate");
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuEventCreate(&gpu->timer_stop, CU_EVENT_DEFAULT), message,
                           "cuEventCreate");
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuMemAlloc(&gpu->words, GPU_WORDS * sizeof(uint32_t)),
                           message, "cuMemAlloc of %zu bytes", GPU_WORDS * sizeof(uint32_t));
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuMemsetD32Async(gpu->words, 0, GPU_WORDS, gpu->stream),
                           message, "cuMemsetD32Async");
    if (status == STATUS_OK)
        status = gpu_synchronize(gpu, message);
    return status;
}

/* Forgets every handle of the context without asking the driver, which has lost them. */
static void context_forget(struct gpu *gpu) {
    gpu->device_pointers.count = 0;
    gpu->host_pointers.count = 0;
    gpu->words = 0;
    gpu->timer_start = gpu->timer_stop = NULL;
    gpu->crossing = NULL;
    gpu->stream = gpu->beside = NULL;
    gpu->context = NULL;
    gpu->capturing = gpu->timer_marked = false;
    memset(gpu->functions, 0, sizeof gpu->functions);
    if (gpu->modules != NULL && gpu->image_count > 0)
        memset(gpu->modules, 0, gpu->image_count * sizeof(void *));
}

/* Gives everything back in order. A broken context takes nothing back but itself, and fails at it
 * with the error that broke it. */
static void context_release(struct gpu *gpu) {
    const struct driver *driver = &gpu->driver;
    if (gpu->capturing)
        gpu_capture_abandon(gpu);
    gpu_nccl_release(gpu);
    gpu_cublas_release(gpu);
    gpu_memory_release_all(gpu);
    gpu_modules_unload(gpu);
    if (!gpu->broken && gpu->words != 0)
        gpu_check_release(gpu, driver->cuMemFree(gpu->words), "cuMemFree");
    if (!gpu->broken && gpu->timer_start != NULL)
        gpu_check_release(gpu, driver->cuEventDestroy(gpu->timer_start), "cuEventDestroy");
    if (!gpu->broken && gpu->timer_stop != NULL)
        gpu_check_release(gpu, driver->cuEventDestroy(gpu->timer_stop), "cuEventDestroy");
    if (!gpu->broken && gpu->crossing != NULL)
        gpu_check_release(gpu, driver->cuEventDestroy(gpu->crossing), "cuEventDestroy");
    if (!gpu->broken && gpu->beside != NULL)
        gpu_check_release(gpu, driver->cuStreamDestroy(gpu->beside), "cuStreamDestroy");
    if (!gpu->broken && gpu->stream != NULL)
        gpu_check_release(gpu, driver->cuStreamDestroy(gpu->stream), "cuStreamDestroy");
    const bool was_broken = gpu->broken;
    if (gpu->context != NULL) {
        const enum cuda_result result = driver->cuDevicePrimaryCtxRelease(gpu->device);
        if (!was_broken)
            gpu_check_release(gpu, result, "cuDevicePrimaryCtxRelease");
    }
    context_forget(gpu);
}

enum status gpu_reset(struct gpu *gpu, struct message *message) {
    context_release(gpu);
    gpu->broken = gpu->interrupted = false;
    /* cuBLAS may hold the primary context too: releasing it is not enough to be rid of it. The
     * reset may tell again of the launch that made it needed; whether it helped, the new context
     * shows. */
    enum cuda_result result = gpu->driver.cuDevicePrimaryCtxReset(gpu->device);
    enum status status = STATUS_OK;
    if (!driver_error_sticky(result))
        status = gpu_check(gpu, result, message, "cuDevicePrimaryCtxReset");
    if (status == STATUS_OK)
        status = context_open(gpu, message);
    if (status != STATUS_OK && !gpu->broken) {
        gpu->broken = true;
        gpu->reason = *message;
    }
    return status;
}

/* --- opening -------------------------------------------------------------------------------- */

static enum status device_choose(struct gpu *gpu, int index, struct message *message) {
    int count = 0;
    enum status status =
        gpu_check(gpu, gpu->driver.cuDeviceGetCount(&count), message, "cuDeviceGetCount");
    if (status != STATUS_OK)
        return status;
    if (count == 0)
        return message_set(message, STATUS_NO_GPU,
                           "no CUDA device: the driver knows none; check `nvidia-smi` and "
                           "CUDA_VISIBLE_DEVICES" GPU_ADVICE_EMULATED);
    if (index < 0 || index >= count)
        return message_set(message, STATUS_NO_GPU,
                           "there is no GPU %d: the driver knows %d, numbered from 0", index,
                           count);
    return gpu_check(gpu, gpu->driver.cuDeviceGet(&gpu->device, index), message,
                     "cuDeviceGet of GPU %d", index);
}

static enum status gpu_start(struct gpu *gpu, const struct gpu_selection *selection,
                             struct message *message) {
    gpu->cublas_path = selection->cublas;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < selection->image_count && status == STATUS_OK; i++)
        status = gpu_image_add(gpu, &selection->images[i], message);
    if (status == STATUS_OK)
        status = driver_load(&gpu->driver, selection->driver, message);
    if (status == STATUS_OK)
        status = device_choose(gpu, selection->index, message);
    if (status == STATUS_OK)
        status = gpu_properties_read(gpu, message);
    if (status == STATUS_OK)
        status = context_open(gpu, message);
    return status;
}

enum status gpu_open(const struct gpu_selection *selection, struct gpu **gpu,
                     struct message *message) {
    *gpu = NULL;
    struct gpu *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return message_set(message, STATUS_NO_MEMORY, "no host memory to open a GPU");
    enum status status = gpu_start(opened, selection, message);
    if (status != STATUS_OK) {
        struct message closing; /* why it could not be opened says more */
        (void)gpu_close(opened, &closing);
        return status;
    }
    opened->opened = true;
    *gpu = opened;
    return STATUS_OK;
}

enum status gpu_close(struct gpu *gpu, struct message *message) {
    if (gpu == NULL)
        return STATUS_OK;
    gpu_stop_when(gpu, NULL, NULL);
    if (gpu->context != NULL)
        context_release(gpu);
    enum status status = STATUS_OK;
    if (*gpu->unreturned.text != '\0')
        status = message_set(message, STATUS_FAILED,
                             "the GPU did not take back what it had given: %.900s",
                             gpu->unreturned.text);
    free(gpu->device_pointers.items);
    free(gpu->host_pointers.items);
    free(gpu->images);
    free((void *)gpu->modules);
    free(gpu);
    return status;
}

/* Where this program lies. Without /proc, as it was called: a relative path begins where that
 * was. */
static void program_folder_find(char *path, size_t bytes) {
    ssize_t length = readlink("/proc/self/exe", path, bytes - 1);
    path[length > 0 ? length : 0] = '\0';
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): so the kernel gives it */
    const char *called = (const char *)getauxval(AT_EXECFN);
    if (length <= 0 && called)
        snprintf(path, bytes, "%s", called);
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
}

enum status gpu_emulator_path(char *path, size_t bytes, struct message *message) {
    static const char *const places[] = {"emulator/libcuda.so.1", "../emulator/libcuda.so.1",
                                         "../lib/lockstep/libcuda.so.1"};
    const char *chosen = getenv("LOCKSTEP_EMULATOR_LIBRARY");
    if (chosen != NULL && chosen[0] != '\0') {
        int written = snprintf(path, bytes, "%s", chosen);
        if (written > 0 && (size_t)written < bytes && access(path, R_OK) == 0)
            return STATUS_OK;
        return message_set(
            message, STATUS_NO_GPU,
            "no emulated GPU: LOCKSTEP_EMULATOR_LIBRARY names %s, which cannot be read", chosen);
    }
    char program[4096];
    program_folder_find(program, sizeof program);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int written = snprintf(path, bytes, "%s/%s", program, places[i]);
        if (written > 0 && (size_t)written < bytes && access(path, R_OK) == 0)
            return STATUS_OK;
    }
    return message_set(message, STATUS_NO_GPU,
                       "no emulated GPU: there is no emulator/libcuda.so.1 beside %s; build it "
                       "with `make`, or name it in LOCKSTEP_EMULATOR_LIBRARY",
                       program);
}
