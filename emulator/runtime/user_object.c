/* User objects, which are the driver's. */
#include "emulator/runtime/runtime.h"

RUNTIME_API cudaError_t cudaUserObjectCreate(CUuserObject *object, void *data, CUhostFn destroy,
                                             unsigned count, unsigned flags) {
    RUNTIME_RETURN(cuUserObjectCreate(object, data, destroy, count, flags));
}

RUNTIME_API cudaError_t cudaUserObjectRetain(CUuserObject object, unsigned count) {
    RUNTIME_RETURN(cuUserObjectRetain(object, count));
}

RUNTIME_API cudaError_t cudaUserObjectRelease(CUuserObject object, unsigned count) {
    RUNTIME_RETURN(cuUserObjectRelease(object, count));
}

RUNTIME_API cudaError_t cudaGraphRetainUserObject(CUgraph graph, CUuserObject object,
                                                  unsigned count, unsigned flags) {
    RUNTIME_RETURN(cuGraphRetainUserObject(graph, object, count, flags));
}

RUNTIME_API cudaError_t cudaGraphReleaseUserObject(CUgraph graph, CUuserObject object,
                                                   unsigned count) {
    RUNTIME_RETURN(cuGraphReleaseUserObject(graph, object, count));
}
