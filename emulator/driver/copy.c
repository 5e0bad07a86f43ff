/* Copies. Every form becomes a box of bytes between two pitched places; a place is on the host or
 * on the device. */
#include <string.h>

#include "emulator/driver/graph.h"

struct copy_place {
    bool device;
    uint64_t address; /* of the box's first byte */
    size_t pitch, plane;
};

/* Which memory an address is: with unified addressing the range that it falls into says so. */
static bool copy_is_device(CUmemorytype type, uint64_t address) {
    return type == CU_MEMORYTYPE_DEVICE ||
           (type == CU_MEMORYTYPE_UNIFIED &&
            machine_find_range(driver.machine, address).kind != MACHINE_MEMORY_NONE);
}

static uint64_t copy_address(CUmemorytype type, const void *host, CUdeviceptr device) {
    return type == CU_MEMORYTYPE_HOST ? (uint64_t)(uintptr_t)host : device;
}

/* 0 for the pitch or the height of a place means that rows or planes follow one another without a
 * gap. */
static struct copy_place copy_place(bool device, uint64_t base, size_t x, size_t y, size_t z,
                                    size_t pitch, size_t height, const CUDA_MEMCPY3D *copy) {
    size_t row = pitch ? pitch : copy->WidthInBytes;
    size_t plane = row * (height ? height : copy->Height);
    return (struct copy_place){device, base + x + y * row + z * plane, row, plane};
}

static struct copy_place copy_source(const CUDA_MEMCPY3D *copy) {
    uint64_t base = copy_address(copy->srcMemoryType, copy->srcHost, copy->srcDevice);
    return copy_place(copy_is_device(copy->srcMemoryType, base), base, copy->srcXInBytes,
                      copy->srcY, copy->srcZ, copy->srcPitch, copy->srcHeight, copy);
}

static struct copy_place copy_destination(const CUDA_MEMCPY3D *copy) {
    uint64_t base = copy_address(copy->dstMemoryType, copy->dstHost, copy->dstDevice);
    return copy_place(copy_is_device(copy->dstMemoryType, base), base, copy->dstXInBytes,
                      copy->dstY, copy->dstZ, copy->dstPitch, copy->dstHeight, copy);
}

static bool copy_type_known(CUmemorytype type) {
    return type == CU_MEMORYTYPE_HOST || type == CU_MEMORYTYPE_DEVICE ||
           type == CU_MEMORYTYPE_UNIFIED;
}

static bool copy_empty(const CUDA_MEMCPY3D *copy) {
    return !copy->WidthInBytes || !copy->Height || !copy->Depth;
}

/* Bytes from the first to behind the last of a box. */
static size_t copy_extent(const CUDA_MEMCPY3D *copy, const struct copy_place *place) {
    return (copy->Depth - 1) * place->plane + (copy->Height - 1) * place->pitch +
           copy->WidthInBytes;
}

