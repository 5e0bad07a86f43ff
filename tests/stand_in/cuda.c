/* A stand-in for libcuda.so.1: a GPU of compute capability 9.0 with 1 GiB of memory, which is host
 * memory. Copies and fills are done, and the kernels of tests/stand_in/kernels.h; other kernels and
 * graphs are recorded. After a sticky error every call fails until the primary context is reset, as
 * the real driver does. */
#include "gpu/cuda_api.h"
#include "tests/stand_in/kernels.h"
#include "tests/stand_in/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(member, name, parameters) enum cuda_result name parameters;
CUDA_DRIVER_FUNCTIONS(DECLARE)

static const size_t alignment = 512;

/* 1 GiB unless ordered otherwise. */
static size_t memory_bytes(void) {
    return (size_t)record_setting("memory", 1024) << 20;
}

struct cuda_function {
    char name[128];
    unsigned int shared_most; /* dynamic shared memory that a launch may ask for */
    struct cuda_function *next;
};

struct cuda_module {
    const void *image;
    struct cuda_function *functions;
};

struct cuda_event {
    double at; /* device.busy when it was recorded */
};

struct cuda_graph {
    size_t nodes;
};

struct cuda_graph_exec {
    size_t nodes;
};

/* In front of each object of the context, memory included: a ring, so that a reset finds them all.
 */
struct object {
    struct object *next, *previous;
    size_t bytes;
};

static struct {
    bool retained;
    enum cuda_result broken; /* the sticky error, or CUDA_SUCCESS */
    size_t memory_used;
    double busy;                /* made-up milliseconds of all kernels so far */
    struct cuda_graph *capture; /* NULL unless capturing … */
    bool capture_spoilt;        /* … in vain, by a call that a capture forbids */
    struct object objects;      /* the ring's anchor */
} device = {.objects = {&device.objects, &device.objects, 0}};

/* `bytes` of zeroed memory, aligned as the driver's is. */
static void *object_new(size_t bytes) {
    char *memory = aligned_alloc(alignment, (bytes + 2 * alignment - 1) / alignment * alignment);
    if (memory == NULL)
        return NULL;
    struct object *object = (struct object *)(void *)memory;
    *object = (struct object){&device.objects, device.objects.previous, bytes};
    object->previous->next = object;
    object->next->previous = object;
    record_live(1);
    return memset(memory + alignment, 0, bytes);
}

/* Gives its size. */
static size_t object_delete(void *pointer) {
    struct object *object = (struct object *)(void *)((char *)pointer - alignment);
    size_t bytes = object->bytes;
    object->previous->next = object->next;
    object->next->previous = object->previous;
    free(object);
    record_live(-1);
    return bytes;
}

/* The ordered failure of this call, or the sticky error; a sticky one stays. */
static enum cuda_result begin(const char *function) {
    enum cuda_result result = (enum cuda_result)record_failure(function);
    if (result == CUDA_SUCCESS)
        return device.broken;
    if (result >= CUDA_ERROR_ILLEGAL_ADDRESS && result <= CUDA_ERROR_LAUNCH_FAILED &&
        result != CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES)
        device.broken = result;
    return result;
}

#define BEGIN()                                                                                    \
    do {                                                                                           \
        enum cuda_result ordered = begin(__func__);                                                \
        if (ordered != CUDA_SUCCESS)                                                               \
            return ordered;                                                                        \
    } while (0)

/* Refuses what waits for the device while a stream of this thread is captured, and ends the capture
 * in vain. */
#define FORBID_IN_CAPTURE()                                                                        \
    do {                                                                                           \
        device.capture_spoilt |= device.capture != NULL;                                           \
        if (device.capture != NULL)                                                                \
            return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;                                          \
    } while (0)

static void *pointer_of(cuda_address address) {
    uintptr_t value = (uintptr_t)address;
    void *pointer;
    memcpy(&pointer, &value, sizeof pointer);
    return pointer;
}

