/* cuMem*: memory allocated, registered, freed and advised. */
#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/memory/allocation.h"
#include "emulator/driver/memory/managed.h"
#include "emulator/driver/stream.h"

enum { PITCH_ALIGNMENT = 512 };

/* Allocating and freeing waits for the device, which a strict capture forbids. */
static CUresult memory_begin(struct driver_context **context) {
    CUresult status = driver_begin_context(context);
    return status == CUDA_SUCCESS ? capture_forbid() : status;
}

/* Addresses are unified: what is freed need not be of the context that is current, and none need
 * be.
 */
static CUresult memory_begin_free(void) {
    struct driver_context *context;
    if (driver_current())
        return memory_begin(&context);
    const CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? capture_forbid() : status;
}

/* ---- Device memory ---- */

CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    const size_t whole = driver.properties.memory_bytes;
    const size_t used = status == CUDA_SUCCESS ? allocation_used(context->device) : 0;
    if (status == CUDA_SUCCESS && available)
        *available = whole - used;
    if (status == CUDA_SUCCESS && total)
        *total = whole;
    return driver_end(status);
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
    struct driver_context *context;
    CUresult status = memory_begin(&context);
    if (status == CUDA_SUCCESS)
        status = allocation_create(context, ALLOCATION_DEVICE, bytes, 0, NULL, address);
    return driver_end(status);
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width_bytes, size_t height,
                            unsigned int element_bytes) {
    struct driver_context *context;
    CUresult status = memory_begin(&context);
    size_t row = (width_bytes + PITCH_ALIGNMENT - 1) / PITCH_ALIGNMENT * PITCH_ALIGNMENT;
    bool element_known = element_bytes == 4 || element_bytes == 8 || element_bytes == 16;
    if (status == CUDA_SUCCESS &&
        (!pitch || !element_known || !height || row < width_bytes || row > SIZE_MAX / height))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = allocation_create(context, ALLOCATION_DEVICE, row * height, 0, NULL, address);
    if (status == CUDA_SUCCESS)
        *pitch = row;
    return driver_end(status);
}

CUresult cuMemAllocManaged(CUdeviceptr *address, size_t bytes, unsigned int flags) {
    struct driver_context *context;
    CUresult status = memory_begin(&context);
    if (status == CUDA_SUCCESS && flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = allocation_create(context, ALLOCATION_MANAGED, bytes, flags, NULL, address);
    return driver_end(status);
}

CUresult cuMemFree_v2(CUdeviceptr address) {
    enum {
        FREED = 1 << ALLOCATION_DEVICE | 1 << ALLOCATION_MANAGED | 1 << ALLOCATION_POOL |
                1 << ALLOCATION_POOL_HOST | 1 << ALLOCATION_POOL_MANAGED | 1 << ALLOCATION_GRAPH |
                1 << ALLOCATION_POOL_IMPORTED
    };
    CUresult status = memory_begin_free();
    if (status == CUDA_SUCCESS)
        status = allocation_free_at("cuMemFree", address, FREED);
    return driver_end(status);
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr address) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS) {
        struct machine_range range = machine_find_range(driver.machine, address);
        if (range.kind == MACHINE_MEMORY_NONE)
            status = CUDA_ERROR_NOT_FOUND;
        if (status == CUDA_SUCCESS && base)
            *base = range.address;
        if (status == CUDA_SUCCESS && size)
            *size = range.size;
    }
    return driver_end(status);
}

/* ---- Ranges of managed memory ---- */

CUresult cuMemAdvise_v2(CUdeviceptr address, size_t count, CUmem_advise advice,
                        CUmemLocation location) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = managed_advise(address, count, advice, location);
    return driver_end(status);
}

CUresult cuMemAdvise(CUdeviceptr address, size_t count, CUmem_advise advice, CUdevice device) {
    return cuMemAdvise_v2(address, count, advice, managed_location(device));
}

CUresult cuMemPrefetchAsync_v2(CUdeviceptr address, size_t count, CUmemLocation location,
                               unsigned int flags, CUstream handle) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = capture_forbid_stream(stream);
    if (status == CUDA_SUCCESS)
        status = managed_prefetch(address, count, location);
    return driver_end(status);
}
DRIVER_ALIAS(cuMemPrefetchAsync_v2, cuMemPrefetchAsync_v2_ptsz);

