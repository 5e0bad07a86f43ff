/* What the files that are compiled once an instruction set share: their vectors, and the names of
 * what they define. */
#ifndef LOCKSTEP_REFERENCE_SIMD_LEVEL_H
#define LOCKSTEP_REFERENCE_SIMD_LEVEL_H

#include "common/problem.h"
#include "reference/simd/vector.h"

#define SIMD_KERNEL(operation, function) operation##_kernel SIMD_NAME(function);
#include "reference/simd/simd_kernels.def"
#undef SIMD_KERNEL
double SIMD_NAME(fma_loop)(int64_t repetitions);

#endif