/* --- the device ----------------------------------------------------------------------------- */

enum cuda_result cuInit(unsigned int flags) {
    (void)flags;
    BEGIN();
    return CUDA_SUCCESS;
}

enum cuda_result cuDriverGetVersion(int *version) {
    BEGIN();
    *version = record_setting("version", 13000);
    return CUDA_SUCCESS;
}

enum cuda_result cuGetErrorName(enum cuda_result result, const char **name) {
    static const struct {
        enum cuda_result result;
        const char *name;
    } names[] = {
#define NAME(name, value) {name, #name},
        CUDA_RESULTS(NAME)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].result == result) {
            *name = names[i].name;
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_VALUE;
}

enum cuda_result cuGetErrorString(enum cuda_result result, const char **text) {
    (void)result;
    *text = "as the stand-in was told";
    return CUDA_SUCCESS;
}

enum cuda_result cuDeviceGetCount(int *count) {
    BEGIN();
    *count = record_setting("devices", 2);
    return CUDA_SUCCESS;
}

enum cuda_result cuDeviceGet(cuda_device *chosen, int index) {
    BEGIN();
    record("cuDeviceGet %d", index);
    *chosen = index;
    return CUDA_SUCCESS;
}

enum cuda_result cuDeviceGetName(char *name, int bytes, cuda_device chosen) {
    BEGIN();
    snprintf(name, (size_t)bytes, "Stand-in GPU %d", chosen);
    return CUDA_SUCCESS;
}

enum cuda_result cuDeviceTotalMem_v2(size_t *bytes, cuda_device chosen) {
    (void)chosen;
    BEGIN();
    *bytes = memory_bytes();
    return CUDA_SUCCESS;
}

enum cuda_result cuDeviceGetPCIBusId(char *name, int bytes, cuda_device chosen) {
    BEGIN();
    snprintf(name, (size_t)bytes, "0000:%02x:00.0", chosen + 1);
    return CUDA_SUCCESS;
}

enum cuda_result cuDeviceGetAttribute(int *value, enum cuda_device_attribute attribute,
                                      cuda_device chosen) {
    static const struct {
        enum cuda_device_attribute attribute;
        int value;
    } values[] = {
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, 64},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, 2147483647},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, 65535},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, 65535},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 49152},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 232448},
        {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 132},
        {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 52428800},
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 2048},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 9},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0},
    };
    (void)chosen;
    BEGIN();
    if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) {
        *value = record_setting("capability", 9);
        return CUDA_SUCCESS;
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i].attribute == attribute) {
            *value = values[i].value;
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_VALUE;
}

enum cuda_result cuDevicePrimaryCtxRetain(struct cuda_context **context, cuda_device chosen) {
    BEGIN();
    record("cuDevicePrimaryCtxRetain %d", chosen);
    device.retained = true;
    record_live(1);
    *context = (struct cuda_context *)&device;
    return CUDA_SUCCESS;
}

enum cuda_result cuDevicePrimaryCtxRelease_v2(cuda_device chosen) {
    enum cuda_result ordered = begin(__func__);
    record("cuDevicePrimaryCtxRelease %d", chosen);
    if (device.retained)
        record_live(-1);
    device.retained = false;
    return ordered;
}

/* Tells of the error that it ends, as the real one may. */
enum cuda_result cuDevicePrimaryCtxReset_v2(cuda_device chosen) {
    const enum cuda_result ended = device.broken;
    device.broken = CUDA_SUCCESS;
    device.capture = NULL;
    BEGIN();
    record("cuDevicePrimaryCtxReset %d", chosen);
    while (device.objects.next != &device.objects)
        (void)object_delete((char *)device.objects.next + alignment);
    device.memory_used = 0;
    return ended;
}

enum cuda_result cuCtxSetCurrent(struct cuda_context *context) {
    (void)context;
    BEGIN();
    return CUDA_SUCCESS;
}

/* --- memory --------------------------------------------------------------------------------- */

