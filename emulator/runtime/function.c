/* Kernels: their handles, attributes and occupancy. */
#include "emulator/runtime/registry.h"
#include "emulator/runtime/runtime.h"

#include <string.h>

/* The driver's function of a host function, or the error of there being none. */
static cudaError_t function_of(const void *host, CUfunction *function) {
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = registry_find(host, function);
    return result == CUDA_ERROR_INVALID_HANDLE ? runtime_fail(cudaErrorInvalidDeviceFunction)
                                               : runtime_end(result);
}

/* nvcc keeps what this gives, so it stays the same when the device is reset. */
RUNTIME_API cudaError_t __cudaGetKernel(struct runtime_kernel **kernel, const void *host) {
    *kernel = registry_kernel(host);
    return *kernel ? cudaSuccess : runtime_fail(cudaErrorInvalidDeviceFunction);
}

RUNTIME_API cudaError_t cudaGetKernel(struct runtime_kernel **kernel, const void *host) {
    return kernel ? __cudaGetKernel(kernel, host) : runtime_fail(cudaErrorInvalidValue);
}

RUNTIME_API cudaError_t cudaGetFuncBySymbol(CUfunction *function, const void *host) {
    return function ? function_of(host, function) : runtime_fail(cudaErrorInvalidValue);
}

RUNTIME_API cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes,
                                              const void *host) {
    CUfunction function;
    int values[CU_FUNC_ATTRIBUTE_MAX];
    CUresult result = CUDA_SUCCESS;
    if (!attributes)
        return runtime_fail(cudaErrorInvalidValue);
    const cudaError_t error = function_of(host, &function);
    if (error != cudaSuccess)
        return error;
    for (int i = 0; i < CU_FUNC_ATTRIBUTE_MAX && result == CUDA_SUCCESS; i++)
        result = cuFuncGetAttribute(&values[i], (CUfunction_attribute)i, function);
    if (result != CUDA_SUCCESS)
        return runtime_end(result);
    *attributes = (struct cudaFuncAttributes){
        .sharedSizeBytes = (size_t)values[CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES],
        .constSizeBytes = (size_t)values[CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES],
        .localSizeBytes = (size_t)values[CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES],
        .maxThreadsPerBlock = values[CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK],
        .numRegs = values[CU_FUNC_ATTRIBUTE_NUM_REGS],
        .ptxVersion = values[CU_FUNC_ATTRIBUTE_PTX_VERSION],
        .binaryVersion = values[CU_FUNC_ATTRIBUTE_BINARY_VERSION],
        .cacheModeCA = values[CU_FUNC_ATTRIBUTE_CACHE_MODE_CA],
        .maxDynamicSharedSizeBytes = values[CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES],
        .preferredShmemCarveout = values[CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT],
        .clusterDimMustBeSet = values[CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET],
        .requiredClusterWidth = values[CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH],
        .requiredClusterHeight = values[CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT],
        .requiredClusterDepth = values[CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH],
        .clusterSchedulingPolicyPreference =
            values[CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE],
        .nonPortableClusterSizeAllowed =
            values[CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED],
    };
    return cudaSuccess;
}

/* Attributes and caches have the driver's numbers. */
RUNTIME_API cudaError_t cudaFuncSetAttribute(const void *host, CUfunction_attribute attribute,
                                             int value) {
    CUfunction function;
    const cudaError_t error = function_of(host, &function);
    return error != cudaSuccess ? error
                                : runtime_end(cuFuncSetAttribute(function, attribute, value));
}

RUNTIME_API cudaError_t cudaKernelSetAttributeForDevice(const void *kernel,
                                                        CUfunction_attribute attribute, int value,
                                                        int device) {
    CUfunction function;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = registry_find_on(kernel, device, &function);
    if (result == CUDA_ERROR_INVALID_HANDLE)
        return runtime_fail(cudaErrorInvalidDeviceFunction);
    return runtime_end(result == CUDA_SUCCESS
                           ? cuKernelSetAttribute(attribute, value, (CUkernel)function, device)
                           : result);
}

RUNTIME_API cudaError_t cudaFuncSetCacheConfig(const void *host, CUfunc_cache config) {
    CUfunction function;
    const cudaError_t error = function_of(host, &function);
    return error != cudaSuccess ? error : runtime_end(cuFuncSetCacheConfig(function, config));
}

RUNTIME_API cudaError_t cudaFuncSetSharedMemConfig(const void *host, CUsharedconfig config) {
    CUfunction function;
    const cudaError_t error = function_of(host, &function);
    return error != cudaSuccess ? error : runtime_end(cuFuncSetSharedMemConfig(function, config));
}

RUNTIME_API cudaError_t cudaFuncGetParamInfo(const void *host, size_t index, size_t *offset,
                                             size_t *size) {
    CUfunction function;
    const cudaError_t error = function_of(host, &function);
    return error != cudaSuccess ? error
                                : runtime_end(cuFuncGetParamInfo(function, index, offset, size));
}

RUNTIME_API cudaError_t cudaFuncGetName(const char **name, const void *host) {
    CUfunction function;
    const cudaError_t error = function_of(host, &function);
    return error != cudaSuccess ? error : runtime_end(cuFuncGetName(name, function));
}

RUNTIME_API cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, const void *host, int threads, size_t shared, unsigned flags) {
    CUfunction function;
    const cudaError_t error = function_of(host, &function);
    if (error != cudaSuccess)
        return error;
    return runtime_end(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        blocks, function, threads, shared, flags));
}

RUNTIME_API cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *host,
                                                                      int threads, size_t shared) {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, host, threads, shared, 0);
}

RUNTIME_API cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t *shared, const void *host,
                                                                  int blocks, int threads) {
    CUfunction function;
    const cudaError_t error = function_of(host, &function);
    if (error != cudaSuccess)
        return error;
    return runtime_end(cuOccupancyAvailableDynamicSMemPerBlock(shared, function, blocks, threads));
}
