/* The emulated driver: start-up, devices, contexts, errors, entry points, streams and events. */
#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <dlfcn.h>
#include <pthread.h>

/* ---- Before cuInit. This test runs first. ---- */

TEST(nothing_works_before_init) {
    int count, version;
    CUcontext context;
    CUdeviceptr address;
    CUgraph graph;
    OK(cuDriverGetVersion(&version));
    assert_int_equal(version, 13000);
    EXPECT(CUDA_ERROR_NOT_INITIALIZED, cuDeviceGetCount(&count));
    EXPECT(CUDA_ERROR_NOT_INITIALIZED, cuCtxCreate_v4(&context, NULL, 0, 0));
    EXPECT(CUDA_ERROR_NOT_INITIALIZED, cuMemAlloc_v2(&address, 16));
    EXPECT(CUDA_ERROR_NOT_INITIALIZED, cuGraphCreate(&graph, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuInit(1));
    OK(cuInit(0));
    OK(cuInit(0));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc_v2(&address, 16));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxSynchronize());
}

/* ---- Devices ---- */

TEST(there_is_one_ampere_device) {
    CUdevice device = 7;
    int count = 0, major, minor;
    char name[100], bus[20], cut[5];
    size_t bytes;
    OK(cuDeviceGetCount(&count));
    assert_int_equal(count, 1);
    OK(cuDeviceGet(&device, 0));
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuDeviceGet(&device, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuDeviceGet(NULL, 0));
    OK(cuDeviceGetName(name, sizeof name, device));
    assert_non_null(strstr(name, "emulated"));
    OK(cuDeviceGetName(cut, sizeof cut, device));
    assert_int_equal(strlen(cut), 4);
    OK(cuDeviceComputeCapability(&major, &minor, device));
    assert_int_equal(major * 10 + minor, 80);
    OK(cuDeviceTotalMem_v2(&bytes, device));
    assert_int_equal(bytes, (size_t)4 << 30);
    OK(cuDeviceGetPCIBusId(bus, sizeof bus, device));
    assert_string_equal(bus, "0000:03:00.0");
    device = 9;
    OK(cuDeviceGetByPCIBusId(&device, "0000:03:00.0"));
    assert_int_equal(device, 0);
    OK(cuDeviceGetByPCIBusId(&device, "03:00.0"));
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuDeviceGetByPCIBusId(&device, "0000:04:00.0"));
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuDeviceGetByPCIBusId(&device, "nonsense"));
}

TEST(device_has_an_identity) {
    CUuuid first = {{0}}, second = {{0}}, none = {{0}};
    OK(cuDeviceGetUuid_v2(&first, 0));
    OK(cuDeviceGetUuid(&second, 0));
    assert_memory_equal(&first, &second, sizeof first);
    assert_memory_not_equal(&first, &none, sizeof first);
}

static int attribute(CUdevice_attribute which) {
    int value = -12345;
    OK(cuDeviceGetAttribute(&value, which, 0));
    return value;
}

TEST(attributes_fit_the_device) {
    int value;
    CUdevprop properties;
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE), 32);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK), 1024);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X), INT32_MAX);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR), 8);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK), 49152);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN), 166912);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT), 16);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING), 1);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH), 1);
    assert_int_equal(attribute(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH), 131072);
    for (int which = 1; which <= 147; which++)
        OK(cuDeviceGetAttribute(&value, (CUdevice_attribute)which, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuDeviceGetAttribute(&value, (CUdevice_attribute)0, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuDeviceGetAttribute(&value, (CUdevice_attribute)100000, 0));
    EXPECT(CUDA_ERROR_INVALID_DEVICE,
           cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 3));
    OK(cuDeviceGetProperties(&properties, 0));
    assert_int_equal(properties.maxThreadsDim[2], 64);
    assert_int_equal(properties.SIMDWidth, 32);
}

TEST(device_has_no_peer) {
    int value = 1;
    OK(cuDeviceCanAccessPeer(&value, 0, 0));
    assert_int_equal(value, 0);
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuDeviceCanAccessPeer(&value, 0, 1));
    EXPECT(CUDA_ERROR_INVALID_DEVICE,
           cuDeviceGetP2PAttribute(&value, CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 0));
}

