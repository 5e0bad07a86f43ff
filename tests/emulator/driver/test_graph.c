/* The emulated driver: graphs built by hand and by capture, instantiated, changed, updated and
 * launched. */
#include "tests/support/emulator_driver.h"

#include <unistd.h>

enum { COUNT = 64, BYTES = COUNT * sizeof(float) };

/* Two buffers on the host, one on the device, and a kernel that multiplies it. */
struct work {
    float from[COUNT], to[COUNT], factor;
    int count, host_calls;
    CUdeviceptr device;
    CUfunction scale;
    void *parameters[3];
};

static void work_open(struct work *work, void **state) {
    memset(work, 0, sizeof *work);
    for (int i = 0; i < COUNT; i++)
        work->from[i] = (float)i;
    work->factor = 2;
    work->count = COUNT;
    work->scale = find_function(state, "scale");
    OK(cuMemAlloc_v2(&work->device, BYTES));
    OK(cuMemsetD8_v2(work->device, 0xFF, BYTES));
    work->parameters[0] = &work->device;
    work->parameters[1] = &work->factor;
    work->parameters[2] = &work->count;
}

static void count_call(void *data) {
    ((struct work *)data)->host_calls++;
}

/* Up, twice the factor, down, told to the host. */
static void work_submit(struct work *work, CUstream stream) {
    OK(cuMemcpyHtoDAsync_v2(work->device, work->from, BYTES, stream));
    OK(cuLaunchKernel(work->scale, 2, 1, 1, 32, 1, 1, 0, stream, work->parameters, NULL));
    OK(cuLaunchKernel(work->scale, 2, 1, 1, 32, 1, 1, 0, stream, work->parameters, NULL));
    OK(cuMemcpyDtoHAsync_v2(work->to, work->device, BYTES, stream));
    OK(cuLaunchHostFunc(stream, count_call, work));
}

static void work_expect(const struct work *work, float factor) {
    for (int i = 0; i < COUNT; i++)
        assert_true(work->to[i] == factor * (float)i);
}

static CUDA_KERNEL_NODE_PARAMS work_kernel(struct work *work) {
    return (CUDA_KERNEL_NODE_PARAMS){.func = work->scale,
                                     .gridDimX = 2,
                                     .gridDimY = 1,
                                     .gridDimZ = 1,
                                     .blockDimX = 32,
                                     .blockDimY = 1,
                                     .blockDimZ = 1,
                                     .kernelParams = work->parameters};
}

static CUDA_MEMCPY3D work_up(struct work *work) {
    return (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_HOST,
                           .srcHost = work->from,
                           .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                           .dstDevice = work->device,
                           .WidthInBytes = BYTES,
                           .Height = 1,
                           .Depth = 1};
}

static CUDA_MEMCPY3D work_down(struct work *work) {
    return (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                           .srcDevice = work->device,
                           .dstMemoryType = CU_MEMORYTYPE_HOST,
                           .dstHost = work->to,
                           .WidthInBytes = BYTES,
                           .Height = 1,
                           .Depth = 1};
}

static size_t node_count(CUgraph graph) {
    size_t count = 0;
    OK(cuGraphGetNodes(graph, NULL, &count));
    return count;
}

/* ---- Capture ---- */

static void captured_work_runs_at_each_launch(void **state) {
    struct work work;
    CUstream stream;
    CUgraph graph;
    CUgraphExec exec;
    CUstreamCaptureStatus capturing = CU_STREAM_CAPTURE_STATUS_NONE;
    cuuint64_t identifier = 0;
    const CUgraphNode *pending = NULL;
    size_t pending_count = 0;
    work_open(&work, state);
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    EXPECT(CUDA_ERROR_ILLEGAL_STATE,
           cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    work_submit(&work, stream);
    OK(cuStreamIsCapturing(stream, &capturing));
    assert_int_equal(capturing, CU_STREAM_CAPTURE_STATUS_ACTIVE);
    OK(cuStreamGetCaptureInfo_v2(stream, &capturing, &identifier, &graph, &pending,
                                 &pending_count));
    assert_true(identifier > 0);
    assert_int_equal(pending_count, 1);
    assert_int_equal(node_count(graph), 5);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(graph)); /* it still belongs to the capture */
    OK(cuStreamEndCapture(stream, &graph));
    assert_int_equal(work.host_calls, 0);
    assert_int_equal(node_count(graph), 5);
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphDestroy(graph));
    for (int launch = 1; launch <= 3; launch++) {
        memset(work.to, 0, sizeof work.to);
        OK(cuGraphLaunch(exec, stream));
        OK(cuStreamSynchronize(stream));
        work_expect(&work, 4);
        assert_int_equal(work.host_calls, launch);
    }
    OK(cuGraphExecDestroy(exec));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(exec, stream));
    EXPECT(CUDA_ERROR_ILLEGAL_STATE, cuStreamEndCapture(stream, &graph));
    OK(cuStreamDestroy_v2(stream));
}

