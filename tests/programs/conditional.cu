/* Graphs that decide while they run: conditional nodes, filled by nodes and by capture. */
#include "check.h"

__global__ void count_down(int *number, cudaGraphConditionalHandle handle) {
    *number -= 1;
    cudaGraphSetConditional(handle, *number > 0);
}

__global__ void add(int *number, int value) {
    *number += value;
}

__global__ void choose(const int *number, cudaGraphConditionalHandle handle) {
    cudaGraphSetConditional(handle, *number % 3);
}

static cudaGraph_t *conditional(cudaGraph_t graph, const cudaGraphNode_t *after,
                                cudaGraphConditionalHandle handle,
                                cudaGraphConditionalNodeType type, unsigned size) {
    cudaGraphNode_t node;
    cudaGraphNodeParams parameters = {};
    parameters.type = cudaGraphNodeTypeConditional;
    parameters.conditional.handle = handle;
    parameters.conditional.type = type;
    parameters.conditional.size = size;
#if CUDART_VERSION >= 13000
    OK(cudaGraphAddNode(&node, graph, after, nullptr, after != nullptr, &parameters));
#else
    OK(cudaGraphAddNode(&node, graph, after, after != nullptr, &parameters));
#endif
    return parameters.conditional.phGraph_out;
}

static cudaGraphNode_t kernel(cudaGraph_t graph, void *function, void **arguments) {
    cudaGraphNode_t node;
    cudaGraphNodeParams parameters = {};
    parameters.type = cudaGraphNodeTypeKernel;
    parameters.kernel.func = function;
    parameters.kernel.gridDim = parameters.kernel.blockDim = dim3(1);
    parameters.kernel.kernelParams = arguments;
#if CUDART_VERSION >= 13000
    OK(cudaGraphAddNode(&node, graph, nullptr, nullptr, 0, &parameters));
#else
    OK(cudaGraphAddNode(&node, graph, nullptr, 0, &parameters));
#endif
    return node;
}

static int launched(cudaGraph_t graph, int *number, int start) {
    cudaGraphExec_t exec;
    int end = -1;
    OK(cudaMemcpy(number, &start, sizeof start, cudaMemcpyHostToDevice));
    OK(cudaGraphInstantiate(&exec, graph, 0));
    OK(cudaGraphLaunch(exec, nullptr));
    OK(cudaMemcpy(&end, number, sizeof end, cudaMemcpyDeviceToHost));
    OK(cudaGraphExecDestroy(exec));
    return end;
}

static void loop(int *number) {
    cudaGraph_t graph;
    cudaGraphConditionalHandle handle;
    OK(cudaGraphCreate(&graph, 0));
    OK(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
    cudaGraph_t *body = conditional(graph, nullptr, handle, cudaGraphCondTypeWhile, 1);
    void *arguments[] = {&number, &handle};
    kernel(body[0], (void *)count_down, arguments);
    CHECK(launched(graph, number, 7) == 0);
    OK(cudaGraphDestroy(graph));
}

/* Behind a kernel that chooses; the bodies are captured. */
static void ways(int *number) {
    cudaGraph_t graph, captured;
    cudaGraphConditionalHandle handle;
    cudaStream_t stream;
    OK(cudaStreamCreate(&stream));
    OK(cudaGraphCreate(&graph, 0));
    OK(cudaGraphConditionalHandleCreate(&handle, graph));
    void *arguments[] = {&number, &handle};
    const cudaGraphNode_t first = kernel(graph, (void *)choose, arguments);
    cudaGraph_t *bodies = conditional(graph, &first, handle, cudaGraphCondTypeSwitch, 2);
    for (int i = 0; i < 2; i++) {
        OK(cudaStreamBeginCaptureToGraph(stream, bodies[i], nullptr, nullptr, 0,
                                         cudaStreamCaptureModeGlobal));
        EXPECT(cudaErrorInvalidValue, cudaGraphDestroy(graph));
        add<<<1, 1, 0, stream>>>(number, 10 * (i + 1));
        add<<<1, 1, 0, stream>>>(number, 1);
        cudaStreamCaptureStatus status;
        unsigned long long identifier;
#if CUDART_VERSION >= 13000
        size_t count = 0;
        OK(cudaStreamGetCaptureInfo(stream, &status, &identifier, &captured, nullptr, nullptr,
                                    &count));
        CHECK(count == 1 && captured == bodies[i]);
#else
        OK(cudaStreamGetCaptureInfo(stream, &status, &identifier));
#endif
        CHECK(status == cudaStreamCaptureStatusActive);
        captured = bodies[i];
        OK(cudaStreamEndCapture(stream, i ? &captured : nullptr));
        CHECK(captured == bodies[i]);
    }
    CHECK(launched(graph, number, 3) == 14);
    CHECK(launched(graph, number, 4) == 25);
    CHECK(launched(graph, number, 5) == 5);
    OK(cudaGraphDestroy(graph));
    OK(cudaStreamDestroy(stream));
}

int main() {
    int *number;
    OK(cudaMalloc(&number, sizeof *number));
    loop(number);
    ways(number);
    OK(cudaFree(number));
    return 0;
}
