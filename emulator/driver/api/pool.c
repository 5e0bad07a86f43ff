/* Allocation in stream order: cuMemAllocAsync, cuMemPool*, and the pools of the device. */
#include "emulator/driver/memory/pool.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/memory/allocation.h"
#include "emulator/driver/prepare.h"
#include "emulator/driver/stream.h"

static CUresult pool_begin(CUmemoryPool handle, struct driver_pool **pool) {
    CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? pool_find(handle, pool) : status;
}

/* While a stream is captured, its allocations are nodes of the graph. */
static CUresult pool_capture_allocation(struct driver_stream *stream, size_t bytes,
                                        CUdeviceptr *address) {
    CUDA_MEM_ALLOC_NODE_PARAMS parameters = {
        .poolProps = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                      .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE,
                                   .id = stream->context->device}},
        .bytesize = bytes};
    struct driver_operation operation;
    CUresult status =
        address ? prepare_allocation(&operation, &parameters) : CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return status;
    status = operation_submit(stream, &operation);
    if (status == CUDA_SUCCESS)
        *address = parameters.dptr;
    prepare_release(&operation);
    return status;
}

static CUresult pool_capture_free(struct driver_stream *stream, CUdeviceptr address) {
    struct driver_operation operation;
    const CUresult status = prepare_free(&operation, address);
    return status == CUDA_SUCCESS ? operation_submit(stream, &operation) : status;
}

static enum allocation_kind kind_of(const struct driver_pool *pool) {
    if (pool->place.type == CU_MEM_ALLOCATION_TYPE_MANAGED)
        return ALLOCATION_POOL_MANAGED;
    return pool->place.location.type == CU_MEM_LOCATION_TYPE_DEVICE ? ALLOCATION_POOL
                                                                    : ALLOCATION_POOL_HOST;
}

/* `pool_handle` NULL: from the device's current pool. */
static CUresult pool_allocate(const char *call, CUmemoryPool pool_handle, size_t bytes,
                              CUstream handle, CUdeviceptr *address) {
    struct driver_stream *stream;
    struct driver_pool *pool = NULL;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && stream->capture)
        return driver_end_of(call, pool_capture_allocation(stream, bytes, address));
    if (status == CUDA_SUCCESS)
        status = (pool = pool_of_device(stream->context->device)) ? CUDA_SUCCESS
                                                                  : CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS && pool_handle)
        status = pool_find(pool_handle, &pool);
    if (status == CUDA_SUCCESS && pool->origin.process) {
        driver_find(
            "cuMemAllocFromPoolAsync: the pool is another process's, which nothing is taken from");
        status = CUDA_ERROR_INVALID_VALUE;
    }
    if (status == CUDA_SUCCESS)
        status = allocation_create(stream->context, kind_of(pool), bytes, 0, pool, address);
    return driver_end_of(call, status);
}

CUresult cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream stream) {
    return pool_allocate(__func__, NULL, bytes, stream, address);
}
DRIVER_ALIAS(cuMemAllocAsync, cuMemAllocAsync_ptsz);

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *address, size_t bytes, CUmemoryPool pool,
                                 CUstream stream) {
    return pool ? pool_allocate(__func__, pool, bytes, stream, address) : CUDA_ERROR_INVALID_HANDLE;
}
DRIVER_ALIAS(cuMemAllocFromPoolAsync, cuMemAllocFromPoolAsync_ptsz);

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream handle) {
    enum {
        FREED = 1 << ALLOCATION_POOL | 1 << ALLOCATION_POOL_HOST | 1 << ALLOCATION_POOL_MANAGED |
                1 << ALLOCATION_DEVICE | 1 << ALLOCATION_GRAPH | 1 << ALLOCATION_POOL_IMPORTED
    };
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS && stream->capture)
        return driver_end(pool_capture_free(stream, address));
    if (status == CUDA_SUCCESS)
        status = allocation_free_at("cuMemFreeAsync", address, FREED);
    return driver_end(status);
}
DRIVER_ALIAS(cuMemFreeAsync, cuMemFreeAsync_ptsz);

