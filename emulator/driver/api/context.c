/* cuCtx* and cuDevicePrimaryCtx*. */
#include "emulator/driver/context.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/green.h"
#include "emulator/driver/stream.h"

enum { CONTEXT_FLAGS_MASK = 0xFF, API_VERSION = 3020 };

CUresult cuCtxPushCurrent_v2(CUcontext handle) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS)
        status = context_push(handle);
    return driver_end(status);
}
DRIVER_ALIAS(cuCtxPushCurrent_v2, cuCtxPushCurrent);

CUresult cuCtxPopCurrent_v2(CUcontext *context) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && driver_thread.depth == 0)
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (status == CUDA_SUCCESS) {
        CUcontext top = driver_thread.contexts[--driver_thread.depth];
        if (context)
            *context = top;
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuCtxPopCurrent_v2, cuCtxPopCurrent);

CUresult cuCtxSetCurrent(CUcontext handle) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && handle)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS) {
        if (driver_thread.depth)
            driver_thread.depth--;
        if (handle)
            status = context_push(handle);
    }
    return driver_end(status);
}

CUresult cuCtxGetCurrent(CUcontext *context) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !context)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *context = driver_current();
    return driver_end(status);
}

/* ---- Creating and destroying ---- */

static CUresult context_create_on(CUcontext *context, unsigned flags, CUdevice device) {
    if (!context || flags & ~(unsigned)CONTEXT_FLAGS_MASK)
        return CUDA_ERROR_INVALID_VALUE;
    return driver_has_device(device) ? context_create(context, flags, device)
                                     : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_create_on(context, flags, device);
    return driver_end(status);
}
DRIVER_ALIAS(cuCtxCreate_v2, cuCtxCreate);

CUresult cuCtxCreate_v3(CUcontext *context, CUexecAffinityParam *affinities, int count,
                        unsigned int flags, CUdevice device) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && (count < 0 || (count > 0 && !affinities)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && count > 0)
        status = CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
    if (status == CUDA_SUCCESS)
        status = context_create_on(context, flags, device);
    return driver_end(status);
}

CUresult cuCtxCreate_v4(CUcontext *context, CUctxCreateParams *parameters, unsigned int flags,
                        CUdevice device) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && parameters && parameters->numExecAffinityParams > 0)
        status = CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
    if (status == CUDA_SUCCESS && parameters && parameters->cigParams)
        status = CUDA_ERROR_NOT_SUPPORTED;
    if (status == CUDA_SUCCESS)
        status = context_create_on(context, flags, device);
    return driver_end(status);
}

CUresult cuCtxDestroy_v2(CUcontext handle) {
    struct driver_context *context = NULL;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS && context->primary)
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (status == CUDA_SUCCESS)
        context_destroy(context);
    return driver_end(status);
}
DRIVER_ALIAS(cuCtxDestroy_v2, cuCtxDestroy);

/* A context that has been attached to is destroyed when it is detached from as often, and once
 * more. */
CUresult cuCtxAttach(CUcontext *handle, unsigned int flags) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!handle || flags))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        context->attached++;
        *handle = context->handle;
    }
    return driver_end(status);
}

CUresult cuCtxDetach(CUcontext handle) {
    struct driver_context *context = NULL;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS && (context->primary || handle != driver_current()))
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (status == CUDA_SUCCESS && context->attached)
        context->attached--;
    else if (status == CUDA_SUCCESS)
        context_destroy(context);
    return driver_end(status);
}

/* ---- The primary context ---- */

static CUresult primary_begin(CUdevice device) {
    CUresult status = driver_begin();
    return status == CUDA_SUCCESS && !driver_has_device(device) ? CUDA_ERROR_INVALID_DEVICE
                                                                : status;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS && !context)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = primary_retain(device, context);
    return driver_end(status);
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS)
        status = primary_release(device);
    return driver_end(status);
}
DRIVER_ALIAS(cuDevicePrimaryCtxRelease_v2, cuDevicePrimaryCtxRelease);

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS)
        primary_reset(device);
    return driver_end(status);
}
DRIVER_ALIAS(cuDevicePrimaryCtxReset_v2, cuDevicePrimaryCtxReset);

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned int flags) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS && flags & ~(unsigned)CONTEXT_FLAGS_MASK)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        driver.seats[device].primary.flags = flags;
    return driver_end(status);
}
DRIVER_ALIAS(cuDevicePrimaryCtxSetFlags_v2, cuDevicePrimaryCtxSetFlags);

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned int *flags, int *active) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS && flags)
        *flags = driver.seats[device].primary.flags;
    if (status == CUDA_SUCCESS && active)
        *active = driver.seats[device].primary.active;
    return driver_end(status);
}

/* ---- What a context knows ---- */

CUresult cuCtxGetDevice(CUdevice *device) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (context && status == context->error) /* a broken context still has a device */
        status = device ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && context)
        *device = context->device;
    return driver_end(status);
}

CUresult cuCtxGetDevice_v2(CUdevice *device, CUcontext handle) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !device)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = context_find(handle ? handle : driver_current(), &context);
    if (status == CUDA_SUCCESS)
        *device = context->device;
    return driver_end(status);
}

CUresult cuCtxSynchronize(void) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = capture_forbid_context(context, green_of(driver_current()));
    return driver_end(status);
}

CUresult cuCtxSynchronize_v2(CUcontext handle) {
    struct driver_context *context;
    if (!handle)
        return cuCtxSynchronize();
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS)
        status = context->error;
    if (status == CUDA_SUCCESS)
        status = capture_forbid_context(context, green_of(handle));
    return driver_end(status);
}

CUresult cuCtxGetFlags(unsigned int *flags) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *flags = context->flags;
    return driver_end(status);
}

CUresult cuCtxSetFlags(unsigned int flags) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && flags & ~(unsigned)CONTEXT_FLAGS_MASK)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        context->flags = flags;
    return driver_end(status);
}

CUresult cuCtxGetId(CUcontext handle, unsigned long long *identifier) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !identifier)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = context_find(handle ? handle : driver_current(), &context);
    if (status == CUDA_SUCCESS)
        *identifier = context->identifier;
    return driver_end(status);
}

CUresult cuCtxGetApiVersion(CUcontext handle, unsigned int *version) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !version)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = context_find(handle ? handle : driver_current(), &context);
    if (status == CUDA_SUCCESS)
        *version = API_VERSION;
    return driver_end(status);
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && least)
        *least = STREAM_PRIORITY_LEAST;
    if (status == CUDA_SUCCESS && greatest)
        *greatest = STREAM_PRIORITY_GREATEST;
    return driver_end(status);
}
