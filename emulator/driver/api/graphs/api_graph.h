/* The part of api.h that is about graphs, which api.h includes. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_API_GRAPHS_API_GRAPH_H
#define LOCKSTEP_EMULATOR_DRIVER_API_GRAPHS_API_GRAPH_H

#include "emulator/driver/state/entry.h"

DRIVER_API CUresult cuGraphCreate(CUgraph *graph, unsigned int flags);
DRIVER_API CUresult cuGraphDestroy(CUgraph graph);
DRIVER_API CUresult cuGraphClone(CUgraph *clone, CUgraph graph);
DRIVER_API CUresult cuGraphDestroyNode(CUgraphNode node);
DRIVER_API CUresult cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph,
                                         const CUgraphNode *dependencies, size_t count,
                                         const CUDA_KERNEL_NODE_PARAMS_v1 *parameters);
DRIVER_API CUresult cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph,
                                            const CUgraphNode *dependencies, size_t count,
                                            const CUDA_KERNEL_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph,
                                         const CUgraphNode *dependencies, size_t count,
                                         const CUDA_MEMCPY3D *copy, CUcontext context);
DRIVER_API CUresult cuGraphAddMemsetNode(CUgraphNode *node, CUgraph graph,
                                         const CUgraphNode *dependencies, size_t count,
                                         const CUDA_MEMSET_NODE_PARAMS *fill, CUcontext context);
DRIVER_API CUresult cuGraphAddHostNode(CUgraphNode *node, CUgraph graph,
                                       const CUgraphNode *dependencies, size_t count,
                                       const CUDA_HOST_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphAddEmptyNode(CUgraphNode *node, CUgraph graph,
                                        const CUgraphNode *dependencies, size_t count);
DRIVER_API CUresult cuGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph,
                                             const CUgraphNode *dependencies, size_t count,
                                             CUgraph child);
DRIVER_API CUresult cuGraphAddNode(CUgraphNode *node, CUgraph graph,
                                   const CUgraphNode *dependencies, size_t count,
                                   CUgraphNodeParams *parameters);
DRIVER_API CUresult cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph,
                                      const CUgraphNode *dependencies, const CUgraphEdgeData *edges,
                                      size_t count, CUgraphNodeParams *parameters);
DRIVER_API CUresult cuGraphConditionalHandleCreate(CUgraphConditionalHandle *condition,
                                                   CUgraph graph, CUcontext context,
                                                   unsigned int initial, unsigned int flags);
DRIVER_API CUresult cuGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *graph);
DRIVER_API CUresult cuGraphNodeGetType(CUgraphNode node, CUgraphNodeType *type);
DRIVER_API CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count);
DRIVER_API CUresult cuGraphGetRootNodes(CUgraph graph, CUgraphNode *nodes, size_t *count);
DRIVER_API CUresult cuGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                                    size_t *count);
DRIVER_API CUresult cuGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                                       CUgraphEdgeData *edges, size_t *count);
DRIVER_API CUresult cuGraphNodeGetDependencies(CUgraphNode node, CUgraphNode *dependencies,
                                               size_t *count);
DRIVER_API CUresult cuGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode *dependencies,
                                                  CUgraphEdgeData *edges, size_t *count);
DRIVER_API CUresult cuGraphNodeGetDependentNodes(CUgraphNode node, CUgraphNode *nodes,
                                                 size_t *count);
DRIVER_API CUresult cuGraphNodeGetDependentNodes_v2(CUgraphNode node, CUgraphNode *nodes,
                                                    CUgraphEdgeData *edges, size_t *count);
DRIVER_API CUresult cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from,
                                           const CUgraphNode *to, size_t count);
DRIVER_API CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                              const CUgraphNode *to, const CUgraphEdgeData *edges,
                                              size_t count);
DRIVER_API CUresult cuGraphRemoveDependencies(CUgraph graph, const CUgraphNode *from,
                                              const CUgraphNode *to, size_t count);
DRIVER_API CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                                 const CUgraphNode *to,
                                                 const CUgraphEdgeData *edges, size_t count);
DRIVER_API CUresult cuGraphNodeFindInClone(CUgraphNode *node, CUgraphNode original, CUgraph clone);

/* Parameters of graph nodes. */
DRIVER_API CUresult cuGraphKernelNodeGetParams(CUgraphNode node,
                                               CUDA_KERNEL_NODE_PARAMS_v1 *parameters);
