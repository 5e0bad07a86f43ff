/* gemm, rung 9: tensor cores, operands in f32 read as tf32 (8 bits of exponent, 10 of fraction),
 * sums in f32.
 *
 * What it adds: f32 matrices as they are, multiplied at half of bf16's rate, 1,024 multiply-adds an
 * instruction; see gemm_tensor.cuh, and tensor_core.cuh on truncation.
 */
#include "kernels/gemm/gemm_tensor.cuh"

GEMM_TENSOR_KERNELS(tf32)
