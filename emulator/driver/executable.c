/* Executable graphs: made from a graph, updated from another of the same shape, launched. */
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/graph.h"

enum {
    INSTANTIATE_FLAGS = CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH |
                        CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
                        CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY
};

void exec_free(struct driver_exec *exec) {
    if (exec->handle)
        handle_remove(&driver.handles, exec->handle);
    exec->handle = NULL;
    if (exec->running) {
        exec->doomed = true;
        return;
    }
    graph_free(exec->graph);
    free(exec);
}

struct driver_node *exec_find_node(const struct driver_exec *exec, CUgraphNode origin) {
    for (size_t i = 0; i < exec->graph->count; i++)
        if (origin && exec->graph->nodes[i]->origin == origin)
            return exec->graph->nodes[i];
    return NULL;
}

/* Child graphs run node after node too, so they are sorted with their parents. */
static bool exec_sort(struct driver_graph *graph) {
    bool sorted = graph_sort(graph);
    for (size_t i = 0; i < graph->count && sorted; i++)
        if (graph->nodes[i]->operation.type == CU_GRAPH_NODE_TYPE_GRAPH)
            sorted = exec_sort(graph->nodes[i]->operation.child);
    return sorted;
}

/* *cycle says whether the graph was refused because its dependencies go round. */
static CUresult exec_open(const struct driver_graph *graph, uint64_t flags, CUgraphExec *handle,
                          bool *cycle) {
    *cycle = false;
    if (flags & ~(uint64_t)INSTANTIATE_FLAGS)
        return flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH ? CUDA_ERROR_NOT_SUPPORTED
                                                                 : CUDA_ERROR_INVALID_VALUE;
    struct driver_exec *exec = calloc(1, sizeof *exec);
    if (!exec)
        return CUDA_ERROR_OUT_OF_MEMORY;
    exec->flags = flags;
    exec->graph = graph_clone(graph, false);
    if (exec->graph)
        *cycle = !exec_sort(exec->graph);
    if (exec->graph && !*cycle)
        exec->handle = handle_add(&driver.handles, HANDLE_EXEC, exec);
    if (exec->handle) {
        *handle = exec->handle;
        return CUDA_SUCCESS;
    }
    if (exec->graph)
        graph_free(exec->graph);
    free(exec);
    return *cycle ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_OUT_OF_MEMORY;
}

static CUresult exec_instantiate(CUgraphExec *exec, CUgraph handle, uint64_t flags, bool *cycle) {
    struct driver_graph *graph;
    CUresult status = driver_begin();
    *cycle = false;
    if (status == CUDA_SUCCESS && !exec)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = graph_find(handle, &graph);
    if (status == CUDA_SUCCESS)
        status = exec_open(graph, flags, exec, cycle);
    return driver_end(status);
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
    bool cycle;
    return exec_instantiate(exec, graph, flags, &cycle);
}

CUresult cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node,
                               char *log_buffer, size_t buffer_size) {
    bool cycle;
    CUresult status = exec_instantiate(exec, graph, 0, &cycle);
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
    CUresult status = exec_instantiate(exec, graph, parameters->flags, &cycle);
    parameters->hErrNode_out = NULL;
    parameters->result_out = status == CUDA_SUCCESS ? CUDA_GRAPH_INSTANTIATE_SUCCESS
                             : cycle                ? CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE
                                                    : CUDA_GRAPH_INSTANTIATE_ERROR;
    return status;
}
DRIVER_ALIAS(cuGraphInstantiateWithParams, cuGraphInstantiateWithParams_ptsz);

