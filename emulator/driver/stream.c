/* Streams. Work is done when it is submitted, so a stream is always idle: waiting returns at
 * once. */
#include "emulator/driver/stream.h"

#include <stdlib.h>

#include "emulator/driver/green.h"

static const struct driver_green *current_green(void) {
    return driver.greens ? green_of(driver_current()) : NULL;
}

const struct driver_green *stream_green(const struct driver_stream *stream) {
    const bool is_default = stream == stream->context->legacy;
    return is_default ? current_green() : stream->green;
}

CUresult stream_find(const struct driver_context *context, CUstream handle,
                     struct driver_stream **stream) {
    if (!handle || handle == CU_STREAM_LEGACY)
        *stream = context->legacy;
    else if (handle == CU_STREAM_PER_THREAD)
        *stream = current_green() ? NULL : context->per_thread;
    else
        *stream = handle_find(&driver.handles, HANDLE_STREAM, handle);
    if (*stream && (*stream)->context == context)
        return (*stream)->is_orphan ? CUDA_ERROR_CONTEXT_IS_DESTROYED : CUDA_SUCCESS;
    driver_lack("stream of the current context", handle);
    return CUDA_ERROR_INVALID_HANDLE;
}

CUresult stream_open(struct driver_context *context, unsigned flags, int priority,
                     struct driver_stream **stream) {
    struct driver_stream *made = calloc(1, sizeof *made);
    if (!made)
        return CUDA_ERROR_OUT_OF_MEMORY;
    made->context = context;
    made->flags = flags;
    made->priority = priority < STREAM_PRIORITY_GREATEST ? STREAM_PRIORITY_GREATEST
                     : priority > STREAM_PRIORITY_LEAST  ? STREAM_PRIORITY_LEAST
                                                         : priority;
    made->identifier = ++driver.next_identifier;
    made->policy.syncPolicy = CU_SYNC_POLICY_AUTO;
    made->handle = handle_add(&driver.handles, HANDLE_STREAM, made);
    if (!made->handle) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *stream = made;
    return CUDA_SUCCESS;
}

void stream_close(struct driver_stream *stream) {
    handle_remove(&driver.handles, stream->handle);
    free(stream->pending);
    free(stream->pending_handles);
    free(stream);
}

CUresult stream_begin(CUstream handle, struct driver_stream **stream) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    return status == CUDA_SUCCESS ? stream_find(context, handle, stream) : status;
}

CUresult stream_begin_any(CUstream handle, struct driver_stream **stream) {
    struct driver_context *context;
    const CUresult status = driver_begin_context(&context);
    if (status != CUDA_SUCCESS)
        return status;
    *stream = handle_find(&driver.handles, HANDLE_STREAM, handle);
    return *stream && !(*stream)->is_orphan ? CUDA_SUCCESS : stream_find(context, handle, stream);
}
