/* What every computation begins with. */
#ifndef LOCKSTEP_EMULATOR_CUBLAS_HANDLE_H
#define LOCKSTEP_EMULATOR_CUBLAS_HANDLE_H

#include <stdbool.h>

#include "emulator/cublas/types.h"

#ifndef CUBLAS_VERSION
#    define CUBLAS_VERSION 130000
#endif

/* The host computes at once, since all that was submitted before is done. It cannot be captured. */
cublasStatus_t stream_begin(CUstream stream);
/* Whether the bytes lie within one allocation of the device. */
bool operand_is_there(const void *memory, size_t bytes);

#endif