/* ---- Pools ---- */

/* With nobody; or, as a file descriptor, where the memory is a device's. */
static bool is_shared_so(const CUmemPoolProps *properties) {
    return properties->handleTypes == CU_MEM_HANDLE_TYPE_NONE ||
           (properties->handleTypes == CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR &&
            properties->allocType == CU_MEM_ALLOCATION_TYPE_PINNED &&
            properties->location.type == CU_MEM_LOCATION_TYPE_DEVICE);
}

CUresult cuMemPoolCreate(CUmemoryPool *handle, const CUmemPoolProps *properties) {
    CUresult status = driver_begin();
    struct pool_place place = {CU_MEM_ALLOCATION_TYPE_INVALID, {CU_MEM_LOCATION_TYPE_INVALID, 0}};
    if (properties)
        place = (struct pool_place){properties->allocType, properties->location};
    if (status == CUDA_SUCCESS && (!handle || !properties || !pool_find_place(&place)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && !is_shared_so(properties))
        status = CUDA_ERROR_NOT_SUPPORTED;
    if (status == CUDA_SUCCESS) {
        struct driver_pool *pool = pool_open(&place);
        status = pool ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
        if (pool) {
            pool->is_shareable = properties->handleTypes != CU_MEM_HANDLE_TYPE_NONE;
            *handle = pool->handle;
        }
    }
    return driver_end(status);
}

CUresult cuMemPoolDestroy(CUmemoryPool handle) {
    struct driver_pool *pool;
    CUresult status = pool_begin(handle, &pool);
    if (status == CUDA_SUCCESS && pool == pool_own(&pool->place))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        allocation_forget_pool(pool);
        pool_close(pool);
    }
    return driver_end(status);
}

CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t bytes) {
    struct driver_pool *pool;
    (void)bytes; /* a pool keeps nothing that is not in use */
    return driver_end(pool_begin(handle, &pool));
}

CUresult cuMemPoolGetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void *value) {
    struct driver_pool *pool;
    CUresult status = pool_begin(handle, &pool);
    if (status == CUDA_SUCCESS && !value)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    switch (attribute) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
        *(int *)value = pool->reuse[attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES];
        break;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
        *(cuuint64_t *)value = pool->release_threshold;
        break;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
        *(cuuint64_t *)value = pool->used;
        break;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
        *(cuuint64_t *)value = pool->used_high;
        break;
    default:
        status = CUDA_ERROR_INVALID_VALUE;
    }
    return driver_end(status);
}

CUresult cuMemPoolSetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void *value) {
    struct driver_pool *pool;
    CUresult status = pool_begin(handle, &pool);
    if (status == CUDA_SUCCESS && !value)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    switch (attribute) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
        pool->reuse[attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES] =
            *(const int *)value;
        break;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
        pool->release_threshold = *(const cuuint64_t *)value;
        break;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH: /* only 0 may be set: it starts the mark again */
        if (*(const cuuint64_t *)value)
            status = CUDA_ERROR_INVALID_VALUE;
        else
            pool->used_high = pool->used;
        break;
    default:
        status = CUDA_ERROR_INVALID_VALUE;
    }
    return driver_end(status);
}

/* A device, or the host, from where all pools can be accessed. */
static bool has_location(const CUmemLocation *location) {
    const struct pool_place place = {CU_MEM_ALLOCATION_TYPE_PINNED, *location};
    return pool_find_place(&place) != NULL;
}

