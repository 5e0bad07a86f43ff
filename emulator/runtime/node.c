/* Parameters of nodes: the driver's of the runtime's. */
#include "emulator/runtime/node.h"

#include <string.h>

#include "emulator/runtime/copy.h"
#include "emulator/runtime/registry.h"
#include "emulator/runtime/runtime.h"
#include "emulator/runtime/symbol.h"

CUresult node_describe_kernel(const struct cudaKernelNodeParams *from,
                              CUDA_KERNEL_NODE_PARAMS *parameters) {
    if (!from)
        return CUDA_ERROR_INVALID_VALUE;
    *parameters = (CUDA_KERNEL_NODE_PARAMS){.gridDimX = from->gridDim.x,
                                            .gridDimY = from->gridDim.y,
                                            .gridDimZ = from->gridDim.z,
                                            .blockDimX = from->blockDim.x,
                                            .blockDimY = from->blockDim.y,
                                            .blockDimZ = from->blockDim.z,
                                            .sharedMemBytes = from->sharedMemBytes,
                                            .kernelParams = from->kernelParams,
                                            .extra = from->extra};
    const CUresult result = registry_find(from->func, &parameters->func);
    return result == CUDA_ERROR_INVALID_HANDLE ? CUDA_ERROR_INVALID_VALUE : result;
}

/* Those of kernels and copies differ from the runtime's; the others are the same. */
CUresult node_describe(const CUgraphNodeParams *from, CUgraphNodeParams *parameters) {
    struct cudaKernelNodeParams kernel;
    struct cudaMemcpyNodeParams copy;
    *parameters = *from;
    switch ((int)from->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        memcpy(&kernel, &from->kernel, sizeof kernel);
        memset(&parameters->kernel, 0, sizeof parameters->kernel);
        return node_describe_kernel(&kernel, &parameters->kernel);
    case CU_GRAPH_NODE_TYPE_MEMCPY:
        memcpy(&copy, &from->memcpy, sizeof copy);
        memset(&parameters->memcpy, 0, sizeof parameters->memcpy);
        return copy_describe(&copy.copyParams, &parameters->memcpy.copyParams);
    default:
        return CUDA_SUCCESS;
    }
}

struct cudaMemcpy3DParms node_line(void *to, const void *from, size_t bytes,
                                   enum cudaMemcpyKind kind) {
    struct cudaMemcpy3DParms copy = {.dstPtr = {to, bytes, bytes, 1},
                                     .srcPtr = {NULL, bytes, bytes, 1},
                                     .extent = {bytes, 1, 1},
                                     .kind = kind};
    memcpy(&copy.srcPtr.ptr, &from, sizeof from);
    return copy;
}

cudaError_t node_line_to_symbol(const void *symbol, const void *from, size_t bytes, size_t offset,
                                enum cudaMemcpyKind kind, struct cudaMemcpy3DParms *copy) {
    char *place;
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const cudaError_t error = symbol_find(symbol, offset, bytes, &place);
    *copy = node_line(place, from, bytes, kind);
    return error;
}

cudaError_t node_line_from_symbol(void *to, const void *symbol, size_t bytes, size_t offset,
                                  enum cudaMemcpyKind kind, struct cudaMemcpy3DParms *copy) {
    char *place;
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const cudaError_t error = symbol_find(symbol, offset, bytes, &place);
    *copy = node_line(to, place, bytes, kind);
    return error;
}

CUresult node_context(CUcontext *context) {
    const CUresult result = runtime_begin();
    return result == CUDA_SUCCESS ? cuCtxGetCurrent(context) : result;
}
