/* Arrays, and what is copied to and from them. */
#include "emulator/runtime/channels.h"
#include "emulator/runtime/copy.h"
#include "emulator/runtime/runtime.h"

RUNTIME_API struct cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, int f) {
    return (struct cudaChannelFormatDesc){x, y, z, w, f};
}

/* ---- Allocating: flags have the driver's numbers ---- */

static CUresult describe_begin(const struct cudaChannelFormatDesc *channels,
                               struct cudaExtent extent, unsigned flags,
                               CUDA_ARRAY3D_DESCRIPTOR *description) {
    *description = (CUDA_ARRAY3D_DESCRIPTOR){
        .Width = extent.width, .Height = extent.height, .Depth = extent.depth, .Flags = flags};
    const CUresult result = runtime_begin();
    if (result != CUDA_SUCCESS || !channels)
        return result == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : result;
    return channels_format(channels, &description->Format, &description->NumChannels);
}

RUNTIME_API cudaError_t cudaMalloc3DArray(CUarray *array,
                                          const struct cudaChannelFormatDesc *channels,
                                          struct cudaExtent extent, unsigned flags) {
    CUDA_ARRAY3D_DESCRIPTOR description;
    CUresult result = describe_begin(channels, extent, flags, &description);
    return runtime_end(result == CUDA_SUCCESS ? cuArray3DCreate_v2(array, &description) : result);
}

RUNTIME_API cudaError_t cudaMallocArray(CUarray *array,
                                        const struct cudaChannelFormatDesc *channels, size_t width,
                                        size_t height, unsigned flags) {
    return cudaMalloc3DArray(array, channels, (struct cudaExtent){width, height, 0}, flags);
}

RUNTIME_API cudaError_t cudaMallocMipmappedArray(CUmipmappedArray *array,
                                                 const struct cudaChannelFormatDesc *channels,
                                                 struct cudaExtent extent, unsigned levels,
                                                 unsigned flags) {
    CUDA_ARRAY3D_DESCRIPTOR description;
    CUresult result = describe_begin(channels, extent, flags, &description);
    if (result == CUDA_SUCCESS)
        result = cuMipmappedArrayCreate(array, &description, levels);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaFreeMipmappedArray(CUmipmappedArray array) {
    RUNTIME_RETURN(array ? cuMipmappedArrayDestroy(array) : CUDA_SUCCESS);
}

RUNTIME_API cudaError_t cudaGetMipmappedArrayLevel(CUarray *level_array, CUmipmappedArray array,
                                                   unsigned level) {
    RUNTIME_RETURN(cuMipmappedArrayGetLevel(level_array, array, level));
}

RUNTIME_API cudaError_t cudaFreeArray(CUarray array) {
    RUNTIME_RETURN(array ? cuArrayDestroy(array) : CUDA_SUCCESS);
}

RUNTIME_API cudaError_t cudaArrayGetInfo(struct cudaChannelFormatDesc *channels,
                                         struct cudaExtent *extent, unsigned *flags,
                                         CUarray array) {
    CUDA_ARRAY3D_DESCRIPTOR description;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = cuArray3DGetDescriptor_v2(&description, array);
    if (result == CUDA_SUCCESS && channels)
        *channels = channels_of(&description);
    if (result == CUDA_SUCCESS && extent)
        *extent = (struct cudaExtent){description.Width, description.Height, description.Depth};
    if (result == CUDA_SUCCESS && flags)
        *flags = description.Flags;
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaGetChannelDesc(struct cudaChannelFormatDesc *channels, CUarray array) {
    return channels ? cudaArrayGetInfo(channels, NULL, NULL, array)
                    : runtime_fail(cudaErrorInvalidValue);
}

/* ---- Planes: places in arrays are in bytes and rows ---- */

static CUDA_MEMCPY3D plane_of(size_t width, size_t height) {
    return (CUDA_MEMCPY3D){.WidthInBytes = width, .Height = height, .Depth = 1};
}

static void copy_to_array(CUDA_MEMCPY3D *copy, CUarray array, size_t x, size_t y) {
    copy->dstMemoryType = CU_MEMORYTYPE_ARRAY;
    copy->dstArray = array;
    copy->dstXInBytes = x;
    copy->dstY = y;
}

static void copy_from_array(CUDA_MEMCPY3D *copy, CUarray array, size_t x, size_t y) {
    copy->srcMemoryType = CU_MEMORYTYPE_ARRAY;
    copy->srcArray = array;
    copy->srcXInBytes = x;
    copy->srcY = y;
}

/* The other side; unified, where the kind leaves it open. */
static void copy_from_memory(CUDA_MEMCPY3D *copy, const void *memory, size_t pitch,
                             enum cudaMemcpyKind kind) {
    copy->srcMemoryType = kind == cudaMemcpyHostToDevice     ? CU_MEMORYTYPE_HOST
                          : kind == cudaMemcpyDeviceToDevice ? CU_MEMORYTYPE_DEVICE
                                                             : CU_MEMORYTYPE_UNIFIED;
    copy->srcHost = memory;
    copy->srcDevice = address_of(memory);
    copy->srcPitch = pitch;
}

static void copy_to_memory(CUDA_MEMCPY3D *copy, void *memory, size_t pitch,
                           enum cudaMemcpyKind kind) {
    copy->dstMemoryType = kind == cudaMemcpyDeviceToHost     ? CU_MEMORYTYPE_HOST
                          : kind == cudaMemcpyDeviceToDevice ? CU_MEMORYTYPE_DEVICE
                                                             : CU_MEMORYTYPE_UNIFIED;
    copy->dstHost = memory;
    copy->dstDevice = address_of(memory);
    copy->dstPitch = pitch;
}

static cudaError_t copy_now(const CUDA_MEMCPY3D *copy) {
    RUNTIME_RETURN(cuMemcpy3D_v2(copy));
}

static cudaError_t copy_in_order(const CUDA_MEMCPY3D *copy, CUstream stream) {
    RUNTIME_RETURN(cuMemcpy3DAsync_v2(copy, stream));
}

static CUDA_MEMCPY3D plane_to_array(CUarray to, size_t x, size_t y, const void *from, size_t pitch,
                                    size_t width, size_t height, enum cudaMemcpyKind kind) {
    CUDA_MEMCPY3D copy = plane_of(width, height);
    copy_to_array(&copy, to, x, y);
    copy_from_memory(&copy, from, pitch, kind);
    return copy;
}

static CUDA_MEMCPY3D plane_from_array(void *to, size_t pitch, CUarray from, size_t x, size_t y,
                                      size_t width, size_t height, enum cudaMemcpyKind kind) {
    CUDA_MEMCPY3D copy = plane_of(width, height);
    copy_to_memory(&copy, to, pitch, kind);
    copy_from_array(&copy, from, x, y);
    return copy;
}

RUNTIME_API cudaError_t cudaMemcpy2DToArray(CUarray to, size_t x, size_t y, const void *from,
                                            size_t pitch, size_t width, size_t height,
                                            enum cudaMemcpyKind kind) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const CUDA_MEMCPY3D copy = plane_to_array(to, x, y, from, pitch, width, height, kind);
    return copy_now(&copy);
}
RUNTIME_PER_THREAD(cudaMemcpy2DToArray, _ptds);

RUNTIME_API cudaError_t cudaMemcpy2DToArrayAsync(CUarray to, size_t x, size_t y, const void *from,
                                                 size_t pitch, size_t width, size_t height,
                                                 enum cudaMemcpyKind kind, CUstream stream) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const CUDA_MEMCPY3D copy = plane_to_array(to, x, y, from, pitch, width, height, kind);
    return copy_in_order(&copy, stream);
}
RUNTIME_PER_THREAD(cudaMemcpy2DToArrayAsync, _ptsz);

