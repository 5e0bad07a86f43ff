/* The emulated driver: what is destroyed while the driver waits for a host function, and what a
 * host function may call. */
#define TESTS_OWN_MAIN
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <unistd.h>

/* ---- A graph whose first node waits for another thread ---- */

/* What the thread does while the launch is under way, and what came of it. */
struct intruder {
    CUresult (*act)(const struct intruder *intruder);
    CUresult result;
    CUcontext context;
    CUgraphExec exec, other_exec;
    CUgraph graph;
    CUmodule module;
    CUstream stream;
    CUevent event;
    int calls_behind; /* of the host nodes behind the first */
};

static void *intruder_thread(void *data) {
    struct intruder *intruder = data;
    intruder->result = cuCtxSetCurrent(intruder->context);
    if (intruder->result == CUDA_SUCCESS)
        intruder->result = intruder->act(intruder);
    return NULL;
}

static void call_intruder(void *data) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, intruder_thread, data), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void call_behind(void *data) {
    ((struct intruder *)data)->calls_behind++;
}

/* The intruder's node, and three that count behind it. */
static CUgraph intruder_graph(struct intruder *intruder) {
    CUgraph graph;
    CUgraphNode node;
    const CUDA_HOST_NODE_PARAMS first = {call_intruder, intruder}, behind = {call_behind, intruder};
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphAddHostNode(&node, graph, NULL, 0, &first));
    for (int i = 0; i < 3; i++)
        OK(cuGraphAddHostNode(&node, graph, &node, 1, &behind));
    return graph;
}

static void intruder_instantiate(struct intruder *intruder, CUgraph graph) {
    OK(cuGraphInstantiateWithFlags(&intruder->exec, graph, 0));
    OK(cuGraphDestroy(graph));
}

/* ---- Contexts ---- */

static CUresult destroy_context(const struct intruder *intruder) {
    return cuCtxDestroy_v2(intruder->context);
}

TEST(a_destroyed_context_ends_the_launch) {
    CUcontext popped;
    struct intruder intruder = {.act = destroy_context};
    OK(cuInit(0));
    OK(cuCtxCreate_v4(&intruder.context, NULL, 0, 0));
    intruder_instantiate(&intruder, intruder_graph(&intruder));
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuGraphLaunch(intruder.exec, NULL));
    OK(intruder.result);
    assert_int_equal(intruder.calls_behind, 0);
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuGraphLaunch(intruder.exec, NULL));
    OK(cuCtxPopCurrent_v2(&popped));
    assert_ptr_equal(popped, intruder.context);
    OK(cuGraphExecDestroy(intruder.exec));
}

TEST(a_destroyed_context_ends_child_graphs) {
    CUgraph parent, child;
    CUgraphNode node;
    struct intruder intruder = {.act = destroy_context};
    const CUDA_HOST_NODE_PARAMS behind = {call_behind, &intruder};
    OK(cuCtxCreate_v4(&intruder.context, NULL, 0, 0));
    child = intruder_graph(&intruder);
    OK(cuGraphCreate(&parent, 0));
    OK(cuGraphAddChildGraphNode(&node, parent, NULL, 0, child));
    OK(cuGraphAddHostNode(&node, parent, &node, 1, &behind));
    OK(cuGraphDestroy(child));
    intruder_instantiate(&intruder, parent);
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuGraphLaunch(intruder.exec, NULL));
    OK(intruder.result);
    assert_int_equal(intruder.calls_behind, 0);
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuGraphExecDestroy(intruder.exec));
}

static CUresult launch_other(const struct intruder *intruder) {
    return cuGraphLaunch(intruder->other_exec, NULL);
}

TEST(a_destroyed_context_ends_all_launches_in_it) {
    struct intruder outer = {.act = launch_other}, inner = {.act = destroy_context};
    OK(cuCtxCreate_v4(&outer.context, NULL, 0, 0));
    inner.context = outer.context;
    intruder_instantiate(&inner, intruder_graph(&inner));
    intruder_instantiate(&outer, intruder_graph(&outer));
    outer.other_exec = inner.exec;
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuGraphLaunch(outer.exec, NULL));
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, outer.result);
    OK(inner.result);
    assert_int_equal(outer.calls_behind + inner.calls_behind, 0);
    OK(cuCtxPopCurrent_v2(NULL));
    OK(cuGraphExecDestroy(inner.exec));
    OK(cuGraphExecDestroy(outer.exec));
}

