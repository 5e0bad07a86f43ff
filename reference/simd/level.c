/* One level's table of kernels, for simd_dispatch.c. */
#include "reference/simd/level.h"
#include "reference/simd/simd.h"

extern const struct simd_kernels SIMD_NAME(simd_kernels);

const struct simd_kernels SIMD_NAME(simd_kernels) = {
    .level = SIMD_TEXT_EXPANDED(SIMD_LEVEL),
    .activation = SIMD_NAME(activation),
    .softmax = SIMD_NAME(softmax),
    .cross_entropy = SIMD_NAME(cross_entropy),
    .mse = SIMD_NAME(mse),
    .column_sums = SIMD_NAME(column_sums),
    .optimizer = SIMD_NAME(optimizer),
    .transfer = SIMD_NAME(transfer),
    .gemm = SIMD_NAME(gemm),
    .plain = SIMD_NAME(transfer_plain),
    .optimizer_traffic = SIMD_NAME(optimizer_traffic),
    .fma = SIMD_NAME(fma_loop),
    .bounded_tile = SIMD_NAME(bounded_tile),
};