static CUresult copy_check_place(const CUDA_MEMCPY3D *copy, const struct copy_place *place,
                                 const char *which) {
    if (!place->address || place->pitch < copy->WidthInBytes)
        return CUDA_ERROR_INVALID_VALUE;
    if (!place->device)
        return CUDA_SUCCESS;
    size_t extent = copy_extent(copy, place);
    struct machine_range range = machine_find_range(driver.machine, place->address);
    if (range.kind != MACHINE_MEMORY_NONE &&
        extent <= range.size - (place->address - range.address))
        return CUDA_SUCCESS;
    if (range.kind == MACHINE_MEMORY_NONE)
        driver_say("copy of %zu bytes: the %s, 0x%llx, is not device memory", extent, which,
                   (unsigned long long)place->address);
    else
        driver_say("copy of %zu bytes: the %s, 0x%llx, lies %llu bytes into an allocation of %zu",
                   extent, which, (unsigned long long)place->address,
                   (unsigned long long)(place->address - range.address), range.size);
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult copy_check(const CUDA_MEMCPY3D *copy) {
    if (copy->srcMemoryType == CU_MEMORYTYPE_ARRAY || copy->dstMemoryType == CU_MEMORYTYPE_ARRAY) {
        driver_say("copy: CUDA arrays are not supported");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (!copy_type_known(copy->srcMemoryType) || !copy_type_known(copy->dstMemoryType))
        return CUDA_ERROR_INVALID_VALUE;
    if (copy_empty(copy))
        return CUDA_SUCCESS;
    const struct copy_place source = copy_source(copy), destination = copy_destination(copy);
    CUresult status = copy_check_place(copy, &destination, "destination");
    return status == CUDA_SUCCESS ? copy_check_place(copy, &source, "source") : status;
}

static enum machine_status copy_bytes(const struct copy_place *to, const struct copy_place *from,
                                      size_t to_offset, size_t from_offset, size_t bytes) {
    uint64_t destination = to->address + to_offset, source = from->address + from_offset;
    /* Read as pointers only where they are host addresses. */
    // NOLINTBEGIN(performance-no-int-to-ptr)
    void *host_to = (void *)(uintptr_t)destination;
    const void *host_from = (const void *)(uintptr_t)source;
    // NOLINTEND(performance-no-int-to-ptr)
    if (to->device && from->device)
        return machine_copy(driver.machine, destination, source, bytes);
    if (to->device)
        return machine_write(driver.machine, destination, host_from, bytes);
    if (from->device)
        return machine_read(driver.machine, host_to, source, bytes);
    memmove(host_to, host_from, bytes);
    return MACHINE_OK;
}

CUresult copy_execute(const CUDA_MEMCPY3D *copy) {
    CUresult status = copy_check(copy);
    if (status != CUDA_SUCCESS || copy_empty(copy))
        return status;
    const struct copy_place from = copy_source(copy), to = copy_destination(copy);
    for (size_t z = 0; z < copy->Depth; z++)
        for (size_t y = 0; y < copy->Height; y++)
            if (copy_bytes(&to, &from, z * to.plane + y * to.pitch, z * from.plane + y * from.pitch,
                           copy->WidthInBytes) != MACHINE_OK)
                return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}

/* ---- Entry points ---- */

/* A copy that the caller waits for: it may not take part in a capture. */
static CUresult copy_now(const CUDA_MEMCPY3D *copy) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = capture_forbid();
    if (status == CUDA_SUCCESS)
        status = capture_forbid_implicit(context->legacy);
    if (status == CUDA_SUCCESS)
        status = copy_execute(copy);
    return driver_end(status);
}

static CUresult copy_submit(const CUDA_MEMCPY3D *copy, CUstream handle) {
    struct driver_context *context;
    struct driver_stream *stream;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = stream_find(context, handle, &stream);
    if (status == CUDA_SUCCESS)
        status = copy_check(copy);
    if (status == CUDA_SUCCESS) {
        const struct driver_operation operation = {.type = CU_GRAPH_NODE_TYPE_MEMCPY,
                                                   .copy = *copy};
        status = operation_submit(stream, &operation);
    }
    return driver_end(status);
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
    return copy_now(&copy);
}
DRIVER_ALIAS(cuMemcpyHtoD_v2, cuMemcpyHtoD_v2_ptds);

CUresult cuMemcpyDtoH_v2(void *destination, CUdeviceptr source, size_t bytes) {
    const CUDA_MEMCPY3D copy = copy_to_host(destination, source, bytes);
    return copy_now(&copy);
}
DRIVER_ALIAS(cuMemcpyDtoH_v2, cuMemcpyDtoH_v2_ptds);

CUresult cuMemcpyDtoD_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
    const CUDA_MEMCPY3D copy = copy_between(CU_MEMORYTYPE_DEVICE, destination, source, bytes);
    return copy_now(&copy);
}
DRIVER_ALIAS(cuMemcpyDtoD_v2, cuMemcpyDtoD_v2_ptds);

CUresult cuMemcpy(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
    const CUDA_MEMCPY3D copy = copy_between(CU_MEMORYTYPE_UNIFIED, destination, source, bytes);
    return copy_now(&copy);
}
DRIVER_ALIAS(cuMemcpy, cuMemcpy_ptds);

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void *source, size_t bytes,
                              CUstream stream) {
    const CUDA_MEMCPY3D copy = copy_to_device(destination, source, bytes);
    return copy_submit(&copy, stream);
}
DRIVER_ALIAS(cuMemcpyHtoDAsync_v2, cuMemcpyHtoDAsync_v2_ptsz);