TEST(a_context_may_be_destroyed_in_a_callback) {
    struct intruder intruder = {.act = destroy_context};
    OK(cuCtxCreate_v4(&intruder.context, NULL, 0, 0));
    OK(cuLaunchHostFunc(NULL, call_intruder, &intruder));
    OK(intruder.result);
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuCtxSynchronize());
    OK(cuCtxPopCurrent_v2(NULL));
}

static CUresult reset_primary(const struct intruder *intruder) {
    (void)intruder;
    return cuDevicePrimaryCtxReset_v2(0);
}

static CUresult reopen_primary(const struct intruder *intruder) {
    CUcontext context;
    CUresult status = reset_primary(intruder);
    return status == CUDA_SUCCESS ? cuDevicePrimaryCtxRetain(&context, 0) : status;
}

static void launch_in_primary(CUresult (*act)(const struct intruder *intruder), int retained) {
    struct intruder intruder = {.act = act};
    OK(cuDevicePrimaryCtxRetain(&intruder.context, 0));
    OK(cuCtxPushCurrent_v2(intruder.context));
    intruder_instantiate(&intruder, intruder_graph(&intruder));
    EXPECT(CUDA_ERROR_CONTEXT_IS_DESTROYED, cuGraphLaunch(intruder.exec, NULL));
    OK(intruder.result);
    assert_int_equal(intruder.calls_behind, 0);
    OK(cuGraphExecDestroy(intruder.exec));
    OK(cuCtxPopCurrent_v2(NULL));
    while (retained-- > 0)
        OK(cuDevicePrimaryCtxRelease_v2(0));
}

TEST(a_reset_primary_context_ends_the_launch) {
    launch_in_primary(reset_primary, 1);
}

/* The new state of the context is not that in which the launch began. */
TEST(a_primary_context_opened_again_ends_the_launch) {
    launch_in_primary(reopen_primary, 2);
}

/* ---- What a launch does not hold on to ---- */

static CUresult destroy_exec(const struct intruder *intruder) {
    CUresult status = cuGraphExecDestroy(intruder->exec);
    return status == CUDA_SUCCESS && cuGraphExecDestroy(intruder->exec) == CUDA_SUCCESS
               ? CUDA_ERROR_UNKNOWN
               : status;
}

TEST_WITH_MODULE(a_destroyed_executable_runs_to_its_end) {
    const struct fixture *fixture = *state;
    struct intruder intruder = {.act = destroy_exec, .context = fixture->context};
    intruder_instantiate(&intruder, intruder_graph(&intruder));
    OK(cuGraphLaunch(intruder.exec, NULL));
    OK(intruder.result);
    assert_int_equal(intruder.calls_behind, 3);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(intruder.exec, NULL));
}

static CUresult update_exec(const struct intruder *intruder) {
    CUgraphExecUpdateResultInfo info;
    return cuGraphExecUpdate_v2(intruder->exec, intruder->graph, &info);
}

TEST_WITH_MODULE(a_running_executable_is_not_updated) {
    const struct fixture *fixture = *state;
    struct intruder intruder = {.act = update_exec, .context = fixture->context};
    intruder_instantiate(&intruder, intruder_graph(&intruder));
    intruder.graph = intruder_graph(&intruder);
    OK(cuGraphLaunch(intruder.exec, NULL));
    EXPECT(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, intruder.result);
    assert_int_equal(intruder.calls_behind, 3);
    OK(cuGraphDestroy(intruder.graph));
    OK(cuGraphExecDestroy(intruder.exec));
}

static CUresult destroy_parts(const struct intruder *intruder) {
    CUresult status = cuStreamDestroy_v2(intruder->stream);
    if (status == CUDA_SUCCESS)
        status = cuEventDestroy_v2(intruder->event);
    return status == CUDA_SUCCESS ? cuModuleUnload(intruder->module) : status;
}

