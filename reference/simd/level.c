/* One instruction set's table of kernels, for reference/simd/dispatch.c. */
#include "reference/simd/level.h"
#include "reference/simd/simd.h"

extern const struct simd_kernels SIMD_NAME(simd_kernels);

const struct simd_kernels SIMD_NAME(simd_kernels) = {
#define SIMD_KERNEL(operation, function) .function = SIMD_NAME(function),
#include "reference/simd/simd_kernels.def"
#undef SIMD_KERNEL
    .fma_loop = SIMD_NAME(fma_loop),
};
