/* Capture: cuStreamBeginCapture and its kin. */
#include <stdlib.h>

#include "emulator/driver/api/graphs/api_graph.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/stream.h"

CUresult cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && (unsigned)mode > CU_STREAM_CAPTURE_MODE_RELAXED)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && stream == stream->context->legacy)
        status = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (status == CUDA_SUCCESS && stream->capture)
        status = CUDA_ERROR_ILLEGAL_STATE;
    if (status == CUDA_SUCCESS)
        status = capture_open(stream, mode);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamBeginCapture_v2, cuStreamBeginCapture_v2_ptsz);

CUresult cuStreamBeginCapture(CUstream stream) {
    return cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL);
}
DRIVER_ALIAS(cuStreamBeginCapture, cuStreamBeginCapture_ptsz);

/* The nodes of a graph that handles name; NULL: one is none of its nodes, or there is no memory. */
static struct driver_node **nodes_find(const struct driver_graph *graph, const CUgraphNode *handles,
                                       size_t count) {
    struct driver_node **nodes = calloc(count + 1, sizeof(struct driver_node *));
    for (size_t i = 0; nodes && i < count; i++)
        if (graph_find_node(handles[i], &nodes[i]) != CUDA_SUCCESS || nodes[i]->graph != graph) {
            free(nodes);
            return NULL;
        }
    return nodes;
}

CUresult cuStreamBeginCaptureToGraph(CUstream handle, CUgraph graph_handle,
                                     const CUgraphNode *dependencies, const CUgraphEdgeData *edges,
                                     size_t count, CUstreamCaptureMode mode) {
    struct driver_stream *stream;
    struct driver_graph *graph;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS)
        status = edges_check(edges, count);
    if (status == CUDA_SUCCESS)
        status = graph_find(graph_handle, &graph);
    if (status == CUDA_SUCCESS &&
        ((unsigned)mode > CU_STREAM_CAPTURE_MODE_RELAXED || (count && !dependencies)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && stream == stream->context->legacy)
        status = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (status == CUDA_SUCCESS && (stream->capture || graph->capturing))
        status = CUDA_ERROR_ILLEGAL_STATE;
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    struct driver_node **nodes = nodes_find(graph, dependencies, count);
    status =
        nodes ? capture_open_into(stream, graph, nodes, count, mode) : CUDA_ERROR_INVALID_VALUE;
    free(nodes);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamBeginCaptureToGraph, cuStreamBeginCaptureToGraph_ptsz);

CUresult cuStreamEndCapture(CUstream handle, CUgraph *graph) {
    struct driver_stream *stream;
    CUgraph ignored; /* the program has it already */
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && !graph && !(stream->capture && stream->capture->is_into))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && !stream->capture)
        status = CUDA_ERROR_ILLEGAL_STATE;
    if (status == CUDA_SUCCESS && stream->capture->origin != stream)
        status = CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    if (status == CUDA_SUCCESS && stream->capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
        !pthread_equal(stream->capture->thread, pthread_self()))
        status = CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    if (status == CUDA_SUCCESS)
        status = capture_finish(stream->capture, graph ? graph : &ignored);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamEndCapture, cuStreamEndCapture_ptsz);

CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *capture) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && !capture)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *capture = capture_status(stream);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamIsCapturing, cuStreamIsCapturing_ptsz);

CUresult cuStreamGetCaptureInfo_v3(CUstream handle, CUstreamCaptureStatus *capture,
                                   cuuint64_t *identifier, CUgraph *graph,
                                   const CUgraphNode **dependencies, const CUgraphEdgeData **edges,
                                   size_t *count) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && !capture)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *capture = capture_status(stream);
    if (status == CUDA_SUCCESS && *capture == CU_STREAM_CAPTURE_STATUS_ACTIVE) {
        if (identifier)
            *identifier = stream->capture->identifier;
        if (graph)
            *graph = stream->capture->graph->handle;
        if (edges)
            *edges = NULL; /* no edge carries data */
        if (dependencies || count)
            status = capture_dependencies(stream, dependencies, count);
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamGetCaptureInfo_v3, cuStreamGetCaptureInfo_v3_ptsz);

CUresult cuStreamGetCaptureInfo_v2(CUstream stream, CUstreamCaptureStatus *capture,
                                   cuuint64_t *identifier, CUgraph *graph,
                                   const CUgraphNode **dependencies, size_t *count) {
    return cuStreamGetCaptureInfo_v3(stream, capture, identifier, graph, dependencies, NULL, count);
}
DRIVER_ALIAS(cuStreamGetCaptureInfo_v2, cuStreamGetCaptureInfo_v2_ptsz);

CUresult cuStreamGetCaptureInfo(CUstream stream, CUstreamCaptureStatus *capture,
                                cuuint64_t *identifier) {
    return cuStreamGetCaptureInfo_v3(stream, capture, identifier, NULL, NULL, NULL, NULL);
}
DRIVER_ALIAS(cuStreamGetCaptureInfo, cuStreamGetCaptureInfo_ptsz);

CUresult cuStreamUpdateCaptureDependencies(CUstream handle, CUgraphNode *dependencies, size_t count,
                                           unsigned int flags) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS &&
        (flags > CU_STREAM_SET_CAPTURE_DEPENDENCIES || (count && !dependencies)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && !stream->capture)
        status = CUDA_ERROR_ILLEGAL_STATE;
    if (status == CUDA_SUCCESS && flags == CU_STREAM_SET_CAPTURE_DEPENDENCIES)
        stream->pending_count = 0;
    if (status == CUDA_SUCCESS)
        status = capture_depend(stream, dependencies, count);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamUpdateCaptureDependencies, cuStreamUpdateCaptureDependencies_ptsz);

CUresult cuStreamUpdateCaptureDependencies_v2(CUstream stream, CUgraphNode *dependencies,
                                              const CUgraphEdgeData *edges, size_t count,
                                              unsigned int flags) {
    const CUresult status = edges_check(edges, count);
    return status == CUDA_SUCCESS
               ? cuStreamUpdateCaptureDependencies(stream, dependencies, count, flags)
               : status;
}
DRIVER_ALIAS(cuStreamUpdateCaptureDependencies_v2, cuStreamUpdateCaptureDependencies_v2_ptsz);

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
    if (!mode || (unsigned)*mode > CU_STREAM_CAPTURE_MODE_RELAXED)
        return CUDA_ERROR_INVALID_VALUE;
    CUstreamCaptureMode before = driver_thread.capture_mode;
    driver_thread.capture_mode = *mode;
    *mode = before;
    return CUDA_SUCCESS;
}