/* The kernel's node finds out that its module is gone. */
TEST_WITH_MODULE(parts_of_a_context_may_go_while_a_graph_runs) {
    const struct fixture *fixture = *state;
    CUgraphNode node;
    float factor = 2;
    int count = 1;
    CUdeviceptr address;
    void *parameters[] = {&address, &factor, &count};
    struct intruder intruder = {
        .act = destroy_parts, .context = fixture->context, .module = fixture->module};
    CUDA_KERNEL_NODE_PARAMS kernel = {.func = find_function(state, "scale"),
                                      .gridDimX = 1,
                                      .gridDimY = 1,
                                      .gridDimZ = 1,
                                      .blockDimX = 32,
                                      .blockDimY = 1,
                                      .blockDimZ = 1,
                                      .kernelParams = parameters};
    OK(cuMemAlloc_v2(&address, sizeof factor));
    OK(cuStreamCreate(&intruder.stream, 0));
    OK(cuEventCreate(&intruder.event, 0));
    OK(cuEventRecord(intruder.event, intruder.stream));
    CUgraph graph = intruder_graph(&intruder);
    OK(cuGraphAddKernelNode_v2(&node, graph, NULL, 0, &kernel));
    intruder_instantiate(&intruder, graph);
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuGraphLaunch(intruder.exec, intruder.stream));
    OK(intruder.result);
    assert_int_equal(intruder.calls_behind, 3);
    OK(cuGraphExecDestroy(intruder.exec));
}

/* ---- Inside a host function ---- */

struct forbidden {
    CUcontext context;
    CUgraphExec exec;
    CUgraph graph;
    CUstream stream;
    CUevent event;
    CUmodule module;
    CUmemoryPool pool;
    const char *let_through;
};

/* Asks for everything that would end an object, or needs no context; notes the first call that was
 * let through. */
static void call_forbidden(void *data) {
    struct forbidden *forbidden = data;
    CUcontext context = NULL;
    int count;
    const struct {
        const char *name;
        CUresult status;
    } calls[] = {
        {"cuCtxDestroy", cuCtxDestroy_v2(forbidden->context)},
        {"cuGraphExecDestroy", cuGraphExecDestroy(forbidden->exec)},
        {"cuGraphDestroy", cuGraphDestroy(forbidden->graph)},
        {"cuStreamDestroy", cuStreamDestroy_v2(forbidden->stream)},
        {"cuEventDestroy", cuEventDestroy_v2(forbidden->event)},
        {"cuModuleUnload", cuModuleUnload(forbidden->module)},
        {"cuMemPoolDestroy", cuMemPoolDestroy(forbidden->pool)},
        {"cuDevicePrimaryCtxReset", cuDevicePrimaryCtxReset_v2(0)},
        {"cuCtxGetCurrent", cuCtxGetCurrent(&context)},
        {"cuCtxSetCurrent", cuCtxSetCurrent(NULL)},
        {"cuDeviceGetCount", cuDeviceGetCount(&count)},
        {"cuInit", cuInit(0)},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls && !forbidden->let_through; i++)
        if (calls[i].status != CUDA_ERROR_NOT_PERMITTED)
            forbidden->let_through = calls[i].name;
}

TEST_WITH_MODULE(host_functions_call_nothing) {
    const struct fixture *fixture = *state;
    const CUmemPoolProps properties = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                                       .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
    struct forbidden forbidden = {.context = fixture->context, .module = fixture->module};
    const CUDA_HOST_NODE_PARAMS call = {call_forbidden, &forbidden};
    CUgraphNode node;
    OK(cuStreamCreate(&forbidden.stream, 0));
    OK(cuEventCreate(&forbidden.event, 0));
    OK(cuMemPoolCreate(&forbidden.pool, &properties));
    OK(cuGraphCreate(&forbidden.graph, 0));
    OK(cuGraphAddHostNode(&node, forbidden.graph, NULL, 0, &call));
    OK(cuGraphAddHostNode(&node, forbidden.graph, &node, 1, &call));
    OK(cuGraphInstantiateWithFlags(&forbidden.exec, forbidden.graph, 0));
    OK(cuGraphLaunch(forbidden.exec, forbidden.stream));
    if (forbidden.let_through)
        fail_msg("a host function may call %s", forbidden.let_through);
    OK(cuGraphExecDestroy(forbidden.exec));
    OK(cuGraphDestroy(forbidden.graph));
    OK(cuMemPoolDestroy(forbidden.pool));
    OK(cuEventDestroy_v2(forbidden.event));
    OK(cuStreamDestroy_v2(forbidden.stream));
}

int main(void) {
    alarm(60); /* a crash inside the driver keeps its lock, for which the next test would wait */
    return tests_run(NULL, NULL);
}
