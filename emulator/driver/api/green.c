/* cuGreenCtx*, and the resources that green contexts are made of. */
#include "emulator/driver/green.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/context.h"
#include "emulator/driver/event.h"
#include "emulator/driver/resource.h"
#include "emulator/driver/stream.h"

static CUresult green_begin(CUgreenCtx handle, struct driver_green **green) {
    const CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? green_find(handle, green) : status;
}

/* ---- Resources ---- */

static CUresult resource_check_type(const CUdevResource *resource, CUdevResourceType type) {
    if (!resource)
        return CUDA_ERROR_INVALID_VALUE;
    return type == CU_DEV_RESOURCE_TYPE_SM ? CUDA_SUCCESS : CUDA_ERROR_INVALID_RESOURCE_TYPE;
}

CUresult cuDeviceGetDevResource(CUdevice device, CUdevResource *resource, CUdevResourceType type) {
    CUresult status = driver_begin_device(device, resource);
    if (status == CUDA_SUCCESS)
        status = resource_check_type(resource, type);
    if (status == CUDA_SUCCESS)
        *resource = resource_of(device, driver.properties.multiprocessors);
    return driver_end(status);
}

CUresult cuCtxGetDevResource(CUcontext handle, CUdevResource *resource, CUdevResourceType type) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS)
        status = resource_check_type(resource, type);
    if (status == CUDA_SUCCESS)
        *resource = resource_of(context->device, green_multiprocessors(green_of(handle)));
    return driver_end(status);
}

CUresult cuGreenCtxGetDevResource(CUgreenCtx handle, CUdevResource *resource,
                                  CUdevResourceType type) {
    struct driver_green *green;
    CUresult status = green_begin(handle, &green);
    if (status == CUDA_SUCCESS)
        status = resource_check_type(resource, type);
    if (status == CUDA_SUCCESS)
        *resource = green->resource;
    return driver_end(status);
}

CUresult cuDevSmResourceSplitByCount(CUdevResource *parts, unsigned int *count,
                                     const CUdevResource *whole, CUdevResource *rest,
                                     unsigned int flags, unsigned int least) {
    enum {
        FLAGS = CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING |
                CU_DEV_SM_RESOURCE_SPLIT_MAX_POTENTIAL_CLUSTER_SIZE
    };
    unsigned groups = 0, each = 0;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS &&
        (!count || !whole || (parts && !*count) || flags & ~(unsigned)FLAGS))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = resource_count_groups(whole, flags, least, &groups, &each);
    if (status == CUDA_SUCCESS && !groups)
        status = CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    if (!parts || groups < *count)
        *count = groups;
    if (parts)
        resource_split(whole, *count, each, parts, rest);
    return driver_end(status);
}

CUresult cuDevResourceGenerateDesc(CUdevResourceDesc *handle, CUdevResource *resources,
                                   unsigned int count) {
    CUdevResource whole;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && (!handle || !resources || !count))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = resource_join(resources, count, &whole);
    if (status == CUDA_SUCCESS)
        status = green_describe(&whole, handle);
    return driver_end(status);
}

/* ---- Contexts ---- */

CUresult cuGreenCtxCreate(CUgreenCtx *handle, CUdevResourceDesc description, CUdevice device,
                          unsigned int flags) {
    const CUdevResource *resource = NULL;
    CUcontext primary;
    CUresult status = driver_begin_device(device, handle);
    if (status == CUDA_SUCCESS && flags != CU_GREEN_CTX_DEFAULT_STREAM)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = green_find_description(description, &resource);
    if (status == CUDA_SUCCESS && resource_device(resource) != device)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = primary_retain(device, &primary);
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    status = green_open(&driver.seats[device].primary, resource, handle);
    if (status != CUDA_SUCCESS)
        (void)primary_release(device);
    return driver_end(status);
}

CUresult cuGreenCtxDestroy(CUgreenCtx handle) {
    struct driver_green *green;
    CUresult status = green_begin(handle, &green);
    if (status == CUDA_SUCCESS) {
        const CUdevice device = green->primary->device;
        green_close(green);
        status = primary_release(device);
    }
    return driver_end(status);
}

