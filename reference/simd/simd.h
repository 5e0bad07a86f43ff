/* `cpu-simd`: every operation but GEMM, vectorised and threaded (OpenMP), built once an instruction
 * set and dispatched at run time. Contracts: common/problem.h. Results depend on the instruction
 * set and the number of threads (the order of sums), and on nothing else.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_SIMD_H
#define LOCKSTEP_REFERENCE_SIMD_SIMD_H

#include "common/problem.h"
#include "reference/oracle/bounded_tile.h"

activation_kernel activation_simd;
softmax_kernel softmax_simd;
cross_entropy_kernel cross_entropy_simd;
mse_kernel mse_simd;
column_sums_kernel column_sums_simd;
optimizer_kernel optimizer_simd;
transfer_kernel transfer_simd;

/* The instruction set in use: "avx512", "avx2" or "baseline". */
const char *simd_level(void);

/* One instruction set's build of everything. `plain` is transfer with ordinary stores, `fma` the
 * register-only loop of reference/peak.h: what one thread does, returning the floating point
 * operations done; `bounded_tile` is no part of cpu-simd but the inner loop of an oracle. */
struct simd_kernels {
    const char *level;
    activation_kernel *activation;
    softmax_kernel *softmax;
    cross_entropy_kernel *cross_entropy;
    mse_kernel *mse;
    column_sums_kernel *column_sums;
    optimizer_kernel *optimizer;
    transfer_kernel *transfer;
    gemm_kernel *gemm; /* a rung of the ladder, see reference/ladder.h */
    transfer_kernel *plain;
    optimizer_kernel *optimizer_traffic;
    double (*fma)(int64_t repetitions);
    bounded_tile_function *bounded_tile;
};

/* The builds that this CPU can run, plainest first; NULL from the first index past the last. */
const struct simd_kernels *simd_kernels_at(int index);

/* The last of them. */
const struct simd_kernels *simd_kernels_best(void);

#endif
