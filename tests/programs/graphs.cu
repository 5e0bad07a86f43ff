/* Nodes of graphs by the runtime: events, variables, kernels that are read and changed. */
#include "check.h"

__device__ int summand = 1;

__global__ void add(int *x, int value) {
    x[threadIdx.x] += value + summand;
}

static cudaKernelNodeParams launch_of(void **arguments) {
    cudaKernelNodeParams kernel = {};
    kernel.func = (void *)add;
    kernel.gridDim = dim3(1);
    kernel.blockDim = dim3(32);
    kernel.kernelParams = arguments;
    return kernel;
}

static void launch(cudaGraph_t graph) {
    cudaGraphExec_t exec;
    OK(cudaGraphInstantiate(&exec, graph, 0));
    OK(cudaGraphLaunch(exec, 0));
    OK(cudaStreamSynchronize(0));
    OK(cudaGraphExecDestroy(exec));
}

static void events() {
    cudaGraph_t graph;
    cudaGraphNode_t record, wait;
    cudaEvent_t event, other, read;
    OK(cudaEventCreate(&event));
    OK(cudaEventCreate(&other));
    OK(cudaGraphCreate(&graph, 0));
    OK(cudaGraphAddEventRecordNode(&record, graph, nullptr, 0, event));
    OK(cudaGraphAddEventWaitNode(&wait, graph, &record, 1, event));
    launch(graph);
    OK(cudaGraphEventRecordNodeSetEvent(record, other));
    OK(cudaGraphEventRecordNodeGetEvent(record, &read));
    CHECK(read == other);
    OK(cudaGraphEventWaitNodeSetEvent(wait, other));
    OK(cudaGraphEventWaitNodeGetEvent(wait, &read));
    CHECK(read == other);
    OK(cudaEventDestroy(event));
    launch(graph);
    OK(cudaGraphDestroy(graph));
    OK(cudaEventDestroy(other));
}

static void events_of_a_capture() {
    cudaStream_t stream;
    cudaEvent_t event;
    cudaGraph_t graph;
    cudaGraphNode_t node;
    cudaGraphNodeType type;
    size_t count = 1;
    OK(cudaStreamCreate(&stream));
    OK(cudaEventCreate(&event));
    EXPECT(cudaErrorInvalidValue, cudaEventRecordWithFlags(event, stream, cudaEventRecordExternal));
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    OK(cudaEventRecordWithFlags(event, stream, cudaEventRecordExternal));
    OK(cudaStreamEndCapture(stream, &graph));
    OK(cudaGraphGetNodes(graph, &node, &count));
    OK(cudaGraphNodeGetType(node, &type));
    CHECK(count == 1 && type == cudaGraphNodeTypeEventRecord);
    launch(graph);
    OK(cudaEventSynchronize(event));
    OK(cudaGraphDestroy(graph));
    OK(cudaEventDestroy(event));
    OK(cudaStreamDestroy(stream));
    (void)cudaGetLastError();
}

