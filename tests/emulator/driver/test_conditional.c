/* Conditional nodes of graphs: bodies that run by a variable, which kernels set. */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

/* count adds one to *to, and sets the condition to whether it is below `most` yet; set sets it to
 * `most`. */
static const char ptx[] =
    ".version 8.4\n.target sm_80\n.address_size 64\n"
    ".extern .func cudaGraphSetConditional(.param .b64 h, .param .b32 v);\n"
    ".visible .entry count(.param .u64 to, .param .u64 handle, .param .u32 most) {\n"
    ".reg .b64 %rd<4>; .reg .b32 %r<6>; .reg .pred %p<2>;\n"
    "ld.param.u64 %rd1, [to]; ld.param.u64 %rd2, [handle]; ld.param.u32 %r1, [most];\n"
    "ld.global.u32 %r2, [%rd1]; add.u32 %r3, %r2, 1; st.global.u32 [%rd1], %r3;\n"
    "setp.lt.u32 %p1, %r3, %r1; selp.u32 %r4, 1, 0, %p1;\n"
    "{ .param .b64 h; .param .b32 v; st.param.b64 [h], %rd2; st.param.b32 [v], %r4;\n"
    "call.uni cudaGraphSetConditional, (h, v); } ret; }\n"
    ".visible .entry set(.param .u64 to, .param .u64 handle, .param .u32 most) {\n"
    ".reg .b64 %rd<4>; .reg .b32 %r<6>;\n"
    "ld.param.u64 %rd2, [handle]; ld.param.u32 %r1, [most];\n"
    "{ .param .b64 h; .param .b32 v; st.param.b64 [h], %rd2; st.param.b32 [v], %r1;\n"
    "call.uni cudaGraphSetConditional, (h, v); } ret; }\n"
    ".visible .entry add(.param .u64 to, .param .u64 handle, .param .u32 most) {\n"
    ".reg .b64 %rd<4>; .reg .b32 %r<6>;\n"
    "ld.param.u64 %rd1, [to]; ld.param.u32 %r1, [most];\n"
    "ld.global.u32 %r2, [%rd1]; add.u32 %r3, %r2, %r1; st.global.u32 [%rd1], %r3; ret; }\n";

struct here {
    CUmodule module;
    CUgraph graph;
    CUgraphConditionalHandle condition;
    CUdeviceptr number;
};

static struct here here_open(unsigned initial, unsigned flags) {
    struct here here;
    OK(cuModuleLoadData(&here.module, ptx));
    OK(cuGraphCreate(&here.graph, 0));
    OK(cuGraphConditionalHandleCreate(&here.condition, here.graph, NULL, initial, flags));
    OK(cuMemAlloc_v2(&here.number, 4));
    OK(cuMemsetD32_v2(here.number, 0, 1));
    return here;
}

static void here_close(const struct here *here) {
    OK(cuGraphDestroy(here->graph));
    OK(cuMemFree_v2(here->number));
    OK(cuModuleUnload(here->module));
}

static CUgraphNode kernel_add(struct here *here, CUgraph graph, const CUgraphNode *after,
                              const char *name, unsigned value) {
    CUgraphNode node;
    CUfunction function;
    void *parameters[] = {&here->number, &here->condition, &value};
    OK(cuModuleGetFunction(&function, here->module, name));
    CUDA_KERNEL_NODE_PARAMS kernel = {.func = function,
                                      .gridDimX = 1,
                                      .gridDimY = 1,
                                      .gridDimZ = 1,
                                      .blockDimX = 1,
                                      .blockDimY = 1,
                                      .blockDimZ = 1,
                                      .kernelParams = parameters};
    OK(cuGraphAddKernelNode_v2(&node, graph, after, after ? 1 : 0, &kernel));
    return node;
}

static CUresult conditional_add(const struct here *here, const CUgraphNode *after,
                                CUgraphConditionalNodeType type, unsigned size, CUgraph **bodies) {
    CUgraphNode node;
    CUgraphNodeType read;
    CUgraphNodeParams parameters = {
        .type = CU_GRAPH_NODE_TYPE_CONDITIONAL,
        .conditional = {.handle = here->condition, .type = type, .size = size}};
    const CUresult status = cuGraphAddNode(&node, here->graph, after, after ? 1 : 0, &parameters);
    if (status != CUDA_SUCCESS)
        return status;
    OK(cuGraphNodeGetType(node, &read));
    assert_int_equal(read, CU_GRAPH_NODE_TYPE_CONDITIONAL);
    *bodies = parameters.conditional.phGraph_out;
    return CUDA_SUCCESS;
}

/* What the number is after each of two launches. The graph itself is not needed by then. */
static void expect_numbers(struct here *here, unsigned first, unsigned second) {
    CUgraphExec exec;
    const unsigned expected[] = {first, second};
    OK(cuGraphInstantiateWithFlags(&exec, here->graph, 0));
    OK(cuGraphDestroy(here->graph));
    OK(cuGraphCreate(&here->graph, 0));
    for (int i = 0; i < 2; i++) {
        unsigned number = 99;
        OK(cuGraphLaunch(exec, NULL));
        OK(cuMemcpyDtoH_v2(&number, here->number, sizeof number));
        assert_int_equal(number, expected[i]);
    }
    OK(cuGraphExecDestroy(exec));
}

