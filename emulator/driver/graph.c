/* Graphs as data: nodes, what they depend on, order, copies. */
#include "emulator/driver/graph.h"

#include <stdlib.h>
#include <string.h>

/* ---- Making and freeing ---- */

static void node_free(struct driver_node *node) {
    if (node->handle)
        handle_remove(&driver.handles, node->handle);
    operation_release(&node->operation);
    free(node->dependencies);
    free(node);
}

static struct driver_graph *graph_make(bool with_handle) {
    struct driver_graph *graph = calloc(1, sizeof *graph);
    if (graph && with_handle) {
        graph->handle = handle_add(&driver.handles, HANDLE_GRAPH, graph);
        if (!graph->handle) {
            free(graph);
            return NULL;
        }
    }
    return graph;
}

struct driver_graph *graph_open(void) {
    return graph_make(true);
}

void graph_free(struct driver_graph *graph) {
    for (size_t i = 0; i < graph->count; i++)
        node_free(graph->nodes[i]);
    if (graph->handle)
        handle_remove(&driver.handles, graph->handle);
    free(graph->nodes);
    free(graph);
}

void graph_close_all(void) {
    uint32_t at = 0;
    for (struct driver_exec *exec; (exec = handle_next(&driver.handles, HANDLE_EXEC, &at));)
        exec_free(exec);
    at = 0;
    for (struct driver_graph *graph; (graph = handle_next(&driver.handles, HANDLE_GRAPH, &at));)
        if (!graph->owned)
            graph_free(graph);
}

