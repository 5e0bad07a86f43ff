/* The emulated driver: allocations, copies, fills, pools, and what a pointer is. */
#include "emulator/driver/lockstep_emulator.h"
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

TEST_WITH_CONTEXT(allocations_are_checked) {
    CUdeviceptr first, second, base;
    size_t size;
    OK(cuMemAlloc_v2(&first, 1000));
    OK(cuMemAlloc_v2(&second, 1000));
    assert_int_not_equal(first, second);
    assert_int_equal(first % 256, 0);
    OK(cuMemGetAddressRange_v2(&base, &size, first + 999));
    assert_int_equal(base, first);
    assert_int_equal(size, 1000);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAlloc_v2(&first, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAlloc_v2(NULL, 16));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(second + 4));
    OK(cuMemFree_v2(second));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(second));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuMemGetAddressRange_v2(&base, &size, second));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(0));
    OK(cuMemFree_v2(first));
}

static unsigned count_mappings(void) {
    unsigned lines = 0;
    FILE *file = fopen("/proc/self/maps", "re");
    assert_non_null(file);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        lines += c == '\n';
    assert_int_equal(fclose(file), 0);
    return lines;
}

/* Each begins with a page, and yet they lie in one mapping, of which there are some 65,000. */
TEST_WITH_CONTEXT(large_allocations_begin_with_a_page) {
    enum { COUNT = 1000 };
    static CUdeviceptr addresses[COUNT];
    const unsigned before = count_mappings();
    for (size_t i = 0; i < COUNT; i++) {
        OK(cuMemAlloc_v2(&addresses[i], ((size_t)1 << 20) + 4096 * (i % 3) + i));
        assert_int_equal(addresses[i] % 4096, 0);
    }
    assert_true(count_mappings() < before + COUNT / 10);
    for (size_t i = 0; i < COUNT; i++)
        OK(cuMemFree_v2(addresses[i]));
}

TEST_WITH_CONTEXT(memory_is_accounted) {
    CUdeviceptr address;
    size_t free_before, free_during, total, half;
    OK(cuMemGetInfo_v2(&free_before, &total));
    assert_true(free_before <= total);
    half = free_before / 2 + (1 << 20);
    OK(cuMemAlloc_v2(&address, half));
    OK(cuMemGetInfo_v2(&free_during, NULL));
    assert_true(free_during <= free_before - half);
    CUdeviceptr other;
    EXPECT(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&other, half));
    char said[512] = "";
    lockstepEmulatorMessage(said, sizeof said);
    assert_non_null(strstr(said, "memory= in LOCKSTEP_EMULATOR"));
    OK(cuMemFree_v2(address));
    OK(cuMemGetInfo_v2(&free_during, NULL));
    assert_int_equal(free_during, free_before);
}

TEST_WITH_CONTEXT(context_frees_what_it_owns) {
    CUcontext context;
    CUdeviceptr address;
    void *host;
    size_t before, after;
    OK(cuMemGetInfo_v2(&before, NULL));
    OK(cuCtxCreate_v4(&context, NULL, 0, 0));
    OK(cuMemAlloc_v2(&address, 1 << 20));
    OK(cuMemAllocHost_v2(&host, 4096));
    OK(cuCtxDestroy_v2(context));
    OK(cuMemGetInfo_v2(&after, NULL));
    assert_int_equal(before, after);
}

TEST_WITH_CONTEXT(copies_go_all_ways) {
    unsigned char from[300], to[300] = {0};
    CUdeviceptr first, second;
    CUstream stream;
    for (unsigned i = 0; i < sizeof from; i++)
        from[i] = (unsigned char)(i * 7);
    OK(cuStreamCreate(&stream, 0));
    OK(cuMemAlloc_v2(&first, sizeof from));
    OK(cuMemAlloc_v2(&second, sizeof from));
    OK(cuMemcpyHtoD_v2(first, from, sizeof from));
    OK(cuMemcpyDtoD_v2(second, first, sizeof from));
    OK(cuMemcpyDtoH_v2(to, second, sizeof to));
    assert_memory_equal(from, to, sizeof to);
    memset(to, 0, sizeof to);
    OK(cuMemcpyHtoDAsync_v2(first + 100, from, 200, stream));
    OK(cuMemcpyDtoDAsync_v2(second, first + 100, 200, stream));
    OK(cuMemcpyDtoHAsync_v2(to, second, 200, stream));
    OK(cuStreamSynchronize(stream));
    assert_memory_equal(from, to, 200);
    memset(to, 0, sizeof to);
    OK(cuMemcpy(second, (CUdeviceptr)(uintptr_t)from, sizeof from));
    OK(cuMemcpyAsync((CUdeviceptr)(uintptr_t)to, second, sizeof to, stream));
    assert_memory_equal(from, to, sizeof to);
    OK(cuMemcpyDtoD_v2(first + 10, first, 200)); /* overlapping */
    OK(cuMemFree_v2(first));
    OK(cuMemFree_v2(second));
    OK(cuStreamDestroy_v2(stream));
}

