/* The emulated driver: nodes of graphs that record events and wait for them, attributes of kernels,
 * and nodes that are changed whatever their type. */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include "emulator/driver/lockstep_emulator.h"

enum { COUNT = 32, BYTES = COUNT * sizeof(float) };

/* A graph of one kernel that doubles an array of ones. */
struct work {
    CUdeviceptr device;
    float factor;
    int count;
    void *parameters[3];
    CUDA_KERNEL_NODE_PARAMS kernel;
    CUgraph graph;
    CUgraphNode node;
};

static void work_open(struct work *work, void **state) {
    *work = (struct work){.factor = 2, .count = COUNT};
    OK(cuMemAlloc_v2(&work->device, BYTES));
    OK(cuMemsetD32_v2(work->device, 0x3f800000, COUNT));
    work->parameters[0] = &work->device;
    work->parameters[1] = &work->factor;
    work->parameters[2] = &work->count;
    work->kernel = (CUDA_KERNEL_NODE_PARAMS){.func = find_function(state, "scale"),
                                             .gridDimX = 1,
                                             .gridDimY = 1,
                                             .gridDimZ = 1,
                                             .blockDimX = COUNT,
                                             .blockDimY = 1,
                                             .blockDimZ = 1,
                                             .kernelParams = work->parameters};
    OK(cuGraphCreate(&work->graph, 0));
    OK(cuGraphAddKernelNode_v2(&work->node, work->graph, NULL, 0, &work->kernel));
}

static float work_first(const struct work *work) {
    float first = -1;
    OK(cuMemcpyDtoH_v2(&first, work->device, sizeof first));
    return first;
}

static void work_close(struct work *work) {
    OK(cuGraphDestroy(work->graph));
    OK(cuMemFree_v2(work->device));
}

static void graph_run(CUgraph graph) {
    CUgraphExec exec;
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphLaunch(exec, NULL));
    OK(cuGraphExecDestroy(exec));
}

/* Whether the event has been recorded: two of them have a time between them, told or not. */
static bool is_recorded(CUevent event) {
    float milliseconds;
    return cuEventElapsedTime(&milliseconds, event, event) == CUDA_ERROR_NOT_SUPPORTED;
}

static void expect_said(const char *words) {
    char last[512] = "";
    lockstepEmulatorMessage(last, sizeof last);
    if (!strstr(last, words))
        fail_msg("'%s' does not say '%s'", last, words);
}

/* ---- Events ---- */

TEST_WITH_MODULE(nodes_record_events_and_wait_for_them) {
    struct work work;
    CUevent first, second, read = NULL;
    CUgraphNode record, wait;
    CUgraphNodeType type;
    CUgraphExec exec;
    work_open(&work, state);
    OK(cuEventCreate(&first, 0));
    OK(cuEventCreate(&second, 0));
    OK(cuGraphAddEventRecordNode(&record, work.graph, &work.node, 1, first));
    OK(cuGraphAddEventWaitNode(&wait, work.graph, &record, 1, first));
    OK(cuGraphNodeGetType(record, &type));
    assert_int_equal(type, CU_GRAPH_NODE_TYPE_EVENT_RECORD);
    OK(cuGraphNodeGetType(wait, &type));
    assert_int_equal(type, CU_GRAPH_NODE_TYPE_WAIT_EVENT);
    OK(cuGraphInstantiateWithFlags(&exec, work.graph, 0));
    assert_false(is_recorded(first));
    OK(cuGraphLaunch(exec, NULL));
    assert_true(is_recorded(first));
    OK(cuGraphExecEventRecordNodeSetEvent(exec, record, second));
    OK(cuGraphExecEventWaitNodeSetEvent(exec, wait, second));
    OK(cuGraphLaunch(exec, NULL));
    assert_true(is_recorded(second));
    OK(cuGraphEventRecordNodeGetEvent(record, &read));
    assert_ptr_equal(read, first); /* the graph keeps its own */
    OK(cuGraphEventRecordNodeSetEvent(record, second));
    OK(cuGraphEventRecordNodeGetEvent(record, &read));
    assert_ptr_equal(read, second);
    OK(cuGraphEventWaitNodeSetEvent(wait, second));
    OK(cuGraphEventWaitNodeGetEvent(wait, &read));
    assert_ptr_equal(read, second);
    OK(cuEventDestroy_v2(second));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuGraphLaunch(exec, NULL));
    expect_said("is no event");
    OK(cuGraphExecDestroy(exec));
    work_close(&work);
}

