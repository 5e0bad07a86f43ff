/* gemm, rung 9: tensor cores, operands in bf16, sums in f32.
 *
 * What it adds: one instruction of a warp multiplies 16 x 16 by 16 x 8, 2,048 multiply-adds where
 * fma does 32. Feeding it is the work: see gemm_tensor.cuh.
 */
#include "kernels/gemm/gemm_tensor.cuh"

GEMM_TENSOR_KERNELS(bf16)
