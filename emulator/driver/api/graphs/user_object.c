/* cuUserObject*, and the references that graphs have. */
#include <limits.h>

#include "emulator/driver/api/graphs/api_graph.h"
#include "emulator/driver/graph.h"
#include "emulator/driver/user_object.h"

CUresult cuUserObjectCreate(CUuserObject *object, void *data, CUhostFn destroy, unsigned int count,
                            unsigned int flags) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && (!object || !destroy || !count || count > INT_MAX ||
                                   flags != CU_USER_OBJECT_NO_DESTRUCTOR_SYNC))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = user_object_open(destroy, data, count, object);
    return driver_end(status);
}

static CUresult object_begin(CUuserObject handle, struct driver_user_object **object) {
    const CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? user_object_find(handle, object) : status;
}

CUresult cuUserObjectRetain(CUuserObject handle, unsigned int count) {
    struct driver_user_object *object;
    CUresult status = object_begin(handle, &object);
    if (status == CUDA_SUCCESS && (!count || count > INT_MAX))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        object->held_by_program += count;
    return driver_end(status);
}

CUresult cuUserObjectRelease(CUuserObject handle, unsigned int count) {
    struct driver_user_object *object;
    CUresult status = object_begin(handle, &object);
    if (status == CUDA_SUCCESS)
        status = user_object_release(object, count);
    return driver_end(status);
}

CUresult cuGraphRetainUserObject(CUgraph graph_handle, CUuserObject handle, unsigned int count,
                                 unsigned int flags) {
    const bool moves = flags == CU_GRAPH_USER_OBJECT_MOVE;
    struct driver_user_object *object;
    struct driver_graph *graph;
    CUresult status = object_begin(handle, &object);
    if (status == CUDA_SUCCESS)
        status = graph_find(graph_handle, &graph);
    if (status == CUDA_SUCCESS && (!count || count > INT_MAX || (flags && !moves) ||
                                   (moves && count > object->held_by_program)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = user_references_add(&graph->user_objects, object, count);
    if (status == CUDA_SUCCESS && moves)
        status = user_object_release(object, count);
    return driver_end(status);
}

CUresult cuGraphReleaseUserObject(CUgraph graph_handle, CUuserObject handle, unsigned int count) {
    struct driver_user_object *object;
    struct driver_graph *graph;
    CUresult status = object_begin(handle, &object);
    if (status == CUDA_SUCCESS)
        status = graph_find(graph_handle, &graph);
    if (status == CUDA_SUCCESS)
        status = user_references_remove(&graph->user_objects, object, count);
    return driver_end(status);
}