TEST_WITH_MODULE(wrong_events_are_refused) {
    struct work work;
    CUevent event, gone, read;
    CUgraphNode record, node = NULL;
    CUgraphExec exec;
    work_open(&work, state);
    OK(cuEventCreate(&event, 0));
    OK(cuEventCreate(&gone, 0));
    OK(cuEventDestroy_v2(gone));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddEventRecordNode(&node, work.graph, NULL, 0, gone));
    expect_said("is no event");
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddEventWaitNode(&node, work.graph, NULL, 0, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddEventWaitNode(NULL, work.graph, NULL, 0, event));
    OK(cuGraphAddEventRecordNode(&record, work.graph, NULL, 0, event));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphEventRecordNodeGetEvent(work.node, &read));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphEventRecordNodeGetEvent(record, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphEventWaitNodeGetEvent(record, &read));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphEventRecordNodeSetEvent(record, gone));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphEventWaitNodeSetEvent(record, event));
    OK(cuGraphInstantiateWithFlags(&exec, work.graph, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphExecEventRecordNodeSetEvent(exec, record, gone));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphExecEventRecordNodeSetEvent(exec, work.node, event));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphExecEventWaitNodeSetEvent(exec, record, event));
    OK(cuGraphExecDestroy(exec));
    OK(cuEventDestroy_v2(event));
    work_close(&work);
}

TEST_WITH_MODULE(external_events_become_nodes_of_a_capture) {
    struct work work;
    CUstream stream;
    CUevent event, other;
    CUgraph graph;
    CUgraphNode nodes[4];
    CUgraphNodeType type;
    size_t count = 4;
    work_open(&work, state);
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuEventCreate(&event, 0));
    OK(cuEventCreate(&other, 0));
    OK(cuEventRecord(other, stream));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuEventRecordWithFlags(event, stream, CU_EVENT_RECORD_EXTERNAL));
    expect_said("its stream is not captured");
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuStreamWaitEvent(stream, other, CU_EVENT_WAIT_EXTERNAL));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    OK(cuStreamWaitEvent(stream, other, CU_EVENT_WAIT_EXTERNAL));
    OK(cuMemsetD8Async(work.device, 0, 4, stream));
    OK(cuEventRecordWithFlags(event, stream, CU_EVENT_RECORD_EXTERNAL));
    OK(cuEventQuery(event)); /* it is no event of the capture */
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphGetNodes(graph, nodes, &count));
    assert_int_equal(count, 3);
    OK(cuGraphNodeGetType(nodes[0], &type));
    assert_int_equal(type, CU_GRAPH_NODE_TYPE_WAIT_EVENT);
    OK(cuGraphNodeGetType(nodes[2], &type));
    assert_int_equal(type, CU_GRAPH_NODE_TYPE_EVENT_RECORD);
    count = 0;
    OK(cuGraphGetEdges(graph, NULL, NULL, &count));
    assert_int_equal(count, 2);
    assert_false(is_recorded(event));
    graph_run(graph);
    assert_true(is_recorded(event));
    OK(cuGraphDestroy(graph));
    OK(cuEventDestroy_v2(event));
    OK(cuEventDestroy_v2(other));
    OK(cuStreamDestroy_v2(stream));
    work_close(&work);
}

/* ---- Values in memory ---- */

