/* Operations and the graphs that are made of them, run. */
#include "emulator/driver/execute.h"

#include "emulator/driver/capture.h"
#include "emulator/driver/conditional.h"
#include "emulator/driver/memory/allocation.h"
#include "emulator/driver/memory/copy.h"
#include "emulator/driver/memory/fill.h"
#include "emulator/driver/stream_value.h"

static CUresult operation_execute(struct driver_context *context,
                                  const struct driver_operation *operation);

/* Runs the nodes of a sorted graph, until one fails or the context is closed. A host function lets
 * other threads close it, and open the primary one again. */
static CUresult graph_execute(struct driver_context *context, const struct driver_graph *graph) {
    const uint64_t identifier = context->identifier;
    CUresult status = CUDA_SUCCESS;
    driver_enter_context(context);
    for (size_t i = 0; i < graph->count && status == CUDA_SUCCESS && context->error == CUDA_SUCCESS;
         i++) {
        if (!context->active || context->identifier != identifier)
            status = CUDA_ERROR_CONTEXT_IS_DESTROYED;
        else if (!graph->nodes[i]->disabled)
            status = operation_execute(context, &graph->nodes[i]->operation);
    }
    driver_leave_context(context);
    return status;
}

/* A loop that goes round so often is taken for one that does not end. */
static CUresult conditional_execute(struct driver_context *context,
                                    const struct driver_conditional *conditional) {
    enum { MOST_ROUNDS = 1 << 20 };
    const bool is_loop = conditional->type == CU_GRAPH_COND_TYPE_WHILE;
    for (unsigned round = 0; round < MOST_ROUNDS; round++) {
        const struct driver_graph *body = conditional_choose(conditional);
        const CUresult status = body ? graph_execute(context, body) : CUDA_SUCCESS;
        if (!is_loop || !body || status != CUDA_SUCCESS || context->error != CUDA_SUCCESS)
            return status;
    }
    driver_find("a conditional node of a graph has gone round %d times: its condition stays true",
                MOST_ROUNDS);
    return CUDA_ERROR_LAUNCH_TIMEOUT;
}

static CUresult free_execute(CUdeviceptr address) {
    return allocation_free_at("node of a graph that frees", address, ~0U);
}

/* What the node waits for is done, so there is an event to look for, and no more. */
static CUresult event_execute(CUgraphNodeType type, CUevent handle) {
    struct driver_event *event;
    const CUresult status = event_find(handle, &event);
    if (status == CUDA_SUCCESS && type == CU_GRAPH_NODE_TYPE_EVENT_RECORD)
        event_record(event);
    return status;
}

static CUresult operation_execute(struct driver_context *context,
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
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
        return event_execute(operation->type, operation->event);
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        return stream_values_execute(operation->values.paramArray, operation->values.count);
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
        return allocation_fill(context, operation->region);
    case CU_GRAPH_NODE_TYPE_MEM_FREE:
        return free_execute(operation->freed);
    case CU_GRAPH_NODE_TYPE_CONDITIONAL:
        return conditional_execute(context, operation->conditional);
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
