/* The part of the CUDA driver API that lockstep calls, declared here so that the build needs no
 * CUDA toolkit and the binary links no CUDA library.
 *
 * Names, values and prototypes are NVIDIA's ("CUDA Driver API", reference manual). Each list is an
 * X-macro: the driver's table, its loader and tests/gpu/test_cuda_api.c, which compares every line
 * with the toolkit's own cuda.h where that is installed, are all made from it.
 *
 * A translation unit that has cuda.h already defines LOCKSTEP_CUDA_TYPES and maps the struct and
 * enum tags below to NVIDIA's before it includes this file.
 */
#ifndef LOCKSTEP_GPU_CUDA_API_H
#define LOCKSTEP_GPU_CUDA_API_H

#include <stddef.h>
#include <stdint.h>

/* The results that lockstep tells apart; any other is reported by the name the driver gives it. */
#define CUDA_RESULTS(X)                                                                            \
    X(CUDA_SUCCESS, 0)                                                                             \
    X(CUDA_ERROR_INVALID_VALUE, 1)                                                                 \
    X(CUDA_ERROR_OUT_OF_MEMORY, 2)                                                                 \
    X(CUDA_ERROR_STUB_LIBRARY, 34)                                                                 \
    X(CUDA_ERROR_DEVICE_UNAVAILABLE, 46)                                                           \
    X(CUDA_ERROR_NO_DEVICE, 100)                                                                   \
    X(CUDA_ERROR_INVALID_IMAGE, 200)                                                               \
    X(CUDA_ERROR_NO_BINARY_FOR_GPU, 209)                                                           \
    X(CUDA_ERROR_ECC_UNCORRECTABLE, 214)                                                           \
    X(CUDA_ERROR_INVALID_PTX, 218)                                                                 \
    X(CUDA_ERROR_NVLINK_UNCORRECTABLE, 220)                                                        \
    X(CUDA_ERROR_JIT_COMPILER_NOT_FOUND, 221)                                                      \
    X(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, 222)                                                     \
    X(CUDA_ERROR_JIT_COMPILATION_DISABLED, 223)                                                    \
    X(CUDA_ERROR_CONTAINED, 226)                                                                   \
    X(CUDA_ERROR_INVALID_SOURCE, 300)                                                              \
    X(CUDA_ERROR_NOT_FOUND, 500)                                                                   \
    X(CUDA_ERROR_NOT_READY, 600)                                                                   \
    X(CUDA_ERROR_ILLEGAL_ADDRESS, 700)                                                             \
    X(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, 701)                                                     \
    X(CUDA_ERROR_LAUNCH_TIMEOUT, 702)                                                              \
    X(CUDA_ERROR_CONTEXT_IS_DESTROYED, 709)                                                        \
    X(CUDA_ERROR_ASSERT, 710)                                                                      \
    X(CUDA_ERROR_HARDWARE_STACK_ERROR, 714)                                                        \
    X(CUDA_ERROR_ILLEGAL_INSTRUCTION, 715)                                                         \
    X(CUDA_ERROR_MISALIGNED_ADDRESS, 716)                                                          \
    X(CUDA_ERROR_INVALID_ADDRESS_SPACE, 717)                                                       \
    X(CUDA_ERROR_INVALID_PC, 718)                                                                  \
    X(CUDA_ERROR_LAUNCH_FAILED, 719)                                                               \
    X(CUDA_ERROR_NOT_SUPPORTED, 801)                                                               \
    X(CUDA_ERROR_SYSTEM_NOT_READY, 802)                                                            \
    X(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, 803)                                                      \
    X(CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE, 804)                                              \
    X(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, 900)                                                  \
    X(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, 901)                                                  \
    X(CUDA_ERROR_EXTERNAL_DEVICE, 911)                                                             \
    X(CUDA_ERROR_UNKNOWN, 999)

#define CUDA_DEVICE_ATTRIBUTES(X)                                                                  \
    X(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1)                                                \
    X(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, 2)                                                      \
    X(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, 3)                                                      \
    X(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, 4)                                                      \
    X(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, 5)                                                       \
    X(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, 6)                                                       \
    X(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, 7)                                                       \
    X(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 8)                                          \
    X(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 16)                                                \
    X(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 38)                                                       \
    X(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 39)                                      \
    X(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 75)                                            \
    X(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 76)                                            \
    X(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 97)

#define CUDA_JIT_OPTIONS(X)                                                                        \
    X(CU_JIT_ERROR_LOG_BUFFER, 5)                                                                  \
    X(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, 6)

#define CUDA_FUNCTION_ATTRIBUTES(X)                                                                \
    X(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, 1)                                                      \
    X(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 8)

#define CUDA_CAPTURE_MODES(X) X(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL, 1)

#define CUDA_TENSOR_TYPES(X)                                                                       \
    X(CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 6)                                                          \
    X(CU_TENSOR_MAP_DATA_TYPE_FLOAT32, 7)                                                          \
    X(CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 9)

