/* Copies: which of the driver's functions a kind means. */
#include "emulator/runtime/runtime.h"

#include "emulator/driver/lockstep_emulator.h"
#include "emulator/runtime/channels.h"
#include "emulator/runtime/copy.h"

#include <stdio.h>
#include <string.h>

/* Whether the driver knows the memory: its own, and the host's that is page-locked, registered or
 * managed. */
static bool is_known(const void *memory) {
    unsigned type;
    return cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address_of(memory)) ==
           CUDA_SUCCESS;
}

/* Whether the host cannot touch it. Managed memory lies on both sides. */
static bool is_device_alone(const void *memory) {
    const CUdeviceptr address = address_of(memory);
    unsigned type = 0, is_managed = 0;
    return cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address) ==
               CUDA_SUCCESS &&
           type == CU_MEMORYTYPE_DEVICE &&
           cuPointerGetAttribute(&is_managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, address) ==
               CUDA_SUCCESS &&
           !is_managed;
}

static CUresult copy_on_host(void *to, const void *from, size_t bytes) {
    char line[200];
    if (!is_device_alone(to) && !is_device_alone(from)) {
        memmove(to, from, bytes);
        return CUDA_SUCCESS;
    }
    snprintf(line, sizeof line, "copy of %zu bytes from host to host: the %s, %p, is device memory",
             bytes, is_device_alone(to) ? "destination" : "source",
             is_device_alone(to) ? to : from);
    lockstepEmulatorFind(line);
    return CUDA_ERROR_INVALID_VALUE;
}

static enum cudaMemcpyKind kind_of(const void *to, const void *from) {
    if (is_known(to))
        return is_known(from) ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice;
    return is_known(from) ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost;
}

CUresult copy_bytes(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                    CUstream stream, bool is_async) {
    if (bytes == 0)
        return CUDA_SUCCESS;
    if (!to || !from) /* the driver refuses it, and tells */
        return is_async ? cuMemcpyAsync(address_of(to), address_of(from), bytes, stream)
                        : cuMemcpy(address_of(to), address_of(from), bytes);
    switch (kind == cudaMemcpyDefault ? kind_of(to, from) : kind) {
    case cudaMemcpyHostToDevice:
        return is_async ? cuMemcpyHtoDAsync_v2(address_of(to), from, bytes, stream)
                        : cuMemcpyHtoD_v2(address_of(to), from, bytes);
    case cudaMemcpyDeviceToHost:
        return is_async ? cuMemcpyDtoHAsync_v2(to, address_of(from), bytes, stream)
                        : cuMemcpyDtoH_v2(to, address_of(from), bytes);
    case cudaMemcpyDeviceToDevice:
        return is_async ? cuMemcpyDtoDAsync_v2(address_of(to), address_of(from), bytes, stream)
                        : cuMemcpyDtoD_v2(address_of(to), address_of(from), bytes);
    default:
        return copy_on_host(to, from, bytes);
    }
}

bool copy_is_kind(enum cudaMemcpyKind kind) {
    return kind >= cudaMemcpyHostToHost && kind <= cudaMemcpyDefault;
}

cudaError_t copy_refuse_kind(enum cudaMemcpyKind kind) {
    return runtime_refuse(cudaErrorInvalidMemcpyDirection, "copy: %d is no kind of copy",
                          (int)kind);
}

static cudaError_t refuse_pitch(size_t width, size_t to_pitch, size_t from_pitch) {
    return runtime_refuse(cudaErrorInvalidPitchValue,
                          "copy of rows of %zu bytes: rows of the destination are %zu bytes apart, "
                          "of the source %zu",
                          width, to_pitch, from_pitch);
}

RUNTIME_API cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                                   enum cudaMemcpyKind kind) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    RUNTIME_RETURN(copy_bytes(to, from, bytes, kind, NULL, false));
}
RUNTIME_PER_THREAD(cudaMemcpy, _ptds);

RUNTIME_API cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                                        enum cudaMemcpyKind kind, CUstream stream) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    RUNTIME_RETURN(copy_bytes(to, from, bytes, kind, stream, true));
}
RUNTIME_PER_THREAD(cudaMemcpyAsync, _ptsz);

/* Addresses say by themselves where memory is. */
static bool are_devices(int a, int b) {
    int count = 0;
    return cuInit(0) == CUDA_SUCCESS && cuDeviceGetCount(&count) == CUDA_SUCCESS && a >= 0 &&
           a < count && b >= 0 && b < count;
}

static cudaError_t refuse_devices(int to, int from) {
    return runtime_refuse(cudaErrorInvalidDevice,
                          "copy from device %d to device %d: one of them is none", from, to);
}

RUNTIME_API cudaError_t cudaMemcpyPeer(void *to, int to_device, const void *from, int from_device,
                                       size_t bytes) {
    if (!are_devices(to_device, from_device))
        return refuse_devices(to_device, from_device);
    return cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToDevice);
}

RUNTIME_API cudaError_t cudaMemcpyPeerAsync(void *to, int to_device, const void *from,
                                            int from_device, size_t bytes, CUstream stream) {
    if (!are_devices(to_device, from_device))
        return refuse_devices(to_device, from_device);
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream);
}

