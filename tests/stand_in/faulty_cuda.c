/* A libcuda.so.1 in front of another one: every call goes on to it, but for those that are to fail.
 *
 *   LOCKSTEP_FAULT_DRIVER  the library behind: the emulated driver, or the stand-in
 *   LOCKSTEP_FAULT         "<number>=<result>=<mode>": the call of that number, counted from 1, is
 *                          not made and gives that result. Mode `once`: it alone. `ever`: and all
 *                          behind it. `sticky`: and all until the primary context is reset
 *   LOCKSTEP_FAULT_LOG     a file for what came of it: "<function> <calls>", the function that the
 *                          first fault hit, or none, and how many calls there were
 *
 * The calls that put an error into words are not counted and never fail. With FAULTY_REAL it hides
 * that the driver behind is emulated. */
#include "gpu/cuda_api.h"
#include "gpu/emulator_api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fault_mode { FAULT_ONCE, FAULT_EVER, FAULT_STICKY };
static const char *const modes[] = {
    [FAULT_ONCE] = "once", [FAULT_EVER] = "ever", [FAULT_STICKY] = "sticky"};

/* C libraries without a context argument have no other place for it than static memory. */
static struct {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define MEMBER(member, name, parameters) enum cuda_result(*name) parameters;
    CUDA_DRIVER_FUNCTIONS(MEMBER)
#undef MEMBER
    struct emulator_functions emulator;
    long calls, failing; /* made so far; the number of the first that fails, 0 for none */
    enum cuda_result result;
    enum fault_mode mode;
    const char *hit; /* the function that the first fault hit */
} faulty;

/* --- opening and closing ---------------------------------------------------------------------- */

static void bind(void *library, const char *name, void *function, size_t bytes) {
    void *address = dlsym(library, name);
    if (address == NULL) {
        fprintf(stderr, "faulty driver: there is no %s behind it\n", name);
        abort();
    }
    memcpy(function, &address, bytes);
}

__attribute__((constructor)) static void faulty_open(void) {
    const char *path = getenv("LOCKSTEP_FAULT_DRIVER"), *fault = getenv("LOCKSTEP_FAULT");
    void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) {
        fprintf(stderr, "faulty driver: LOCKSTEP_FAULT_DRIVER names no library: %s\n", dlerror());
        abort();
    }
#define BIND(member, name, parameters) bind(library, #name, &faulty.name, sizeof faulty.name);
    CUDA_DRIVER_FUNCTIONS(BIND)
#undef BIND
#ifndef FAULTY_REAL
#    define BIND(member, name, result, parameters)                                                 \
        bind(library, #name, &faulty.emulator.member, sizeof faulty.emulator.member);
    EMULATOR_FUNCTIONS(BIND)
#    undef BIND
#endif
    int result = 0;
    char mode[8] = "";
    if (fault == NULL || sscanf(fault, "%ld=%d=%7s", &faulty.failing, &result, mode) != 3)
        return;
    faulty.result = (enum cuda_result)result;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(mode, modes[i]) == 0)
            faulty.mode = (enum fault_mode)i;
}