#define CUDA_TENSOR_INTERLEAVES(X) X(CU_TENSOR_MAP_INTERLEAVE_NONE, 0)
#define CUDA_TENSOR_SWIZZLES(X) X(CU_TENSOR_MAP_SWIZZLE_128B, 3)
#define CUDA_TENSOR_PROMOTIONS(X) X(CU_TENSOR_MAP_L2_PROMOTION_L2_256B, 3)
#define CUDA_TENSOR_FILLS(X) X(CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE, 0)

/* Bits of the flags arguments. */
#define CUDA_FLAGS(X)                                                                              \
    X(CU_STREAM_NON_BLOCKING, 1)                                                                   \
    X(CU_EVENT_DEFAULT, 0)                                                                         \
    X(CU_EVENT_DISABLE_TIMING, 2)

#ifndef LOCKSTEP_CUDA_TYPES
#    define CUDA_ENUMERATOR(name, value) name = (value),
enum cuda_result { CUDA_RESULTS(CUDA_ENUMERATOR) };
enum cuda_device_attribute { CUDA_DEVICE_ATTRIBUTES(CUDA_ENUMERATOR) };
enum cuda_jit_option { CUDA_JIT_OPTIONS(CUDA_ENUMERATOR) };
enum cuda_function_attribute { CUDA_FUNCTION_ATTRIBUTES(CUDA_ENUMERATOR) };
enum cuda_capture_mode { CUDA_CAPTURE_MODES(CUDA_ENUMERATOR) };
enum cuda_flag { CUDA_FLAGS(CUDA_ENUMERATOR) };
enum cuda_tensor_type { CUDA_TENSOR_TYPES(CUDA_ENUMERATOR) };
enum cuda_tensor_interleave { CUDA_TENSOR_INTERLEAVES(CUDA_ENUMERATOR) };
enum cuda_tensor_swizzle { CUDA_TENSOR_SWIZZLES(CUDA_ENUMERATOR) };
enum cuda_tensor_promotion { CUDA_TENSOR_PROMOTIONS(CUDA_ENUMERATOR) };
enum cuda_tensor_fill { CUDA_TENSOR_FILLS(CUDA_ENUMERATOR) };
#    undef CUDA_ENUMERATOR
#endif

typedef int cuda_device;
typedef unsigned long long cuda_address;
struct cuda_context;
struct cuda_stream;
struct cuda_event;
struct cuda_module;
struct cuda_function;
struct cuda_graph;
struct cuda_graph_exec;
struct cuda_graph_node;
struct cuda_tensor_map;

/* Member of struct driver, exported name, arguments. All return enum cuda_result. The newest is
 * cuGraphInstantiateWithFlags, of CUDA 11.4. cuEventElapsedTime is asked for by its first name,
 * which every driver exports. */
