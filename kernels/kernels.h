/* The GPU implementations. Signatures and shapes: common/problem.h.
 *
 * Each function enqueues its work on execution->gpu's stream and returns. What it cannot do it
 * refuses with STATUS_UNSUPPORTED and the reason. The kernel of a rung stands in
 * kernels/<operation>_<number>_<rung>.cu, which says what it adds.
 */
#ifndef LOCKSTEP_KERNELS_KERNELS_H
#define LOCKSTEP_KERNELS_KERNELS_H

#include "common/problem.h"
#include "gpu/gpu.h"

/* --- cuda-naive ------------------------------------------------------------------------------ */

gemm_kernel gemm_cuda_naive; /* all but tf32; the rest of its ladder, up to cuda-best, f32 alone */
activation_kernel activation_cuda_naive;
softmax_kernel softmax_cuda_naive;
layernorm_kernel layernorm_cuda_naive;
attention_kernel attention_cuda_naive; /* f32 and bf16, as the next */
cross_entropy_kernel cross_entropy_cuda_naive;
mse_kernel mse_cuda_naive;
column_sums_kernel column_sums_cuda_naive;
optimizer_kernel optimizer_cuda_naive;
round_kernel round_cuda_naive;
transfer_kernel transfer_cuda_naive;

/* --- cuda-tiled ------------------------------------------------------------------------------ */

gemm_kernel gemm_cuda_tiled;
softmax_kernel softmax_cuda_tiled;
cross_entropy_kernel cross_entropy_cuda_tiled;
mse_kernel mse_cuda_tiled;
column_sums_kernel column_sums_cuda_tiled;

/* --- cuda-vectorised ------------------------------------------------------------------------- */

gemm_kernel gemm_cuda_vectorised;
activation_kernel activation_cuda_vectorised;
softmax_kernel softmax_cuda_vectorised;
layernorm_kernel layernorm_cuda_vectorised;
cross_entropy_kernel cross_entropy_cuda_vectorised;
optimizer_kernel optimizer_cuda_vectorised;
round_kernel round_cuda_vectorised;
transfer_kernel transfer_cuda_vectorised;

/* --- cuda-warp ------------------------------------------------------------------------------- */

gemm_kernel gemm_cuda_warp;
softmax_kernel softmax_cuda_warp;
layernorm_kernel layernorm_cuda_warp;
cross_entropy_kernel cross_entropy_cuda_warp;

/* --- gemm's own rungs, see kernels/gemm/gemm.h ---------------------------------------------------- */

gemm_kernel gemm_cuda_coalesced;
gemm_kernel gemm_cuda_register;
gemm_kernel gemm_cuda_pipelined; /* tiles of 128x128; compute capability 8.0, as the next */
gemm_kernel gemm_cuda_split_k;   /* refuses shapes with nothing to split */

/* The rung, tile and split for the shape and GPU: what a network should call. Any shape, any GPU;
 * allocates nothing, so that it can be captured. */
gemm_kernel gemm_cuda_best;

/* --- attention ------------------------------------------------------------------------------- */

attention_kernel attention_cuda_fused; /* up to 128 dimensions */

/* --- linear ---------------------------------------------------------------------------------- */

linear_kernel linear_cuda_unfused; /* gemm_cuda_best, then activation_cuda_vectorised */
linear_kernel linear_cuda_best;    /* bias and function where the sums are; any shape, any GPU */

/* --- cuda-tensor ----------------------------------------------------------------------------- */

/* tf32, its operands truncated by the hardware, bf16 and f16; accumulated in f32. Compute
 * capability 8.0 and up. */
gemm_kernel gemm_cuda_tensor;

/* --- cuda-hopper ----------------------------------------------------------------------------- */

/* bf16 and f16, accumulated in f32: wgmma, TMA and clusters. Compute capability 9.0 alone. A, B and C
 * begin at multiples of 16 bytes, and so does each of their rows. */
gemm_kernel gemm_cuda_hopper;

/* --- cublas ---------------------------------------------------------------------------------- */

/* f32 (CUBLAS_COMPUTE_32F), tf32 and bf16 (compute capability 8.0 and up), f16; accumulated in f32.
 * Sizes and leading dimensions up to 2^31 - 1. Refused on the emulated GPU. */
gemm_kernel gemm_cublas;

/* --- inside a captured graph ----------------------------------------------------------------- */

/* Call this before each gpu_graph_launch() of a graph that holds an optimizer, with the problem of
 * that step. What Adam computes from its step a captured optimizer reads from gpu_words(), not from
 * the problem that it was captured with. All else, sgd's learning rate included, is as it was
 * captured; for sgd and sgd_momentum the call does nothing. */
enum status optimizer_cuda_step_set(const struct optimizer_problem *problem,
                                    struct execution *execution);

/* --- ceilings -------------------------------------------------------------------------------- */

/* Enqueues a kernel of nothing but f32 multiply-adds in registers, filling the GPU, and gives its
 * floating point operations (2 a multiply-add). `scratch` is one float of device memory. */
enum status ceiling_cuda_fma(int64_t iterations, void *scratch, double *flops,
                             struct execution *execution);

/* --- what was built -------------------------------------------------------------------------- */

/* The kernels' images for struct gpu_selection. */
const struct gpu_image *kernels_images(size_t *count);

/* Why the build is without the image of that name though it has others; NULL where it is not so. */
const char *kernels_absence(const char *image);

/* One line: "by nvcc 13.0 for sm_75 … and PTX compute_75", or why there are none. */
const char *kernels_built(void);

#endif
