/*
 * The parameters of nodes, in the API's forms, as operations. Each function checks what it is given
 * and says what it does not support. NULL is CUDA_ERROR_INVALID_VALUE.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_PREPARE_H
#define LOCKSTEP_EMULATOR_DRIVER_PREPARE_H

#include "emulator/driver/graph.h"

/* `function` takes the place of the parameters' own, unless it is NULL. */
CUresult prepare_kernel(struct driver_operation *operation,
                        const CUDA_KERNEL_NODE_PARAMS_v1 *parameters, CUfunction function);
CUresult prepare_kernel_v2(struct driver_operation *operation,
                           const CUDA_KERNEL_NODE_PARAMS *parameters);
CUresult prepare_copy(struct driver_operation *operation, const CUDA_MEMCPY3D *copy);
CUresult prepare_fill(struct driver_operation *operation, const CUDA_MEMSET_NODE_PARAMS *fill);
CUresult prepare_host(struct driver_operation *operation, const CUDA_HOST_NODE_PARAMS *host);
/* The child stays the program's: the node that is made of this operation copies it. */
CUresult prepare_child(struct driver_operation *operation, CUgraph graph);
/* `type` is EVENT_RECORD or WAIT_EVENT. What is no event is found wrong. */
CUresult prepare_event(struct driver_operation *operation, CUgraphNodeType type, CUevent event);
/* With a copy of the steps. */
CUresult prepare_values(struct driver_operation *operation,
                        const CUDA_BATCH_MEM_OP_NODE_PARAMS *values);
/* Fills in the address. */
CUresult prepare_allocation(struct driver_operation *operation,
                            CUDA_MEM_ALLOC_NODE_PARAMS *parameters);
CUresult prepare_free(struct driver_operation *operation, CUdeviceptr address);
CUresult prepare_any(struct driver_operation *operation, CUgraphNodeParams *parameters);
/* Frees what was prepared and was not made a node's own. */
void prepare_release(struct driver_operation *operation);

#endif
