/* cuStream*, but for capture; host functions. */
#include "emulator/driver/stream.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/context.h"
#include "emulator/driver/event.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/green.h"
#include "emulator/driver/memory/allocation.h"

CUresult cuStreamCreateWithPriority(CUstream *handle, unsigned int flags, int priority) {
    struct driver_context *context;
    struct driver_stream *stream;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!handle || flags & ~(unsigned)CU_STREAM_NON_BLOCKING))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = stream_open(context, flags, priority, &stream);
    if (status == CUDA_SUCCESS) {
        stream->green = green_of(driver_current());
        *handle = stream->handle;
    }
    return driver_end(status);
}

CUresult cuStreamCreate(CUstream *stream, unsigned int flags) {
    return cuStreamCreateWithPriority(stream, flags, 0);
}

CUresult cuStreamDestroy_v2(CUstream handle) {
    struct driver_context *context;
    struct driver_stream *stream;
    CUresult status = driver_begin_context(&context);
    stream = status == CUDA_SUCCESS ? handle_find(&driver.handles, HANDLE_STREAM, handle) : NULL;
    /* One that has gone with its context may be destroyed again: programs do so at their end. */
    if (status == CUDA_SUCCESS &&
        (!stream || stream == stream->context->legacy || stream == stream->context->per_thread)) {
        driver_lack("stream that the program has created", handle);
        status = CUDA_ERROR_INVALID_HANDLE;
    }
    if (status == CUDA_SUCCESS && stream->is_orphan)
        status = CUDA_ERROR_CONTEXT_IS_DESTROYED;
    if (status == CUDA_SUCCESS)
        context_close_stream(stream);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamDestroy_v2, cuStreamDestroy);

/* ---- What a stream knows ---- */

CUresult cuStreamGetPriority(CUstream handle, int *priority) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && !priority)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *priority = stream->priority;
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamGetPriority, cuStreamGetPriority_ptsz);

CUresult cuStreamGetFlags(CUstream handle, unsigned int *flags) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && !flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *flags = stream->flags;
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamGetFlags, cuStreamGetFlags_ptsz);

CUresult cuStreamGetId(CUstream handle, unsigned long long *identifier) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && !identifier)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *identifier = stream->identifier;
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamGetId, cuStreamGetId_ptsz);

CUresult cuStreamGetCtx(CUstream handle, CUcontext *context) {
    struct driver_stream *stream;
    CUresult status = stream_begin_any(handle, &stream);
    if (status == CUDA_SUCCESS && !context)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const struct driver_green *green = stream_green(stream);
        *context = green ? green->context : stream->context->handle;
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamGetCtx, cuStreamGetCtx_ptsz);

CUresult cuStreamGetCtx_v2(CUstream handle, CUcontext *context, CUgreenCtx *green_context) {
    struct driver_stream *stream;
    CUresult status = stream_begin_any(handle, &stream);
    if (status == CUDA_SUCCESS && !context)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const struct driver_green *green = stream_green(stream);
        *context = stream->context->handle;
        if (green_context)
            *green_context = green ? green->handle : NULL;
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamGetCtx_v2, cuStreamGetCtx_v2_ptsz);

CUresult cuStreamGetDevice(CUstream handle, CUdevice *device) {
    struct driver_stream *stream;
    CUresult status = stream_begin_any(handle, &stream);
    if (status == CUDA_SUCCESS && !device)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *device = stream->context->device;
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamGetDevice, cuStreamGetDevice_ptsz);

static CUstreamAttrValue *stream_attribute(struct driver_stream *stream, CUstreamAttrID attribute) {
    switch ((int)attribute) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
        return &stream->window;
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
        return &stream->policy;
    default:
        return NULL;
    }
}

CUresult cuStreamGetAttribute(CUstream handle, CUstreamAttrID attribute, CUstreamAttrValue *value) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && (!value || !stream_attribute(stream, attribute)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *value = *stream_attribute(stream, attribute);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamGetAttribute, cuStreamGetAttribute_ptsz);

