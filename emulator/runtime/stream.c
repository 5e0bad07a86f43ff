/* Streams, events and capture: handles and flags are the driver's. */
#include "emulator/runtime/runtime.h"

/* ---- Streams ---- */

RUNTIME_API cudaError_t cudaStreamCreateWithFlags(CUstream *stream, unsigned flags) {
    RUNTIME_RETURN(cuStreamCreate(stream, flags));
}

RUNTIME_API cudaError_t cudaStreamCreate(CUstream *stream) {
    return cudaStreamCreateWithFlags(stream, CU_STREAM_DEFAULT);
}

RUNTIME_API cudaError_t cudaStreamCreateWithPriority(CUstream *stream, unsigned flags,
                                                     int priority) {
    RUNTIME_RETURN(cuStreamCreateWithPriority(stream, flags, priority));
}

RUNTIME_API cudaError_t cudaStreamDestroy(CUstream stream) {
    RUNTIME_RETURN(cuStreamDestroy_v2(stream));
}

RUNTIME_API cudaError_t cudaStreamSynchronize(CUstream stream) {
    RUNTIME_RETURN(cuStreamSynchronize(stream));
}
RUNTIME_PER_THREAD(cudaStreamSynchronize, _ptsz);

RUNTIME_API cudaError_t cudaStreamQuery(CUstream stream) {
    RUNTIME_RETURN(cuStreamQuery(stream));
}
RUNTIME_PER_THREAD(cudaStreamQuery, _ptsz);

RUNTIME_API cudaError_t cudaStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
    RUNTIME_RETURN(cuStreamWaitEvent(stream, event, flags));
}
RUNTIME_PER_THREAD(cudaStreamWaitEvent, _ptsz);

RUNTIME_API cudaError_t cudaStreamAddCallback(CUstream stream, CUstreamCallback callback,
                                              void *data, unsigned flags) {
    RUNTIME_RETURN(cuStreamAddCallback(stream, callback, data, flags));
}
RUNTIME_PER_THREAD(cudaStreamAddCallback, _ptsz);

RUNTIME_API cudaError_t cudaStreamGetPriority(CUstream stream, int *priority) {
    RUNTIME_RETURN(cuStreamGetPriority(stream, priority));
}
RUNTIME_PER_THREAD(cudaStreamGetPriority, _ptsz);

RUNTIME_API cudaError_t cudaStreamGetFlags(CUstream stream, unsigned *flags) {
    RUNTIME_RETURN(cuStreamGetFlags(stream, flags));
}
RUNTIME_PER_THREAD(cudaStreamGetFlags, _ptsz);

RUNTIME_API cudaError_t cudaStreamGetId(CUstream stream, unsigned long long *identifier) {
    RUNTIME_RETURN(cuStreamGetId(stream, identifier));
}
RUNTIME_PER_THREAD(cudaStreamGetId, _ptsz);

RUNTIME_API cudaError_t cudaStreamGetDevice(CUstream stream, int *device) {
    RUNTIME_RETURN(cuStreamGetDevice(stream, device));
}
RUNTIME_PER_THREAD(cudaStreamGetDevice, _ptsz);

RUNTIME_API cudaError_t cudaStreamAttachMemAsync(CUstream stream, void *memory, size_t bytes,
                                                 unsigned flags) {
    RUNTIME_RETURN(cuStreamAttachMemAsync(stream, address_of(memory), bytes, flags));
}
RUNTIME_PER_THREAD(cudaStreamAttachMemAsync, _ptsz);

RUNTIME_API cudaError_t cudaStreamSetAttribute(CUstream stream, CUstreamAttrID attribute,
                                               const CUstreamAttrValue *value) {
    RUNTIME_RETURN(cuStreamSetAttribute(stream, attribute, value));
}
RUNTIME_PER_THREAD(cudaStreamSetAttribute, _ptsz);

RUNTIME_API cudaError_t cudaStreamCopyAttributes(CUstream to, CUstream from) {
    RUNTIME_RETURN(cuStreamCopyAttributes(to, from));
}
RUNTIME_PER_THREAD(cudaStreamCopyAttributes, _ptsz);

RUNTIME_API cudaError_t cudaStreamGetAttribute(CUstream stream, CUstreamAttrID attribute,
                                               CUstreamAttrValue *value) {
    RUNTIME_RETURN(cuStreamGetAttribute(stream, attribute, value));
}
RUNTIME_PER_THREAD(cudaStreamGetAttribute, _ptsz);

/* ---- Capture ---- */

RUNTIME_API cudaError_t cudaStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode) {
    RUNTIME_RETURN(cuStreamBeginCapture_v2(stream, mode));
}
RUNTIME_PER_THREAD(cudaStreamBeginCapture, _ptsz);

RUNTIME_API cudaError_t cudaStreamBeginCaptureToGraph(CUstream stream, CUgraph graph,
                                                      const CUgraphNode *dependencies,
                                                      const CUgraphEdgeData *edges, size_t count,
                                                      CUstreamCaptureMode mode) {
    RUNTIME_RETURN(cuStreamBeginCaptureToGraph(stream, graph, dependencies, edges, count, mode));
}
RUNTIME_PER_THREAD(cudaStreamBeginCaptureToGraph, _ptsz);

/* ---- What a capture is at. Version 13 has the last forms alone, under the plain names ---- */

