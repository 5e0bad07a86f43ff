/* Memory: of the device, of the host, managed, in pools; fills; and what a pointer is. */
#include "emulator/runtime/runtime.h"

#include <string.h>

/* Addresses of the device and of the host are the same numbers. */
/* ---- Allocating ---- */

/* Nothing is asked of the driver for nothing. */
RUNTIME_API cudaError_t cudaMalloc(void **memory, size_t bytes) {
    CUdeviceptr address = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS && !memory)
        result = CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS && bytes)
        result = cuMemAlloc_v2(&address, bytes);
    if (result == CUDA_SUCCESS)
        *memory = pointer_of(address);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaFree(void *memory) {
    RUNTIME_RETURN(memory ? cuMemFree_v2(address_of(memory)) : CUDA_SUCCESS);
}

RUNTIME_API cudaError_t cudaMallocManaged(void **memory, size_t bytes, unsigned flags) {
    CUdeviceptr address = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = memory ? cuMemAllocManaged(&address, bytes, flags) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *memory = pointer_of(address);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaMallocPitch(void **memory, size_t *pitch, size_t width, size_t height) {
    enum { ELEMENT = 4 };
    CUdeviceptr address = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = memory && pitch ? cuMemAllocPitch_v2(&address, pitch, width, height, ELEMENT)
                                 : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *memory = pointer_of(address);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaMalloc3D(struct cudaPitchedPtr *pitched, struct cudaExtent extent) {
    if (!pitched)
        return runtime_fail(cudaErrorInvalidValue);
    pitched->xsize = extent.width;
    pitched->ysize = extent.height;
    return cudaMallocPitch(&pitched->ptr, &pitched->pitch, extent.width,
                           extent.height * extent.depth);
}

/* Flags of the host's memory have the driver's numbers. */
RUNTIME_API cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned flags) {
    RUNTIME_RETURN(cuMemHostAlloc(memory, bytes, flags));
}

RUNTIME_API cudaError_t cudaMallocHost(void **memory, size_t bytes) {
    return cudaHostAlloc(memory, bytes, 0);
}

RUNTIME_API cudaError_t cudaFreeHost(void *memory) {
    RUNTIME_RETURN(memory ? cuMemFreeHost(memory) : CUDA_SUCCESS);
}

RUNTIME_API cudaError_t cudaHostRegister(void *memory, size_t bytes, unsigned flags) {
    RUNTIME_RETURN(cuMemHostRegister_v2(memory, bytes, flags));
}

RUNTIME_API cudaError_t cudaHostUnregister(void *memory) {
    RUNTIME_RETURN(cuMemHostUnregister(memory));
}

RUNTIME_API cudaError_t cudaHostGetDevicePointer(void **device, void *memory, unsigned flags) {
    CUdeviceptr address = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = device ? cuMemHostGetDevicePointer_v2(&address, memory, flags)
                        : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *device = pointer_of(address);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaHostGetFlags(unsigned *flags, void *memory) {
    RUNTIME_RETURN(cuMemHostGetFlags(flags, memory));
}

RUNTIME_API cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
    RUNTIME_RETURN(cuMemGetInfo_v2(available, total));
}

/* ---- In the order of a stream, and pools ---- */

RUNTIME_API cudaError_t cudaMallocAsync(void **memory, size_t bytes, CUstream stream) {
    CUdeviceptr address = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = memory ? cuMemAllocAsync(&address, bytes, stream) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *memory = pointer_of(address);
    return runtime_end(result);
}
RUNTIME_PER_THREAD(cudaMallocAsync, _ptsz);

RUNTIME_API cudaError_t cudaMallocFromPoolAsync(void **memory, size_t bytes, CUmemoryPool pool,
                                                CUstream stream) {
    CUdeviceptr address = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = memory ? cuMemAllocFromPoolAsync(&address, bytes, pool, stream)
                        : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *memory = pointer_of(address);
    return runtime_end(result);
}
RUNTIME_PER_THREAD(cudaMallocFromPoolAsync, _ptsz);

RUNTIME_API cudaError_t cudaFreeAsync(void *memory, CUstream stream) {
    RUNTIME_RETURN(memory ? cuMemFreeAsync(address_of(memory), stream) : CUDA_SUCCESS);
}
RUNTIME_PER_THREAD(cudaFreeAsync, _ptsz);

RUNTIME_API cudaError_t cudaDeviceGetDefaultMemPool(CUmemoryPool *pool, int device) {
    RUNTIME_RETURN(cuDeviceGetDefaultMemPool(pool, device));
}

RUNTIME_API cudaError_t cudaDeviceGetMemPool(CUmemoryPool *pool, int device) {
    RUNTIME_RETURN(cuDeviceGetMemPool(pool, device));
}

RUNTIME_API cudaError_t cudaDeviceSetMemPool(int device, CUmemoryPool pool) {
    RUNTIME_RETURN(cuDeviceSetMemPool(device, pool));
}

/* Properties and attributes of pools are the driver's, member for member. */
RUNTIME_API cudaError_t cudaMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *properties) {
    RUNTIME_RETURN(cuMemPoolCreate(pool, properties));
}

