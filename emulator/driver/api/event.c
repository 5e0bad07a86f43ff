/* cuEvent*. */
#include "emulator/driver/event.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/stream.h"

enum { EVENT_FLAGS = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS };

CUresult cuEventCreate(CUevent *event, unsigned int flags) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    bool needs_more = flags & CU_EVENT_INTERPROCESS && !(flags & CU_EVENT_DISABLE_TIMING);
    if (status == CUDA_SUCCESS && (!event || flags & ~(unsigned)EVENT_FLAGS || needs_more))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = event_open(context, flags, event);
    return driver_end(status);
}

CUresult cuEventDestroy_v2(CUevent handle) {
    struct driver_event *event;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = event_find(handle, &event);
    if (status == CUDA_SUCCESS)
        event_close(event);
    return driver_end(status);
}
DRIVER_ALIAS(cuEventDestroy_v2, cuEventDestroy);

static CUresult event_record_on(const char *call, CUevent handle, CUstream stream_handle,
                                unsigned int flags) {
    struct driver_context *context;
    struct driver_stream *stream;
    struct driver_event *event;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && flags & ~(unsigned)CU_EVENT_RECORD_EXTERNAL)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = stream_find(context, stream_handle, &stream);
    if (status == CUDA_SUCCESS)
        status = event_find(handle, &event);
    if (status == CUDA_SUCCESS && event->context != context)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status == CUDA_SUCCESS && flags)
        return driver_end_of(call,
                             capture_external(stream, CU_GRAPH_NODE_TYPE_EVENT_RECORD, handle));
    if (status == CUDA_SUCCESS)
        status = stream->capture ? capture_record(stream, event) : capture_forbid_implicit(stream);
    if (status == CUDA_SUCCESS && !stream->capture)
        event_record(event);
    return driver_end_of(call, status);
}

CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned int flags) {
    return event_record_on(__func__, event, stream, flags);
}
DRIVER_ALIAS(cuEventRecordWithFlags, cuEventRecordWithFlags_ptsz);

CUresult cuEventRecord(CUevent event, CUstream stream) {
    return event_record_on(__func__, event, stream, CU_EVENT_RECORD_DEFAULT);
}
DRIVER_ALIAS(cuEventRecord, cuEventRecord_ptsz);

static CUresult event_query(const char *call, CUevent handle) {
    struct driver_context *context;
    struct driver_event *event;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = event_find(handle, &event);
    if (status == CUDA_SUCCESS && event->capture)
        status = CUDA_ERROR_CAPTURED_EVENT;
    return driver_end_of(call, status);
}

CUresult cuEventQuery(CUevent event) {
    return event_query(__func__, event);
}

CUresult cuEventSynchronize(CUevent event) {
    return event_query(__func__, event);
}

/* Where the host's time was asked for, it is the host's, and no GPU's. Either is said once. */
static CUresult elapsed_time(const struct driver_event *first, const struct driver_event *last,
                             float *milliseconds) {
    static bool said;
    if (!said)
        driver_say("cuEventElapsedTime: %s",
                   driver.config.host_time
                       ? "gives the time that the emulator took on this host (time=host), which is "
                         "no GPU's"
                       : "nothing here has a GPU's time, so it returns CUDA_ERROR_NOT_SUPPORTED; "
                         "LOCKSTEP_EMULATOR='time=host' gives the host's");
    said = true;
    if (!driver.config.host_time)
        return CUDA_ERROR_NOT_SUPPORTED;
    *milliseconds = (float)((double)(last->recorded_at - first->recorded_at) * 1e-6);
    return CUDA_SUCCESS;
}

CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
    struct driver_context *context;
    struct driver_event *first, *last;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !milliseconds)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = event_find(start, &first);
    if (status == CUDA_SUCCESS)
        status = event_find(end, &last);
    if (status == CUDA_SUCCESS && (!first->recorded || !last->recorded))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status == CUDA_SUCCESS && (first->flags | last->flags) & CU_EVENT_DISABLE_TIMING)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (status == CUDA_SUCCESS)
        status = elapsed_time(first, last, milliseconds);
    return driver_end(status);
}
DRIVER_ALIAS(cuEventElapsedTime_v2, cuEventElapsedTime);