TEST_WITH_CONTEXT(copies_outside_an_allocation_are_refused) {
    char host[128] = {0};
    CUdeviceptr address;
    OK(cuMemAlloc_v2(&address, 100));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(address, host, 101));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(address + 90, host, 11));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(host, 0, 4));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(NULL, address, 4));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoHAsync_v2(host, 0x1000, 4, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoD_v2(address, address + 50, 51));
    OK(cuMemcpyHtoD_v2(address, host, 0));
    OK(cuMemcpyHtoD_v2(address + 90, host, 10));
    OK(cuMemFree_v2(address));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(address, host, 4));
    OK(cuCtxSynchronize()); /* none of this breaks the context */
}

TEST_WITH_CONTEXT(peers_are_the_same_device) {
    const struct fixture *fixture = *state;
    CUcontext other;
    CUdeviceptr first, second;
    int value = 77, read = 0;
    OK(cuMemAlloc_v2(&first, 4));
    OK(cuMemcpyHtoD_v2(first, &value, 4));
    OK(cuCtxCreate_v4(&other, NULL, 0, 0));
    OK(cuMemAlloc_v2(&second, 4));
    OK(cuMemcpyPeer(second, other, first, fixture->context, 4));
    OK(cuMemcpyDtoH_v2(&read, second, 4));
    assert_int_equal(read, 77);
    OK(cuMemcpyPeerAsync(second, other, first, fixture->context, 4, NULL));
    EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuMemcpyPeer(second, NULL, first, fixture->context, 4));
    OK(cuCtxDestroy_v2(other));
    OK(cuMemFree_v2(first));
}

TEST_WITH_CONTEXT(planes_keep_their_pitch) {
    CUdeviceptr address;
    size_t pitch = 0;
    unsigned char from[5][20], to[3][10];
    for (unsigned y = 0; y < 5; y++)
        for (unsigned x = 0; x < 20; x++)
            from[y][x] = (unsigned char)(y * 20 + x);
    memset(to, 0xEE, sizeof to);
    OK(cuMemAllocPitch_v2(&address, &pitch, 20, 5, 4));
    assert_true(pitch >= 20 && pitch % 512 == 0);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAllocPitch_v2(&address, &pitch, 20, 5, 3));
    CUDA_MEMCPY2D up = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                        .srcHost = from,
                        .srcPitch = 20,
                        .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                        .dstDevice = address,
                        .dstPitch = pitch,
                        .WidthInBytes = 20,
                        .Height = 5};
    OK(cuMemcpy2D_v2(&up));
    CUDA_MEMCPY2D down = {.srcXInBytes = 3,
                          .srcY = 2,
                          .srcMemoryType = CU_MEMORYTYPE_DEVICE,
                          .srcDevice = address,
                          .srcPitch = pitch,
                          .dstXInBytes = 1,
                          .dstMemoryType = CU_MEMORYTYPE_HOST,
                          .dstHost = to,
                          .dstPitch = 10,
                          .WidthInBytes = 8,
                          .Height = 3};
    OK(cuMemcpy2DUnaligned_v2(&down));
    for (unsigned y = 0; y < 3; y++) {
        assert_int_equal(to[y][0], 0xEE);
        assert_memory_equal(&to[y][1], &from[y + 2][3], 8);
        assert_int_equal(to[y][9], 0xEE);
    }
    down.srcY = 3;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy2DAsync_v2(&down, NULL));
    down.srcPitch = 7;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D_v2(&down));
    down.srcMemoryType = CU_MEMORYTYPE_ARRAY;
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuMemcpy2D_v2(&down));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D_v2(NULL));
    OK(cuMemFree_v2(address));
}