__attribute__((destructor)) static void faulty_close(void) {
    const char *path = getenv("LOCKSTEP_FAULT_LOG");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    if (file == NULL)
        return;
    fprintf(file, "%s %ld\n", faulty.hit != NULL ? faulty.hit : "none", faulty.calls);
    fclose(file);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* The result that a call is to give without being made; CUDA_SUCCESS: it is made. */
static enum cuda_result fault_of(const char *function) {
    faulty.calls++;
    if (faulty.failing == 0 || faulty.calls < faulty.failing)
        return CUDA_SUCCESS;
    if (faulty.calls == faulty.failing)
        faulty.hit = function;
    else if (faulty.mode == FAULT_ONCE)
        return CUDA_SUCCESS;
    return faulty.result;
}

/* A sticky error goes with its context. */
static enum cuda_result reset_fault_of(const char *function) {
    if (faulty.mode == FAULT_STICKY && faulty.hit != NULL)
        faulty.failing = 0;
    return fault_of(function);
}

#define GUARDED(fault, name, parameters, arguments)                                                \
    enum cuda_result name parameters {                                                             \
        const enum cuda_result ordered = fault(#name);                                             \
        return ordered != CUDA_SUCCESS ? ordered : faulty.name arguments;                          \
    }
#define FORWARD(name, parameters, arguments) GUARDED(fault_of, name, parameters, arguments)

#define DECLARE(member, name, parameters) enum cuda_result name parameters;
CUDA_DRIVER_FUNCTIONS(DECLARE)
#undef DECLARE

enum cuda_result cuGetErrorName(enum cuda_result result, const char **name) {
    return faulty.cuGetErrorName(result, name);
}
enum cuda_result cuGetErrorString(enum cuda_result result, const char **text) {
    return faulty.cuGetErrorString(result, text);
}

FORWARD(cuInit, (unsigned int flags), (flags))
FORWARD(cuDriverGetVersion, (int *version), (version))
FORWARD(cuDeviceGetCount, (int *count), (count))
FORWARD(cuDeviceGet, (cuda_device * device, int index), (device, index))
FORWARD(cuDeviceGetName, (char *name, int bytes, cuda_device device), (name, bytes, device))
FORWARD(cuDeviceGetAttribute,
        (int *value, enum cuda_device_attribute attribute, cuda_device device),
        (value, attribute, device))
FORWARD(cuDeviceTotalMem_v2, (size_t * bytes, cuda_device device), (bytes, device))
FORWARD(cuDeviceGetPCIBusId, (char *name, int bytes, cuda_device device), (name, bytes, device))
FORWARD(cuDevicePrimaryCtxRetain, (struct cuda_context * *context, cuda_device device),
        (context, device))
FORWARD(cuDevicePrimaryCtxRelease_v2, (cuda_device device), (device))
GUARDED(reset_fault_of, cuDevicePrimaryCtxReset_v2, (cuda_device device), (device))
FORWARD(cuCtxSetCurrent, (struct cuda_context * context), (context))
FORWARD(cuMemGetInfo_v2, (size_t * available, size_t *total), (available, total))
FORWARD(cuMemAlloc_v2, (cuda_address * address, size_t bytes), (address, bytes))
FORWARD(cuMemFree_v2, (cuda_address address), (address))
FORWARD(cuMemHostAlloc, (void **pointer, size_t bytes, unsigned int flags), (pointer, bytes, flags))
FORWARD(cuMemFreeHost, (void *pointer), (pointer))
FORWARD(cuMemcpyHtoDAsync_v2,
        (cuda_address to, const void *from, size_t bytes, struct cuda_stream *stream),
        (to, from, bytes, stream))
FORWARD(cuMemcpyDtoHAsync_v2,
        (void *to, cuda_address from, size_t bytes, struct cuda_stream *stream),
        (to, from, bytes, stream))
FORWARD(cuMemsetD32Async,
        (cuda_address to, unsigned int word, size_t words, struct cuda_stream *stream),
        (to, word, words, stream))
FORWARD(cuStreamCreate, (struct cuda_stream * *stream, unsigned int flags), (stream, flags))
FORWARD(cuStreamDestroy_v2, (struct cuda_stream * stream), (stream))
FORWARD(cuStreamSynchronize, (struct cuda_stream * stream), (stream))
FORWARD(cuStreamQuery, (struct cuda_stream * stream), (stream))
FORWARD(cuStreamWaitEvent,
        (struct cuda_stream * stream, struct cuda_event *event, unsigned int flags),
        (stream, event, flags))
FORWARD(cuStreamBeginCapture_v2, (struct cuda_stream * stream, enum cuda_capture_mode mode),
        (stream, mode))
FORWARD(cuStreamEndCapture, (struct cuda_stream * stream, struct cuda_graph **graph),
        (stream, graph))
FORWARD(cuEventCreate, (struct cuda_event * *event, unsigned int flags), (event, flags))
FORWARD(cuEventDestroy_v2, (struct cuda_event * event), (event))
FORWARD(cuEventRecord, (struct cuda_event * event, struct cuda_stream *stream), (event, stream))
FORWARD(cuEventSynchronize, (struct cuda_event * event), (event))
FORWARD(cuEventElapsedTime,
        (float *milliseconds, struct cuda_event *start, struct cuda_event *stop),
        (milliseconds, start, stop))
FORWARD(cuModuleLoadDataEx,
        (struct cuda_module * *module, const void *image, unsigned int options,
         enum cuda_jit_option *option, void **values),
        (module, image, options, option, values))
FORWARD(cuModuleUnload, (struct cuda_module * module), (module))
FORWARD(cuModuleGetFunction,
        (struct cuda_function * *function, struct cuda_module *module, const char *name),
        (function, module, name))
FORWARD(cuFuncGetAttribute,
        (int *value, enum cuda_function_attribute attribute, struct cuda_function *function),
        (value, attribute, function))
FORWARD(cuFuncSetAttribute,
        (struct cuda_function * function, enum cuda_function_attribute attribute, int value),
        (function, attribute, value))
FORWARD(cuLaunchKernel,
        (struct cuda_function * function, unsigned int grid_x, unsigned int grid_y,
         unsigned int grid_z, unsigned int block_x, unsigned int block_y, unsigned int block_z,
         unsigned int shared_bytes, struct cuda_stream *stream, void **parameters, void **extra),
        (function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes, stream,
         parameters, extra))
FORWARD(cuGraphInstantiateWithFlags,
        (struct cuda_graph_exec * *exec, struct cuda_graph *graph, unsigned long long flags),
        (exec, graph, flags))
FORWARD(cuGraphGetNodes, (struct cuda_graph * graph, struct cuda_graph_node **nodes, size_t *count),
        (graph, nodes, count))
FORWARD(cuGraphLaunch, (struct cuda_graph_exec * exec, struct cuda_stream *stream), (exec, stream))
FORWARD(cuGraphExecDestroy, (struct cuda_graph_exec * exec), (exec))
FORWARD(cuGraphDestroy, (struct cuda_graph * graph), (graph))

/* --- what the emulated driver has beside ------------------------------------------------------ */

#ifndef FAULTY_REAL
#    define DECLARE(member, name, result, parameters) result name parameters;
EMULATOR_FUNCTIONS(DECLARE)
#    undef DECLARE

int lockstepEmulatorVersion(void) {
    return faulty.emulator.version();
}

void lockstepEmulatorCountersReset(void) {
    faulty.emulator.counters_reset();
}

size_t lockstepEmulatorCountersCount(void) {
    return faulty.emulator.counters_count();
}

int lockstepEmulatorCountersRead(size_t index, struct emulator_counters *row) {
    return faulty.emulator.counters_read(index, row);
}

void lockstepEmulatorStopWhen(int (*asked)(void *context), void *context) {
    faulty.emulator.stop_when(asked, context);
}

int lockstepEmulatorForget(uint64_t address, size_t size) {
    return faulty.emulator.forget(address, size);
}

size_t lockstepEmulatorMessage(char *text, size_t bytes) {
    return faulty.emulator.message(text, bytes);
}
#endif