TEST_WITH_MODULE(nodes_write_values_and_wait_for_them) {
    struct work work;
    CUstream stream;
    CUgraph graph;
    CUgraphNode node, single;
    CUgraphNodeType type;
    CUgraphExec exec;
    CUdeviceptr at;
    unsigned value = 0;
    size_t count = 1;
    CUDA_BATCH_MEM_OP_NODE_PARAMS read;
    work_open(&work, state);
    at = work.device;
    CUstreamBatchMemOpParams steps[2] = {
        {.writeValue = {.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32, .address = at, .value = 7}},
        {.waitValue = {.operation = CU_STREAM_MEM_OP_WAIT_VALUE_32,
                       .address = at,
                       .value = 7,
                       .flags = CU_STREAM_WAIT_VALUE_EQ}}};
    CUDA_BATCH_MEM_OP_NODE_PARAMS parameters = {.count = 2, .paramArray = steps};
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddBatchMemOpNode(&node, graph, NULL, 0, &parameters));
    steps[0].writeValue.value = steps[1].waitValue.value = 8; /* the node has its own */
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphLaunch(exec, NULL));
    OK(cuMemcpyDtoH_v2(&value, at, sizeof value));
    assert_int_equal(value, 7);
    OK(cuGraphExecBatchMemOpNodeSetParams(exec, node, &parameters));
    OK(cuGraphLaunch(exec, NULL));
    OK(cuMemcpyDtoH_v2(&value, at, sizeof value));
    assert_int_equal(value, 8);
    OK(cuGraphBatchMemOpNodeGetParams(node, &read));
    assert_true(read.count == 2 && read.paramArray[0].writeValue.value == 7);
    OK(cuGraphBatchMemOpNodeSetParams(node, &parameters));
    OK(cuGraphBatchMemOpNodeGetParams(node, &read));
    assert_int_equal(read.paramArray[0].writeValue.value, 8);
    steps[0].writeValue.address = at + 1;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphBatchMemOpNodeSetParams(node, &parameters));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphAddBatchMemOpNode(&node, graph, NULL, 0, NULL));
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    OK(cuStreamWriteValue32_v2(stream, at, 9, 0));
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphGetNodes(graph, &single, &count));
    OK(cuGraphNodeGetType(single, &type));
    assert_int_equal(type, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP);
    OK(cuMemcpyDtoH_v2(&value, at, sizeof value));
    assert_int_equal(value, 8);
    graph_run(graph);
    OK(cuMemcpyDtoH_v2(&value, at, sizeof value));
    assert_int_equal(value, 9);
    OK(cuGraphDestroy(graph));
    OK(cuStreamDestroy_v2(stream));
    work_close(&work);
}

/* ---- Attributes of kernels ---- */

TEST_WITH_MODULE(kernels_in_nodes_have_attributes) {
    struct work work;
    CUgraphNode other;
    CUkernelNodeAttrValue value = {.priority = -3}, read;
    work_open(&work, state);
    OK(cuGraphAddKernelNode_v2(&other, work.graph, NULL, 0, &work.kernel));
    OK(cuGraphKernelNodeSetAttribute(work.node, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
    value = (CUkernelNodeAttrValue){.cooperative = 1};
    OK(cuGraphKernelNodeSetAttribute(work.node, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
    OK(cuGraphKernelNodeGetAttribute(other, CU_LAUNCH_ATTRIBUTE_PRIORITY, &read));
    assert_int_equal(read.priority, 0);
    OK(cuGraphKernelNodeCopyAttributes(other, work.node));
    OK(cuGraphKernelNodeGetAttribute(other, CU_LAUNCH_ATTRIBUTE_PRIORITY, &read));
    assert_int_equal(read.priority, -3);
    work.kernel.gridDimX = 2;
    OK(cuGraphKernelNodeSetParams_v2(other, &work.kernel)); /* attributes stay */
    OK(cuGraphKernelNodeGetAttribute(other, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &read));
    assert_int_equal(read.cooperative, 1);
    work.kernel.gridDimX = 1 << 20; /* more than are resident at once */
    EXPECT(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
           cuGraphKernelNodeSetParams_v2(other, &work.kernel));
    OK(cuGraphKernelNodeGetAttribute(other, CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &read));
    assert_int_equal(read.clusterDim.x, 0);
    value = (CUkernelNodeAttrValue){.clusterDim = {2, 1, 1}}; /* this device has no clusters */
    EXPECT(CUDA_ERROR_INVALID_CLUSTER_SIZE,
           cuGraphKernelNodeSetAttribute(other, CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &value));
    EXPECT(
        CUDA_ERROR_INVALID_VALUE,
        cuGraphKernelNodeSetAttribute(other, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGraphKernelNodeGetAttribute(other, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT, &read));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGraphKernelNodeSetAttribute(other, CU_LAUNCH_ATTRIBUTE_PRIORITY, NULL));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED,
           cuGraphKernelNodeSetAttribute(other, CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE,
                                         &value));
    graph_run(work.graph); /* twice doubled */
    assert_true(work_first(&work) == 4);
    work_close(&work);
}

/* ---- Changing nodes of any type ---- */

TEST_WITH_MODULE(nodes_of_any_type_are_changed) {
    struct work work;
    CUgraph outer;
    CUgraphNode child, allocation;
    CUgraphExec exec;
    CUgraphNodeParams parameters = {.type = CU_GRAPH_NODE_TYPE_KERNEL};
    CUDA_MEM_ALLOC_NODE_PARAMS memory = {
        .poolProps = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                      .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}},
        .bytesize = 4};
    work_open(&work, state);
    OK(cuGraphCreate(&outer, 0));
    OK(cuGraphAddChildGraphNode(&child, outer, NULL, 0, work.graph));
    OK(cuGraphInstantiateWithFlags(&exec, outer, 0));
    parameters.kernel = work.kernel;
    work.factor = 10;
    OK(cuGraphNodeSetParams(work.node, &parameters));
    OK(cuGraphLaunch(exec, NULL));
    assert_true(work_first(&work) == 2); /* of the child as it was */
    OK(cuGraphExecChildGraphNodeSetParams(exec, child, work.graph));
    OK(cuGraphLaunch(exec, NULL));
    assert_true(work_first(&work) == 20);
    memset(&parameters, 0, sizeof parameters);
    parameters.type = CU_GRAPH_NODE_TYPE_GRAPH;
    parameters.graph.graph = work.graph;
    OK(cuGraphNodeSetParams(child, &parameters));
    graph_run(outer);
    assert_true(work_first(&work) == 200);
    OK(cuGraphExecNodeSetParams(exec, child, &parameters));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphNodeSetParams(work.node, &parameters));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphNodeSetParams(work.node, NULL));
    OK(cuGraphAddMemAllocNode(&allocation, work.graph, NULL, 0, &memory));
    EXPECT(CUDA_ERROR_INVALID_VALUE, /* of another shape now */
           cuGraphExecChildGraphNodeSetParams(exec, child, work.graph));
    memset(&parameters, 0, sizeof parameters);
    parameters.type = CU_GRAPH_NODE_TYPE_MEM_ALLOC;
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuGraphNodeSetParams(allocation, &parameters));
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(outer));
    work_close(&work);
}

