/*
 * The entry points of the CUDA driver API that the emulated driver implements, declared in the
 * library's own words so that it builds without a CUDA toolkit. Every declaration is compatible
 * with the one in cuda.h 13.0; the compiler checks that in tests/emulator/driver/test_api.c where a
 * toolkit is installed. Semantics are those that the driver API documents, and docs/emulator.md
 * says where the emulated device differs.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_API_API_H
#define LOCKSTEP_EMULATOR_DRIVER_API_API_H

#include "emulator/driver/api/api_texture_reference.h"
#include "emulator/driver/api/graphs/api_graph.h"
#include "emulator/driver/state/entry.h"

/* Start-up, errors, entry points, profiler. */
DRIVER_API CUresult cuInit(unsigned int flags);
DRIVER_API CUresult cuDriverGetVersion(int *version);
DRIVER_API CUresult cuGetErrorName(CUresult error, const char **text);
DRIVER_API CUresult cuGetErrorString(CUresult error, const char **text);
DRIVER_API CUresult cuGetProcAddress(const char *symbol, void **function, int version,
                                     cuuint64_t flags);
DRIVER_API CUresult cuGetProcAddress_v2(const char *symbol, void **function, int version,
                                        cuuint64_t flags, CUdriverProcAddressQueryResult *status);
DRIVER_API CUresult cuGetExportTable(const void **table, const CUuuid *identifier);
DRIVER_API CUresult cuProfilerInitialize(const char *config_file, const char *output_file,
                                         CUoutput_mode output_mode);
DRIVER_API CUresult cuProfilerStart(void);
DRIVER_API CUresult cuProfilerStop(void);

/* The log. */
DRIVER_API CUresult cuLogsRegisterCallback(CUlogsCallback function, void *data,
                                           CUlogsCallbackHandle *handle);
DRIVER_API CUresult cuLogsUnregisterCallback(CUlogsCallbackHandle handle);
DRIVER_API CUresult cuLogsCurrent(CUlogIterator *iterator, unsigned int flags);
DRIVER_API CUresult cuLogsDumpToFile(CUlogIterator *iterator, const char *path, unsigned int flags);
DRIVER_API CUresult cuLogsDumpToMemory(CUlogIterator *iterator, char *buffer, size_t *size,
                                       unsigned int flags);

/* Green contexts, and the resources that they are made of. */
DRIVER_API CUresult cuDeviceGetDevResource(CUdevice device, CUdevResource *resource,
                                           CUdevResourceType type);
DRIVER_API CUresult cuCtxGetDevResource(CUcontext context, CUdevResource *resource,
                                        CUdevResourceType type);
DRIVER_API CUresult cuGreenCtxGetDevResource(CUgreenCtx green, CUdevResource *resource,
                                             CUdevResourceType type);
DRIVER_API CUresult cuDevSmResourceSplitByCount(CUdevResource *parts, unsigned int *count,
                                                const CUdevResource *whole, CUdevResource *rest,
                                                unsigned int flags, unsigned int least);
DRIVER_API CUresult cuDevResourceGenerateDesc(CUdevResourceDesc *description,
                                              CUdevResource *resources, unsigned int count);
DRIVER_API CUresult cuGreenCtxCreate(CUgreenCtx *green, CUdevResourceDesc description,
                                     CUdevice device, unsigned int flags);
DRIVER_API CUresult cuGreenCtxDestroy(CUgreenCtx green);
DRIVER_API CUresult cuCtxFromGreenCtx(CUcontext *context, CUgreenCtx green);
DRIVER_API CUresult cuGreenCtxGetId(CUgreenCtx green, unsigned long long *identifier);
DRIVER_API CUresult cuGreenCtxStreamCreate(CUstream *stream, CUgreenCtx green, unsigned int flags,
                                           int priority);
DRIVER_API CUresult cuStreamGetGreenCtx(CUstream stream, CUgreenCtx *green);
DRIVER_API CUresult cuGreenCtxRecordEvent(CUgreenCtx green, CUevent event);
DRIVER_API CUresult cuGreenCtxWaitEvent(CUgreenCtx green, CUevent event);
DRIVER_API CUresult cuCtxGetExecAffinity(CUexecAffinityParam *affinity, CUexecAffinityType type);
DRIVER_API CUresult cuCtxRecordEvent(CUcontext context, CUevent event);
DRIVER_API CUresult cuCtxWaitEvent(CUcontext context, CUevent event);

