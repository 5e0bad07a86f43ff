/* Graphs: nodes and executable graphs are the driver's. */
#include "emulator/runtime/copy.h"
#include "emulator/runtime/node.h"
#include "emulator/runtime/runtime.h"

RUNTIME_API cudaError_t cudaGraphCreate(CUgraph *graph, unsigned flags) {
    RUNTIME_RETURN(cuGraphCreate(graph, flags));
}

RUNTIME_API cudaError_t cudaGraphDestroy(CUgraph graph) {
    RUNTIME_RETURN(cuGraphDestroy(graph));
}

RUNTIME_API cudaError_t cudaGraphClone(CUgraph *clone, CUgraph graph) {
    RUNTIME_RETURN(cuGraphClone(clone, graph));
}

RUNTIME_API cudaError_t cudaGraphDestroyNode(CUgraphNode node) {
    RUNTIME_RETURN(cuGraphDestroyNode(node));
}

RUNTIME_API cudaError_t cudaGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
    RUNTIME_RETURN(cuGraphGetNodes(graph, nodes, count));
}

RUNTIME_API cudaError_t cudaGraphGetRootNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
    RUNTIME_RETURN(cuGraphGetRootNodes(graph, nodes, count));
}

RUNTIME_API cudaError_t cudaGraphNodeGetType(CUgraphNode node, CUgraphNodeType *type) {
    RUNTIME_RETURN(cuGraphNodeGetType(node, type));
}

RUNTIME_API cudaError_t cudaGraphNodeFindInClone(CUgraphNode *node, CUgraphNode original,
                                                 CUgraph clone) {
    RUNTIME_RETURN(cuGraphNodeFindInClone(node, original, clone));
}

/* ---- Nodes ---- */

RUNTIME_API cudaError_t cudaGraphConditionalHandleCreate(CUgraphConditionalHandle *condition,
                                                         CUgraph graph, unsigned initial,
                                                         unsigned flags) {
    RUNTIME_RETURN(cuGraphConditionalHandleCreate(condition, graph, NULL, initial, flags));
}

static cudaError_t node_add(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                            const CUgraphEdgeData *edges, size_t count, CUgraphNodeParams *from) {
    CUgraphNodeParams parameters;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = from ? node_describe(from, &parameters) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        result = cuGraphAddNode_v2(node, graph, dependencies, edges, count, &parameters);
    if (result == CUDA_SUCCESS && from->type == CU_GRAPH_NODE_TYPE_CONDITIONAL)
        from->conditional.phGraph_out = parameters.conditional.phGraph_out;
    if (result == CUDA_SUCCESS && from->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC)
        from->alloc.dptr = parameters.alloc.dptr;
    return runtime_end(result);
}

#if RUNTIME_VERSION >= 13000
RUNTIME_API cudaError_t cudaGraphAddNode(CUgraphNode *node, CUgraph graph,
                                         const CUgraphNode *dependencies,
                                         const CUgraphEdgeData *edges, size_t count,
                                         CUgraphNodeParams *parameters) {
    return node_add(node, graph, dependencies, edges, count, parameters);
}
#else
RUNTIME_API cudaError_t cudaGraphAddNode(CUgraphNode *node, CUgraph graph,
                                         const CUgraphNode *dependencies, size_t count,
                                         CUgraphNodeParams *parameters) {
    return node_add(node, graph, dependencies, NULL, count, parameters);
}
#endif

RUNTIME_API cudaError_t cudaGraphAddNode_v2(CUgraphNode *node, CUgraph graph,
                                            const CUgraphNode *dependencies,
                                            const CUgraphEdgeData *edges, size_t count,
                                            CUgraphNodeParams *parameters) {
    return node_add(node, graph, dependencies, edges, count, parameters);
}

