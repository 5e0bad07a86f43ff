/* The capture of streams into graphs. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CAPTURE_H
#define LOCKSTEP_EMULATOR_DRIVER_CAPTURE_H

#include <pthread.h>

#include "emulator/driver/event.h"
#include "emulator/driver/graph.h"
#include "emulator/driver/stream.h"

struct driver_capture {
    struct driver_capture *next;
    struct driver_graph *graph;
    struct driver_stream *origin;
    uint64_t identifier;
    CUstreamCaptureMode mode;
    pthread_t thread;
    bool invalid;
    bool is_into; /* a graph of the program's, which stays, with the nodes that it had */
    bool was_owned;
    size_t first; /* of the nodes that are captured */
};

CUresult capture_open(struct driver_stream *stream, CUstreamCaptureMode mode);
/* Into a graph that is there; the first operation depends on these nodes of it. */
CUresult capture_open_into(struct driver_stream *stream, struct driver_graph *graph,
                           struct driver_node *const *dependencies, size_t count,
                           CUstreamCaptureMode mode);
/* Ends the capture. Its graph is the program's then, unless the capture was spoilt. */
CUresult capture_finish(struct driver_capture *capture, CUgraph *graph);
CUresult capture_add(struct driver_stream *stream, const struct driver_operation *operation);
/* Records an event in a capturing stream. */
CUresult capture_record(struct driver_stream *stream, struct driver_event *event);
/* A node of a captured graph that records an event, or waits for one, whenever the graph is
 * launched. */
CUresult capture_external(struct driver_stream *stream, CUgraphNodeType type, CUevent event);
/* Makes the stream wait for an event where one of the two is part of a capture. */
CUresult capture_wait(struct driver_stream *stream, const struct driver_event *event);
/* A call that a capture in a strict mode forbids (allocating, synchronous copies): ends such
 * captures as invalid. */
CUresult capture_forbid(void);
/* A call that waits for a whole context, or for a green one of it. */
CUresult capture_forbid_context(const struct driver_context *context,
                                const struct driver_green *green);
/* A call that waits for or asks about a stream. */
CUresult capture_forbid_stream(const struct driver_stream *stream);
/* Work in the legacy stream would wait for capturing streams. */
CUresult capture_forbid_implicit(const struct driver_stream *stream);
/* The stream is destroyed. */
void capture_drop_stream(struct driver_stream *stream);
/* Ends the captures of a context that is closed. */
void capture_abandon(const struct driver_context *context);
void capture_close_all(void);

CUstreamCaptureStatus capture_status(const struct driver_stream *stream);
/* What the next operation depends on, as an array that lasts until the next call. */
CUresult capture_dependencies(struct driver_stream *stream, const CUgraphNode **dependencies,
                              size_t *count);
/* The next operation depends on these nodes too. */
CUresult capture_depend(struct driver_stream *stream, const CUgraphNode *dependencies,
                        size_t count);

#endif