CUresult cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool handle,
                            CUmemLocation *location) {
    struct driver_pool *pool;
    CUresult status = pool_begin(handle, &pool);
    if (status == CUDA_SUCCESS && (!flags || !location || !has_location(location)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    return driver_end(status);
}

CUresult cuMemPoolSetAccess(CUmemoryPool handle, const CUmemAccessDesc *access, size_t count) {
    struct driver_pool *pool;
    CUresult status = pool_begin(handle, &pool);
    if (status == CUDA_SUCCESS && count && !access)
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++)
        if (!has_location(&access[i].location))
            status = CUDA_ERROR_INVALID_DEVICE;
    return driver_end(status);
}

/* ---- The pools of a place ---- */

/* `find` is pool_own or pool_current. */
static CUresult pool_of_place(CUmemoryPool *handle, const struct pool_place *place,
                              struct driver_pool *(*find)(const struct pool_place *)) {
    CUresult status = driver_begin();
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    if (!handle || !pool_find_place(place))
        return driver_end(CUDA_ERROR_INVALID_VALUE);
    const struct driver_pool *pool = find(place);
    if (pool)
        *handle = pool->handle;
    return driver_end(pool ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY);
}

static struct pool_place place_at(const CUmemLocation *location, CUmemAllocationType type) {
    static const CUmemLocation nowhere = {(CUmemLocationType)-1, 0};
    return (struct pool_place){type, location ? *location : nowhere};
}

CUresult cuMemGetDefaultMemPool(CUmemoryPool *pool, CUmemLocation *location,
                                CUmemAllocationType type) {
    const struct pool_place place = place_at(location, type);
    return pool_of_place(pool, &place, pool_own);
}

CUresult cuMemGetMemPool(CUmemoryPool *pool, CUmemLocation *location, CUmemAllocationType type) {
    const struct pool_place place = place_at(location, type);
    return pool_of_place(pool, &place, pool_current);
}

CUresult cuMemSetMemPool(CUmemLocation *location, CUmemAllocationType type, CUmemoryPool handle) {
    const struct pool_place place = place_at(location, type);
    struct driver_pool *pool;
    CUresult status = pool_begin(handle, &pool);
    if (status == CUDA_SUCCESS && (pool->origin.process || !pool_find_place(&place) ||
                                   pool_find_place(&place) != pool_find_place(&pool->place)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        pool_find_place(&place)->current = pool;
    return driver_end(status);
}

static CUresult device_pool(CUmemoryPool *handle, CUdevice device,
                            struct driver_pool *(*find)(const struct pool_place *)) {
    CUresult status = driver_begin_device(device, handle);
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    const CUmemLocation location = {CU_MEM_LOCATION_TYPE_DEVICE, device};
    const struct pool_place place = place_at(&location, CU_MEM_ALLOCATION_TYPE_PINNED);
    const struct driver_pool *pool = find(&place);
    if (pool)
        *handle = pool->handle;
    return driver_end(pool ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY);
}

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device) {
    return device_pool(pool, device, pool_own);
}

CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device) {
    return device_pool(pool, device, pool_current);
}

CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool handle) {
    struct driver_pool *pool = NULL;
    CUresult status = driver_begin_device(device, handle);
    if (status == CUDA_SUCCESS)
        status = pool_find(handle, &pool);
    if (status == CUDA_SUCCESS &&
        (pool->origin.process || pool_find_place(&pool->place) != &driver.seats[device].pools))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        driver.seats[device].pools.current = pool;
    return driver_end(status);
}

/* What graphs have allocated now; nothing stays reserved behind a free. */
CUresult cuDeviceGetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attribute,
                                      void *value) {
    CUresult status = driver_begin_device(device, value);
    const bool high = attribute == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH ||
                      attribute == CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH;
    if (status == CUDA_SUCCESS && (unsigned)attribute > CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *(cuuint64_t *)value = high ? driver.graph_bytes_high : driver.graph_bytes;
    return driver_end(status);
}

CUresult cuDeviceSetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attribute,
                                      void *value) {
    CUresult status = driver_begin_device(device, value);
    bool high = attribute == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH ||
                attribute == CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH;
    if (status == CUDA_SUCCESS && (!high || *(const cuuint64_t *)value))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        driver.graph_bytes_high = driver.graph_bytes;
    return driver_end(status);
}

CUresult cuDeviceGraphMemTrim(CUdevice device) {
    return driver_end(driver_begin_device(device, &driver));
}