TEST_WITH_CONTEXT(boxes_are_copied) {
    CUdeviceptr address;
    unsigned char from[2][3][4], to[2][2][4] = {{{0}}};
    for (unsigned i = 0; i < sizeof from; i++)
        ((unsigned char *)from)[i] = (unsigned char)(i + 1);
    OK(cuMemAlloc_v2(&address, sizeof from));
    CUDA_MEMCPY3D up = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                        .srcHost = from,
                        .srcPitch = 4,
                        .srcHeight = 3,
                        .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                        .dstDevice = address,
                        .dstPitch = 4,
                        .dstHeight = 3,
                        .WidthInBytes = 4,
                        .Height = 3,
                        .Depth = 2};
    OK(cuMemcpy3D_v2(&up));
    CUDA_MEMCPY3D down = {.srcY = 1,
                          .srcMemoryType = CU_MEMORYTYPE_UNIFIED,
                          .srcDevice = address,
                          .srcPitch = 4,
                          .srcHeight = 3,
                          .dstMemoryType = CU_MEMORYTYPE_HOST,
                          .dstHost = to,
                          .WidthInBytes = 4,
                          .Height = 2,
                          .Depth = 2};
    OK(cuMemcpy3DAsync_v2(&down, NULL));
    assert_memory_equal(to[0], from[0][1], 8);
    assert_memory_equal(to[1], from[1][1], 8);
    OK(cuMemFree_v2(address));
}

TEST_WITH_CONTEXT(fills_have_every_width) {
    CUdeviceptr address;
    unsigned char bytes[8];
    unsigned short halves[8];
    unsigned words[8];
    OK(cuMemAlloc_v2(&address, 64));
    OK(cuMemsetD8_v2(address, 0xAB, 8));
    OK(cuMemcpyDtoH_v2(bytes, address, sizeof bytes));
    OK(cuMemsetD16_v2(address, 0x1234, 8));
    OK(cuMemcpyDtoH_v2(halves, address, sizeof halves));
    OK(cuMemsetD32Async(address, 0xDEADBEEF, 8, NULL));
    OK(cuMemcpyDtoH_v2(words, address, sizeof words));
    for (int i = 0; i < 8; i++) {
        assert_int_equal(bytes[i], 0xAB);
        assert_int_equal(halves[i], 0x1234);
        assert_int_equal(words[i], 0xDEADBEEF);
    }
    OK(cuMemsetD8Async(address, 0, 64, NULL));
    OK(cuMemsetD2D16_v2(address, 8, 0xFFFF, 2, 3)); /* four bytes of eight, three times */
    OK(cuMemcpyDtoH_v2(words, address, sizeof words));
    for (int i = 0; i < 8; i++)
        assert_int_equal(words[i], i % 2 == 0 && i < 6 ? 0xFFFFFFFF : 0);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemsetD32_v2(address + 2, 0, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemsetD32_v2(address, 0, 17));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemsetD2D8_v2(address, 4, 0, 5, 2));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemsetD8_v2(0, 0, 1));
    OK(cuMemsetD32_v2(address, 0, 0));
    OK(cuMemFree_v2(address));
}

TEST_WITH_CONTEXT(host_memory_is_addressed_alike) {
    void *memory = NULL;
    static char own[8192];
    CUdeviceptr address = 0;
    unsigned flags = 0;
    OK(cuMemHostAlloc(&memory, 100, CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_PORTABLE));
    memset(memory, 1, 100);
    OK(cuMemHostGetDevicePointer_v2(&address, memory, 0));
    assert_int_equal(address, (uintptr_t)memory);
    OK(cuMemHostGetFlags(&flags, memory));
    assert_int_equal(flags, CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_PORTABLE);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemHostAlloc(&memory, 100, 0x80));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(address));
    OK(cuMemFreeHost(memory));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(memory));
    OK(cuMemHostRegister_v2(own, sizeof own, CU_MEMHOSTREGISTER_DEVICEMAP));
    EXPECT(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, cuMemHostRegister_v2(own + 100, 100, 0));
    OK(cuMemHostGetDevicePointer_v2(&address, own + 5, 0));
    assert_int_equal(address, (uintptr_t)(own + 5));
    OK(cuMemHostUnregister(own));
    EXPECT(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, cuMemHostUnregister(own));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemHostGetDevicePointer_v2(&address, own, 0));
}