RUNTIME_API cudaError_t cudaMemPoolDestroy(CUmemoryPool pool) {
    RUNTIME_RETURN(cuMemPoolDestroy(pool));
}

RUNTIME_API cudaError_t cudaMemPoolTrimTo(CUmemoryPool pool, size_t bytes) {
    RUNTIME_RETURN(cuMemPoolTrimTo(pool, bytes));
}

RUNTIME_API cudaError_t cudaMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute,
                                                void *value) {
    RUNTIME_RETURN(cuMemPoolSetAttribute(pool, attribute, value));
}

RUNTIME_API cudaError_t cudaMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute,
                                                void *value) {
    RUNTIME_RETURN(cuMemPoolGetAttribute(pool, attribute, value));
}

RUNTIME_API cudaError_t cudaMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *access,
                                             size_t count) {
    RUNTIME_RETURN(cuMemPoolSetAccess(pool, access, count));
}

RUNTIME_API cudaError_t cudaMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool pool,
                                             CUmemLocation *location) {
    RUNTIME_RETURN(cuMemPoolGetAccess(flags, pool, location));
}

RUNTIME_API cudaError_t cudaMemGetDefaultMemPool(CUmemoryPool *pool, CUmemLocation *location,
                                                 CUmemAllocationType type) {
    RUNTIME_RETURN(cuMemGetDefaultMemPool(pool, location, type));
}

RUNTIME_API cudaError_t cudaMemGetMemPool(CUmemoryPool *pool, CUmemLocation *location,
                                          CUmemAllocationType type) {
    RUNTIME_RETURN(cuMemGetMemPool(pool, location, type));
}

RUNTIME_API cudaError_t cudaMemSetMemPool(CUmemLocation *location, CUmemAllocationType type,
                                          CUmemoryPool pool) {
    RUNTIME_RETURN(cuMemSetMemPool(location, type, pool));
}

/* ---- Fills ---- */

RUNTIME_API cudaError_t cudaMemset(void *memory, int value, size_t bytes) {
    RUNTIME_RETURN(bytes ? cuMemsetD8_v2(address_of(memory), (unsigned char)value, bytes)
                         : CUDA_SUCCESS);
}
RUNTIME_PER_THREAD(cudaMemset, _ptds);

RUNTIME_API cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, CUstream stream) {
    RUNTIME_RETURN(bytes ? cuMemsetD8Async(address_of(memory), (unsigned char)value, bytes, stream)
                         : CUDA_SUCCESS);
}
RUNTIME_PER_THREAD(cudaMemsetAsync, _ptsz);

RUNTIME_API cudaError_t cudaMemset2D(void *memory, size_t pitch, int value, size_t width,
                                     size_t height) {
    RUNTIME_RETURN(width && height ? cuMemsetD2D8_v2(address_of(memory), pitch,
                                                     (unsigned char)value, width, height)
                                   : CUDA_SUCCESS);
}
RUNTIME_PER_THREAD(cudaMemset2D, _ptds);

RUNTIME_API cudaError_t cudaMemset2DAsync(void *memory, size_t pitch, int value, size_t width,
                                          size_t height, CUstream stream) {
    RUNTIME_RETURN(width && height ? cuMemsetD2D8Async(address_of(memory), pitch,
                                                       (unsigned char)value, width, height, stream)
                                   : CUDA_SUCCESS);
}
RUNTIME_PER_THREAD(cudaMemset2DAsync, _ptsz);

