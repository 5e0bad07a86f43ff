/* The emulated driver: one kernel on two devices at once. */
#define TESTS_OWN_MAIN
#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

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

TEST_BETWEEN(each_device_runs_its_own, devices_open, devices_close) {
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

/* A refusal is told of: a program may not look at the error. */
static void check_found(CUresult error, CUresult expected, const char *said) {
    char last[1200];
    EXPECT(expected, error);
    lockstepEmulatorMessage(last, sizeof last);
    if (!strstr(last, said))
        fail_msg("'%s' is not in '%s'", said, last);
}

TEST_BETWEEN(what_is_no_list_for_the_devices_is_found, devices_open, devices_close) {
    const struct device *devices = *state;
    const CUDA_LAUNCH_PARAMS a = launch_of(devices[0].count_up, devices[0].stream, NULL);
    const CUDA_LAUNCH_PARAMS b = launch_of(devices[1].count_up, devices[1].stream, NULL);
    const CUresult value = CUDA_ERROR_INVALID_VALUE;
    CUDA_LAUNCH_PARAMS list[] = {a, b, b};
    CUgraph graph;
    check_found(cuLaunchCooperativeKernelMultiDevice(list, 3, 0), value,
                "3 kernels, and there are 2 devices (devices=N in LOCKSTEP_EMULATOR)");
    check_found(cuLaunchCooperativeKernelMultiDevice(list, 0, 0), value, "a list of 0 kernels");
    check_found(cuLaunchCooperativeKernelMultiDevice(NULL, 1, 0), value, "a list of 1 kernels");
    check_found(cuLaunchCooperativeKernelMultiDevice(list, 2, 4), value, "0x4 has flags");
    OK(cuStreamBeginCapture_v2(devices[1].stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    check_found(launch_two(a, b), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                "the stream of device 1 is being captured");
    OK(cuStreamEndCapture(devices[1].stream, &graph));
    OK(cuGraphDestroy(graph));
}

/* Nothing has run where one of them is refused. */
TEST_BETWEEN(unequal_launches_are_refused, devices_open, devices_close) {
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
    CUDA_LAUNCH_PARAMS list[] = {a, b};
    list[0].gridDimX = list[1].gridDimX = 100000;
    EXPECT(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
           cuLaunchCooperativeKernelMultiDevice(list, DEVICES, 0));
    OK(cuCtxSetCurrent(devices[0].context));
    OK(cuModuleGetGlobal_v2(&counter, &size, devices[0].module, "counter"));
    OK(cuMemcpyDtoH_v2(&counts, counter, sizeof counts));
    assert_int_equal(counts, 5); /* as it begins */
    OK(launch_two(a, b));
    OK(cuMemcpyDtoH_v2(&counts, counter, sizeof counts));
    assert_int_equal(counts, 5 + 64);
}

/* A library's kernels are of every context. */
TEST_BETWEEN(functions_of_another_context_are_found, devices_open, devices_close) {
    const struct device *devices = *state;
    const CUresult handle = CUDA_ERROR_INVALID_HANDLE;
    const CUDA_LAUNCH_PARAMS a = launch_of(devices[0].count_up, devices[0].stream, NULL);
    const CUDA_LAUNCH_PARAMS b = launch_of(devices[0].count_up, devices[1].stream, NULL);
    char *ptx = read_test_file("driver.ptx");
    CUlibrary library;
    CUkernel kernel;
    OK(cuCtxSetCurrent(devices[0].context));
    check_found(
        cuLaunchKernel(devices[1].count_up, 1, 1, 1, 1, 1, 1, 0, devices[0].stream, NULL, NULL),
        handle, "launch of count_up: its module was loaded in another context, of device 1");
    check_found(cuLaunchCooperativeKernel(devices[1].count_up, 1, 1, 1, 1, 1, 1, 0, NULL, NULL),
                handle, "of device 1, and the stream is of device 0");
    check_found(launch_two(a, b), handle, "of device 0, and the stream is of device 1");
    OK(cuLibraryLoadData(&library, ptx, NULL, NULL, 0, NULL, NULL, 0));
    OK(cuLibraryGetKernel(&kernel, library, "count_up"));
    for (int k = 0; k < DEVICES; k++) {
        OK(cuCtxSetCurrent(devices[k].context));
        OK(cuLaunchKernel((CUfunction)kernel, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    }
    OK(cuLibraryUnload(library));
    free(ptx);
}

int main(void) {
    if (setenv("LOCKSTEP_EMULATOR", "devices=2", 1) != 0)
        return 1;
    return tests_run(NULL, NULL);
}
