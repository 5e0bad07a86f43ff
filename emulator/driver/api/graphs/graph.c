/* cuGraph*: graphs, their nodes and edges, read and changed. */
#include <string.h>

#include "emulator/driver/api/graphs/api_graph.h"
#include "emulator/driver/condition.h"
#include "emulator/driver/conditional.h"
#include "emulator/driver/graph.h"

CUresult cuGraphCreate(CUgraph *handle, unsigned int flags) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && (!handle || flags))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct driver_graph *graph = graph_open();
        if (graph)
            *handle = graph->handle;
        else
            status = CUDA_ERROR_OUT_OF_MEMORY;
    }
    return driver_end(status);
}

static CUresult graph_begin(CUgraph handle, struct driver_graph **graph) {
    CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? graph_find(handle, graph) : status;
}

/* What a stream captures into stays, and what it is inside of. */
static bool node_is_captured(const struct driver_node *node) {
    return node->graph->capturing || (node->operation.type == CU_GRAPH_NODE_TYPE_CONDITIONAL &&
                                      conditional_is_capturing(node->operation.conditional));
}

CUresult cuGraphDestroy(CUgraph handle) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    if (status == CUDA_SUCCESS && graph->owned)
        status = CUDA_ERROR_INVALID_VALUE; /* a child graph goes with its node, a captured one with
                                              its capture */
    for (size_t i = 0; status == CUDA_SUCCESS && i < graph->count; i++)
        if (node_is_captured(graph->nodes[i]))
            status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        graph_free(graph);
    return driver_end(status);
}

CUresult cuGraphConditionalHandleCreate(CUgraphConditionalHandle *condition, CUgraph handle,
                                        CUcontext context, unsigned int initial,
                                        unsigned int flags) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    (void)context; /* all memory of a device is reached from all contexts */
    if (status == CUDA_SUCCESS && (!condition || flags & ~(unsigned)CU_GRAPH_COND_ASSIGN_DEFAULT))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = condition_open(handle, initial, flags, condition);
    return driver_end(status);
}

CUresult cuGraphClone(CUgraph *clone, CUgraph handle) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    if (status == CUDA_SUCCESS && !clone)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && graph_is_conditional(graph))
        status = CUDA_ERROR_NOT_SUPPORTED; /* in CUDA too: its variables are one graph's */
    if (status == CUDA_SUCCESS) {
        const struct driver_graph *made = graph_clone(graph, true);
        if (made)
            *clone = made->handle;
        else
            status = CUDA_ERROR_OUT_OF_MEMORY;
    }
    return driver_end(status);
}

CUresult cuGraphNodeFindInClone(CUgraphNode *found, CUgraphNode original, CUgraph handle) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    if (status == CUDA_SUCCESS && (!found || !original))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < graph->count; i++)
        if (graph->nodes[i]->origin == original) {
            *found = graph->nodes[i]->handle;
            status = CUDA_SUCCESS;
        }
    return driver_end(status);
}

/* Hands out nodes as the API does: with `nodes` NULL only the number is told, else up to *count are
 * written and the rest of the array is NULL. */
struct node_list {
    CUgraphNode *nodes;
    size_t room, found;
};

static void node_list_add(struct node_list *list, const struct driver_node *node) {
    if (list->nodes && list->found < list->room)
        list->nodes[list->found] = node->handle;
    list->found++;
}

static void node_list_end(const struct node_list *list, size_t *count) {
    for (size_t i = list->found; list->nodes && i < list->room; i++)
        list->nodes[i] = NULL;
    *count = list->nodes && list->found > list->room ? list->room : list->found;
}

static CUresult graph_list(const char *call, CUgraph handle, CUgraphNode *nodes, size_t *count,
                           bool roots_only) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct node_list list = {nodes, *count, 0};
        for (size_t i = 0; i < graph->count; i++)
            if (!roots_only || graph->nodes[i]->dependency_count == 0)
                node_list_add(&list, graph->nodes[i]);
        node_list_end(&list, count);
    }
    return driver_end_of(call, status);
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
    return graph_list(__func__, graph, nodes, count, false);
}

CUresult cuGraphGetRootNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
    return graph_list(__func__, graph, nodes, count, true);
}

CUresult cuGraphGetEdges(CUgraph handle, CUgraphNode *from, CUgraphNode *to, size_t *count) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    if (status == CUDA_SUCCESS && (!count || !from != !to))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct node_list sources = {from, *count, 0}, targets = {to, *count, 0};
        for (size_t i = 0; i < graph->count; i++)
            for (size_t d = 0; d < graph->nodes[i]->dependency_count; d++) {
                node_list_add(&sources, graph->nodes[i]->dependencies[d]);
                node_list_add(&targets, graph->nodes[i]);
            }
        node_list_end(&sources, count);
        node_list_end(&targets, count);
    }
    return driver_end(status);
}

