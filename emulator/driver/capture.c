/*
 * Capture: while a stream captures, what is submitted to it becomes nodes of a graph. The capture
 * spreads to streams that wait for an event recorded in it, and ends when all of it has been joined
 * to the stream where it began.
 */
#include "emulator/driver/capture.h"

#include <stdlib.h>

/* ---- Sets of nodes that the next operation depends on ---- */

static bool pending_has(struct driver_node *const *nodes, size_t count,
                        const struct driver_node *node) {
    for (size_t i = 0; i < count; i++)
        if (nodes[i] == node)
            return true;
    return false;
}

/* Adds the nodes that are not there yet. */
static CUresult pending_add(struct driver_node ***nodes, size_t *count,
                            struct driver_node *const *more, size_t more_count) {
    struct driver_node **grown =
        realloc(*nodes, (*count + more_count + 1) * sizeof(struct driver_node *));
    if (!grown)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *nodes = grown;
    for (size_t i = 0; i < more_count; i++)
        if (!pending_has(grown, *count, more[i]))
            grown[(*count)++] = more[i];
    return CUDA_SUCCESS;
}

/* ---- The end of a capture ---- */

/* No stream and no event belongs to the capture any more. */
static void capture_detach(const struct driver_capture *capture) {
    uint32_t at = 0;
    for (struct driver_stream *stream; (stream = handle_next(&driver.handles, HANDLE_STREAM, &at));)
        if (stream->capture == capture) {
            stream->capture = NULL;
            stream->pending_count = 0;
        }
    at = 0;
    for (struct driver_event *event; (event = handle_next(&driver.handles, HANDLE_EVENT, &at));)
        if (event->capture == capture) {
            event->capture = NULL;
            event->pending_count = 0;
        }
}

static void graph_give_back(const struct driver_capture *capture) {
    capture->graph->owned = capture->was_owned;
    capture->graph->capturing = false;
}

/* Frees the capture; its graph too unless it has been taken out. */
static void capture_close(struct driver_capture *capture) {
    struct driver_capture **link = &driver.captures;
    while (*link != capture)
        link = &(*link)->next;
    *link = capture->next;
    capture_detach(capture);
    if (capture->graph && capture->is_into)
        graph_give_back(capture);
    else if (capture->graph)
        graph_free(capture->graph);
    free(capture);
}

void capture_close_all(void) {
    while (driver.captures)
        capture_close(driver.captures);
}

void capture_abandon(const struct driver_context *context) {
    for (struct driver_capture *capture = driver.captures, *next; capture; capture = next) {
        next = capture->next;
        if (capture->origin->context == context)
            capture_close(capture);
    }
}

/* What another stream has not joined yet is found when the capture ends. */
void capture_drop_stream(struct driver_stream *stream) {
    if (stream->capture && stream->capture->origin == stream)
        capture_close(stream->capture);
}

/* ---- What captures forbid ---- */

