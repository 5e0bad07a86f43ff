/* The emulated driver: advice about ranges of managed memory, batches of copies and prefetches. */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <stdint.h>

#include "emulator/driver/lockstep_emulator.h"

enum { PAGE = 4096, BYTES = 4 * PAGE };

static const CUmemLocation on_device = {CU_MEM_LOCATION_TYPE_DEVICE, 0};
static const CUmemLocation on_host = {CU_MEM_LOCATION_TYPE_HOST,
                                      7}; /* whose number means nothing */

static CUdeviceptr allocate_managed(void) {
    CUdeviceptr address;
    OK(cuMemAllocManaged(&address, BYTES, CU_MEM_ATTACH_GLOBAL));
    return address;
}

static int range_number(CUmem_range_attribute attribute, CUdeviceptr address, size_t count) {
    int number = -99;
    OK(cuMemRangeGetAttribute(&number, sizeof number, attribute, address, count));
    return number;
}

TEST_WITH_CONTEXT(advice_is_of_pages) {
    const CUdeviceptr address = allocate_managed();
    int accessors[4];
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, address, BYTES), 0);
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, address, BYTES),
                     CU_DEVICE_INVALID);
    OK(cuMemAdvise(address + PAGE + 5, 1, CU_MEM_ADVISE_SET_READ_MOSTLY, 99));
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, address + PAGE, PAGE), 1);
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, address + PAGE, PAGE + 1), 0);
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, address, PAGE + 1), 0);
    OK(cuMemAdvise_v2(address, BYTES, CU_MEM_ADVISE_UNSET_READ_MOSTLY, on_host));
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, address + PAGE, PAGE), 0);
    OK(cuMemAdvise(address, BYTES, CU_MEM_ADVISE_SET_ACCESSED_BY, CU_DEVICE_CPU));
    OK(cuMemAdvise_v2(address, 2 * PAGE, CU_MEM_ADVISE_SET_ACCESSED_BY, on_device));
    OK(cuMemRangeGetAttribute(accessors, sizeof accessors, CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY,
                              address, 2 * PAGE));
    assert_int_equal(accessors[0], 0);
    assert_int_equal(accessors[1], CU_DEVICE_CPU);
    assert_int_equal(accessors[2], CU_DEVICE_INVALID);
    OK(cuMemRangeGetAttribute(accessors, 4, CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, address, BYTES));
    assert_int_equal(accessors[0], CU_DEVICE_CPU);
    OK(cuMemAdvise(address, PAGE, CU_MEM_ADVISE_UNSET_ACCESSED_BY, CU_DEVICE_CPU));
    OK(cuMemRangeGetAttribute(accessors, 4, CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, address, BYTES));
    assert_int_equal(accessors[0], CU_DEVICE_INVALID);
    OK(cuMemFree_v2(address));
}

TEST_WITH_CONTEXT(places_are_kept) {
    const CUdeviceptr address = allocate_managed();
    const CUmemLocation node = {CU_MEM_LOCATION_TYPE_HOST_NUMA, 0};
    CUmem_range_attribute attributes[] = {CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE,
                                          CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE};
    int types[2];
    void *data[] = {&types[0], &types[1]};
    size_t sizes[] = {sizeof types[0], sizeof types[1]};
    OK(cuMemAdvise_v2(address, BYTES, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, on_device));
    OK(cuMemPrefetchAsync_v2(address, BYTES, on_host, 0, NULL));
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, address, BYTES), 0);
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, address, BYTES),
                     CU_DEVICE_CPU);
    OK(cuMemRangeGetAttributes(data, sizes, attributes, 2, address, BYTES));
    assert_int_equal(types[0], CU_MEM_LOCATION_TYPE_DEVICE);
    assert_int_equal(types[1], CU_MEM_LOCATION_TYPE_HOST);
    OK(cuMemPrefetchAsync(address, PAGE, 0, NULL));
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, address, PAGE), 0);
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, address, BYTES),
                     CU_DEVICE_INVALID);
    OK(cuMemAdvise_v2(address, BYTES, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, node));
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, address, BYTES),
                     CU_DEVICE_INVALID);
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE, address, BYTES),
                     CU_MEM_LOCATION_TYPE_HOST_NUMA);
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID, address, BYTES), 0);
    OK(cuMemAdvise(address, BYTES, CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION, 99));
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE, address, BYTES),
                     CU_MEM_LOCATION_TYPE_INVALID);
    OK(cuMemFree_v2(address));
}

