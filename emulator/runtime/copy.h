/* Copies in every form. */
#ifndef LOCKSTEP_EMULATOR_RUNTIME_COPY_H
#define LOCKSTEP_EMULATOR_RUNTIME_COPY_H

#include <stdbool.h>

#include "emulator/runtime/types.h"

/* Of bytes. `is_async` says that it goes into the stream. */
CUresult copy_bytes(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                    CUstream stream, bool is_async);
/* The driver's structure for a copy of a box. */
CUresult copy_describe(const struct cudaMemcpy3DParms *copy, CUDA_MEMCPY3D *described);

#endif
