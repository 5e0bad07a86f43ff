/* The two halves of a linear layer: a product, and what follows it. */
#ifndef LOCKSTEP_REFERENCE_SIMD_LINEAR_PARTS_H
#define LOCKSTEP_REFERENCE_SIMD_LINEAR_PARTS_H

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

static inline struct activation_problem linear_epilogue(const struct linear_problem *problem) {
    return (struct activation_problem){.function =
                                           problem->relu ? ACTIVATION_RELU : ACTIVATION_IDENTITY,
                                       .rows = problem->rows,
                                       .columns = problem->outputs,
                                       .input = problem->y,
                                       .bias = problem->bias,
                                       .output = problem->y};
}

#endif
