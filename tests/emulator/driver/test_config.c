/*
 * The configuration of the emulated driver. It is read once, by cuInit, so each case runs in a
 * child process of its own.
 */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child's end, and what it said on stderr. */
struct outcome {
    int status; /* of exit, or -1 when it did not exit */
    char said[2000];
};

/* Runs `body` in a child with LOCKSTEP_EMULATOR set; its result is the exit status. */
static struct outcome run_with(const char *configuration, int (*body)(void)) {
    struct outcome outcome = {-1, ""};
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (configuration)
            setenv("LOCKSTEP_EMULATOR", configuration, 1);
        else
            unsetenv("LOCKSTEP_EMULATOR");
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        exit(body()); /* not _exit: the report is written at the end of the process */
    }
    close(ends[1]);
    size_t used = 0;
    for (ssize_t got;
         used + 1 < sizeof outcome.said &&
         (got = read(ends[0], outcome.said + used, sizeof outcome.said - 1 - used)) > 0;)
        used += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        outcome.status = WEXITSTATUS(status);
    return outcome;
}

/* Statuses of a child are CUDA's where they fit into a byte. */
static int only_init(void) {
    return (int)cuInit(0);
}

static int init_twice(void) {
    CUresult first = cuInit(0);
    return first == cuInit(0) ? (int)first : 255;
}

