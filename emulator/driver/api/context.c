/* Contexts: the primary one and those that a program creates, and which is current in a thread. */
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/graph.h"
#include "emulator/driver/state.h"

enum { CONTEXT_FLAGS_MASK = 0xFF, API_VERSION = 3020 };

CUresult context_find(CUcontext handle, struct driver_context **context) {
    *context = handle_find(&driver.handles, HANDLE_CONTEXT, handle);
    return *context && (*context)->active ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult context_open(struct driver_context *context, bool primary, unsigned flags) {
    context->primary = primary;
    context->flags = flags;
    context->error = CUDA_SUCCESS;
    context->cache = CU_FUNC_CACHE_PREFER_NONE;
    context->banks = CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE;
    context->identifier = ++driver.next_identifier;
    CUresult status = stream_open(context, CU_STREAM_DEFAULT, 0, &context->legacy);
    if (status == CUDA_SUCCESS)
        status = stream_open(context, CU_STREAM_DEFAULT, 0, &context->per_thread);
    context->active = status == CUDA_SUCCESS;
    if (status != CUDA_SUCCESS)
        context_close(context);
    return status;
}

void context_close(struct driver_context *context) {
    uint32_t at = 0;
    capture_abandon(context);
    for (struct driver_stream *stream; (stream = handle_next(&driver.handles, HANDLE_STREAM, &at));)
        if (stream->context == context)
            stream_close(stream);
    at = 0;
    for (struct driver_event *event; (event = handle_next(&driver.handles, HANDLE_EVENT, &at));)
        if (event->context == context)
            event_close(event);
    at = 0;
    for (struct driver_module *module; (module = handle_next(&driver.handles, HANDLE_MODULE, &at));)
        if (module->context == context)
            module_unload(module);
    allocation_free_all(context);
    context->active = false;
    context->error = CUDA_SUCCESS;
    context->legacy = context->per_thread = NULL;
}

/* For a context that cuCtxCreate made; the primary one stays for as long as the driver. */
static void context_free(struct driver_context *context) {
    context_close(context);
    handle_remove(&driver.handles, context->handle);
    context->doomed = context->running > 0;
    if (!context->doomed)
        free(context);
}

void context_close_all(void) {
    uint32_t at = 0;
    for (struct driver_context *context;
         (context = handle_next(&driver.handles, HANDLE_CONTEXT, &at));)
        if (context == &driver.primary)
            context_close(context);
        else
            context_free(context);
}

/* ---- The stack of a thread ---- */

static CUresult stack_push(CUcontext handle) {
    if (driver_thread.depth == CONTEXT_STACK_DEPTH)
        return CUDA_ERROR_OUT_OF_MEMORY;
    driver_thread.contexts[driver_thread.depth++] = handle;
    return CUDA_SUCCESS;
}

static CUcontext stack_top(void) {
    return driver_thread.depth ? driver_thread.contexts[driver_thread.depth - 1] : NULL;
}

CUresult cuCtxPushCurrent_v2(CUcontext handle) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS)
        status = stack_push(handle);
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
            status = stack_push(handle);
    }
    return driver_end(status);
}

CUresult cuCtxGetCurrent(CUcontext *context) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !context)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *context = stack_top();
    return driver_end(status);
}

/* ---- Creating and destroying ---- */

static CUresult context_create(CUcontext *handle, unsigned flags, CUdevice device) {
    if (!handle || flags & ~(unsigned)CONTEXT_FLAGS_MASK)
        return CUDA_ERROR_INVALID_VALUE;
    if (device != 0)
        return CUDA_ERROR_INVALID_DEVICE;
    struct driver_context *context = calloc(1, sizeof *context);
    if (!context)
        return CUDA_ERROR_OUT_OF_MEMORY;
    context->handle = handle_add(&driver.handles, HANDLE_CONTEXT, context);
    if (!context->handle) {
        free(context);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    CUresult status = context_open(context, false, flags);
    if (status == CUDA_SUCCESS)
        status = stack_push(context->handle);
    if (status == CUDA_SUCCESS)
        *handle = context->handle;
    else
        context_free(context);
    return status;
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_create(context, flags, device);
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
        status = context_create(context, flags, device);
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
        status = context_create(context, flags, device);
    return driver_end(status);
}

CUresult cuCtxDestroy_v2(CUcontext handle) {
    struct driver_context *context = NULL;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS && context->primary)
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (status == CUDA_SUCCESS) {
        if (stack_top() == handle)
            driver_thread.depth--;
        context_free(context);
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuCtxDestroy_v2, cuCtxDestroy);

/* ---- The primary context ---- */

static CUresult primary_begin(CUdevice device) {
    CUresult status = driver_begin();
    return status == CUDA_SUCCESS && device != 0 ? CUDA_ERROR_INVALID_DEVICE : status;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS && !context)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && !driver.primary.active)
        status = context_open(&driver.primary, true, driver.primary.flags);
    if (status == CUDA_SUCCESS) {
        driver.primary.retained++;
        *context = driver.primary.handle;
    }
    return driver_end(status);
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS && driver.primary.retained == 0)
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (status == CUDA_SUCCESS && --driver.primary.retained == 0 && driver.primary.active)
        context_close(&driver.primary);
    return driver_end(status);
}
DRIVER_ALIAS(cuDevicePrimaryCtxRelease_v2, cuDevicePrimaryCtxRelease);

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS && driver.primary.active)
        context_close(&driver.primary);
    return driver_end(status);
}
DRIVER_ALIAS(cuDevicePrimaryCtxReset_v2, cuDevicePrimaryCtxReset);

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned int flags) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS && flags & ~(unsigned)CONTEXT_FLAGS_MASK)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        driver.primary.flags = flags;
    return driver_end(status);
}
DRIVER_ALIAS(cuDevicePrimaryCtxSetFlags_v2, cuDevicePrimaryCtxSetFlags);

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned int *flags, int *active) {
    CUresult status = primary_begin(device);
    if (status == CUDA_SUCCESS && flags)
        *flags = driver.primary.flags;
    if (status == CUDA_SUCCESS && active)
        *active = driver.primary.active;
    return driver_end(status);
}

/* ---- What a context knows ---- */

CUresult cuCtxGetDevice(CUdevice *device) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (context && status == context->error) /* a broken context still has a device */
        status = device ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *device = 0;
    return driver_end(status);
}

CUresult cuCtxGetDevice_v2(CUdevice *device, CUcontext handle) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !device)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = context_find(handle ? handle : stack_top(), &context);
    if (status == CUDA_SUCCESS)
        *device = 0;
    return driver_end(status);
}

CUresult cuCtxSynchronize(void) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = capture_forbid_context(context);
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
        status = capture_forbid_context(context);
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
        status = context_find(handle ? handle : stack_top(), &context);
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
        status = context_find(handle ? handle : stack_top(), &context);
    if (status == CUDA_SUCCESS)
        *version = API_VERSION;
    return driver_end(status);
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && least)
        *least = 0;
    if (status == CUDA_SUCCESS && greatest)
        *greatest = -5;
    return driver_end(status);
}
