/* The emulated driver: one kernel on two devices at once. */
#include "tests/support/emulator_driver.h"

enum { DEVICES = 2 };

/* A context, its module and a stream for each device. */
struct device {
    CUcontext context;
    CUmodule module;
    CUfunction count_up, scale;
    CUstream stream;
};

static int devices_open(void **state) {
    struct device *devices = calloc(DEVICES, sizeof *devices);
    char *ptx = read_test_file("driver.ptx");
    assert_non_null(devices);
    OK(cuInit(0));
    for (int k = 0; k < DEVICES; k++) {
        OK(cuCtxCreate_v4(&devices[k].context, NULL, 0, k));
        OK(cuModuleLoadData(&devices[k].module, ptx));
        OK(cuModuleGetFunction(&devices[k].count_up, devices[k].module, "count_up"));
        OK(cuModuleGetFunction(&devices[k].scale, devices[k].module, "scale"));
        OK(cuStreamCreate(&devices[k].stream, CU_STREAM_NON_BLOCKING));
    }
    free(ptx);
    *state = devices;
    return 0;
}

static int devices_close(void **state) {
    struct device *devices = *state;
    for (int k = 0; k < DEVICES; k++)
        OK(cuCtxDestroy_v2(devices[k].context));
    free(devices);
    return 0;
}

static CUDA_LAUNCH_PARAMS launch_of(CUfunction function, CUstream stream, void **parameters) {
    return (CUDA_LAUNCH_PARAMS){.function = function,
                                .gridDimX = 2,
                                .gridDimY = 1,
                                .gridDimZ = 1,
                                .blockDimX = 32,
                                .blockDimY = 1,
                                .blockDimZ = 1,
                                .hStream = stream,
                                .kernelParams = parameters};
}

static void each_device_runs_its_own(void **state) {
    const struct device *devices = *state;
    CUDA_LAUNCH_PARAMS launches[DEVICES];
    CUdeviceptr memory[DEVICES];
    float factors[DEVICES] = {2, 3}, value;
    int count = 1;
    void *parameters[DEVICES][3];
    for (int k = 0; k < DEVICES; k++) {
        const float one = 1;
        OK(cuCtxSetCurrent(devices[k].context));
        OK(cuMemAlloc_v2(&memory[k], sizeof one));
        OK(cuMemcpyHtoD_v2(memory[k], &one, sizeof one));
        void *own[] = {&memory[k], &factors[k], &count};
        memcpy(parameters[k], own, sizeof own);
        launches[k] = launch_of(devices[k].scale, devices[k].stream, parameters[k]);
    }
    OK(cuLaunchCooperativeKernelMultiDevice(
        launches, DEVICES, CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_PRE_LAUNCH_SYNC));
    for (int k = 0; k < DEVICES; k++) {
        OK(cuMemcpyDtoH_v2(&value, memory[k], sizeof value));
        assert_true(value == factors[k]);
    }
}

static CUresult launch_two(CUDA_LAUNCH_PARAMS a, CUDA_LAUNCH_PARAMS b) {
    CUDA_LAUNCH_PARAMS launches[] = {a, b};
    return cuLaunchCooperativeKernelMultiDevice(launches, DEVICES, 0);
}

/* Nothing has run where one of them is refused. */
static void unequal_launches_are_refused(void **state) {
    const struct device *devices = *state;
    const CUDA_LAUNCH_PARAMS a = launch_of(devices[0].count_up, devices[0].stream, NULL);
    const CUDA_LAUNCH_PARAMS b = launch_of(devices[1].count_up, devices[1].stream, NULL);
    CUDA_LAUNCH_PARAMS other = b;
    CUdeviceptr counter;
    size_t size;
    int counts = -1;
    other.blockDimX = 64;
    EXPECT(CUDA_ERROR_INVALID_VALUE, launch_two(a, other));
    other = b;
    other.sharedMemBytes = 4;
    EXPECT(CUDA_ERROR_INVALID_VALUE, launch_two(a, other));
    other = b;
    other.function = devices[1].scale;
    EXPECT(CUDA_ERROR_INVALID_VALUE, launch_two(a, other));
    other = b;
    other.function = NULL;
    EXPECT(CUDA_ERROR_INVALID_HANDLE, launch_two(a, other));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, launch_two(other, other));
    other = b;
    other.hStream = NULL;
    EXPECT(CUDA_ERROR_INVALID_HANDLE, launch_two(a, other));
    other.hStream = devices[0].stream;
    EXPECT(CUDA_ERROR_INVALID_VALUE, launch_two(a, other));
    CUDA_LAUNCH_PARAMS list[] = {a, b, b};
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunchCooperativeKernelMultiDevice(list, 3, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunchCooperativeKernelMultiDevice(list, 0, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunchCooperativeKernelMultiDevice(list, 2, 4));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunchCooperativeKernelMultiDevice(NULL, 1, 0));
    list[0].gridDimX = list[1].gridDimX = 100000;
    EXPECT(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
           cuLaunchCooperativeKernelMultiDevice(list, DEVICES, 0));
    OK(cuStreamBeginCapture_v2(devices[1].stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, launch_two(a, b));
    CUgraph graph;
    OK(cuStreamEndCapture(devices[1].stream, &graph));
    OK(cuGraphDestroy(graph));
    OK(cuCtxSetCurrent(devices[0].context));
    OK(cuModuleGetGlobal_v2(&counter, &size, devices[0].module, "counter"));
    OK(cuMemcpyDtoH_v2(&counts, counter, sizeof counts));
    assert_int_equal(counts, 5); /* as it begins */
    OK(launch_two(a, b));
    OK(cuMemcpyDtoH_v2(&counts, counter, sizeof counts));
    assert_int_equal(counts, 5 + 64);
}

#define WITH_DEVICES(test) cmocka_unit_test_setup_teardown(test, devices_open, devices_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DEVICES(each_device_runs_its_own),
        WITH_DEVICES(unequal_launches_are_refused),
    };
    if (setenv("LOCKSTEP_EMULATOR", "devices=2", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
