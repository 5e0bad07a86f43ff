/* What the tests of graphs submit, by capture or as nodes: a copy up, two kernels that multiply, a
 * copy down and a call of the host. */
#ifndef LOCKSTEP_TESTS_SUPPORT_GRAPH_WORK_H
#define LOCKSTEP_TESTS_SUPPORT_GRAPH_WORK_H

#include "tests/support/emulator_driver.h"

/* Of each buffer. */
enum { COUNT = 64, BYTES = COUNT * sizeof(float) };

/* Two buffers on the host, one on the device, and a kernel that multiplies it. */
struct work {
    float from[COUNT], to[COUNT], factor;
    int count, host_calls;
    CUdeviceptr device;
    CUfunction scale;
    void *parameters[3];
};

static inline void work_open(struct work *work, void **state) {
    memset(work, 0, sizeof *work);
    for (int i = 0; i < COUNT; i++)
        work->from[i] = (float)i;
    work->factor = 2;
    work->count = COUNT;
    work->scale = find_function(state, "scale");
    OK(cuMemAlloc_v2(&work->device, BYTES));
    OK(cuMemsetD8_v2(work->device, 0xFF, BYTES));
    work->parameters[0] = &work->device;
    work->parameters[1] = &work->factor;
    work->parameters[2] = &work->count;
}

static inline void count_call(void *data) {
    ((struct work *)data)->host_calls++;
}

/* Up, twice the factor, down, told to the host. */
static inline void work_submit(struct work *work, CUstream stream) {
    OK(cuMemcpyHtoDAsync_v2(work->device, work->from, BYTES, stream));
    OK(cuLaunchKernel(work->scale, 2, 1, 1, 32, 1, 1, 0, stream, work->parameters, NULL));
    OK(cuLaunchKernel(work->scale, 2, 1, 1, 32, 1, 1, 0, stream, work->parameters, NULL));
    OK(cuMemcpyDtoHAsync_v2(work->to, work->device, BYTES, stream));
    OK(cuLaunchHostFunc(stream, count_call, work));
}

static inline void work_expect(const struct work *work, float factor) {
    for (int i = 0; i < COUNT; i++)
        assert_true(work->to[i] == factor * (float)i);
}

static inline CUDA_KERNEL_NODE_PARAMS work_kernel(struct work *work) {
    return (CUDA_KERNEL_NODE_PARAMS){.func = work->scale,
                                     .gridDimX = 2,
                                     .gridDimY = 1,
                                     .gridDimZ = 1,
                                     .blockDimX = 32,
                                     .blockDimY = 1,
                                     .blockDimZ = 1,
                                     .kernelParams = work->parameters};
}

static inline CUDA_MEMCPY3D work_up(struct work *work) {
    return (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_HOST,
                           .srcHost = work->from,
                           .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                           .dstDevice = work->device,
                           .WidthInBytes = BYTES,
                           .Height = 1,
                           .Depth = 1};
}

static inline CUDA_MEMCPY3D work_down(struct work *work) {
    return (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                           .srcDevice = work->device,
                           .dstMemoryType = CU_MEMORYTYPE_HOST,
                           .dstHost = work->to,
                           .WidthInBytes = BYTES,
                           .Height = 1,
                           .Depth = 1};
}

static inline size_t node_count(CUgraph graph) {
    size_t count = 0;
    OK(cuGraphGetNodes(graph, NULL, &count));
    return count;
}

#endif