TEST_WITH_MODULE(edges_may_let_nodes_begin_early) {
    CUgraphEdgeData edge = {.from_port = CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC,
                            .type = CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC};
    CUgraphNodeParams parameters = {.type = CU_GRAPH_NODE_TYPE_KERNEL};
    struct work work;
    CUgraphNode second, third;
    CUstream stream;
    CUgraph graph;
    work_open(&work, state);
    parameters.kernel = work.kernel;
    OK(cuGraphAddNode_v2(&second, work.graph, &work.node, &edge, 1, &parameters));
    OK(cuGraphAddNode_v2(&third, work.graph, NULL, NULL, 0, &parameters));
    OK(cuGraphAddDependencies_v2(work.graph, &second, &third, &edge, 1));
    graph_run(work.graph);
    assert_true(work_first(&work) == 8);
    OK(cuGraphRemoveDependencies_v2(work.graph, &second, &third, &edge, 1));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    OK(cuMemsetD8Async(work.device, 0, 4, stream));
    OK(cuStreamUpdateCaptureDependencies_v2(stream, NULL, &edge, 0, 0));
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphDestroy(graph));
    edge.type = CU_GRAPH_DEPENDENCY_TYPE_DEFAULT; /* which has no port */
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGraphAddNode_v2(&third, work.graph, &second, &edge, 1, &parameters));
    edge = (CUgraphEdgeData){.to_port = 1};
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGraphAddDependencies_v2(work.graph, &second, &third, &edge, 1));
    OK(cuStreamDestroy_v2(stream));
    work_close(&work);
}

/* Two graphs whose child graphs differ in shape. */
TEST_WITH_MODULE(updates_look_into_children) {
    struct work work;
    CUgraph first, second;
    CUgraphNode child, node;
    CUgraphExec exec;
    CUgraphExecUpdateResultInfo result;
    work_open(&work, state);
    OK(cuGraphCreate(&first, 0));
    OK(cuGraphAddChildGraphNode(&child, first, NULL, 0, work.graph));
    OK(cuGraphInstantiateWithFlags(&exec, first, 0));
    OK(cuGraphAddEmptyNode(&node, work.graph, NULL, 0));
    OK(cuGraphCreate(&second, 0));
    OK(cuGraphAddChildGraphNode(&child, second, NULL, 0, work.graph));
    EXPECT(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, cuGraphExecUpdate_v2(exec, second, &result));
    assert_int_equal(result.result, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
    OK(cuGraphExecUpdate_v2(exec, first, &result));
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(first));
    OK(cuGraphDestroy(second));
    work_close(&work);
}
