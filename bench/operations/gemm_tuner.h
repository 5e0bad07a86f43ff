/* The tiles and splits of k that a GEMM in f32 may be launched with on a GPU (kernels/gemm/gemm.h). */
#ifndef LOCKSTEP_BENCH_OPERATIONS_GEMM_TUNER_H
#define LOCKSTEP_BENCH_OPERATIONS_GEMM_TUNER_H

#include "bench/operations/tuner.h"

extern const struct tuner gemm_tuner;

#endif