/* Devices. */
DRIVER_API CUresult cuDeviceGet(CUdevice *device, int ordinal);
DRIVER_API CUresult cuDeviceGetCount(int *count);
DRIVER_API CUresult cuDeviceGetName(char *name, int length, CUdevice device);
DRIVER_API CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device);
DRIVER_API CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device);
DRIVER_API CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device);
DRIVER_API CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device);
DRIVER_API CUresult cuDeviceGetProperties(CUdevprop *properties, CUdevice device);
DRIVER_API CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device);
DRIVER_API CUresult cuDeviceGetPCIBusId(char *text, int length, CUdevice device);
DRIVER_API CUresult cuDeviceGetByPCIBusId(CUdevice *device, const char *text);
DRIVER_API CUresult cuDeviceCanAccessPeer(int *can_access_peer, CUdevice device, CUdevice peer);
DRIVER_API CUresult cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attribute,
                                            CUdevice source, CUdevice destination);
DRIVER_API CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device);
DRIVER_API CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device);
DRIVER_API CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool pool);
DRIVER_API CUresult cuDeviceGetTexture1DLinearMaxWidth(size_t *width, CUarray_format format,
                                                       unsigned int channels, CUdevice device);
DRIVER_API CUresult cuDeviceGetExecAffinitySupport(int *value, CUexecAffinityType type,
                                                   CUdevice device);
DRIVER_API CUresult cuDeviceGetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attribute,
                                                 void *value);
DRIVER_API CUresult cuDeviceSetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attribute,
                                                 void *value);
DRIVER_API CUresult cuDeviceGraphMemTrim(CUdevice device);

/* Primary contexts. */
DRIVER_API CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device);
DRIVER_API CUresult cuDevicePrimaryCtxRelease(CUdevice device);
DRIVER_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);
DRIVER_API CUresult cuDevicePrimaryCtxReset(CUdevice device);
DRIVER_API CUresult cuDevicePrimaryCtxReset_v2(CUdevice device);
DRIVER_API CUresult cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned int flags);
DRIVER_API CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned int flags);
DRIVER_API CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned int *flags, int *active);

/* Contexts. */
DRIVER_API CUresult cuCtxCreate(CUcontext *context, unsigned int flags, CUdevice device);
DRIVER_API CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device);
DRIVER_API CUresult cuCtxCreate_v3(CUcontext *context, CUexecAffinityParam *affinities, int count,
                                   unsigned int flags, CUdevice device);
DRIVER_API CUresult cuCtxCreate_v4(CUcontext *context, CUctxCreateParams *parameters,
                                   unsigned int flags, CUdevice device);
DRIVER_API CUresult cuCtxAttach(CUcontext *context, unsigned int flags);
DRIVER_API CUresult cuCtxDetach(CUcontext context);
DRIVER_API CUresult cuCtxDestroy(CUcontext context);
DRIVER_API CUresult cuCtxDestroy_v2(CUcontext context);
DRIVER_API CUresult cuCtxPushCurrent(CUcontext context);
DRIVER_API CUresult cuCtxPushCurrent_v2(CUcontext context);
DRIVER_API CUresult cuCtxPopCurrent(CUcontext *context);
DRIVER_API CUresult cuCtxPopCurrent_v2(CUcontext *context);
DRIVER_API CUresult cuCtxSetCurrent(CUcontext context);
DRIVER_API CUresult cuCtxGetCurrent(CUcontext *context);
DRIVER_API CUresult cuCtxGetDevice(CUdevice *device);
DRIVER_API CUresult cuCtxGetDevice_v2(CUdevice *device, CUcontext context);
DRIVER_API CUresult cuCtxSynchronize(void);
DRIVER_API CUresult cuCtxSynchronize_v2(CUcontext context);
DRIVER_API CUresult cuCtxGetFlags(unsigned int *flags);
DRIVER_API CUresult cuCtxSetFlags(unsigned int flags);
DRIVER_API CUresult cuCtxGetId(CUcontext context, unsigned long long *identifier);
DRIVER_API CUresult cuCtxGetLimit(size_t *value, CUlimit limit);
DRIVER_API CUresult cuCtxSetLimit(CUlimit limit, size_t value);
DRIVER_API CUresult cuCtxGetCacheConfig(CUfunc_cache *config);
DRIVER_API CUresult cuCtxSetCacheConfig(CUfunc_cache config);
DRIVER_API CUresult cuCtxGetSharedMemConfig(CUsharedconfig *config);
DRIVER_API CUresult cuCtxSetSharedMemConfig(CUsharedconfig config);
DRIVER_API CUresult cuCtxGetStreamPriorityRange(int *least_priority, int *greatest_priority);
DRIVER_API CUresult cuCtxGetApiVersion(CUcontext context, unsigned int *version);
DRIVER_API CUresult cuCtxResetPersistingL2Cache(void);
DRIVER_API CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags);
DRIVER_API CUresult cuCtxDisablePeerAccess(CUcontext peer);

