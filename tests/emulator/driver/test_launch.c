/* The emulated driver: launches in every form, what is refused, what breaks a context, printf,
 * occupancy, counters. */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "emulator/driver/lockstep_emulator.h"

enum { COUNT = 100 };

/* COUNT floats on the device, 0, 1, 2 … */
static CUdeviceptr upload_floats(void) {
    float values[COUNT];
    CUdeviceptr address;
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)i;
    OK(cuMemAlloc_v2(&address, sizeof values));
    OK(cuMemcpyHtoD_v2(address, values, sizeof values));
    return address;
}

static void expect_floats(CUdeviceptr address, float factor) {
    float values[COUNT];
    OK(cuMemcpyDtoH_v2(values, address, sizeof values));
    for (int i = 0; i < COUNT; i++)
        assert_true(values[i] == factor * (float)i);
}

/* ---- Ways to launch ---- */

TEST_WITH_MODULE(kernels_run_with_pointers_to_parameters) {
    CUfunction scale = find_function(state, "scale");
    CUdeviceptr values = upload_floats();
    float factor = 3;
    int count = COUNT;
    void *parameters[] = {&values, &factor, &count};
    OK(cuLaunchKernel(scale, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
    OK(cuCtxSynchronize());
    expect_floats(values, 3);
}

TEST_WITH_MODULE(kernels_run_as_before_cuda_4) {
    CUfunction scale = find_function(state, "scale");
    CUdeviceptr values = upload_floats();
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunch(scale)); /* no block yet */
    OK(cuFuncSetBlockShape(scale, 32, 1, 1));
    OK(cuFuncSetSharedSize(scale, 0));
    OK(cuParamSetv(scale, 0, &values, sizeof values));
    OK(cuParamSetf(scale, 8, 7));
    OK(cuParamSeti(scale, 12, COUNT));
    OK(cuParamSetSize(scale, 16));
    OK(cuLaunchGrid(scale, 4, 1));
    expect_floats(values, 7);
    OK(cuLaunchGridAsync(scale, 2, 2, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuFuncSetBlockShape(scale, 0, 1, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuParamSeti(scale, 4094, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuParamSeti(scale, -4, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuParamSetSize(scale, 4097));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunchGrid(scale, 0, 1));
}

TEST_WITH_MODULE(kernels_run_with_a_packed_buffer) {
    CUfunction scale = find_function(state, "scale");
    struct {
        CUdeviceptr values;
        float factor;
        int count;
    } packed = {upload_floats(), 5, COUNT};
    size_t size = sizeof packed;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                     CU_LAUNCH_PARAM_END};
    OK(cuLaunchKernel(scale, 4, 1, 1, 32, 1, 1, 0, NULL, NULL, extra));
    expect_floats(packed.values, 5);
    size = sizeof packed - 4;
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuLaunchKernel(scale, 4, 1, 1, 32, 1, 1, 0, NULL, NULL, extra));
}

TEST_WITH_MODULE(parameters_of_all_sizes_arrive) {
    CUfunction gather = find_function(state, "gather");
    CUdeviceptr out;
    signed char a = -7;
    short b = -300;
    struct {
        char letter;
        double number;
    } c = {'x', 2.25};
    int d = 1 << 30;
    double read[5];
    OK(cuMemAlloc_v2(&out, sizeof read));
    void *parameters[] = {&out, &a, &b, &c, &d};
    OK(cuLaunchKernel(gather, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    OK(cuMemcpyDtoH_v2(read, out, sizeof read));
    assert_true(read[0] == -7 && read[1] == -300 && read[2] == 'x' && read[3] == 2.25 &&
                read[4] == 1 << 30);
}

TEST_WITH_MODULE(launch_configurations_carry_attributes) {
    CUfunction scale = find_function(state, "scale");
    CUdeviceptr values = upload_floats();
    float factor = 2;
    int count = COUNT;
    void *parameters[] = {&values, &factor, &count};
    CUlaunchAttribute attributes[] = {
        {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE, .value = {.cooperative = 1}},
        {.id = CU_LAUNCH_ATTRIBUTE_PRIORITY, .value = {.priority = -1}},
        {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, .value = {.clusterDim = {1, 1, 1}}},
    };
    CUlaunchConfig config = {4, 1, 1, 32, 1, 1, 0, NULL, attributes, 3};
    OK(cuLaunchKernelEx(&config, scale, parameters, NULL));
    expect_floats(values, 2);
    attributes[2].value.clusterDim.x = 2;
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE, cuLaunchKernelEx(&config, scale, parameters, NULL));
    attributes[2].id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT;
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuLaunchKernelEx(&config, scale, parameters, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunchKernelEx(NULL, scale, parameters, NULL));
}

TEST_WITH_MODULE(cooperative_launches_must_fit) {
    CUfunction count_up = find_function(state, "count_up");
    int blocks = 0;
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, count_up, 1024, 0));
    assert_int_equal(blocks, 2);
    unsigned fit = (unsigned)blocks * 16; /* multiprocessors */
    OK(cuLaunchCooperativeKernel(count_up, fit, 1, 1, 1024, 1, 1, 0, NULL, NULL));
    OK(cuCtxSynchronize());
    EXPECT(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
           cuLaunchCooperativeKernel(count_up, fit + 1, 1, 1, 1024, 1, 1, 0, NULL, NULL));
    OK(cuCtxSynchronize());
}

TEST_WITH_MODULE(dynamic_shared_memory_is_given) {
    CUfunction reverse = find_function(state, "reverse");
    int values[64], read[64];
    CUdeviceptr address;
    void *parameters[] = {&address};
    for (int i = 0; i < 64; i++)
        values[i] = i;
    OK(cuMemAlloc_v2(&address, sizeof values));
    OK(cuMemcpyHtoD_v2(address, values, sizeof values));
    OK(cuLaunchKernel(reverse, 1, 1, 1, 64, 1, 1, sizeof values, NULL, parameters, NULL));
    OK(cuMemcpyDtoH_v2(read, address, sizeof read));
    for (int i = 0; i < 64; i++)
        assert_int_equal(read[i], 63 - i);
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuLaunchKernel(reverse, 1, 1, 1, 64, 1, 1, 49153, NULL, parameters, NULL));
    OK(cuFuncSetAttribute(reverse, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 100000));
    OK(cuLaunchKernel(reverse, 1, 1, 1, 64, 1, 1, 100000, NULL, parameters, NULL));
    OK(cuCtxSynchronize());
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuLaunchKernel(reverse, 1, 1, 1, 64, 1, 1, 100001, NULL, parameters, NULL));
}

