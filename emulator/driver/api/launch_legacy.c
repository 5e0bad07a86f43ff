/* Launches as before CUDA 4: block, shared memory and parameters are said one at a time, then the
 * function is launched. */
#include "emulator/driver/api/api.h"
#include "emulator/driver/code/function.h"

#include <stdlib.h>
#include <string.h>

/* The beginning of a call that says something of the next launch. */
static CUresult legacy_begin(CUfunction handle, struct function_legacy **legacy) {
    struct driver_function *function;
    const CUresult status = function_begin(handle, &function);
    if (status != CUDA_SUCCESS)
        return status;
    if (!function->legacy)
        function->legacy = calloc(1, sizeof *function->legacy);
    *legacy = function->legacy;
    return *legacy ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuFuncSetBlockShape(CUfunction function, int x, int y, int z) {
    struct function_legacy *legacy;
    CUresult status = legacy_begin(function, &legacy);
    if (status == CUDA_SUCCESS && (x < 1 || y < 1 || z < 1))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const unsigned block[3] = {(unsigned)x, (unsigned)y, (unsigned)z};
        memcpy(legacy->block, block, sizeof block);
    }
    return driver_end(status);
}

CUresult cuFuncSetSharedSize(CUfunction function, unsigned int bytes) {
    struct function_legacy *legacy;
    const CUresult status = legacy_begin(function, &legacy);
    if (status == CUDA_SUCCESS)
        legacy->shared_bytes = bytes;
    return driver_end(status);
}

CUresult cuParamSetSize(CUfunction function, unsigned int bytes) {
    struct function_legacy *legacy;
    CUresult status = legacy_begin(function, &legacy);
    if (status == CUDA_SUCCESS && bytes > FUNCTION_PARAMETER_BYTES)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        legacy->parameter_bytes = bytes;
    return driver_end(status);
}

CUresult cuParamSetv(CUfunction function, int offset, void *value, unsigned int bytes) {
    struct function_legacy *legacy;
    CUresult status = legacy_begin(function, &legacy);
    if (status == CUDA_SUCCESS && (!value || offset < 0 || bytes > FUNCTION_PARAMETER_BYTES ||
                                   (unsigned)offset > FUNCTION_PARAMETER_BYTES - bytes))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        memcpy(legacy->parameters + offset, value, bytes);
    return driver_end(status);
}

CUresult cuParamSeti(CUfunction function, int offset, unsigned int value) {
    return cuParamSetv(function, offset, &value, sizeof value);
}

CUresult cuParamSetf(CUfunction function, int offset, float value) {
    return cuParamSetv(function, offset, &value, sizeof value);
}

CUresult cuLaunchGridAsync(CUfunction function, int width, int height, CUstream stream) {
    struct function_legacy *found = NULL, legacy = {0};
    CUresult status = legacy_begin(function, &found);
    if (status == CUDA_SUCCESS)
        legacy = *found;
    status = driver_end(status);
    if (status != CUDA_SUCCESS)
        return status;
    if (width < 1 || height < 1)
        return CUDA_ERROR_INVALID_VALUE;
    size_t bytes = legacy.parameter_bytes;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, legacy.parameters, CU_LAUNCH_PARAM_BUFFER_SIZE,
                     &bytes, CU_LAUNCH_PARAM_END};
    return cuLaunchKernel(function, (unsigned)width, (unsigned)height, 1, legacy.block[0],
                          legacy.block[1], legacy.block[2], legacy.shared_bytes, stream, NULL,
                          extra);
}

CUresult cuLaunchGrid(CUfunction function, int width, int height) {
    return cuLaunchGridAsync(function, width, height, NULL);
}

CUresult cuLaunch(CUfunction function) {
    return cuLaunchGrid(function, 1, 1);
}