TEST_WITH_CONTEXT(wrong_ranges_are_refused) {
    const CUdeviceptr address = allocate_managed();
    const CUmemLocation node = {CU_MEM_LOCATION_TYPE_HOST_NUMA, 0},
                        nowhere = {(CUmemLocationType)9, 0};
    CUdeviceptr device;
    int number;
    long long wide;
    OK(cuMemAlloc_v2(&device, PAGE));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAdvise(device, PAGE, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemAdvise(address, BYTES + 1, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAdvise(address, 0, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAdvise(address, BYTES, (CUmem_advise)7, 0));
    EXPECT(CUDA_ERROR_INVALID_DEVICE,
           cuMemAdvise(address, BYTES, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, 99));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemAdvise_v2(address, BYTES, CU_MEM_ADVISE_SET_ACCESSED_BY, node));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemPrefetchAsync_v2(address, BYTES, nowhere, 0, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemPrefetchAsync_v2(address, BYTES, on_host, 1, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemRangeGetAttribute(&wide, sizeof wide, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, address,
                                  BYTES));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemRangeGetAttribute(&number, 3, CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, address, BYTES));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemRangeGetAttribute(&number, 4, (CUmem_range_attribute)9, address, BYTES));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemRangeGetAttribute(NULL, 4, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, address, BYTES));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemRangeGetAttribute(&number, 4, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, device, PAGE));
    OK(cuMemFree_v2(device));
    OK(cuMemFree_v2(address));
}

/* ---- Batches ---- */

static CUdeviceptr address_of(const void *memory) {
    return (CUdeviceptr)(uintptr_t)memory;
}

static void expect_said(const char *words) {
    char last[512] = "";
    lockstepEmulatorMessage(last, sizeof last);
    if (!strstr(last, words))
        fail_msg("'%s' does not say '%s'", last, words);
}

TEST_WITH_CONTEXT(lines_are_copied_in_batches) {
    int from[3] = {1, 2, 3}, back[3] = {0};
    CUdeviceptr device;
    CUstream stream;
    size_t fail = 0, first[] = {0, 2};
    CUmemcpyAttributes manner[] = {{.srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM},
                                   {.srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_ANY,
                                    .flags = CU_MEMCPY_FLAG_PREFER_OVERLAP_WITH_COMPUTE}};
    OK(cuMemAlloc_v2(&device, sizeof from));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CUdeviceptr up[] = {device, device + 4, device + 8};
    CUdeviceptr sources[] = {address_of(&from[0]), address_of(&from[1]), address_of(&from[2])};
    CUdeviceptr down[] = {address_of(&back[2]), address_of(&back[1]), address_of(&back[0])};
    size_t sizes[] = {4, 4, 4};
    OK(cuMemcpyBatchAsync_v2(up, sources, sizes, 3, manner, first, 2, stream));
    OK(cuMemcpyBatchAsync(down, up, sizes, 3, manner, first, 2, &fail, stream));
    assert_true(fail == SIZE_MAX);
    assert_true(back[0] == 3 && back[1] == 2 && back[2] == 1);
    sizes[1] = 64; /* beyond the allocation: nothing is copied */
    from[0] = 9;
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemcpyBatchAsync(up, sources, sizes, 3, manner, first, 2, &fail, stream));
    assert_int_equal(fail, 1);
    OK(cuMemcpyDtoH_v2(back, device, 4));
    assert_int_equal(back[0], 1);
    sizes[1] = 4;
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemcpyBatchAsync(up, sources, sizes, 3, manner, first, 2, &fail, NULL));
    expect_said("legacy stream");
    assert_true(fail == SIZE_MAX);
    OK(cuMemcpyBatchAsync_v2(up, sources, sizes, 3, manner, first, 2, CU_STREAM_PER_THREAD));
    first[1] = 3;
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemcpyBatchAsync_v2(up, sources, sizes, 3, manner, first, 2, stream));
    first[1] = 2;
    manner[1].srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_INVALID;
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemcpyBatchAsync_v2(up, sources, sizes, 3, manner, first, 2, stream));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemcpyBatchAsync_v2(up, NULL, sizes, 3, manner, first, 1, stream));
    OK(cuStreamDestroy_v2(stream));
    OK(cuMemFree_v2(device));
}