/* Modules. */
DRIVER_API CUresult cuModuleLoad(CUmodule *module, const char *path);
DRIVER_API CUresult cuModuleLoadData(CUmodule *module, const void *image);
DRIVER_API CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count,
                                       CUjit_option *options, void **values);
DRIVER_API CUresult cuModuleLoadFatBinary(CUmodule *module, const void *image);
DRIVER_API CUresult cuModuleUnload(CUmodule module);
DRIVER_API CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name);
DRIVER_API CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule module);
DRIVER_API CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned int count,
                                               CUmodule module);
DRIVER_API CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule module,
                                         const char *name);
DRIVER_API CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode);

/* Libraries and kernels. */
DRIVER_API CUresult cuLibraryLoadData(CUlibrary *library, const void *code,
                                      CUjit_option *jit_options, void **jit_values,
                                      unsigned int jit_count, CUlibraryOption *library_options,
                                      void **library_values, unsigned int library_count);
DRIVER_API CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *path,
                                          CUjit_option *jit_options, void **jit_values,
                                          unsigned int jit_count, CUlibraryOption *library_options,
                                          void **library_values, unsigned int library_count);
DRIVER_API CUresult cuLibraryUnload(CUlibrary library);
DRIVER_API CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name);
DRIVER_API CUresult cuLibraryGetKernelCount(unsigned int *count, CUlibrary library);
DRIVER_API CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int count,
                                              CUlibrary library);
DRIVER_API CUresult cuLibraryGetModule(CUmodule *module, CUlibrary library);
DRIVER_API CUresult cuLibraryGetGlobal(CUdeviceptr *address, size_t *bytes, CUlibrary library,
                                       const char *name);
DRIVER_API CUresult cuLibraryGetManaged(CUdeviceptr *address, size_t *bytes, CUlibrary library,
                                        const char *name);
DRIVER_API CUresult cuKernelGetFunction(CUfunction *function, CUkernel kernel);
DRIVER_API CUresult cuKernelGetLibrary(CUlibrary *library, CUkernel kernel);
DRIVER_API CUresult cuKernelGetAttribute(int *value, CUfunction_attribute attribute,
                                         CUkernel kernel, CUdevice device);
DRIVER_API CUresult cuKernelSetAttribute(CUfunction_attribute attribute, int value, CUkernel kernel,
                                         CUdevice device);
DRIVER_API CUresult cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice device);
DRIVER_API CUresult cuKernelGetName(const char **name, CUkernel function);
DRIVER_API CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t *offset,
                                         size_t *size);

/* Linking. */
DRIVER_API CUresult cuLinkCreate(unsigned int count, CUjit_option *options, void **values,
                                 CUlinkState *state);
DRIVER_API CUresult cuLinkCreate_v2(unsigned int count, CUjit_option *options, void **values,
                                    CUlinkState *state);
DRIVER_API CUresult cuLinkAddData(CUlinkState state, CUjitInputType type, void *data, size_t size,
                                  const char *name, unsigned int count, CUjit_option *options,
                                  void **values);
DRIVER_API CUresult cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data,
                                     size_t size, const char *name, unsigned int count,
                                     CUjit_option *options, void **values);
DRIVER_API CUresult cuLinkAddFile(CUlinkState state, CUjitInputType type, const char *path,
                                  unsigned int count, CUjit_option *options, void **values);
DRIVER_API CUresult cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path,
                                     unsigned int count, CUjit_option *options, void **values);
DRIVER_API CUresult cuLinkComplete(CUlinkState state, void **image, size_t *size);
DRIVER_API CUresult cuLinkDestroy(CUlinkState state);

/* Functions. */
DRIVER_API CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute,
                                       CUfunction function);
DRIVER_API CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute,
                                       int value);
DRIVER_API CUresult cuFuncSetCacheConfig(CUfunction function, CUfunc_cache config);
DRIVER_API CUresult cuFuncSetSharedMemConfig(CUfunction function, CUsharedconfig config);
DRIVER_API CUresult cuFuncGetModule(CUmodule *module, CUfunction function);
DRIVER_API CUresult cuFuncGetName(const char **name, CUfunction function);
DRIVER_API CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset,
                                       size_t *size);
DRIVER_API CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function);
DRIVER_API CUresult cuFuncLoad(CUfunction function);

/* Memory. */
DRIVER_API CUresult cuMemGetInfo_v2(size_t *free, size_t *total);
DRIVER_API CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes);
DRIVER_API CUresult cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width_bytes,
                                       size_t height, unsigned int element_bytes);
