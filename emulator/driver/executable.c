/* Executable graphs: made from a graph, updated from another of the same shape, launched. */
#include "emulator/driver/executable.h"

#include <stdlib.h>

#include "emulator/driver/conditional.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/memory/allocation.h"
#include "emulator/driver/memory/region.h"

enum {
    INSTANTIATE_FLAGS = CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH |
                        CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
                        CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY
};

CUresult exec_find(CUgraphExec handle, struct driver_exec **exec) {
    *exec = handle_find(&driver.handles, HANDLE_EXEC, handle);
    if (!*exec)
        driver_lack("executable graph", handle);
    return *exec ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

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

void exec_close_all(void) {
    uint32_t at = 0;
    for (struct driver_exec *exec; (exec = handle_next(&driver.handles, HANDLE_EXEC, &at));)
        exec_free(exec);
}

struct driver_node *exec_find_node(const struct driver_exec *exec, CUgraphNode origin) {
    for (size_t i = 0; i < exec->graph->count; i++)
        if (origin && exec->graph->nodes[i]->origin == origin)
            return exec->graph->nodes[i];
    return NULL;
}

/* Graphs inside a graph run node after node too, so they are sorted with their parents. */
static bool exec_sort(struct driver_graph *graph) {
    bool sorted = graph_sort(graph);
    for (size_t i = 0; i < graph->count && sorted; i++) {
        const struct driver_operation *operation = &graph->nodes[i]->operation;
        if (operation->type == CU_GRAPH_NODE_TYPE_GRAPH)
            sorted = exec_sort(operation->child);
        if (operation->type != CU_GRAPH_NODE_TYPE_CONDITIONAL)
            continue;
        for (unsigned k = 0; k < operation->conditional->size && sorted; k++)
            sorted = exec_sort(operation->conditional->bodies[k]);
    }
    return sorted;
}

CUresult exec_open(const struct driver_graph *graph, uint64_t flags, CUgraphExec *handle,
                   bool *cycle) {
    *cycle = false;
    if (flags & ~(uint64_t)INSTANTIATE_FLAGS)
        return flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH ? CUDA_ERROR_NOT_SUPPORTED
                                                                 : CUDA_ERROR_INVALID_VALUE;
    if (!graph_has_valid_bodies(graph))
        return CUDA_ERROR_NOT_SUPPORTED;
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

/* What the last launch allocated and nobody freed. */
static CUresult exec_free_memory(const struct driver_graph *graph) {
    CUresult status = CUDA_SUCCESS;
    for (size_t i = 0; i < graph->count && status == CUDA_SUCCESS; i++) {
        const struct driver_operation *operation = &graph->nodes[i]->operation;
        if (operation->type == CU_GRAPH_NODE_TYPE_GRAPH)
            status = exec_free_memory(operation->child);
        if (operation->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC && operation->region->is_live)
            status = allocation_free(allocation_find(operation->region->address));
    }
    return status;
}

CUresult exec_launch(struct driver_exec *exec, struct driver_stream *stream) {
    const struct driver_operation whole = {.type = CU_GRAPH_NODE_TYPE_GRAPH, .child = exec->graph};
    CUresult status = CUDA_SUCCESS;
    if (exec->flags & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)
        status = exec_free_memory(exec->graph);
    if (status != CUDA_SUCCESS)
        return status;
    graph_begin_conditions(exec->graph);
    exec->running++;
    status = operation_submit(stream, &whole);
    exec->running--;
    if (exec->doomed && !exec->running)
        exec_free(exec);
    return status;
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

/* `fresh` is a sorted copy of the graph. *culprit is the node where the two do not fit. */
static CUgraphExecUpdateResult exec_compare(const struct driver_graph *present,
                                            const struct driver_graph *fresh,
                                            CUgraphNode *culprit) {
    CUgraphExecUpdateResult result = CU_GRAPH_EXEC_UPDATE_SUCCESS;
    *culprit = NULL;
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
    for (size_t i = 0; i < fresh->count && result == CU_GRAPH_EXEC_UPDATE_SUCCESS; i++)
        if (fresh->nodes[i]->operation.type == CU_GRAPH_NODE_TYPE_GRAPH)
            result = exec_compare(present->nodes[i]->operation.child,
                                  fresh->nodes[i]->operation.child, culprit);
    if (result == CU_GRAPH_EXEC_UPDATE_SUCCESS)
        *culprit = NULL;
    return result;
}

CUresult exec_set_child(const struct driver_exec *exec, struct driver_node *node,
                        const struct driver_graph *graph) {
    CUgraphNode culprit;
    if (exec->running)
        return CUDA_ERROR_INVALID_VALUE;
    struct driver_graph *fresh = graph_clone(graph, false);
    if (!fresh)
        return CUDA_ERROR_OUT_OF_MEMORY;
    if (!exec_sort(fresh) ||
        exec_compare(node->operation.child, fresh, &culprit) != CU_GRAPH_EXEC_UPDATE_SUCCESS) {
        graph_free(fresh);
        return CUDA_ERROR_INVALID_VALUE;
    }
    graph_free(node->operation.child);
    node->operation.child = fresh;
    return CUDA_SUCCESS;
}

CUresult exec_update(struct driver_exec *exec, const struct driver_graph *graph,
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
    /* The program goes on naming the nodes that it instantiated. */
    for (size_t i = 0; i < fresh->count; i++) {
        fresh->nodes[i]->origin = exec->graph->nodes[i]->origin;
        fresh->nodes[i]->disabled = exec->graph->nodes[i]->disabled;
    }
    graph_free(exec->graph);
    exec->graph = fresh;
    return CUDA_SUCCESS;
}