/* ---- Contexts ---- */

TEST(contexts_are_a_stack) {
    CUcontext first, second, current, popped;
    CUdevice device = 5;
    OK(cuCtxCreate_v2(&first, CU_CTX_SCHED_SPIN, 0));
    OK(cuCtxCreate_v3(&second, NULL, 0, 0, 0));
    assert_ptr_not_equal(first, second);
    OK(cuCtxGetCurrent(&current));
    assert_ptr_equal(current, second);
    OK(cuCtxPopCurrent_v2(&popped));
    assert_ptr_equal(popped, second);
    OK(cuCtxGetCurrent(&current));
    assert_ptr_equal(current, first);
    OK(cuCtxPushCurrent_v2(second));
    OK(cuCtxSetCurrent(first));
    OK(cuCtxGetDevice(&device));
    assert_int_equal(device, 0);
    OK(cuCtxDestroy_v2(second));
    OK(cuCtxDestroy_v2(first)); /* also pops it */
    OK(cuCtxGetCurrent(&current));
    assert_ptr_equal(current, first); /* what is below it stays, dead */
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuCtxSynchronize());
    OK(cuCtxPopCurrent_v2(&popped));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxPopCurrent_v2(&popped));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxPushCurrent_v2(first));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxDestroy_v2(first));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxSetCurrent((CUcontext)0x1234));
}

TEST_WITH_CONTEXT(contexts_can_be_asked) {
    const struct fixture *fixture = *state;
    unsigned flags = 9, version = 0;
    unsigned long long identifier = 0;
    int least = 1, greatest = 1;
    CUcontext other;
    OK(cuCtxGetFlags(&flags));
    assert_int_equal(flags, 0);
    OK(cuCtxSetFlags(CU_CTX_SCHED_YIELD));
    OK(cuCtxGetFlags(&flags));
    assert_int_equal(flags, CU_CTX_SCHED_YIELD);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuCtxSetFlags(0x10000));
    OK(cuCtxGetApiVersion(fixture->context, &version));
    assert_int_equal(version, 3020);
    OK(cuCtxGetId(NULL, &identifier));
    assert_true(identifier > 0);
    OK(cuCtxGetStreamPriorityRange(&least, &greatest));
    assert_true(least > greatest);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuCtxCreate_v4(&other, NULL, 0x10000, 0));
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuCtxCreate_v4(&other, NULL, 0, 1));
    CUctxCreateParams parameters = {.numExecAffinityParams = 1};
    EXPECT(CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, cuCtxCreate_v4(&other, &parameters, 0, 0));
    OK(cuCtxSynchronize_v2(fixture->context));
    EXPECT(CUDA_ERROR_PEER_ACCESS_UNSUPPORTED, cuCtxEnablePeerAccess(fixture->context, 0));
    EXPECT(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, cuCtxDisablePeerAccess(fixture->context));
}

TEST_WITH_CONTEXT(limits_are_kept) {
    size_t stack = 0, changed = 0, fifo = 0, heap = 0;
    CUfunc_cache cache = CU_FUNC_CACHE_PREFER_L1;
    OK(cuCtxGetLimit(&stack, CU_LIMIT_STACK_SIZE));
    assert_true(stack >= 1024);
    OK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 2 * stack));
    OK(cuCtxGetLimit(&changed, CU_LIMIT_STACK_SIZE));
    assert_int_equal(changed, 2 * stack);
    OK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, stack));
    OK(cuCtxGetLimit(&fifo, CU_LIMIT_PRINTF_FIFO_SIZE));
    assert_true(fifo > 0);
    OK(cuCtxGetLimit(&heap, CU_LIMIT_MALLOC_HEAP_SIZE));
    assert_int_equal(heap, 8 << 20);
    OK(cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, heap));
    OK(cuCtxSetLimit(CU_LIMIT_PERSISTING_L2_CACHE_SIZE, 4096));
    OK(cuCtxGetLimit(&changed, CU_LIMIT_PERSISTING_L2_CACHE_SIZE));
    assert_int_equal(changed, 4096);
    EXPECT(CUDA_ERROR_UNSUPPORTED_LIMIT, cuCtxSetLimit(CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH, 2));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuCtxGetLimit(&fifo, (CUlimit)77));
    OK(cuCtxGetCacheConfig(&cache));
    assert_int_equal(cache, CU_FUNC_CACHE_PREFER_NONE);
    OK(cuCtxSetCacheConfig(CU_FUNC_CACHE_PREFER_SHARED));
    OK(cuCtxGetCacheConfig(&cache));
    assert_int_equal(cache, CU_FUNC_CACHE_PREFER_SHARED);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuCtxSetCacheConfig((CUfunc_cache)9));
}