DRIVER_API CUresult cuMemFree_v2(CUdeviceptr address);
DRIVER_API CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr address);
DRIVER_API CUresult cuIpcGetMemHandle(CUipcMemHandle *handle, CUdeviceptr address);
DRIVER_API CUresult cuIpcOpenMemHandle_v2(CUdeviceptr *address, CUipcMemHandle handle,
                                          unsigned int flags);
DRIVER_API CUresult cuIpcCloseMemHandle(CUdeviceptr address);
DRIVER_API CUresult cuMemPoolExportToShareableHandle(void *handle, CUmemoryPool pool,
                                                     CUmemAllocationHandleType type,
                                                     unsigned long long flags);
DRIVER_API CUresult cuMemPoolImportFromShareableHandle(CUmemoryPool *pool, void *handle,
                                                       CUmemAllocationHandleType type,
                                                       unsigned long long flags);
DRIVER_API CUresult cuMemPoolExportPointer(CUmemPoolPtrExportData *data, CUdeviceptr address);
DRIVER_API CUresult cuMemPoolImportPointer(CUdeviceptr *address, CUmemoryPool pool,
                                           CUmemPoolPtrExportData *data);
DRIVER_API CUresult cuIpcGetEventHandle(CUipcEventHandle *handle, CUevent event);
DRIVER_API CUresult cuIpcOpenEventHandle(CUevent *event, CUipcEventHandle handle);
DRIVER_API CUresult cuMemAllocHost_v2(void **memory, size_t bytes);
DRIVER_API CUresult cuMemFreeHost(void *memory);
DRIVER_API CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned int flags);
DRIVER_API CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *address, void *memory,
                                                 unsigned int flags);
DRIVER_API CUresult cuMemHostGetFlags(unsigned int *flags, void *memory);
DRIVER_API CUresult cuMemHostRegister(void *memory, size_t bytes, unsigned int flags);
DRIVER_API CUresult cuMemHostRegister_v2(void *memory, size_t bytes, unsigned int flags);
DRIVER_API CUresult cuMemHostUnregister(void *memory);
DRIVER_API CUresult cuMemAllocManaged(CUdeviceptr *address, size_t bytes, unsigned int flags);
DRIVER_API CUresult cuMemAdvise(CUdeviceptr address, size_t count, CUmem_advise advice,
                                CUdevice device);
DRIVER_API CUresult cuMemAdvise_v2(CUdeviceptr address, size_t count, CUmem_advise advice,
                                   CUmemLocation location);
DRIVER_API CUresult cuMemPrefetchBatchAsync(CUdeviceptr *addresses, size_t *sizes, size_t count,
                                            CUmemLocation *locations, size_t *first, size_t runs,
                                            unsigned long long flags, CUstream stream);
DRIVER_API CUresult cuMemDiscardAndPrefetchBatchAsync(CUdeviceptr *addresses, size_t *sizes,
                                                      size_t count, CUmemLocation *locations,
                                                      size_t *first, size_t runs,
                                                      unsigned long long flags, CUstream stream);
DRIVER_API CUresult cuMemDiscardBatchAsync(CUdeviceptr *addresses, size_t *sizes, size_t count,
                                           unsigned long long flags, CUstream stream);
DRIVER_API CUresult cuMemRangeGetAttribute(void *data, size_t size, CUmem_range_attribute attribute,
                                           CUdeviceptr address, size_t count);
DRIVER_API CUresult cuMemRangeGetAttributes(void **data, size_t *sizes,
                                            CUmem_range_attribute *attributes, size_t number,
                                            CUdeviceptr address, size_t count);
DRIVER_API CUresult cuMemPrefetchAsync(CUdeviceptr address, size_t count, CUdevice destination,
                                       CUstream stream);
DRIVER_API CUresult cuMemPrefetchAsync_v2(CUdeviceptr address, size_t count, CUmemLocation location,
                                          unsigned int flags, CUstream stream);
DRIVER_API CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute,
                                          CUdeviceptr address);
DRIVER_API CUresult cuPointerGetAttributes(unsigned int count, CUpointer_attribute *attributes,
                                           void **data, CUdeviceptr address);
DRIVER_API CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute,
                                          CUdeviceptr address);

/* Virtual memory management. */
DRIVER_API CUresult cuMemAddressReserve(CUdeviceptr *address, size_t size, size_t alignment,
                                        CUdeviceptr wanted, unsigned long long flags);
DRIVER_API CUresult cuMemAddressFree(CUdeviceptr address, size_t size);
DRIVER_API CUresult cuMemGetAllocationGranularity(size_t *granularity,
                                                  const CUmemAllocationProp *properties,
                                                  CUmemAllocationGranularity_flags option);
