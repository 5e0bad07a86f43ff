/* The emulated driver: graphs built by hand, instantiated, changed, updated and launched. */
#include "tests/support/graph_work.h"
#include "tests/support/test.h"

#include <unistd.h>

TEST_WITH_MODULE(graphs_are_built_of_nodes) {
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

TEST_WITH_MODULE(cycles_and_strangers_are_refused) {
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

TEST_WITH_MODULE(clones_and_children_are_copies) {
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

TEST_WITH_MODULE(any_node_comes_from_one_call) {
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

TEST_WITH_MODULE(parameters_can_be_read_and_changed) {
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

TEST_WITH_MODULE(graphs_of_the_same_shape_update) {
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
TEST_WITH_MODULE(a_fault_in_a_graph_breaks_the_context) {
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

TEST_WITH_MODULE(graphs_are_printed) {
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