/* The default is true, so the second launch goes round once more. */
TEST_WITH_CONTEXT(a_loop_goes_round_while_its_variable_says_so) {
    CUgraph *bodies;
    struct here here = here_open(1, CU_GRAPH_COND_ASSIGN_DEFAULT);
    OK(conditional_add(&here, NULL, CU_GRAPH_COND_TYPE_WHILE, 1, &bodies));
    (void)kernel_add(&here, bodies[0], NULL, "count", 10);
    expect_numbers(&here, 10, 11);
    here_close(&here);
}

/* Without the flag the variable stays as it was left. */
TEST_WITH_CONTEXT(a_variable_keeps_its_value_between_launches) {
    CUgraph *bodies;
    struct here here = here_open(1, 0);
    OK(conditional_add(&here, NULL, CU_GRAPH_COND_TYPE_WHILE, 1, &bodies));
    (void)kernel_add(&here, bodies[0], NULL, "count", 10);
    expect_numbers(&here, 10, 10);
    here_close(&here);
}

TEST_WITH_CONTEXT(an_if_has_two_ways) {
    for (unsigned value = 0; value < 2; value++) {
        CUgraph *bodies;
        struct here here = here_open(1 - value, CU_GRAPH_COND_ASSIGN_DEFAULT);
        const CUgraphNode first = kernel_add(&here, here.graph, NULL, "set", value);
        OK(conditional_add(&here, &first, CU_GRAPH_COND_TYPE_IF, 2, &bodies));
        (void)kernel_add(&here, bodies[0], NULL, "add", 5);
        (void)kernel_add(&here, bodies[1], NULL, "add", 7);
        expect_numbers(&here, value ? 5 : 7, value ? 10 : 14);
        here_close(&here);
    }
}

TEST_WITH_CONTEXT(a_switch_runs_the_body_of_its_number) {
    static const unsigned expected[] = {1, 10, 100, 0};
    for (unsigned value = 0; value < 4; value++) {
        CUgraph *bodies;
        struct here here = here_open(value, CU_GRAPH_COND_ASSIGN_DEFAULT);
        OK(conditional_add(&here, NULL, CU_GRAPH_COND_TYPE_SWITCH, 3, &bodies));
        for (unsigned k = 0; k < 3; k++)
            (void)kernel_add(&here, bodies[k], NULL, "add", expected[k]);
        expect_numbers(&here, expected[value], 2 * expected[value]);
        here_close(&here);
    }
}

TEST_WITH_CONTEXT(a_loop_that_does_not_end_is_a_timeout) {
    CUgraph *bodies;
    CUgraphExec exec;
    struct here here = here_open(1, 0);
    OK(conditional_add(&here, NULL, CU_GRAPH_COND_TYPE_WHILE, 1, &bodies));
    OK(cuGraphInstantiateWithFlags(&exec, here.graph, 0));
    EXPECT(CUDA_ERROR_LAUNCH_TIMEOUT, cuGraphLaunch(exec, NULL));
    OK(cuGraphExecDestroy(exec));
    here_close(&here);
}

static void nothing_of_the_host(void *ignored) {
    (void)ignored;
}

TEST_WITH_CONTEXT(what_cuda_forbids_is_refused) {
    CUgraph *bodies, other;
    CUgraphNode node;
    CUgraphExec exec;
    CUgraphConditionalHandle handle;
    const CUDA_HOST_NODE_PARAMS host = {.fn = nothing_of_the_host};
    struct here here = here_open(1, 0);
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGraphConditionalHandleCreate(&handle, here.graph, NULL, 0, 2));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphConditionalHandleCreate(NULL, here.graph, NULL, 0, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           conditional_add(&here, NULL, CU_GRAPH_COND_TYPE_WHILE, 2, &bodies));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           conditional_add(&here, NULL, CU_GRAPH_COND_TYPE_IF, 0, &bodies));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           conditional_add(&here, NULL, (CUgraphConditionalNodeType)3, 1, &bodies));
    const struct here wrong = {.graph = here.graph, .condition = here.condition + 4};
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           conditional_add(&wrong, NULL, CU_GRAPH_COND_TYPE_IF, 1, &bodies));
    OK(conditional_add(&here, NULL, CU_GRAPH_COND_TYPE_IF, 1, &bodies));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           conditional_add(&here, NULL, CU_GRAPH_COND_TYPE_IF, 1, &bodies));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(bodies[0]));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuGraphClone(&other, here.graph));
    OK(cuGraphCreate(&other, 0));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuGraphAddChildGraphNode(&node, other, NULL, 0, here.graph));
    OK(cuGraphDestroy(other));
    OK(cuGraphAddHostNode(&node, bodies[0], NULL, 0, &host));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED, cuGraphInstantiateWithFlags(&exec, here.graph, 0));
    here_close(&here);
}

/* A handle is an address; any other faults where the kernel sets it. */
TEST_WITH_CONTEXT(a_handle_that_is_none_is_a_fault) {
    CUfunction function;
    unsigned value = 1;
    struct here here = here_open(0, 0);
    CUgraphConditionalHandle handle = here.condition;
    OK(cuGraphDestroy(here.graph));
    void *parameters[] = {&here.number, &handle, &value};
    OK(cuModuleGetFunction(&function, here.module, "set"));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
}
