/* cuIpc*. */
#include "emulator/driver/memory/interprocess.h"
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

/* Work is done when it is submitted. So what the other process has recorded is over whenever this one
 * asks, and an event of its own says the same. */
CUresult cuIpcOpenEventHandle(CUevent *event, CUipcEventHandle handle) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!event || !interprocess_is_event(&handle)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = event_open(context, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING, event);
    return driver_end(status);
}