TEST(mistakes_are_named_with_what_is_known) {
    static const struct {
        const char *configuration, *said;
    } mistakes[] = {
        {"colour=red",
         "no such key 'colour'; known: check, device, devices, report, threads, memory, budget"},
        {"check=memory,speed", "no such check 'speed'; known: memory, race, race=global, init"},
        {"check=all,none", "a contradiction in 'all,none'"},
        {"check=none,memory", "a contradiction in 'none,memory'"},
        {"check=,", "an empty word in ','"},
        {"check=race,init,race", "a word comes twice in 'race,init,race'"},
        {"device=gtx1080", "no such device 'gtx1080'; known: ampere, t4, a100, rtx3090, rtx4060, "
                           "h100, b200, rtx5090"},
        {"threads=two", "no usable number of threads 'two'"},
        {"threads=-1", "no usable number of threads '-1'"},
        {"memory=12X", "no usable memory size '12X'"},
        {"memory=99999999999999T", "no usable memory size"},
        {"devices=0", "no usable number of devices '0'"},
        {"devices=9", "no usable number of devices '9'"},
        {"budget=", "no usable instruction budget ''"},
        {"report=", "no usable file name for report"},
        {"processes=", "no usable folder name for processes"},
        {"findings=", "no usable file name for findings"},
        {"time=gpu", "no such time 'gpu'; known: none, host"},
        {"sample=few", "no usable number of blocks 'few'"},
        {"count=sass", "no such way to count 'sass'; known: hardware, ptx"},
        {"caches=yes", "no such choice of caches 'yes'; known: on, off"},
        {"device", "not a key=value pair 'device'"},
        {"device=t4;;x=1", "no such key 'x'"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct outcome outcome = run_with(mistakes[i].configuration, init_twice);
        assert_int_equal(outcome.status, CUDA_ERROR_INVALID_VALUE);
        if (!strstr(outcome.said, mistakes[i].said))
            fail_msg("%s: said '%s'", mistakes[i].configuration, outcome.said);
    }
}

TEST(right_configurations_are_silent) {
    static const char *const right[] = {
        NULL,
        "",
        "check=none",
        "check=all;",
        " check=memory,race,init ; threads=2;budget=1000000",
        "check=memory,race=global",
        "device=A100;memory=512M;budget=100M",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        struct outcome outcome = run_with(right[i], only_init);
        assert_int_equal(outcome.status, CUDA_SUCCESS);
        assert_string_equal(outcome.said, "");
    }
}

/* ---- The process around the driver ---- */

static const char *visible;

static int init_with_visible(void) {
    if (setenv("CUDA_VISIBLE_DEVICES", visible, 1) != 0)
        return 255;
    return (int)cuInit(0);
}

TEST(the_device_may_be_hidden) {
    static const struct {
        const char *visible;
        CUresult status;
    } cases[] = {{"0", CUDA_SUCCESS},          {"0,1", CUDA_SUCCESS},
                 {"GPU-5f3e", CUDA_SUCCESS},   {"", CUDA_ERROR_NO_DEVICE},
                 {"-1", CUDA_ERROR_NO_DEVICE}, {"1", CUDA_ERROR_NO_DEVICE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        visible = cases[i].visible;
        if (run_with(NULL, init_with_visible).status != (int)cases[i].status)
            fail_msg("CUDA_VISIBLE_DEVICES='%s'", visible);
    }
}

/* 0: a child that is forked after cuInit is told that it cannot use the driver. */
static int fork_after_init(void) {
    int status = 0, count = 0;
    if (cuInit(0))
        return 1;
    const pid_t child = fork();
    if (child == 0) {
        const bool is_refused = cuDeviceGetCount(&count) == CUDA_ERROR_NOT_INITIALIZED &&
                                cuInit(0) == CUDA_ERROR_NOT_INITIALIZED;
        exit(is_refused ? 0 : 2);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 3;
    return WEXITSTATUS(status) ? WEXITSTATUS(status) : (int)cuDeviceGetCount(&count);
}

TEST(a_child_does_not_inherit_the_driver) {
    const struct outcome outcome = run_with(NULL, fork_after_init);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.said, "before it forked"));
}

/* 0: what one context has allocated is freed while none is current. */
static int free_without_context(void) {
    CUcontext context;
    CUdeviceptr address;
    if (cuInit(0) || cuCtxCreate_v4(&context, NULL, 0, 0) || cuMemAlloc_v2(&address, 64) ||
        cuCtxPopCurrent_v2(&context))
        return 1;
    if (cuMemFree_v2(address) || cuMemFree_v2(address) != CUDA_ERROR_INVALID_VALUE)
        return 2;
    return cuCtxDestroy_v2(context) ? 3 : 0;
}

TEST(memory_is_freed_without_a_context) {
    assert_int_equal(run_with(NULL, free_without_context).status, 0);
}

/* More than the address space that the process may have. */
static int init_with_little_room(void) {
    const struct rlimit limit = {(rlim_t)4 << 30, (rlim_t)4 << 30};
    return setrlimit(RLIMIT_AS, &limit) ? 255 : (int)cuInit(0);
}

TEST(too_much_memory_is_explained) {
    const struct outcome outcome = run_with("memory=64G", init_with_little_room);
    assert_int_equal(outcome.status, CUDA_ERROR_OUT_OF_MEMORY);
    assert_non_null(strstr(outcome.said, "memory=68719476736: no room for so much"));
    assert_non_null(strstr(outcome.said, "Cannot allocate memory"));
}

static int capability(void) {
    int major = 0, minor = 0;
    return cuInit(0) || cuDeviceComputeCapability(&major, &minor, 0) ? 255 : major * 10 + minor;
}

static int multiprocessors(void) {
    int value = 0;
    return cuInit(0) || cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0)
               ? 255
               : value;
}

TEST(devices_can_be_chosen) {
    assert_int_equal(run_with(NULL, capability).status, 80);
    assert_int_equal(run_with("device=t4", capability).status, 75);
    assert_int_equal(run_with("device=rtx3090", capability).status, 86);
    assert_int_equal(run_with("device=b200", capability).status, 100);
    assert_int_equal(run_with("device=rtx5090", capability).status, 120);
    assert_int_equal(run_with("device=h100", capability).status, 90);
    assert_int_equal(run_with("device=a100", multiprocessors).status, 108);
    assert_int_equal(run_with("device=t4", multiprocessors).status, 40);
}

