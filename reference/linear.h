/* linear as CPU libraries offer it: a product, and its bias and function after it. */
#ifndef LOCKSTEP_REFERENCE_LINEAR_H
#define LOCKSTEP_REFERENCE_LINEAR_H

#include "common/problem.h"

/* y = x W^T by `gemm`, then y = f(y + bias) by `activation`. */
enum status linear_in_turn(const struct linear_problem *problem, gemm_kernel *gemm,
                           activation_kernel *activation, struct execution *execution);

#endif
