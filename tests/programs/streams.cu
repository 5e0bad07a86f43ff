/* Streams, events, graphs and the device by the runtime. */
#include "check.h"

#include <cstring>

__global__ void add(int *x, int value) {
    x[threadIdx.x] += value;
}

static void count_up(void *data) {
    ++*static_cast<int *>(data);
}

static void CUDART_CB called(cudaStream_t, cudaError_t error, void *data) {
    *static_cast<int *>(data) += error == cudaSuccess;
}

static void streams_and_events() {
    cudaStream_t stream, other;
    cudaEvent_t start, end;
    int host[32] = {0}, *device, calls = 0;
    float milliseconds = -1;
    OK(cudaStreamCreate(&stream));
    OK(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    OK(cudaEventCreate(&start));
    OK(cudaEventCreateWithFlags(&end, cudaEventDefault));
    OK(cudaMallocAsync(&device, sizeof host, stream));
    OK(cudaEventRecord(start, stream));
    OK(cudaMemsetAsync(device, 0, sizeof host, stream));
    add<<<1, 32, 0, stream>>>(device, 4);
    OK(cudaEventRecord(end, stream));
    OK(cudaStreamWaitEvent(other, end, 0));
    add<<<1, 32, 0, other>>>(device, 1);
    OK(cudaMemcpyAsync(host, device, sizeof host, cudaMemcpyDeviceToHost, other));
    OK(cudaLaunchHostFunc(other, count_up, &calls));
    OK(cudaStreamAddCallback(other, called, &calls, 0));
    OK(cudaStreamSynchronize(other));
    OK(cudaStreamQuery(stream));
    OK(cudaEventSynchronize(end));
    OK(cudaEventQuery(end));
    CHECK(host[31] == 5 && calls == 2);
    /* No time, unless the host's was asked for. */
    const char *configuration = getenv("LOCKSTEP_EMULATOR");
    if (configuration && strstr(configuration, "time=host")) {
        OK(cudaEventElapsedTime(&milliseconds, start, end));
        CHECK(milliseconds >= 0);
    } else {
        EXPECT(cudaErrorNotSupported, cudaEventElapsedTime(&milliseconds, start, end));
        CHECK(milliseconds == -1);
    }
    (void)cudaGetLastError();
    OK(cudaFreeAsync(device, stream));
    OK(cudaEventDestroy(start));
    OK(cudaEventDestroy(end));
    OK(cudaStreamDestroy(stream));
    OK(cudaStreamDestroy(other));
}

static void graphs() {
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    cudaGraphNode_t nodes[3];
    int host[32] = {0}, *device, amount = 3;
    size_t count = 0;
    OK(cudaMalloc(&device, sizeof host));
    OK(cudaStreamCreate(&stream));
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    OK(cudaMemcpyAsync(device, host, sizeof host, cudaMemcpyHostToDevice, stream));
    add<<<1, 32, 0, stream>>>(device, 7);
    OK(cudaStreamEndCapture(stream, &graph));
    OK(cudaGraphGetNodes(graph, nullptr, &count));
    CHECK(count == 2);
    OK(cudaGraphInstantiate(&exec, graph, 0));
    OK(cudaGraphLaunch(exec, stream));
    OK(cudaGraphLaunch(exec, stream));
    OK(cudaStreamSynchronize(stream));
    OK(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
    CHECK(host[5] == 7);
    OK(cudaGraphExecDestroy(exec));
    OK(cudaGraphDestroy(graph));
    /* The same by hand. */
    OK(cudaGraphCreate(&graph, 0));
    cudaMemsetParams fill = {};
    fill.dst = device;
    fill.elementSize = 4;
    fill.value = 1;
    fill.width = 32;
    fill.height = 1;
    OK(cudaGraphAddMemsetNode(&nodes[0], graph, nullptr, 0, &fill));
    void *arguments[] = {&device, &amount};
    cudaKernelNodeParams kernel = {};
    kernel.func = (void *)add;
    kernel.gridDim = dim3(1);
    kernel.blockDim = dim3(32);
    kernel.kernelParams = arguments;
    OK(cudaGraphAddKernelNode(&nodes[1], graph, &nodes[0], 1, &kernel));
    OK(cudaGraphAddMemcpyNode1D(&nodes[2], graph, &nodes[1], 1, host, device, sizeof host,
                                cudaMemcpyDeviceToHost));
    OK(cudaGraphInstantiate(&exec, graph, 0));
    OK(cudaGraphLaunch(exec, stream));
    OK(cudaStreamSynchronize(stream));
    CHECK(host[5] == 4);
    OK(cudaGraphExecDestroy(exec));
    OK(cudaGraphDestroy(graph));
    OK(cudaStreamDestroy(stream));
    OK(cudaFree(device));
}

/* The program's first launch, which loads its code: a capture takes it, and later
 * ones forbid what they forbade before. */
static void the_first_launch_is_captured() {
    cudaStream_t stream;
    cudaGraph_t graph;
    int *device, *other;
    size_t count = 0;
    OK(cudaMalloc(&device, 32 * sizeof *device));
    OK(cudaStreamCreate(&stream));
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    add<<<1, 32, 0, stream>>>(device, 7);
    OK(cudaGetLastError());
    OK(cudaStreamEndCapture(stream, &graph));
    OK(cudaGraphGetNodes(graph, nullptr, &count));
    CHECK(count == 1);
    OK(cudaGraphDestroy(graph));
    OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    EXPECT(cudaErrorStreamCaptureUnsupported, cudaMalloc(&other, 4));
    EXPECT(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(stream, &graph));
    (void)cudaGetLastError();
    OK(cudaStreamDestroy(stream));
    OK(cudaFree(device));
}

static void functions_of_the_driver() {
    void *function = nullptr;
    cudaDriverEntryPointQueryResult found;
    OK(cudaGetDriverEntryPointByVersion("cuMemAlloc", &function, 12000, cudaEnableDefault, &found));
    CHECK(function && found == cudaDriverEntryPointSuccess);
    OK(cudaGetDriverEntryPointByVersion("cuNothing", &function, 12000, cudaEnableDefault, &found));
    CHECK(found == cudaDriverEntryPointSymbolNotFound);
}

static void the_device() {
    int count = 0, device = -1, value = 0, driver = 0, runtime = 0;
    cudaDeviceProp properties;
    OK(cudaGetDeviceCount(&count));
    OK(cudaGetDevice(&device));
    OK(cudaSetDevice(0));
    CHECK(count >= 1 && device == 0);
    EXPECT(cudaErrorInvalidDevice, cudaSetDevice(count));
    memset(&properties, 0xff, sizeof properties);
    OK(cudaGetDeviceProperties(&properties, 0));
    CHECK(strstr(properties.name, "emulated") && properties.warpSize == 32);
    OK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0));
    CHECK(properties.multiProcessorCount == value);
    OK(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
    CHECK(properties.sharedMemPerBlockOptin == (size_t)value);
    OK(cudaDeviceGetAttribute(&value, cudaDevAttrMaxBlocksPerMultiprocessor, 0));
    CHECK(properties.maxBlocksPerMultiProcessor == value);
    CHECK(properties.maxGridSize[1] == 65535 && properties.memoryPoolsSupported == 1);
    CHECK(properties.maxTexture3DAlt[2] == 0 &&
          properties.clusterLaunch == (properties.major >= 9));
    OK(cudaDriverGetVersion(&driver));
    OK(cudaRuntimeGetVersion(&runtime));
    CHECK(driver >= runtime && runtime == CUDART_VERSION / 1000 * 1000);
    CHECK(strcmp(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation") == 0);
    CHECK(strlen(cudaGetErrorString(cudaErrorIllegalAddress)) > 0);
    (void)cudaGetLastError();
}

int main() {
    the_device();
    functions_of_the_driver();
    the_first_launch_is_captured();
    streams_and_events();
    graphs();
    return 0;
}
