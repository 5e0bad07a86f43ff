/* cuMemcpy*. */
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/context.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/memory/copy.h"
#include "emulator/driver/stream.h"

/* NULL in place of what is to be copied. */
static CUresult copy_refuse(const char *call) {
    const CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        driver_find("copy: what is to be copied is described at no address");
    return driver_end_of(call, status == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : status);
}

/* A copy that the caller waits for: it may not take part in a capture. */
static CUresult copy_now(const char *call, const CUDA_MEMCPY3D *copy) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = capture_forbid();
    if (status == CUDA_SUCCESS)
        status = capture_forbid_implicit(context->legacy);
    if (status == CUDA_SUCCESS)
        status = copy_execute(copy);
    return driver_end_of(call, status);
}

static CUresult copy_submit(const char *call, const CUDA_MEMCPY3D *copy, CUstream handle) {
    struct driver_stream *stream;
    CUresult status = stream_begin_any(handle, &stream);
    if (status == CUDA_SUCCESS)
        status = copy_check(copy);
    if (status == CUDA_SUCCESS) {
        const struct driver_operation operation = {.type = CU_GRAPH_NODE_TYPE_MEMCPY,
                                                   .copy = *copy};
        status = operation_submit(stream, &operation);
    }
    return driver_end_of(call, status);
}

static CUDA_MEMCPY3D copy_line(size_t bytes) {
    return (CUDA_MEMCPY3D){.WidthInBytes = bytes, .Height = 1, .Depth = 1};
}

static CUDA_MEMCPY3D copy_to_device(CUdeviceptr destination, const void *source, size_t bytes) {
    CUDA_MEMCPY3D copy = copy_line(bytes);
    copy.srcMemoryType = CU_MEMORYTYPE_HOST;
    copy.srcHost = source;
    copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    copy.dstDevice = destination;
    return copy;
}

static CUDA_MEMCPY3D copy_to_host(void *destination, CUdeviceptr source, size_t bytes) {
    CUDA_MEMCPY3D copy = copy_line(bytes);
    copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    copy.srcDevice = source;
    copy.dstMemoryType = CU_MEMORYTYPE_HOST;
    copy.dstHost = destination;
    return copy;
}

static CUDA_MEMCPY3D copy_between(CUmemorytype type, CUdeviceptr destination, CUdeviceptr source,
                                  size_t bytes) {
    CUDA_MEMCPY3D copy = copy_line(bytes);
    copy.srcMemoryType = copy.dstMemoryType = type;
    copy.srcDevice = source;
    copy.dstDevice = destination;
    return copy;
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr destination, const void *source, size_t bytes) {
    const CUDA_MEMCPY3D copy = copy_to_device(destination, source, bytes);
    return copy_now(__func__, &copy);
}
DRIVER_ALIAS(cuMemcpyHtoD_v2, cuMemcpyHtoD_v2_ptds);

CUresult cuMemcpyDtoH_v2(void *destination, CUdeviceptr source, size_t bytes) {
    const CUDA_MEMCPY3D copy = copy_to_host(destination, source, bytes);
    return copy_now(__func__, &copy);
}
DRIVER_ALIAS(cuMemcpyDtoH_v2, cuMemcpyDtoH_v2_ptds);

CUresult cuMemcpyDtoD_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
    const CUDA_MEMCPY3D copy = copy_between(CU_MEMORYTYPE_DEVICE, destination, source, bytes);
    return copy_now(__func__, &copy);
}
DRIVER_ALIAS(cuMemcpyDtoD_v2, cuMemcpyDtoD_v2_ptds);

CUresult cuMemcpy(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
    const CUDA_MEMCPY3D copy = copy_between(CU_MEMORYTYPE_UNIFIED, destination, source, bytes);
    return copy_now(__func__, &copy);
}
DRIVER_ALIAS(cuMemcpy, cuMemcpy_ptds);

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void *source, size_t bytes,
                              CUstream stream) {
    const CUDA_MEMCPY3D copy = copy_to_device(destination, source, bytes);
    return copy_submit(__func__, &copy, stream);
}
DRIVER_ALIAS(cuMemcpyHtoDAsync_v2, cuMemcpyHtoDAsync_v2_ptsz);

CUresult cuMemcpyDtoHAsync_v2(void *destination, CUdeviceptr source, size_t bytes,
                              CUstream stream) {
    const CUDA_MEMCPY3D copy = copy_to_host(destination, source, bytes);
    return copy_submit(__func__, &copy, stream);
}
DRIVER_ALIAS(cuMemcpyDtoHAsync_v2, cuMemcpyDtoHAsync_v2_ptsz);

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                              CUstream stream) {
    const CUDA_MEMCPY3D copy = copy_between(CU_MEMORYTYPE_DEVICE, destination, source, bytes);
    return copy_submit(__func__, &copy, stream);
}
DRIVER_ALIAS(cuMemcpyDtoDAsync_v2, cuMemcpyDtoDAsync_v2_ptsz);

CUresult cuMemcpyAsync(CUdeviceptr destination, CUdeviceptr source, size_t bytes, CUstream stream) {
    const CUDA_MEMCPY3D copy = copy_between(CU_MEMORYTYPE_UNIFIED, destination, source, bytes);
    return copy_submit(__func__, &copy, stream);
}
DRIVER_ALIAS(cuMemcpyAsync, cuMemcpyAsync_ptsz);

