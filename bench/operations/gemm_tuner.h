/* The tiles and splits of k that a GEMM may be launched with on a GPU, and in bf16 and f16 the
 * forms of cuda-hopper (kernels/gemm/gemm.h). */
#ifndef LOCKSTEP_BENCH_OPERATIONS_GEMM_TUNER_H
#define LOCKSTEP_BENCH_OPERATIONS_GEMM_TUNER_H

#include "bench/operations/tuner.h"

extern const struct tuner gemm_tuner;

#endif