static CUresult exec_begin(CUgraphExec handle, struct driver_exec **exec) {
    CUresult status = driver_begin();
    if (status != CUDA_SUCCESS)
        return status;
    *exec = handle_find(&driver.handles, HANDLE_EXEC, handle);
    return *exec ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
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

/* A host function lets other threads close the context, and open the primary one again. */
CUresult graph_execute(struct driver_context *context, const struct driver_graph *graph) {
    const uint64_t identifier = context->identifier;
    CUresult status = CUDA_SUCCESS;
    driver_enter_context(context);
    for (size_t i = 0; i < graph->count && status == CUDA_SUCCESS && context->error == CUDA_SUCCESS;
         i++) {
        if (!context->active || context->identifier != identifier)
            status = CUDA_ERROR_CONTEXT_IS_DESTROYED;
        else if (!graph->nodes[i]->disabled)
            status = operation_execute(context, &graph->nodes[i]->operation);
    }
    driver_leave_context(context);
    return status;
}

static CUresult exec_launch(struct driver_exec *exec, struct driver_stream *stream) {
    const struct driver_operation whole = {.type = CU_GRAPH_NODE_TYPE_GRAPH, .child = exec->graph};
    exec->running++;
    CUresult status = operation_submit(stream, &whole);
    exec->running--;
    if (exec->doomed && !exec->running)
        exec_free(exec);
    return status;
}

CUresult cuGraphLaunch(CUgraphExec handle, CUstream stream_handle) {
    struct driver_context *context;
    struct driver_stream *stream;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = stream_find(context, stream_handle, &stream);
    if (status == CUDA_SUCCESS) {
        struct driver_exec *exec = handle_find(&driver.handles, HANDLE_EXEC, handle);
        status = exec ? exec_launch(exec, stream) : CUDA_ERROR_INVALID_VALUE;
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuGraphLaunch, cuGraphLaunch_ptsz);

CUresult cuGraphUpload(CUgraphExec handle, CUstream stream_handle) {
    struct driver_context *context;
    struct driver_stream *stream;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = stream_find(context, stream_handle, &stream);
    if (status == CUDA_SUCCESS && !handle_find(&driver.handles, HANDLE_EXEC, handle))
        status = CUDA_ERROR_INVALID_VALUE;
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

/* The position in `graph` that a node was given by marks. */
static bool exec_same_edges(const struct driver_node *a, const struct driver_node *b) {
    if (a->dependency_count != b->dependency_count)
        return false;
    for (size_t d = 0; d < a->dependency_count; d++)
        if (a->dependencies[d]->mark != b->dependencies[d]->mark)
            return false;
    return true;
}

static void exec_number(const struct driver_graph *graph) {
    for (size_t i = 0; i < graph->count; i++)
        graph->nodes[i]->mark = i;
}

/* `fresh` is a sorted copy of the graph. Fills `result` where the two do not fit. */
static CUgraphExecUpdateResult exec_compare(const struct driver_graph *present,
                                            const struct driver_graph *fresh,
                                            CUgraphNode *culprit) {
    if (present->count != fresh->count)
        return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    exec_number(present);
    exec_number(fresh);
    for (size_t i = 0; i < fresh->count; i++) {
        *culprit = fresh->nodes[i]->origin;
        if (present->nodes[i]->operation.type != fresh->nodes[i]->operation.type)
            return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
        if (!exec_same_edges(present->nodes[i], fresh->nodes[i]))
            return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    }
    *culprit = NULL;
    return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

static CUresult exec_update(struct driver_exec *exec, const struct driver_graph *graph,
                            CUgraphExecUpdateResultInfo *result) {
    struct driver_graph *fresh = graph_clone(graph, false);
    if (!fresh)
        return CUDA_ERROR_OUT_OF_MEMORY;
    result->result = exec_sort(fresh) ? exec_compare(exec->graph, fresh, &result->errorFromNode)
                                      : CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    if (exec->running)
        result->result = CU_GRAPH_EXEC_UPDATE_ERROR;
    if (result->result != CU_GRAPH_EXEC_UPDATE_SUCCESS) {
        graph_free(fresh);
        return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
    }
    for (size_t i = 0; i < fresh->count;
         i++) { /* the program goes on naming the nodes that it instantiated */
        fresh->nodes[i]->origin = exec->graph->nodes[i]->origin;
        fresh->nodes[i]->disabled = exec->graph->nodes[i]->disabled;
    }
    graph_free(exec->graph);
    exec->graph = fresh;
    return CUDA_SUCCESS;
}

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
