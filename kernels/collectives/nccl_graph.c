/* A sum that is captured once and replayed; see kernels/collectives/collectives.h. */
#include "gpu/nccl.h"
#include "kernels/collectives/collectives.h"

#include <stdlib.h>

struct collectives_graph {
    struct gpu *gpu; /* of the graph; NULL before the first */
    struct gpu_graph *graph;
    int joined; /* when it was captured (gpu/nccl.h) */
};

enum status collectives_graph_open(struct collectives_graph **graph, struct message *message) {
    *graph = calloc(1, sizeof **graph);
    return *graph ? STATUS_OK
                  : message_set(message, STATUS_NO_MEMORY, "no memory for the graph of a sum");
}

void collectives_graph_close(struct collectives_graph *graph) {
    if (!graph)
        return;
    gpu_graph_destroy(graph->gpu, graph->graph);
    free(graph);
}

/* What NCCL loads at the first sum must not lie inside the capture. The sum before it leaves no
 * trace in the output: a check has poisoned it. */
static enum status graph_capture(struct collectives_graph *graph,
                                 const struct allreduce_problem *problem,
                                 struct execution *execution) {
    struct gpu *gpu = execution->gpu;
    struct allreduce_problem before = *problem;
    before.out = problem->scratch;
    enum status status = allreduce_nccl(&before, execution);
    if (status == STATUS_OK)
        status = gpu_capture_begin(gpu, execution->message);
    if (status != STATUS_OK)
        return status;
    status = allreduce_nccl(problem, execution);
    if (status != STATUS_OK) {
        gpu_capture_abandon(gpu);
        return status;
    }
    graph->gpu = gpu;
    graph->joined = gpu_nccl_joined(gpu);
    return gpu_capture_end(gpu, &graph->graph, execution->message);
}

enum status collectives_graph_run(struct collectives_graph *graph,
                                  const struct allreduce_problem *problem,
                                  struct execution *execution) {
    struct gpu *gpu = execution->gpu;
    enum status status = STATUS_OK;
    if (!gpu)
        return message_set(execution->message, STATUS_INVALID, "NCCL was called without a GPU");
    if (graph->graph && graph->joined != gpu_nccl_joined(gpu)) {
        gpu_graph_destroy(gpu, graph->graph);
        graph->graph = NULL;
    }
    if (!graph->graph)
        status = graph_capture(graph, problem, execution);
    return status == STATUS_OK ? gpu_graph_launch(gpu, graph->graph, execution->message) : status;
}
