/* cuFunc*. */
#include "emulator/driver/code/function.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/code/module.h"

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction handle) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS)
        status = value ? function_attribute(function, attribute, value) : CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute, int value) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS)
        status = function_set_attribute(function, attribute, value);
    return driver_end(status);
}

CUresult cuFuncSetCacheConfig(CUfunction handle, CUfunc_cache config) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && (unsigned)config > CU_FUNC_CACHE_PREFER_EQUAL)
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuFuncSetSharedMemConfig(CUfunction handle, CUsharedconfig config) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && (unsigned)config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuFuncGetModule(CUmodule *module, CUfunction handle) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && !module)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *module = function->module->handle;
    return driver_end(status);
}

CUresult cuFuncGetName(const char **name, CUfunction handle) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && !name)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *name = function->info->name;
    return driver_end(status);
}

CUresult cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset, size_t *size) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS)
        status = function_parameter(function, index, offset, size);
    return driver_end(status);
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction handle) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && !state)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return driver_end(status);
}

CUresult cuFuncLoad(CUfunction handle) {
    struct driver_function *function;
    return driver_end(function_begin(handle, &function));
}
