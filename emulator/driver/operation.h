/*
 * What a stream can be given to do: a kernel, a copy, a fill, a host function, a graph, nothing.
 * The same value is run at once, or becomes a node when the stream is capturing.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_OPERATION_H
#define LOCKSTEP_EMULATOR_DRIVER_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "emulator/driver/state.h"

struct driver_graph;

struct driver_kernel {
    CUfunction function; /* found again at each launch: its module may be gone by then */
    unsigned grid[3], block[3];
    size_t dynamic_shared;
    bool cooperative;
    size_t parameter_count, parameter_bytes;
    unsigned char *parameters; /* packed; owned */
    void **pointers;           /* to each parameter in `parameters`; owned */
};

struct driver_operation {
    CUgraphNodeType type; /* KERNEL, MEMCPY, MEMSET, HOST, GRAPH or EMPTY */
    union {
        struct driver_kernel kernel;
        CUDA_MEMCPY3D copy;
        CUDA_MEMSET_NODE_PARAMS fill;
        CUDA_HOST_NODE_PARAMS host;
        struct driver_graph *child; /* owned */
    };
};

/* ---- driver_operation.c ---- */

CUresult operation_clone(struct driver_operation *to, const struct driver_operation *from);
void operation_release(struct driver_operation *operation);
CUresult operation_execute(struct driver_context *context,
                           const struct driver_operation *operation);
/* Runs the operation, or adds it to the capture of the stream. The caller keeps what it owns. */
CUresult operation_submit(struct driver_stream *stream, const struct driver_operation *operation);

/* ---- driver_launch.c ---- */

/* What a program says about a launch, in any of the API's forms. */
struct kernel_request {
    CUfunction function;
    unsigned grid[3], block[3];
    unsigned dynamic_shared;
    bool cooperative;
    void **parameters, **extra;
};

/* Checks the request against the function and the device and packs the parameters. */
CUresult kernel_prepare(struct driver_kernel *kernel, const struct kernel_request *request);
CUresult kernel_clone(struct driver_kernel *to, const struct driver_kernel *from);
void kernel_release(struct driver_kernel *kernel);
CUresult kernel_execute(struct driver_context *context, const struct driver_kernel *kernel);

/* ---- driver_copy.c ---- */

CUresult copy_check(const CUDA_MEMCPY3D *copy);
CUresult copy_execute(const CUDA_MEMCPY3D *copy);

/* ---- driver_fill.c ---- */

CUresult fill_check(const CUDA_MEMSET_NODE_PARAMS *fill);
CUresult fill_execute(const CUDA_MEMSET_NODE_PARAMS *fill);

#endif
