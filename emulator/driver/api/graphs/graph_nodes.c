/* Nodes of each type, added and read. */
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/api/graphs/api_graph.h"
#include "emulator/driver/condition.h"
#include "emulator/driver/graph.h"
#include "emulator/driver/kernel_attribute.h"
#include "emulator/driver/memory/region.h"
#include "emulator/driver/prepare.h"

/* ---- Adding ---- */

static CUresult node_add(CUgraphNode *handle, CUgraph graph_handle, const CUgraphNode *dependencies,
                         size_t count, const struct driver_operation *operation) {
    struct driver_graph *graph;
    struct driver_node *node;
    CUresult status = graph_find(graph_handle, &graph);
    if (status != CUDA_SUCCESS || !handle || (count && !dependencies))
        return CUDA_ERROR_INVALID_VALUE;
    struct driver_node **nodes = calloc(count + 1, sizeof(struct driver_node *));
    if (!nodes)
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++) {
        status = graph_find_node(dependencies[i], &nodes[i]);
        if (status == CUDA_SUCCESS && nodes[i]->graph != graph)
            status = CUDA_ERROR_INVALID_VALUE;
    }
    if (status == CUDA_SUCCESS)
        status = graph_add(graph, nodes, count, operation, &node);
    if (status == CUDA_SUCCESS)
        *handle = node->handle;
    free(nodes);
    return status;
}

/* Ends an entry point that adds a node: `status` is what preparing the operation came to. */
static CUresult node_added(const char *call, CUgraphNode *node, CUgraph graph,
                           const CUgraphNode *dependencies, size_t count,
                           struct driver_operation *operation, CUresult status) {
    if (status == CUDA_SUCCESS) {
        status = node_add(node, graph, dependencies, count, operation);
        prepare_release(operation);
    }
    return driver_end_of(call, status);
}

CUresult cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                 size_t count, const CUDA_KERNEL_NODE_PARAMS *parameters) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = prepare_kernel_v2(&operation, parameters);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                              size_t count, const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = prepare_kernel(&operation, parameters, NULL);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                              size_t count, const CUDA_MEMCPY3D *copy, CUcontext context) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    (void)context;
    if (status == CUDA_SUCCESS)
        status = prepare_copy(&operation, copy);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddMemsetNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                              size_t count, const CUDA_MEMSET_NODE_PARAMS *fill,
                              CUcontext context) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    (void)context;
    if (status == CUDA_SUCCESS)
        status = prepare_fill(&operation, fill);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddHostNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                            size_t count, const CUDA_HOST_NODE_PARAMS *parameters) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = prepare_host(&operation, parameters);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddEmptyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                             size_t count) {
    struct driver_operation operation = {.type = CU_GRAPH_NODE_TYPE_EMPTY};
    return node_added(__func__, node, graph, dependencies, count, &operation, driver_begin());
}

CUresult cuGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                  size_t count, CUgraph child) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = prepare_child(&operation, child);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddMemAllocNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                size_t count, CUDA_MEM_ALLOC_NODE_PARAMS *parameters) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = prepare_allocation(&operation, parameters);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddMemFreeNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                               size_t count, CUdeviceptr address) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = prepare_free(&operation, address);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddBatchMemOpNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                  size_t count, const CUDA_BATCH_MEM_OP_NODE_PARAMS *parameters) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = prepare_values(&operation, parameters);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

static CUresult event_node_add(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                               size_t count, CUgraphNodeType type, CUevent event) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = prepare_event(&operation, type, event);
    return node_added(__func__, node, graph, dependencies, count, &operation, status);
}

CUresult cuGraphAddEventRecordNode(CUgraphNode *node, CUgraph graph,
                                   const CUgraphNode *dependencies, size_t count, CUevent event) {
    return event_node_add(node, graph, dependencies, count, CU_GRAPH_NODE_TYPE_EVENT_RECORD, event);
}

CUresult cuGraphAddEventWaitNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                 size_t count, CUevent event) {
    return event_node_add(node, graph, dependencies, count, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event);
}

/* The node has its variable for itself, and the program learns of the node's bodies. */
static CUresult bodies_tell(CUgraphNode handle, CUDA_CONDITIONAL_NODE_PARAMS *parameters) {
    struct driver_node *node;
    const CUresult status = graph_find_node(handle, &node);
    if (status != CUDA_SUCCESS)
        return status;
    node->operation.conditional->condition->is_taken = true;
    parameters->phGraph_out = node->operation.conditional->handles;
    return CUDA_SUCCESS;
}

CUresult cuGraphAddNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                        size_t count, CUgraphNodeParams *parameters) {
    struct driver_operation operation;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !parameters)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = prepare_any(&operation, parameters);
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    status = node_add(node, graph, dependencies, count, &operation);
    if (status == CUDA_SUCCESS && parameters->type == CU_GRAPH_NODE_TYPE_CONDITIONAL)
        status = bodies_tell(*node, &parameters->conditional);
    prepare_release(&operation);
    return driver_end(status);
}

