/* The product that a linear layer begins with: y = x W^T. */
#ifndef LOCKSTEP_COMMON_LINEAR_PRODUCT_H
#define LOCKSTEP_COMMON_LINEAR_PRODUCT_H

#include "common/problem.h"

static inline struct gemm_problem linear_product(const struct linear_problem *problem) {
    return (struct gemm_problem){.variant = GEMM_NT,
                                 .dtype = DTYPE_F32,
                                 .m = problem->rows,
                                 .n = problem->outputs,
                                 .k = problem->inputs,
                                 .alpha = 1,
                                 .beta = 0,
                                 .a = problem->x,
                                 .b = problem->weights,
                                 .c = problem->y,
                                 .lda = problem->inputs,
                                 .ldb = problem->inputs,
                                 .ldc = problem->outputs};
}

#endif
