/* Launches: `<<<…>>>` as nvcc spells it, and the functions that programs call themselves. */
#include "emulator/runtime/registry.h"
#include "emulator/runtime/runtime.h"

/* ---- The configuration between `<<<` and `>>>`, which may hold a launch itself ---- */

struct configuration {
    dim3 grid, block;
    size_t shared;
    CUstream stream;
};

enum { CONFIGURATIONS = 64 };

static _Thread_local struct {
    struct configuration pushed[CONFIGURATIONS];
    size_t count;
} configurations;

RUNTIME_API unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared,
                                                 CUstream stream) {
    if (configurations.count == CONFIGURATIONS)
        return 1;
    configurations.pushed[configurations.count++] =
        (struct configuration){grid, block, shared, stream};
    return 0;
}

RUNTIME_API cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared,
                                                   CUstream *stream) {
    if (configurations.count == 0)
        return runtime_fail(cudaErrorMissingConfiguration);
    const struct configuration *last = &configurations.pushed[--configurations.count];
    *grid = last->grid;
    *block = last->block;
    *shared = last->shared;
    *stream = last->stream;
    return cudaSuccess;
}

/* ---- Kernels ---- */

static bool is_possible(dim3 grid, dim3 block) {
    enum { THREADS = 1024, BLOCK_DEPTH = 64, GRID_SIDE = 65535 };
    const unsigned long long threads = (unsigned long long)block.x * block.y * block.z;
    return grid.x && grid.y && grid.z && grid.x <= INT32_MAX && grid.y <= GRID_SIDE &&
           grid.z <= GRID_SIDE && threads && threads <= THREADS && block.z <= BLOCK_DEPTH;
}

/* The driver refuses what no device has. */
static unsigned shared_bytes(size_t shared) {
    return shared > UINT32_MAX ? UINT32_MAX : (unsigned)shared;
}

/* The driver says what is wrong with a launch, and the runtime has a name of its own for a grid or
 * block that no device takes. */
static cudaError_t launch_end(CUresult result, dim3 grid, dim3 block) {
    return is_possible(grid, block) ? runtime_end(result)
                                    : runtime_fail(cudaErrorInvalidConfiguration);
}

static cudaError_t refuse_function(void) {
    return runtime_refuse(cudaErrorInvalidDeviceFunction,
                          "launch: the program has registered no kernel at this address");
}

/* The driver's function of what the program launches; otherwise the error. */
static cudaError_t kernel_find(const void *host, CUfunction *function) {
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = registry_find(host, function);
    return result == CUDA_ERROR_INVALID_HANDLE ? refuse_function() : runtime_end(result);
}

static cudaError_t function_launch(CUfunction function, dim3 grid, dim3 block, void **arguments,
                                   size_t shared, CUstream stream) {
    const CUresult result = cuLaunchKernel(function, grid.x, grid.y, grid.z, block.x, block.y,
                                           block.z, shared_bytes(shared), stream, arguments, NULL);
    return launch_end(result, grid, block);
}

RUNTIME_API cudaError_t cudaLaunchKernel(const void *host, dim3 grid, dim3 block, void **arguments,
                                         size_t shared, CUstream stream) {
    CUfunction function;
    const cudaError_t error = kernel_find(host, &function);
    return error != cudaSuccess ? error
                                : function_launch(function, grid, block, arguments, shared, stream);
}
RUNTIME_PER_THREAD(cudaLaunchKernel, _ptsz);

RUNTIME_API cudaError_t cudaLaunchCooperativeKernel(const void *host, dim3 grid, dim3 block,
                                                    void **arguments, size_t shared,
                                                    CUstream stream) {
    CUfunction function;
    const cudaError_t error = kernel_find(host, &function);
    if (error != cudaSuccess)
        return error;
    const CUresult result =
        cuLaunchCooperativeKernel(function, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                                  shared_bytes(shared), stream, arguments);
    return launch_end(result, grid, block);
}
RUNTIME_PER_THREAD(cudaLaunchCooperativeKernel, _ptsz);

/* The kernel as the stream's device has it. */
static CUresult function_on_stream(const void *host, CUstream stream, CUfunction *function) {
    int device = 0;
    const CUresult result = cuStreamGetDevice(stream, &device);
    return result == CUDA_SUCCESS ? registry_find_on(host, device, function) : result;
}

