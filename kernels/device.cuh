/* What every kernel file starts from. nvcc brings the CUDA C built-ins itself. */
#ifndef LOCKSTEP_KERNELS_DEVICE_CUH
#define LOCKSTEP_KERNELS_DEVICE_CUH

#include <stdint.h>

/* A thread's index in a one-dimensional grid, and how many threads that grid has. */
static __device__ inline int64_t grid_thread() {
    return (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
}

static __device__ inline int64_t grid_threads() {
    return (int64_t)gridDim.x * blockDim.x;
}

#endif