static int encode_packed(void) {
    static _Alignas(64) CUtensorMap map;
    static const cuuint64_t sizes[1] = {256};
    static const cuuint32_t box[1] = {128}, steps[1] = {1};
    if (cuInit(0))
        return 255;
    return (int)cuTensorMapEncodeTiled(
        &map, CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B, 1, pointer_of(4096), sizes, NULL, box, steps,
        CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_L2_PROMOTION_NONE,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

TEST(packed_types_need_blackwell) {
    assert_int_equal(run_with("device=b200", encode_packed).status, CUDA_SUCCESS);
    const struct outcome outcome = run_with("device=h100", encode_packed);
    assert_int_equal(outcome.status, (int)CUDA_ERROR_NOT_SUPPORTED & 0xff);
    assert_non_null(strstr(outcome.said, "such as device=b200"));
}

static int memory_in_mebibytes(void) {
    size_t available = 0, total = 0;
    CUcontext context;
    CUdeviceptr address;
    if (cuInit(0) || cuCtxCreate_v4(&context, NULL, 0, 0) || cuMemGetInfo_v2(&available, &total))
        return 255;
    if (cuMemAlloc_v2(&address, total + 1) != CUDA_ERROR_OUT_OF_MEMORY || available > total)
        return 254;
    return cuCtxDestroy_v2(context) ? 253 : (int)(total >> 20);
}

TEST(memory_can_be_limited) {
    assert_int_equal(run_with("memory=64M", memory_in_mebibytes).status, 64);
    assert_int_equal(run_with("memory=2048k", memory_in_mebibytes).status, 2);
}

/* ---- Launches under a configuration ---- */

static CUmodule module;

static int launch(const char *name, unsigned grid, unsigned block, void **parameters) {
    CUfunction function;
    CUresult status = cuModuleGetFunction(&function, module, name);
    return (
        int)(status ? status
                    : cuLaunchKernel(function, grid, 1, 1, block, 1, 1, 0, NULL, parameters, NULL));
}

static int begin(CUcontext *context) {
    return cuInit(0) || cuCtxCreate_v4(context, NULL, 0, 0) ||
           cuModuleLoad(&module, TEST_PTX "/driver.ptx");
}

/* 0: the kernel that loops for ever was stopped as a real device's watchdog would. */
static int spin(void) {
    CUcontext context;
    CUdeviceptr flag;
    void *parameters[] = {&flag};
    if (begin(&context) || cuMemAlloc_v2(&flag, 4) || cuMemsetD32_v2(flag, 0, 1) ||
        launch("spin", 1, 32, parameters))
        return 1;
    if (cuCtxSynchronize() != CUDA_ERROR_LAUNCH_TIMEOUT)
        return 2;
    return cuCtxDestroy_v2(context) ? 3 : 0;
}

TEST(budget_stops_endless_loops) {
    struct outcome outcome = run_with("budget=100000", spin);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.said, "spin"));
}

static int blocking_fault(void) {
    CUcontext context;
    setenv("CUDA_LAUNCH_BLOCKING", "1", 1);
    if (begin(&context))
        return 1;
    int status = launch("trap_now", 1, 1, NULL);
    return cuCtxDestroy_v2(context) ? 1 : status == CUDA_ERROR_LAUNCH_FAILED ? 0 : 2;
}

TEST(blocking_launches_return_their_fault) {
    assert_int_equal(run_with(NULL, blocking_fault).status, 0);
}

/* ---- What one device alone executes ---- */

#define WIDE(target)                                                                               \
    ".version 8.8\n.target " target "\n.address_size 64\n"                                         \
    ".visible .entry k(.param .u64 p) { .reg .b64 %rd<9>; .reg .b32 %r<9>;\n"                      \
    "ld.param.u64 %rd1, [p];\n"                                                                    \
    "ld.global.v8.b32 {%r1,%r2,%r3,%r4,%r5,%r6,%r7,%r8}, [%rd1];\n"                                \
    "st.global.v8.b32 [%rd1+32], {%r8,%r7,%r6,%r5,%r4,%r3,%r2,%r1};\n"                             \
    "ld.global.v4.b64 {%rd2,%rd3,%rd4,%rd5}, [%rd1+32];\n"                                         \
    "st.global.v4.b64 [%rd1+64], {%rd5,%rd4,%rd3,%rd2}; ret; }\n"