DRIVER_API CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode node,
                                                  CUDA_KERNEL_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphKernelNodeSetParams(CUgraphNode node,
                                               const CUDA_KERNEL_NODE_PARAMS_v1 *parameters);
DRIVER_API CUresult cuGraphKernelNodeSetParams_v2(CUgraphNode node,
                                                  const CUDA_KERNEL_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphMemcpyNodeGetParams(CUgraphNode node, CUDA_MEMCPY3D *parameters);
DRIVER_API CUresult cuGraphMemcpyNodeSetParams(CUgraphNode node, const CUDA_MEMCPY3D *parameters);
DRIVER_API CUresult cuGraphMemsetNodeGetParams(CUgraphNode node,
                                               CUDA_MEMSET_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphMemsetNodeSetParams(CUgraphNode node,
                                               const CUDA_MEMSET_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphHostNodeGetParams(CUgraphNode node, CUDA_HOST_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphHostNodeSetParams(CUgraphNode node,
                                             const CUDA_HOST_NODE_PARAMS *parameters);

DRIVER_API CUresult cuGraphAddBatchMemOpNode(CUgraphNode *node, CUgraph graph,
                                             const CUgraphNode *dependencies, size_t count,
                                             const CUDA_BATCH_MEM_OP_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphBatchMemOpNodeGetParams(CUgraphNode node,
                                                   CUDA_BATCH_MEM_OP_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphBatchMemOpNodeSetParams(CUgraphNode node,
                                                   const CUDA_BATCH_MEM_OP_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphExecBatchMemOpNodeSetParams(
    CUgraphExec exec, CUgraphNode node, const CUDA_BATCH_MEM_OP_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphAddEventRecordNode(CUgraphNode *node, CUgraph graph,
                                              const CUgraphNode *dependencies, size_t count,
                                              CUevent event);
DRIVER_API CUresult cuGraphAddEventWaitNode(CUgraphNode *node, CUgraph graph,
                                            const CUgraphNode *dependencies, size_t count,
                                            CUevent event);
DRIVER_API CUresult cuGraphEventRecordNodeGetEvent(CUgraphNode node, CUevent *event);
DRIVER_API CUresult cuGraphEventRecordNodeSetEvent(CUgraphNode node, CUevent event);
DRIVER_API CUresult cuGraphEventWaitNodeGetEvent(CUgraphNode node, CUevent *event);
DRIVER_API CUresult cuGraphEventWaitNodeSetEvent(CUgraphNode node, CUevent event);
DRIVER_API CUresult cuGraphKernelNodeGetAttribute(CUgraphNode node, CUkernelNodeAttrID attribute,
                                                  CUkernelNodeAttrValue *value);
DRIVER_API CUresult cuGraphKernelNodeSetAttribute(CUgraphNode node, CUkernelNodeAttrID attribute,
                                                  const CUkernelNodeAttrValue *value);
DRIVER_API CUresult cuGraphKernelNodeCopyAttributes(CUgraphNode destination, CUgraphNode source);
DRIVER_API CUresult cuGraphNodeSetParams(CUgraphNode node, CUgraphNodeParams *parameters);

/* Executable graphs. */
DRIVER_API CUresult cuGraphInstantiate(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node,
                                       char *log_buffer, size_t buffer_size);
DRIVER_API CUresult cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node,
                                          char *log_buffer, size_t buffer_size);
DRIVER_API CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph,
                                                unsigned long long flags);
DRIVER_API CUresult cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                                                 CUDA_GRAPH_INSTANTIATE_PARAMS *parameters);
DRIVER_API CUresult cuGraphExecGetFlags(CUgraphExec exec, cuuint64_t *flags);
DRIVER_API CUresult cuGraphExecDestroy(CUgraphExec exec);
DRIVER_API CUresult cuGraphUpload(CUgraphExec graph, CUstream stream);
DRIVER_API CUresult cuGraphLaunch(CUgraphExec graph, CUstream stream);
DRIVER_API CUresult cuGraphExecUpdate(CUgraphExec exec, CUgraph graph, CUgraphNode *error_node,
                                      CUgraphExecUpdateResult *result);
DRIVER_API CUresult cuGraphExecUpdate_v2(CUgraphExec exec, CUgraph graph,
                                         CUgraphExecUpdateResultInfo *result);
DRIVER_API CUresult cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                   const CUDA_KERNEL_NODE_PARAMS_v1 *parameters);
DRIVER_API CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                                      const CUDA_KERNEL_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                   const CUDA_MEMCPY3D *copy, CUcontext context);
DRIVER_API CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                   const CUDA_MEMSET_NODE_PARAMS *fill,
                                                   CUcontext context);
DRIVER_API CUresult cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                 const CUDA_HOST_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphExecChildGraphNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                       CUgraph graph);
DRIVER_API CUresult cuGraphExecEventRecordNodeSetEvent(CUgraphExec exec, CUgraphNode node,
                                                       CUevent event);
DRIVER_API CUresult cuGraphExecEventWaitNodeSetEvent(CUgraphExec exec, CUgraphNode node,
                                                     CUevent event);
DRIVER_API CUresult cuGraphExecNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                             CUgraphNodeParams *parameters);
DRIVER_API CUresult cuGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode node, unsigned int enabled);
DRIVER_API CUresult cuGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode node,
                                          unsigned int *enabled);