CUresult cuMemPrefetchAsync(CUdeviceptr address, size_t count, CUdevice device, CUstream stream) {
    return cuMemPrefetchAsync_v2(address, count, managed_location(device), 0, stream);
}
DRIVER_ALIAS(cuMemPrefetchAsync, cuMemPrefetchAsync_ptsz);

CUresult cuMemRangeGetAttributes(void **data, size_t *sizes, CUmem_range_attribute *attributes,
                                 size_t number, CUdeviceptr address, size_t count) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!data || !sizes || !attributes || !number))
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; status == CUDA_SUCCESS && i < number; i++)
        status = managed_read(address, count, attributes[i], data[i], sizes[i]);
    return driver_end(status);
}

CUresult cuMemRangeGetAttribute(void *data, size_t size, CUmem_range_attribute attribute,
                                CUdeviceptr address, size_t count) {
    return cuMemRangeGetAttributes(&data, &size, &attribute, 1, address, count);
}

/* ---- Host memory ---- */

CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned int flags) {
    enum {
        KNOWN = CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED
    };
    struct driver_context *context;
    CUdeviceptr address = 0;
    CUresult status = memory_begin(&context);
    if (status == CUDA_SUCCESS && (!memory || flags & ~(unsigned)KNOWN))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = allocation_create(context, ALLOCATION_HOST, bytes, flags, NULL, &address);
    if (status == CUDA_SUCCESS)
        *memory = allocation_pointer(address);
    return driver_end(status);
}

CUresult cuMemAllocHost_v2(void **memory, size_t bytes) {
    return cuMemHostAlloc(memory, bytes, 0);
}

CUresult cuMemFreeHost(void *memory) {
    struct driver_context *context;
    CUresult status = memory_begin(&context);
    if (status == CUDA_SUCCESS)
        status = allocation_free_at("cuMemFreeHost", (CUdeviceptr)(uintptr_t)memory,
                                    1 << ALLOCATION_HOST);
    return driver_end(status);
}

CUresult cuMemHostRegister_v2(void *memory, size_t bytes, unsigned int flags) {
    enum {
        KNOWN = CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP |
                CU_MEMHOSTREGISTER_READ_ONLY
    };
    struct driver_context *context;
    CUresult status = memory_begin(&context);
    if (status == CUDA_SUCCESS && flags & CU_MEMHOSTREGISTER_IOMEMORY)
        status = CUDA_ERROR_NOT_SUPPORTED;
    if (status == CUDA_SUCCESS && (!memory || !bytes || flags & ~(unsigned)KNOWN))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = allocation_register(context, memory, bytes, flags);
    return driver_end(status);
}
DRIVER_ALIAS(cuMemHostRegister_v2, cuMemHostRegister);

CUresult cuMemHostUnregister(void *memory) {
    struct driver_context *context;
    CUresult status = memory_begin(&context);
    if (status == CUDA_SUCCESS) {
        struct driver_allocation *allocation = allocation_find((CUdeviceptr)(uintptr_t)memory);
        bool ours = allocation && allocation->address == (CUdeviceptr)(uintptr_t)memory &&
                    allocation->kind == ALLOCATION_REGISTERED;
        status = ours ? allocation_free(allocation) : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
        if (!ours)
            driver_find("cuMemHostUnregister: %p is not the start of memory that is registered",
                        memory);
    }
    return driver_end(status);
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *address, void *memory, unsigned int flags) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    const struct driver_allocation *allocation =
        status == CUDA_SUCCESS ? allocation_find((CUdeviceptr)(uintptr_t)memory) : NULL;
    if (status == CUDA_SUCCESS && (!address || flags || !allocation))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *address = (CUdeviceptr)(uintptr_t)memory;
    return driver_end(status);
}

CUresult cuMemHostGetFlags(unsigned int *flags, void *memory) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    const struct driver_allocation *allocation =
        status == CUDA_SUCCESS ? allocation_find((CUdeviceptr)(uintptr_t)memory) : NULL;
    if (status == CUDA_SUCCESS && (!flags || !allocation || allocation->kind != ALLOCATION_HOST))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *flags = allocation->flags;
    return driver_end(status);
}