/* ---- Boxes, of which planes are one deep ---- */

/* Bytes of an array's element; 1 where there is no array: positions and extents are in these. */
static CUresult element_bytes(CUarray array, size_t *bytes) {
    *bytes = 1;
    return array ? channels_bytes(array, bytes) : CUDA_SUCCESS;
}

static CUmemorytype side_type(CUarray array, bool is_host) {
    return array ? CU_MEMORYTYPE_ARRAY : is_host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
}

/* Arrays are the device's, whatever the kind says of their side. */
static enum cudaMemcpyKind kind_of_box(const struct cudaMemcpy3DParms *copy) {
    if (copy->kind != cudaMemcpyDefault)
        return copy->kind;
    const bool to_device = copy->dstArray || is_known(copy->dstPtr.ptr);
    const bool from_device = copy->srcArray || is_known(copy->srcPtr.ptr);
    if (to_device)
        return from_device ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice;
    return from_device ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost;
}

CUresult copy_describe(const struct cudaMemcpy3DParms *copy, CUDA_MEMCPY3D *described) {
    const enum cudaMemcpyKind kind = kind_of_box(copy);
    const bool from_host = kind == cudaMemcpyHostToHost || kind == cudaMemcpyHostToDevice;
    const bool to_host = kind == cudaMemcpyHostToHost || kind == cudaMemcpyDeviceToHost;
    size_t from_element, to_element;
    CUresult result = element_bytes(copy->srcArray, &from_element);
    if (result == CUDA_SUCCESS)
        result = element_bytes(copy->dstArray, &to_element);
    if (result != CUDA_SUCCESS)
        return result;
    *described = (CUDA_MEMCPY3D){.srcXInBytes = copy->srcPos.x * from_element,
                                 .srcY = copy->srcPos.y,
                                 .srcZ = copy->srcPos.z,
                                 .srcMemoryType = side_type(copy->srcArray, from_host),
                                 .srcHost = copy->srcPtr.ptr,
                                 .srcDevice = address_of(copy->srcPtr.ptr),
                                 .srcArray = copy->srcArray,
                                 .srcPitch = copy->srcPtr.pitch,
                                 .srcHeight = copy->srcPtr.ysize,
                                 .dstXInBytes = copy->dstPos.x * to_element,
                                 .dstY = copy->dstPos.y,
                                 .dstZ = copy->dstPos.z,
                                 .dstMemoryType = side_type(copy->dstArray, to_host),
                                 .dstHost = copy->dstPtr.ptr,
                                 .dstDevice = address_of(copy->dstPtr.ptr),
                                 .dstArray = copy->dstArray,
                                 .dstPitch = copy->dstPtr.pitch,
                                 .dstHeight = copy->dstPtr.ysize,
                                 .WidthInBytes = copy->extent.width *
                                                 (copy->dstArray ? to_element : from_element),
                                 .Height = copy->extent.height,
                                 .Depth = copy->extent.depth};
    return CUDA_SUCCESS;
}

/* Addresses that the driver sorts out itself are of any kind. */
static enum cudaMemcpyKind kind_read(const CUDA_MEMCPY3D *described) {
    const bool from_host = described->srcMemoryType == CU_MEMORYTYPE_HOST;
    const bool to_host = described->dstMemoryType == CU_MEMORYTYPE_HOST;
    if (described->srcMemoryType == CU_MEMORYTYPE_UNIFIED ||
        described->dstMemoryType == CU_MEMORYTYPE_UNIFIED)
        return cudaMemcpyDefault;
    if (from_host)
        return to_host ? cudaMemcpyHostToHost : cudaMemcpyHostToDevice;
    return to_host ? cudaMemcpyDeviceToHost : cudaMemcpyDeviceToDevice;
}

/* Rows end where the copy does, for all that the driver knows. */
static struct cudaPitchedPtr pitched_read(CUmemorytype type, const void *host, CUdeviceptr device,
                                          size_t pitch, size_t width, size_t height) {
    struct cudaPitchedPtr pitched = {
        .ptr = pointer_of(device), .pitch = pitch, .xsize = width, .ysize = height};
    if (type == CU_MEMORYTYPE_HOST)
        memcpy(&pitched.ptr, &host, sizeof host);
    return type == CU_MEMORYTYPE_ARRAY ? (struct cudaPitchedPtr){.ptr = NULL} : pitched;
}

