/* Half of a program of relocatable device code: its kernel calls and reads what the other half defines. */
#include "../check.h"

extern __device__ float twice(float x);
extern __device__ int table[4];

__global__ void add(float *x) {
    x[threadIdx.x] = twice(x[threadIdx.x]) + table[threadIdx.x % 4];
}

int main() {
    float host[8], *device;
    for (int i = 0; i < 8; i++)
        host[i] = i;
    OK(cudaMalloc(&device, sizeof host));
    OK(cudaMemcpy(device, host, sizeof host, cudaMemcpyHostToDevice));
    add<<<1, 8>>>(device);
    OK(cudaGetLastError());
    OK(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
    for (int i = 0; i < 8; i++)
        CHECK(host[i] == 2 * i + i % 4 + 1);
    OK(cudaFree(device));
    return 0;
}