RUNTIME_API cudaError_t cudaGraphAddKernelNode(CUgraphNode *node, CUgraph graph,
                                               const CUgraphNode *dependencies, size_t count,
                                               const struct cudaKernelNodeParams *from) {
    CUDA_KERNEL_NODE_PARAMS parameters;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = node_describe_kernel(from, &parameters);
    return runtime_end(result == CUDA_SUCCESS
                           ? cuGraphAddKernelNode_v2(node, graph, dependencies, count, &parameters)
                           : result);
}

RUNTIME_API cudaError_t cudaGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph,
                                               const CUgraphNode *dependencies, size_t count,
                                               const struct cudaMemcpy3DParms *copy) {
    CUDA_MEMCPY3D described;
    CUcontext context;
    CUresult result = node_context(&context);
    if (result == CUDA_SUCCESS)
        result = copy ? copy_describe(copy, &described) : CUDA_ERROR_INVALID_VALUE;
    return runtime_end(result == CUDA_SUCCESS ? cuGraphAddMemcpyNode(node, graph, dependencies,
                                                                     count, &described, context)
                                              : result);
}

RUNTIME_API cudaError_t cudaGraphAddMemcpyNode1D(CUgraphNode *node, CUgraph graph,
                                                 const CUgraphNode *dependencies, size_t count,
                                                 void *to, void *from, size_t bytes,
                                                 enum cudaMemcpyKind kind) {
    const struct cudaMemcpy3DParms copy = node_line(to, from, bytes, kind);
    return cudaGraphAddMemcpyNode(node, graph, dependencies, count, &copy);
}

RUNTIME_API cudaError_t cudaGraphAddMemcpyNodeToSymbol(CUgraphNode *node, CUgraph graph,
                                                       const CUgraphNode *dependencies,
                                                       size_t count, const void *symbol,
                                                       const void *from, size_t bytes,
                                                       size_t offset, enum cudaMemcpyKind kind) {
    struct cudaMemcpy3DParms copy;
    const cudaError_t error = node_line_to_symbol(symbol, from, bytes, offset, kind, &copy);
    return error != cudaSuccess ? error
                                : cudaGraphAddMemcpyNode(node, graph, dependencies, count, &copy);
}

RUNTIME_API cudaError_t cudaGraphAddMemcpyNodeFromSymbol(CUgraphNode *node, CUgraph graph,
                                                         const CUgraphNode *dependencies,
                                                         size_t count, void *to, const void *symbol,
                                                         size_t bytes, size_t offset,
                                                         enum cudaMemcpyKind kind) {
    struct cudaMemcpy3DParms copy;
    const cudaError_t error = node_line_from_symbol(to, symbol, bytes, offset, kind, &copy);
    return error != cudaSuccess ? error
                                : cudaGraphAddMemcpyNode(node, graph, dependencies, count, &copy);
}

RUNTIME_API cudaError_t cudaGraphAddEventRecordNode(CUgraphNode *node, CUgraph graph,
                                                    const CUgraphNode *dependencies, size_t count,
                                                    CUevent event) {
    RUNTIME_RETURN(cuGraphAddEventRecordNode(node, graph, dependencies, count, event));
}

RUNTIME_API cudaError_t cudaGraphAddEventWaitNode(CUgraphNode *node, CUgraph graph,
                                                  const CUgraphNode *dependencies, size_t count,
                                                  CUevent event) {
    RUNTIME_RETURN(cuGraphAddEventWaitNode(node, graph, dependencies, count, event));
}

RUNTIME_API cudaError_t cudaGraphAddMemsetNode(CUgraphNode *node, CUgraph graph,
                                               const CUgraphNode *dependencies, size_t count,
                                               const struct cudaMemsetParams *from) {
    CUcontext context;
    CUresult result = node_context(&context);
    if (result != CUDA_SUCCESS || !from)
        return runtime_end(result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE);
    const CUDA_MEMSET_NODE_PARAMS fill = {.dst = address_of(from->dst),
                                          .pitch = from->pitch,
                                          .value = from->value,
                                          .elementSize = from->elementSize,
                                          .width = from->width,
                                          .height = from->height};
    return runtime_end(cuGraphAddMemsetNode(node, graph, dependencies, count, &fill, context));
}