DRIVER_API CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size,
                                const CUmemAllocationProp *properties, unsigned long long flags);
DRIVER_API CUresult cuMemRelease(CUmemGenericAllocationHandle handle);
DRIVER_API CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *properties,
                                                           CUmemGenericAllocationHandle handle);
DRIVER_API CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle,
                                                void *address);
DRIVER_API CUresult cuMemExportToShareableHandle(void *shared, CUmemGenericAllocationHandle handle,
                                                 CUmemAllocationHandleType type,
                                                 unsigned long long flags);
DRIVER_API CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *handle,
                                                   void *shared, CUmemAllocationHandleType type);
DRIVER_API CUresult cuMemMap(CUdeviceptr address, size_t size, size_t offset,
                             CUmemGenericAllocationHandle handle, unsigned long long flags);
DRIVER_API CUresult cuMemUnmap(CUdeviceptr address, size_t size);
DRIVER_API CUresult cuMemSetAccess(CUdeviceptr address, size_t size, const CUmemAccessDesc *access,
                                   size_t count);
DRIVER_API CUresult cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location,
                                   CUdeviceptr address);

/* Multicast objects. */
DRIVER_API CUresult cuMulticastCreate(CUmemGenericAllocationHandle *handle,
                                      const CUmulticastObjectProp *properties);
DRIVER_API CUresult cuMulticastAddDevice(CUmemGenericAllocationHandle handle, CUdevice device);
DRIVER_API CUresult cuMulticastBindMem(CUmemGenericAllocationHandle handle, size_t offset,
                                       CUmemGenericAllocationHandle memory, size_t memory_offset,
                                       size_t size, unsigned long long flags);
DRIVER_API CUresult cuMulticastBindAddr(CUmemGenericAllocationHandle handle, size_t offset,
                                        CUdeviceptr address, size_t size, unsigned long long flags);
DRIVER_API CUresult cuMulticastUnbind(CUmemGenericAllocationHandle handle, CUdevice device,
                                      size_t offset, size_t size);
DRIVER_API CUresult cuMulticastGetGranularity(size_t *granularity,
                                              const CUmulticastObjectProp *properties,
                                              CUmulticastGranularity_flags option);

/* Values in memory that streams wait for and write. */
DRIVER_API CUresult cuStreamWaitValue32(CUstream stream, CUdeviceptr address, cuuint32_t value,
                                        unsigned int flags);
DRIVER_API CUresult cuStreamWaitValue32_v2(CUstream stream, CUdeviceptr address, cuuint32_t value,
                                           unsigned int flags);
DRIVER_API CUresult cuStreamWaitValue64(CUstream stream, CUdeviceptr address, cuuint64_t value,
                                        unsigned int flags);
DRIVER_API CUresult cuStreamWaitValue64_v2(CUstream stream, CUdeviceptr address, cuuint64_t value,
                                           unsigned int flags);
DRIVER_API CUresult cuStreamWriteValue32(CUstream stream, CUdeviceptr address, cuuint32_t value,
                                         unsigned int flags);
DRIVER_API CUresult cuStreamWriteValue32_v2(CUstream stream, CUdeviceptr address, cuuint32_t value,
                                            unsigned int flags);
DRIVER_API CUresult cuStreamWriteValue64(CUstream stream, CUdeviceptr address, cuuint64_t value,
                                         unsigned int flags);
DRIVER_API CUresult cuStreamWriteValue64_v2(CUstream stream, CUdeviceptr address, cuuint64_t value,
                                            unsigned int flags);
DRIVER_API CUresult cuStreamBatchMemOp(CUstream stream, unsigned int count,
                                       CUstreamBatchMemOpParams *steps, unsigned int flags);
DRIVER_API CUresult cuStreamBatchMemOp_v2(CUstream stream, unsigned int count,
                                          CUstreamBatchMemOpParams *steps, unsigned int flags);

/* Arrays, textures and surfaces. */
DRIVER_API CUresult cuMipmappedArrayCreate(CUmipmappedArray *array,
                                           const CUDA_ARRAY3D_DESCRIPTOR *description,
                                           unsigned int levels);
DRIVER_API CUresult cuMipmappedArrayDestroy(CUmipmappedArray array);
DRIVER_API CUresult cuMipmappedArrayGetLevel(CUarray *level_array, CUmipmappedArray array,
                                             unsigned int level);
