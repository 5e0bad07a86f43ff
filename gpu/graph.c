/* Recording the stream's work once and replaying it with one call; see gpu/gpu.h. */
#include "gpu/state.h"

#include <stdlib.h>

struct gpu_graph {
    struct cuda_graph *graph;
    struct cuda_graph_exec *exec;
    size_t nodes;
};

enum status gpu_capture_begin(struct gpu *gpu, struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    if (gpu->capturing)
        return message_set(message, STATUS_INVALID,
                           "a capture is under way already: end it before the next");
    status = gpu_check(
        gpu, gpu->driver.cuStreamBeginCapture(gpu->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        message, "cuStreamBeginCapture");
    gpu->capturing = status == STATUS_OK;
    return status;
}

bool gpu_capturing(const struct gpu *gpu) {
    return gpu->capturing;
}

void gpu_capture_abandon(struct gpu *gpu) {
    if (!gpu->capturing)
        return;
    gpu->capturing = false;
    struct cuda_graph *graph = NULL;
    struct message spoilt; /* an error here says so, which is why the capture is abandoned */
    if (gpu_check(gpu, gpu->driver.cuStreamEndCapture(gpu->stream, &graph), &spoilt,
                  "cuStreamEndCapture") == STATUS_OK &&
        graph != NULL)
        gpu_check_release(gpu, gpu->driver.cuGraphDestroy(graph), "cuGraphDestroy");
}

static enum status graph_build(struct gpu *gpu, struct gpu_graph *built, struct message *message) {
    const struct driver *driver = &gpu->driver;
    gpu->capturing = false;
    enum status status = gpu_check(gpu, driver->cuStreamEndCapture(gpu->stream, &built->graph),
                                   message, "cuStreamEndCapture");
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuGraphGetNodes(built->graph, NULL, &built->nodes), message,
                           "cuGraphGetNodes");
    if (status == STATUS_OK)
        status = gpu_check_allocation(
            gpu, driver->cuGraphInstantiateWithFlags(&built->exec, built->graph, 0), message,
            "cuGraphInstantiateWithFlags of %zu nodes", built->nodes);
    return status;
}

enum status gpu_capture_end(struct gpu *gpu, struct gpu_graph **graph, struct message *message) {
    *graph = NULL;
    if (!gpu->capturing)
        return message_set(message, STATUS_INVALID, "there is no capture to end");
    struct gpu_graph *built = calloc(1, sizeof *built);
    if (built == NULL) {
        gpu_capture_abandon(gpu);
        return message_set(message, STATUS_NO_MEMORY, "no host memory for a graph");
    }
    enum status status = graph_build(gpu, built, message);
    if (status != STATUS_OK) {
        gpu_graph_destroy(gpu, built);
        return status;
    }
    *graph = built;
    return STATUS_OK;
}

enum status gpu_graph_launch(struct gpu *gpu, struct gpu_graph *graph, struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    return gpu_check_allocation(gpu, gpu->driver.cuGraphLaunch(graph->exec, gpu->stream), message,
                                "cuGraphLaunch of %zu nodes", graph->nodes);
}

void gpu_graph_destroy(struct gpu *gpu, struct gpu_graph *graph) {
    if (graph == NULL)
        return;
    if (!gpu->broken && graph->exec != NULL)
        gpu_check_release(gpu, gpu->driver.cuGraphExecDestroy(graph->exec), "cuGraphExecDestroy");
    if (!gpu->broken && graph->graph != NULL)
        gpu_check_release(gpu, gpu->driver.cuGraphDestroy(graph->graph), "cuGraphDestroy");
    free(graph);
}
