/* cuGraphDebugDotPrint: a graph as text for Graphviz, its nodes and what they wait for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "emulator/driver/api/graphs/api_graph.h"
#include "emulator/driver/code/function.h"
#include "emulator/driver/graph.h"

/* NULL for types that have no node here. */
static const char *type_name(CUgraphNodeType type) {
    static const char *const names[] = {[CU_GRAPH_NODE_TYPE_KERNEL] = "KERNEL",
                                        [CU_GRAPH_NODE_TYPE_MEMCPY] = "MEMCPY",
                                        [CU_GRAPH_NODE_TYPE_MEMSET] = "MEMSET",
                                        [CU_GRAPH_NODE_TYPE_HOST] = "HOST",
                                        [CU_GRAPH_NODE_TYPE_GRAPH] = "GRAPH",
                                        [CU_GRAPH_NODE_TYPE_EMPTY] = "EMPTY",
                                        [CU_GRAPH_NODE_TYPE_WAIT_EVENT] = "WAIT_EVENT",
                                        [CU_GRAPH_NODE_TYPE_EVENT_RECORD] = "EVENT_RECORD",
                                        [CU_GRAPH_NODE_TYPE_MEM_ALLOC] = "MEM_ALLOC",
                                        [CU_GRAPH_NODE_TYPE_MEM_FREE] = "MEM_FREE",
                                        [CU_GRAPH_NODE_TYPE_BATCH_MEM_OP] = "BATCH_MEM_OP",
                                        [CU_GRAPH_NODE_TYPE_CONDITIONAL] = "CONDITIONAL"};
    return (size_t)type < sizeof names / sizeof names[0] ? names[type] : NULL;
}

/* Quotes keep names of kernels whole; a mangled one has none. */
static void node_print(FILE *to, const struct driver_node *node) {
    const char *type = type_name(node->operation.type);
    struct driver_function *function;
    fprintf(to, "  \"%p\" [label=\"%s", (void *)node->handle, type ? type : "?");
    if (node->operation.type == CU_GRAPH_NODE_TYPE_KERNEL &&
        function_find(node->operation.kernel.function, &function) == CUDA_SUCCESS)
        fprintf(to, "\\n%s", function->info->name);
    fprintf(to, "\"];\n");
    for (size_t d = 0; d < node->dependency_count; d++)
        fprintf(to, "  \"%p\" -> \"%p\";\n", (void *)node->dependencies[d]->handle,
                (void *)node->handle);
}

static CUresult write_failed(const char *path) {
    driver_say("cuGraphDebugDotPrint: cannot write %s: %s", path, strerror(errno));
    return CUDA_ERROR_OPERATING_SYSTEM;
}

static CUresult graph_print(const struct driver_graph *graph, const char *path) {
    FILE *file = fopen(path, "we");
    if (!file)
        return write_failed(path);
    fprintf(file, "digraph \"%p\" {\n", (void *)graph->handle);
    for (size_t k = 0; k < graph->count; k++)
        node_print(file, graph->nodes[k]);
    fprintf(file, "}\n");
    const bool is_written = !ferror(file);
    return fclose(file) == 0 && is_written ? CUDA_SUCCESS : write_failed(path);
}

/* The flags ask for more about each node. CUDA does not say in which form, so nothing is added. */
CUresult cuGraphDebugDotPrint(CUgraph handle, const char *path, unsigned int flags) {
    struct driver_graph *graph;
    CUresult status = driver_begin();
    (void)flags;
    if (status == CUDA_SUCCESS && !path)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = graph_find(handle, &graph);
    if (status == CUDA_SUCCESS)
        status = graph_print(graph, path);
    return driver_end(status);
}
