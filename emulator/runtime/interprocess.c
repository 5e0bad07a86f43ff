/* Memory and events of other processes. */
#include "emulator/runtime/runtime.h"

RUNTIME_API cudaError_t cudaIpcGetMemHandle(CUipcMemHandle *handle, void *memory) {
    RUNTIME_RETURN(cuIpcGetMemHandle(handle, address_of(memory)));
}

RUNTIME_API cudaError_t cudaIpcOpenMemHandle(void **memory, CUipcMemHandle handle, unsigned flags) {
    CUdeviceptr address = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = memory ? cuIpcOpenMemHandle_v2(&address, handle, flags) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *memory = pointer_of(address);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaIpcCloseMemHandle(void *memory) {
    RUNTIME_RETURN(cuIpcCloseMemHandle(address_of(memory)));
}

RUNTIME_API cudaError_t cudaIpcGetEventHandle(CUipcEventHandle *handle, CUevent event) {
    RUNTIME_RETURN(cuIpcGetEventHandle(handle, event));
}

RUNTIME_API cudaError_t cudaIpcOpenEventHandle(CUevent *event, CUipcEventHandle handle) {
    RUNTIME_RETURN(cuIpcOpenEventHandle(event, handle));
}

/* ---- Pools ---- */

RUNTIME_API cudaError_t cudaMemPoolExportToShareableHandle(void *handle, CUmemoryPool pool,
                                                           CUmemAllocationHandleType type,
                                                           unsigned flags) {
    RUNTIME_RETURN(cuMemPoolExportToShareableHandle(handle, pool, type, flags));
}

RUNTIME_API cudaError_t cudaMemPoolImportFromShareableHandle(CUmemoryPool *pool, void *handle,
                                                             CUmemAllocationHandleType type,
                                                             unsigned flags) {
    RUNTIME_RETURN(cuMemPoolImportFromShareableHandle(pool, handle, type, flags));
}

RUNTIME_API cudaError_t cudaMemPoolExportPointer(CUmemPoolPtrExportData *data, void *memory) {
    RUNTIME_RETURN(cuMemPoolExportPointer(data, address_of(memory)));
}

RUNTIME_API cudaError_t cudaMemPoolImportPointer(void **memory, CUmemoryPool pool,
                                                 CUmemPoolPtrExportData *data) {
    CUdeviceptr address = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = memory ? cuMemPoolImportPointer(&address, pool, data) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *memory = pointer_of(address);
    return runtime_end(result);
}