static void kernels() {
    int *device, amount = 3, host[32];
    void *arguments[] = {&device, &amount};
    cudaGraph_t graph;
    cudaGraphNode_t first, second;
    cudaKernelNodeParams kernel = launch_of(arguments), read;
    cudaKernelNodeAttrValue value = {}, attribute = {};
    cudaGraphNodeParams any = {};
    OK(cudaMalloc(&device, sizeof host));
    OK(cudaMemset(device, 0, sizeof host));
    OK(cudaGraphCreate(&graph, 0));
    OK(cudaGraphAddKernelNode(&first, graph, nullptr, 0, &kernel));
    OK(cudaGraphAddKernelNode(&second, graph, &first, 1, &kernel));
    OK(cudaGraphKernelNodeGetParams(first, &read));
    CHECK(read.func == (void *)add && read.blockDim.x == 32);
    CHECK(*(int *)read.kernelParams[1] == 3);
    *(int *)read.kernelParams[1] = 5; /* as programs do */
    OK(cudaGraphKernelNodeSetParams(first, &read));
    value.cooperative = 1;
    OK(cudaGraphKernelNodeSetAttribute(first, cudaLaunchAttributeCooperative, &value));
#if CUDART_VERSION >= 13000
    OK(cudaGraphKernelNodeCopyAttributes(second, first));
#else
    OK(cudaGraphKernelNodeCopyAttributes(first, second));
#endif
    OK(cudaGraphKernelNodeGetAttribute(second, cudaLaunchAttributeCooperative, &attribute));
    CHECK(attribute.cooperative == 1);
    launch(graph);
    OK(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
    CHECK(host[31] == 3 + 5 + 2);
    any.type = cudaGraphNodeTypeKernel;
    any.kernel.func = (void *)add;
    any.kernel.gridDim = dim3(1);
    any.kernel.blockDim = dim3(32);
    amount = 20;
    any.kernel.kernelParams = arguments;
    OK(cudaGraphNodeSetParams(second, &any));
    launch(graph);
    OK(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
    CHECK(host[31] == 10 + 20 + 5 + 2);
    OK(cudaGraphDestroy(graph));
    OK(cudaFree(device));
}

static void variables() {
    cudaGraph_t graph;
    cudaGraphNode_t to, from;
    int seven = 7, eight = 8, read = 0;
    cudaMemcpy3DParms copy;
    void *place;
    OK(cudaGetSymbolAddress(&place, summand));
    OK(cudaGraphCreate(&graph, 0));
    OK(cudaGraphAddMemcpyNodeToSymbol(&to, graph, nullptr, 0, summand, &seven, sizeof seven, 0,
                                      cudaMemcpyHostToDevice));
    OK(cudaGraphAddMemcpyNodeFromSymbol(&from, graph, &to, 1, &read, summand, sizeof read, 0,
                                        cudaMemcpyDeviceToHost));
    launch(graph);
    CHECK(read == 7);
    OK(cudaGraphMemcpyNodeSetParamsToSymbol(to, summand, &eight, sizeof eight, 0,
                                            cudaMemcpyHostToDevice));
    launch(graph);
    CHECK(read == 8);
    OK(cudaGraphMemcpyNodeGetParams(from, &copy));
    CHECK(copy.srcPtr.ptr == place && copy.dstPtr.ptr == &read && copy.extent.width == sizeof read);
    CHECK(copy.kind == cudaMemcpyDeviceToHost && !copy.srcArray && !copy.dstArray);
    EXPECT(cudaErrorInvalidValue,
           cudaGraphMemcpyNodeSetParamsFromSymbol(from, &read, summand, sizeof read, sizeof summand,
                                                  cudaMemcpyDeviceToHost));
    EXPECT(cudaErrorInvalidSymbol,
           cudaGraphMemcpyNodeSetParamsToSymbol(to, &seven, &eight, sizeof eight, 0,
                                                cudaMemcpyHostToDevice));
    (void)cudaGetLastError();
    OK(cudaGraphDestroy(graph));
}

static void children() {
    cudaGraph_t inner, outer;
    cudaGraphNode_t fill, child;
    cudaGraphExec_t exec;
    cudaMemsetParams value = {};
    int *device, host = 0;
    OK(cudaMalloc(&device, sizeof host));
    value.dst = device;
    value.elementSize = 4;
    value.value = 1;
    value.width = value.height = 1;
    OK(cudaGraphCreate(&inner, 0));
    OK(cudaGraphAddMemsetNode(&fill, inner, nullptr, 0, &value));
    OK(cudaGraphCreate(&outer, 0));
    OK(cudaGraphAddChildGraphNode(&child, outer, nullptr, 0, inner));
    OK(cudaGraphInstantiate(&exec, outer, 0));
    value.value = 2;
    OK(cudaGraphMemsetNodeSetParams(fill, &value));
    OK(cudaGraphExecChildGraphNodeSetParams(exec, child, inner));
    OK(cudaGraphLaunch(exec, 0));
    OK(cudaMemcpy(&host, device, sizeof host, cudaMemcpyDeviceToHost));
    CHECK(host == 2);
    OK(cudaGraphExecDestroy(exec));
    OK(cudaGraphDestroy(outer));
    OK(cudaGraphDestroy(inner));
    OK(cudaFree(device));
}

int main() {
    events();
    events_of_a_capture();
    kernels();
    variables();
    children();
    return 0;
}