CUresult graph_find(CUgraph handle, struct driver_graph **graph) {
    *graph = handle_find(&driver.handles, HANDLE_GRAPH, handle);
    return *graph ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult graph_find_node(CUgraphNode handle, struct driver_node **node) {
    *node = handle_find(&driver.handles, HANDLE_NODE, handle);
    return *node ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static bool graph_reserve(struct driver_graph *graph) {
    if (graph->count < graph->capacity)
        return true;
    size_t capacity = graph->capacity ? graph->capacity * 2 : 16;
    struct driver_node **nodes = realloc(graph->nodes, capacity * sizeof(struct driver_node *));
    if (!nodes)
        return false;
    graph->nodes = nodes;
    graph->capacity = capacity;
    return true;
}

/* A node with a copy of the operation and room for `count` dependencies, at the end of the graph.
 */
static CUresult graph_append(struct driver_graph *graph, size_t count,
                             const struct driver_operation *operation, bool with_handle,
                             struct driver_node **result) {
    struct driver_node *node = calloc(1, sizeof *node);
    if (!node || !graph_reserve(graph)) {
        free(node);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    node->graph = graph;
    node->dependencies = calloc(count + 1, sizeof(struct driver_node *));
    node->operation.type = CU_GRAPH_NODE_TYPE_EMPTY;
    CUresult status = node->dependencies ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS)
        status = operation_clone(&node->operation, operation);
    if (status != CUDA_SUCCESS)
        node->operation.type = CU_GRAPH_NODE_TYPE_EMPTY; /* nothing of it is owned */
    if (status == CUDA_SUCCESS && with_handle) {
        node->handle = handle_add(&driver.handles, HANDLE_NODE, node);
        status = node->handle ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (status != CUDA_SUCCESS) {
        node_free(node);
        return status;
    }
    graph->nodes[graph->count++] = node;
    *result = node;
    return CUDA_SUCCESS;
}

CUresult graph_add(struct driver_graph *graph, struct driver_node *const *dependencies,
                   size_t count, const struct driver_operation *operation,
                   struct driver_node **node) {
    CUresult status = graph_append(graph, count, operation, true, node);
    if (status == CUDA_SUCCESS && count) {
        memcpy((*node)->dependencies, dependencies, count * sizeof(struct driver_node *));
        (*node)->dependency_count = count;
    }
    return status;
}

CUresult graph_add_handles(CUgraphNode *handle, CUgraph graph_handle,
                           const CUgraphNode *dependencies, size_t count,
                           const struct driver_operation *operation) {
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

/* ---- Walks ---- */

void graph_count_dependents(struct driver_graph *graph) {
    for (size_t i = 0; i < graph->count; i++)
        graph->nodes[i]->mark = 0;
    for (size_t i = 0; i < graph->count; i++)
        for (size_t d = 0; d < graph->nodes[i]->dependency_count; d++)
            graph->nodes[i]->dependencies[d]->mark++;
}

/* Whether all that the node depends on has been placed (marked 1). */
static bool node_ready(const struct driver_node *node) {
    for (size_t d = 0; d < node->dependency_count; d++)
        if (!node->dependencies[d]->mark)
            return false;
    return true;
}

/* Nodes mostly come in a valid order already, so each pass usually places all of them. */
bool graph_sort(struct driver_graph *graph) {
    struct driver_node **sorted = calloc(graph->count + 1, sizeof(struct driver_node *));
    size_t placed = 0, before;
    if (!sorted)
        return false;
    for (size_t i = 0; i < graph->count; i++)
        graph->nodes[i]->mark = 0;
    do {
        before = placed;
        for (size_t i = 0; i < graph->count; i++) {
            struct driver_node *node = graph->nodes[i];
            if (node->mark || !node_ready(node))
                continue;
            node->mark = 1;
            sorted[placed++] = node;
        }
    } while (placed > before && placed < graph->count);
    bool complete = placed == graph->count;
    if (complete && placed)
        memcpy(graph->nodes, sorted, placed * sizeof(struct driver_node *));
    free(sorted);
    return complete;
}

struct driver_graph *graph_clone(const struct driver_graph *graph, bool with_handles) {
    struct driver_graph *clone = graph_make(with_handles);
    if (!clone)
        return NULL;
    clone->origin = graph->handle;
    for (size_t i = 0; i < graph->count; i++) {
        struct driver_node *from = graph->nodes[i], *to;
        if (graph_append(clone, from->dependency_count, &from->operation, with_handles, &to) !=
            CUDA_SUCCESS) {
            graph_free(clone);
            return NULL;
        }
        to->origin = from->handle;
        to->disabled = from->disabled;
        to->dependency_count = 0; /* until every node has its copy */
        from->mark = i;
    }
    for (size_t i = 0; i < graph->count; i++) {
        const struct driver_node *from = graph->nodes[i];
        struct driver_node *to = clone->nodes[i];
        for (size_t d = 0; d < from->dependency_count; d++)
            to->dependencies[d] = clone->nodes[from->dependencies[d]->mark];
        to->dependency_count = from->dependency_count;
    }
    return clone;
}

/* ---- Entry points: graphs ---- */

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

CUresult cuGraphDestroy(CUgraph handle) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    if (status == CUDA_SUCCESS && graph->owned)
        status = CUDA_ERROR_INVALID_VALUE; /* a child graph goes with its node, a captured one with
                                              its capture */
    if (status == CUDA_SUCCESS)
        graph_free(graph);
    return driver_end(status);
}

CUresult cuGraphClone(CUgraph *clone, CUgraph handle) {
    struct driver_graph *graph;
    CUresult status = graph_begin(handle, &graph);
    if (status == CUDA_SUCCESS && !clone)
        status = CUDA_ERROR_INVALID_VALUE;
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

static CUresult graph_list(CUgraph handle, CUgraphNode *nodes, size_t *count, bool roots_only) {
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
    return driver_end(status);
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
    return graph_list(graph, nodes, count, false);
}

CUresult cuGraphGetRootNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
    return graph_list(graph, nodes, count, true);
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

/* ---- Entry points: nodes and edges ---- */

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

static bool node_depends(const struct driver_node *node, const struct driver_node *on) {
    for (size_t d = 0; d < node->dependency_count; d++)
        if (node->dependencies[d] == on)
            return true;
    return false;
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

static CUresult node_add_dependency(struct driver_node *to, struct driver_node *from) {
    if (from == to || from->graph != to->graph || node_depends(to, from))
        return CUDA_ERROR_INVALID_VALUE;
    struct driver_node **grown =
        realloc(to->dependencies, (to->dependency_count + 1) * sizeof(struct driver_node *));
    if (!grown)
        return CUDA_ERROR_OUT_OF_MEMORY;
    to->dependencies = grown;
    to->dependencies[to->dependency_count++] = from;
    return CUDA_SUCCESS;
}

static CUresult node_remove_dependency(struct driver_node *to, struct driver_node *from) {
    for (size_t d = 0; d < to->dependency_count; d++) {
        if (to->dependencies[d] != from)
            continue;
        to->dependency_count--;
        memmove(&to->dependencies[d], &to->dependencies[d + 1],
                (to->dependency_count - d) * sizeof(struct driver_node *));
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_INVALID_VALUE;
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
    if (status == CUDA_SUCCESS && node->graph->capturing)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct driver_graph *graph = node->graph;
        size_t kept = 0;
        for (size_t i = 0; i < graph->count; i++) {
            struct driver_node *other = graph->nodes[i];
            (void)node_remove_dependency(other, node);
            if (other != node)
                graph->nodes[kept++] = other;
        }
        graph->count = kept;
        node_free(node);
    }
    return driver_end(status);
}

/* ---- The forms with data on the edges: none carries any here ---- */

static void edges_clear(CUgraphEdgeData *edges, size_t count) {
    if (edges)
        memset(edges, 0, count * sizeof *edges);
}

static bool edges_plain(const CUgraphEdgeData *edges, size_t count) {
    for (size_t i = 0; edges && i < count; i++)
        if (edges[i].from_port || edges[i].to_port || edges[i].type)
            return false;
    return true;
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
    return edges_plain(edges, count) ? cuGraphAddDependencies(graph, from, to, count)
                                     : CUDA_ERROR_NOT_SUPPORTED;
}

CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                      const CUgraphEdgeData *edges, size_t count) {
    return edges_plain(edges, count) ? cuGraphRemoveDependencies(graph, from, to, count)
                                     : CUDA_ERROR_NOT_SUPPORTED;
}