static int move_32_bytes(void) {
    unsigned words[24] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const unsigned last[] = {2, 1, 4, 3, 6, 5, 8, 7};
    CUcontext context;
    CUdeviceptr at;
    void *parameters[] = {&at};
    if (cuInit(0) || cuCtxCreate_v4(&context, NULL, 0, 0) ||
        cuModuleLoadData(&module, WIDE("sm_90")) != CUDA_ERROR_INVALID_PTX ||
        cuModuleLoadData(&module, WIDE("sm_100")) || cuMemAlloc_v2(&at, sizeof words) ||
        cuMemcpyHtoD_v2(at, words, sizeof words) || launch("k", 1, 1, parameters) ||
        cuMemcpyDtoH_v2(words, at, sizeof words))
        return 1;
    return memcmp(&words[16], last, sizeof last) ? 2 : (int)cuCtxDestroy_v2(context);
}

TEST(loads_and_stores_take_32_bytes) {
    assert_int_equal(run_with("device=b200", move_32_bytes).status, 0);
    assert_int_equal(run_with("device=b200;check=all", move_32_bytes).status, 0);
}

#define EMPTY(target)                                                                              \
    ".version 8.8\n.target " target "\n.address_size 64\n.visible .entry k() { ret; }\n"

static int load_for_targets_of_b200(void) {
    CUcontext context;
    if (cuInit(0) || cuCtxCreate_v4(&context, NULL, 0, 0) ||
        cuModuleLoadData(&module, EMPTY("sm_90a")) != CUDA_ERROR_INVALID_PTX ||
        cuModuleLoadData(&module, EMPTY("sm_103f")) != CUDA_ERROR_INVALID_PTX ||
        cuModuleLoadData(&module, EMPTY("sm_90f")) != CUDA_ERROR_INVALID_PTX ||
        cuModuleLoadData(&module, EMPTY("sm_90")) || cuModuleLoadData(&module, EMPTY("sm_100a")) ||
        cuModuleLoadData(&module, EMPTY("sm_100f")))
        return 1;
    return (int)cuCtxDestroy_v2(context);
}

TEST(targets_with_features_are_for_their_devices) {
    struct outcome outcome = run_with("device=b200", load_for_targets_of_b200);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.said, "the PTX is for sm_90a and the device is sm_100;"));
}

/* A fat binary whose one PTX is empty and for sm_100a, word by word. */
static int load_for_b200(void) {
    static const uint32_t image[20] = {
        [0] = 0xba55ed50, [1] = 16U << 16 | 1, [2] = 64,       [4] = 1U << 16 | 1,
        [5] = 64,         [11] = 100,          [14] = 0x100000};
    CUcontext context;
    if (cuInit(0) || cuCtxCreate_v4(&context, NULL, 0, 0) ||
        cuModuleLoadData(&module, EMPTY("sm_100a")) != CUDA_ERROR_INVALID_PTX ||
        cuModuleLoadData(&module, image) != CUDA_ERROR_NO_BINARY_FOR_GPU ||
        cuModuleLoadData(&module, EMPTY("sm_103a")) != CUDA_ERROR_INVALID_PTX)
        return 1;
    return (int)cuCtxDestroy_v2(context);
}