CUresult capture_forbid(void) {
    CUresult status = CUDA_SUCCESS;
    if (driver_thread.capture_mode == CU_STREAM_CAPTURE_MODE_RELAXED)
        return CUDA_SUCCESS;
    for (struct driver_capture *capture = driver.captures; capture; capture = capture->next) {
        bool own = pthread_equal(capture->thread, pthread_self());
        bool global = capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL &&
                      driver_thread.capture_mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
        if (capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED || (!own && !global))
            continue;
        capture->invalid = true;
        status = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return status;
}

CUresult capture_forbid_context(const struct driver_context *context,
                                const struct driver_green *green) {
    CUresult status = CUDA_SUCCESS;
    for (struct driver_capture *capture = driver.captures; capture; capture = capture->next) {
        if (capture->origin->context != context || (green && capture->origin->green != green))
            continue;
        capture->invalid = true;
        status = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return status;
}

CUresult capture_forbid_stream(const struct driver_stream *stream) {
    if (!stream->capture)
        return CUDA_SUCCESS;
    stream->capture->invalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

CUresult capture_forbid_implicit(const struct driver_stream *stream) {
    CUresult status = CUDA_SUCCESS;
    if (stream != stream->context->legacy)
        return CUDA_SUCCESS;
    for (struct driver_capture *capture = driver.captures; capture; capture = capture->next) {
        if (capture->origin->context != stream->context ||
            capture->origin->flags & CU_STREAM_NON_BLOCKING)
            continue;
        capture->invalid = true;
        status = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
    return status;
}

/* ---- Capturing ---- */

CUresult capture_add(struct driver_stream *stream, const struct driver_operation *operation) {
    struct driver_node *node;
    if (stream->capture->invalid)
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    CUresult status =
        graph_add(stream->capture->graph, stream->pending, stream->pending_count, operation, &node);
    if (status != CUDA_SUCCESS)
        return status;
    stream->pending_count = 0;
    return pending_add(&stream->pending, &stream->pending_count, &node, 1);
}

CUresult capture_record(struct driver_stream *stream, struct driver_event *event) {
    if (stream->capture->invalid)
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    event->pending_count = 0;
    event->capture = stream->capture;
    return pending_add(&event->pending, &event->pending_count, stream->pending,
                       stream->pending_count);
}

CUresult capture_external(struct driver_stream *stream, CUgraphNodeType type, CUevent event) {
    const struct driver_operation operation = {.type = type, .event = event};
    if (stream->capture)
        return capture_add(stream, &operation);
    driver_find("an event is %s as an external one, but its stream is not captured",
                type == CU_GRAPH_NODE_TYPE_EVENT_RECORD ? "recorded" : "awaited");
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult capture_wait(struct driver_stream *stream, const struct driver_event *event) {
    if (!event->capture) {
        if (!stream->capture || !event->recorded)
            return CUDA_SUCCESS;
        stream->capture->invalid = true;
        return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
    }
    if (event->capture->invalid)
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (stream == stream->context->legacy)
        return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    if (stream->capture && stream->capture != event->capture) {
        stream->capture->invalid = event->capture->invalid = true;
        return CUDA_ERROR_STREAM_CAPTURE_MERGE;
    }
    stream->capture = event->capture;
    return pending_add(&stream->pending, &stream->pending_count, event->pending,
                       event->pending_count);
}

static CUresult capture_begin(struct driver_stream *stream, struct driver_graph *graph,
                              bool is_into, CUstreamCaptureMode mode) {
    struct driver_capture *capture = calloc(1, sizeof *capture);
    if (!capture)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *capture = (struct driver_capture){.next = driver.captures,
                                       .graph = graph,
                                       .origin = stream,
                                       .identifier = ++driver.next_identifier,
                                       .mode = mode,
                                       .thread = pthread_self(),
                                       .is_into = is_into,
                                       .was_owned = graph->owned,
                                       .first = graph->count};
    graph->owned = graph->capturing = true;
    driver.captures = capture;
    stream->capture = capture;
    stream->pending_count = 0;
    return CUDA_SUCCESS;
}

CUresult capture_open(struct driver_stream *stream, CUstreamCaptureMode mode) {
    struct driver_graph *graph = graph_open();
    const CUresult status =
        graph ? capture_begin(stream, graph, false, mode) : CUDA_ERROR_OUT_OF_MEMORY;
    if (status != CUDA_SUCCESS && graph)
        graph_free(graph);
    return status;
}

CUresult capture_open_into(struct driver_stream *stream, struct driver_graph *graph,
                           struct driver_node *const *dependencies, size_t count,
                           CUstreamCaptureMode mode) {
    CUresult status = capture_begin(stream, graph, true, mode);
    if (status == CUDA_SUCCESS)
        status = pending_add(&stream->pending, &stream->pending_count, dependencies, count);
    if (status != CUDA_SUCCESS && stream->capture)
        capture_close(stream->capture);
    return status;
}

/* Every node that nothing follows must have been joined to the stream that the capture began in. */
static bool capture_joined(const struct driver_capture *capture) {
    const struct driver_stream *origin = capture->origin;
    graph_count_dependents(capture->graph);
    for (size_t i = capture->first; i < capture->graph->count; i++) {
        const struct driver_node *node = capture->graph->nodes[i];
        if (node->mark == 0 && !pending_has(origin->pending, origin->pending_count, node))
            return false;
    }
    return true;
}

CUresult capture_finish(struct driver_capture *capture, CUgraph *graph) {
    CUresult status = CUDA_SUCCESS;
    if (capture->invalid)
        status = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    else if (!capture_joined(capture))
        status = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    *graph = NULL;
    if (status == CUDA_SUCCESS) {
        *graph = capture->graph->handle;
        graph_give_back(capture);
        capture->graph = NULL;
    }
    capture_close(capture);
    return status;
}

/* ---- What the program asks and sets ---- */

CUstreamCaptureStatus capture_status(const struct driver_stream *stream) {
    if (!stream->capture)
        return CU_STREAM_CAPTURE_STATUS_NONE;
    return stream->capture->invalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                    : CU_STREAM_CAPTURE_STATUS_ACTIVE;
}

CUresult capture_dependencies(struct driver_stream *stream, const CUgraphNode **dependencies,
                              size_t *count) {
    CUgraphNode *handles =
        realloc(stream->pending_handles, (stream->pending_count + 1) * sizeof(CUgraphNode));
    if (!handles)
        return CUDA_ERROR_OUT_OF_MEMORY;
    stream->pending_handles = handles;
    for (size_t i = 0; i < stream->pending_count; i++)
        handles[i] = stream->pending[i]->handle;
    if (dependencies)
        *dependencies = handles;
    if (count)
        *count = stream->pending_count;
    return CUDA_SUCCESS;
}

CUresult capture_depend(struct driver_stream *stream, const CUgraphNode *dependencies,
                        size_t count) {
    CUresult status = CUDA_SUCCESS;
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++) {
        struct driver_node *node;
        status = graph_find_node(dependencies[i], &node);
        if (status == CUDA_SUCCESS && node->graph != stream->capture->graph)
            status = CUDA_ERROR_INVALID_VALUE;
        if (status == CUDA_SUCCESS)
            status = pending_add(&stream->pending, &stream->pending_count, &node, 1);
    }
    return status;
}