DRIVER_API CUresult cuArray3DCreate_v2(CUarray *array, const CUDA_ARRAY3D_DESCRIPTOR *description);
DRIVER_API CUresult cuArrayCreate_v2(CUarray *array, const CUDA_ARRAY_DESCRIPTOR *description);
DRIVER_API CUresult cuArrayDestroy(CUarray handle);
DRIVER_API CUresult cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR *description, CUarray handle);
DRIVER_API CUresult cuArrayGetDescriptor_v2(CUDA_ARRAY_DESCRIPTOR *description, CUarray array);
DRIVER_API CUresult cuMemcpyHtoA_v2(CUarray to, size_t offset, const void *from, size_t bytes);
DRIVER_API CUresult cuMemcpyHtoAAsync_v2(CUarray to, size_t offset, const void *from, size_t bytes,
                                         CUstream stream);
DRIVER_API CUresult cuMemcpyAtoH_v2(void *to, CUarray from, size_t offset, size_t bytes);
DRIVER_API CUresult cuMemcpyAtoHAsync_v2(void *to, CUarray from, size_t offset, size_t bytes,
                                         CUstream stream);
DRIVER_API CUresult cuMemcpyDtoA_v2(CUarray to, size_t offset, CUdeviceptr from, size_t bytes);
DRIVER_API CUresult cuMemcpyAtoD_v2(CUdeviceptr to, CUarray from, size_t offset, size_t bytes);
DRIVER_API CUresult cuMemcpyAtoA_v2(CUarray to, size_t to_offset, CUarray from, size_t from_offset,
                                    size_t bytes);
DRIVER_API CUresult cuTexObjectCreate(CUtexObject *object, const CUDA_RESOURCE_DESC *resource,
                                      const CUDA_TEXTURE_DESC *description,
                                      const CUDA_RESOURCE_VIEW_DESC *view);
DRIVER_API CUresult cuTexObjectDestroy(CUtexObject object);
DRIVER_API CUresult cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUtexObject object);
DRIVER_API CUresult cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC *description, CUtexObject object);
DRIVER_API CUresult cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *view,
                                                   CUtexObject object);
DRIVER_API CUresult cuSurfObjectCreate(CUsurfObject *object, const CUDA_RESOURCE_DESC *resource);
DRIVER_API CUresult cuSurfObjectDestroy(CUsurfObject object);
DRIVER_API CUresult cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUsurfObject object);

/* Copies. */
DRIVER_API CUresult cuMemcpy(CUdeviceptr destination, CUdeviceptr source, size_t bytes);
DRIVER_API CUresult cuMemcpyPeer(CUdeviceptr destination, CUcontext destination_context,
                                 CUdeviceptr source, CUcontext source_context, size_t bytes);
DRIVER_API CUresult cuMemcpyHtoD_v2(CUdeviceptr destination, const void *source, size_t bytes);
DRIVER_API CUresult cuMemcpyDtoH_v2(void *destination, CUdeviceptr source, size_t bytes);
DRIVER_API CUresult cuMemcpyDtoD_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes);
DRIVER_API CUresult cuMemcpyAsync(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                                  CUstream stream);
DRIVER_API CUresult cuMemcpyPeerAsync(CUdeviceptr destination, CUcontext destination_context,
                                      CUdeviceptr source, CUcontext source_context, size_t bytes,
                                      CUstream stream);
DRIVER_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void *source, size_t bytes,
                                         CUstream stream);
DRIVER_API CUresult cuMemcpyDtoHAsync_v2(void *destination, CUdeviceptr source, size_t bytes,
                                         CUstream stream);
DRIVER_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                                         CUstream stream);
DRIVER_API CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy);
DRIVER_API CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *copy);
DRIVER_API CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream);
DRIVER_API CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *copy);
DRIVER_API CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *copy, CUstream stream);
DRIVER_API CUresult cuMemcpy3DPeer(const CUDA_MEMCPY3D_PEER *copy);
DRIVER_API CUresult cuMemcpyBatchAsync(CUdeviceptr *destinations, CUdeviceptr *sources,
                                       size_t *sizes, size_t count, CUmemcpyAttributes *attributes,
                                       size_t *first, size_t runs, size_t *fail, CUstream stream);
DRIVER_API CUresult cuMemcpyBatchAsync_v2(CUdeviceptr *destinations, CUdeviceptr *sources,
                                          size_t *sizes, size_t count,
                                          CUmemcpyAttributes *attributes, size_t *first,
                                          size_t runs, CUstream stream);
DRIVER_API CUresult cuMemcpy3DBatchAsync(size_t count, CUDA_MEMCPY3D_BATCH_OP *operations,
                                         size_t *fail, unsigned long long flags, CUstream stream);
DRIVER_API CUresult cuMemcpy3DBatchAsync_v2(size_t count, CUDA_MEMCPY3D_BATCH_OP *operations,
                                            unsigned long long flags, CUstream stream);