DRIVER_API CUresult cuGraphDebugDotPrint(CUgraph graph, const char *path, unsigned int flags);

/* Memory of graphs. */
DRIVER_API CUresult cuGraphAddMemAllocNode(CUgraphNode *node, CUgraph graph,
                                           const CUgraphNode *dependencies, size_t count,
                                           CUDA_MEM_ALLOC_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphAddMemFreeNode(CUgraphNode *node, CUgraph graph,
                                          const CUgraphNode *dependencies, size_t count,
                                          CUdeviceptr address);
DRIVER_API CUresult cuGraphMemAllocNodeGetParams(CUgraphNode handle,
                                                 CUDA_MEM_ALLOC_NODE_PARAMS *parameters);
DRIVER_API CUresult cuGraphMemFreeNodeGetParams(CUgraphNode handle, CUdeviceptr *address);

/* Stream capture. */
DRIVER_API CUresult cuStreamBeginCapture(CUstream stream);
DRIVER_API CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode);
DRIVER_API CUresult cuStreamBeginCaptureToGraph(CUstream stream, CUgraph graph,
                                                const CUgraphNode *dependencies,
                                                const CUgraphEdgeData *edges, size_t count,
                                                CUstreamCaptureMode mode);
DRIVER_API CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph);
DRIVER_API CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus *status);
DRIVER_API CUresult cuStreamGetCaptureInfo(CUstream stream, CUstreamCaptureStatus *status,
                                           cuuint64_t *identifier);
DRIVER_API CUresult cuStreamGetCaptureInfo_v2(CUstream stream, CUstreamCaptureStatus *status,
                                              cuuint64_t *identifier, CUgraph *graph,
                                              const CUgraphNode **dependencies, size_t *count);
DRIVER_API CUresult cuStreamGetCaptureInfo_v3(CUstream stream, CUstreamCaptureStatus *status,
                                              cuuint64_t *identifier, CUgraph *graph,
                                              const CUgraphNode **dependencies,
                                              const CUgraphEdgeData **edges, size_t *count);
DRIVER_API CUresult cuStreamUpdateCaptureDependencies(CUstream stream, CUgraphNode *dependencies,
                                                      size_t count, unsigned int flags);
DRIVER_API CUresult cuStreamUpdateCaptureDependencies_v2(CUstream stream, CUgraphNode *dependencies,
                                                         const CUgraphEdgeData *edges, size_t count,
                                                         unsigned int flags);
DRIVER_API CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode);

/* User objects. */
DRIVER_API CUresult cuUserObjectCreate(CUuserObject *object, void *data, CUhostFn destroy,
                                       unsigned int count, unsigned int flags);
DRIVER_API CUresult cuUserObjectRetain(CUuserObject object, unsigned int count);
DRIVER_API CUresult cuUserObjectRelease(CUuserObject object, unsigned int count);
DRIVER_API CUresult cuGraphRetainUserObject(CUgraph graph, CUuserObject object, unsigned int count,
                                            unsigned int flags);
DRIVER_API CUresult cuGraphReleaseUserObject(CUgraph graph, CUuserObject object,
                                             unsigned int count);

#endif
