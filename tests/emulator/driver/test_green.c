/* The emulated driver: multiprocessors that are split into parts, and green contexts that have
 * them. */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

/* The whole device has 16, of compute capability 8.0: groups of at least 4, and of an even
 * number. */
enum { WHOLE = 16 };

static CUdevResource whole_device(void) {
    CUdevResource whole;
    OK(cuDeviceGetDevResource(0, &whole, CU_DEV_RESOURCE_TYPE_SM));
    return whole;
}

/* The table of the CUDA programming guide, for 132 multiprocessors of compute capability 9.0, and
 * groups for the largest clusters. */
static bool splits_as_published(void) {
    enum { FINE = CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING, MOST = 6 };
    static const struct {
        unsigned wanted, least, flags, groups, each, rest;
    } table[] = {{2, 72, 0, 1, 72, 60},
                 {6, 11, 0, 6, 16, 36},
                 {6, 11, FINE, 6, 12, 60},
                 {2, 1, 0, 2, 8, 116},
                 {5, 8, 0, 5, 8, 92},
                 {6, 1, CU_DEV_SM_RESOURCE_SPLIT_MAX_POTENTIAL_CLUSTER_SIZE, 6, 16, 36}};
    CUdevResource whole, parts[MOST], rest;
    bool right = setenv("LOCKSTEP_EMULATOR", "device=h100", 1) == 0 && cuInit(0) == CUDA_SUCCESS &&
                 cuDeviceGetDevResource(0, &whole, CU_DEV_RESOURCE_TYPE_SM) == CUDA_SUCCESS;
    for (size_t k = 0; right && k < sizeof table / sizeof *table; k++) {
        unsigned count = table[k].wanted;
        right = cuDevSmResourceSplitByCount(parts, &count, &whole, &rest, table[k].flags,
                                            table[k].least) == CUDA_SUCCESS &&
                count == table[k].groups && parts[count - 1].sm.smCount == table[k].each &&
                rest.sm.smCount == table[k].rest;
    }
    return right;
}

