/* cuArray*, and copies of one line from and to arrays. */
#include "emulator/driver/memory/array.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/memory/mipmap.h"

/* ---- Creating and destroying ---- */

static CUresult array_begin(struct driver_context **context) {
    const CUresult status = driver_begin_context(context);
    return status == CUDA_SUCCESS ? capture_forbid() : status;
}

CUresult cuArray3DCreate_v2(CUarray *array, const CUDA_ARRAY3D_DESCRIPTOR *description) {
    struct driver_context *context;
    CUresult status = array_begin(&context);
    if (status == CUDA_SUCCESS && (!array || !description))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = array_open(context, description, array);
    return driver_end(status);
}

CUresult cuArrayCreate_v2(CUarray *array, const CUDA_ARRAY_DESCRIPTOR *description) {
    if (!description)
        return CUDA_ERROR_INVALID_VALUE;
    const CUDA_ARRAY3D_DESCRIPTOR whole = {.Width = description->Width,
                                           .Height = description->Height,
                                           .Format = description->Format,
                                           .NumChannels = description->NumChannels};
    return cuArray3DCreate_v2(array, &whole);
}

CUresult cuArrayDestroy(CUarray handle) {
    struct driver_context *context;
    struct driver_array *array = NULL;
    CUresult status = array_begin(&context);
    if (status == CUDA_SUCCESS)
        status = array_find(handle, &array);
    if (status == CUDA_SUCCESS && array->is_level) {
        driver_lack("array of its own", handle);
        status = CUDA_ERROR_INVALID_HANDLE;
    }
    if (status == CUDA_SUCCESS)
        array_close(array);
    return driver_end(status);
}

CUresult cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR *description, CUarray handle) {
    struct driver_context *context;
    struct driver_array *array = NULL;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = description ? array_find(handle, &array) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *description = array->description;
    return driver_end(status);
}

CUresult cuArrayGetDescriptor_v2(CUDA_ARRAY_DESCRIPTOR *description, CUarray array) {
    CUDA_ARRAY3D_DESCRIPTOR whole;
    if (!description)
        return CUDA_ERROR_INVALID_VALUE;
    const CUresult status = cuArray3DGetDescriptor_v2(&whole, array);
    if (status == CUDA_SUCCESS)
        *description = (CUDA_ARRAY_DESCRIPTOR){.Width = whole.Width,
                                               .Height = whole.Height,
                                               .Format = whole.Format,
                                               .NumChannels = whole.NumChannels};
    return status;
}

/* ---- Mipmapped arrays ---- */

CUresult cuMipmappedArrayCreate(CUmipmappedArray *handle,
                                const CUDA_ARRAY3D_DESCRIPTOR *description, unsigned int levels) {
    struct driver_context *context;
    CUresult status = array_begin(&context);
    if (status == CUDA_SUCCESS && (!handle || !description))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = mipmap_open(context, description, levels, handle);
    return driver_end(status);
}

CUresult cuMipmappedArrayDestroy(CUmipmappedArray handle) {
    struct driver_context *context;
    struct driver_mipmap *mipmap = NULL;
    CUresult status = array_begin(&context);
    if (status == CUDA_SUCCESS)
        status = mipmap_find(handle, &mipmap);
    if (status == CUDA_SUCCESS)
        mipmap_close(mipmap);
    return driver_end(status);
}

CUresult cuMipmappedArrayGetLevel(CUarray *array, CUmipmappedArray handle, unsigned int level) {
    struct driver_context *context;
    struct driver_mipmap *mipmap = NULL;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = mipmap_find(handle, &mipmap);
    if (status == CUDA_SUCCESS && (!array || level >= mipmap->image.levels))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *array = mipmap->levels[level]->handle;
    return driver_end(status);
}

/* ---- Copies of one line: of a box that is one row high ---- */

static CUDA_MEMCPY3D line_to_array(CUarray to, size_t offset, size_t bytes) {
    return (CUDA_MEMCPY3D){.dstMemoryType = CU_MEMORYTYPE_ARRAY,
                           .dstArray = to,
                           .dstXInBytes = offset,
                           .WidthInBytes = bytes,
                           .Height = 1,
                           .Depth = 1};
}

