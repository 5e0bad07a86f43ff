/* The emulated driver: multicast objects, what is bound to them, and what is refused. */
#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

static size_t piece; /* the granularity */

static const char kernels[] = ".version 8.1\n.target sm_90\n.address_size 64\n"
                              ".visible .entry add(.param .u64 at) {\n.reg .b64 %rd<2>;\n"
                              "ld.param.u64 %rd1, [at]; multimem.red.add.u32 [%rd1], 5; ret; }\n"
                              ".visible .entry plain(.param .u64 at) {\n.reg .b64 %rd<2>;\n"
                              "ld.param.u64 %rd1, [at]; st.global.u32 [%rd1], 5; ret; }\n";

static int open_multicast(void **state) {
    const CUmulticastObjectProp properties = {.numDevices = 1, .size = 1};
    assert_int_equal(setenv("LOCKSTEP_EMULATOR", "device=h100;devices=2", 1), 0);
    const int opened = fixture_open(state);
    struct fixture *fixture = *state;
    OK(cuMulticastGetGranularity(&piece, &properties, CU_MULTICAST_GRANULARITY_MINIMUM));
    OK(cuModuleLoadData(&fixture->module, kernels));
    return opened;
}

#define TEST_WITH_MULTICAST(test) TEST_BETWEEN(test, open_multicast, fixture_close)

static CUmemGenericAllocationHandle create_memory(CUdevice device, size_t size) {
    const CUmemAllocationProp properties = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = device}};
    CUmemGenericAllocationHandle handle = 0;
    OK(cuMemCreate(&handle, size, &properties, 0));
    return handle;
}

static CUmemGenericAllocationHandle create_team(unsigned devices, size_t size) {
    const CUmulticastObjectProp properties = {.numDevices = devices, .size = size};
    CUmemGenericAllocationHandle handle = 0;
    OK(cuMulticastCreate(&handle, &properties));
    for (CUdevice device = 0; device < (CUdevice)devices; device++)
        OK(cuMulticastAddDevice(handle, device));
    return handle;
}

static CUdeviceptr map(CUmemGenericAllocationHandle handle, size_t size, size_t offset) {
    const CUmemAccessDesc access = {.location = {.type = CU_MEM_LOCATION_TYPE_DEVICE},
                                    .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
    CUdeviceptr at = 0;
    OK(cuMemAddressReserve(&at, size, 0, 0, 0));
    OK(cuMemMap(at, size, offset, handle, 0));
    OK(cuMemSetAccess(at, size, &access, 1));
    return at;
}

static void unmap(CUdeviceptr at, size_t size) {
    OK(cuMemUnmap(at, size));
    OK(cuMemAddressFree(at, size));
}

static CUresult run(void **state, const char *kernel, CUdeviceptr at) {
    void *parameters[] = {&at};
    const CUresult status =
        cuLaunchKernel(find_function(state, kernel), 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL);
    return status == CUDA_SUCCESS ? cuCtxSynchronize() : status;
}

static unsigned word_at(CUdeviceptr at) {
    unsigned value = 0;
    OK(cuMemcpyDtoH_v2(&value, at, sizeof value));
    return value;
}

/* Bound before and after the object is mapped; parts of either; by handle and by address. */
TEST_WITH_MULTICAST(what_is_bound_is_reached) {
    const CUmemGenericAllocationHandle team = create_team(2, 2 * piece),
                                       first = create_memory(0, 2 * piece),
                                       second = create_memory(1, 3 * piece);
    const CUdeviceptr own = map(first, 2 * piece, 0), other = map(second, 3 * piece, 0);
    OK(cuMemsetD32_v2(own, 1, 2 * piece / 4));
    OK(cuMemsetD32_v2(other, 100, 3 * piece / 4));
    OK(cuMulticastBindMem(team, 0, first, 0, 2 * piece, 0));
    const CUdeviceptr all = map(team, piece, piece);
    OK(cuMulticastBindAddr(team, piece, other + 2 * piece, piece, 0));
    OK(run(state, "add", all + 8));
    assert_int_equal(word_at(own + piece + 8), 6);
    assert_int_equal(word_at(own + 8), 1);
    assert_int_equal(word_at(other + 2 * piece + 8), 105);
    /* Another part of the same memory. */
    OK(cuMulticastUnbind(team, 1, piece, piece));
    OK(cuMulticastBindMem(team, piece, second, piece, piece, 0));
    OK(run(state, "add", all + 8));
    assert_int_equal(word_at(own + piece + 8), 11);
    assert_int_equal(word_at(other + piece + 8), 105);
    assert_int_equal(word_at(other + 2 * piece + 8), 105);
    unmap(all, piece);
    unmap(own, 2 * piece);
    unmap(other, 3 * piece);
    OK(cuMemRelease(team)); /* ends what is bound */
    OK(cuMemRelease(first));
    OK(cuMemRelease(second));
}

TEST_WITH_MULTICAST(memory_lives_as_long_as_it_is_bound) {
    const CUmemGenericAllocationHandle team = create_team(1, piece),
                                       memory = create_memory(0, piece);
    size_t before = 0, after = 0, total = 0;
    OK(cuMemGetInfo_v2(&before, &total));
    OK(cuMulticastBindMem(team, 0, memory, 0, piece, 0));
    OK(cuMemRelease(memory));
    OK(cuMemGetInfo_v2(&after, &total));
    assert_int_equal(before, after);
    OK(cuMemRelease(team));
    OK(cuMemGetInfo_v2(&after, &total));
    assert_int_equal(before + piece, after);
}

TEST_WITH_MULTICAST(plain_accesses_are_faults) {
    const CUmemGenericAllocationHandle team = create_team(1, piece),
                                       memory = create_memory(0, piece);
    unsigned value = 0;
    OK(cuMulticastBindMem(team, 0, memory, 0, piece, 0));
    const CUdeviceptr all = map(team, piece, 0);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(&value, all, sizeof value));
    OK(run(state, "add", all));
    EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, run(state, "plain", all));
}

