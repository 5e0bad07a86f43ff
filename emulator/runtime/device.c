/* The devices. */
#include "emulator/runtime/registry.h"
#include "emulator/runtime/runtime.h"

#include <string.h>

/* ---- Which one ---- */

RUNTIME_API cudaError_t cudaGetDeviceCount(int *count) {
    if (!count)
        return runtime_fail(cudaErrorInvalidValue);
    *count = 0;
    const CUresult result = cuInit(0);
    return runtime_end(result == CUDA_SUCCESS ? cuDeviceGetCount(count) : result);
}

RUNTIME_API cudaError_t cudaGetDevice(int *device) {
    return device ? runtime_end(runtime_device(device)) : runtime_fail(cudaErrorInvalidValue);
}

RUNTIME_API cudaError_t cudaSetDevice(int device) {
    return runtime_end(runtime_set_device(device));
}

RUNTIME_API cudaError_t cudaInitDevice(int device, unsigned device_flags, unsigned flags) {
    CUcontext context;
    (void)device_flags, (void)flags;
    const CUresult result = cuInit(0);
    return runtime_end(result == CUDA_SUCCESS ? runtime_context(device, &context) : result);
}

RUNTIME_API cudaError_t cudaSetValidDevices(int *devices, int count) {
    return devices && count > 0 ? cudaSuccess : runtime_fail(cudaErrorInvalidValue);
}

RUNTIME_API cudaError_t cudaChooseDevice(int *device, const struct cudaDeviceProp *wanted) {
    return wanted ? cudaGetDevice(device) : runtime_fail(cudaErrorInvalidValue);
}

RUNTIME_API cudaError_t cudaDeviceGetByPCIBusId(int *device, const char *text) {
    RUNTIME_RETURN(cuDeviceGetByPCIBusId(device, text));
}

RUNTIME_API cudaError_t cudaDeviceGetPCIBusId(char *text, int length, int device) {
    RUNTIME_RETURN(cuDeviceGetPCIBusId(text, length, device));
}

/* ---- What it says of itself ---- */

/* Attributes have the driver's numbers. */
RUNTIME_API cudaError_t cudaDeviceGetAttribute(int *value, CUdevice_attribute attribute,
                                               int device) {
    const CUresult result = cuInit(0);
    return runtime_end(result == CUDA_SUCCESS ? cuDeviceGetAttribute(value, attribute, device)
                                              : result);
}

static CUresult properties_read(struct cudaDeviceProp *properties, int device) {
    CUresult result = cuDeviceGetName(properties->name, sizeof properties->name, device);
    int value;
    if (result == CUDA_SUCCESS)
        result = cuDeviceGetUuid_v2(&properties->uuid, device);
    if (result == CUDA_SUCCESS)
        result = cuDeviceTotalMem_v2(&properties->totalGlobalMem, device);
#define PROPERTY(member, attribute)                                                                \
    if (result == CUDA_SUCCESS) {                                                                  \
        result = cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_##attribute, device);            \
        properties->member = (__typeof__(properties->member))value;                                \
    }
#if RUNTIME_VERSION >= 13000
#    define PROPERTY_BEFORE_13(member, attribute)
#    define PROPERTY_FROM_13 PROPERTY
#else
#    define PROPERTY_BEFORE_13 PROPERTY
#    define PROPERTY_FROM_13(member, attribute)
#endif
#include "emulator/runtime/properties.def"
#undef PROPERTY
#undef PROPERTY_BEFORE_13
#undef PROPERTY_FROM_13
    return result;
}

/* Programs of version 12 call it by the second name. */
#if RUNTIME_VERSION >= 13000
#    define GET_PROPERTIES cudaGetDeviceProperties
#else
#    define GET_PROPERTIES cudaGetDeviceProperties_v2
#endif
RUNTIME_API cudaError_t GET_PROPERTIES(struct cudaDeviceProp *properties, int device) {
    CUresult result = cuInit(0);
    if (result == CUDA_SUCCESS && !properties)
        result = CUDA_ERROR_INVALID_VALUE;
    if (result != CUDA_SUCCESS)
        return runtime_end(result);
    memset(properties, 0, sizeof *properties);
    return runtime_end(properties_read(properties, device));
}

/* ---- The whole of it ---- */

RUNTIME_API cudaError_t cudaDeviceSynchronize(void) {
    RUNTIME_RETURN(cuCtxSynchronize());
}

/* Also ends a context that a kernel has broken: what comes behind works again. */
RUNTIME_API cudaError_t cudaDeviceReset(void) {
    int device = 0;
    CUresult result = runtime_device(&device);
    if (result == CUDA_SUCCESS)
        result = runtime_reset();
    if (result == CUDA_SUCCESS)
        registry_forget_modules(device);
    return runtime_end(result);
}

/* Limits, caches and flags have the driver's numbers. */
RUNTIME_API cudaError_t cudaDeviceSetLimit(CUlimit limit, size_t value) {
    RUNTIME_RETURN(cuCtxSetLimit(limit, value));
}

