/* cuIpc*, and pools that processes share. */
#include "emulator/driver/memory/interprocess.h"

#include <stdint.h>
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/event.h"
#include "emulator/driver/memory/allocation.h"

/* A handle is one of all of the allocation, wherever the address lies in it. */
CUresult cuIpcGetMemHandle(CUipcMemHandle *handle, CUdeviceptr address) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    const struct driver_allocation *allocation =
        status == CUDA_SUCCESS ? allocation_find(address) : NULL;
    if (status == CUDA_SUCCESS &&
        (!handle || !allocation || allocation->kind != ALLOCATION_DEVICE)) {
        driver_find("cuIpcGetMemHandle: 0x%llx is not memory of cuMemAlloc", address);
        status = CUDA_ERROR_INVALID_VALUE;
    }
    if (status == CUDA_SUCCESS)
        status = interprocess_share(allocation, handle);
    return driver_end(status);
}

CUresult cuIpcOpenMemHandle_v2(CUdeviceptr *address, CUipcMemHandle handle, unsigned int flags) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!address || flags != CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = interprocess_open(context, &handle, address);
    return driver_end(status);
}

CUresult cuIpcCloseMemHandle(CUdeviceptr address) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = interprocess_close(address);
    return driver_end(status);
}

CUresult cuIpcGetEventHandle(CUipcEventHandle *handle, CUevent event_handle) {
    struct driver_context *context;
    struct driver_event *event = NULL;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = event_find(event_handle, &event);
    if (status == CUDA_SUCCESS && (!handle || !(event->flags & CU_EVENT_INTERPROCESS)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        interprocess_sign_event(handle);
    return driver_end(status);
}

/* Work is done when it is submitted. So what the other process has recorded is over whenever this
 * one asks, and an event of its own says the same. */
CUresult cuIpcOpenEventHandle(CUevent *event, CUipcEventHandle handle) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!event || !interprocess_is_event(&handle)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = event_open(context, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING, event);
    return driver_end(status);
}

/* ---- Pools ---- */

CUresult cuMemPoolExportToShareableHandle(void *handle, CUmemoryPool pool_handle,
                                          CUmemAllocationHandleType type,
                                          unsigned long long flags) {
    struct driver_pool *pool;
    int file = -1;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = pool_find(pool_handle, &pool);
    if (status == CUDA_SUCCESS && (!handle || flags || !pool->is_shareable ||
                                   type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = interprocess_share_pool(pool, &file);
    if (status == CUDA_SUCCESS)
        memcpy(handle, &file, sizeof file);
    return driver_end(status);
}

/* The handle is the descriptor, which stays the caller's. */
CUresult cuMemPoolImportFromShareableHandle(CUmemoryPool *pool_handle, void *handle,
                                            CUmemAllocationHandleType type,
                                            unsigned long long flags) {
    struct driver_pool *pool;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS &&
        (!pool_handle || flags || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = interprocess_open_pool((int)(intptr_t)handle, &pool);
    if (status == CUDA_SUCCESS)
        *pool_handle = pool->handle;
    return driver_end(status);
}

CUresult cuMemPoolExportPointer(CUmemPoolPtrExportData *data, CUdeviceptr address) {
    CUresult status = driver_begin();
    const struct driver_allocation *allocation =
        status == CUDA_SUCCESS ? allocation_find(address) : NULL;
    const bool is_shareable = allocation && allocation->address == address &&
                              allocation->kind == ALLOCATION_POOL && allocation->pool &&
                              allocation->pool->is_shareable;
    if (status == CUDA_SUCCESS && (!data || !is_shareable))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = interprocess_share_of_pool(allocation, data);
    return driver_end(status);
}

// NOLINTNEXTLINE(readability-non-const-parameter): the types are the API's
CUresult cuMemPoolImportPointer(CUdeviceptr *address, CUmemoryPool pool_handle,
                                CUmemPoolPtrExportData *data) {
    struct driver_context *context;
    struct driver_pool *pool;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = pool_find(pool_handle, &pool);
    if (status == CUDA_SUCCESS && (!address || !data))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = interprocess_open_of_pool(context, pool, data, address);
    return driver_end(status);
}