TEST_WITH_MULTICAST(what_no_device_has_bound_is_a_fault) {
    const CUmemGenericAllocationHandle team = create_team(2, piece),
                                       memory = create_memory(0, piece);
    OK(cuMulticastBindMem(team, 0, memory, 0, piece, 0));
    EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, run(state, "add", map(team, piece, 0)));
}

static void check_said(const char *said) {
    char last[1200];
    lockstepEmulatorMessage(last, sizeof last);
    if (!strstr(last, said))
        fail_msg("'%s' is not in '%s'", said, last);
}

TEST_WITH_MULTICAST(what_is_said_names_the_cause) {
    const CUmulticastObjectProp nobody = {.numDevices = 0, .size = piece};
    CUmemGenericAllocationHandle none = 0;
    int word;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastCreate(&none, &nobody));
    check_said("a team has 1 to ");
    const CUmemGenericAllocationHandle team = create_team(2, piece);
    const CUdeviceptr at = map(team, piece, 0);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(&word, at, sizeof word));
    check_said("the source, ");
    check_said("is a multicast address");
    unmap(at, piece);
    OK(cuMemRelease(team));
}

TEST_WITH_MULTICAST(misuse_is_refused) {
    const CUmulticastObjectProp whole = {.numDevices = 2, .size = piece},
                                odd = {.numDevices = 1, .size = 4},
                                many = {.numDevices = 99, .size = piece},
                                shared = {.numDevices = 1, .size = piece, .handleTypes = 1};
    CUmemGenericAllocationHandle team = 0, none = 0;
    CUdeviceptr at = 0;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastCreate(&none, &odd));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastCreate(&none, &many));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuMulticastCreate(&none, &shared));
    OK(cuMulticastCreate(&team, &whole));
    const CUmemGenericAllocationHandle memory = create_memory(0, piece);
    OK(cuMemAddressReserve(&at, piece, 0, 0, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastAddDevice(memory, 0));
    OK(cuMulticastAddDevice(team, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastAddDevice(team, 0));
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuMulticastAddDevice(team, 2));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastBindMem(team, 0, memory, 0, piece, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemMap(at, piece, 0, team, 0));
    OK(cuMulticastAddDevice(team, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastBindMem(team, 0, memory, 0, piece / 2, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastBindMem(team, piece, memory, 0, piece, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastBindMem(team, 0, memory, piece, piece, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastBindMem(team, 0, memory, 0, piece, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastBindMem(team, 0, team, 0, piece, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastBindAddr(team, 0, at, piece, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastUnbind(team, 0, 0, piece));
    OK(cuMulticastBindMem(team, 0, memory, 0, piece, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastBindMem(team, 0, memory, 0, piece, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMulticastUnbind(team, 1, 0, piece));
    OK(cuMemRelease(team));
    OK(cuMemRelease(memory));
    OK(cuMemAddressFree(at, piece));
    /* The other device's memory in a team of the first alone. */
    team = create_team(1, piece);
    const CUmemGenericAllocationHandle foreign = create_memory(1, piece);
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuMulticastBindMem(team, 0, foreign, 0, piece, 0));
    OK(cuMemRelease(team));
    OK(cuMemRelease(foreign));
}