/* ---- Nodes and edges ---- */

static CUresult node_begin(CUgraphNode handle, struct driver_node **node) {
    CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? graph_find_node(handle, node) : status;
}

CUresult cuGraphNodeGetType(CUgraphNode handle, CUgraphNodeType *type) {
    struct driver_node *node;
    CUresult status = node_begin(handle, &node);
    if (status == CUDA_SUCCESS && !type)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *type = node->operation.type;
    return driver_end(status);
}

CUresult cuGraphNodeGetDependencies(CUgraphNode handle, CUgraphNode *dependencies, size_t *count) {
    struct driver_node *node;
    CUresult status = node_begin(handle, &node);
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct node_list list = {dependencies, *count, 0};
        for (size_t d = 0; d < node->dependency_count; d++)
            node_list_add(&list, node->dependencies[d]);
        node_list_end(&list, count);
    }
    return driver_end(status);
}

CUresult cuGraphNodeGetDependentNodes(CUgraphNode handle, CUgraphNode *nodes, size_t *count) {
    struct driver_node *node;
    CUresult status = node_begin(handle, &node);
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct node_list list = {nodes, *count, 0};
        for (size_t i = 0; i < node->graph->count; i++)
            if (node_depends(node->graph->nodes[i], node))
                node_list_add(&list, node->graph->nodes[i]);
        node_list_end(&list, count);
    }
    return driver_end(status);
}

static CUresult
graph_change_edges(CUgraph handle, const CUgraphNode *from, const CUgraphNode *to, size_t count,
                   CUresult (*change)(struct driver_node *to, struct driver_node *from)) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    if (status == CUDA_SUCCESS && count && (!from || !to))
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++) {
        struct driver_node *source = NULL, *target = NULL;
        status = graph_find_node(from[i], &source);
        if (status == CUDA_SUCCESS)
            status = graph_find_node(to[i], &target);
        if (status == CUDA_SUCCESS && (source->graph != graph || target->graph != graph))
            status = CUDA_ERROR_INVALID_VALUE;
        if (status == CUDA_SUCCESS)
            status = change(target, source);
    }
    return driver_end(status);
}

CUresult cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                size_t count) {
    return graph_change_edges(graph, from, to, count, node_add_dependency);
}

CUresult cuGraphRemoveDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                   size_t count) {
    return graph_change_edges(graph, from, to, count, node_remove_dependency);
}

CUresult cuGraphDestroyNode(CUgraphNode handle) {
    struct driver_node *node;
    CUresult status = node_begin(handle, &node);
    if (status == CUDA_SUCCESS && node_is_captured(node))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        graph_remove(node);
    return driver_end(status);
}

/* ---- The forms with data on the edges: none carries any here ---- */

static void edges_clear(CUgraphEdgeData *edges, size_t count) {
    if (edges)
        memset(edges, 0, count * sizeof *edges);
}

CUresult cuGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                            CUgraphEdgeData *edges, size_t *count) {
    CUresult status = cuGraphGetEdges(graph, from, to, count);
    if (status == CUDA_SUCCESS && from)
        edges_clear(edges, *count);
    return status;
}

CUresult cuGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode *dependencies,
                                       CUgraphEdgeData *edges, size_t *count) {
    CUresult status = cuGraphNodeGetDependencies(node, dependencies, count);
    if (status == CUDA_SUCCESS && dependencies)
        edges_clear(edges, *count);
    return status;
}

CUresult cuGraphNodeGetDependentNodes_v2(CUgraphNode node, CUgraphNode *nodes,
                                         CUgraphEdgeData *edges, size_t *count) {
    CUresult status = cuGraphNodeGetDependentNodes(node, nodes, count);
    if (status == CUDA_SUCCESS && nodes)
        edges_clear(edges, *count);
    return status;
}

CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                   const CUgraphEdgeData *edges, size_t count) {
    const CUresult status = edges_check(edges, count);
    return status == CUDA_SUCCESS ? cuGraphAddDependencies(graph, from, to, count) : status;
}

CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                      const CUgraphEdgeData *edges, size_t count) {
    const CUresult status = edges_check(edges, count);
    return status == CUDA_SUCCESS ? cuGraphRemoveDependencies(graph, from, to, count) : status;
}
