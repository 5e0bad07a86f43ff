/* Nodes of graphs: what allocates memory, and what is asked of nodes and changed in them. */
#include "emulator/runtime/copy.h"
#include "emulator/runtime/node.h"
#include "emulator/runtime/runtime.h"

/* ---- Memory of graphs; parameters are the driver's, member for member ---- */

RUNTIME_API cudaError_t cudaGraphAddMemAllocNode(CUgraphNode *node, CUgraph graph,
                                                 const CUgraphNode *dependencies, size_t count,
                                                 CUDA_MEM_ALLOC_NODE_PARAMS *parameters) {
    RUNTIME_RETURN(cuGraphAddMemAllocNode(node, graph, dependencies, count, parameters));
}

RUNTIME_API cudaError_t cudaGraphAddMemFreeNode(CUgraphNode *node, CUgraph graph,
                                                const CUgraphNode *dependencies, size_t count,
                                                void *memory) {
    RUNTIME_RETURN(cuGraphAddMemFreeNode(node, graph, dependencies, count, address_of(memory)));
}

RUNTIME_API cudaError_t cudaGraphMemAllocNodeGetParams(CUgraphNode node,
                                                       CUDA_MEM_ALLOC_NODE_PARAMS *parameters) {
    RUNTIME_RETURN(cuGraphMemAllocNodeGetParams(node, parameters));
}

RUNTIME_API cudaError_t cudaGraphMemFreeNodeGetParams(CUgraphNode node, CUdeviceptr *address) {
    RUNTIME_RETURN(cuGraphMemFreeNodeGetParams(node, address));
}

RUNTIME_API cudaError_t cudaDeviceGetGraphMemAttribute(int device, CUgraphMem_attribute attribute,
                                                       void *value) {
    RUNTIME_RETURN(cuDeviceGetGraphMemAttribute(device, attribute, value));
}

RUNTIME_API cudaError_t cudaDeviceSetGraphMemAttribute(int device, CUgraphMem_attribute attribute,
                                                       void *value) {
    RUNTIME_RETURN(cuDeviceSetGraphMemAttribute(device, attribute, value));
}

RUNTIME_API cudaError_t cudaDeviceGraphMemTrim(int device) {
    RUNTIME_RETURN(cuDeviceGraphMemTrim(device));
}

/* ---- Copies, fills and host functions, in graphs and in executable graphs ---- */

RUNTIME_API cudaError_t cudaGraphMemcpyNodeSetParams(CUgraphNode node,
                                                     const struct cudaMemcpy3DParms *copy) {
    CUDA_MEMCPY3D described;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = copy ? copy_describe(copy, &described) : CUDA_ERROR_INVALID_VALUE;
    return runtime_end(result == CUDA_SUCCESS ? cuGraphMemcpyNodeSetParams(node, &described)
                                              : result);
}

RUNTIME_API cudaError_t cudaGraphMemcpyNodeGetParams(CUgraphNode node,
                                                     struct cudaMemcpy3DParms *copy) {
    CUDA_MEMCPY3D described;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = copy ? cuGraphMemcpyNodeGetParams(node, &described) : CUDA_ERROR_INVALID_VALUE;
    return runtime_end(result == CUDA_SUCCESS ? copy_read(&described, copy) : result);
}

RUNTIME_API cudaError_t cudaGraphMemcpyNodeSetParams1D(CUgraphNode node, void *to, void *from,
                                                       size_t bytes, enum cudaMemcpyKind kind) {
    const struct cudaMemcpy3DParms copy = node_line(to, from, bytes, kind);
    return cudaGraphMemcpyNodeSetParams(node, &copy);
}

RUNTIME_API cudaError_t cudaGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                         const struct cudaMemcpy3DParms *copy) {
    CUDA_MEMCPY3D described;
    CUcontext context;
    CUresult result = node_context(&context);
    if (result == CUDA_SUCCESS)
        result = copy ? copy_describe(copy, &described) : CUDA_ERROR_INVALID_VALUE;
    return runtime_end(result == CUDA_SUCCESS
                           ? cuGraphExecMemcpyNodeSetParams(exec, node, &described, context)
                           : result);
}