CUresult cuStreamSetAttribute(CUstream handle, CUstreamAttrID attribute,
                              const CUstreamAttrValue *value) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && (!value || !stream_attribute(stream, attribute)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *stream_attribute(stream, attribute) = *value;
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamSetAttribute, cuStreamSetAttribute_ptsz);

CUresult cuStreamCopyAttributes(CUstream destination, CUstream source) {
    struct driver_context *context;
    struct driver_stream *to, *from;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = stream_find(context, destination, &to);
    if (status == CUDA_SUCCESS)
        status = stream_find(context, source, &from);
    if (status == CUDA_SUCCESS) {
        to->policy = from->policy;
        to->window = from->window;
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamCopyAttributes, cuStreamCopyAttributes_ptsz);

/* ---- Waiting ---- */

static CUresult stream_query(const char *call, CUstream handle) {
    struct driver_stream *stream;
    CUresult status = stream_begin_any(handle, &stream);
    if (status == CUDA_SUCCESS)
        status = capture_forbid_stream(stream);
    return driver_end_of(call, status);
}

CUresult cuStreamQuery(CUstream stream) {
    return stream_query(__func__, stream);
}
DRIVER_ALIAS(cuStreamQuery, cuStreamQuery_ptsz);

CUresult cuStreamSynchronize(CUstream stream) {
    return stream_query(__func__, stream);
}
DRIVER_ALIAS(cuStreamSynchronize, cuStreamSynchronize_ptsz);

CUresult cuStreamWaitEvent(CUstream handle, CUevent event_handle, unsigned int flags) {
    struct driver_stream *stream;
    struct driver_event *event;
    CUresult status = stream_begin_any(handle, &stream);
    if (status == CUDA_SUCCESS && flags & ~(unsigned)CU_EVENT_WAIT_EXTERNAL)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = event_find(event_handle, &event);
    if (status == CUDA_SUCCESS)
        status = flags ? capture_external(stream, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event_handle)
                       : capture_wait(stream, event);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamWaitEvent, cuStreamWaitEvent_ptsz);

/* ---- Host functions ---- */

CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void *data) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && !function)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const struct driver_operation operation = {.type = CU_GRAPH_NODE_TYPE_HOST,
                                                   .host = {function, data}};
        status = operation_submit(stream, &operation);
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuLaunchHostFunc, cuLaunchHostFunc_ptsz);

struct stream_callback {
    CUstreamCallback function;
    CUstream stream;
    void *data;
};

static void stream_call_back(void *data) {
    const struct stream_callback *callback = data;
    callback->function(callback->stream, CUDA_SUCCESS, callback->data);
}

CUresult cuStreamAddCallback(CUstream handle, CUstreamCallback function, void *data,
                             unsigned int flags) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && (!function || flags))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = capture_forbid_stream(stream);
    if (status == CUDA_SUCCESS) {
        struct stream_callback callback = {function, handle, data};
        driver_call_host(stream_call_back, &callback);
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamAddCallback, cuStreamAddCallback_ptsz);

CUresult cuStreamAttachMemAsync(CUstream handle, CUdeviceptr address, size_t length,
                                unsigned int flags) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    (void)length;
    if (status == CUDA_SUCCESS) {
        const struct driver_allocation *allocation = allocation_find(address);
        const bool is_managed = allocation ? allocation->kind == ALLOCATION_MANAGED
                                           : machine_find_range(driver.machine, address).is_managed;
        bool known = flags == CU_MEM_ATTACH_GLOBAL || flags == CU_MEM_ATTACH_HOST ||
                     flags == CU_MEM_ATTACH_SINGLE;
        if (!known || !is_managed)
            status = CUDA_ERROR_INVALID_VALUE;
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamAttachMemAsync, cuStreamAttachMemAsync_ptsz);