TEST(primary_context_is_counted) {
    CUcontext first, second;
    CUdeviceptr address;
    unsigned flags;
    int active = 1;
    OK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    assert_int_equal(active, 0);
    OK(cuDevicePrimaryCtxSetFlags_v2(0, CU_CTX_SCHED_BLOCKING_SYNC));
    OK(cuDevicePrimaryCtxRetain(&first, 0));
    OK(cuDevicePrimaryCtxRetain(&second, 0));
    assert_ptr_equal(first, second);
    OK(cuDevicePrimaryCtxGetState(0, &flags, &active));
    assert_int_equal(active, 1);
    assert_int_equal(flags, CU_CTX_SCHED_BLOCKING_SYNC);
    OK(cuCtxPushCurrent_v2(first));
    OK(cuMemAlloc_v2(&address, 64));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxDestroy_v2(first));
    OK(cuDevicePrimaryCtxRelease_v2(0));
    OK(cuMemFree_v2(address));
    OK(cuMemAlloc_v2(&address, 64)); /* freed by the last release */
    OK(cuDevicePrimaryCtxRelease_v2(0));
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemAlloc_v2(&address, 64));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuDevicePrimaryCtxRelease_v2(0));
    OK(cuDevicePrimaryCtxRetain(&first, 0));
    OK(cuMemAlloc_v2(&address, 64));
    OK(cuDevicePrimaryCtxReset_v2(0));
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemFree_v2(address));
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuDevicePrimaryCtxRelease_v2(0));
}

static void *current_in_another_thread(void *answer) {
    *(CUresult *)answer = cuCtxSynchronize();
    return NULL;
}

TEST_WITH_CONTEXT(current_context_belongs_to_a_thread) {
    CUresult answer = CUDA_SUCCESS;
    pthread_t thread;
    OK(cuCtxSynchronize());
    assert_int_equal(pthread_create(&thread, NULL, current_in_another_thread, &answer), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, answer);
}

/* ---- Errors and entry points ---- */

TEST(errors_have_names_and_texts) {
    const char *text = NULL;
    OK(cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
    assert_string_equal(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
    OK(cuGetErrorName(CUDA_SUCCESS, &text));
    assert_string_equal(text, "CUDA_SUCCESS");
    OK(cuGetErrorString(CUDA_ERROR_OUT_OF_MEMORY, &text));
    assert_string_equal(text, "out of memory");
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGetErrorName((CUresult)12345, &text));
    assert_null(text);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGetErrorString(CUDA_SUCCESS, NULL));
}

static void *proc_address(const char *name, int version, cuuint64_t flags) {
    CUdriverProcAddressQueryResult found;
    void *function = NULL;
    CUresult status = cuGetProcAddress_v2(name, &function, version, flags, &found);
    assert_int_equal(status == CUDA_SUCCESS, found == CU_GET_PROC_ADDRESS_SUCCESS);
    return function;
}

