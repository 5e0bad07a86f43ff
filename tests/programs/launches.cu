/* Launches, attributes and occupancy by the runtime. */
#include "check.h"

#include <cooperative_groups.h>

template <typename T> __global__ void scale(T *x, T factor, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        x[i] *= factor;
}

__global__ void __launch_bounds__(256) sum(const int *x, int *total, int n) {
    extern __shared__ int part[];
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    part[threadIdx.x] = i < n ? x[i] : 0;
    for (int step = blockDim.x / 2; step > 0; step /= 2) {
        __syncthreads();
        if (threadIdx.x < step)
            part[threadIdx.x] += part[threadIdx.x + step];
    }
    if (threadIdx.x == 0)
        atomicAdd(total, part[0]);
}

__global__ void meet(int *counts) {
    atomicAdd(&counts[0], 1);
    cooperative_groups::this_grid().sync();
    if (threadIdx.x == 0)
        counts[1 + blockIdx.x] = counts[0];
}

static void launch_templates() {
    enum { N = 1000 };
    float f[N], *device_f;
    double d[N], *device_d;
    for (int i = 0; i < N; i++)
        f[i] = d[i] = i;
    OK(cudaMalloc(&device_f, sizeof f));
    OK(cudaMalloc(&device_d, sizeof d));
    OK(cudaMemcpy(device_f, f, sizeof f, cudaMemcpyHostToDevice));
    OK(cudaMemcpy(device_d, d, sizeof d, cudaMemcpyDefault));
    scale<<<(N + 127) / 128, 128>>>(device_f, 2.0f, N);
    scale<<<dim3((N + 63) / 64, 1, 1), dim3(64, 1, 1)>>>(device_d, 3.0, N);
    OK(cudaGetLastError());
    OK(cudaDeviceSynchronize());
    OK(cudaMemcpy(f, device_f, sizeof f, cudaMemcpyDeviceToHost));
    OK(cudaMemcpy(d, device_d, sizeof d, cudaMemcpyDefault));
    for (int i = 0; i < N; i++)
        CHECK(f[i] == 2.0f * i && d[i] == 3.0 * i);
    OK(cudaFree(device_f));
    OK(cudaFree(device_d));
    OK(cudaFree(nullptr));
}

static void launch_with_shared_memory() {
    enum { N = 5000 };
    int host[N], total = 0, expected = 0, *x, *result;
    for (int i = 0; i < N; i++)
        expected += host[i] = i % 7;
    OK(cudaMalloc(&x, sizeof host));
    OK(cudaMallocManaged(&result, sizeof *result));
    OK(cudaMemcpy(x, host, sizeof host, cudaMemcpyHostToDevice));
    *result = 0;
    void *arguments[] = {&x, &result, nullptr};
    int n = N;
    arguments[2] = &n;
    OK(cudaLaunchKernel((const void *)sum, dim3((N + 255) / 256), dim3(256), arguments,
                        256 * sizeof(int), 0));
    OK(cudaDeviceSynchronize());
    total = *result;
    CHECK(total == expected);
    OK(cudaFree(x));
    OK(cudaFree(result));
}

static void launch_cooperatively() {
    int counts[5] = {0}, *device, blocks = 4, per_multiprocessor = 0;
    OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_multiprocessor, meet, 64, 0));
    CHECK(per_multiprocessor > 0);
    OK(cudaMalloc(&device, sizeof counts));
    OK(cudaMemset(device, 0, sizeof counts));
    void *arguments[] = {&device};
    OK(cudaLaunchCooperativeKernel((const void *)meet, dim3(blocks), dim3(64), arguments, 0, 0));
    OK(cudaMemcpy(counts, device, sizeof counts, cudaMemcpyDeviceToHost));
    for (int block = 0; block < blocks; block++)
        CHECK(counts[1 + block] == blocks * 64);
    OK(cudaFree(device));
}

static void attributes_of_kernels() {
    cudaFuncAttributes attributes;
    int grid = 0, block = 0;
    OK(cudaFuncGetAttributes(&attributes, sum));
    CHECK(attributes.maxThreadsPerBlock == 256 && attributes.numRegs > 0);
    OK(cudaFuncSetAttribute(sum, cudaFuncAttributeMaxDynamicSharedMemorySize, 65536));
    OK(cudaFuncGetAttributes(&attributes, sum));
    CHECK(attributes.maxDynamicSharedSizeBytes == 65536);
    OK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, scale<float>, 0, 0));
    CHECK(grid > 0 && block > 0 && block <= 1024);
    EXPECT(cudaErrorInvalidDeviceFunction,
           cudaFuncGetAttributes(&attributes, (const void *)printf));
    CHECK(cudaGetLastError() == cudaErrorInvalidDeviceFunction);
}

static void launches_that_are_wrong() {
    float *none = nullptr;
    scale<<<1, 2048>>>(none, 1.0f, 0);
    CHECK(cudaPeekAtLastError() == cudaErrorInvalidConfiguration);
    CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
    CHECK(cudaGetLastError() == cudaSuccess);
    scale<<<0, 32>>>(none, 1.0f, 0);
    CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
    scale<<<1, 32, 1 << 20>>>(none, 1.0f, 0);
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
}

/* A fault breaks the context until the device is reset; kernels are then loaded again. */
static void faults_stay_until_the_reset() {
    float *memory = nullptr;
    scale<<<1, 32>>>((float *)64, 1.0f, 32);
    EXPECT(cudaErrorIllegalAddress, cudaDeviceSynchronize());
    EXPECT(cudaErrorIllegalAddress, cudaMalloc(&memory, 4));
    OK(cudaDeviceReset());
    (void)cudaGetLastError();
    launch_templates();
}

int main() {
    launch_templates();
    launch_with_shared_memory();
    launch_cooperatively();
    attributes_of_kernels();
    launches_that_are_wrong();
    faults_stay_until_the_reset();
    return 0;
}
