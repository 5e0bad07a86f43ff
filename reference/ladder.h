/* The rungs of gemm from the textbook's loops to a library, plain to fast, one a file: each says at
 * its head what it adds to the one before and what is left to gain. They are for reading, and for
 * seeing in one run what each idea is worth. Contracts: common/problem.h. Rungs 2 to 4 compute in
 * f32 only, which does for tf32.
 *
 *   cpu-naive      gemm_naive      gemm_1_naive.c           three loops
 *   cpu-ordered    gemm_ordered    gemm_2_ordered.c         the loops in the order of memory
 *   cpu-blocked    gemm_blocked    gemm_3_blocked.c         blocks that stay in a cache, tiles that
 *                                                           stay in registers
 *   cpu-parallel   gemm_parallel   simd/gemm_4_parallel.c   explicit vectors, and all cores
 *   cpu-simd       gemm_simd       simd/gemm_5_simd.c       copies only where they pay, few rows or
 *                                                           columns streamed, 16 bits widened
 *   openblas       gemm_openblas   openblas.c               the library: the same ideas, in
 *                                                           assembly, tuned for each processor
 */
#ifndef LOCKSTEP_REFERENCE_LADDER_H
#define LOCKSTEP_REFERENCE_LADDER_H

#include "common/problem.h"

gemm_kernel gemm_ordered;
gemm_kernel gemm_blocked;

#endif