TEST(proc_address_knows_versions) {
    CUdriverProcAddressQueryResult found;
    void *function, *self = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(self);
    assert_ptr_equal(proc_address("cuMemAlloc", 13000, 0), dlsym(self, "cuMemAlloc_v2"));
    assert_ptr_equal(proc_address("cuMemAlloc", 3010, 0), dlsym(self, "cuMemAlloc"));
    assert_ptr_equal(proc_address("cuCtxCreate", 12000, 0), dlsym(self, "cuCtxCreate_v3"));
    assert_ptr_equal(proc_address("cuCtxCreate", 13000, 0), dlsym(self, "cuCtxCreate_v4"));
    assert_ptr_equal(proc_address("cuStreamBeginCapture", 10000, 0),
                     dlsym(self, "cuStreamBeginCapture"));
    assert_ptr_equal(proc_address("cuStreamBeginCapture", 10010, 0),
                     dlsym(self, "cuStreamBeginCapture_v2"));
    assert_ptr_equal(proc_address("cuLaunchKernel", 13000, 0), dlsym(self, "cuLaunchKernel"));
    assert_ptr_equal(
        proc_address("cuLaunchKernel", 13000, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM),
        dlsym(self, "cuLaunchKernel_ptsz"));
    assert_ptr_equal(
        proc_address("cuMemAlloc", 13000, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM),
        dlsym(self, "cuMemAlloc_v2"));
    assert_null(proc_address("cuNoSuchThing", 13000, 0));
    EXPECT(CUDA_ERROR_NOT_FOUND,
           cuGetProcAddress_v2("cuLibraryLoadData", &function, 11000, 0, &found));
    assert_int_equal(found, CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
    EXPECT(CUDA_ERROR_NOT_FOUND, cuGetProcAddress_v2("cuNoSuchThing", &function, 13000, 0, &found));
    assert_int_equal(found, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGetProcAddress("cuInit", &function, 13000, 3));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGetProcAddress(NULL, &function, 13000, 0));
    assert_int_equal(dlclose(self), 0);
}

TEST(a_context_lasts_until_it_is_detached_from) {
    CUcontext context, attached;
    OK(cuCtxCreate_v4(&context, NULL, 0, 0));
    OK(cuCtxAttach(&attached, 0));
    assert_ptr_equal(attached, context);
    OK(cuCtxDetach(context));
    OK(cuCtxSynchronize());
    OK(cuCtxDetach(context));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxDetach(context));
}

TEST(lacking_calls_say_so) {
    void *function = NULL;
    CUresult (*import)(void *, const void *) = NULL;
    OK(cuGetProcAddress("cuImportExternalMemory", &function, 13000, 0));
    memcpy(&import, &function, sizeof import);
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, import(NULL, NULL));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, import(NULL, NULL));
    const CUuuid identifier = {"no such table"};
    const void *table = &identifier;
    EXPECT(CUDA_ERROR_NOT_FOUND, cuGetExportTable(&table, &identifier));
    assert_null(table);
}

/* ---- Streams and events ---- */

TEST_WITH_CONTEXT(streams_remember_what_they_are) {
    const struct fixture *fixture = *state;
    CUstream stream, other;
    unsigned flags = 0;
    int priority = 7;
    unsigned long long first = 0, second = 0;
    CUcontext context;
    CUdevice device = 8;
    OK(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, -100));
    OK(cuStreamCreate(&other, CU_STREAM_DEFAULT));
    OK(cuStreamGetFlags(stream, &flags));
    assert_int_equal(flags, CU_STREAM_NON_BLOCKING);
    OK(cuStreamGetPriority(stream, &priority));
    assert_int_equal(priority, -5);
    OK(cuStreamGetId(stream, &first));
    OK(cuStreamGetId(other, &second));
    assert_int_not_equal(first, second);
    OK(cuStreamGetCtx(stream, &context));
    assert_ptr_equal(context, fixture->context);
    OK(cuStreamGetDevice(NULL, &device));
    assert_int_equal(device, 0);
    OK(cuStreamQuery(stream));
    OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
    OK(cuStreamDestroy_v2(stream));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamQuery(stream));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy_v2(stream));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy_v2(pointer_of((uintptr_t)fixture)));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy_v2(CU_STREAM_LEGACY));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamQuery((CUstream)fixture->context));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuStreamCreate(&stream, 0x80));
    OK(cuStreamDestroy_v2(other));
}

