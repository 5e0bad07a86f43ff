/* The beginning and the end of a call, and errors. */
#include "emulator/runtime/runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emulator/driver/lockstep_emulator.h"

static _Thread_local cudaError_t last_error;

/* What cudaSetDevice chose, for a thread without a context. */
static _Thread_local int thread_device;

/* The primary contexts, which the runtime holds as long as the process runs. */
static struct {
    pthread_mutex_t lock;
    CUcontext contexts[RUNTIME_DEVICES];
} primary = {.lock = PTHREAD_MUTEX_INITIALIZER};

CUresult runtime_context(int device, CUcontext *context) {
    CUresult result = CUDA_SUCCESS;
    if (device < 0 || device >= RUNTIME_DEVICES)
        return CUDA_ERROR_INVALID_DEVICE;
    pthread_mutex_lock(&primary.lock);
    if (!primary.contexts[device])
        result = cuDevicePrimaryCtxRetain(&primary.contexts[device], device);
    *context = primary.contexts[device];
    pthread_mutex_unlock(&primary.lock);
    return result;
}

CUresult runtime_device(int *device) {
    CUcontext current = NULL;
    CUresult result = cuInit(0);
    *device = thread_device;
    if (result == CUDA_SUCCESS)
        result = cuCtxGetCurrent(&current);
    return result == CUDA_SUCCESS && current ? cuCtxGetDevice(device) : result;
}

CUresult runtime_set_device(int device) {
    CUcontext context = NULL;
    CUresult result = cuInit(0);
    if (result == CUDA_SUCCESS)
        result = runtime_context(device, &context);
    if (result == CUDA_SUCCESS)
        result = cuCtxSetCurrent(context);
    if (result == CUDA_SUCCESS)
        thread_device = device;
    return result;
}

/* cuInit answers at once when the driver runs. A context that the program has made current itself
 * is used as it is. */
CUresult runtime_begin(void) {
    CUcontext current = NULL;
    CUresult result = cuInit(0);
    if (result == CUDA_SUCCESS)
        result = cuCtxGetCurrent(&current);
    if (result != CUDA_SUCCESS || current)
        return result;
    return runtime_set_device(thread_device);
}

CUresult runtime_reset(void) {
    int device = 0;
    CUresult result = runtime_device(&device);
    pthread_mutex_lock(&primary.lock);
    if (result == CUDA_SUCCESS)
        result = cuDevicePrimaryCtxReset_v2(device);
    if (result == CUDA_SUCCESS && primary.contexts[device])
        result = cuDevicePrimaryCtxRelease_v2(device);
    if (result == CUDA_SUCCESS)
        result = cuCtxSetCurrent(NULL);
    primary.contexts[device] = NULL;
    pthread_mutex_unlock(&primary.lock);
    return result;
}

cudaError_t runtime_fail(cudaError_t error) {
    if (error != cudaSuccess)
        last_error = error;
    return error;
}

cudaError_t runtime_refuse(cudaError_t error, const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)cuInit(0); /* which reads where findings go */
    lockstepEmulatorFind(line);
    return runtime_fail(error);
}

cudaError_t runtime_end(CUresult result) {
    /* An event that has not happened yet is no failure. */
    if (result == CUDA_ERROR_NOT_READY)
        return cudaErrorNotReady;
    return runtime_fail((cudaError_t)result);
}

/* ---- Errors ---- */

RUNTIME_API cudaError_t cudaGetLastError(void) {
    const cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

RUNTIME_API cudaError_t cudaPeekAtLastError(void) {
    return last_error;
}

static const struct {
    const char *name;
    cudaError_t error;
    const char *text; /* NULL: the driver's */
} errors[] = {
#define RUNTIME_ERROR(name, number) {#name, name, NULL},
#define RUNTIME_ERROR_OF_ITS_OWN(name, number, text) {#name, name, text},
#include "emulator/runtime/errors.def"
#undef RUNTIME_ERROR
#undef RUNTIME_ERROR_OF_ITS_OWN
};
enum { ERRORS = sizeof errors / sizeof errors[0] };

RUNTIME_API const char *cudaGetErrorName(cudaError_t error) {
    for (size_t i = 0; i < ERRORS; i++)
        if (errors[i].error == error)
            return errors[i].name;
    return "unrecognized error code";
}

RUNTIME_API const char *cudaGetErrorString(cudaError_t error) {
    const char *text = NULL;
    for (size_t i = 0; i < ERRORS; i++)
        if (errors[i].error == error && errors[i].text)
            return errors[i].text;
    return cuGetErrorString((CUresult)error, &text) == CUDA_SUCCESS ? text
                                                                    : "unrecognized error code";
}

RUNTIME_API cudaError_t cudaRuntimeGetVersion(int *version) {
    if (!version)
        return runtime_fail(cudaErrorInvalidValue);
    *version = RUNTIME_VERSION;
    return cudaSuccess;
}

RUNTIME_API cudaError_t cudaDriverGetVersion(int *version) {
    return runtime_end(cuDriverGetVersion(version));
}
