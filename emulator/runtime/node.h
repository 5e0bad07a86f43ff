/* Parameters of nodes as the driver has them, and as the runtime does. */
#ifndef LOCKSTEP_EMULATOR_RUNTIME_NODE_H
#define LOCKSTEP_EMULATOR_RUNTIME_NODE_H

#include "emulator/runtime/types.h"

/* The driver's, of the runtime's. */
CUresult node_describe_kernel(const struct cudaKernelNodeParams *from,
                              CUDA_KERNEL_NODE_PARAMS *parameters);
CUresult node_describe(const CUgraphNodeParams *from, CUgraphNodeParams *parameters);
/* A copy of bytes in a row. */
struct cudaMemcpy3DParms node_line(void *to, const void *from, size_t bytes,
                                   enum cudaMemcpyKind kind);
/* Likewise, with a variable on one side; the error is the thread's last one. */
cudaError_t node_line_to_symbol(const void *symbol, const void *from, size_t bytes, size_t offset,
                                enum cudaMemcpyKind kind, struct cudaMemcpy3DParms *copy);
cudaError_t node_line_from_symbol(void *to, const void *symbol, size_t bytes, size_t offset,
                                  enum cudaMemcpyKind kind, struct cudaMemcpy3DParms *copy);
/* The beginning of a call that names a context. */
CUresult node_context(CUcontext *context);

#endif
