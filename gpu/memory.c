/* Device memory, pinned host memory and the copies between them; see gpu/gpu.h. */
#include "gpu/state.h"

#include "common/list.h"

#include <string.h>

static cuda_address address_of(const void *pointer) {
    return (cuda_address)(uintptr_t)pointer;
}

/* A device address as the pointer type that problems carry; the host never follows it. */
static void *pointer_of(cuda_address address) {
    uintptr_t value = (uintptr_t)address;
    void *pointer;
    memcpy(&pointer, &value, sizeof pointer);
    return pointer;
}

/* --- what was handed out -------------------------------------------------------------------- */

static enum status pointers_add(struct gpu_pointers *pointers, void *pointer,
                                struct message *message) {
    void **items = list_reserve((void *)pointers->items, pointers->count + 1, &pointers->capacity,
                                sizeof items[0]);
    if (items == NULL)
        return message_set(message, STATUS_NO_MEMORY, "no host memory to remember a GPU buffer");
    pointers->items = items;
    pointers->items[pointers->count++] = pointer;
    return STATUS_OK;
}

/* False when the pointer is not in the list. */
static bool pointers_remove(struct gpu_pointers *pointers, const void *pointer) {
    for (size_t i = pointers->count; i-- > 0;) {
        if (pointers->items[i] == pointer) {
            pointers->items[i] = pointers->items[--pointers->count];
            return true;
        }
    }
    return false;
}

/* --- allocation ----------------------------------------------------------------------------- */

enum status gpu_memory(struct gpu *gpu, size_t *available, size_t *total, struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    return gpu_check(gpu, gpu->driver.cuMemGetInfo(available, total), message, "cuMemGetInfo");
}

enum status gpu_allocate(struct gpu *gpu, size_t bytes, void **pointer, struct message *message) {
    *pointer = NULL;
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    cuda_address address = 0;
    enum cuda_result result = gpu->driver.cuMemAlloc(&address, bytes);
    size_t available = 0, total = 0;
    if (result == CUDA_ERROR_OUT_OF_MEMORY &&
        gpu_memory(gpu, &available, &total, message) == STATUS_OK)
        return message_set(message, STATUS_NO_MEMORY,
                           "cuMemAlloc of %zu bytes failed: CUDA_ERROR_OUT_OF_MEMORY, %zu of "
                           "the GPU's %zu bytes are free; choose a smaller shape",
                           bytes, available, total);
    status = gpu_check_allocation(gpu, result, message, "cuMemAlloc of %zu bytes", bytes);
    if (status != STATUS_OK)
        return status;
    *pointer = pointer_of(address);
    status = pointers_add(&gpu->device_pointers, *pointer, message);
    if (status != STATUS_OK) {
        gpu_check_release(gpu, gpu->driver.cuMemFree(address), "cuMemFree");
        *pointer = NULL;
    }
    return status;
}

void gpu_release(struct gpu *gpu, void *pointer) {
    if (pointer == NULL || !pointers_remove(&gpu->device_pointers, pointer) || gpu->broken)
        return;
    /* A failure here is a kernel's fault that shows late: cuMemFree waits for the device. */
    gpu_check_release(gpu, gpu->driver.cuMemFree(address_of(pointer)), "cuMemFree");
}

enum status gpu_host_allocate(struct gpu *gpu, size_t bytes, void **pointer,
                              struct message *message) {
    *pointer = NULL;
    enum status status = gpu_usable(gpu, message);
    if (status == STATUS_OK)
        status = gpu_check_allocation(gpu, gpu->driver.cuMemHostAlloc(pointer, bytes, 0), message,
                                      "cuMemHostAlloc of %zu bytes of pinned host memory", bytes);
    if (status != STATUS_OK)
        return status;
    status = pointers_add(&gpu->host_pointers, *pointer, message);
    if (status != STATUS_OK) {
        gpu_check_release(gpu, gpu->driver.cuMemFreeHost(*pointer), "cuMemFreeHost");
        *pointer = NULL;
    }
    return status;
}

void gpu_host_release(struct gpu *gpu, void *pointer) {
    if (pointer == NULL || !pointers_remove(&gpu->host_pointers, pointer) || gpu->broken)
        return;
    gpu_check_release(gpu, gpu->driver.cuMemFreeHost(pointer), "cuMemFreeHost");
}

void gpu_memory_release_all(struct gpu *gpu) {
    while (gpu->device_pointers.count > 0)
        gpu_release(gpu, gpu->device_pointers.items[gpu->device_pointers.count - 1]);
    while (gpu->host_pointers.count > 0)
        gpu_host_release(gpu, gpu->host_pointers.items[gpu->host_pointers.count - 1]);
}

/* --- copies --------------------------------------------------------------------------------- */

enum status gpu_upload_enqueue(struct gpu *gpu, void *to, const void *from, size_t bytes,
                               struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    return gpu_check(gpu, gpu->driver.cuMemcpyHtoDAsync(address_of(to), from, bytes, gpu->stream),
                     message, "cuMemcpyHtoDAsync of %zu bytes", bytes);
}

enum status gpu_download_enqueue(struct gpu *gpu, void *to, const void *from, size_t bytes,
                                 struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    return gpu_check(gpu, gpu->driver.cuMemcpyDtoHAsync(to, address_of(from), bytes, gpu->stream),
                     message, "cuMemcpyDtoHAsync of %zu bytes", bytes);
}

enum status gpu_upload(struct gpu *gpu, void *to, const void *from, size_t bytes,
                       struct message *message) {
    enum status status = gpu_upload_enqueue(gpu, to, from, bytes, message);
    return status == STATUS_OK ? gpu_synchronize(gpu, message) : status;
}

enum status gpu_download(struct gpu *gpu, void *to, const void *from, size_t bytes,
                         struct message *message) {
    enum status status = gpu_download_enqueue(gpu, to, from, bytes, message);
    return status == STATUS_OK ? gpu_synchronize(gpu, message) : status;
}

enum status gpu_fill(struct gpu *gpu, void *to, uint32_t word, size_t words,
                     struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    return gpu_check(gpu, gpu->driver.cuMemsetD32Async(address_of(to), word, words, gpu->stream),
                     message, "cuMemsetD32Async of %zu words", words);
}

const void *gpu_words(const struct gpu *gpu) {
    return pointer_of(gpu->words);
}

enum status gpu_word_set(struct gpu *gpu, int index, float value, struct message *message) {
    if (index < 0 || index >= GPU_WORDS)
        return message_set(message, STATUS_INVALID, "there is no GPU word %d: there are %d", index,
                           GPU_WORDS);
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    cuda_address address = gpu->words + (cuda_address)index * sizeof word;
    return gpu_check(gpu, gpu->driver.cuMemsetD32Async(address, word, 1, gpu->stream), message,
                     "cuMemsetD32Async of word %d", index);
}