CUresult cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                           const CUgraphEdgeData *edges, size_t count,
                           CUgraphNodeParams *parameters) {
    const CUresult status = edges_check(edges, count);
    return status == CUDA_SUCCESS ? cuGraphAddNode(node, graph, dependencies, count, parameters)
                                  : status;
}

/* ---- Reading ---- */

static CUDA_KERNEL_NODE_PARAMS kernel_parameters(const struct driver_kernel *kernel) {
    return (CUDA_KERNEL_NODE_PARAMS){.func = kernel->function,
                                     .gridDimX = kernel->grid[0],
                                     .gridDimY = kernel->grid[1],
                                     .gridDimZ = kernel->grid[2],
                                     .blockDimX = kernel->block[0],
                                     .blockDimY = kernel->block[1],
                                     .blockDimZ = kernel->block[2],
                                     .sharedMemBytes = (unsigned)kernel->dynamic_shared,
                                     .kernelParams = kernel->pointers};
}

/* A node whose parameters go to `target`. */
static CUresult node_read(CUgraphNode handle, CUgraphNodeType type, const void *target,
                          struct driver_node **node) {
    CUresult status = graph_begin_node(handle, type, node);
    return status == CUDA_SUCCESS && !target ? CUDA_ERROR_INVALID_VALUE : status;
}

CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode handle, CUDA_KERNEL_NODE_PARAMS *parameters) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_KERNEL, parameters, &node);
    if (status == CUDA_SUCCESS)
        *parameters = kernel_parameters(&node->operation.kernel);
    return driver_end(status);
}

CUresult cuGraphKernelNodeGetParams(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
    CUDA_KERNEL_NODE_PARAMS whole;
    CUresult status =
        parameters ? cuGraphKernelNodeGetParams_v2(node, &whole) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        memcpy(parameters, &whole, sizeof *parameters);
    return status;
}

CUresult cuGraphMemcpyNodeGetParams(CUgraphNode handle, CUDA_MEMCPY3D *parameters) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_MEMCPY, parameters, &node);
    if (status == CUDA_SUCCESS)
        *parameters = node->operation.copy;
    return driver_end(status);
}

CUresult cuGraphMemsetNodeGetParams(CUgraphNode handle, CUDA_MEMSET_NODE_PARAMS *parameters) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_MEMSET, parameters, &node);
    if (status == CUDA_SUCCESS)
        *parameters = node->operation.fill;
    return driver_end(status);
}

CUresult cuGraphHostNodeGetParams(CUgraphNode handle, CUDA_HOST_NODE_PARAMS *parameters) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_HOST, parameters, &node);
    if (status == CUDA_SUCCESS)
        *parameters = node->operation.host;
    return driver_end(status);
}

CUresult cuGraphChildGraphNodeGetGraph(CUgraphNode handle, CUgraph *graph) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_GRAPH, graph, &node);
    if (status == CUDA_SUCCESS)
        *graph = node->operation.child->handle;
    return driver_end(status);
}

CUresult cuGraphMemAllocNodeGetParams(CUgraphNode handle, CUDA_MEM_ALLOC_NODE_PARAMS *parameters) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_MEM_ALLOC, parameters, &node);
    if (status == CUDA_SUCCESS)
        *parameters = (CUDA_MEM_ALLOC_NODE_PARAMS){
            .poolProps = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                          .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE}},
            .bytesize = node->operation.region->size,
            .dptr = node->operation.region->address};
    return driver_end(status);
}

CUresult cuGraphMemFreeNodeGetParams(CUgraphNode handle, CUdeviceptr *address) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_MEM_FREE, address, &node);
    if (status == CUDA_SUCCESS)
        *address = node->operation.freed;
    return driver_end(status);
}

/* The array stays the node's. */
CUresult cuGraphBatchMemOpNodeGetParams(CUgraphNode handle,
                                        CUDA_BATCH_MEM_OP_NODE_PARAMS *parameters) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, parameters, &node);
    if (status == CUDA_SUCCESS)
        *parameters = node->operation.values;
    return driver_end(status);
}

static CUresult event_node_read(const char *call, CUgraphNode handle, CUgraphNodeType type,
                                CUevent *event) {
    struct driver_node *node;
    CUresult status = node_read(handle, type, event, &node);
    if (status == CUDA_SUCCESS)
        *event = node->operation.event;
    return driver_end_of(call, status);
}

CUresult cuGraphEventRecordNodeGetEvent(CUgraphNode node, CUevent *event) {
    return event_node_read(__func__, node, CU_GRAPH_NODE_TYPE_EVENT_RECORD, event);
}

CUresult cuGraphEventWaitNodeGetEvent(CUgraphNode node, CUevent *event) {
    return event_node_read(__func__, node, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event);
}

CUresult cuGraphKernelNodeGetAttribute(CUgraphNode handle, CUkernelNodeAttrID attribute,
                                       CUkernelNodeAttrValue *value) {
    struct driver_node *node;
    CUresult status = node_read(handle, CU_GRAPH_NODE_TYPE_KERNEL, value, &node);
    if (status == CUDA_SUCCESS)
        status = kernel_attribute(&node->operation.kernel, attribute, value);
    return driver_end(status);
}