CUresult cuMemcpyDtoHAsync_v2(void *destination, CUdeviceptr source, size_t bytes,
                              CUstream stream) {
    const CUDA_MEMCPY3D copy = copy_to_host(destination, source, bytes);
    return copy_submit(&copy, stream);
}
DRIVER_ALIAS(cuMemcpyDtoHAsync_v2, cuMemcpyDtoHAsync_v2_ptsz);

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                              CUstream stream) {
    const CUDA_MEMCPY3D copy = copy_between(CU_MEMORYTYPE_DEVICE, destination, source, bytes);
    return copy_submit(&copy, stream);
}
DRIVER_ALIAS(cuMemcpyDtoDAsync_v2, cuMemcpyDtoDAsync_v2_ptsz);

CUresult cuMemcpyAsync(CUdeviceptr destination, CUdeviceptr source, size_t bytes, CUstream stream) {
    const CUDA_MEMCPY3D copy = copy_between(CU_MEMORYTYPE_UNIFIED, destination, source, bytes);
    return copy_submit(&copy, stream);
}
DRIVER_ALIAS(cuMemcpyAsync, cuMemcpyAsync_ptsz);

/* ---- Between contexts: one device, so an ordinary copy once both contexts are known to live ----
 */

static CUresult copy_check_peers(CUcontext destination, CUcontext source) {
    struct driver_context *context;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = context_find(destination, &context);
    if (status == CUDA_SUCCESS)
        status = context_find(source, &context);
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
                           .srcPitch = plane->srcPitch,
                           .dstXInBytes = plane->dstXInBytes,
                           .dstY = plane->dstY,
                           .dstMemoryType = plane->dstMemoryType,
                           .dstHost = plane->dstHost,
                           .dstDevice = plane->dstDevice,
                           .dstPitch = plane->dstPitch,
                           .WidthInBytes = plane->WidthInBytes,
                           .Height = plane->Height,
                           .Depth = 1};
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *plane) {
    if (!plane)
        return CUDA_ERROR_INVALID_VALUE;
    const CUDA_MEMCPY3D copy = copy_from_plane(plane);
    return copy_now(&copy);
}
DRIVER_ALIAS(cuMemcpy2D_v2, cuMemcpy2D_v2_ptds);
DRIVER_ALIAS(cuMemcpy2D_v2, cuMemcpy2DUnaligned_v2);
DRIVER_ALIAS(cuMemcpy2D_v2, cuMemcpy2DUnaligned_v2_ptds);

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *plane, CUstream stream) {
    if (!plane)
        return CUDA_ERROR_INVALID_VALUE;
    const CUDA_MEMCPY3D copy = copy_from_plane(plane);
    return copy_submit(&copy, stream);
}
DRIVER_ALIAS(cuMemcpy2DAsync_v2, cuMemcpy2DAsync_v2_ptsz);

CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *copy) {
    return copy ? copy_now(copy) : CUDA_ERROR_INVALID_VALUE;
}
DRIVER_ALIAS(cuMemcpy3D_v2, cuMemcpy3D_v2_ptds);

CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *copy, CUstream stream) {
    return copy ? copy_submit(copy, stream) : CUDA_ERROR_INVALID_VALUE;
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
        return CUDA_ERROR_INVALID_VALUE;
    const CUDA_MEMCPY3D copy = copy_from_peers(peers);
    CUresult status = copy_check_peers(peers->dstContext, peers->srcContext);
    return status == CUDA_SUCCESS ? copy_now(&copy) : status;
}
DRIVER_ALIAS(cuMemcpy3DPeer, cuMemcpy3DPeer_ptds);

CUresult cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D_PEER *peers, CUstream stream) {
    if (!peers)
        return CUDA_ERROR_INVALID_VALUE;
    const CUDA_MEMCPY3D copy = copy_from_peers(peers);
    CUresult status = copy_check_peers(peers->dstContext, peers->srcContext);
    return status == CUDA_SUCCESS ? copy_submit(&copy, stream) : status;
}
DRIVER_ALIAS(cuMemcpy3DPeerAsync, cuMemcpy3DPeerAsync_ptsz);
