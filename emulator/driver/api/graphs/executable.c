/* cuGraph*: executable graphs. */
#include <string.h>

#include "emulator/driver/api/graphs/api_graph.h"
#include "emulator/driver/executable.h"
#include "emulator/driver/stream.h"

static CUresult exec_instantiate(const char *call, CUgraphExec *exec, CUgraph handle,
                                 uint64_t flags, bool *cycle) {
    struct driver_graph *graph;
    CUresult status = driver_begin();
    *cycle = false;
    if (status == CUDA_SUCCESS && !exec)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = graph_find(handle, &graph);
    if (status == CUDA_SUCCESS)
        status = exec_open(graph, flags, exec, cycle);
    return driver_end_of(call, status);
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
    bool cycle;
    return exec_instantiate(__func__, exec, graph, flags, &cycle);
}

CUresult cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node,
                               char *log_buffer, size_t buffer_size) {
    bool cycle;
    CUresult status = exec_instantiate(__func__, exec, graph, 0, &cycle);
    if (error_node)
        *error_node = NULL;
    if (log_buffer && buffer_size) {
        strncpy(log_buffer, cycle ? "the dependencies of the graph form a cycle" : "", buffer_size);
        log_buffer[buffer_size - 1] = '\0';
    }
    return status;
}
DRIVER_ALIAS(cuGraphInstantiate_v2, cuGraphInstantiate);

CUresult cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                                      CUDA_GRAPH_INSTANTIATE_PARAMS *parameters) {
    bool cycle;
    if (!parameters)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult status = exec_instantiate(__func__, exec, graph, parameters->flags, &cycle);
    parameters->hErrNode_out = NULL;
    parameters->result_out = status == CUDA_SUCCESS ? CUDA_GRAPH_INSTANTIATE_SUCCESS
                             : cycle                ? CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE
                                                    : CUDA_GRAPH_INSTANTIATE_ERROR;
    return status;
}
DRIVER_ALIAS(cuGraphInstantiateWithParams, cuGraphInstantiateWithParams_ptsz);

static CUresult exec_begin(CUgraphExec handle, struct driver_exec **exec) {
    CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? exec_find(handle, exec) : status;
}

CUresult cuGraphExecDestroy(CUgraphExec handle) {
    struct driver_exec *exec;
    CUresult status = exec_begin(handle, &exec);
    if (status == CUDA_SUCCESS)
        exec_free(exec);
    return driver_end(status);
}

CUresult cuGraphExecGetFlags(CUgraphExec handle, cuuint64_t *flags) {
    struct driver_exec *exec;
    CUresult status = exec_begin(handle, &exec);
    if (status == CUDA_SUCCESS && !flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *flags = exec->flags;
    return driver_end(status);
}

/* ---- Launching ---- */

CUresult cuGraphLaunch(CUgraphExec handle, CUstream stream_handle) {
    struct driver_stream *stream;
    struct driver_exec *exec;
    CUresult status = stream_begin(stream_handle, &stream);
    if (status == CUDA_SUCCESS)
        status = exec_find(handle, &exec);
    if (status == CUDA_SUCCESS)
        status = exec_launch(exec, stream);
    return driver_end(status);
}
DRIVER_ALIAS(cuGraphLaunch, cuGraphLaunch_ptsz);

CUresult cuGraphUpload(CUgraphExec handle, CUstream stream_handle) {
    struct driver_stream *stream;
    struct driver_exec *exec;
    CUresult status = stream_begin(stream_handle, &stream);
    if (status == CUDA_SUCCESS)
        status = exec_find(handle, &exec);
    return driver_end(status);
}
DRIVER_ALIAS(cuGraphUpload, cuGraphUpload_ptsz);

/* ---- Switching nodes off and on ---- */

static CUresult exec_node_begin(CUgraphExec handle, CUgraphNode origin, struct driver_node **node) {
    struct driver_exec *exec;
    CUresult status = exec_begin(handle, &exec);
    if (status != CUDA_SUCCESS)
        return status;
    *node = exec_find_node(exec, origin);
    return *node ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode origin, unsigned int enabled) {
    struct driver_node *node;
    CUresult status = exec_node_begin(exec, origin, &node);
    if (status == CUDA_SUCCESS) {
        CUgraphNodeType type = node->operation.type;
        if (type != CU_GRAPH_NODE_TYPE_KERNEL && type != CU_GRAPH_NODE_TYPE_MEMCPY &&
            type != CU_GRAPH_NODE_TYPE_MEMSET)
            status = CUDA_ERROR_INVALID_VALUE;
        else
            node->disabled = !enabled;
    }
    return driver_end(status);
}

CUresult cuGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode origin, unsigned int *enabled) {
    struct driver_node *node;
    CUresult status = exec_node_begin(exec, origin, &node);
    if (status == CUDA_SUCCESS && !enabled)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *enabled = !node->disabled;
    return driver_end(status);
}

/* ---- Updating from a graph of the same shape ---- */

CUresult cuGraphExecUpdate_v2(CUgraphExec handle, CUgraph graph_handle,
                              CUgraphExecUpdateResultInfo *result) {
    struct driver_exec *exec;
    struct driver_graph *graph;
    CUresult status = exec_begin(handle, &exec);
    if (status == CUDA_SUCCESS && !result)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = graph_find(graph_handle, &graph);
    if (status == CUDA_SUCCESS) {
        *result = (CUgraphExecUpdateResultInfo){.result = CU_GRAPH_EXEC_UPDATE_ERROR};
        status = exec_update(exec, graph, result);
    }
    return driver_end(status);
}

CUresult cuGraphExecUpdate(CUgraphExec exec, CUgraph graph, CUgraphNode *error_node,
                           CUgraphExecUpdateResult *result) {
    CUgraphExecUpdateResultInfo info = {.result = CU_GRAPH_EXEC_UPDATE_ERROR};
    CUresult status = cuGraphExecUpdate_v2(exec, graph, &info);
    if (error_node)
        *error_node = info.errorFromNode;
    if (result)
        *result = info.result;
    return status;
}
