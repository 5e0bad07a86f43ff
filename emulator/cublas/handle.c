/* Handles, and what they keep. */
#include "emulator/cublas/handle.h"

#include <stdlib.h>

CUBLAS_API cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) {
    if (!handle)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (cuInit(0) != CUDA_SUCCESS)
        return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = calloc(1, sizeof **handle);
    return *handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

CUBLAS_API cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    free(handle);
    return handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

CUBLAS_API cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int *version) {
    (void)handle;
    if (!version)
        return CUBLAS_STATUS_INVALID_VALUE;
    *version = CUBLAS_VERSION;
    return CUBLAS_STATUS_SUCCESS;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): a type that is declared takes none. */
#define KEPT(Name, type, member)                                                                   \
    CUBLAS_API cublasStatus_t cublasSet##Name(cublasHandle_t handle, type value) {                 \
        if (!handle)                                                                               \
            return CUBLAS_STATUS_NOT_INITIALIZED;                                                  \
        handle->member = value;                                                                    \
        return CUBLAS_STATUS_SUCCESS;                                                              \
    }                                                                                              \
    CUBLAS_API cublasStatus_t cublasGet##Name(cublasHandle_t handle, type *value) {                \
        if (!handle)                                                                               \
            return CUBLAS_STATUS_NOT_INITIALIZED;                                                  \
        *value = handle->member;                                                                   \
        return CUBLAS_STATUS_SUCCESS;                                                              \
    }
/* NOLINTEND(bugprone-macro-parentheses) */
KEPT(Stream_v2, CUstream, stream)
KEPT(PointerMode_v2, cublasPointerMode_t, mode)
KEPT(MathMode, cublasMath_t, math) /* computed in f64 whatever it says */

CUBLAS_API cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace,
                                                size_t bytes) {
    (void)workspace, (void)bytes;
    return handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

static const char *status_name(cublasStatus_t status) {
    switch (status) {
    case CUBLAS_STATUS_SUCCESS:
        return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
        return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
        return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
        return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED:
        return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_NOT_SUPPORTED:
        return "CUBLAS_STATUS_NOT_SUPPORTED";
    }
    return "unknown status";
}

CUBLAS_API const char *cublasGetStatusName(cublasStatus_t status) {
    return status_name(status);
}

CUBLAS_API const char *cublasGetStatusString(cublasStatus_t status) {
    return status_name(status);
}

/* ---- What every computation begins with ---- */

cublasStatus_t stream_begin(CUstream stream) {
    CUstreamCaptureStatus capturing = CU_STREAM_CAPTURE_STATUS_NONE;
    if (cuStreamIsCapturing(stream, &capturing) != CUDA_SUCCESS)
        return CUBLAS_STATUS_EXECUTION_FAILED;
    return capturing == CU_STREAM_CAPTURE_STATUS_NONE ? CUBLAS_STATUS_SUCCESS
                                                      : CUBLAS_STATUS_NOT_SUPPORTED;
}

bool operand_is_there(const void *memory, size_t bytes) {
    CUdeviceptr base;
    size_t size;
    const CUdeviceptr address = (CUdeviceptr)(uintptr_t)memory;
    if (cuMemGetAddressRange_v2(&base, &size, address) != CUDA_SUCCESS)
        return false;
    return bytes <= size - (size_t)(address - base);
}
