/* Streams. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STREAM_H
#define LOCKSTEP_EMULATOR_DRIVER_STREAM_H

#include "emulator/driver/state/state.h"

struct driver_green;
struct driver_node;

/* Outside this range a priority is clamped, as cuStreamCreateWithPriority documents. */
enum { STREAM_PRIORITY_GREATEST = -5, STREAM_PRIORITY_LEAST = 0 };

struct driver_stream {
    CUstream handle;
    struct driver_context *context;
    struct driver_green *green; /* whose stream it is; NULL: the context's */
    bool is_orphan;             /* its green context has been destroyed */
    unsigned flags;
    int priority;
    uint64_t identifier;
    CUstreamAttrValue policy, window; /* attributes are kept and given back, no more */
    struct driver_capture *capture;   /* NULL: the stream is not capturing */
    struct driver_node **pending;     /* capturing: what the next operation depends on */
    size_t pending_count;
    CUgraphNode *pending_handles; /* as cuStreamGetCaptureInfo has shown them */
};

/* NULL is the legacy stream of the context. The stream must belong to the context: what is none is
 * found wrong. */
CUresult stream_find(const struct driver_context *context, CUstream handle,
                     struct driver_stream **stream);
/* The beginning of every call on a stream of the current context. */
CUresult stream_begin(CUstream handle, struct driver_stream **stream);
/* Likewise for calls that take the streams of other contexts too. */
CUresult stream_begin_any(CUstream handle, struct driver_stream **stream);
/* The default streams are those of the context that is current in the thread, which may be a green
 * one. */
const struct driver_green *stream_green(const struct driver_stream *stream);
CUresult stream_open(struct driver_context *context, unsigned flags, int priority,
                     struct driver_stream **stream);
/* No capture may know the stream any more. */
void stream_close(struct driver_stream *stream);

#endif
