/* The library side: OpenBLAS through CBLAS, BLIS and oneDNN as optional peers. Contracts:
 * common/problem.h. */
#ifndef LOCKSTEP_REFERENCE_LIBRARIES_H
#define LOCKSTEP_REFERENCE_LIBRARIES_H

#include "common/problem.h"

/* `openblas`: cblas_sgemm, row-major. */
gemm_kernel gemm_openblas;

/* Sets the threads of OpenMP, OpenBLAS and BLIS alike; threads >= 1. */
void cpu_threads_set(int threads);

/* "OpenBLAS 0.3.21 …", its core type ("SkylakeX", "Zen", …) and its parallel model ("openmp",
 * "pthread", "serial"). */
const char *openblas_version(void);
const char *openblas_core_type(void);
const char *openblas_parallel_model(void);

/* `blis`: present when the build found BLIS's openmp build, else blis_version() and the others are
 * NULL and the kernel returns STATUS_UNSUPPORTED. The configuration is the processor type whose
 * kernels BLIS picked ("haswell", "skx" …), the parallel model as OpenBLAS's. */
gemm_kernel gemm_blis;
void blis_threads_set(int threads);
const char *blis_version(void);
const char *blis_configuration(void);
const char *blis_parallel_model(void);
bool blis_absent(void);

/* `onednn`: present when the build found oneDNN's header and library, else onednn_version() is NULL
 * and the kernels return STATUS_UNSUPPORTED, as they do for what the library lacks (a bias in an
 * activation) or computes outside the tolerance (log-softmax forward). Its relu and softmax lose a
 * NaN (0 instead), so it does not take part in checks of special values. */
gemm_kernel gemm_onednn;
activation_kernel activation_onednn;
softmax_kernel softmax_onednn;
const char *onednn_version(void);
bool onednn_absent(void);

#endif