RUNTIME_API cudaError_t cudaStreamGetCaptureInfo_v3(CUstream stream, CUstreamCaptureStatus *status,
                                                    cuuint64_t *identifier, CUgraph *graph,
                                                    const CUgraphNode **dependencies,
                                                    const CUgraphEdgeData **edges, size_t *count) {
    RUNTIME_RETURN(
        cuStreamGetCaptureInfo_v3(stream, status, identifier, graph, dependencies, edges, count));
}
RUNTIME_PER_THREAD(cudaStreamGetCaptureInfo_v3, _ptsz);

RUNTIME_API cudaError_t cudaStreamUpdateCaptureDependencies_v2(CUstream stream,
                                                               CUgraphNode *dependencies,
                                                               const CUgraphEdgeData *edges,
                                                               size_t count, unsigned flags) {
    RUNTIME_RETURN(cuStreamUpdateCaptureDependencies_v2(stream, dependencies, edges, count, flags));
}
RUNTIME_PER_THREAD(cudaStreamUpdateCaptureDependencies_v2, _ptsz);

#if RUNTIME_VERSION >= 13000
RUNTIME_API __typeof__(cudaStreamGetCaptureInfo_v3) cudaStreamGetCaptureInfo
    __attribute__((alias("cudaStreamGetCaptureInfo_v3")));
RUNTIME_API __typeof__(cudaStreamUpdateCaptureDependencies_v2) cudaStreamUpdateCaptureDependencies
    __attribute__((alias("cudaStreamUpdateCaptureDependencies_v2")));
#else
RUNTIME_API cudaError_t cudaStreamGetCaptureInfo(CUstream stream, CUstreamCaptureStatus *status,
                                                 cuuint64_t *identifier) {
    RUNTIME_RETURN(cuStreamGetCaptureInfo(stream, status, identifier));
}

RUNTIME_API cudaError_t cudaStreamUpdateCaptureDependencies(CUstream stream,
                                                            CUgraphNode *dependencies, size_t count,
                                                            unsigned flags) {
    RUNTIME_RETURN(cuStreamUpdateCaptureDependencies(stream, dependencies, count, flags));
}
#endif
RUNTIME_PER_THREAD(cudaStreamGetCaptureInfo, _ptsz);
RUNTIME_PER_THREAD(cudaStreamUpdateCaptureDependencies, _ptsz);

RUNTIME_API cudaError_t cudaStreamGetCaptureInfo_v2(CUstream stream, CUstreamCaptureStatus *status,
                                                    cuuint64_t *identifier, CUgraph *graph,
                                                    const CUgraphNode **dependencies,
                                                    size_t *count) {
    RUNTIME_RETURN(
        cuStreamGetCaptureInfo_v2(stream, status, identifier, graph, dependencies, count));
}
RUNTIME_PER_THREAD(cudaStreamGetCaptureInfo_v2, _ptsz);

RUNTIME_API cudaError_t cudaStreamEndCapture(CUstream stream, CUgraph *graph) {
    RUNTIME_RETURN(cuStreamEndCapture(stream, graph));
}
RUNTIME_PER_THREAD(cudaStreamEndCapture, _ptsz);

RUNTIME_API cudaError_t cudaStreamIsCapturing(CUstream stream, CUstreamCaptureStatus *status) {
    RUNTIME_RETURN(cuStreamIsCapturing(stream, status));
}
RUNTIME_PER_THREAD(cudaStreamIsCapturing, _ptsz);

RUNTIME_API cudaError_t cudaThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
    RUNTIME_RETURN(cuThreadExchangeStreamCaptureMode(mode));
}

/* ---- Events ---- */

RUNTIME_API cudaError_t cudaEventCreateWithFlags(CUevent *event, unsigned flags) {
    RUNTIME_RETURN(cuEventCreate(event, flags));
}

RUNTIME_API cudaError_t cudaEventCreate(CUevent *event) {
    return cudaEventCreateWithFlags(event, CU_EVENT_DEFAULT);
}

RUNTIME_API cudaError_t cudaEventDestroy(CUevent event) {
    RUNTIME_RETURN(cuEventDestroy_v2(event));
}

RUNTIME_API cudaError_t cudaEventRecord(CUevent event, CUstream stream) {
    RUNTIME_RETURN(cuEventRecord(event, stream));
}
RUNTIME_PER_THREAD(cudaEventRecord, _ptsz);

RUNTIME_API cudaError_t cudaEventRecordWithFlags(CUevent event, CUstream stream, unsigned flags) {
    RUNTIME_RETURN(cuEventRecordWithFlags(event, stream, flags));
}
RUNTIME_PER_THREAD(cudaEventRecordWithFlags, _ptsz);

RUNTIME_API cudaError_t cudaEventQuery(CUevent event) {
    RUNTIME_RETURN(cuEventQuery(event));
}

RUNTIME_API cudaError_t cudaEventSynchronize(CUevent event) {
    RUNTIME_RETURN(cuEventSynchronize(event));
}

RUNTIME_API cudaError_t cudaEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
    RUNTIME_RETURN(cuEventElapsedTime_v2(milliseconds, start, end));
}

RUNTIME_API cudaError_t cudaEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
    return cudaEventElapsedTime(milliseconds, start, end);
}