DRIVER_API CUresult cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D_PEER *copy, CUstream stream);

/* Fills. */
DRIVER_API CUresult cuMemsetD8_v2(CUdeviceptr destination, unsigned char value, size_t count);
DRIVER_API CUresult cuMemsetD16_v2(CUdeviceptr destination, unsigned short value, size_t count);
DRIVER_API CUresult cuMemsetD32_v2(CUdeviceptr destination, unsigned int value, size_t count);
DRIVER_API CUresult cuMemsetD2D8_v2(CUdeviceptr destination, size_t pitch, unsigned char value,
                                    size_t width, size_t height);
DRIVER_API CUresult cuMemsetD2D16_v2(CUdeviceptr destination, size_t pitch, unsigned short value,
                                     size_t width, size_t height);
DRIVER_API CUresult cuMemsetD2D32_v2(CUdeviceptr destination, size_t pitch, unsigned int value,
                                     size_t width, size_t height);
DRIVER_API CUresult cuMemsetD8Async(CUdeviceptr destination, unsigned char value, size_t count,
                                    CUstream stream);
DRIVER_API CUresult cuMemsetD16Async(CUdeviceptr destination, unsigned short value, size_t count,
                                     CUstream stream);
DRIVER_API CUresult cuMemsetD32Async(CUdeviceptr destination, unsigned int value, size_t count,
                                     CUstream stream);
DRIVER_API CUresult cuMemsetD2D8Async(CUdeviceptr destination, size_t pitch, unsigned char value,
                                      size_t width, size_t height, CUstream stream);
DRIVER_API CUresult cuMemsetD2D16Async(CUdeviceptr destination, size_t pitch, unsigned short value,
                                       size_t width, size_t height, CUstream stream);
DRIVER_API CUresult cuMemsetD2D32Async(CUdeviceptr destination, size_t pitch, unsigned int value,
                                       size_t width, size_t height, CUstream stream);

/* Allocation in stream order. */
DRIVER_API CUresult cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream stream);
DRIVER_API CUresult cuMemAllocFromPoolAsync(CUdeviceptr *address, size_t bytes, CUmemoryPool pool,
                                            CUstream stream);
DRIVER_API CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream);
DRIVER_API CUresult cuMemGetDefaultMemPool(CUmemoryPool *pool, CUmemLocation *location,
                                           CUmemAllocationType type);
DRIVER_API CUresult cuMemGetMemPool(CUmemoryPool *pool, CUmemLocation *location,
                                    CUmemAllocationType type);
DRIVER_API CUresult cuMemSetMemPool(CUmemLocation *location, CUmemAllocationType type,
                                    CUmemoryPool pool);
DRIVER_API CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *properties);
DRIVER_API CUresult cuMemPoolDestroy(CUmemoryPool pool);
DRIVER_API CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t min_bytes_to_keep);
DRIVER_API CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute,
                                          void *value);
DRIVER_API CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute,
                                          void *value);
DRIVER_API CUresult cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool pool,
                                       CUmemLocation *location);
DRIVER_API CUresult cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *access,
                                       size_t count);

/* Streams. */
DRIVER_API CUresult cuStreamCreate(CUstream *stream, unsigned int flags);
DRIVER_API CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority);
DRIVER_API CUresult cuStreamDestroy(CUstream stream);
DRIVER_API CUresult cuStreamDestroy_v2(CUstream stream);
DRIVER_API CUresult cuStreamGetPriority(CUstream stream, int *priority);
DRIVER_API CUresult cuStreamGetFlags(CUstream stream, unsigned int *flags);
DRIVER_API CUresult cuStreamGetId(CUstream stream, unsigned long long *identifier);
DRIVER_API CUresult cuStreamGetCtx(CUstream stream, CUcontext *context);
DRIVER_API CUresult cuStreamGetCtx_v2(CUstream stream, CUcontext *context,
                                      CUgreenCtx *green_context);
DRIVER_API CUresult cuStreamGetDevice(CUstream stream, CUdevice *device);
DRIVER_API CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags);
DRIVER_API CUresult cuStreamAddCallback(CUstream stream, CUstreamCallback callback, void *data,
                                        unsigned int flags);
DRIVER_API CUresult cuStreamAttachMemAsync(CUstream stream, CUdeviceptr address, size_t length,
                                           unsigned int flags);
DRIVER_API CUresult cuStreamQuery(CUstream stream);
DRIVER_API CUresult cuStreamSynchronize(CUstream stream);
DRIVER_API CUresult cuStreamCopyAttributes(CUstream destination, CUstream source);
DRIVER_API CUresult cuStreamGetAttribute(CUstream stream, CUstreamAttrID attribute,
                                         CUstreamAttrValue *value);