TEST_WITH_MODULE(globals_change_under_atomics) {
    const struct fixture *fixture = *state;
    CUdeviceptr address;
    int counter = 0;
    OK(cuLaunchKernel(find_function(state, "count_up"), 10, 1, 1, 100, 1, 1, 0, NULL, NULL, NULL));
    OK(cuModuleGetGlobal_v2(&address, NULL, fixture->module, "counter"));
    OK(cuMemcpyDtoH_v2(&counter, address, sizeof counter));
    assert_int_equal(counter, 5 + 1000);
}

TEST_WITH_MODULE(kernels_see_host_and_managed_memory) {
    CUfunction store = find_function(state, "store_at");
    CUdeviceptr managed;
    int *pinned = NULL, own = 0, value = 9;
    OK(cuMemAllocManaged(&managed, sizeof(int), CU_MEM_ATTACH_GLOBAL));
    OK(cuMemAllocHost_v2((void **)&pinned, sizeof(int)));
    OK(cuMemHostRegister_v2(&own, sizeof own, 0));
    CUdeviceptr places[] = {managed, (uintptr_t)pinned, (uintptr_t)&own};
    for (int i = 0; i < 3; i++) {
        void *parameters[] = {&places[i], &value};
        OK(cuLaunchKernel(store, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    }
    OK(cuCtxSynchronize());
    assert_int_equal(*(int *)pointer_of(managed) + *pinned + own, 27);
    OK(cuMemHostUnregister(&own));
}

TEST_WITH_MODULE(library_kernels_are_launched_as_functions) {
    CUlibrary library;
    CUkernel kernel;
    CUdeviceptr values = upload_floats();
    float factor = 4;
    int count = COUNT;
    void *parameters[] = {&values, &factor, &count};
    OK(cuLibraryLoadFromFile(&library, TEST_PTX "/driver.ptx", NULL, NULL, 0, NULL, NULL, 0));
    OK(cuLibraryGetKernel(&kernel, library, "scale"));
    OK(cuLaunchKernel((CUfunction)kernel, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
    expect_floats(values, 4);
    OK(cuLibraryUnload(library));
}

/* ---- What is refused leaves the context whole ---- */

TEST_WITH_MODULE(impossible_launches_are_refused) {
    CUfunction scale = find_function(state, "scale"),
               bounded = find_function(state, "small_blocks");
    CUdeviceptr address = 0;
    void *parameters[] = {&address, &address, &address}, *missing[] = {&address, NULL, &address};
    static const struct {
        unsigned grid[3], block[3];
    } shapes[] = {
        {{0, 1, 1}, {32, 1, 1}},    {{1, 1, 1}, {0, 1, 1}},    {{1, 1, 1}, {1025, 1, 1}},
        {{1, 1, 1}, {1, 1, 65}},    {{1, 1, 1}, {64, 32, 1}},  {{1, 65536, 1}, {32, 1, 1}},
        {{1, 1, 65536}, {1, 1, 1}}, {{1, 1, 1}, {32, 32, 32}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        EXPECT(CUDA_ERROR_INVALID_VALUE,
               cuLaunchKernel(scale, shapes[i].grid[0], shapes[i].grid[1], shapes[i].grid[2],
                              shapes[i].block[0], shapes[i].block[1], shapes[i].block[2], 0, NULL,
                              parameters, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuLaunchKernel(bounded, 1, 1, 1, 65, 1, 1, 0, NULL, parameters, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(scale, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuLaunchKernel(scale, 1, 1, 1, 1, 1, 1, 0, NULL, missing, NULL));
    EXPECT(CUDA_ERROR_INVALID_HANDLE,
           cuLaunchKernel((CUfunction)0x10, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    EXPECT(CUDA_ERROR_INVALID_HANDLE,
           cuLaunchKernel(scale, 1, 1, 1, 1, 1, 1, 0, (CUstream)0x77, parameters, NULL));
    OK(cuCtxSynchronize());
}

/* ---- What breaks a context ---- */

/* The launch itself succeeds; every later call tells of the fault until the context is gone. */
static void expect_broken(CUresult fault) {
    CUdeviceptr address;
    CUstream stream;
    EXPECT(fault, cuCtxSynchronize());
    EXPECT(fault, cuMemAlloc_v2(&address, 16));
    EXPECT(fault, cuStreamCreate(&stream, 0));
    EXPECT(fault, cuCtxSynchronize());
    CUcontext fresh;
    OK(cuCtxCreate_v4(&fresh, NULL, 0, 0)); /* another context is not touched */
    OK(cuMemAlloc_v2(&address, 16));
    OK(cuCtxDestroy_v2(fresh));
    EXPECT(fault, cuCtxSynchronize());
}

static void store_at(void **state, CUdeviceptr where) {
    int value = 1;
    void *parameters[] = {&where, &value};
    OK(cuLaunchKernel(find_function(state, "store_at"), 1, 1, 1, 1, 1, 1, 0, NULL, parameters,
                      NULL));
}

TEST_WITH_MODULE(null_pointers_break_the_context) {
    store_at(state, 0);
    expect_broken(CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST_WITH_MODULE(memory_behind_an_allocation_is_out_of_bounds) {
    CUdeviceptr address;
    OK(cuMemAlloc_v2(&address, 100));
    store_at(state, address + 96);
    OK(cuCtxSynchronize());
    store_at(state, address + 100);
    expect_broken(CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST_WITH_MODULE(freed_memory_is_out_of_bounds) {
    CUdeviceptr address;
    OK(cuMemAlloc_v2(&address, 1 << 20));
    OK(cuMemFree_v2(address));
    store_at(state, address);
    expect_broken(CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST_WITH_MODULE(misaligned_addresses_break_the_context) {
    CUdeviceptr address;
    OK(cuMemAlloc_v2(&address, 100));
    store_at(state, address + 2);
    expect_broken(CUDA_ERROR_MISALIGNED_ADDRESS);
}

TEST_WITH_MODULE(failed_assertions_break_the_context) {
    CUfunction function = find_function(state, "fail_assertion");
    int value = 42;
    void *parameters[] = {&value};
    OK(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
    OK(cuCtxSynchronize());
    value = 41;
    OK(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
    expect_broken(CUDA_ERROR_ASSERT);
}

TEST_WITH_MODULE(traps_break_the_context) {
    OK(cuLaunchKernel(find_function(state, "trap_now"), 1, 1, 1, 32, 1, 1, 0, NULL, NULL, NULL));
    expect_broken(CUDA_ERROR_LAUNCH_FAILED);
}

TEST_WITH_MODULE(endless_recursion_breaks_the_context) {
    CUdeviceptr address;
    void *parameters[] = {&address};
    OK(cuMemAlloc_v2(&address, 16));
    OK(cuLaunchKernel(find_function(state, "dive_forever"), 1, 1, 1, 1, 1, 1, 0, NULL, parameters,
                      NULL));
    expect_broken(CUDA_ERROR_HARDWARE_STACK_ERROR);
}

TEST_WITH_MODULE(reset_mends_the_primary_context) {
    CUcontext primary;
    CUmodule module;
    CUfunction trap;
    OK(cuDevicePrimaryCtxRetain(&primary, 0));
    OK(cuCtxPushCurrent_v2(primary));
    OK(cuModuleLoad(&module, TEST_PTX "/driver.ptx"));
    OK(cuModuleGetFunction(&trap, module, "trap_now"));
    OK(cuLaunchKernel(trap, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    EXPECT(CUDA_ERROR_LAUNCH_FAILED, cuCtxSynchronize());
    OK(cuDevicePrimaryCtxReset_v2(0));
    OK(cuDevicePrimaryCtxRetain(&primary, 0));
    OK(cuCtxSynchronize());
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuDevicePrimaryCtxRelease_v2(0));
    OK(cuDevicePrimaryCtxRelease_v2(0));
}

/* ---- printf ---- */

TEST_WITH_MODULE(printf_comes_out) {
    CUfunction greet = find_function(state, "greet");
    int number = 7, ends[2];
    char text[512] = "";
    void *parameters[] = {&number};
    (void)fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    CUresult launched = cuLaunchKernel(greet, 2, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL);
    CUresult waited = cuCtxSynchronize();
    (void)fflush(stdout);
    assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    close(saved);
    OK(launched);
    OK(waited);
    assert_string_equal(text, "thread 0 of block 0 says 7, 3.50, hello\n"
                              "thread 0 of block 1 says 7, 3.50, hello\n");
}

/* ---- Occupancy ---- */

static size_t shared_of_block(int threads) {
    return (size_t)threads * 164;
}

/* Asks the driver too, as a program may. */
static size_t shared_of_device(int threads) {
    int shared = 0;
    CUresult status =
        cuDeviceGetAttribute(&shared, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, 0);
    return status == CUDA_SUCCESS && threads <= 256 ? 0 : (size_t)shared;
}

TEST_WITH_MODULE(occupancy_follows_the_limits) {
    CUfunction scale = find_function(state, "scale"),
               bounded = find_function(state, "small_blocks");
    int blocks = 0, grid = 0, block = 0;
    size_t bytes = 0;
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, scale, 256, 0));
    assert_int_equal(blocks, 8); /* 2048 threads */
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, scale, 32, 0));
    assert_int_equal(blocks, 32); /* the limit of blocks */
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, scale, 256, 40000, 0));
    assert_int_equal(blocks, 4); /* 164 KiB of shared memory, 1 KiB of it reserved a block */
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, bounded, 128, 0));
    assert_int_equal(blocks, 0);
    OK(cuOccupancyMaxPotentialBlockSize(&grid, &block, scale, NULL, 0, 0));
    assert_int_equal(block, 1024);
    assert_int_equal(grid, 32);
    OK(cuOccupancyMaxPotentialBlockSizeWithFlags(&grid, &block, scale, NULL, 0, 200, 0));
    assert_int_equal(block, 128); /* 16 blocks of 128; of 192 only 10, of 160 only 12 */
    OK(cuOccupancyMaxPotentialBlockSize(&grid, &block, scale, shared_of_block, 0, 0));
    assert_int_equal(grid % 16, 0);
    OK(cuOccupancyMaxPotentialBlockSize(&grid, &block, scale, shared_of_device, 0, 0));
    assert_int_equal(block, 256);
    OK(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, scale, 4, 256));
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, scale, 256, bytes));
    assert_int_equal(blocks, 4);
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, scale, 256, bytes + 1));
    assert_int_equal(blocks, 3);
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, scale, 0, 0));
}

/* ---- Two threads ---- */

struct launcher {
    CUcontext context;
    CUfunction function;
    CUresult status;
};

static void *launch_often(void *data) {
    struct launcher *launcher = data;
    CUstream stream = NULL;
    CUresult status = cuCtxPushCurrent_v2(launcher->context);
    if (status == CUDA_SUCCESS)
        status = cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING);
    for (int i = 0; i < 50 && status == CUDA_SUCCESS; i++)
        status = cuLaunchKernel(launcher->function, 4, 1, 1, 64, 1, 1, 0, stream, NULL, NULL);
    if (status == CUDA_SUCCESS)
        status = cuStreamSynchronize(stream);
    if (status == CUDA_SUCCESS)
        status = cuStreamDestroy_v2(stream);
    launcher->status = status;
    return NULL;
}

TEST_WITH_MODULE(two_threads_may_launch) {
    const struct fixture *fixture = *state;
    struct launcher launchers[2];
    pthread_t threads[2];
    CUdeviceptr address;
    int counter = 0;
    for (int i = 0; i < 2; i++) {
        launchers[i] =
            (struct launcher){fixture->context, find_function(state, "count_up"), CUDA_SUCCESS};
        assert_int_equal(pthread_create(&threads[i], NULL, launch_often, &launchers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        OK(launchers[i].status);
    }
    OK(cuModuleGetGlobal_v2(&address, NULL, fixture->module, "counter"));
    OK(cuMemcpyDtoH_v2(&counter, address, sizeof counter));
    assert_int_equal(counter, 5 + 2 * 50 * 4 * 64);
}

/* ---- lockstep_emulator.h ---- */

static void *emulator_symbol(const char *name) {
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(library);
    void *symbol = dlsym(library, name);
    assert_non_null(symbol);
    assert_int_equal(dlclose(library), 0);
    return symbol;
}

#define EMULATOR_FUNCTION(name)                                                                    \
    __typeof__(name) *name##_found;                                                                \
    void *name##_symbol = emulator_symbol(#name);                                                  \
    memcpy(&name##_found, &name##_symbol, sizeof name##_found)

TEST_WITH_MODULE(counters_are_read_by_kernel) {
    CUfunction scale = find_function(state, "scale"), count_up = find_function(state, "count_up");
    CUdeviceptr values = upload_floats();
    float factor = 1;
    int count = COUNT;
    void *parameters[] = {&values, &factor, &count};
    struct lockstep_emulator_counters row = {.size = sizeof row};
    EMULATOR_FUNCTION(lockstepEmulatorVersion);
    EMULATOR_FUNCTION(lockstepEmulatorCountersReset);
    EMULATOR_FUNCTION(lockstepEmulatorCountersCount);
    EMULATOR_FUNCTION(lockstepEmulatorCountersRead);
    assert_int_equal(lockstepEmulatorVersion_found(), LOCKSTEP_EMULATOR_VERSION);
    lockstepEmulatorCountersReset_found();
    assert_int_equal(lockstepEmulatorCountersCount_found(), 0);
    OK(cuLaunchKernel(scale, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
    OK(cuLaunchKernel(count_up, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, NULL));
    OK(cuLaunchKernel(scale, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
    OK(cuLaunchKernel(scale, 2, 1, 1, 64, 1, 1, 0, NULL, parameters, NULL));
    assert_int_equal(lockstepEmulatorCountersCount_found(), 3);
    assert_int_equal(lockstepEmulatorCountersRead_found(0, &row), 0);
    assert_string_equal(row.kernel, "scale");
    assert_int_equal(row.launches, 2);
    assert_int_equal(row.grid[0], 4);
    assert_int_equal(row.block[0], 32);
    assert_int_equal(row.blocks, 8);
    assert_true(row.warp_instructions > 0);
    assert_int_equal(row.global_load_requests, 8); /* a warp in each of 4 blocks, twice */
    assert_int_equal(row.global_load_sectors, 26); /* 100 floats: 12 and a half sectors, twice */
    assert_int_equal(row.global_store_requests, 8);
    assert_true(row.occupancy == 0.5); /* 32 blocks of one warp among 64 */
    assert_int_equal(lockstepEmulatorCountersRead_found(1, &row), 0);
    assert_string_equal(row.kernel, "count_up");
    assert_int_equal(lockstepEmulatorCountersRead_found(3, &row), -1);
    struct {
        struct lockstep_emulator_counters row;
        char behind;
    } old = {.row = {.size = offsetof(struct lockstep_emulator_counters, launches)}};
    old.row.launches = 77; /* a caller that knows less is given less */
    assert_int_equal(lockstepEmulatorCountersRead_found(0, &old.row), 0);
    assert_int_equal(old.row.launches, 77);
    assert_string_equal(old.row.kernel, "scale");
    lockstepEmulatorCountersReset_found();
    assert_int_equal(lockstepEmulatorCountersCount_found(), 0);
}

TEST_WITH_MODULE(last_message_tells_of_the_fault) {
    char text[2000] = "", cut[6] = "";
    EMULATOR_FUNCTION(lockstepEmulatorMessage);
    store_at(state, 0);
    EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
    size_t length = lockstepEmulatorMessage_found(text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_non_null(strstr(text, "store_at"));
    assert_int_equal(lockstepEmulatorMessage_found(cut, sizeof cut), length);
    assert_int_equal(strlen(cut), 5);
}

/* Asked by whichever thread runs the launch. */
static int asked_often(void *context) {
    atomic_uint *asked = context;
    return atomic_fetch_add(asked, 1) >= 100;
}

TEST_WITH_MODULE(a_launch_ends_when_the_program_asks) {
    const struct fixture *fixture = *state;
    CUfunction function;
    CUdeviceptr flag;
    void *parameters[] = {&flag};
    char text[2000] = "";
    atomic_uint asked = 0;
    EMULATOR_FUNCTION(lockstepEmulatorStopWhen);
    EMULATOR_FUNCTION(lockstepEmulatorMessage);
    OK(cuMemAlloc_v2(&flag, 4));
    OK(cuMemsetD32_v2(flag, 0, 1));
    OK(cuModuleGetFunction(&function, fixture->module, "spin"));
    lockstepEmulatorStopWhen_found(asked_often, &asked);
    OK(cuLaunchKernel(function, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
    lockstepEmulatorStopWhen_found(NULL, NULL);
    EXPECT(CUDA_ERROR_LAUNCH_TIMEOUT, cuCtxSynchronize());
    assert_true(lockstepEmulatorMessage_found(text, sizeof text) > 0);
    assert_non_null(strstr(text, "kernel spin: stopped before its end"));
    assert_in_range(asked, 101, 200);
}
