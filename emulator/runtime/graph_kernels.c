/* Nodes of kernels and of events, and nodes of any type, read and changed. */
#include "emulator/runtime/node.h"
#include "emulator/runtime/registry.h"
#include "emulator/runtime/runtime.h"

#include <string.h>

/* ---- Kernels ---- */

RUNTIME_API cudaError_t cudaGraphKernelNodeSetParams(CUgraphNode node,
                                                     const struct cudaKernelNodeParams *from) {
    CUDA_KERNEL_NODE_PARAMS parameters;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = node_describe_kernel(from, &parameters);
    return runtime_end(result == CUDA_SUCCESS ? cuGraphKernelNodeSetParams_v2(node, &parameters)
                                              : result);
}

RUNTIME_API cudaError_t cudaGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                         const struct cudaKernelNodeParams *from) {
    CUDA_KERNEL_NODE_PARAMS parameters;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = node_describe_kernel(from, &parameters);
    return runtime_end(result == CUDA_SUCCESS
                           ? cuGraphExecKernelNodeSetParams_v2(exec, node, &parameters)
                           : result);
}

RUNTIME_API cudaError_t cudaGraphKernelNodeGetParams(CUgraphNode node,
                                                     struct cudaKernelNodeParams *to) {
    CUDA_KERNEL_NODE_PARAMS read;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = to ? cuGraphKernelNodeGetParams_v2(node, &read) : CUDA_ERROR_INVALID_VALUE;
    if (result != CUDA_SUCCESS)
        return runtime_end(result);
    *to =
        (struct cudaKernelNodeParams){.gridDim = {read.gridDimX, read.gridDimY, read.gridDimZ},
                                      .blockDim = {read.blockDimX, read.blockDimY, read.blockDimZ},
                                      .sharedMemBytes = read.sharedMemBytes,
                                      .kernelParams = read.kernelParams};
    const void *name = registry_name(read.func);
    memcpy(&to->func, &name, sizeof name);
    return cudaSuccess;
}

/* Attributes are the driver's, member for member. */
RUNTIME_API cudaError_t cudaGraphKernelNodeGetAttribute(CUgraphNode node,
                                                        CUkernelNodeAttrID attribute,
                                                        CUkernelNodeAttrValue *value) {
    RUNTIME_RETURN(cuGraphKernelNodeGetAttribute(node, attribute, value));
}

RUNTIME_API cudaError_t cudaGraphKernelNodeSetAttribute(CUgraphNode node,
                                                        CUkernelNodeAttrID attribute,
                                                        const CUkernelNodeAttrValue *value) {
    RUNTIME_RETURN(cuGraphKernelNodeSetAttribute(node, attribute, value));
}

/* The source comes first before version 13. */
#if RUNTIME_VERSION >= 13000
RUNTIME_API cudaError_t cudaGraphKernelNodeCopyAttributes(CUgraphNode to, CUgraphNode from) {
    RUNTIME_RETURN(cuGraphKernelNodeCopyAttributes(to, from));
}
#else
RUNTIME_API cudaError_t cudaGraphKernelNodeCopyAttributes(CUgraphNode from, CUgraphNode to) {
    RUNTIME_RETURN(cuGraphKernelNodeCopyAttributes(to, from));
}
#endif

/* ---- Events ---- */

RUNTIME_API cudaError_t cudaGraphEventRecordNodeGetEvent(CUgraphNode node, CUevent *event) {
    RUNTIME_RETURN(cuGraphEventRecordNodeGetEvent(node, event));
}

RUNTIME_API cudaError_t cudaGraphEventRecordNodeSetEvent(CUgraphNode node, CUevent event) {
    RUNTIME_RETURN(cuGraphEventRecordNodeSetEvent(node, event));
}

RUNTIME_API cudaError_t cudaGraphExecEventRecordNodeSetEvent(CUgraphExec exec, CUgraphNode node,
                                                             CUevent event) {
    RUNTIME_RETURN(cuGraphExecEventRecordNodeSetEvent(exec, node, event));
}

RUNTIME_API cudaError_t cudaGraphEventWaitNodeGetEvent(CUgraphNode node, CUevent *event) {
    RUNTIME_RETURN(cuGraphEventWaitNodeGetEvent(node, event));
}

RUNTIME_API cudaError_t cudaGraphEventWaitNodeSetEvent(CUgraphNode node, CUevent event) {
    RUNTIME_RETURN(cuGraphEventWaitNodeSetEvent(node, event));
}

RUNTIME_API cudaError_t cudaGraphExecEventWaitNodeSetEvent(CUgraphExec exec, CUgraphNode node,
                                                           CUevent event) {
    RUNTIME_RETURN(cuGraphExecEventWaitNodeSetEvent(exec, node, event));
}

/* ---- Any node ---- */

RUNTIME_API cudaError_t cudaGraphExecChildGraphNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                             CUgraph graph) {
    RUNTIME_RETURN(cuGraphExecChildGraphNodeSetParams(exec, node, graph));
}

RUNTIME_API cudaError_t cudaGraphNodeSetParams(CUgraphNode node, const CUgraphNodeParams *from) {
    CUgraphNodeParams parameters;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = from ? node_describe(from, &parameters) : CUDA_ERROR_INVALID_VALUE;
    return runtime_end(result == CUDA_SUCCESS ? cuGraphNodeSetParams(node, &parameters) : result);
}

RUNTIME_API cudaError_t cudaGraphExecNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                   const CUgraphNodeParams *from) {
    CUgraphNodeParams parameters;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = from ? node_describe(from, &parameters) : CUDA_ERROR_INVALID_VALUE;
    return runtime_end(result == CUDA_SUCCESS ? cuGraphExecNodeSetParams(exec, node, &parameters)
                                              : result);
}