static void capture_spreads_by_events_and_joins(void **state) {
    struct work work;
    CUstream main_stream, side, passing;
    CUevent fork, join;
    CUgraph graph;
    size_t edges = 0, roots = 0;
    work_open(&work, state);
    OK(cuStreamCreate(&main_stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&side, CU_STREAM_NON_BLOCKING));
    OK(cuEventCreate(&fork, CU_EVENT_DISABLE_TIMING));
    OK(cuEventCreate(&join, CU_EVENT_DISABLE_TIMING));
    OK(cuStreamBeginCapture_v2(main_stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    OK(cuMemcpyHtoDAsync_v2(work.device, work.from, BYTES, main_stream));
    OK(cuEventRecord(fork, main_stream));
    OK(cuStreamWaitEvent(side, fork, 0));
    OK(cuStreamCreate(&passing, CU_STREAM_NON_BLOCKING));
    OK(cuStreamWaitEvent(passing, fork, 0));
    OK(cuStreamDestroy_v2(passing)); /* it leaves no work behind */
    OK(cuMemsetD8Async(work.device, 0, 4, side));
    OK(cuMemsetD8Async(work.device + 4, 0, 4, main_stream));
    EXPECT(CUDA_ERROR_CAPTURED_EVENT, cuEventQuery(fork));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, cuStreamEndCapture(side, &graph));
    OK(cuEventRecord(join, side));
    OK(cuStreamWaitEvent(main_stream, join, 0));
    OK(cuMemcpyDtoHAsync_v2(work.to, work.device, BYTES, main_stream));
    OK(cuStreamEndCapture(main_stream, &graph));
    assert_int_equal(node_count(graph), 4);
    OK(cuGraphGetEdges(graph, NULL, NULL, &edges));
    assert_int_equal(edges, 4); /* a diamond */
    OK(cuGraphGetRootNodes(graph, NULL, &roots));
    assert_int_equal(roots, 1);
    OK(cuGraphDestroy(graph));
    OK(cuMemsetD8Async(work.device, 0, 4, side)); /* no longer captured */
    OK(cuEventDestroy_v2(fork));
    OK(cuEventDestroy_v2(join));
    OK(cuStreamDestroy_v2(side));
    OK(cuStreamDestroy_v2(main_stream));
}

static void unjoined_work_spoils_a_capture(void **state) {
    struct work work;
    CUstream main_stream, side;
    CUevent fork;
    CUgraph graph = NULL;
    work_open(&work, state);
    OK(cuStreamCreate(&main_stream, 0));
    OK(cuStreamCreate(&side, 0));
    OK(cuEventCreate(&fork, 0));
    OK(cuStreamBeginCapture_v2(main_stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    OK(cuEventRecord(fork, main_stream));
    OK(cuStreamWaitEvent(side, fork, 0));
    OK(cuMemsetD8Async(work.device, 0, 4, side));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, cuStreamEndCapture(main_stream, &graph));
    assert_null(graph);
    OK(cuStreamSynchronize(side));
}

static void forbidden_calls_invalidate_a_capture(void **state) {
    struct work work;
    CUstream stream, blocking;
    CUgraph graph;
    CUdeviceptr address;
    CUstreamCaptureStatus capturing;
    CUstreamCaptureMode relaxed = CU_STREAM_CAPTURE_MODE_RELAXED;
    CUmodule module;
    static const char no_kernels[] = ".version 7.0\n.target sm_75\n.address_size 64\n";
    work_open(&work, state);
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc_v2(&address, 16));
    OK(cuStreamIsCapturing(stream, &capturing));
    assert_int_equal(capturing, CU_STREAM_CAPTURE_STATUS_INVALIDATED);
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuMemsetD8Async(work.device, 0, 4, stream));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamSynchronize(stream));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemPrefetchAsync(work.device, 16, 0, stream));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuModuleLoadData(&module, no_kernels));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
    OK(cuModuleLoadData(&module, no_kernels));
    OK(cuStreamBeginCapture_v2(blocking, CU_STREAM_CAPTURE_MODE_RELAXED));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, cuMemsetD8Async(work.device, 0, 4, NULL));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(blocking, &graph));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
           cuStreamBeginCapture_v2(NULL, CU_STREAM_CAPTURE_MODE_GLOBAL));
    OK(cuThreadExchangeStreamCaptureMode(&relaxed));
    assert_int_equal(relaxed, CU_STREAM_CAPTURE_MODE_GLOBAL);
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    OK(cuMemAlloc_v2(&address, 16));
    OK(cuThreadExchangeStreamCaptureMode(&relaxed));
    OK(cuStreamDestroy_v2(stream)); /* takes its capture with it */
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamEndCapture(stream, &graph));
}