static CUmemcpy3DOperand operand_at(const void *memory, size_t row) {
    CUmemcpy3DOperand operand = {.type = CU_MEMCPY_OPERAND_TYPE_POINTER};
    operand.op.ptr.ptr = address_of(memory);
    operand.op.ptr.rowLength = row;
    return operand;
}

TEST_WITH_CONTEXT(boxes_are_copied_in_batches) {
    const CUDA_ARRAY3D_DESCRIPTOR description = {
        .Width = 4, .Height = 2, .Format = CU_AD_FORMAT_SIGNED_INT32, .NumChannels = 1};
    int from[2][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}}, back[2][2] = {{0}};
    CUarray array;
    CUstream stream;
    size_t fail = 0;
    OK(cuArray3DCreate_v2(&array, &description));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CUmemcpy3DOperand image = {.type = CU_MEMCPY_OPERAND_TYPE_ARRAY};
    image.op.array.array = array;
    CUDA_MEMCPY3D_BATCH_OP box = {.src = operand_at(from, 0),
                                  .dst = image,
                                  .extent = {4, 2, 1},
                                  .srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM};
    OK(cuMemcpy3DBatchAsync(1, &box, &fail, 0, stream));
    assert_true(fail == SIZE_MAX);
    box.src = image;
    box.src.op.array.offset.x = 1;
    box.dst = operand_at(back, 2);
    box.extent = (CUextent3D){2, 2, 1};
    OK(cuMemcpy3DBatchAsync_v2(1, &box, 0, stream));
    assert_true(back[0][0] == 2 && back[0][1] == 3 && back[1][0] == 6 && back[1][1] == 7);
    box.dst.op.ptr.rowLength = 1;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy3DBatchAsync(1, &box, &fail, 0, stream));
    expect_said("shorter than the copy");
    assert_int_equal(fail, 0);
    box.dst.op.ptr.rowLength = 0;
    box.extent.depth = 0;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy3DBatchAsync_v2(1, &box, 0, stream));
    box.extent.depth = 1;
    box.src.op.array.offset.x = 3; /* beyond the row */
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy3DBatchAsync_v2(1, &box, 0, stream));
    box.src.type = (CUmemcpy3DOperandType)0;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy3DBatchAsync_v2(1, &box, 0, stream));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy3DBatchAsync_v2(0, &box, 0, stream));
    OK(cuStreamDestroy_v2(stream));
    OK(cuArrayDestroy(array));
}

TEST_WITH_CONTEXT(ranges_are_prefetched_in_batches) {
    CUdeviceptr address = allocate_managed(), ranges[] = {address, address + PAGE};
    size_t sizes[] = {PAGE, PAGE}, first[] = {0, 1};
    CUmemLocation locations[] = {on_device, on_host};
    CUstream stream;
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuMemPrefetchBatchAsync(ranges, sizes, 2, locations, first, 2, 0, stream));
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, address, PAGE), 0);
    assert_int_equal(
        range_number(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, address + PAGE, PAGE),
        CU_DEVICE_CPU);
    OK(cuMemDiscardBatchAsync(ranges, sizes, 2, 0, stream));
    OK(cuMemDiscardAndPrefetchBatchAsync(ranges, sizes, 2, locations, first, 1, 0, stream));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemDiscardBatchAsync(ranges, sizes, 2, 1, stream));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemPrefetchBatchAsync(ranges, sizes, 2, locations, first, 2, 0, NULL));
    sizes[1] = BYTES;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemDiscardBatchAsync(ranges, sizes, 2, 0, stream));
    OK(cuStreamDestroy_v2(stream));
    OK(cuMemFree_v2(address));
}

/* ---- Variables ---- */