RUNTIME_API cudaError_t cudaGraphExecMemcpyNodeSetParams1D(CUgraphExec exec, CUgraphNode node,
                                                           void *to, void *from, size_t bytes,
                                                           enum cudaMemcpyKind kind) {
    const struct cudaMemcpy3DParms copy = node_line(to, from, bytes, kind);
    return cudaGraphExecMemcpyNodeSetParams(exec, node, &copy);
}

RUNTIME_API cudaError_t cudaGraphMemcpyNodeSetParamsToSymbol(CUgraphNode node, const void *symbol,
                                                             const void *from, size_t bytes,
                                                             size_t offset,
                                                             enum cudaMemcpyKind kind) {
    struct cudaMemcpy3DParms copy;
    const cudaError_t error = node_line_to_symbol(symbol, from, bytes, offset, kind, &copy);
    return error != cudaSuccess ? error : cudaGraphMemcpyNodeSetParams(node, &copy);
}

RUNTIME_API cudaError_t cudaGraphMemcpyNodeSetParamsFromSymbol(CUgraphNode node, void *to,
                                                               const void *symbol, size_t bytes,
                                                               size_t offset,
                                                               enum cudaMemcpyKind kind) {
    struct cudaMemcpy3DParms copy;
    const cudaError_t error = node_line_from_symbol(to, symbol, bytes, offset, kind, &copy);
    return error != cudaSuccess ? error : cudaGraphMemcpyNodeSetParams(node, &copy);
}

RUNTIME_API cudaError_t cudaGraphExecMemcpyNodeSetParamsToSymbol(CUgraphExec exec, CUgraphNode node,
                                                                 const void *symbol,
                                                                 const void *from, size_t bytes,
                                                                 size_t offset,
                                                                 enum cudaMemcpyKind kind) {
    struct cudaMemcpy3DParms copy;
    const cudaError_t error = node_line_to_symbol(symbol, from, bytes, offset, kind, &copy);
    return error != cudaSuccess ? error : cudaGraphExecMemcpyNodeSetParams(exec, node, &copy);
}

RUNTIME_API cudaError_t cudaGraphExecMemcpyNodeSetParamsFromSymbol(CUgraphExec exec,
                                                                   CUgraphNode node, void *to,
                                                                   const void *symbol, size_t bytes,
                                                                   size_t offset,
                                                                   enum cudaMemcpyKind kind) {
    struct cudaMemcpy3DParms copy;
    const cudaError_t error = node_line_from_symbol(to, symbol, bytes, offset, kind, &copy);
    return error != cudaSuccess ? error : cudaGraphExecMemcpyNodeSetParams(exec, node, &copy);
}

static CUDA_MEMSET_NODE_PARAMS fill_of(const struct cudaMemsetParams *from) {
    return (CUDA_MEMSET_NODE_PARAMS){.dst = address_of(from->dst),
                                     .pitch = from->pitch,
                                     .value = from->value,
                                     .elementSize = from->elementSize,
                                     .width = from->width,
                                     .height = from->height};
}

RUNTIME_API cudaError_t cudaGraphMemsetNodeSetParams(CUgraphNode node,
                                                     const struct cudaMemsetParams *from) {
    if (!from)
        return runtime_fail(cudaErrorInvalidValue);
    const CUDA_MEMSET_NODE_PARAMS fill = fill_of(from);
    RUNTIME_RETURN(cuGraphMemsetNodeSetParams(node, &fill));
}

RUNTIME_API cudaError_t cudaGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                         const struct cudaMemsetParams *from) {
    CUcontext context;
    const CUresult result = node_context(&context);
    if (result != CUDA_SUCCESS || !from)
        return runtime_end(result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE);
    const CUDA_MEMSET_NODE_PARAMS fill = fill_of(from);
    return runtime_end(cuGraphExecMemsetNodeSetParams(exec, node, &fill, context));
}

