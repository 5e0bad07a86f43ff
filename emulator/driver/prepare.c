/* The parameters of nodes, in the API's forms, as operations. */
#include "emulator/driver/prepare.h"

#include <string.h>

#include "emulator/driver/condition.h"
#include "emulator/driver/conditional.h"
#include "emulator/driver/event.h"
#include "emulator/driver/memory/copy.h"
#include "emulator/driver/memory/fill.h"
#include "emulator/driver/memory/region.h"
#include "emulator/driver/stream_value.h"

CUresult prepare_kernel(struct driver_operation *operation,
                        const CUDA_KERNEL_NODE_PARAMS_v1 *parameters, CUfunction function) {
    if (!parameters)
        return CUDA_ERROR_INVALID_VALUE;
    const struct kernel_request request = {
        .function = function ? function : parameters->func,
        .grid = {parameters->gridDimX, parameters->gridDimY, parameters->gridDimZ},
        .block = {parameters->blockDimX, parameters->blockDimY, parameters->blockDimZ},
        .dynamic_shared = parameters->sharedMemBytes,
        .parameters = parameters->kernelParams,
        .extra = parameters->extra,
    };
    operation->type = CU_GRAPH_NODE_TYPE_KERNEL;
    return kernel_prepare(&operation->kernel, &request);
}

/* The newer form may name a CUkernel in place of a function. */
CUresult prepare_kernel_v2(struct driver_operation *operation,
                           const CUDA_KERNEL_NODE_PARAMS *parameters) {
    CUDA_KERNEL_NODE_PARAMS_v1 first;
    if (!parameters)
        return CUDA_ERROR_INVALID_VALUE;
    memcpy(&first, parameters, sizeof first);
    return prepare_kernel(operation, &first,
                          parameters->func ? NULL : (CUfunction)parameters->kern);
}

CUresult prepare_copy(struct driver_operation *operation, const CUDA_MEMCPY3D *copy) {
    if (!copy)
        return CUDA_ERROR_INVALID_VALUE;
    *operation = (struct driver_operation){.type = CU_GRAPH_NODE_TYPE_MEMCPY, .copy = *copy};
    return copy_check(copy);
}

CUresult prepare_fill(struct driver_operation *operation, const CUDA_MEMSET_NODE_PARAMS *fill) {
    if (!fill)
        return CUDA_ERROR_INVALID_VALUE;
    *operation = (struct driver_operation){.type = CU_GRAPH_NODE_TYPE_MEMSET, .fill = *fill};
    return fill_check(fill);
}

CUresult prepare_host(struct driver_operation *operation, const CUDA_HOST_NODE_PARAMS *host) {
    if (!host || !host->fn)
        return CUDA_ERROR_INVALID_VALUE;
    *operation = (struct driver_operation){.type = CU_GRAPH_NODE_TYPE_HOST, .host = *host};
    return CUDA_SUCCESS;
}

CUresult prepare_child(struct driver_operation *operation, CUgraph graph) {
    struct driver_graph *child;
    CUresult status = graph_find(graph, &child);
    if (status == CUDA_SUCCESS && graph_is_conditional(child))
        status = CUDA_ERROR_NOT_SUPPORTED; /* in CUDA too: its variables would be in two places */
    if (status == CUDA_SUCCESS)
        *operation = (struct driver_operation){.type = CU_GRAPH_NODE_TYPE_GRAPH, .child = child};
    return status;
}