/* ---- Between contexts: with one device an ordinary copy, once both are known to live ---- */

static CUresult copy_check_peers(CUcontext destination, CUcontext source) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(destination, &context);
    if (status == CUDA_SUCCESS)
        status = context_find(source, &context);
    if (status == CUDA_ERROR_INVALID_CONTEXT)
        driver_find("copy from context %p to %p: one of them is none", (void *)source,
                    (void *)destination);
    return driver_end(status);
}

CUresult cuMemcpyPeer(CUdeviceptr destination, CUcontext destination_context, CUdeviceptr source,
                      CUcontext source_context, size_t bytes) {
    CUresult status = copy_check_peers(destination_context, source_context);
    return status == CUDA_SUCCESS ? cuMemcpyDtoD_v2(destination, source, bytes) : status;
}
DRIVER_ALIAS(cuMemcpyPeer, cuMemcpyPeer_ptds);

CUresult cuMemcpyPeerAsync(CUdeviceptr destination, CUcontext destination_context,
                           CUdeviceptr source, CUcontext source_context, size_t bytes,
                           CUstream stream) {
    CUresult status = copy_check_peers(destination_context, source_context);
    return status == CUDA_SUCCESS ? cuMemcpyDtoDAsync_v2(destination, source, bytes, stream)
                                  : status;
}
DRIVER_ALIAS(cuMemcpyPeerAsync, cuMemcpyPeerAsync_ptsz);

/* ---- Boxes ---- */

static CUDA_MEMCPY3D copy_from_plane(const CUDA_MEMCPY2D *plane) {
    return (CUDA_MEMCPY3D){.srcXInBytes = plane->srcXInBytes,
                           .srcY = plane->srcY,
                           .srcMemoryType = plane->srcMemoryType,
                           .srcHost = plane->srcHost,
                           .srcDevice = plane->srcDevice,
                           .srcArray = plane->srcArray,
                           .srcPitch = plane->srcPitch,
                           .dstXInBytes = plane->dstXInBytes,
                           .dstY = plane->dstY,
                           .dstMemoryType = plane->dstMemoryType,
                           .dstHost = plane->dstHost,
                           .dstDevice = plane->dstDevice,
                           .dstArray = plane->dstArray,
                           .dstPitch = plane->dstPitch,
                           .WidthInBytes = plane->WidthInBytes,
                           .Height = plane->Height,
                           .Depth = 1};
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *plane) {
    if (!plane)
        return copy_refuse(__func__);
    const CUDA_MEMCPY3D copy = copy_from_plane(plane);
    return copy_now(__func__, &copy);
}
DRIVER_ALIAS(cuMemcpy2D_v2, cuMemcpy2D_v2_ptds);
DRIVER_ALIAS(cuMemcpy2D_v2, cuMemcpy2DUnaligned_v2);
DRIVER_ALIAS(cuMemcpy2D_v2, cuMemcpy2DUnaligned_v2_ptds);

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *plane, CUstream stream) {
    if (!plane)
        return copy_refuse(__func__);
    const CUDA_MEMCPY3D copy = copy_from_plane(plane);
    return copy_submit(__func__, &copy, stream);
}
DRIVER_ALIAS(cuMemcpy2DAsync_v2, cuMemcpy2DAsync_v2_ptsz);

CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *copy) {
    return copy ? copy_now(__func__, copy) : copy_refuse(__func__);
}
DRIVER_ALIAS(cuMemcpy3D_v2, cuMemcpy3D_v2_ptds);

CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *copy, CUstream stream) {
    return copy ? copy_submit(__func__, copy, stream) : copy_refuse(__func__);
}
DRIVER_ALIAS(cuMemcpy3DAsync_v2, cuMemcpy3DAsync_v2_ptsz);

static CUDA_MEMCPY3D copy_from_peers(const CUDA_MEMCPY3D_PEER *peers) {
    CUDA_MEMCPY3D copy;
    _Static_assert(sizeof copy == sizeof *peers, "the two differ in the reserved pointers alone");
    memcpy(&copy, peers, sizeof copy);
    return copy;
}

CUresult cuMemcpy3DPeer(const CUDA_MEMCPY3D_PEER *peers) {
    if (!peers)
        return copy_refuse(__func__);
    const CUDA_MEMCPY3D copy = copy_from_peers(peers);
    CUresult status = copy_check_peers(peers->dstContext, peers->srcContext);
    return status == CUDA_SUCCESS ? copy_now(__func__, &copy) : status;
}
DRIVER_ALIAS(cuMemcpy3DPeer, cuMemcpy3DPeer_ptds);

CUresult cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D_PEER *peers, CUstream stream) {
    if (!peers)
        return copy_refuse(__func__);
    const CUDA_MEMCPY3D copy = copy_from_peers(peers);
    CUresult status = copy_check_peers(peers->dstContext, peers->srcContext);
    return status == CUDA_SUCCESS ? copy_submit(__func__, &copy, stream) : status;
}
DRIVER_ALIAS(cuMemcpy3DPeerAsync, cuMemcpy3DPeerAsync_ptsz);