TEST_WITH_CONTEXT(managed_memory_is_shared) {
    CUdeviceptr address;
    OK(cuMemAllocManaged(&address, 4096, CU_MEM_ATTACH_GLOBAL));
    int *values = pointer_of(address);
    values[0] = 5;
    OK(cuMemsetD32_v2(address + 4, 6, 1));
    assert_int_equal(values[0] + values[1], 11);
    OK(cuMemAdvise(address, 4096, CU_MEM_ADVISE_SET_READ_MOSTLY, 0));
    OK(cuMemPrefetchAsync(address, 4096, 0, NULL));
    OK(cuMemPrefetchAsync_v2(address, 4096, (CUmemLocation){CU_MEM_LOCATION_TYPE_DEVICE, 0}, 0,
                             NULL));
    OK(cuStreamAttachMemAsync(NULL, address, 0, CU_MEM_ATTACH_GLOBAL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemPrefetchAsync(address, 5000, 0, NULL));
    EXPECT(CUDA_ERROR_INVALID_DEVICE, cuMemPrefetchAsync(address, 4096, 3, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAllocManaged(&address, 16, 0));
    OK(cuMemFree_v2((CUdeviceptr)(uintptr_t)values));
}

TEST_WITH_CONTEXT(pointers_tell_what_they_are) {
    const struct fixture *fixture = *state;
    CUdeviceptr device, start;
    void *host;
    unsigned type = 0;
    size_t size = 0;
    CUcontext context;
    bool managed = true;
    OK(cuMemAlloc_v2(&device, 128));
    OK(cuMemAllocHost_v2(&host, 128));
    OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, device + 10));
    assert_int_equal(type, CU_MEMORYTYPE_DEVICE);
    OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (uintptr_t)host));
    assert_int_equal(type, CU_MEMORYTYPE_HOST);
    OK(cuPointerGetAttribute(&context, CU_POINTER_ATTRIBUTE_CONTEXT, device));
    assert_ptr_equal(context, fixture->context);
    OK(cuPointerGetAttribute(&start, CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, device + 10));
    assert_int_equal(start, device);
    CUpointer_attribute which[] = {CU_POINTER_ATTRIBUTE_IS_MANAGED,
                                   CU_POINTER_ATTRIBUTE_RANGE_SIZE};
    void *answers[] = {&managed, &size};
    OK(cuPointerGetAttributes(2, which, answers, device));
    assert_false(managed);
    assert_int_equal(size, 128);
    OK(cuPointerGetAttributes(2, which, answers, (uintptr_t)&type)); /* unknown: zeros */
    assert_int_equal(size, 0);
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (uintptr_t)&type));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuPointerGetAttribute(&type, (CUpointer_attribute)99, device));
    int one = 1;
    OK(cuPointerSetAttribute(&one, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, device));
    OK(cuMemFreeHost(host));
    OK(cuMemFree_v2(device));
}

TEST_WITH_CONTEXT(pools_keep_accounts) {
    CUmemoryPool pool, made, current, owner;
    CUdeviceptr first, second;
    cuuint64_t used = 1, threshold = 1 << 20;
    CUmemPoolProps properties = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                                 .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
    OK(cuDeviceGetDefaultMemPool(&pool, 0));
    OK(cuMemAllocAsync(&first, 1000, NULL));
    OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
    assert_int_equal(used, 1000);
    OK(cuMemFreeAsync(first, NULL));
    OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
    assert_int_equal(used, 0);
    OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &used));
    assert_int_equal(used, 1000);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFreeAsync(first, NULL));
    OK(cuMemPoolCreate(&made, &properties));
    OK(cuMemPoolSetAttribute(made, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold));
    threshold = 0;
    OK(cuMemPoolGetAttribute(made, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold));
    assert_int_equal(threshold, 1 << 20);
    OK(cuMemAllocFromPoolAsync(&first, 64, made, NULL));
    OK(cuDeviceSetMemPool(0, made));
    OK(cuDeviceGetMemPool(&current, 0));
    assert_ptr_equal(current, made);
    OK(cuMemAllocAsync(&second, 64, NULL));
    OK(cuMemPoolGetAttribute(made, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
    assert_int_equal(used, 128);
    OK(cuMemPoolTrimTo(made, 0));
    OK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, first));
    assert_ptr_equal(owner, made);
    OK(cuMemPoolDestroy(made)); /* what it gave out stays, and is nobody's */
    OK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, first));
    assert_null(owner);
    OK(cuMemsetD8_v2(first, 0, 64));
    OK(cuMemFreeAsync(first, NULL));
    OK(cuMemFree_v2(second));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuMemPoolTrimTo(made, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemPoolDestroy(pool));
    OK(cuDeviceGetMemPool(&current, 0));
    assert_ptr_equal(current, pool);
}