/* In a process of its own, before the driver is started here: it emulates one device. */
TEST(groups_are_those_of_the_guide) {
    int status = -1;
    const pid_t child = fork();
    if (child == 0)
        _exit(splits_as_published() ? 0 : 1);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

TEST_WITH_CONTEXT(resources_are_split) {
    const CUdevResource whole = whole_device();
    CUdevResource parts[4], rest;
    unsigned count = 0;
    assert_int_equal(whole.type, CU_DEV_RESOURCE_TYPE_SM);
    assert_int_equal(whole.sm.smCount, WHOLE);
    assert_int_equal(whole.sm.minSmPartitionSize, 4);
    assert_int_equal(whole.sm.smCoscheduledAlignment, 2);
    OK(cuDevSmResourceSplitByCount(NULL, &count, &whole, NULL, 0, 1));
    assert_int_equal(count, 4);
    OK(cuDevSmResourceSplitByCount(NULL, &count, &whole, NULL,
                                   CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING, 1));
    assert_int_equal(count, 8);
    count = 4;
    OK(cuDevSmResourceSplitByCount(parts, &count, &whole, &rest, 0, 5));
    assert_int_equal(count, 2);
    assert_int_equal(parts[0].sm.smCount, 6);
    assert_int_equal(parts[1].sm.smCount, 6);
    assert_int_equal(rest.sm.smCount, 4);
    count = 1;
    OK(cuDevSmResourceSplitByCount(&parts[2], &count, &rest, &rest, 0, 4)); /* in its place */
    assert_int_equal(parts[2].sm.smCount, 4);
    assert_int_equal(rest.type, CU_DEV_RESOURCE_TYPE_INVALID);
    count = 1;
    OK(cuDevSmResourceSplitByCount(parts, &count, &whole, NULL, 0, WHOLE));
    assert_int_equal(parts[0].sm.smCount, WHOLE);
}

TEST_WITH_CONTEXT(wrong_splits_are_refused) {
    const CUdevResource whole = whole_device(), none = {.type = CU_DEV_RESOURCE_TYPE_SM};
    CUdevResource parts[2], rest, others[2];
    CUdevResourceDesc description;
    CUgreenCtx green;
    unsigned count = 2;
    EXPECT(CUDA_ERROR_INVALID_RESOURCE_TYPE,
           cuDeviceGetDevResource(0, parts, CU_DEV_RESOURCE_TYPE_INVALID));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuDeviceGetDevResource(0, NULL, CU_DEV_RESOURCE_TYPE_SM));
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuDeviceGetDevResource(1, parts, CU_DEV_RESOURCE_TYPE_SM));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuDevSmResourceSplitByCount(parts, &count, &whole, NULL, 0, WHOLE + 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuDevSmResourceSplitByCount(parts, &count, &whole, NULL,
                                       CU_DEV_SM_RESOURCE_SPLIT_MAX_POTENTIAL_CLUSTER_SIZE, 4));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuDevSmResourceSplitByCount(parts, NULL, &whole, NULL, 0, 4));
    EXPECT(CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION,
           cuDevSmResourceSplitByCount(parts, &count, &none, NULL, 0, 0));
    OK(cuDevSmResourceSplitByCount(parts, &count, &whole, &rest, 0, 4));
    EXPECT(CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION,
           cuDevSmResourceSplitByCount(others, &count, &parts[0], NULL, 0, 4));
    OK(cuDevSmResourceSplitByCount(others, &count, &whole, NULL, 0, 4));
    CUdevResource strangers[] = {parts[0], others[1]}, twice[] = {parts[0], parts[0]};
    CUdevResource wholes[] = {whole, whole}, fitting[] = {parts[1], rest};
    EXPECT(CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION,
           cuDevResourceGenerateDesc(&description, strangers, 2));
    EXPECT(CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION,
           cuDevResourceGenerateDesc(&description, twice, 2));
    EXPECT(CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION,
           cuDevResourceGenerateDesc(&description, wholes, 2));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuDevResourceGenerateDesc(&description, fitting, 0));
    OK(cuDevResourceGenerateDesc(&description, fitting, 2));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGreenCtxCreate(&green, description, 0, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGreenCtxCreate(&green, NULL, 0, CU_GREEN_CTX_DEFAULT_STREAM));
    OK(cuGreenCtxCreate(&green, description, 0, CU_GREEN_CTX_DEFAULT_STREAM));
    OK(cuGreenCtxGetDevResource(green, &rest, CU_DEV_RESOURCE_TYPE_SM));
    assert_int_equal(rest.sm.smCount, 12);
    OK(cuDevSmResourceSplitByCount(parts, &count, &rest, NULL, 0, 6));
    assert_int_equal(parts[1].sm.smCount, 6);
    OK(cuGreenCtxDestroy(green));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuGreenCtxDestroy(green));
}

/* A green context of 4 multiprocessors. */
static CUgreenCtx open_green(void) {
    const CUdevResource whole = whole_device();
    CUdevResource part;
    CUdevResourceDesc description;
    CUgreenCtx green;
    unsigned count = 1;
    OK(cuDevSmResourceSplitByCount(&part, &count, &whole, NULL, 0, 4));
    OK(cuDevResourceGenerateDesc(&description, &part, 1));
    OK(cuGreenCtxCreate(&green, description, 0, CU_GREEN_CTX_DEFAULT_STREAM));
    return green;
}

static const char grid_ptx[] = ".version 7.0\n"
                               ".target sm_70\n"
                               ".address_size 64\n"
                               ".visible .entry grid(.param .u64 out) {\n"
                               ".reg .b64 %rd<3>; .reg .b32 %r<3>;\n"
                               "ld.param.u64 %rd1, [out]; mov.u32 %r1, 1;\n"
                               "red.global.add.u32 [%rd1], %r1; ret;\n"
                               "}\n";