/* Calls that the program waits for. */
static CUresult wait_for_upload(struct work *work) {
    return cuMemcpyHtoD_v2(work->device, work->from, BYTES);
}

static CUresult wait_for_box(struct work *work) {
    const CUDA_MEMCPY3D down = work_down(work);
    return cuMemcpy3D_v2(&down);
}

static CUresult wait_for_fill(struct work *work) {
    return cuMemsetD8_v2(work->device, 0, BYTES);
}

static CUresult wait_for_plane(struct work *work) {
    return cuMemsetD2D32_v2(work->device, 16, 0, 2, 2);
}

static void waiting_for_copies_and_fills_invalidates_a_capture(void **state) {
    static CUresult (*const waits[])(struct work * work) = {wait_for_upload, wait_for_box,
                                                            wait_for_fill, wait_for_plane};
    struct work work;
    CUstream apart, blocking;
    CUgraph graph;
    work_open(&work, state);
    OK(cuStreamCreate(&apart, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        OK(cuStreamBeginCapture_v2(apart, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
        EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, waits[i](&work));
        EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(apart, &graph));
        OK(cuStreamBeginCapture_v2(apart, CU_STREAM_CAPTURE_MODE_RELAXED));
        OK(waits[i](&work)); /* neither the mode nor the legacy stream forbids it */
        OK(cuStreamEndCapture(apart, &graph));
        OK(cuGraphDestroy(graph));
        OK(cuStreamBeginCapture_v2(blocking, CU_STREAM_CAPTURE_MODE_RELAXED));
        EXPECT(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, waits[i](&work));
        EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(blocking, &graph));
    }
}

static void captures_do_not_mix(void **state) {
    (void)state;
    CUstream first, second;
    CUevent before, inside;
    CUgraph graph;
    OK(cuStreamCreate(&first, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&second, CU_STREAM_NON_BLOCKING));
    OK(cuEventCreate(&before, 0));
    OK(cuEventCreate(&inside, 0));
    OK(cuEventRecord(before, second));
    OK(cuStreamBeginCapture_v2(first, CU_STREAM_CAPTURE_MODE_RELAXED));
    OK(cuStreamBeginCapture_v2(second, CU_STREAM_CAPTURE_MODE_RELAXED));
    OK(cuEventRecord(inside, first));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_MERGE, cuStreamWaitEvent(second, inside, 0));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(first, &graph));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(second, &graph));
    OK(cuStreamBeginCapture_v2(first, CU_STREAM_CAPTURE_MODE_RELAXED));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, cuStreamWaitEvent(first, before, 0));
    EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(first, &graph));
}

/* ---- Built by hand ---- */

