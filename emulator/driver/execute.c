/* What a stream can be given to do: run, copied, freed. */
#include "emulator/driver/operation.h"

#include "emulator/driver/graph.h"

CUresult operation_clone(struct driver_operation *to, const struct driver_operation *from) {
    *to = *from;
    switch ((int)from->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        return kernel_clone(&to->kernel, &from->kernel);
    case CU_GRAPH_NODE_TYPE_GRAPH:
        to->child = graph_clone(from->child, true);
        if (to->child)
            to->child->owned = true;
        return to->child ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    default:
        return CUDA_SUCCESS;
    }
}

void operation_release(struct driver_operation *operation) {
    if (operation->type == CU_GRAPH_NODE_TYPE_KERNEL)
        kernel_release(&operation->kernel);
    if (operation->type == CU_GRAPH_NODE_TYPE_GRAPH && operation->child)
        graph_free(operation->child);
    operation->type = CU_GRAPH_NODE_TYPE_EMPTY;
}

CUresult operation_execute(struct driver_context *context,
                           const struct driver_operation *operation) {
    switch ((int)operation->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        return kernel_execute(context, &operation->kernel);
    case CU_GRAPH_NODE_TYPE_MEMCPY:
        return copy_execute(&operation->copy);
    case CU_GRAPH_NODE_TYPE_MEMSET:
        return fill_execute(&operation->fill);
    case CU_GRAPH_NODE_TYPE_HOST:
        driver_call_host(operation->host.fn, operation->host.userData);
        return CUDA_SUCCESS;
    case CU_GRAPH_NODE_TYPE_GRAPH:
        return graph_execute(context, operation->child);
    default:
        return CUDA_SUCCESS;
    }
}

CUresult operation_submit(struct driver_stream *stream, const struct driver_operation *operation) {
    if (stream->capture)
        return capture_add(stream, operation);
    CUresult status = capture_forbid_implicit(stream);
    return status == CUDA_SUCCESS ? operation_execute(stream->context, operation) : status;
}
