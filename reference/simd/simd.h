/* Vectorised and threaded C (OpenMP), built once an instruction set and dispatched at run time.
 * Contracts: common/problem.h. Results depend on the instruction set and the number of threads (the
 * order of sums), and on nothing else.
 *
 *   activation_simd, softmax_simd …   `cpu-simd`, in every operation
 *   gemm_batch_simd                   gemm_simd of a batch; of one product the same
 *   gemm_parallel                     the rung of gemm before that (reference/ladder.h)
 *   normalise_simd                    batches of images for a network
 *   transfer_plain                    copy and triad (a STREAM bandwidth, McCalpin 1995) with
 *                                     ordinary stores at every size: the copy that a ratio to
 *                                     "copy" names. An ordinary store reads the line that it
 *                                     overwrites, which the 8 or 12 bytes an element do not count.
 *   optimizer_traffic                 the loads and stores of an update with a maximum in place of
 *                                     each formula: as fast as memory lets any update be. It
 *                                     overwrites what optimizer_simd() does.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_SIMD_H
#define LOCKSTEP_REFERENCE_SIMD_SIMD_H

#include "common/instruction_set.h"
#include "common/problem.h"

/* For the best instruction set of this CPU. */
#define SIMD_KERNEL(operation, function) operation##_kernel function;
#include "reference/simd/simd_kernels.def"
#undef SIMD_KERNEL

/* One instruction set's build of each. */
struct simd_kernels {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define SIMD_KERNEL(operation, function) operation##_kernel *function;
#include "reference/simd/simd_kernels.def"
#undef SIMD_KERNEL
    /* Multiply-adds on registers alone, on one thread; returns the floating point operations. */
    double (*fma_loop)(int64_t repetitions);
};

/* `set` must be one that this CPU runs. */
const struct simd_kernels *simd_kernels_of(enum instruction_set set);

#endif
