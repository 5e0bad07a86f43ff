/* Memory that a peer shares. */
#include "bench/added/peer_tensors.h"
#include "gpu/gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARD_BYTES = 4096, PAGE_BYTES = 4096, GUARD_BYTE = 0x5C };

static size_t tensor_bytes(const struct peer_tensors *tensors, int i) {
    return (size_t)tensors->specs[i].elements * element_bytes(tensors->specs[i].element);
}

/* A tensor starts on a page; its upper guard starts right behind its last element. */
static void offsets_choose(struct peer_tensors *tensors) {
    size_t end = 0;
    for (int i = 0; i < BUFFERS_MAX; i++) {
        if (tensors->specs[i].elements == 0)
            continue;
        tensors->offsets[i] = end + GUARD_BYTES;
        end = tensors->offsets[i] + tensor_bytes(tensors, i) + GUARD_BYTES;
        end = (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    }
    tensors->bytes = end;
}

/* No size of it can change any more: a peer that cut it would end whoever reads it. */
static enum status file_make(struct peer_tensors *tensors, struct message *message) {
    tensors->file = memfd_create("lockstep tensors", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (tensors->file >= 0 && ftruncate(tensors->file, (off_t)tensors->bytes) == 0 &&
        fcntl(tensors->file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
        void *memory =
            mmap(NULL, tensors->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, tensors->file, 0);
        tensors->memory = memory == MAP_FAILED ? NULL : memory;
    }
    if (tensors->memory)
        return STATUS_OK;
    int error = errno;
    peer_tensors_close(tensors);
    return message_set(message, STATUS_NO_MEMORY, "no memory to share of %zu bytes: %s",
                       tensors->bytes, strerror(error));
}

enum status peer_tensors_open(struct peer_tensors *tensors, const struct bench_case *bench_case,
                              void *const buffers[], struct device *cpu, struct message *message) {
    *tensors = (struct peer_tensors){.file = -1};
    case_buffers(bench_case, tensors->specs);
    memcpy(tensors->buffers, buffers, sizeof tensors->buffers);
    offsets_choose(tensors);
    size_t available, total;
    enum status status = cpu->memory(cpu, &available, &total, message);
    if (status == STATUS_OK && tensors->bytes > available / 2)
        status = message_set(message, STATUS_NO_MEMORY,
                             "needs %zu bytes to share and as many for a copy, and %zu are "
                             "available",
                             tensors->bytes, available);
    return status == STATUS_OK ? file_make(tensors, message) : status;
}

void peer_tensors_close(struct peer_tensors *tensors) {
    if (tensors->memory)
        (void)munmap(tensors->memory, tensors->bytes);
    if (tensors->file >= 0)
        (void)close(tensors->file);
    tensors->memory = NULL;
    tensors->file = -1;
}

/* --- description ------------------------------------------------------------------------------ */

static void tensor_describe(const struct peer_tensors *tensors, int i, cJSON *list) {
    static const char *const roles[] = {[BUFFER_INPUT] = "input",
                                        [BUFFER_OUTPUT] = "output",
                                        [BUFFER_IN_OUT] = "in_out",
                                        [BUFFER_SCRATCH] = "scratch"};
    static const char *const elements[] = {[ELEMENT_F32] = "f32",
                                           [ELEMENT_I32] = "i32",
                                           [ELEMENT_BF16] = "bf16",
                                           [ELEMENT_F16] = "f16"};
    const struct buffer_spec *spec = &tensors->specs[i];
    cJSON *tensor = cJSON_CreateObject();
    cJSON_AddStringToObject(tensor, "name", spec->name);
    cJSON_AddStringToObject(tensor, "role", roles[spec->role]);
    cJSON_AddStringToObject(tensor, "element", elements[spec->element]);
    cJSON_AddNumberToObject(tensor, "offset", (double)tensors->offsets[i]);
    cJSON_AddNumberToObject(tensor, "elements", (double)spec->elements);
    cJSON *shape = cJSON_AddArrayToObject(tensor, "shape");
    if (!spec->is_flat)
        cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)spec->rows));
    cJSON_AddItemToArray(
        shape, cJSON_CreateNumber((double)(spec->is_flat ? spec->elements : spec->columns)));
    cJSON_AddNumberToObject(tensor, "stride", (double)(spec->is_flat ? 1 : spec->stride));
    cJSON_AddItemToArray(list, tensor);
}

void peer_tensors_describe(const struct peer_tensors *tensors, cJSON *request) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), tensors->file);
    cJSON_AddStringToObject(request, "file", path);
    cJSON_AddNumberToObject(request, "bytes", (double)tensors->bytes);
    cJSON *list = cJSON_AddArrayToObject(request, "tensors");
    for (int i = 0; i < BUFFERS_MAX; i++)
        if (tensors->specs[i].elements > 0)
            tensor_describe(tensors, i, list);
}

/* --- contents --------------------------------------------------------------------------------- */

enum status peer_tensors_load(struct peer_tensors *tensors, struct gpu *gpu,
                              struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < BUFFERS_MAX && status == STATUS_OK; i++) {
        const size_t bytes = tensor_bytes(tensors, i);
        char *tensor = tensors->memory + tensors->offsets[i];
        if (bytes == 0)
            continue;
        memset(tensor - GUARD_BYTES, GUARD_BYTE, GUARD_BYTES);
        memset(tensor + bytes, GUARD_BYTE, GUARD_BYTES);
        if (gpu)
            status = gpu_download(gpu, tensor, tensors->buffers[i], bytes, message);
        else
            memcpy(tensor, tensors->buffers[i], bytes);
    }
    return status;
}

static bool is_guard(const char *zone) {
    for (int i = 0; i < GUARD_BYTES; i++)
        if (zone[i] != GUARD_BYTE)
            return false;
    return true;
}

static enum status tensor_check(const struct peer_tensors *tensors, int i, struct gpu *gpu,
                                struct message *message) {
    const size_t bytes = tensor_bytes(tensors, i);
    const char *tensor = tensors->memory + tensors->offsets[i];
    const struct buffer_spec *spec = &tensors->specs[i];
    if (!is_guard(tensor - GUARD_BYTES))
        return message_set(message, STATUS_WRONG, "wrote before the start of tensor '%s'",
                           spec->name);
    if (!is_guard(tensor + bytes))
        return message_set(message, STATUS_WRONG, "wrote past the end of tensor '%s'", spec->name);
    if (!gpu && spec->role == BUFFER_INPUT && memcmp(tensor, tensors->buffers[i], bytes) != 0)
        return message_set(message, STATUS_WRONG, "wrote into its input '%s'", spec->name);
    return STATUS_OK;
}

enum status peer_tensors_store(const struct peer_tensors *tensors, struct gpu *gpu,
                               struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < BUFFERS_MAX && status == STATUS_OK; i++)
        if (tensors->specs[i].elements > 0)
            status = tensor_check(tensors, i, gpu, message);
    for (int i = 0; i < BUFFERS_MAX && status == STATUS_OK; i++) {
        const size_t bytes = tensor_bytes(tensors, i);
        const char *tensor = tensors->memory + tensors->offsets[i];
        if (bytes == 0 || (!gpu && tensors->specs[i].role == BUFFER_INPUT))
            continue;
        if (gpu)
            status = gpu_upload(gpu, tensors->buffers[i], tensor, bytes, message);
        else
            memcpy(tensors->buffers[i], tensor, bytes);
    }
    return status;
}