#define CUDA_DRIVER_FUNCTIONS(X)                                                                   \
    X(cuInit, cuInit, (unsigned int flags))                                                        \
    X(cuDriverGetVersion, cuDriverGetVersion, (int *version))                                      \
    X(cuGetErrorName, cuGetErrorName, (enum cuda_result result, const char **name))                \
    X(cuGetErrorString, cuGetErrorString, (enum cuda_result result, const char **text))            \
    X(cuDeviceGetCount, cuDeviceGetCount, (int *count))                                            \
    X(cuDeviceGet, cuDeviceGet, (cuda_device * device, int index))                                 \
    X(cuDeviceGetName, cuDeviceGetName, (char *name, int bytes, cuda_device device))               \
    X(cuDeviceGetAttribute, cuDeviceGetAttribute,                                                  \
      (int *value, enum cuda_device_attribute attribute, cuda_device device))                      \
    X(cuDeviceTotalMem, cuDeviceTotalMem_v2, (size_t * bytes, cuda_device device))                 \
    X(cuDeviceGetPCIBusId, cuDeviceGetPCIBusId, (char *name, int bytes, cuda_device device))       \
    X(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain,                                          \
      (struct cuda_context * *context, cuda_device device))                                        \
    X(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2, (cuda_device device))               \
    X(cuDevicePrimaryCtxReset, cuDevicePrimaryCtxReset_v2, (cuda_device device))                   \
    X(cuCtxSetCurrent, cuCtxSetCurrent, (struct cuda_context * context))                           \
    X(cuMemGetInfo, cuMemGetInfo_v2, (size_t * available, size_t * total))                         \
    X(cuMemAlloc, cuMemAlloc_v2, (cuda_address * address, size_t bytes))                           \
    X(cuMemFree, cuMemFree_v2, (cuda_address address))                                             \
    X(cuMemHostAlloc, cuMemHostAlloc, (void **pointer, size_t bytes, unsigned int flags))          \
    X(cuMemFreeHost, cuMemFreeHost, (void *pointer))                                               \
    X(cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2,                                                     \
      (cuda_address to, const void *from, size_t bytes, struct cuda_stream *stream))               \
    X(cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2,                                                     \
      (void *to, cuda_address from, size_t bytes, struct cuda_stream *stream))                     \
    X(cuMemsetD32Async, cuMemsetD32Async,                                                          \
      (cuda_address to, unsigned int word, size_t words, struct cuda_stream *stream))              \
    X(cuStreamCreate, cuStreamCreate, (struct cuda_stream * *stream, unsigned int flags))          \
    X(cuStreamDestroy, cuStreamDestroy_v2, (struct cuda_stream * stream))                          \
    X(cuStreamSynchronize, cuStreamSynchronize, (struct cuda_stream * stream))                     \
    X(cuStreamQuery, cuStreamQuery, (struct cuda_stream * stream))                                 \
    X(cuStreamWaitEvent, cuStreamWaitEvent,                                                        \
      (struct cuda_stream * stream, struct cuda_event * event, unsigned int flags))                \
    X(cuStreamBeginCapture, cuStreamBeginCapture_v2,                                               \
      (struct cuda_stream * stream, enum cuda_capture_mode mode))                                  \
    X(cuStreamEndCapture, cuStreamEndCapture,                                                      \
      (struct cuda_stream * stream, struct cuda_graph * *graph))                                   \
    X(cuEventCreate, cuEventCreate, (struct cuda_event * *event, unsigned int flags))              \
    X(cuEventDestroy, cuEventDestroy_v2, (struct cuda_event * event))                              \
    X(cuEventRecord, cuEventRecord, (struct cuda_event * event, struct cuda_stream * stream))      \
    X(cuEventSynchronize, cuEventSynchronize, (struct cuda_event * event))                         \
    X(cuEventElapsedTime, cuEventElapsedTime,                                                      \
      (float *milliseconds, struct cuda_event *start, struct cuda_event *stop))                    \
    X(cuModuleLoadDataEx, cuModuleLoadDataEx,                                                      \
      (struct cuda_module * *module, const void *image, unsigned int options,                      \
       enum cuda_jit_option *option, void **values))                                               \
    X(cuModuleUnload, cuModuleUnload, (struct cuda_module * module))                               \
    X(cuModuleGetFunction, cuModuleGetFunction,                                                    \
      (struct cuda_function * *function, struct cuda_module * module, const char *name))           \
    X(cuFuncGetAttribute, cuFuncGetAttribute,                                                      \
      (int *value, enum cuda_function_attribute attribute, struct cuda_function *function))        \
    X(cuFuncSetAttribute, cuFuncSetAttribute,                                                      \
      (struct cuda_function * function, enum cuda_function_attribute attribute, int value))        \
    X(cuLaunchKernel, cuLaunchKernel,                                                              \
      (struct cuda_function * function, unsigned int grid_x, unsigned int grid_y,                  \
       unsigned int grid_z, unsigned int block_x, unsigned int block_y, unsigned int block_z,      \
       unsigned int shared_bytes, struct cuda_stream *stream, void **parameters, void **extra))    \
    X(cuGraphInstantiateWithFlags, cuGraphInstantiateWithFlags,                                    \
      (struct cuda_graph_exec * *exec, struct cuda_graph * graph, unsigned long long flags))       \
    X(cuGraphGetNodes, cuGraphGetNodes,                                                            \
      (struct cuda_graph * graph, struct cuda_graph_node * *nodes, size_t * count))                \
    X(cuGraphLaunch, cuGraphLaunch, (struct cuda_graph_exec * exec, struct cuda_stream * stream))  \
    X(cuGraphExecDestroy, cuGraphExecDestroy, (struct cuda_graph_exec * exec))                     \
    X(cuGraphDestroy, cuGraphDestroy, (struct cuda_graph * graph))

/* The same of CUDA 12.0, which describes matrices to TMA, and of 12.4, which tell what an image
 * holds. What an older driver lacks is NULL. */
#define CUDA_DRIVER_FUNCTIONS_KNOWN(X)                                                             \
    X(cuModuleGetFunctionCount, cuModuleGetFunctionCount,                                          \
      (unsigned int *count, struct cuda_module *module))                                           \
    X(cuModuleEnumerateFunctions, cuModuleEnumerateFunctions,                                      \
      (struct cuda_function * *functions, unsigned int count, struct cuda_module *module))         \
    X(cuFuncGetName, cuFuncGetName, (const char **name, struct cuda_function *function))           \
    X(cuFuncGetParamInfo, cuFuncGetParamInfo,                                                      \
      (struct cuda_function * function, size_t index, size_t * offset, size_t * bytes))            \
    X(cuTensorMapEncodeTiled, cuTensorMapEncodeTiled,                                              \
      (struct cuda_tensor_map * map, enum cuda_tensor_type type, uint32_t rank, void *address,     \
       const uint64_t *sizes, const uint64_t *strides, const uint32_t *box,                        \
       const uint32_t *element_strides, enum cuda_tensor_interleave interleave,                    \
       enum cuda_tensor_swizzle swizzle, enum cuda_tensor_promotion promotion,                     \
       enum cuda_tensor_fill fill))

#endif