/* What compute_90 cannot compile needs the other device. */
TEST(the_device_that_takes_the_target_is_named) {
    static const char advice[] = ", or choose --device b200 (LOCKSTEP_EMULATOR=device=b200)";
    struct outcome outcome = run_with("device=h100", load_for_b200);
    assert_int_equal(outcome.status, 0);
    const char *said =
        strstr(outcome.said, "sm_100a and the device is sm_90; compile for compute_90,");
    assert_non_null(said);
    said = strstr(said, advice);
    assert_non_null(said);
    said = strstr(said, "the fat binary holds no PTX for sm_90");
    assert_non_null(said);
    said = strstr(said, advice);
    assert_non_null(said);
    assert_null(strstr(said + strlen(advice), "or choose"));
}

/* ---- Virtual memory, and leaks ---- */

static const char allocating_kernel[] =
    ".version 7.0\n.target sm_80\n.address_size 64\n"
    ".extern .func (.param .b64 r) malloc (.param .b64 n);\n"
    ".visible .entry k() { .reg .b64 %rd<3>; .param .b64 n; .param .b64 r; mov.u64 %rd1, 100;\n"
    "st.param.b64 [n], %rd1; call (r), malloc, (n); ret; }\n";

static int misuse_virtual_memory(void) {
    enum { PIECE = 2 << 20 };
    CUdeviceptr at;
    if (cuInit(0) || cuMemAddressReserve(&at, PIECE + 1, 0, 0, 0) != CUDA_ERROR_INVALID_VALUE ||
        cuMemAddressReserve(&at, 2 * PIECE, 0, 0, 0) ||
        cuMemUnmap(at, PIECE) != CUDA_ERROR_INVALID_VALUE ||
        cuMemUnmap(at + PIECE, 2 * PIECE) != CUDA_ERROR_INVALID_VALUE ||
        cuMemAddressFree(at, PIECE) != CUDA_ERROR_INVALID_VALUE)
        return 1;
    return (int)cuMemAddressFree(at, 2 * PIECE);
}

TEST(refused_calls_of_virtual_memory_say_why) {
    static const char *const reasons[] = {
        "cuMemAddressReserve: 2097153 bytes: sizes, addresses and offsets are multiples of",
        "virtual memory: 2097152 bytes at 0x",
        "cuMemUnmap: 4194304 bytes at 0x",
        "a reservation is freed as a whole",
    };
    const struct outcome outcome = run_with(NULL, misuse_virtual_memory);
    assert_int_equal(outcome.status, 0);
    for (size_t k = 0; k < sizeof reasons / sizeof *reasons; k++) {
        if (!strstr(outcome.said, reasons[k]))
            fail_msg("'%s' is not said in: %s", reasons[k], outcome.said);
    }
}

static int leave_everything(void) {
    static const CUmemAllocationProp properties = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED, .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE}};
    enum { PIECE = 2 << 20 };
    CUmemGenericAllocationHandle handle;
    CUdeviceptr mapped, empty;
    CUcontext context;
    if (cuInit(0) || cuCtxCreate_v4(&context, NULL, 0, 0) ||
        cuModuleLoadData(&module, allocating_kernel) || launch("k", 2, 1, NULL))
        return 1;
    if (cuMemAddressReserve(&mapped, PIECE, 0, 0, 0) ||
        cuMemAddressReserve(&empty, PIECE, 0, 0, 0) ||
        cuMemCreate(&handle, PIECE, &properties, 0) || cuMemMap(mapped, PIECE, 0, handle, 0))
        return 2;
    return cuMemRelease(handle) ? 3 : 0;
}

TEST(leaks_are_named) {
    static const char *const leaks[] = {
        "leak: 2097152 bytes mapped at 0x",
        "leak: 2097152 bytes of addresses reserved at 0x",
        "leak: 224 bytes in 2 allocations of malloc in kernels were never freed",
    };
    const struct outcome outcome = run_with("check=leak", leave_everything);
    assert_int_equal(outcome.status, 0);
    for (size_t k = 0; k < sizeof leaks / sizeof *leaks; k++) {
        if (!strstr(outcome.said, leaks[k]))
            fail_msg("'%s' is not said in: %s", leaks[k], outcome.said);
    }
    assert_string_equal(run_with("check=memory", leave_everything).said, "");
}