/* Plane by plane. */
RUNTIME_API cudaError_t cudaMemset3D(struct cudaPitchedPtr pitched, int value,
                                     struct cudaExtent extent) {
    cudaError_t error = cudaSuccess;
    for (size_t plane = 0; plane < extent.depth && error == cudaSuccess; plane++)
        error = cudaMemset2D((char *)pitched.ptr + plane * pitched.pitch * pitched.ysize,
                             pitched.pitch, value, extent.width, extent.height);
    return error;
}
RUNTIME_PER_THREAD(cudaMemset3D, _ptds);

RUNTIME_API cudaError_t cudaMemset3DAsync(struct cudaPitchedPtr pitched, int value,
                                          struct cudaExtent extent, CUstream stream) {
    cudaError_t error = cudaSuccess;
    for (size_t plane = 0; plane < extent.depth && error == cudaSuccess; plane++)
        error = cudaMemset2DAsync((char *)pitched.ptr + plane * pitched.pitch * pitched.ysize,
                                  pitched.pitch, value, extent.width, extent.height, stream);
    return error;
}
RUNTIME_PER_THREAD(cudaMemset3DAsync, _ptsz);

/* ---- Pointers and advice ---- */

static int attribute_of(const void *memory, CUpointer_attribute attribute) {
    int value = 0;
    return cuPointerGetAttribute(&value, attribute, address_of(memory)) == CUDA_SUCCESS ? value : 0;
}

RUNTIME_API cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes,
                                                 const void *memory) {
    const CUresult result = runtime_begin();
    if (result != CUDA_SUCCESS || !attributes)
        return runtime_end(result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE);
    *attributes = (struct cudaPointerAttributes){.type = cudaMemoryTypeUnregistered, .device = -2};
    const int type = attribute_of(memory, CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
    void *same;
    memcpy(&same, &memory, sizeof same);
    if (!type) {
        attributes->hostPointer = same;
        return cudaSuccess;
    }
    attributes->device = attribute_of(memory, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL);
    attributes->devicePointer = same;
    attributes->type = type == CU_MEMORYTYPE_HOST ? cudaMemoryTypeHost : cudaMemoryTypeDevice;
    if (attribute_of(memory, CU_POINTER_ATTRIBUTE_IS_MANAGED))
        attributes->type = cudaMemoryTypeManaged;
    if (attributes->type != cudaMemoryTypeDevice)
        attributes->hostPointer = same;
    return cudaSuccess;
}

/* Version 13 names places by structures, which were the second form of version 12. */
#if RUNTIME_VERSION >= 13000
#    define PREFETCH_WITH_LOCATION cudaMemPrefetchAsync
#    define ADVISE_WITH_LOCATION cudaMemAdvise
#else
#    define PREFETCH_WITH_LOCATION cudaMemPrefetchAsync_v2
#    define ADVISE_WITH_LOCATION cudaMemAdvise_v2
RUNTIME_API cudaError_t cudaMemPrefetchAsync(const void *memory, size_t bytes, int device,
                                             CUstream stream) {
    RUNTIME_RETURN(cuMemPrefetchAsync(address_of(memory), bytes, device, stream));
}
RUNTIME_PER_THREAD(cudaMemPrefetchAsync, _ptsz);

RUNTIME_API cudaError_t cudaMemAdvise(const void *memory, size_t bytes, CUmem_advise advice,
                                      int device) {
    RUNTIME_RETURN(cuMemAdvise(address_of(memory), bytes, advice, device));
}
#endif

RUNTIME_API cudaError_t PREFETCH_WITH_LOCATION(const void *memory, size_t bytes,
                                               CUmemLocation location, unsigned flags,
                                               CUstream stream) {
    RUNTIME_RETURN(cuMemPrefetchAsync_v2(address_of(memory), bytes, location, flags, stream));
}
#if RUNTIME_VERSION >= 13000
RUNTIME_PER_THREAD(cudaMemPrefetchAsync, _ptsz);
#else
RUNTIME_PER_THREAD(cudaMemPrefetchAsync_v2, _ptsz);
#endif

RUNTIME_API cudaError_t ADVISE_WITH_LOCATION(const void *memory, size_t bytes, CUmem_advise advice,
                                             CUmemLocation location) {
    RUNTIME_RETURN(cuMemAdvise_v2(address_of(memory), bytes, advice, location));
}