CUresult prepare_event(struct driver_operation *operation, CUgraphNodeType type, CUevent handle) {
    struct driver_event *event;
    *operation = (struct driver_operation){.type = type, .event = handle};
    return event_find(handle, &event) == CUDA_SUCCESS ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult prepare_values(struct driver_operation *operation,
                        const CUDA_BATCH_MEM_OP_NODE_PARAMS *values) {
    if (!values)
        return CUDA_ERROR_INVALID_VALUE;
    const CUresult status = stream_values_check(values->paramArray, values->count, values->flags);
    return status == CUDA_SUCCESS ? operation_set_values(operation, values) : status;
}

CUresult prepare_allocation(struct driver_operation *operation,
                            CUDA_MEM_ALLOC_NODE_PARAMS *parameters) {
    if (!parameters || parameters->poolProps.allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
        parameters->poolProps.location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
        !driver_has_device(parameters->poolProps.location.id))
        return CUDA_ERROR_INVALID_VALUE;
    *operation = (struct driver_operation){.type = CU_GRAPH_NODE_TYPE_MEM_ALLOC};
    const CUresult status = region_open(parameters->bytesize, &operation->region);
    if (status == CUDA_SUCCESS)
        parameters->dptr = operation->region->address;
    return status;
}

CUresult prepare_free(struct driver_operation *operation, CUdeviceptr address) {
    const struct driver_region *region = region_find(address);
    *operation = (struct driver_operation){.type = CU_GRAPH_NODE_TYPE_MEM_FREE, .freed = address};
    return region && region->address == address ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* With empty bodies, of which the node that is made has copies. */
static CUresult prepare_conditional(struct driver_operation *operation,
                                    const CUDA_CONDITIONAL_NODE_PARAMS *parameters) {
    static const unsigned most[] = {[CU_GRAPH_COND_TYPE_IF] = 2,
                                    [CU_GRAPH_COND_TYPE_WHILE] = 1,
                                    [CU_GRAPH_COND_TYPE_SWITCH] = 1 << 16};
    struct driver_condition *condition = condition_find(parameters->handle);
    if (!condition || condition->is_taken ||
        (unsigned)parameters->type >= sizeof most / sizeof most[0] || !parameters->size ||
        parameters->size > most[parameters->type])
        return CUDA_ERROR_INVALID_VALUE;
    *operation = (struct driver_operation){
        .type = CU_GRAPH_NODE_TYPE_CONDITIONAL,
        .conditional = conditional_open(condition, parameters->type, parameters->size)};
    return operation->conditional ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

void prepare_release(struct driver_operation *operation) {
    if (operation->type == CU_GRAPH_NODE_TYPE_BATCH_MEM_OP)
        operation_release(operation);
    if (operation->type == CU_GRAPH_NODE_TYPE_KERNEL)
        kernel_release(&operation->kernel);
    if (operation->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC)
        region_release(operation->region);
    if (operation->type == CU_GRAPH_NODE_TYPE_CONDITIONAL)
        conditional_free(operation->conditional);
}

CUresult prepare_any(struct driver_operation *operation, CUgraphNodeParams *parameters) {
    CUDA_MEMSET_NODE_PARAMS fill;
    switch ((int)parameters->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        return prepare_kernel_v2(operation, &parameters->kernel);
    case CU_GRAPH_NODE_TYPE_MEMCPY:
        return prepare_copy(operation, &parameters->memcpy.copyParams);
    case CU_GRAPH_NODE_TYPE_MEMSET:
        memcpy(&fill, &parameters->memset,
               sizeof fill); /* the newer form adds the context at its end */
        return prepare_fill(operation, &fill);
    case CU_GRAPH_NODE_TYPE_HOST:
        return prepare_host(operation, &parameters->host);
    case CU_GRAPH_NODE_TYPE_GRAPH:
        return prepare_child(operation, parameters->graph.graph);
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
        return prepare_event(operation, parameters->type, parameters->eventRecord.event);
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
        return prepare_event(operation, parameters->type, parameters->eventWait.event);
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        return prepare_values(operation, &parameters->memOp);
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
        return prepare_allocation(operation, &parameters->alloc);
    case CU_GRAPH_NODE_TYPE_MEM_FREE:
        return prepare_free(operation, parameters->free.dptr);
    case CU_GRAPH_NODE_TYPE_CONDITIONAL:
        return prepare_conditional(operation, &parameters->conditional);
    case CU_GRAPH_NODE_TYPE_EMPTY:
        *operation = (struct driver_operation){.type = CU_GRAPH_NODE_TYPE_EMPTY};
        return CUDA_SUCCESS;
    default:
        driver_say("cuGraphAddNode: nodes of type %d are not supported", (int)parameters->type);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
}