static const char variables_ptx[] =
    ".version 7.0\n"
    ".target sm_70\n"
    ".address_size 64\n"
    ".visible .global .attribute(.managed) .align 4 .u32 shared = 7;\n"
    ".visible .global .align 4 .u32 plain;\n"
    ".visible .entry next(.param .u64 out) {\n"
    ".reg .b64 %rd<3>; .reg .b32 %r<3>;\n"
    "ld.global.u32 %r1, [shared]; add.u32 %r1, %r1, 1;\n"
    "st.global.u32 [shared], %r1; ret;\n"
    "}\n";

static CUlibrary load_variables(CUdeviceptr *shared) {
    CUlibrary library;
    size_t size;
    OK(cuLibraryLoadData(&library, variables_ptx, NULL, NULL, 0, NULL, NULL, 0));
    OK(cuLibraryGetManaged(shared, &size, library, "shared"));
    assert_int_equal(size, 4);
    return library;
}

TEST_WITH_CONTEXT(variables_are_managed_where_they_say_so) {
    CUdeviceptr shared, plain, global;
    CUkernel kernel;
    size_t size = 0;
    int managed = 0;
    CUlibrary library = load_variables(&shared);
    OK(cuLibraryGetGlobal(&global, NULL, library, "shared"));
    assert_int_equal(global, shared);
    OK(cuLibraryGetManaged(NULL, &size, library, "shared"));
    assert_int_equal(size, 4);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLibraryGetManaged(NULL, NULL, library, "shared"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuLibraryGetManaged(&plain, NULL, library, "plain"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuLibraryGetManaged(&plain, NULL, library, "nothing"));
    OK(cuLibraryGetGlobal(&plain, NULL, library, "plain"));
    OK(cuPointerGetAttribute(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, shared));
    assert_int_equal(managed, 1);
    OK(cuPointerGetAttribute(&global, CU_POINTER_ATTRIBUTE_HOST_POINTER, shared));
    assert_int_equal(global, shared);
    OK(cuPointerGetAttribute(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, plain));
    assert_int_equal(managed & 0xff, 0);
    OK(cuLibraryGetKernel(&kernel, library, "next"));
    OK(cuLaunchKernel((CUfunction)kernel, 1, 1, 1, 1, 1, 1, 0, NULL, (void *[]){&shared}, NULL));
    assert_int_equal(*(int *)pointer_of(shared), 8);
    OK(cuStreamAttachMemAsync(NULL, shared, 0, CU_MEM_ATTACH_GLOBAL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuStreamAttachMemAsync(NULL, plain, 0, CU_MEM_ATTACH_GLOBAL));
    OK(cuLibraryUnload(library));
}

/* What was advised of a variable ends with its module, though another may lie there afterwards. */
TEST_WITH_CONTEXT(variables_take_advice) {
    CUdeviceptr shared, plain;
    CUlibrary library = load_variables(&shared);
    OK(cuLibraryGetGlobal(&plain, NULL, library, "plain"));
    OK(cuMemAdvise(shared, 4, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
    OK(cuMemPrefetchAsync(shared, 4, 0, NULL));
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, shared, 4), 1);
    assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, shared, 4), 0);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAdvise(shared, 5, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAdvise(plain, 4, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemPrefetchAsync(plain, 4, 0, NULL));
    OK(cuLibraryUnload(library));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAdvise(shared, 4, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
    const CUdeviceptr page = shared / PAGE;
    do {
        library = load_variables(&shared);
        assert_int_equal(range_number(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, shared, 4), 0);
        OK(cuLibraryUnload(library));
    } while (shared / PAGE == page);
}

/* .unified has parentheses of its own. */
TEST_WITH_CONTEXT(variables_may_have_several_attributes) {
    static const char text[] =
        ".version 8.0\n.target sm_80\n.address_size 64\n"
        ".visible .global .attribute(.unified(19,95), .managed) .u32 number;\n"
        ".visible .entry k() { ret; }\n";
    CUmodule module;
    CUdeviceptr address;
    size_t bytes;
    OK(cuModuleLoadData(&module, text));
    OK(cuModuleGetGlobal_v2(&address, &bytes, module, "number"));
    assert_int_equal(bytes, 4);
    OK(cuMemAdvise(address, bytes, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
}