static void graphs_are_built_of_nodes(void **state) {
    struct work work;
    CUgraph graph;
    CUgraphExec exec;
    CUgraphNode up, kernel, fill, down, host, end, found[3];
    CUgraphNodeType type;
    size_t count = 3;
    work_open(&work, state);
    CUDA_MEMCPY3D up_copy = work_up(&work), down_copy = work_down(&work);
    CUDA_KERNEL_NODE_PARAMS kernel_parameters = work_kernel(&work);
    CUDA_MEMSET_NODE_PARAMS zeros = {work.device, 0, 0, 4, 2, 1};
    CUDA_HOST_NODE_PARAMS call = {count_call, &work};
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddMemcpyNode(&down, graph, NULL, 0, &down_copy, NULL)); /* not in order */
    OK(cuGraphAddMemcpyNode(&up, graph, NULL, 0, &up_copy, NULL));
    OK(cuGraphAddKernelNode_v2(&kernel, graph, &up, 1, &kernel_parameters));
    OK(cuGraphAddMemsetNode(&fill, graph, &kernel, 1, &zeros, NULL));
    OK(cuGraphAddDependencies(graph, &fill, &down, 1));
    OK(cuGraphAddHostNode(&host, graph, &down, 1, &call));
    OK(cuGraphAddEmptyNode(&end, graph, &host, 1));
    OK(cuGraphNodeGetType(fill, &type));
    assert_int_equal(type, CU_GRAPH_NODE_TYPE_MEMSET);
    OK(cuGraphNodeGetDependencies(down, found, &count));
    assert_int_equal(count, 1);
    assert_ptr_equal(found[0], fill);
    assert_null(found[1]);
    count = 3;
    OK(cuGraphNodeGetDependentNodes_v2(kernel, found, NULL, &count));
    assert_int_equal(count, 1);
    assert_ptr_equal(found[0], fill);
    OK(cuGraphInstantiate_v2(&exec, graph, NULL, NULL, 0));
    OK(cuGraphLaunch(exec, NULL));
    assert_true(work.to[1] == 0 && work.to[2] == 4 && work.to[63] == 126);
    assert_int_equal(work.host_calls, 1);
    OK(cuGraphDestroyNode(fill));
    assert_int_equal(node_count(graph), 5);
    count = 3;
    OK(cuGraphNodeGetDependencies(down, found, &count));
    assert_int_equal(count, 0);
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphNodeGetType(up, &type));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(graph));
}

static void cycles_and_strangers_are_refused(void **state) {
    (void)state;
    CUgraph graph, other;
    CUgraphNode a, b, stranger;
    CUgraphExec exec;
    char log[100] = "";
    CUDA_GRAPH_INSTANTIATE_PARAMS parameters = {.flags = 0};
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphCreate(&other, 0));
    OK(cuGraphAddEmptyNode(&a, graph, NULL, 0));
    OK(cuGraphAddEmptyNode(&b, graph, &a, 1));
    OK(cuGraphAddEmptyNode(&stranger, other, NULL, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddEmptyNode(&a, graph, &stranger, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(graph, &stranger, &a, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(graph, &a, &b, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddDependencies(graph, &a, &a, 1));
    OK(cuGraphAddDependencies(graph, &b, &a, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphInstantiate_v2(&exec, graph, NULL, log, sizeof log));
    assert_non_null(strstr(log, "cycle"));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphInstantiateWithParams(&exec, graph, &parameters));
    assert_int_equal(parameters.result_out, CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE);
    OK(cuGraphRemoveDependencies(graph, &b, &a, 1));
    OK(cuGraphInstantiateWithParams(&exec, graph, &parameters));
    assert_int_equal(parameters.result_out, CUDA_GRAPH_INSTANTIATE_SUCCESS);
    EXPECT(CUDA_ERROR_NOT_SUPPORTED,
           cuGraphInstantiateWithFlags(&exec, graph, CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphCreate(&graph, 1));
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
    OK(cuGraphDestroy(other));
}

static void clones_and_children_are_copies(void **state) {
    struct work work;
    CUgraph graph, clone, parent, inner;
    CUgraphNode kernel, found, child;
    CUgraphExec exec;
    work_open(&work, state);
    CUDA_KERNEL_NODE_PARAMS parameters = work_kernel(&work);
    OK(cuMemcpyHtoD_v2(work.device, work.from, BYTES));
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddKernelNode_v2(&kernel, graph, NULL, 0, &parameters));
    OK(cuGraphClone(&clone, graph));
    OK(cuGraphNodeFindInClone(&found, kernel, clone));
    assert_ptr_not_equal(found, kernel);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphNodeFindInClone(&found, found, clone));
    OK(cuGraphCreate(&parent, 0));
    OK(cuGraphAddChildGraphNode(&child, parent, NULL, 0, clone));
    OK(cuGraphDestroy(clone));
    OK(cuGraphDestroy(graph));
    OK(cuGraphChildGraphNodeGetGraph(child, &inner));
    assert_int_equal(node_count(inner), 1);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(inner));
    OK(cuGraphInstantiateWithFlags(&exec, parent, 0));
    OK(cuGraphLaunch(exec, NULL));
    OK(cuMemcpyDtoH_v2(work.to, work.device, BYTES));
    work_expect(&work, 2);
    OK(cuGraphDestroy(parent));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddEmptyNode(&child, inner, NULL, 0));
    OK(cuGraphExecDestroy(exec));
}

