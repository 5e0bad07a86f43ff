/* gemm, rung 9: tensor cores, operands in f16, sums in f32.
 *
 * What it adds: bf16's rate with 10 bits of fraction instead of 7, for numbers up to 65,504; see
 * gemm_tensor.cuh.
 */
#include "kernels/gemm/gemm_tensor.cuh"

GEMM_TENSOR_KERNELS(f16)
