/* The rungs of gemm between the textbook's loops and a library, plain to fast, one a file: each
 * says at its head what it adds to the one before and what is left to gain. They are for reading,
 * and for seeing in one run what each idea is worth. Contracts: common/problem.h; all compute f32
 * only.
 *
 *   cpu-naive     naive_gemm.c       three loops
 *   cpu-ordered   gemm_2_ordered.c   the loops in the order of memory
 *   cpu-blocked   gemm_3_blocked.c   blocks that stay in a cache, tiles that stay in registers
 *   cpu-parallel  simd_gemm.c        explicit vectors, and all cores
 *   openblas      openblas.c         the library: the same ideas, in assembly, tuned for each
 * processor
 */
#ifndef LOCKSTEP_REFERENCE_LADDER_H
#define LOCKSTEP_REFERENCE_LADDER_H

#include "common/problem.h"

gemm_kernel gemm_ordered;
gemm_kernel gemm_blocked;
gemm_kernel gemm_parallel; /* simd_gemm.c, for the best instruction set of this CPU */

/* One row of C becomes beta * C. With beta = 0 it becomes 0 unread, as in the BLAS: a NaN that was
 * there does not survive. */
static inline void ladder_scale_row(const struct gemm_problem *problem, float *c) {
    for (int64_t j = 0; j < problem->n; j++)
        c[j] = problem->beta == 0 ? 0 : problem->beta * c[j];
}

#endif