static void any_node_comes_from_one_call(void **state) {
    struct work work;
    CUgraph graph;
    CUgraphNode up, kernel, down;
    CUgraphExec exec;
    work_open(&work, state);
    CUgraphNodeParams parameters = {.type = CU_GRAPH_NODE_TYPE_MEMCPY};
    parameters.memcpy.copyParams = work_up(&work);
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddNode(&up, graph, NULL, 0, &parameters));
    memset(&parameters, 0, sizeof parameters);
    parameters.type = CU_GRAPH_NODE_TYPE_KERNEL;
    parameters.kernel = work_kernel(&work);
    OK(cuGraphAddNode_v2(&kernel, graph, &up, NULL, 1, &parameters));
    memset(&parameters, 0, sizeof parameters);
    parameters.type = CU_GRAPH_NODE_TYPE_MEMCPY;
    parameters.memcpy.copyParams = work_down(&work);
    OK(cuGraphAddNode(&down, graph, &kernel, 1, &parameters));
    parameters.type = CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL;
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuGraphAddNode(&down, graph, NULL, 0, &parameters));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphLaunch(exec, NULL));
    work_expect(&work, 2);
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
}

/* ---- Changing ---- */

static void parameters_can_be_read_and_changed(void **state) {
    struct work work;
    CUgraph graph;
    CUgraphNode kernel;
    CUgraphExec exec;
    CUDA_KERNEL_NODE_PARAMS read;
    CUDA_MEMCPY3D copy;
    float factor = 10;
    unsigned enabled = 9;
    work_open(&work, state);
    CUDA_KERNEL_NODE_PARAMS parameters = work_kernel(&work);
    void *changed[] = {&work.device, &factor, &work.count};
    OK(cuMemcpyHtoD_v2(work.device, work.from, BYTES));
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddKernelNode_v2(&kernel, graph, NULL, 0, &parameters));
    work.factor = 1000; /* the node has taken its own copy */
    OK(cuGraphKernelNodeGetParams_v2(kernel, &read));
    assert_ptr_equal(read.func, work.scale);
    assert_true(*(const float *)read.kernelParams[1] == 2);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphMemcpyNodeGetParams(kernel, &copy));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    parameters.kernelParams = changed;
    OK(cuGraphExecKernelNodeSetParams_v2(exec, kernel, &parameters));
    OK(cuGraphLaunch(exec, NULL));
    OK(cuMemcpyDtoH_v2(work.to, work.device, BYTES));
    work_expect(&work, 10);
    OK(cuGraphNodeSetEnabled(exec, kernel, 0));
    OK(cuGraphNodeGetEnabled(exec, kernel, &enabled));
    assert_int_equal(enabled, 0);
    OK(cuGraphLaunch(exec, NULL));
    OK(cuMemcpyDtoH_v2(work.to, work.device, BYTES));
    work_expect(&work, 10);
    parameters.blockDimX = 2000;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphKernelNodeSetParams_v2(kernel, &parameters));
    parameters.blockDimX = 64;
    parameters.gridDimX = 1;
    OK(cuGraphKernelNodeSetParams_v2(kernel, &parameters));
    OK(cuGraphKernelNodeGetParams_v2(kernel, &read));
    assert_int_equal(read.blockDimX, 64);
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
}

static void graphs_of_the_same_shape_update(void **state) {
    struct work work;
    CUstream stream;
    CUgraph first, second, longer;
    CUgraphExec exec;
    CUgraphExecUpdateResultInfo result;
    CUgraphNode extra;
    work_open(&work, state);
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    work_submit(&work, stream);
    OK(cuStreamEndCapture(stream, &first));
    work.factor = 3;
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    work_submit(&work, stream);
    OK(cuStreamEndCapture(stream, &second));
    OK(cuGraphInstantiateWithFlags(&exec, first, 0));
    OK(cuGraphExecUpdate_v2(exec, second, &result));
    assert_int_equal(result.result, CU_GRAPH_EXEC_UPDATE_SUCCESS);
    OK(cuGraphLaunch(exec, stream));
    work_expect(&work, 9);
    OK(cuGraphClone(&longer, second));
    OK(cuGraphAddEmptyNode(&extra, longer, NULL, 0));
    EXPECT(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, cuGraphExecUpdate_v2(exec, longer, &result));
    assert_int_equal(result.result, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(first));
    OK(cuGraphDestroy(second));
    OK(cuGraphDestroy(longer));
}