RUNTIME_API cudaError_t cudaMemcpy2DFromArray(void *to, size_t pitch, CUarray from, size_t x,
                                              size_t y, size_t width, size_t height,
                                              enum cudaMemcpyKind kind) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const CUDA_MEMCPY3D copy = plane_from_array(to, pitch, from, x, y, width, height, kind);
    return copy_now(&copy);
}
RUNTIME_PER_THREAD(cudaMemcpy2DFromArray, _ptds);

RUNTIME_API cudaError_t cudaMemcpy2DFromArrayAsync(void *to, size_t pitch, CUarray from, size_t x,
                                                   size_t y, size_t width, size_t height,
                                                   enum cudaMemcpyKind kind, CUstream stream) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const CUDA_MEMCPY3D copy = plane_from_array(to, pitch, from, x, y, width, height, kind);
    return copy_in_order(&copy, stream);
}
RUNTIME_PER_THREAD(cudaMemcpy2DFromArrayAsync, _ptsz);

RUNTIME_API cudaError_t cudaMemcpy2DArrayToArray(CUarray to, size_t to_x, size_t to_y, CUarray from,
                                                 size_t from_x, size_t from_y, size_t width,
                                                 size_t height, enum cudaMemcpyKind kind) {
    CUDA_MEMCPY3D copy = plane_of(width, height);
    (void)kind;
    copy_to_array(&copy, to, to_x, to_y);
    copy_from_array(&copy, from, from_x, from_y);
    return copy_now(&copy);
}
RUNTIME_PER_THREAD(cudaMemcpy2DArrayToArray, _ptds);

/* ---- Runs of bytes, which go on in the next row where one ends ---- */