static CUDA_MEMCPY3D line_from_array(CUarray from, size_t offset, size_t bytes) {
    return (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_ARRAY,
                           .srcArray = from,
                           .srcXInBytes = offset,
                           .WidthInBytes = bytes,
                           .Height = 1,
                           .Depth = 1};
}

static CUDA_MEMCPY3D line_from_host(CUarray to, size_t offset, const void *from, size_t bytes) {
    CUDA_MEMCPY3D copy = line_to_array(to, offset, bytes);
    copy.srcMemoryType = CU_MEMORYTYPE_HOST;
    copy.srcHost = from;
    return copy;
}

static CUDA_MEMCPY3D line_to_host(void *to, CUarray from, size_t offset, size_t bytes) {
    CUDA_MEMCPY3D copy = line_from_array(from, offset, bytes);
    copy.dstMemoryType = CU_MEMORYTYPE_HOST;
    copy.dstHost = to;
    return copy;
}

CUresult cuMemcpyHtoA_v2(CUarray to, size_t offset, const void *from, size_t bytes) {
    const CUDA_MEMCPY3D copy = line_from_host(to, offset, from, bytes);
    return cuMemcpy3D_v2(&copy);
}
DRIVER_ALIAS(cuMemcpyHtoA_v2, cuMemcpyHtoA_v2_ptds);

CUresult cuMemcpyHtoAAsync_v2(CUarray to, size_t offset, const void *from, size_t bytes,
                              CUstream stream) {
    const CUDA_MEMCPY3D copy = line_from_host(to, offset, from, bytes);
    return cuMemcpy3DAsync_v2(&copy, stream);
}
DRIVER_ALIAS(cuMemcpyHtoAAsync_v2, cuMemcpyHtoAAsync_v2_ptsz);

CUresult cuMemcpyAtoH_v2(void *to, CUarray from, size_t offset, size_t bytes) {
    const CUDA_MEMCPY3D copy = line_to_host(to, from, offset, bytes);
    return cuMemcpy3D_v2(&copy);
}
DRIVER_ALIAS(cuMemcpyAtoH_v2, cuMemcpyAtoH_v2_ptds);

CUresult cuMemcpyAtoHAsync_v2(void *to, CUarray from, size_t offset, size_t bytes,
                              CUstream stream) {
    const CUDA_MEMCPY3D copy = line_to_host(to, from, offset, bytes);
    return cuMemcpy3DAsync_v2(&copy, stream);
}
DRIVER_ALIAS(cuMemcpyAtoHAsync_v2, cuMemcpyAtoHAsync_v2_ptsz);

CUresult cuMemcpyDtoA_v2(CUarray to, size_t offset, CUdeviceptr from, size_t bytes) {
    CUDA_MEMCPY3D copy = line_to_array(to, offset, bytes);
    copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    copy.srcDevice = from;
    return cuMemcpy3D_v2(&copy);
}
DRIVER_ALIAS(cuMemcpyDtoA_v2, cuMemcpyDtoA_v2_ptds);

CUresult cuMemcpyAtoD_v2(CUdeviceptr to, CUarray from, size_t offset, size_t bytes) {
    CUDA_MEMCPY3D copy = line_from_array(from, offset, bytes);
    copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    copy.dstDevice = to;
    return cuMemcpy3D_v2(&copy);
}
DRIVER_ALIAS(cuMemcpyAtoD_v2, cuMemcpyAtoD_v2_ptds);

CUresult cuMemcpyAtoA_v2(CUarray to, size_t to_offset, CUarray from, size_t from_offset,
                         size_t bytes) {
    CUDA_MEMCPY3D copy = line_to_array(to, to_offset, bytes);
    copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
    copy.srcArray = from;
    copy.srcXInBytes = from_offset;
    return cuMemcpy3D_v2(&copy);
}
DRIVER_ALIAS(cuMemcpyAtoA_v2, cuMemcpyAtoA_v2_ptds);