/* The host uses what its pools, and those of managed memory, give out. */
TEST_WITH_CONTEXT(places_have_pools_of_their_own) {
    static const struct {
        CUmemAllocationType type;
        CUmemLocation location;
        unsigned memory, managed;
    } places[] = {
        {CU_MEM_ALLOCATION_TYPE_PINNED, {CU_MEM_LOCATION_TYPE_HOST, 0}, CU_MEMORYTYPE_HOST, 0},
        {CU_MEM_ALLOCATION_TYPE_MANAGED, {CU_MEM_LOCATION_TYPE_NONE, 0}, CU_MEMORYTYPE_DEVICE, 1},
        {CU_MEM_ALLOCATION_TYPE_MANAGED, {CU_MEM_LOCATION_TYPE_HOST, 0}, CU_MEMORYTYPE_DEVICE, 1},
        {CU_MEM_ALLOCATION_TYPE_MANAGED, {CU_MEM_LOCATION_TYPE_DEVICE, 0}, CU_MEMORYTYPE_DEVICE, 1},
        {CU_MEM_ALLOCATION_TYPE_PINNED, {CU_MEM_LOCATION_TYPE_DEVICE, 0}, CU_MEMORYTYPE_DEVICE, 0},
    };
    for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
        CUmemLocation location = places[k].location;
        const CUmemAllocationType type = places[k].type;
        const CUmemPoolProps properties = {.allocType = type, .location = location};
        CUmemoryPool own, made, current;
        CUdeviceptr address;
        CUmemorytype memory;
        bool managed;
        OK(cuMemGetDefaultMemPool(&own, &location, type));
        OK(cuMemGetMemPool(&current, &location, type));
        assert_ptr_equal(current, own);
        OK(cuMemPoolCreate(&made, &properties));
        OK(cuMemSetMemPool(&location, type, made));
        OK(cuMemGetMemPool(&current, &location, type));
        assert_ptr_equal(current, made);
        OK(cuMemAllocFromPoolAsync(&address, 64, made, NULL));
        OK(cuPointerGetAttribute(&memory, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address));
        OK(cuPointerGetAttribute(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED, address));
        assert_int_equal(memory, places[k].memory);
        assert_int_equal(managed, places[k].managed);
        OK(cuMemsetD8_v2(address, 1, 64));
        OK(cuMemPoolDestroy(made));
        OK(cuMemFreeAsync(address, NULL));
        OK(cuMemGetMemPool(&current, &location, type));
        assert_ptr_equal(current, own);
        EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemPoolDestroy(own));
    }
    int is_supported = 0;
    OK(cuDeviceGetAttribute(&is_supported, CU_DEVICE_ATTRIBUTE_HOST_MEMORY_POOLS_SUPPORTED, 0));
    assert_int_equal(is_supported, 1);
    CUmemoryPool pool;
    CUmemLocation nowhere = {CU_MEM_LOCATION_TYPE_NONE, 0},
                  beyond = {CU_MEM_LOCATION_TYPE_DEVICE, 99}, host = {CU_MEM_LOCATION_TYPE_HOST, 0};
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemGetMemPool(&pool, &nowhere, CU_MEM_ALLOCATION_TYPE_PINNED));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemGetMemPool(&pool, &beyond, CU_MEM_ALLOCATION_TYPE_MANAGED));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemGetMemPool(&pool, NULL, CU_MEM_ALLOCATION_TYPE_PINNED));
    OK(cuMemGetMemPool(&pool, &host, CU_MEM_ALLOCATION_TYPE_PINNED));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuDeviceSetMemPool(0, pool));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemSetMemPool(&host, CU_MEM_ALLOCATION_TYPE_MANAGED, pool));
}
