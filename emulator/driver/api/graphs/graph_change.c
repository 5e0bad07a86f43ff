/* Nodes of each type, changed in graphs and in executable graphs. */
#include "emulator/driver/api/graphs/api_graph.h"
#include "emulator/driver/executable.h"
#include "emulator/driver/graph.h"
#include "emulator/driver/kernel_attribute.h"
#include "emulator/driver/prepare.h"

/* Ends an entry point that changes a node: takes the prepared operation over. A kernel's attributes
 * stay. */
static CUresult node_changed(const char *call, struct driver_node *node,
                             struct driver_operation *operation, CUresult status) {
    if (status == CUDA_SUCCESS && operation->type == CU_GRAPH_NODE_TYPE_KERNEL) {
        status = kernel_copy_attributes(&operation->kernel, &node->operation.kernel);
        if (status != CUDA_SUCCESS)
            prepare_release(operation);
    }
    if (status == CUDA_SUCCESS) {
        operation_release(&node->operation);
        node->operation = *operation;
    }
    return driver_end_of(call, status);
}

CUresult cuGraphKernelNodeSetParams_v2(CUgraphNode handle,
                                       const CUDA_KERNEL_NODE_PARAMS *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = graph_begin_node(handle, CU_GRAPH_NODE_TYPE_KERNEL, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_kernel_v2(&operation, parameters);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphKernelNodeSetParams(CUgraphNode handle,
                                    const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = graph_begin_node(handle, CU_GRAPH_NODE_TYPE_KERNEL, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_kernel(&operation, parameters, NULL);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphMemcpyNodeSetParams(CUgraphNode handle, const CUDA_MEMCPY3D *copy) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = graph_begin_node(handle, CU_GRAPH_NODE_TYPE_MEMCPY, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_copy(&operation, copy);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphMemsetNodeSetParams(CUgraphNode handle, const CUDA_MEMSET_NODE_PARAMS *fill) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = graph_begin_node(handle, CU_GRAPH_NODE_TYPE_MEMSET, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_fill(&operation, fill);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphHostNodeSetParams(CUgraphNode handle, const CUDA_HOST_NODE_PARAMS *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = graph_begin_node(handle, CU_GRAPH_NODE_TYPE_HOST, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_host(&operation, parameters);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphBatchMemOpNodeSetParams(CUgraphNode handle,
                                        const CUDA_BATCH_MEM_OP_NODE_PARAMS *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = graph_begin_node(handle, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_values(&operation, parameters);
    return node_changed(__func__, node, &operation, status);
}

static CUresult event_node_change(CUgraphNode handle, CUgraphNodeType type, CUevent event) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = graph_begin_node(handle, type, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_event(&operation, type, event);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphEventRecordNodeSetEvent(CUgraphNode node, CUevent event) {
    return event_node_change(node, CU_GRAPH_NODE_TYPE_EVENT_RECORD, event);
}

CUresult cuGraphEventWaitNodeSetEvent(CUgraphNode node, CUevent event) {
    return event_node_change(node, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event);
}

/* What CUDA lets be changed in a node that is there. */
static bool is_changeable(CUgraphNodeType type) {
    return type != CU_GRAPH_NODE_TYPE_MEM_ALLOC && type != CU_GRAPH_NODE_TYPE_MEM_FREE &&
           type != CU_GRAPH_NODE_TYPE_CONDITIONAL;
}

CUresult cuGraphNodeSetParams(CUgraphNode handle, CUgraphNodeParams *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    if (!parameters)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult status = graph_begin_node(handle, parameters->type, &node);
    if (status == CUDA_SUCCESS && !is_changeable(parameters->type))
        status = CUDA_ERROR_NOT_SUPPORTED;
    if (status == CUDA_SUCCESS)
        status = prepare_any(&operation, parameters);
    if (status == CUDA_SUCCESS && parameters->type == CU_GRAPH_NODE_TYPE_GRAPH)
        return driver_end(node_set_child(node, operation.child));
    return node_changed(__func__, node, &operation, status);
}

/* ---- Attributes of kernels ---- */

CUresult cuGraphKernelNodeSetAttribute(CUgraphNode handle, CUkernelNodeAttrID attribute,
                                       const CUkernelNodeAttrValue *value) {
    struct driver_node *node;
    CUresult status = graph_begin_node(handle, CU_GRAPH_NODE_TYPE_KERNEL, &node);
    if (status == CUDA_SUCCESS)
        status = value ? kernel_set_attribute(&node->operation.kernel, attribute, value)
                       : CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuGraphKernelNodeCopyAttributes(CUgraphNode destination, CUgraphNode source) {
    struct driver_node *to, *from;
    CUresult status = graph_begin_node(destination, CU_GRAPH_NODE_TYPE_KERNEL, &to);
    if (status == CUDA_SUCCESS)
        status = graph_find_node(source, &from);
    if (status == CUDA_SUCCESS && from->operation.type != CU_GRAPH_NODE_TYPE_KERNEL)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = kernel_copy_attributes(&to->operation.kernel, &from->operation.kernel);
    return driver_end(status);
}

/* ---- Changing an executable graph: its node is the one that was made from `handle` ---- */

static CUresult exec_node_begin(CUgraphExec exec_handle, CUgraphNode handle, CUgraphNodeType type,
                                struct driver_node **node) {
    struct driver_exec *exec;
    CUresult status = driver_begin();
    if (status != CUDA_SUCCESS)
        return status;
    *node = exec_find(exec_handle, &exec) == CUDA_SUCCESS ? exec_find_node(exec, handle) : NULL;
    return *node && (*node)->operation.type == type ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode handle,
                                           const CUDA_KERNEL_NODE_PARAMS *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = exec_node_begin(exec, handle, CU_GRAPH_NODE_TYPE_KERNEL, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_kernel_v2(&operation, parameters);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode handle,
                                        const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = exec_node_begin(exec, handle, CU_GRAPH_NODE_TYPE_KERNEL, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_kernel(&operation, parameters, NULL);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode handle,
                                        const CUDA_MEMCPY3D *copy, CUcontext context) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = exec_node_begin(exec, handle, CU_GRAPH_NODE_TYPE_MEMCPY, &node);
    (void)context;
    if (status == CUDA_SUCCESS)
        status = prepare_copy(&operation, copy);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode handle,
                                        const CUDA_MEMSET_NODE_PARAMS *fill, CUcontext context) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = exec_node_begin(exec, handle, CU_GRAPH_NODE_TYPE_MEMSET, &node);
    (void)context;
    if (status == CUDA_SUCCESS)
        status = prepare_fill(&operation, fill);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode handle,
                                      const CUDA_HOST_NODE_PARAMS *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = exec_node_begin(exec, handle, CU_GRAPH_NODE_TYPE_HOST, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_host(&operation, parameters);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphExecBatchMemOpNodeSetParams(CUgraphExec exec, CUgraphNode handle,
                                            const CUDA_BATCH_MEM_OP_NODE_PARAMS *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = exec_node_begin(exec, handle, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_values(&operation, parameters);
    return node_changed(__func__, node, &operation, status);
}

static CUresult exec_event_change(CUgraphExec exec, CUgraphNode handle, CUgraphNodeType type,
                                  CUevent event) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    CUresult status = exec_node_begin(exec, handle, type, &node);
    if (status == CUDA_SUCCESS)
        status = prepare_event(&operation, type, event);
    return node_changed(__func__, node, &operation, status);
}

CUresult cuGraphExecEventRecordNodeSetEvent(CUgraphExec exec, CUgraphNode node, CUevent event) {
    return exec_event_change(exec, node, CU_GRAPH_NODE_TYPE_EVENT_RECORD, event);
}

CUresult cuGraphExecEventWaitNodeSetEvent(CUgraphExec exec, CUgraphNode node, CUevent event) {
    return exec_event_change(exec, node, CU_GRAPH_NODE_TYPE_WAIT_EVENT, event);
}

CUresult cuGraphExecChildGraphNodeSetParams(CUgraphExec exec_handle, CUgraphNode handle,
                                            CUgraph graph) {
    struct driver_exec *exec;
    struct driver_node *node;
    struct driver_operation operation;
    CUresult status = exec_node_begin(exec_handle, handle, CU_GRAPH_NODE_TYPE_GRAPH, &node);
    if (status == CUDA_SUCCESS)
        status = exec_find(exec_handle, &exec);
    if (status == CUDA_SUCCESS)
        status = prepare_child(&operation, graph);
    if (status == CUDA_SUCCESS)
        status = exec_set_child(exec, node, operation.child);
    return driver_end(status);
}

CUresult cuGraphExecNodeSetParams(CUgraphExec exec, CUgraphNode handle,
                                  CUgraphNodeParams *parameters) {
    struct driver_node *node = NULL;
    struct driver_operation operation;
    if (!parameters)
        return CUDA_ERROR_INVALID_VALUE;
    if (parameters->type == CU_GRAPH_NODE_TYPE_GRAPH)
        return cuGraphExecChildGraphNodeSetParams(exec, handle, parameters->graph.graph);
    CUresult status = exec_node_begin(exec, handle, parameters->type, &node);
    if (status == CUDA_SUCCESS && !is_changeable(parameters->type))
        status = CUDA_ERROR_NOT_SUPPORTED;
    if (status == CUDA_SUCCESS)
        status = prepare_any(&operation, parameters);
    return node_changed(__func__, node, &operation, status);
}
