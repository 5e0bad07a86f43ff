/* The emulated driver: virtual memory management, the memory of graphs, and values that streams
 * wait for. */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <unistd.h>

enum { COUNT = 64, BYTES = COUNT * sizeof(float) };

static const CUmemAllocationProp properties = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
                                               .requestedHandleTypes =
                                                   CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
                                               .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE}};
static const CUmemAccessDesc access_all = {.location = {.type = CU_MEM_LOCATION_TYPE_DEVICE},
                                           .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE};

static size_t granularity(void) {
    size_t bytes = 0;
    OK(cuMemGetAllocationGranularity(&bytes, &properties, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
    assert_true(bytes >= 4096);
    return bytes;
}

static CUresult scale(void **state, CUdeviceptr at, float factor, int count, CUstream stream) {
    void *parameters[] = {&at, &factor, &count};
    return cuLaunchKernel(find_function(state, "scale"), ((unsigned)count + 31) / 32, 1, 1, 32, 1,
                          1, 0, stream, parameters, NULL);
}

/* ---- Virtual memory management ---- */

/* Two pieces side by side are one stretch, for copies and for kernels. */
TEST_WITH_MODULE(pieces_that_touch_are_one) {
    const size_t piece = granularity();
    CUmemGenericAllocationHandle handles[2];
    CUdeviceptr at = 0;
    float values[COUNT];
    OK(cuMemAddressReserve(&at, 4 * piece, 0, 0, 0));
    for (size_t k = 0; k < 2; k++) {
        OK(cuMemCreate(&handles[k], piece, &properties, 0));
        OK(cuMemMap(at + k * piece, piece, 0, handles[k], 0));
        OK(cuMemRelease(handles[k]));
    }
    const CUdeviceptr across = at + piece - BYTES / 2;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(across, values, BYTES));
    OK(cuMemSetAccess(at, 2 * piece, &access_all, 1));
    for (int k = 0; k < COUNT; k++)
        values[k] = (float)k;
    OK(cuMemcpyHtoD_v2(across, values, BYTES));
    OK(scale(state, across, 3, COUNT, NULL));
    OK(cuMemcpyDtoH_v2(values, across, BYTES));
    for (int k = 0; k < COUNT; k++)
        assert_true(values[k] == 3.0F * (float)k);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(at + 2 * piece - 4, values, BYTES));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(at, 4 * piece));
    OK(cuMemUnmap(at, 2 * piece));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(at, values, BYTES));
    OK(cuMemAddressFree(at, 4 * piece));
}

/* Kernels read what may be read alone; one that writes there is at fault. */
TEST_WITH_MODULE(what_may_be_read_alone_is_not_written) {
    const size_t piece = granularity();
    const CUmemAccessDesc reads = {.location = access_all.location,
                                   .flags = CU_MEM_ACCESS_FLAGS_PROT_READ};
    CUmemGenericAllocationHandle handles[2];
    CUdeviceptr at = 0;
    OK(cuMemAddressReserve(&at, 2 * piece, 0, 0, 0));
    for (size_t k = 0; k < 2; k++) {
        OK(cuMemCreate(&handles[k], piece, &properties, 0));
        OK(cuMemMap(at + k * piece, piece, 0, handles[k], 0));
        OK(cuMemRelease(handles[k]));
    }
    OK(cuMemSetAccess(at, piece, &access_all, 1));
    OK(cuMemSetAccess(at + piece, piece, &reads, 1));
    OK(scale(state, at, 2, COUNT, NULL));
    OK(cuCtxSynchronize());
    OK(scale(state, at + piece, 2, COUNT, NULL));
    EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
}

TEST_WITH_CONTEXT(memory_mapped_twice_is_the_same) {
    const size_t piece = granularity();
    CUmemGenericAllocationHandle handle, again;
    CUdeviceptr at = 0;
    unsigned value = 0;
    unsigned long long flags = 0;
    OK(cuMemAddressReserve(&at, 2 * piece, 0, 0, 0));
    OK(cuMemCreate(&handle, piece, &properties, 0));
    OK(cuMemMap(at, piece, 0, handle, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemMap(at, piece, 0, handle, 0));
    OK(cuMemMap(at + piece, piece, 0, handle, 0));
    OK(cuMemGetAccess(&flags, &access_all.location, at));
    assert_int_equal(flags, CU_MEM_ACCESS_FLAGS_PROT_NONE);
    OK(cuMemSetAccess(at, 2 * piece, &access_all, 1));
    OK(cuMemGetAccess(&flags, &access_all.location, at + piece));
    assert_int_equal(flags, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    OK(cuMemsetD32_v2(at + 8, 1234, 1));
    OK(cuMemcpyDtoH_v2(&value, at + piece + 8, sizeof value));
    assert_int_equal(value, 1234);
    OK(cuMemRetainAllocationHandle(&again, pointer_of(at + 8)));
    assert_true(again == handle);
    OK(cuMemRelease(again));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemUnmap(at, piece / 2));
    OK(cuMemUnmap(at, piece));
    OK(cuMemUnmap(at + piece, piece));
    OK(cuMemRelease(handle));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemRelease(handle));
    OK(cuMemAddressFree(at, 2 * piece));
}