static int leave_a_multicast_object(void) {
    enum { PIECE = 2 << 20 };
    static const CUmemAllocationProp properties = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED, .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE}};
    static const CUmulticastObjectProp team = {.numDevices = 1, .size = PIECE};
    CUmemGenericAllocationHandle memory, object;
    CUcontext context;
    if (cuInit(0) || cuCtxCreate_v4(&context, NULL, 0, 0) ||
        cuMemCreate(&memory, PIECE, &properties, 0) || cuMulticastCreate(&object, &team) ||
        cuMulticastAddDevice(object, 0) || cuMulticastBindMem(object, 0, memory, 0, PIECE, 0))
        return 1;
    return cuMemRelease(memory) ? 2 : 0;
}

/* The memory was released, and only what it is bound to holds it. */
TEST(a_multicast_object_alone_is_a_leak) {
    const struct outcome outcome = run_with("device=h100;check=leak", leave_a_multicast_object);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.said, "leak: 2097152 bytes of a multicast object"));
    assert_null(strstr(outcome.said, "of physical memory"));
}

static int leave_memory_after_a_fault(void) {
    CUcontext context;
    CUdeviceptr left;
    if (begin(&context) || cuMemAlloc_v2(&left, 100) || launch("trap_now", 1, 1, NULL))
        return 1;
    return cuMemFree_v2(left) == CUDA_ERROR_LAUNCH_FAILED ? 0 : 2;
}

TEST(what_a_fault_left_is_no_leak) {
    const struct outcome outcome = run_with("check=leak", leave_memory_after_a_fault);
    assert_int_equal(outcome.status, 0);
    assert_null(strstr(outcome.said, "leak:"));
}

/* ---- The report ---- */

static char report[64], report_configuration[100];

static int count_ten(void) {
    CUcontext context;
    if (begin(&context))
        return 1;
    for (int i = 0; i < 10; i++)
        if (launch("count_up", 3, 64, NULL))
            return 2;
    return cuCtxDestroy_v2(context) ? 3 : 0;
}

static int make_report_name(void **state) {
    (void)state;
    strcpy(report, "/tmp/lockstep_report_XXXXXX");
    int file = mkstemp(report);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    snprintf(report_configuration, sizeof report_configuration, "report=%s", report);
    return 0;
}

static int remove_report(void **state) {
    (void)state;
    return unlink(report);
}

TEST_BETWEEN(report_is_a_csv_file, make_report_name, remove_report) {
    static const char columns[] =
        "kernel,grid,block,launches,warp_instructions,thread_instructions,fma_warp_instructions,"
        "global_load_requests,global_load_sectors,global_store_requests,global_store_sectors,"
        "shared_wavefronts,shared_wavefronts_ideal,divergent_branches,barriers,bytes_touched,"
        "occupancy,dynamic_shared";
    char line[3][2000] = {"", "", ""};
    for (int run = 0; run < 2; run++) /* the second appends, without a second header */
        assert_int_equal(run_with(report_configuration, count_ten).status, 0);
    FILE *file = fopen(report, "r");
    assert_non_null(file);
    for (int i = 0; i < 3; i++)
        assert_non_null(fgets(line[i], sizeof line[i], file));
    assert_int_equal(fgetc(file), EOF);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(strncmp(line[0], columns, sizeof columns - 1), 0);
    assert_int_equal(strncmp(line[1], "count_up,3x1x1,64x1x1,10,", 25), 0);
    assert_string_equal(line[1], line[2]);
    size_t commas[2] = {0, 0};
    for (int i = 0; i < 2; i++)
        for (const char *c = line[i]; *c; c++)
            commas[i] += *c == ',';
    assert_int_equal(commas[0], commas[1]);
}

TEST(unwritable_report_is_said) {
    struct outcome outcome = run_with("report=/no/such/folder/counters.csv", count_ten);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.said, "/no/such/folder/counters.csv"));
}