/* Memory and modules are the primary context's, whichever of the two is current. */
TEST_WITH_CONTEXT(work_goes_to_either_context) {
    CUgreenCtx green = open_green(), found = NULL;
    CUcontext primary, converted, current;
    CUmodule module;
    CUfunction function;
    CUstream stream, plain, own;
    CUdeviceptr memory;
    int value = 0;
    void *parameters[] = {&memory};
    OK(cuDevicePrimaryCtxRetain(&primary, 0));
    OK(cuCtxFromGreenCtx(&converted, green));
    assert_ptr_not_equal(converted, primary);
    OK(cuCtxPushCurrent_v2(primary));
    OK(cuModuleLoadData(&module, grid_ptx));
    OK(cuModuleGetFunction(&function, module, "grid"));
    OK(cuStreamCreate(&plain, CU_STREAM_DEFAULT));
    OK(cuGreenCtxStreamCreate(&stream, green, CU_STREAM_NON_BLOCKING, 0));
    OK(cuMemAlloc_v2(&memory, sizeof value));
    OK(cuMemcpyHtoD_v2(memory, &value, sizeof value));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, parameters, NULL));
    OK(cuStreamGetGreenCtx(NULL, &found));
    assert_null(found);
    OK(cuCtxSetCurrent(converted));
    OK(cuCtxGetCurrent(&current));
    assert_ptr_equal(current, converted);
    OK(cuStreamCreate(&own, CU_STREAM_DEFAULT));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, own, parameters, NULL));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, plain, parameters, NULL));
    OK(cuMemcpyDtoH_v2(&value, memory, sizeof value));
    assert_int_equal(value, 4);
    OK(cuStreamGetGreenCtx(NULL, &found));
    assert_ptr_equal(found, green);
    OK(cuStreamGetGreenCtx(own, &found));
    assert_ptr_equal(found, green);
    OK(cuStreamGetGreenCtx(plain, &found));
    assert_null(found);
    OK(cuStreamGetCtx(stream, &current));
    assert_ptr_equal(current, converted);
    OK(cuStreamGetCtx_v2(stream, &current, &found));
    assert_ptr_equal(current, primary);
    assert_ptr_equal(found, green);
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamGetGreenCtx(CU_STREAM_PER_THREAD, &found));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxDestroy_v2(converted));
    OK(cuMemFree_v2(memory));
    OK(cuStreamDestroy_v2(own));
    OK(cuStreamDestroy_v2(stream));
    OK(cuStreamDestroy_v2(plain));
    OK(cuModuleUnload(module));
    OK(cuGreenCtxDestroy(green));
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuCtxSynchronize());
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuDevicePrimaryCtxRelease_v2(0));
}

/* A block for each multiprocessor and each place there is: more in a grid that is together. */
TEST_WITH_CONTEXT(a_green_context_has_fewer_multiprocessors) {
    CUgreenCtx green = open_green();
    CUcontext converted;
    CUdevResource part;
    CUmodule module;
    CUfunction function;
    CUstream stream;
    CUdeviceptr memory;
    int blocks, smallest, size, whole;
    void *parameters[] = {&memory};
    OK(cuCtxFromGreenCtx(&converted, green));
    OK(cuCtxGetDevResource(converted, &part, CU_DEV_RESOURCE_TYPE_SM));
    assert_int_equal(part.sm.smCount, 4);
    CUexecAffinityParam affinity = {0};
    OK(cuCtxGetExecAffinity(&affinity, CU_EXEC_AFFINITY_TYPE_SM_COUNT));
    assert_int_equal(affinity.param.smCount.val, WHOLE);
    OK(cuCtxPushCurrent_v2(converted));
    OK(cuCtxGetExecAffinity(&affinity, CU_EXEC_AFFINITY_TYPE_SM_COUNT));
    assert_int_equal(affinity.param.smCount.val, 4);
    EXPECT(CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY,
           cuCtxGetExecAffinity(&affinity, CU_EXEC_AFFINITY_TYPE_MAX));
    OK(cuModuleLoadData(&module, grid_ptx));
    OK(cuModuleGetFunction(&function, module, "grid"));
    OK(cuMemAlloc_v2(&memory, sizeof(int)));
    OK(cuMemsetD32_v2(memory, 0, 1));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, 32, 0));
    const unsigned fitting = 4 * (unsigned)blocks;
    OK(cuLaunchCooperativeKernel(function, fitting, 1, 1, 32, 1, 1, 0, stream, parameters));
    EXPECT(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
           cuLaunchCooperativeKernel(function, fitting + 1, 1, 1, 32, 1, 1, 0, stream, parameters));
    EXPECT(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
           cuLaunchCooperativeKernel(function, fitting + 1, 1, 1, 32, 1, 1, 0, NULL, parameters));
    OK(cuOccupancyMaxPotentialBlockSize(&smallest, &size, function, NULL, 0, 0));
    OK(cuDeviceGetAttribute(&whole, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
    assert_int_equal(whole, WHOLE);
    OK(cuMemFree_v2(memory));
    OK(cuModuleUnload(module));
    OK(cuStreamDestroy_v2(stream));
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuGreenCtxDestroy(green));
    const struct fixture *fixture = *state;
    int all;
    OK(cuModuleLoadData(&module, grid_ptx));
    OK(cuModuleGetFunction(&function, module, "grid"));
    OK(cuOccupancyMaxPotentialBlockSize(&all, &size, function, NULL, 0, 0));
    assert_int_equal(all, smallest * (WHOLE / 4));
    OK(cuModuleUnload(module));
    OK(cuCtxGetDevResource(fixture->context, &part, CU_DEV_RESOURCE_TYPE_SM));
    assert_int_equal(part.sm.smCount, WHOLE);
}

