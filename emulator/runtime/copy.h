/* Copies in every form. */
#ifndef LOCKSTEP_EMULATOR_RUNTIME_COPY_H
#define LOCKSTEP_EMULATOR_RUNTIME_COPY_H

#include <stdbool.h>

#include "emulator/runtime/types.h"

/* Of bytes. `is_async` says that it goes into the stream. */
CUresult copy_bytes(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                    CUstream stream, bool is_async);
bool copy_is_kind(enum cudaMemcpyKind kind);
/* The error of a copy of no kind, which is found wrong. */
cudaError_t copy_refuse_kind(enum cudaMemcpyKind kind);
/* The driver's structure for a copy of a box. */
CUresult copy_describe(const struct cudaMemcpy3DParms *copy, CUDA_MEMCPY3D *described);

/* The runtime's structure again, of what the driver has. */
CUresult copy_read(const CUDA_MEMCPY3D *described, struct cudaMemcpy3DParms *copy);

#endif
