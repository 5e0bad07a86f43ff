/* The names that one level's files share. Included by simd_*.c only. */
#ifndef LOCKSTEP_REFERENCE_SIMD_LEVEL_H
#define LOCKSTEP_REFERENCE_SIMD_LEVEL_H

#include "common/problem.h"
#include "reference/oracle/bounded_tile.h"
#include "reference/simd/vector.h"

activation_kernel SIMD_NAME(activation);
softmax_kernel SIMD_NAME(softmax);
cross_entropy_kernel SIMD_NAME(cross_entropy);
mse_kernel SIMD_NAME(mse);
column_sums_kernel SIMD_NAME(column_sums);
optimizer_kernel SIMD_NAME(optimizer);
transfer_kernel SIMD_NAME(transfer);
gemm_kernel SIMD_NAME(gemm);
transfer_kernel SIMD_NAME(transfer_plain);
optimizer_kernel SIMD_NAME(optimizer_traffic);
double SIMD_NAME(fma_loop)(int64_t repetitions);
bounded_tile_function SIMD_NAME(bounded_tile);

#endif
