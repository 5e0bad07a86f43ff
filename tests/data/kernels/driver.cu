// Kernels for the tests of the emulated driver: one that works, and one for each way to fail.
// tests/data/ptx/driver.ptx and the fat binaries beside it are made of this file by `make -f
// emulator/emulator.mk emulator-test-data`; they are kept so that the tests run where there is no
// nvcc.
#include <assert.h>
#include <stdio.h>

__device__ int counter = 5;
__constant__ float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};

extern "C" __global__ void scale(float *values, float factor, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        values[i] *= factor * table[i & 0];
}

// Odd sizes and alignments, for the packing of parameters.
struct pair {
    char letter;
    double number;
};

extern "C" __global__ void gather(double *out, char a, short b, struct pair c, int d) {
    out[0] = a;
    out[1] = b;
    out[2] = c.letter;
    out[3] = c.number;
    out[4] = d;
}

extern "C" __global__ void count_up(void) {
    atomicAdd(&counter, 1);
}

extern "C" __global__ void store_at(int *where, int value) {
    *where = value;
}

extern "C" __global__ void fail_assertion(int value) {
    assert(value == 42);
}

extern "C" __global__ void trap_now(void) {
    __trap();
}

extern "C" __global__ void spin(volatile int *flag) {
    while (*flag == 0) {}
}

extern "C" __global__ void greet(int number) {
    printf("thread %d of block %d says %d, %.2f, %s\n", (int)threadIdx.x, (int)blockIdx.x, number,
           0.5 * number, "hello");
}

extern "C" __global__ void reverse(int *values) {
    extern __shared__ int staged[];
    staged[threadIdx.x] = values[threadIdx.x];
    __syncthreads();
    values[threadIdx.x] = staged[blockDim.x - 1 - threadIdx.x];
}

extern "C" __global__ void __launch_bounds__(64) small_blocks(int *out) {
    out[threadIdx.x] = threadIdx.x;
}

__device__ __noinline__ int dive(int depth) {
    volatile int frame[16];
    frame[depth & 15] = depth;
    return depth < 0 ? 0 : dive(depth + 1) + frame[depth & 15];
}

extern "C" __global__ void dive_forever(int *out) {
    out[0] = dive(1);
}
