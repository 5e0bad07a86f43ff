/* `cpu-naive`: every operation as a textbook shows it, in plain C on one thread.
 * Contracts: common/problem.h. */
#ifndef LOCKSTEP_REFERENCE_NAIVE_H
#define LOCKSTEP_REFERENCE_NAIVE_H

#include "common/problem.h"

gemm_kernel gemm_naive;
linear_kernel linear_naive;
activation_kernel activation_naive;
softmax_kernel softmax_naive;
layernorm_kernel layernorm_naive;
attention_kernel attention_naive;
cross_entropy_kernel cross_entropy_naive;
mse_kernel mse_naive;
column_sums_kernel column_sums_naive;
optimizer_kernel optimizer_naive;
round_kernel round_naive;
transfer_kernel transfer_naive;

#endif