CUresult copy_read(const CUDA_MEMCPY3D *described, struct cudaMemcpy3DParms *copy) {
    const bool from_array = described->srcMemoryType == CU_MEMORYTYPE_ARRAY;
    const bool to_array = described->dstMemoryType == CU_MEMORYTYPE_ARRAY;
    size_t from_element, to_element;
    CUresult result = element_bytes(from_array ? described->srcArray : NULL, &from_element);
    if (result == CUDA_SUCCESS)
        result = element_bytes(to_array ? described->dstArray : NULL, &to_element);
    if (result != CUDA_SUCCESS)
        return result;
    *copy = (struct cudaMemcpy3DParms){
        .srcArray = from_array ? described->srcArray : NULL,
        .srcPos = {described->srcXInBytes / from_element, described->srcY, described->srcZ},
        .srcPtr = pitched_read(described->srcMemoryType, described->srcHost, described->srcDevice,
                               described->srcPitch, described->WidthInBytes, described->srcHeight),
        .dstArray = to_array ? described->dstArray : NULL,
        .dstPos = {described->dstXInBytes / to_element, described->dstY, described->dstZ},
        .dstPtr = pitched_read(described->dstMemoryType, described->dstHost, described->dstDevice,
                               described->dstPitch, described->WidthInBytes, described->dstHeight),
        .extent = {described->WidthInBytes / (to_array ? to_element : from_element),
                   described->Height, described->Depth},
        .kind = kind_read(described)};
    return CUDA_SUCCESS;
}

static cudaError_t copy_box(const struct cudaMemcpy3DParms *copy, CUstream stream, bool is_async) {
    CUDA_MEMCPY3D described;
    CUresult result = runtime_begin();
    if (result != CUDA_SUCCESS)
        return runtime_end(result);
    if (!copy)
        return runtime_end(cuMemcpy3D_v2(NULL)); /* the driver refuses it, and tells */
    if (!copy_is_kind(copy->kind))
        return copy_refuse_kind(copy->kind);
    result = copy_describe(copy, &described);
    if (result != CUDA_SUCCESS ||
        !(copy->extent.width && copy->extent.height && copy->extent.depth))
        return runtime_end(result);
    return runtime_end(is_async ? cuMemcpy3DAsync_v2(&described, stream)
                                : cuMemcpy3D_v2(&described));
}

RUNTIME_API cudaError_t cudaMemcpy3D(const struct cudaMemcpy3DParms *copy) {
    return copy_box(copy, NULL, false);
}
RUNTIME_PER_THREAD(cudaMemcpy3D, _ptds);

RUNTIME_API cudaError_t cudaMemcpy3DAsync(const struct cudaMemcpy3DParms *copy, CUstream stream) {
    return copy_box(copy, stream, true);
}
RUNTIME_PER_THREAD(cudaMemcpy3DAsync, _ptsz);

static cudaError_t copy_box_over_devices(const struct cudaMemcpy3DPeerParms *peers, CUstream stream,
                                         bool is_async) {
    if (!peers)
        return copy_box(NULL, stream, is_async);
    if (!are_devices(peers->dstDevice, peers->srcDevice))
        return refuse_devices(peers->dstDevice, peers->srcDevice);
    const struct cudaMemcpy3DParms copy = {.srcArray = peers->srcArray,
                                           .srcPos = peers->srcPos,
                                           .srcPtr = peers->srcPtr,
                                           .dstArray = peers->dstArray,
                                           .dstPos = peers->dstPos,
                                           .dstPtr = peers->dstPtr,
                                           .extent = peers->extent,
                                           .kind = cudaMemcpyDeviceToDevice};
    return copy_box(&copy, stream, is_async);
}

RUNTIME_API cudaError_t cudaMemcpy3DPeer(const struct cudaMemcpy3DPeerParms *peers) {
    return copy_box_over_devices(peers, NULL, false);
}
RUNTIME_PER_THREAD(cudaMemcpy3DPeer, _ptds);

RUNTIME_API cudaError_t cudaMemcpy3DPeerAsync(const struct cudaMemcpy3DPeerParms *peers,
                                              CUstream stream) {
    return copy_box_over_devices(peers, stream, true);
}
RUNTIME_PER_THREAD(cudaMemcpy3DPeerAsync, _ptsz);

static struct cudaMemcpy3DParms plane(void *to, size_t to_pitch, const void *from,
                                      size_t from_pitch, size_t width, size_t height,
                                      enum cudaMemcpyKind kind) {
    struct cudaMemcpy3DParms copy = {.dstPtr = {to, to_pitch, width, height},
                                     .srcPtr = {NULL, from_pitch, width, height},
                                     .extent = {width, height, 1},
                                     .kind = kind};
    memcpy(&copy.srcPtr.ptr, &from, sizeof from);
    return copy;
}

RUNTIME_API cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                                     size_t width, size_t height, enum cudaMemcpyKind kind) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    if (width > to_pitch || width > from_pitch)
        return refuse_pitch(width, to_pitch, from_pitch);
    const struct cudaMemcpy3DParms copy =
        plane(to, to_pitch, from, from_pitch, width, height, kind);
    return copy_box(&copy, NULL, false);
}
RUNTIME_PER_THREAD(cudaMemcpy2D, _ptds);

RUNTIME_API cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from,
                                          size_t from_pitch, size_t width, size_t height,
                                          enum cudaMemcpyKind kind, CUstream stream) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    if (width > to_pitch || width > from_pitch)
        return refuse_pitch(width, to_pitch, from_pitch);
    const struct cudaMemcpy3DParms copy =
        plane(to, to_pitch, from, from_pitch, width, height, kind);
    return copy_box(&copy, stream, true);
}
RUNTIME_PER_THREAD(cudaMemcpy2DAsync, _ptsz);