TEST_WITH_CONTEXT(contexts_record_events) {
    CUgreenCtx green = open_green(), other = open_green();
    CUcontext converted;
    CUevent event, foreign;
    CUstream stream;
    CUgraph graph;
    unsigned long long first, second, current;
    OK(cuEventCreate(&foreign, 0)); /* of another context */
    OK(cuGreenCtxGetId(green, &first));
    OK(cuGreenCtxGetId(other, &second));
    assert_true(first != second);
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuGreenCtxGetId(NULL, &current));
    OK(cuCtxFromGreenCtx(&converted, green));
    OK(cuCtxPushCurrent_v2(converted));
    OK(cuGreenCtxGetId(NULL, &current));
    assert_int_equal(current, first);
    OK(cuEventCreate(&event, 0));
    OK(cuGreenCtxRecordEvent(green, event));
    OK(cuGreenCtxWaitEvent(other, event));
    OK(cuCtxRecordEvent(converted, event));
    OK(cuCtxWaitEvent(converted, foreign));
    OK(cuEventSynchronize(event));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuGreenCtxRecordEvent(green, foreign));
    OK(cuGreenCtxStreamCreate(&stream, green, CU_STREAM_NON_BLOCKING, 0));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    OK(cuGreenCtxRecordEvent(other, event));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuGreenCtxRecordEvent(green, event));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
    OK(cuEventDestroy_v2(event));
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuEventDestroy_v2(foreign));
    OK(cuGreenCtxDestroy(other));
    OK(cuGreenCtxDestroy(green));
}

TEST_WITH_CONTEXT(streams_are_dead_without_their_context) {
    CUcontext primary;
    CUgreenCtx green = open_green();
    CUstream stream;
    OK(cuDevicePrimaryCtxRetain(&primary, 0));
    OK(cuCtxPushCurrent_v2(primary));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGreenCtxStreamCreate(&stream, green, 0, 0));
    OK(cuGreenCtxStreamCreate(&stream, green, CU_STREAM_NON_BLOCKING, 0));
    OK(cuStreamSynchronize(stream));
    OK(cuGreenCtxDestroy(green));
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuStreamSynchronize(stream));
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuStreamDestroy_v2(stream));
    OK(cuCtxSynchronize());
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuDevicePrimaryCtxRelease_v2(0));
}

/* Nobody could end such a capture, and until then it would forbid allocations. */
TEST_WITH_CONTEXT(captures_end_with_their_context) {
    CUcontext primary;
    CUgreenCtx green = open_green();
    CUstream stream;
    CUdeviceptr memory;
    OK(cuDevicePrimaryCtxRetain(&primary, 0));
    OK(cuCtxPushCurrent_v2(primary));
    OK(cuGreenCtxStreamCreate(&stream, green, CU_STREAM_NON_BLOCKING, 0));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc_v2(&memory, 4));
    OK(cuGreenCtxDestroy(green));
    OK(cuMemAlloc_v2(&memory, 4));
    OK(cuMemFree_v2(memory));
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuDevicePrimaryCtxRelease_v2(0));
}