static CUresult row_bytes(CUarray array, size_t *bytes) {
    CUDA_ARRAY3D_DESCRIPTOR description;
    CUresult result = cuArray3DGetDescriptor_v2(&description, array);
    if (result == CUDA_SUCCESS)
        result = channels_bytes(array, bytes);
    if (result == CUDA_SUCCESS)
        *bytes *= description.Width;
    return result;
}

/* `to` is NULL for a run that goes to the array. */
static CUresult copy_run(CUarray array, size_t x, size_t y, const char *from, char *to,
                         size_t bytes, enum cudaMemcpyKind kind, CUstream *stream) {
    size_t row = 0;
    CUresult result = row_bytes(array, &row);
    while (bytes && result == CUDA_SUCCESS) {
        /* Where it begins beyond the row the driver refuses it, and tells. */
        const size_t rest = x < row ? row - x : bytes, width = bytes < rest ? bytes : rest;
        CUDA_MEMCPY3D copy = to ? plane_from_array(to, 0, array, x, y, width, 1, kind)
                                : plane_to_array(array, x, y, from, 0, width, 1, kind);
        result = stream ? cuMemcpy3DAsync_v2(&copy, *stream) : cuMemcpy3D_v2(&copy);
        bytes -= width;
        from = from ? from + width : NULL;
        to = to ? to + width : NULL;
        x = 0;
        y++;
    }
    return result;
}

/* As far as both rows go. */
static CUresult copy_run_between(CUarray to, size_t to_x, size_t to_y, CUarray from, size_t from_x,
                                 size_t from_y, size_t bytes) {
    size_t to_row = 0, from_row = 0;
    CUresult result = row_bytes(to, &to_row);
    if (result == CUDA_SUCCESS)
        result = row_bytes(from, &from_row);
    while (bytes && result == CUDA_SUCCESS) {
        const size_t to_rest = to_x < to_row ? to_row - to_x : bytes;
        const size_t from_rest = from_x < from_row ? from_row - from_x : bytes;
        const size_t rest = to_rest < from_rest ? to_rest : from_rest;
        const size_t width = bytes < rest ? bytes : rest;
        CUDA_MEMCPY3D copy = plane_of(width, 1);
        copy_to_array(&copy, to, to_x, to_y);
        copy_from_array(&copy, from, from_x, from_y);
        result = cuMemcpy3D_v2(&copy);
        bytes -= width;
        to_y += width == to_rest;
        to_x = width == to_rest ? 0 : to_x + width;
        from_y += width == from_rest;
        from_x = width == from_rest ? 0 : from_x + width;
    }
    return result;
}

RUNTIME_API cudaError_t cudaMemcpyArrayToArray(CUarray to, size_t to_x, size_t to_y, CUarray from,
                                               size_t from_x, size_t from_y, size_t bytes,
                                               enum cudaMemcpyKind kind) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    RUNTIME_RETURN(copy_run_between(to, to_x, to_y, from, from_x, from_y, bytes));
}
RUNTIME_PER_THREAD(cudaMemcpyArrayToArray, _ptds);

RUNTIME_API cudaError_t cudaMemcpyToArray(CUarray to, size_t x, size_t y, const void *from,
                                          size_t bytes, enum cudaMemcpyKind kind) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    RUNTIME_RETURN(copy_run(to, x, y, from, NULL, bytes, kind, NULL));
}
RUNTIME_PER_THREAD(cudaMemcpyToArray, _ptds);

RUNTIME_API cudaError_t cudaMemcpyToArrayAsync(CUarray to, size_t x, size_t y, const void *from,
                                               size_t bytes, enum cudaMemcpyKind kind,
                                               CUstream stream) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    RUNTIME_RETURN(copy_run(to, x, y, from, NULL, bytes, kind, &stream));
}
RUNTIME_PER_THREAD(cudaMemcpyToArrayAsync, _ptsz);

RUNTIME_API cudaError_t cudaMemcpyFromArray(void *to, CUarray from, size_t x, size_t y,
                                            size_t bytes, enum cudaMemcpyKind kind) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    RUNTIME_RETURN(to ? copy_run(from, x, y, NULL, to, bytes, kind, NULL)
                      : CUDA_ERROR_INVALID_VALUE);
}
RUNTIME_PER_THREAD(cudaMemcpyFromArray, _ptds);

RUNTIME_API cudaError_t cudaMemcpyFromArrayAsync(void *to, CUarray from, size_t x, size_t y,
                                                 size_t bytes, enum cudaMemcpyKind kind,
                                                 CUstream stream) {
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    RUNTIME_RETURN(to ? copy_run(from, x, y, NULL, to, bytes, kind, &stream)
                      : CUDA_ERROR_INVALID_VALUE);
}
RUNTIME_PER_THREAD(cudaMemcpyFromArrayAsync, _ptsz);
