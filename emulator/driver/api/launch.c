/* cuLaunchKernel in its forms. */
#include "emulator/driver/api/api.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/green.h"
#include "emulator/driver/kernel_attribute.h"
#include "emulator/driver/stream.h"

static CUresult kernel_launch(const char *call, CUstream handle, struct kernel_request *request) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS) {
        struct driver_operation operation = {.type = CU_GRAPH_NODE_TYPE_KERNEL};
        request->context = stream->context;
        request->multiprocessors = green_multiprocessors(stream_green(stream));
        status = kernel_prepare(&operation.kernel, request);
        if (status == CUDA_SUCCESS) {
            status = operation_submit(stream, &operation);
            operation_release(&operation);
        }
    }
    return driver_end_of(call, status);
}

CUresult cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
                        unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                        unsigned int block_z, unsigned int shared_bytes, CUstream stream,
                        void **parameters, void **extra) {
    struct kernel_request request = {.function = function,
                                     .grid = {grid_x, grid_y, grid_z},
                                     .block = {block_x, block_y, block_z},
                                     .dynamic_shared = shared_bytes,
                                     .parameters = parameters,
                                     .extra = extra};
    return kernel_launch(__func__, stream, &request);
}
DRIVER_ALIAS(cuLaunchKernel, cuLaunchKernel_ptsz);

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
                                   unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                                   unsigned int block_z, unsigned int shared_bytes, CUstream stream,
                                   void **parameters) {
    struct kernel_request request = {.function = function,
                                     .grid = {grid_x, grid_y, grid_z},
                                     .block = {block_x, block_y, block_z},
                                     .dynamic_shared = shared_bytes,
                                     .cooperative = true,
                                     .parameters = parameters};
    return kernel_launch(__func__, stream, &request);
}
DRIVER_ALIAS(cuLaunchCooperativeKernel, cuLaunchCooperativeKernel_ptsz);

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters,
                          void **extra) {
    if (!config || (config->numAttrs && !config->attrs))
        return CUDA_ERROR_INVALID_VALUE;
    struct kernel_request request = {
        .function = function,
        .grid = {config->gridDimX, config->gridDimY, config->gridDimZ},
        .block = {config->blockDimX, config->blockDimY, config->blockDimZ},
        .dynamic_shared = config->sharedMemBytes,
        .parameters = parameters,
        .extra = extra};
    CUresult status = CUDA_SUCCESS;
    pthread_mutex_lock(&driver.lock); /* for what is said */
    for (unsigned i = 0; i < config->numAttrs && status == CUDA_SUCCESS; i++)
        status = kernel_request_attribute(&request, config->attrs[i].id, &config->attrs[i].value);
    pthread_mutex_unlock(&driver.lock);
    return status == CUDA_SUCCESS ? kernel_launch(__func__, config->hStream, &request) : status;
}
DRIVER_ALIAS(cuLaunchKernelEx, cuLaunchKernelEx_ptsz);