RUNTIME_API cudaError_t cudaDeviceGetLimit(size_t *value, CUlimit limit) {
    RUNTIME_RETURN(cuCtxGetLimit(value, limit));
}

RUNTIME_API cudaError_t cudaDeviceSetCacheConfig(CUfunc_cache config) {
    RUNTIME_RETURN(cuCtxSetCacheConfig(config));
}

RUNTIME_API cudaError_t cudaDeviceGetCacheConfig(CUfunc_cache *config) {
    RUNTIME_RETURN(cuCtxGetCacheConfig(config));
}

/* Until CUDA 12 the device's were the thread's by name. */
#define RUNTIME_OF_THREAD(function, name)                                                          \
    RUNTIME_API extern __typeof__(function)(name) __attribute__((alias(#function)))
RUNTIME_OF_THREAD(cudaDeviceReset, cudaThreadExit);
RUNTIME_OF_THREAD(cudaDeviceSynchronize, cudaThreadSynchronize);
RUNTIME_OF_THREAD(cudaDeviceSetLimit, cudaThreadSetLimit);
RUNTIME_OF_THREAD(cudaDeviceGetLimit, cudaThreadGetLimit);
RUNTIME_OF_THREAD(cudaDeviceSetCacheConfig, cudaThreadSetCacheConfig);
RUNTIME_OF_THREAD(cudaDeviceGetCacheConfig, cudaThreadGetCacheConfig);

RUNTIME_API cudaError_t cudaDeviceSetSharedMemConfig(CUsharedconfig config) {
    RUNTIME_RETURN(cuCtxSetSharedMemConfig(config));
}

RUNTIME_API cudaError_t cudaDeviceGetSharedMemConfig(CUsharedconfig *config) {
    RUNTIME_RETURN(cuCtxGetSharedMemConfig(config));
}

RUNTIME_API cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
    RUNTIME_RETURN(cuCtxGetStreamPriorityRange(least, greatest));
}

RUNTIME_API cudaError_t cudaCtxResetPersistingL2Cache(void) {
    RUNTIME_RETURN(cuCtxResetPersistingL2Cache());
}

/* How the host waits: nothing here ever does. */
RUNTIME_API cudaError_t cudaSetDeviceFlags(unsigned flags) {
    int device = 0;
    const CUresult result = runtime_device(&device);
    return runtime_end(result == CUDA_SUCCESS ? cuDevicePrimaryCtxSetFlags_v2(device, flags)
                                              : result);
}

RUNTIME_API cudaError_t cudaGetDeviceFlags(unsigned *flags) {
    RUNTIME_RETURN(cuCtxGetFlags(flags));
}

/* ---- Peers ---- */

RUNTIME_API cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer) {
    const CUresult result = cuInit(0);
    return runtime_end(result == CUDA_SUCCESS ? cuDeviceCanAccessPeer(can, device, peer) : result);
}

RUNTIME_API cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
    CUcontext context;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = runtime_context(peer, &context);
    return runtime_end(result == CUDA_SUCCESS ? cuCtxEnablePeerAccess(context, flags) : result);
}

RUNTIME_API cudaError_t cudaDeviceDisablePeerAccess(int peer) {
    CUcontext context;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = runtime_context(peer, &context);
    return runtime_end(result == CUDA_SUCCESS ? cuCtxDisablePeerAccess(context) : result);
}

RUNTIME_API cudaError_t cudaDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attribute,
                                                  int device, int peer) {
    RUNTIME_RETURN(cuDeviceGetP2PAttribute(value, attribute, device, peer));
}

/* ---- The driver's functions by name ---- */

RUNTIME_API cudaError_t cudaGetDriverEntryPointByVersion(const char *symbol, void **function,
                                                         unsigned version, unsigned long long flags,
                                                         CUdriverProcAddressQueryResult *status) {
    CUdriverProcAddressQueryResult found;
    const CUresult result =
        cuGetProcAddress_v2(symbol, function, (int)version, flags, status ? status : &found);
    /* Where the caller can see what was found, not finding it is no error. */
    return result == CUDA_ERROR_NOT_FOUND && status ? cudaSuccess : runtime_end(result);
}
RUNTIME_PER_THREAD(cudaGetDriverEntryPointByVersion, _ptsz);

RUNTIME_API cudaError_t cudaGetDriverEntryPoint(const char *symbol, void **function,
                                                unsigned long long flags,
                                                CUdriverProcAddressQueryResult *status) {
    return cudaGetDriverEntryPointByVersion(symbol, function, RUNTIME_VERSION, flags, status);
}
RUNTIME_PER_THREAD(cudaGetDriverEntryPoint, _ptsz);

/* ---- The profiler, for which there is nothing to do ---- */

RUNTIME_API cudaError_t cudaProfilerStart(void) {
    RUNTIME_RETURN(cuProfilerStart());
}

RUNTIME_API cudaError_t cudaProfilerStop(void) {
    RUNTIME_RETURN(cuProfilerStop());
}