static void launches_are_captured_too(void **state) {
    struct work work;
    CUstream stream;
    CUgraph inner, outer;
    CUgraphExec inner_exec, outer_exec;
    work_open(&work, state);
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    work_submit(&work, stream);
    OK(cuStreamEndCapture(stream, &inner));
    OK(cuGraphInstantiateWithFlags(&inner_exec, inner, 0));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    OK(cuGraphLaunch(inner_exec, stream));
    OK(cuGraphLaunch(inner_exec, stream));
    OK(cuStreamEndCapture(stream, &outer));
    assert_int_equal(node_count(outer), 2);
    OK(cuGraphExecDestroy(inner_exec));
    OK(cuGraphInstantiateWithFlags(&outer_exec, outer, 0));
    OK(cuGraphLaunch(outer_exec, stream));
    assert_int_equal(work.host_calls, 2);
    work_expect(&work, 4);
    OK(cuGraphExecDestroy(outer_exec));
    OK(cuGraphDestroy(inner));
    OK(cuGraphDestroy(outer));
}

static void a_fault_in_a_graph_breaks_the_context(void **state) {
    struct work work;
    CUgraph graph;
    CUgraphNode trap, host;
    CUgraphExec exec;
    work_open(&work, state);
    CUDA_KERNEL_NODE_PARAMS parameters = {.func = find_function(state, "trap_now"),
                                          .gridDimX = 1,
                                          .gridDimY = 1,
                                          .gridDimZ = 1,
                                          .blockDimX = 1,
                                          .blockDimY = 1,
                                          .blockDimZ = 1};
    CUDA_HOST_NODE_PARAMS call = {count_call, &work};
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddKernelNode_v2(&trap, graph, NULL, 0, &parameters));
    OK(cuGraphAddHostNode(&host, graph, &trap, 1, &call));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphLaunch(exec, NULL));
    EXPECT(CUDA_ERROR_LAUNCH_FAILED, cuCtxSynchronize());
    assert_int_equal(work.host_calls, 0); /* what depends on the kernel never ran */
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
}

static void graphs_are_printed(void **state) {
    struct work work;
    CUgraph graph;
    CUgraphNode first, second;
    char path[] = "/tmp/lockstep_graph_XXXXXX", text[1024] = "", edge[100];
    work_open(&work, state);
    const CUDA_KERNEL_NODE_PARAMS kernel = work_kernel(&work);
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddEmptyNode(&first, graph, NULL, 0));
    OK(cuGraphAddKernelNode_v2(&second, graph, &first, 1, &kernel));
    const int file = mkstemp(path);
    assert_true(file >= 0);
    OK(cuGraphDebugDotPrint(graph, path, 0));
    assert_true(read(file, text, sizeof text - 1) > 0);
    snprintf(edge, sizeof edge, "\"%p\" -> \"%p\";", (void *)first, (void *)second);
    assert_non_null(strstr(text, "digraph"));
    assert_non_null(strstr(text, "EMPTY"));
    assert_non_null(strstr(text, "KERNEL\\nscale"));
    assert_non_null(strstr(text, edge));
    assert_int_equal(close(file), 0);
    assert_int_equal(unlink(path), 0);
    EXPECT(CUDA_ERROR_OPERATING_SYSTEM, cuGraphDebugDotPrint(graph, "/no/such/folder/f", 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphDebugDotPrint(graph, NULL, 0));
    OK(cuGraphDestroy(graph));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_MODULE(captured_work_runs_at_each_launch),
        WITH_MODULE(capture_spreads_by_events_and_joins),
        WITH_MODULE(unjoined_work_spoils_a_capture),
        WITH_MODULE(forbidden_calls_invalidate_a_capture),
        WITH_MODULE(waiting_for_copies_and_fills_invalidates_a_capture),
        WITH_MODULE(captures_do_not_mix),
        WITH_MODULE(graphs_are_built_of_nodes),
        WITH_MODULE(cycles_and_strangers_are_refused),
        WITH_MODULE(clones_and_children_are_copies),
        WITH_MODULE(any_node_comes_from_one_call),
        WITH_MODULE(parameters_can_be_read_and_changed),
        WITH_MODULE(graphs_of_the_same_shape_update),
        WITH_MODULE(launches_are_captured_too),
        WITH_MODULE(a_fault_in_a_graph_breaks_the_context),
        WITH_MODULE(graphs_are_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