TEST_WITH_CONTEXT(memory_is_handed_over_as_a_file) {
    const size_t piece = granularity();
    CUmemGenericAllocationHandle handle, adopted;
    CUmemAllocationProp read = {.type = CU_MEM_ALLOCATION_TYPE_INVALID};
    CUdeviceptr at = 0;
    unsigned value = 0;
    int file = -1;
    OK(cuMemAddressReserve(&at, 2 * piece, 0, 0, 0));
    OK(cuMemCreate(&handle, piece, &properties, 0));
    OK(cuMemExportToShareableHandle(&file, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
    OK(cuMemImportFromShareableHandle(&adopted, pointer_of((uint64_t)file),
                                      CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
    assert_int_equal(close(file), 0);
    OK(cuMemGetAllocationPropertiesFromHandle(&read, adopted));
    assert_int_equal(read.type, CU_MEM_ALLOCATION_TYPE_PINNED);
    OK(cuMemMap(at, piece, 0, handle, 0));
    OK(cuMemMap(at + piece, piece, 0, adopted, 0));
    OK(cuMemSetAccess(at, 2 * piece, &access_all, 1));
    OK(cuMemsetD32_v2(at, 99, 1));
    OK(cuMemcpyDtoH_v2(&value, at + piece, sizeof value));
    assert_int_equal(value, 99);
    OK(cuMemUnmap(at, 2 * piece));
    OK(cuMemRelease(handle));
    OK(cuMemRelease(adopted));
    OK(cuMemAddressFree(at, 2 * piece));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuMemImportFromShareableHandle(&adopted, pointer_of((uint64_t)file),
                                          CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
}

TEST_WITH_CONTEXT(virtual_memory_counts_and_its_misuse_is_refused) {
    const size_t piece = granularity();
    size_t before = 0, during = 0, after = 0, total = 0;
    CUmemGenericAllocationHandle handle;
    CUdeviceptr at = 0;
    OK(cuMemGetInfo_v2(&before, &total));
    OK(cuMemCreate(&handle, piece, &properties, 0));
    OK(cuMemGetInfo_v2(&during, &total));
    OK(cuMemRelease(handle));
    OK(cuMemGetInfo_v2(&after, &total));
    assert_true(before == after && during == before - piece);
    const size_t beyond = (total / piece + 1) * piece;
    EXPECT(CUDA_ERROR_OUT_OF_MEMORY, cuMemCreate(&handle, beyond, &properties, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemCreate(&handle, piece + 1, &properties, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAddressReserve(&at, piece + 1, 0, 0, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAddressReserve(&at, piece, 3, 0, 0));
    OK(cuMemAddressReserve(&at, piece, 16 * piece, 0, 0));
    assert_int_equal(at % (16 * piece), 0);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemMap(at, piece, 0, 12345, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemSetAccess(at, piece, &access_all, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemUnmap(at, piece));
    OK(cuMemCreate(&handle, piece, &properties, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemMap(at, piece, piece, handle, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemMap(at + piece, piece, 0, handle, 0));
    OK(cuMemRelease(handle));
    OK(cuMemAddressFree(at, piece));
}

/* ---- Memory of graphs ---- */

/* Allocates, fills, multiplies, reads and, if asked, frees. */
static CUgraph allocating_graph(void **state, float *results, bool frees, CUdeviceptr *at) {
    CUgraph graph;
    CUstream stream;
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    OK(cuMemAllocAsync(at, BYTES, stream));
    OK(cuMemsetD32Async(*at, 0x40400000, COUNT, stream)); /* 3.0F */
    OK(scale(state, *at, 2, COUNT, stream));
    OK(cuMemcpyDtoHAsync_v2(results, *at, BYTES, stream));
    if (frees)
        OK(cuMemFreeAsync(*at, stream));
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuStreamDestroy_v2(stream));
    return graph;
}

static cuuint64_t graph_bytes(CUgraphMem_attribute attribute) {
    cuuint64_t bytes = 1;
    OK(cuDeviceGetGraphMemAttribute(0, attribute, &bytes));
    return bytes;
}

TEST_WITH_MODULE(a_captured_allocation_lives_within_its_launch) {
    float results[COUNT] = {0};
    CUdeviceptr at = 0;
    CUgraphExec exec;
    CUgraph graph = allocating_graph(state, results, true, &at);
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphDestroy(graph));
    for (int launch = 0; launch < 3; launch++) {
        memset(results, 0, sizeof results);
        OK(cuGraphLaunch(exec, NULL));
        assert_true(results[0] == 6 && results[COUNT - 1] == 6);
        assert_int_equal(graph_bytes(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), 0);
        EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(results, at, BYTES));
    }
    assert_true(graph_bytes(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH) >= BYTES);
    OK(cuGraphExecDestroy(exec));
}

TEST_WITH_MODULE(what_a_graph_leaves_allocated_is_the_programs) {
    float results[COUNT] = {0};
    CUdeviceptr at = 0;
    CUgraphExec exec, freeing;
    CUgraph graph = allocating_graph(state, results, false, &at);
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphInstantiateWithFlags(&freeing, graph,
                                   CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH));
    OK(cuGraphDestroy(graph));
    OK(cuGraphLaunch(exec, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(exec, NULL));
    OK(cuMemcpyDtoH_v2(results, at, BYTES));
    assert_true(results[7] == 6);
    OK(cuMemFree_v2(at));
    OK(cuGraphLaunch(exec, NULL));
    OK(cuMemFreeAsync(at, NULL));
    OK(cuGraphLaunch(freeing, NULL));
    OK(cuGraphLaunch(freeing, NULL));
    OK(cuGraphExecDestroy(freeing));
    OK(cuGraphExecDestroy(exec));
    assert_int_equal(graph_bytes(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), BYTES);
    OK(cuMemcpyDtoH_v2(results, at, BYTES)); /* longer than the graph */
    OK(cuMemFree_v2(at));
}

TEST_WITH_CONTEXT(allocations_are_added_by_hand) {
    CUDA_MEM_ALLOC_NODE_PARAMS parameters = {
        .poolProps = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                      .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE}},
        .bytesize = BYTES};
    CUDA_MEM_ALLOC_NODE_PARAMS read;
    CUgraph graph;
    CUgraphExec exec;
    CUgraphNode allocated, freed, again;
    CUdeviceptr at = 0;
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddMemAllocNode(&allocated, graph, NULL, 0, &parameters));
    assert_true(parameters.dptr);
    OK(cuGraphMemAllocNodeGetParams(allocated, &read));
    assert_true(read.dptr == parameters.dptr && read.bytesize == BYTES);
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGraphAddMemFreeNode(&freed, graph, &allocated, 1, parameters.dptr + 4));
    OK(cuGraphAddMemFreeNode(&freed, graph, &allocated, 1, parameters.dptr));
    OK(cuGraphMemFreeNodeGetParams(freed, &at));
    assert_true(at == parameters.dptr);
    OK(cuGraphAddMemFreeNode(&again, graph, &freed, 1, parameters.dptr));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(exec, NULL)); /* freed twice */
    OK(cuGraphDestroyNode(again));
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphLaunch(exec, NULL));
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
    parameters.bytesize = 0;
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGraphAddMemAllocNode(&allocated, graph, NULL, 0, &parameters));
}

/* ---- Values that streams wait for ---- */

TEST_WITH_CONTEXT(streams_write_values_and_find_them) {
    CUdeviceptr at;
    unsigned values[4] = {0};
    CUstreamBatchMemOpParams steps[2] = {
        {.writeValue = {.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32, .value = 8}},
        {.waitValue = {.operation = CU_STREAM_MEM_OP_WAIT_VALUE_32,
                       .value = 12,
                       .flags = CU_STREAM_WAIT_VALUE_AND}}};
    OK(cuMemAlloc_v2(&at, sizeof values));
    OK(cuMemsetD8_v2(at, 0, sizeof values));
    OK(cuStreamWriteValue32_v2(NULL, at, 5, 0));
    OK(cuStreamWaitValue32_v2(NULL, at, 5, CU_STREAM_WAIT_VALUE_EQ));
    OK(cuStreamWaitValue32_v2(NULL, at, 0xFFFFFFFF, CU_STREAM_WAIT_VALUE_GEQ)); /* -1 */
    OK(cuStreamWaitValue32_v2(NULL, at, 5, CU_STREAM_WAIT_VALUE_NOR));
    OK(cuStreamWriteValue64_v2(NULL, at + 8, 1ULL << 40, 0));
    OK(cuStreamWaitValue64_v2(NULL, at + 8, 1ULL << 40, CU_STREAM_WAIT_VALUE_AND));
    steps[0].writeValue.address = steps[1].waitValue.address = at + 4;
    OK(cuStreamBatchMemOp_v2(NULL, 2, steps, 0));
    OK(cuMemcpyDtoH_v2(values, at, sizeof values));
    assert_true(values[0] == 5 && values[1] == 8 && values[3] == 256);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuStreamWriteValue32_v2(NULL, at + 2, 5, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuStreamWaitValue32_v2(NULL, at, 5, 9));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuStreamWaitValue32_v2(NULL, 64, 5, 0));
    OK(cuMemFree_v2(at));
}

static void *write_later(void *value) {
    __atomic_store_n((unsigned *)value, 3, __ATOMIC_SEQ_CST);
    return NULL;
}

TEST_WITH_CONTEXT(a_stream_waits_for_another_thread) {
    pthread_t thread;
    void *value;
    OK(cuMemHostAlloc(&value, sizeof(unsigned), CU_MEMHOSTALLOC_DEVICEMAP));
    memset(value, 0, sizeof(unsigned));
    assert_int_equal(pthread_create(&thread, NULL, write_later, value), 0);
    OK(cuStreamWaitValue32_v2(NULL, (CUdeviceptr)(uintptr_t)value, 3, CU_STREAM_WAIT_VALUE_EQ));
    assert_int_equal(pthread_join(thread, NULL), 0);
    OK(cuMemFreeHost(value));
}