RUNTIME_API cudaError_t cudaGraphAddHostNode(CUgraphNode *node, CUgraph graph,
                                             const CUgraphNode *dependencies, size_t count,
                                             const CUDA_HOST_NODE_PARAMS *parameters) {
    RUNTIME_RETURN(cuGraphAddHostNode(node, graph, dependencies, count, parameters));
}

RUNTIME_API cudaError_t cudaGraphAddEmptyNode(CUgraphNode *node, CUgraph graph,
                                              const CUgraphNode *dependencies, size_t count) {
    RUNTIME_RETURN(cuGraphAddEmptyNode(node, graph, dependencies, count));
}

RUNTIME_API cudaError_t cudaGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph,
                                                   const CUgraphNode *dependencies, size_t count,
                                                   CUgraph child) {
    RUNTIME_RETURN(cuGraphAddChildGraphNode(node, graph, dependencies, count, child));
}

/* Version 13 has edges with data, which was the second form of version 12. */
#if RUNTIME_VERSION >= 13000
RUNTIME_API cudaError_t cudaGraphAddDependencies(CUgraph graph, const CUgraphNode *from,
                                                 const CUgraphNode *to,
                                                 const CUgraphEdgeData *edges, size_t count) {
    RUNTIME_RETURN(cuGraphAddDependencies_v2(graph, from, to, edges, count));
}
#else
RUNTIME_API cudaError_t cudaGraphAddDependencies(CUgraph graph, const CUgraphNode *from,
                                                 const CUgraphNode *to, size_t count) {
    RUNTIME_RETURN(cuGraphAddDependencies(graph, from, to, count));
}

RUNTIME_API cudaError_t cudaGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                                    const CUgraphNode *to,
                                                    const CUgraphEdgeData *edges, size_t count) {
    RUNTIME_RETURN(cuGraphAddDependencies_v2(graph, from, to, edges, count));
}
#endif

/* ---- Executable graphs ---- */

RUNTIME_API cudaError_t cudaGraphInstantiate(CUgraphExec *exec, CUgraph graph,
                                             unsigned long long flags) {
    RUNTIME_RETURN(cuGraphInstantiateWithFlags(exec, graph, flags));
}

RUNTIME_API cudaError_t cudaGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph,
                                                      unsigned long long flags) {
    return cudaGraphInstantiate(exec, graph, flags);
}

RUNTIME_API cudaError_t cudaGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                                                       CUDA_GRAPH_INSTANTIATE_PARAMS *parameters) {
    RUNTIME_RETURN(cuGraphInstantiateWithParams(exec, graph, parameters));
}
RUNTIME_PER_THREAD(cudaGraphInstantiateWithParams, _ptsz);

RUNTIME_API cudaError_t cudaGraphDebugDotPrint(CUgraph graph, const char *path, unsigned flags) {
    RUNTIME_RETURN(cuGraphDebugDotPrint(graph, path, flags));
}

RUNTIME_API cudaError_t cudaGraphUpload(CUgraphExec exec, CUstream stream) {
    RUNTIME_RETURN(cuGraphUpload(exec, stream));
}
RUNTIME_PER_THREAD(cudaGraphUpload, _ptsz);

RUNTIME_API cudaError_t cudaGraphLaunch(CUgraphExec exec, CUstream stream) {
    RUNTIME_RETURN(cuGraphLaunch(exec, stream));
}
RUNTIME_PER_THREAD(cudaGraphLaunch, _ptsz);

RUNTIME_API cudaError_t cudaGraphExecUpdate(CUgraphExec exec, CUgraph graph,
                                            CUgraphExecUpdateResultInfo *outcome) {
    RUNTIME_RETURN(cuGraphExecUpdate_v2(exec, graph, outcome));
}

RUNTIME_API cudaError_t cudaGraphExecDestroy(CUgraphExec exec) {
    RUNTIME_RETURN(cuGraphExecDestroy(exec));
}