/* Of CUDA 12 and before. */
RUNTIME_API cudaError_t cudaLaunchCooperativeKernelMultiDevice(const struct cudaLaunchParams *list,
                                                               unsigned count, unsigned flags) {
    CUDA_LAUNCH_PARAMS same[RUNTIME_DEVICES];
    CUresult result = runtime_begin();
    if (result != CUDA_SUCCESS)
        return runtime_end(result);
    if (!list || count > RUNTIME_DEVICES) /* the driver refuses it, and tells */
        return runtime_end(cuLaunchCooperativeKernelMultiDevice(list ? same : NULL, count, flags));
    for (unsigned k = 0; result == CUDA_SUCCESS && k < count; k++) {
        same[k] = (CUDA_LAUNCH_PARAMS){.gridDimX = list[k].gridDim.x,
                                       .gridDimY = list[k].gridDim.y,
                                       .gridDimZ = list[k].gridDim.z,
                                       .blockDimX = list[k].blockDim.x,
                                       .blockDimY = list[k].blockDim.y,
                                       .blockDimZ = list[k].blockDim.z,
                                       .sharedMemBytes = shared_bytes(list[k].sharedMem),
                                       .hStream = list[k].stream,
                                       .kernelParams = list[k].args};
        result = function_on_stream(list[k].func, list[k].stream, &same[k].function);
        if (result == CUDA_ERROR_INVALID_HANDLE)
            return refuse_function();
    }
    if (result == CUDA_SUCCESS)
        result = cuLaunchCooperativeKernelMultiDevice(same, count, flags);
    return runtime_end(result);
}

RUNTIME_API cudaError_t __cudaLaunchKernel(struct runtime_kernel *kernel, dim3 grid, dim3 block,
                                           void **arguments, size_t shared, CUstream stream) {
    CUfunction function;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS && !kernel)
        return refuse_function();
    if (result == CUDA_SUCCESS)
        result = registry_function(kernel, &function);
    return result != CUDA_SUCCESS
               ? runtime_end(result)
               : function_launch(function, grid, block, arguments, shared, stream);
}
RUNTIME_PER_THREAD(__cudaLaunchKernel, _ptsz);

/* The driver's function and configuration of a launch; otherwise the error. */
static cudaError_t configure(const struct cudaLaunchConfig_st *config, const void *host,
                             CUfunction *function, CUlaunchConfig *same) {
    if (!config)
        return runtime_fail(cudaErrorInvalidValue);
    const cudaError_t error = kernel_find(host, function);
    if (error != cudaSuccess)
        return error;
    *same = (CUlaunchConfig){.gridDimX = config->gridDim.x,
                             .gridDimY = config->gridDim.y,
                             .gridDimZ = config->gridDim.z,
                             .blockDimX = config->blockDim.x,
                             .blockDimY = config->blockDim.y,
                             .blockDimZ = config->blockDim.z,
                             .sharedMemBytes = shared_bytes(config->dynamicSmemBytes),
                             .hStream = config->stream,
                             .attrs = config->attrs,
                             .numAttrs = config->numAttrs};
    return cudaSuccess;
}

RUNTIME_API cudaError_t cudaLaunchKernelExC(const struct cudaLaunchConfig_st *config,
                                            const void *host, void **arguments) {
    CUfunction function;
    CUlaunchConfig same;
    const cudaError_t error = configure(config, host, &function, &same);
    return error != cudaSuccess ? error
                                : launch_end(cuLaunchKernelEx(&same, function, arguments, NULL),
                                             config->gridDim, config->blockDim);
}
RUNTIME_PER_THREAD(cudaLaunchKernelExC, _ptsz);

RUNTIME_API cudaError_t cudaOccupancyMaxActiveClusters(int *clusters, const void *host,
                                                       const struct cudaLaunchConfig_st *config) {
    CUfunction function;
    CUlaunchConfig same;
    const cudaError_t error = configure(config, host, &function, &same);
    return error != cudaSuccess
               ? error
               : launch_end(cuOccupancyMaxActiveClusters(clusters, function, &same),
                            config->gridDim, config->blockDim);
}

RUNTIME_API cudaError_t cudaOccupancyMaxPotentialClusterSize(
    int *blocks, const void *host, const struct cudaLaunchConfig_st *config) {
    CUfunction function;
    CUlaunchConfig same;
    const cudaError_t error = configure(config, host, &function, &same);
    return error != cudaSuccess
               ? error
               : launch_end(cuOccupancyMaxPotentialClusterSize(blocks, function, &same),
                            config->gridDim, config->blockDim);
}

RUNTIME_API cudaError_t cudaLaunchHostFunc(CUstream stream, CUhostFn function, void *data) {
    RUNTIME_RETURN(cuLaunchHostFunc(stream, function, data));
}
RUNTIME_PER_THREAD(cudaLaunchHostFunc, _ptsz);