CUresult cuCtxFromGreenCtx(CUcontext *context, CUgreenCtx handle) {
    struct driver_green *green;
    CUresult status = green_begin(handle, &green);
    if (status == CUDA_SUCCESS && !context)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *context = green->context;
    return driver_end(status);
}

CUresult cuGreenCtxGetId(CUgreenCtx handle, unsigned long long *identifier) {
    CUresult status = driver_begin();
    struct driver_green *green = NULL;
    if (status == CUDA_SUCCESS && !identifier)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && handle)
        status = green_find(handle, &green);
    if (status == CUDA_SUCCESS && !handle)
        green = green_of(driver_current());
    if (status == CUDA_SUCCESS && green)
        *identifier = green->identifier;
    else if (status == CUDA_SUCCESS)
        status = CUDA_ERROR_INVALID_CONTEXT;
    return driver_end(status);
}

/* A context that is not green has them all. */
CUresult cuCtxGetExecAffinity(CUexecAffinityParam *affinity, CUexecAffinityType type) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !affinity)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && type != CU_EXEC_AFFINITY_TYPE_SM_COUNT)
        status = CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
    if (status == CUDA_SUCCESS) {
        affinity->type = type;
        affinity->param.smCount.val = green_multiprocessors(green_of(driver_current()));
    }
    return driver_end(status);
}

/* ---- Streams and events ---- */

CUresult cuGreenCtxStreamCreate(CUstream *handle, CUgreenCtx green_handle, unsigned int flags,
                                int priority) {
    struct driver_green *green;
    struct driver_stream *stream;
    CUresult status = green_begin(green_handle, &green);
    if (status == CUDA_SUCCESS && (!handle || flags != CU_STREAM_NON_BLOCKING))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = green->primary->active ? green->primary->error : CUDA_ERROR_CONTEXT_IS_DESTROYED;
    if (status == CUDA_SUCCESS)
        status = stream_open(green->primary, flags, priority, &stream);
    if (status == CUDA_SUCCESS) {
        stream->green = green;
        *handle = stream->handle;
    }
    return driver_end(status);
}

CUresult cuStreamGetGreenCtx(CUstream handle, CUgreenCtx *green_handle) {
    struct driver_stream *stream;
    CUresult status = stream_begin_any(handle, &stream);
    if (status == CUDA_SUCCESS && !green_handle)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const struct driver_green *green = stream_green(stream);
        *green_handle = green ? green->handle : NULL;
    }
    return driver_end(status);
}

/* All that came before is over; only a capture may be in the way. */
static CUresult context_record(struct driver_context *context, const struct driver_green *green,
                               CUevent handle) {
    struct driver_event *event = NULL;
    CUresult status = event_find(handle, &event);
    if (status == CUDA_SUCCESS && event->context != context)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status == CUDA_SUCCESS)
        status = capture_forbid_context(context, green);
    if (status == CUDA_SUCCESS)
        event_record(event);
    return status;
}

static CUresult context_wait(const struct driver_context *context, const struct driver_green *green,
                             CUevent handle) {
    struct driver_event *event = NULL;
    CUresult status = event_find(handle, &event);
    if (status == CUDA_SUCCESS)
        status = capture_forbid_context(context, green);
    if (status == CUDA_SUCCESS && event->capture) {
        event->capture->invalid = true;
        status = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return status;
}

CUresult cuCtxRecordEvent(CUcontext handle, CUevent event) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS)
        status = context_record(context, green_of(handle), event);
    return driver_end(status);
}

CUresult cuCtxWaitEvent(CUcontext handle, CUevent event) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &context);
    if (status == CUDA_SUCCESS)
        status = context_wait(context, green_of(handle), event);
    return driver_end(status);
}

CUresult cuGreenCtxRecordEvent(CUgreenCtx handle, CUevent event) {
    struct driver_green *green;
    CUresult status = green_begin(handle, &green);
    if (status == CUDA_SUCCESS)
        status = context_record(green->primary, green, event);
    return driver_end(status);
}

CUresult cuGreenCtxWaitEvent(CUgreenCtx handle, CUevent event) {
    struct driver_green *green;
    CUresult status = green_begin(handle, &green);
    if (status == CUDA_SUCCESS)
        status = context_wait(green->primary, green, event);
    return driver_end(status);
}
