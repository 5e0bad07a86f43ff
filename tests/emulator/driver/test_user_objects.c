/* The emulated driver: user objects, destroyed when neither the program nor a graph has a
 * reference. */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

struct object {
    CUuserObject handle;
    int destroyed;
    CUresult inside; /* of a call that its destructor makes */
};

static void destroy(void *data) {
    struct object *object = data;
    int count;
    object->destroyed++;
    object->inside = cuDeviceGetCount(&count);
}

static void object_open(struct object *object, unsigned references) {
    *object = (struct object){NULL, 0, CUDA_SUCCESS};
    OK(cuUserObjectCreate(&object->handle, object, destroy, references,
                          CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
}

TEST_WITH_CONTEXT(the_last_reference_destroys) {
    struct object object;
    object_open(&object, 2);
    OK(cuUserObjectRetain(object.handle, 3));
    OK(cuUserObjectRelease(object.handle, 4));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectRelease(object.handle, 2));
    assert_int_equal(object.destroyed, 0);
    OK(cuUserObjectRelease(object.handle, 1));
    assert_int_equal(object.destroyed, 1);
    assert_int_equal(object.inside, CUDA_ERROR_NOT_PERMITTED);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectRetain(object.handle, 1));
}

/* A graph, its clone and what was made of it each have the graph's references. */
TEST_WITH_CONTEXT(graphs_have_references) {
    struct object object;
    CUgraph graph, clone;
    CUgraphExec exec;
    object_open(&object, 1);
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphRetainUserObject(graph, object.handle, 1, CU_GRAPH_USER_OBJECT_MOVE));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectRelease(object.handle, 1));
    OK(cuGraphClone(&clone, graph));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphDestroy(graph));
    OK(cuGraphLaunch(exec, NULL));
    OK(cuGraphReleaseUserObject(clone, object.handle, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphReleaseUserObject(clone, object.handle, 1));
    assert_int_equal(object.destroyed, 0);
    OK(cuGraphExecDestroy(exec));
    assert_int_equal(object.destroyed, 1);
    OK(cuGraphDestroy(clone));
    assert_int_equal(object.destroyed, 1);
}

/* The references of a child graph are its copy's in the parent; an update puts the new graph's in
 * place. */
TEST_WITH_CONTEXT(updates_and_children_take_references_along) {
    struct object first, second;
    CUgraph graph, child;
    CUgraphNode node;
    CUgraphExec exec;
    CUgraphExecUpdateResultInfo info;
    object_open(&first, 1);
    object_open(&second, 1);
    OK(cuGraphCreate(&child, 0));
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphRetainUserObject(child, first.handle, 1, 0));
    OK(cuGraphAddChildGraphNode(&node, graph, NULL, 0, child));
    OK(cuUserObjectRelease(first.handle, 1));
    OK(cuGraphDestroy(child));
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphDestroy(graph));
    assert_int_equal(first.destroyed, 0);
    OK(cuGraphCreate(&child, 0));
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphRetainUserObject(graph, second.handle, 1, CU_GRAPH_USER_OBJECT_MOVE));
    OK(cuGraphAddChildGraphNode(&node, graph, NULL, 0, child));
    OK(cuGraphExecUpdate_v2(exec, graph, &info));
    assert_int_equal(first.destroyed, 1);
    OK(cuGraphDestroy(graph));
    OK(cuGraphDestroy(child));
    assert_int_equal(second.destroyed, 0);
    OK(cuGraphExecDestroy(exec));
    assert_int_equal(second.destroyed, 1);
}

TEST_WITH_CONTEXT(what_makes_no_sense_is_refused) {
    const unsigned flags = CU_USER_OBJECT_NO_DESTRUCTOR_SYNC;
    struct object object;
    CUuserObject handle;
    CUgraph graph;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectCreate(NULL, &object, destroy, 1, flags));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectCreate(&handle, &object, NULL, 1, flags));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectCreate(&handle, &object, destroy, 0, flags));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectCreate(&handle, &object, destroy, 1, 0));
    object_open(&object, 1);
    OK(cuGraphCreate(&graph, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectRetain(object.handle, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuUserObjectRelease(object.handle, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphRetainUserObject(graph, object.handle, 0, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphRetainUserObject(graph, object.handle, 1, 2));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphRetainUserObject(NULL, object.handle, 1, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuGraphRetainUserObject(graph, object.handle, 2, CU_GRAPH_USER_OBJECT_MOVE));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuGraphReleaseUserObject(graph, object.handle, 1));
    OK(cuGraphDestroy(graph));
    OK(cuUserObjectRelease(object.handle, 1));
    assert_int_equal(object.destroyed, 1);
}

/* What is left at the end is forgotten: its destructor is not called, and nothing is lost. */
TEST_WITH_CONTEXT(what_is_left_is_freed) {
    static struct object left;
    CUgraph graph;
    object_open(&left, 1);
    OK(cuGraphCreate(&graph, 0));
    OK(cuGraphRetainUserObject(graph, left.handle, 5, 0));
}