enum cuda_result cuMemGetInfo_v2(size_t *available, size_t *total) {
    BEGIN();
    *available = memory_bytes() - device.memory_used;
    *total = memory_bytes();
    return CUDA_SUCCESS;
}

enum cuda_result cuMemAlloc_v2(cuda_address *address, size_t bytes) {
    BEGIN();
    FORBID_IN_CAPTURE();
    if (bytes == 0)
        return CUDA_ERROR_INVALID_VALUE;
    void *memory = bytes > memory_bytes() - device.memory_used ? NULL : object_new(bytes);
    if (memory == NULL)
        return CUDA_ERROR_OUT_OF_MEMORY;
    record("cuMemAlloc %zu", bytes);
    device.memory_used += bytes;
    *address = (cuda_address)(uintptr_t)memory;
    return CUDA_SUCCESS;
}

enum cuda_result cuMemFree_v2(cuda_address address) {
    BEGIN();
    FORBID_IN_CAPTURE();
    record("cuMemFree");
    device.memory_used -= object_delete(pointer_of(address));
    return CUDA_SUCCESS;
}

enum cuda_result cuMemHostAlloc(void **pointer, size_t bytes, unsigned int flags) {
    (void)flags;
    BEGIN();
    FORBID_IN_CAPTURE();
    record("cuMemHostAlloc %zu", bytes);
    *pointer = object_new(bytes);
    return *pointer != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

enum cuda_result cuMemFreeHost(void *pointer) {
    BEGIN();
    FORBID_IN_CAPTURE();
    record("cuMemFreeHost");
    (void)object_delete(pointer);
    return CUDA_SUCCESS;
}

/* True when the work goes into a graph instead of being done. */
static bool captured(void) {
    if (device.capture != NULL)
        device.capture->nodes++;
    return device.capture != NULL;
}

enum cuda_result cuMemcpyHtoDAsync_v2(cuda_address to, const void *from, size_t bytes,
                                      struct cuda_stream *stream) {
    (void)stream;
    BEGIN();
    record("cuMemcpyHtoDAsync %zu", bytes);
    if (!captured())
        memcpy(pointer_of(to), from, bytes);
    return CUDA_SUCCESS;
}

enum cuda_result cuMemcpyDtoHAsync_v2(void *to, cuda_address from, size_t bytes,
                                      struct cuda_stream *stream) {
    (void)stream;
    BEGIN();
    record("cuMemcpyDtoHAsync %zu", bytes);
    if (!captured())
        memcpy(to, pointer_of(from), bytes);
    return CUDA_SUCCESS;
}

enum cuda_result cuMemsetD32Async(cuda_address to, unsigned int word, size_t words,
                                  struct cuda_stream *stream) {
    (void)stream;
    BEGIN();
    record("cuMemsetD32Async 0x%x %zu", word, words);
    unsigned int *memory = pointer_of(to);
    for (size_t i = 0; !device.capture && i < words; i++)
        memory[i] = word;
    (void)captured();
    return CUDA_SUCCESS;
}

/* --- streams, events, modules --------------------------------------------------------------- */

enum cuda_result cuStreamCreate(struct cuda_stream **stream, unsigned int flags) {
    (void)flags;
    BEGIN();
    *stream = object_new(1);
    return CUDA_SUCCESS;
}

enum cuda_result cuStreamDestroy_v2(struct cuda_stream *stream) {
    BEGIN();
    (void)object_delete(stream);
    return CUDA_SUCCESS;
}

enum cuda_result cuStreamSynchronize(struct cuda_stream *stream) {
    (void)stream;
    BEGIN();
    FORBID_IN_CAPTURE();
    record("cuStreamSynchronize");
    return CUDA_SUCCESS;
}

enum cuda_result cuStreamWaitEvent(struct cuda_stream *stream, struct cuda_event *event,
                                   unsigned int flags) {
    (void)stream;
    (void)event;
    (void)flags;
    BEGIN();
    record("cuStreamWaitEvent");
    return CUDA_SUCCESS;
}

enum cuda_result cuStreamQuery(struct cuda_stream *stream) {
    (void)stream;
    BEGIN();
    FORBID_IN_CAPTURE();
    return CUDA_SUCCESS;
}

enum cuda_result cuEventCreate(struct cuda_event **event, unsigned int flags) {
    (void)flags;
    BEGIN();
    *event = object_new(sizeof **event);
    return CUDA_SUCCESS;
}

enum cuda_result cuEventDestroy_v2(struct cuda_event *event) {
    BEGIN();
    (void)object_delete(event);
    return CUDA_SUCCESS;
}

enum cuda_result cuEventRecord(struct cuda_event *event, struct cuda_stream *stream) {
    (void)stream;
    BEGIN();
    record("cuEventRecord");
    event->at = device.busy;
    return CUDA_SUCCESS;
}

enum cuda_result cuEventSynchronize(struct cuda_event *event) {
    (void)event;
    BEGIN();
    record("cuEventSynchronize");
    return CUDA_SUCCESS;
}

enum cuda_result cuEventElapsedTime(float *milliseconds, struct cuda_event *start,
                                    struct cuda_event *stop) {
    BEGIN();
    const bool by_kernel = record_setting("fast", -1) >= 0 && stop->at > start->at;
    *milliseconds = by_kernel ? (float)(stop->at - start->at) : 1.5f;
    return CUDA_SUCCESS;
}

enum cuda_result
cuModuleLoadDataEx(struct cuda_module **module, const void *image, unsigned int options,
                   /* NOLINTNEXTLINE(readability-non-const-parameter): the driver takes it so */
                   enum cuda_jit_option *option, void **values) {
    static const char log[] = "line 7: an instruction of tomorrow\nand more";
    enum cuda_result ordered = begin(__func__);
    for (unsigned int i = 0; i < options && ordered != CUDA_SUCCESS; i++)
        if (option[i] == CU_JIT_ERROR_LOG_BUFFER)
            memcpy(values[i], log, sizeof log);
    if (ordered != CUDA_SUCCESS)
        return ordered;
    FORBID_IN_CAPTURE();
    record("cuModuleLoadDataEx");
    *module = object_new(sizeof **module);
    (*module)->image = image;
    return CUDA_SUCCESS;
}

enum cuda_result cuModuleUnload(struct cuda_module *module) {
    BEGIN();
    while (module->functions != NULL) {
        struct cuda_function *next = module->functions->next;
        (void)object_delete(module->functions);
        module->functions = next;
    }
    (void)object_delete(module);
    return CUDA_SUCCESS;
}

enum cuda_result cuModuleGetFunction(struct cuda_function **function, struct cuda_module *module,
                                     const char *name) {
    BEGIN();
    record("cuModuleGetFunction %s", name);
    *function = object_new(sizeof **function);
    snprintf((*function)->name, sizeof(*function)->name, "%s", name);
    (*function)->shared_most = 48 << 10;
    (*function)->next = module->functions;
    module->functions = *function;
    return CUDA_SUCCESS;
}

enum cuda_result cuFuncGetAttribute(int *value, enum cuda_function_attribute attribute,
                                    struct cuda_function *function) {
    (void)function;
    (void)attribute;
    BEGIN();
    *value = 0;
    return CUDA_SUCCESS;
}

enum cuda_result cuFuncSetAttribute(struct cuda_function *function,
                                    enum cuda_function_attribute attribute, int value) {
    BEGIN();
    record("cuFuncSetAttribute %s %d %d", function->name, (int)attribute, value);
    if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
        function->shared_most = (unsigned int)value;
    return CUDA_SUCCESS;
}

/* What the kernels of tests/stand_in/kernels.h look at. */
enum cuda_result
cuTensorMapEncodeTiled(struct cuda_tensor_map *map, enum cuda_tensor_type type, uint32_t rank,
                       void *address, const uint64_t *sizes, const uint64_t *strides,
                       const uint32_t *box, const uint32_t *element_strides,
                       enum cuda_tensor_interleave interleave, enum cuda_tensor_swizzle swizzle,
                       enum cuda_tensor_promotion promotion, enum cuda_tensor_fill fill) {
    (void)type, (void)rank, (void)sizes, (void)box, (void)element_strides;
    (void)interleave, (void)swizzle, (void)promotion, (void)fill;
    BEGIN();
    memcpy(map, &address, sizeof address);
    memcpy((char *)map + sizeof address, strides, sizeof *strides);
    return CUDA_SUCCESS;
}

enum cuda_result cuLaunchKernel(struct cuda_function *function, unsigned int grid_x,
                                unsigned int grid_y, unsigned int grid_z, unsigned int block_x,
                                unsigned int block_y, unsigned int block_z,
                                unsigned int shared_bytes, struct cuda_stream *stream,
                                void **parameters, void **extra) {
    (void)stream;
    (void)extra;
    BEGIN();
    record("cuLaunchKernel %s %ux%ux%u %ux%ux%u %u", function->name, grid_x, grid_y, grid_z,
           block_x, block_y, block_z, shared_bytes);
    if (shared_bytes > function->shared_most)
        return CUDA_ERROR_INVALID_VALUE;
    if (captured())
        return CUDA_SUCCESS;
    stand_in_run(function->name, parameters[0]);
    device.busy += stand_in_milliseconds(function->name);
    return CUDA_SUCCESS;
}

/* --- graphs --------------------------------------------------------------------------------- */

enum cuda_result cuStreamBeginCapture_v2(struct cuda_stream *stream, enum cuda_capture_mode mode) {
    (void)stream;
    (void)mode;
    BEGIN();
    record("cuStreamBeginCapture");
    device.capture = object_new(sizeof *device.capture);
    return CUDA_SUCCESS;
}

enum cuda_result cuStreamEndCapture(struct cuda_stream *stream, struct cuda_graph **graph) {
    (void)stream;
    enum cuda_result ordered = begin(__func__);
    if (ordered == CUDA_SUCCESS && device.capture_spoilt)
        ordered = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    device.capture_spoilt = false;
    *graph = NULL;
    if (ordered != CUDA_SUCCESS && device.capture != NULL)
        (void)object_delete(device.capture);
    else
        *graph = device.capture;
    device.capture = NULL;
    record("cuStreamEndCapture");
    return ordered;
}

enum cuda_result cuGraphGetNodes(struct cuda_graph *graph, struct cuda_graph_node **nodes,
                                 size_t *count) {
    BEGIN();
    if (nodes != NULL)
        return CUDA_ERROR_INVALID_VALUE;
    *count = graph->nodes;
    return CUDA_SUCCESS;
}

#ifndef STAND_IN_OLD
enum cuda_result cuGraphInstantiateWithFlags(struct cuda_graph_exec **exec,
                                             struct cuda_graph *graph, unsigned long long flags) {
    (void)flags;
    BEGIN();
    record("cuGraphInstantiateWithFlags %zu", graph->nodes);
    *exec = object_new(sizeof **exec);
    (*exec)->nodes = graph->nodes;
    return CUDA_SUCCESS;
}
#endif

enum cuda_result cuGraphLaunch(struct cuda_graph_exec *exec, struct cuda_stream *stream) {
    (void)stream;
    BEGIN();
    record("cuGraphLaunch %zu", exec->nodes);
    return CUDA_SUCCESS;
}

enum cuda_result cuGraphExecDestroy(struct cuda_graph_exec *exec) {
    BEGIN();
    (void)object_delete(exec);
    return CUDA_SUCCESS;
}

enum cuda_result cuGraphDestroy(struct cuda_graph *graph) {
    BEGIN();
    (void)object_delete(graph);
    return CUDA_SUCCESS;
}