TEST_WITH_CONTEXT(streams_belong_to_a_context) {
    CUstream stream;
    CUcontext other;
    CUdeviceptr address;
    OK(cuStreamCreate(&stream, 0));
    OK(cuCtxCreate_v4(&other, NULL, 0, 0));
    OK(cuStreamQuery(stream));
    OK(cuStreamSynchronize(stream));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuMemAllocAsync(&address, 4, stream));
    OK(cuCtxDestroy_v2(other));
    OK(cuStreamDestroy_v2(stream));
}

TEST_WITH_CONTEXT(stream_attributes_are_kept) {
    CUstream stream;
    CUstreamAttrValue value = {.syncPolicy = CU_SYNC_POLICY_YIELD}, read = {.syncPolicy = 0};
    OK(cuStreamCreate(&stream, 0));
    OK(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    OK(cuStreamCopyAttributes(NULL, stream));
    OK(cuStreamGetAttribute(NULL, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &read));
    assert_int_equal(read.syncPolicy, CU_SYNC_POLICY_YIELD);
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuStreamGetAttribute(stream, CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &read));
    OK(cuStreamDestroy_v2(stream));
}

TEST_WITH_CONTEXT(events_order_and_have_no_time) {
    CUevent start, end, untimed;
    CUstream stream;
    float milliseconds = -1;
    OK(cuStreamCreate(&stream, 0));
    OK(cuEventCreate(&start, CU_EVENT_DEFAULT));
    OK(cuEventCreate(&end, CU_EVENT_BLOCKING_SYNC));
    OK(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING));
    OK(cuEventQuery(start));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&milliseconds, start, end));
    OK(cuEventRecord(start, stream));
    OK(cuEventRecordWithFlags(end, stream, CU_EVENT_RECORD_DEFAULT));
    OK(cuEventRecord(untimed, NULL));
    OK(cuStreamWaitEvent(stream, start, 0));
    OK(cuEventSynchronize(end));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuEventElapsedTime(&milliseconds, start, end));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuEventElapsedTime_v2(&milliseconds, start, end));
    assert_true(milliseconds == -1);
    char last[512] = "";
    lockstepEmulatorMessage(last, sizeof last);
    assert_non_null(strstr(last, "cuEventElapsedTime: "));
    assert_non_null(strstr(last, "time=host"));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&milliseconds, start, untimed));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuEventCreate(&untimed, 0x100));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuEventCreate(&untimed, CU_EVENT_INTERPROCESS));
    OK(cuEventDestroy_v2(start));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventDestroy_v2(start));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventRecord(start, stream));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamWaitEvent(stream, start, 0));
    OK(cuEventDestroy_v2(end));
    OK(cuEventDestroy_v2(untimed));
    OK(cuStreamDestroy_v2(stream));
}

struct host_call {
    int calls;
    CUresult inside;
};

static void host_function(void *data) {
    struct host_call *call = data;
    CUdeviceptr address;
    call->calls++;
    call->inside = cuMemAlloc_v2(&address, 16);
}

static void stream_callback(CUstream stream, CUresult status, void *data) {
    (void)stream;
    ((struct host_call *)data)->calls += status == CUDA_SUCCESS ? 10 : 1000;
}

TEST_WITH_CONTEXT(host_functions_are_called_once) {
    struct host_call call = {0, CUDA_SUCCESS};
    OK(cuLaunchHostFunc(NULL, host_function, &call));
    OK(cuStreamAddCallback(NULL, stream_callback, &call, 0));
    OK(cuStreamSynchronize(NULL));
    assert_int_equal(call.calls, 11);
    EXPECT(CUDA_ERROR_NOT_PERMITTED, call.inside);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunchHostFunc(NULL, NULL, &call));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuStreamAddCallback(NULL, stream_callback, &call, 1));
}

TEST_WITH_CONTEXT(profiler_is_accepted) {
    OK(cuProfilerStart());
    OK(cuProfilerStop());
}
