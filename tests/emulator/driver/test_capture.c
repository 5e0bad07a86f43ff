/* The emulated driver: work that is captured into graphs, and what a capture forbids. */
#include "tests/support/graph_work.h"
#include "tests/support/test.h"

TEST_WITH_MODULE(captured_work_runs_at_each_launch) {
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

TEST_WITH_MODULE(capture_spreads_by_events_and_joins) {
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

TEST_WITH_MODULE(unjoined_work_spoils_a_capture) {
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

TEST_WITH_MODULE(forbidden_calls_invalidate_a_capture) {
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

TEST_WITH_MODULE(waiting_for_copies_and_fills_invalidates_a_capture) {
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

TEST_WITH_MODULE(captures_do_not_mix) {
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
TEST_WITH_MODULE(launches_are_captured_too) {
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