DRIVER_API CUresult cuStreamSetAttribute(CUstream stream, CUstreamAttrID attribute,
                                         const CUstreamAttrValue *value);
DRIVER_API CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void *data);

/* Events. */
DRIVER_API CUresult cuEventCreate(CUevent *event, unsigned int flags);
DRIVER_API CUresult cuEventDestroy(CUevent event);
DRIVER_API CUresult cuEventDestroy_v2(CUevent event);
DRIVER_API CUresult cuEventRecord(CUevent event, CUstream stream);
DRIVER_API CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned int flags);
DRIVER_API CUresult cuEventQuery(CUevent event);
DRIVER_API CUresult cuEventSynchronize(CUevent event);
DRIVER_API CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end);
DRIVER_API CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end);

/* Launches. */
DRIVER_API CUresult cuFuncSetBlockShape(CUfunction function, int x, int y, int z);
DRIVER_API CUresult cuFuncSetSharedSize(CUfunction function, unsigned int bytes);
DRIVER_API CUresult cuParamSetSize(CUfunction function, unsigned int bytes);
DRIVER_API CUresult cuParamSeti(CUfunction function, int offset, unsigned int value);
DRIVER_API CUresult cuParamSetf(CUfunction function, int offset, float value);
DRIVER_API CUresult cuParamSetv(CUfunction function, int offset, void *value, unsigned int bytes);
DRIVER_API CUresult cuLaunch(CUfunction function);
DRIVER_API CUresult cuLaunchGrid(CUfunction function, int width, int height);
DRIVER_API CUresult cuLaunchGridAsync(CUfunction function, int width, int height, CUstream stream);
DRIVER_API CUresult cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
                                   unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                                   unsigned int block_z, unsigned int shared_bytes, CUstream stream,
                                   void **parameters, void **extra);
DRIVER_API CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
                                     void **parameters, void **extra);
DRIVER_API CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned int grid_x,
                                              unsigned int grid_y, unsigned int grid_z,
                                              unsigned int block_x, unsigned int block_y,
                                              unsigned int block_z, unsigned int shared_bytes,
                                              CUstream stream, void **parameters);
DRIVER_API CUresult cuLaunchCooperativeKernelMultiDevice(CUDA_LAUNCH_PARAMS *launches,
                                                         unsigned int count, unsigned int flags);

/* Clusters. */
DRIVER_API CUresult cuOccupancyMaxActiveClusters(int *clusters, CUfunction function,
                                                 const CUlaunchConfig *config);
DRIVER_API CUresult cuOccupancyMaxPotentialClusterSize(int *blocks, CUfunction function,
                                                       const CUlaunchConfig *config);

/* Tensor maps. */
DRIVER_API CUresult cuTensorMapEncodeTiled(
    CUtensorMap *tensor_map, CUtensorMapDataType type, cuuint32_t rank, void *address,
    const cuuint64_t *sizes, const cuuint64_t *strides, const cuuint32_t *box,
    const cuuint32_t *steps, CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
    CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill);
DRIVER_API CUresult cuTensorMapEncodeIm2col(
    CUtensorMap *tensor_map, CUtensorMapDataType type, cuuint32_t rank, void *address,
    const cuuint64_t *sizes, const cuuint64_t *strides, const int *lower, const int *upper,
    cuuint32_t channels, cuuint32_t pixels, const cuuint32_t *steps,
    CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion,
    CUtensorMapFloatOOBfill fill);
DRIVER_API CUresult cuTensorMapReplaceAddress(CUtensorMap *tensor_map, void *address);

/* Occupancy. */
DRIVER_API CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *num_blocks,
                                                                CUfunction function, int block_size,
                                                                size_t dynamic_shared);
DRIVER_API CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *num_blocks,
                                                                         CUfunction function,
                                                                         int block_size,
                                                                         size_t dynamic_shared,
                                                                         unsigned int flags);
DRIVER_API CUresult cuOccupancyMaxPotentialBlockSize(int *min_grid_size, int *block_size,
                                                     CUfunction function,
                                                     CUoccupancyB2DSize shared_of_block,
                                                     size_t dynamic_shared, int block_size_limit);
DRIVER_API CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(
    int *min_grid_size, int *block_size, CUfunction function, CUoccupancyB2DSize shared_of_block,
    size_t dynamic_shared, int block_size_limit, unsigned int flags);
DRIVER_API CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *dynamic_shared,
                                                            CUfunction function, int num_blocks,
                                                            int block_size);

#endif
