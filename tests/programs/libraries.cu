/* Libraries: code that a program loads by itself, and launches by the runtime. */
#include "check.h"

#include <cstring>

static const char code[] = ".version 8.0\n.target sm_70\n.address_size 64\n"
                           ".visible .global .align 4 .u32 summand = 4;\n"
                           ".visible .entry add(.param .u64 p) {\n"
                           ".reg .b64 %rd<3>; .reg .b32 %r<5>;\n"
                           "ld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x;\n"
                           "mul.wide.u32 %rd2, %r1, 4; add.u64 %rd1, %rd1, %rd2;\n"
                           "ld.global.u32 %r2, [summand]; ld.global.u32 %r3, [%rd1];\n"
                           "add.u32 %r4, %r2, %r3; st.global.u32 [%rd1], %r4;\n"
                           "ret; }\n"
                           ".visible .entry nothing() { ret; }\n";

__global__ void registered() {}

static void refuse() {
    cudaLibrary_t library;
    cudaKernel_t kernel;
    EXPECT(cudaErrorInvalidValue,
           cudaLibraryLoadData(&library, nullptr, nullptr, nullptr, 0, nullptr, nullptr, 0));
    EXPECT(cudaErrorFileNotFound, cudaLibraryLoadFromFile(&library, "/no/such/file", nullptr,
                                                          nullptr, 0, nullptr, nullptr, 0));
    OK(cudaLibraryLoadData(&library, code, nullptr, nullptr, 0, nullptr, nullptr, 0));
    EXPECT(cudaErrorSymbolNotFound, cudaLibraryGetKernel(&kernel, library, "no such kernel"));
    void *memory;
    size_t bytes;
    EXPECT(cudaErrorSymbolNotFound, cudaLibraryGetGlobal(&memory, &bytes, library, "no_such"));
    OK(cudaLibraryUnload(library));
    EXPECT(cudaErrorInvalidResourceHandle, cudaLibraryUnload(library));
    (void)cudaGetLastError();
}

static void set_attributes(cudaKernel_t kernel) {
    cudaFuncAttributes attributes;
    cudaKernel_t other;
    OK(cudaKernelSetAttributeForDevice(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 512,
                                       0));
    OK(cudaFuncGetAttributes(&attributes, (const void *)kernel));
    CHECK(attributes.maxDynamicSharedSizeBytes == 512);
    OK(cudaGetKernel(&other, registered));
    OK(cudaKernelSetAttributeForDevice(other, cudaFuncAttributeMaxDynamicSharedMemorySize, 256, 0));
    OK(cudaFuncGetAttributes(&attributes, registered));
    CHECK(attributes.maxDynamicSharedSizeBytes == 256);
    EXPECT(cudaErrorInvalidDevice, cudaKernelSetAttributeForDevice(
                                       kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 0, 99));
    (void)cudaGetLastError();
}

static void in_a_graph(cudaKernel_t kernel, void **arguments) {
    cudaGraph_t graph;
    cudaGraphNode_t node;
    cudaGraphExec_t exec;
    cudaKernelNodeParams launch = {}, read;
    launch.func = (void *)kernel;
    launch.gridDim = dim3(1);
    launch.blockDim = dim3(32);
    launch.kernelParams = arguments;
    OK(cudaGraphCreate(&graph, 0));
    OK(cudaGraphAddKernelNode(&node, graph, nullptr, 0, &launch));
    OK(cudaGraphKernelNodeGetParams(node, &read));
    CHECK(read.func == (void *)kernel);
    OK(cudaGraphInstantiate(&exec, graph, 0));
    OK(cudaGraphLaunch(exec, 0));
    OK(cudaGraphExecDestroy(exec));
    OK(cudaGraphDestroy(graph));
}

int main() {
    cudaLibrary_t library;
    cudaKernel_t kernel, kernels[2];
    int *device, host[32] = {0}, ten = 10;
    unsigned count = 0;
    void *summand = nullptr;
    size_t bytes = 0;
    refuse();
    OK(cudaLibraryLoadData(&library, code, nullptr, nullptr, 0, nullptr, nullptr, 0));
    OK(cudaLibraryGetKernelCount(&count, library));
    CHECK(count == 2);
    OK(cudaLibraryEnumerateKernels(kernels, 2, library));
    OK(cudaLibraryGetKernel(&kernel, library, "add"));
    CHECK(kernel == kernels[0] || kernel == kernels[1]);
    OK(cudaMalloc(&device, sizeof host));
    OK(cudaMemset(device, 0, sizeof host));
    void *arguments[] = {&device};
    OK(cudaLaunchKernel((const void *)kernel, dim3(1), dim3(32), arguments, 0, 0));
    OK(cudaLibraryGetGlobal(&summand, &bytes, library, "summand"));
    CHECK(bytes == sizeof ten);
    OK(cudaMemcpy(summand, &ten, sizeof ten, cudaMemcpyHostToDevice));
    in_a_graph(kernel, arguments);
    OK(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
    CHECK(host[0] == 14 && host[31] == 14);
    set_attributes(kernel);
    OK(cudaLibraryUnload(library));
    EXPECT(cudaErrorInvalidDeviceFunction,
           cudaLaunchKernel((const void *)kernel, dim3(1), dim3(32), arguments, 0, 0));
    (void)cudaGetLastError();
    OK(cudaFree(device));
    return 0;
}
