/* `cpu-simd`: every operation but GEMM vectorised and threaded (OpenMP), built once a instruction
 * set and dispatched at run time. Contracts: common/problem.h. */
#ifndef LOCKSTEP_REFERENCE_SIMD_H
#define LOCKSTEP_REFERENCE_SIMD_H

#include "common/problem.h"

activation_kernel activation_simd;
softmax_kernel softmax_simd;
cross_entropy_kernel cross_entropy_simd;
mse_kernel mse_simd;
column_sums_kernel column_sums_simd;
optimizer_kernel optimizer_simd;
transfer_kernel transfer_simd;

/* The instruction set in use: "avx512", "avx2" or "baseline". */
const char *simd_level(void);

#endif
