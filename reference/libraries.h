/* The library side: OpenBLAS through CBLAS, BLIS and oneDNN as optional peers. Contracts:
 * common/problem.h. */
#ifndef LOCKSTEP_REFERENCE_LIBRARIES_H
#define LOCKSTEP_REFERENCE_LIBRARIES_H

#include "common/instruction_set.h"
#include "common/problem.h"

#include <stddef.h>

/* `openblas`: cblas_sgemm, row-major. */
gemm_kernel gemm_openblas;
linear_kernel linear_openblas;       /* the epilogue is cpu-simd's */
attention_kernel attention_openblas; /* f32; the softmax is cpu-simd's */

/* Sets the threads of OpenMP, OpenBLAS and BLIS alike; threads >= 1. No more than OMP_THREAD_LIMIT
 * allows, but all of these whatever OMP_DYNAMIC and OMP_MAX_ACTIVE_LEVELS say. */
void cpu_threads_set(int threads);

/* "OpenBLAS 0.3.21 …", its core type ("SkylakeX", "Zen", …) and its parallel model ("openmp",
 * "pthread", "serial"). */
const char *openblas_version(void);
const char *openblas_core_type(void);
const char *openblas_parallel_model(void);
/* "OPENBLAS_CORETYPE=SkylakeX": what makes it run kernels for an instruction set. */
void openblas_kernels_advise(enum instruction_set set, char *text, size_t size);

/* `blis`: present when the build found BLIS's openmp build, else blis_version() and the others are
 * NULL and the kernel returns STATUS_UNSUPPORTED. The configuration is the processor type whose
 * kernels BLIS picked ("haswell", "skx" …), the parallel model as OpenBLAS's. */
gemm_kernel gemm_blis;
void blis_threads_set(int threads);
const char *blis_version(void);
const char *blis_configuration(void);
const char *blis_parallel_model(void);
bool blis_absent(void);
/* "BLIS_ARCH_TYPE=0": a number of this BLIS's own. */
void blis_kernels_advise(enum instruction_set set, char *text, size_t size);

/* `onednn`: present when the build found oneDNN's header and library, else onednn_version() is NULL
 * and the kernels return STATUS_UNSUPPORTED, as they do for what the library lacks (a bias in an
 * activation, bf16 or f16 on a processor without instructions for them) or computes outside the
 * tolerance (log-softmax forward). Its relu, in linear too, and its softmax lose a NaN (0 instead),
 * and before 3.7 a padded bf16 product an infinity, so these do not take part in checks of special
 * values. tf32 is computed in f32. */
gemm_kernel gemm_onednn;
linear_kernel linear_onednn;
activation_kernel activation_onednn;
softmax_kernel softmax_onednn;
attention_kernel attention_onednn; /* f32; a product, softmax and a product a head */
layernorm_kernel layernorm_onednn; /* forward; with the mean */
const char *onednn_version(void);
/* The instruction set that it makes code for: "avx512_core_bf16"; NULL where it is not there. */
const char *onednn_configuration(void);
/* Why this version computes a function outside the tolerance, or NULL. */
const char *onednn_flaw(enum activation_function function, bool backward);
bool onednn_absent(void);

#endif