RUNTIME_API cudaError_t cudaGraphMemsetNodeGetParams(CUgraphNode node,
                                                     struct cudaMemsetParams *to) {
    CUDA_MEMSET_NODE_PARAMS fill;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = to ? cuGraphMemsetNodeGetParams(node, &fill) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *to = (struct cudaMemsetParams){
            .dst = (void *)(uintptr_t)fill.dst, // NOLINT(performance-no-int-to-ptr)
            .pitch = fill.pitch,
            .value = fill.value,
            .elementSize = fill.elementSize,
            .width = fill.width,
            .height = fill.height};
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaGraphHostNodeGetParams(CUgraphNode node,
                                                   CUDA_HOST_NODE_PARAMS *parameters) {
    RUNTIME_RETURN(cuGraphHostNodeGetParams(node, parameters));
}

RUNTIME_API cudaError_t cudaGraphHostNodeSetParams(CUgraphNode node,
                                                   const CUDA_HOST_NODE_PARAMS *parameters) {
    RUNTIME_RETURN(cuGraphHostNodeSetParams(node, parameters));
}

RUNTIME_API cudaError_t cudaGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                       const CUDA_HOST_NODE_PARAMS *parameters) {
    RUNTIME_RETURN(cuGraphExecHostNodeSetParams(exec, node, parameters));
}

RUNTIME_API cudaError_t cudaGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *graph) {
    RUNTIME_RETURN(cuGraphChildGraphNodeGetGraph(node, graph));
}

RUNTIME_API cudaError_t cudaGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode node,
                                                unsigned enabled) {
    RUNTIME_RETURN(cuGraphNodeSetEnabled(exec, node, enabled));
}

RUNTIME_API cudaError_t cudaGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode node,
                                                unsigned *enabled) {
    RUNTIME_RETURN(cuGraphNodeGetEnabled(exec, node, enabled));
}

RUNTIME_API cudaError_t cudaGraphExecGetFlags(CUgraphExec exec, unsigned long long *flags) {
    cuuint64_t read = 0;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = flags ? cuGraphExecGetFlags(exec, &read) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *flags = read;
    return runtime_end(result);
}

/* ---- Edges. Version 13 has them with data, which was the second form of version 12 ---- */

RUNTIME_API cudaError_t cudaGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                                             CUgraphEdgeData *edges, size_t *count) {
    RUNTIME_RETURN(cuGraphGetEdges_v2(graph, from, to, edges, count));
}

RUNTIME_API cudaError_t cudaGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode *dependencies,
                                                        CUgraphEdgeData *edges, size_t *count) {
    RUNTIME_RETURN(cuGraphNodeGetDependencies_v2(node, dependencies, edges, count));
}

RUNTIME_API cudaError_t cudaGraphNodeGetDependentNodes_v2(CUgraphNode node, CUgraphNode *dependent,
                                                          CUgraphEdgeData *edges, size_t *count) {
    RUNTIME_RETURN(cuGraphNodeGetDependentNodes_v2(node, dependent, edges, count));
}

RUNTIME_API cudaError_t cudaGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                                       const CUgraphNode *to,
                                                       const CUgraphEdgeData *edges, size_t count) {
    RUNTIME_RETURN(cuGraphRemoveDependencies_v2(graph, from, to, edges, count));
}

#if RUNTIME_VERSION >= 13000
#    define SAME_AS_SECOND(name)                                                                   \
        RUNTIME_API extern __typeof__(name##_v2)(name) __attribute__((alias(#name "_v2")))
SAME_AS_SECOND(cudaGraphGetEdges);
SAME_AS_SECOND(cudaGraphNodeGetDependencies);
SAME_AS_SECOND(cudaGraphNodeGetDependentNodes);
SAME_AS_SECOND(cudaGraphRemoveDependencies);
#else
RUNTIME_API cudaError_t cudaGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                                          size_t *count) {
    RUNTIME_RETURN(cuGraphGetEdges(graph, from, to, count));
}

RUNTIME_API cudaError_t cudaGraphNodeGetDependencies(CUgraphNode node, CUgraphNode *dependencies,
                                                     size_t *count) {
    RUNTIME_RETURN(cuGraphNodeGetDependencies(node, dependencies, count));
}

RUNTIME_API cudaError_t cudaGraphNodeGetDependentNodes(CUgraphNode node, CUgraphNode *dependent,
                                                       size_t *count) {
    RUNTIME_RETURN(cuGraphNodeGetDependentNodes(node, dependent, count));
}

RUNTIME_API cudaError_t cudaGraphRemoveDependencies(CUgraph graph, const CUgraphNode *from,
                                                    const CUgraphNode *to, size_t count) {
    RUNTIME_RETURN(cuGraphRemoveDependencies(graph, from, to, count));
}
#endif
