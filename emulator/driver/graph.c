/* Graphs as data: nodes, what they depend on, order, copies. */
#include "emulator/driver/graph.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/driver/condition.h"
#include "emulator/driver/memory/region.h"
#include "emulator/memory/list.h"

/* ---- Operations: an operation may be a graph, and a graph is made of operations ---- */

CUresult operation_set_values(struct driver_operation *operation,
                              const CUDA_BATCH_MEM_OP_NODE_PARAMS *values) {
    CUstreamBatchMemOpParams *steps = calloc(values->count + 1, sizeof *steps);
    if (!steps)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(steps, values->paramArray, values->count * sizeof *steps);
    *operation =
        (struct driver_operation){.type = CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, .values = *values};
    operation->values.paramArray = steps;
    return CUDA_SUCCESS;
}

static CUresult operation_clone(struct driver_operation *to, const struct driver_operation *from) {
    *to = *from;
    switch ((int)from->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        return kernel_clone(&to->kernel, &from->kernel);
    case CU_GRAPH_NODE_TYPE_GRAPH:
        to->child = graph_clone(from->child, true);
        if (to->child)
            to->child->owned = true;
        return to->child ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        return operation_set_values(to, &from->values);
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
        region_hold(to->region);
        return CUDA_SUCCESS;
    case CU_GRAPH_NODE_TYPE_CONDITIONAL:
        to->conditional = conditional_clone(from->conditional);
        return to->conditional ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    default:
        return CUDA_SUCCESS;
    }
}

void operation_release(struct driver_operation *operation) {
    if (operation->type == CU_GRAPH_NODE_TYPE_KERNEL)
        kernel_release(&operation->kernel);
    if (operation->type == CU_GRAPH_NODE_TYPE_GRAPH && operation->child)
        graph_free(operation->child);
    if (operation->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC)
        region_release(operation->region);
    if (operation->type == CU_GRAPH_NODE_TYPE_BATCH_MEM_OP)
        free(operation->values.paramArray);
    if (operation->type == CU_GRAPH_NODE_TYPE_CONDITIONAL)
        conditional_free(operation->conditional);
    operation->type = CU_GRAPH_NODE_TYPE_EMPTY;
}

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
    if (graph->handle) {
        condition_release_all(graph->handle);
        handle_remove(&driver.handles, graph->handle);
    }
    user_references_free(&graph->user_objects);
    free(graph->nodes);
    free(graph);
}

void graph_close_all(void) {
    uint32_t at = 0;
    for (struct driver_graph *graph; (graph = handle_next(&driver.handles, HANDLE_GRAPH, &at));)
        if (!graph->owned)
            graph_free(graph);
}

CUresult graph_find(CUgraph handle, struct driver_graph **graph) {
    *graph = handle_find(&driver.handles, HANDLE_GRAPH, handle);
    if (!*graph)
        driver_lack("graph", handle);
    return *graph ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult graph_find_node(CUgraphNode handle, struct driver_node **node) {
    *node = handle_find(&driver.handles, HANDLE_NODE, handle);
    if (!*node)
        driver_lack("node of a graph", handle);
    return *node ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult graph_begin_node(CUgraphNode handle, CUgraphNodeType type, struct driver_node **node) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = graph_find_node(handle, node);
    return status == CUDA_SUCCESS && (*node)->operation.type != type ? CUDA_ERROR_INVALID_VALUE
                                                                     : status;
}

static bool graph_reserve(struct driver_graph *graph) {
    struct driver_node **nodes = list_reserve(graph->nodes, graph->count + 1, &graph->capacity,
                                              sizeof(struct driver_node *));
    if (nodes)
        graph->nodes = nodes;
    return nodes != NULL;
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
    if (user_references_clone(&clone->user_objects, &graph->user_objects) != CUDA_SUCCESS) {
        graph_free(clone);
        return NULL;
    }
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

CUresult node_set_child(struct driver_node *node, const struct driver_graph *graph) {
    if (node->operation.child->capturing)
        return CUDA_ERROR_INVALID_VALUE;
    struct driver_graph *child = graph_clone(graph, true);
    if (!child)
        return CUDA_ERROR_OUT_OF_MEMORY;
    child->owned = true;
    graph_free(node->operation.child);
    node->operation.child = child;
    return CUDA_SUCCESS;
}

/* ---- Conditional nodes: graphs inside a graph ---- */

/* Without bodies yet. */
static struct driver_conditional *conditional_make(struct driver_condition *condition,
                                                   CUgraphConditionalNodeType type, unsigned size) {
    struct driver_conditional *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    condition_hold(condition);
    *made = (struct driver_conditional){.condition = condition,
                                        .type = type,
                                        .size = size,
                                        .bodies = calloc(size, sizeof(struct driver_graph *)),
                                        .handles = calloc(size, sizeof(CUgraph))};
    if (made->bodies && made->handles)
        return made;
    conditional_free(made);
    return NULL;
}

/* False where there was no memory for the body. */
static bool body_set(struct driver_conditional *conditional, unsigned k,
                     struct driver_graph *body) {
    if (!body)
        return false;
    body->owned = true;
    conditional->bodies[k] = body;
    conditional->handles[k] = body->handle;
    return true;
}

struct driver_conditional *conditional_open(struct driver_condition *condition,
                                            CUgraphConditionalNodeType type, unsigned size) {
    struct driver_conditional *made = conditional_make(condition, type, size);
    for (unsigned k = 0; made && k < size; k++)
        if (!body_set(made, k, graph_open())) {
            conditional_free(made);
            return NULL;
        }
    return made;
}

struct driver_conditional *conditional_clone(const struct driver_conditional *from) {
    struct driver_conditional *made = conditional_make(from->condition, from->type, from->size);
    for (unsigned k = 0; made && k < from->size; k++)
        if (!body_set(made, k, graph_clone(from->bodies[k], true))) {
            conditional_free(made);
            return NULL;
        }
    return made;
}

void conditional_free(struct driver_conditional *conditional) {
    for (unsigned k = 0; conditional->bodies && k < conditional->size; k++)
        if (conditional->bodies[k])
            graph_free(conditional->bodies[k]);
    condition_release(conditional->condition);
    free(conditional->bodies);
    free(conditional->handles);
    free(conditional);
}

/* ---- Edges ---- */

static bool is_edge(const CUgraphEdgeData *edge) {
    const bool is_programmatic = edge->type == CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC;
    for (size_t i = 0; i < sizeof edge->reserved; i++)
        if (edge->reserved[i])
            return false;
    return edge->type <= CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC && edge->to_port == 0 &&
           edge->from_port <= (is_programmatic ? CU_GRAPH_KERNEL_NODE_PORT_LAUNCH_ORDER
                                               : CU_GRAPH_KERNEL_NODE_PORT_DEFAULT);
}

CUresult edges_check(const CUgraphEdgeData *edges, size_t count) {
    for (size_t i = 0; edges && i < count; i++)
        if (!is_edge(&edges[i]))
            return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}

bool node_depends(const struct driver_node *node, const struct driver_node *on) {
    for (size_t d = 0; d < node->dependency_count; d++)
        if (node->dependencies[d] == on)
            return true;
    return false;
}

CUresult node_add_dependency(struct driver_node *to, struct driver_node *from) {
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

CUresult node_remove_dependency(struct driver_node *to, struct driver_node *from) {
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

void graph_remove(struct driver_node *node) {
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
