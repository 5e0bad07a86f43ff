/* The two halves of a linear layer: a product, and what follows it. */
#ifndef LOCKSTEP_REFERENCE_SIMD_LINEAR_PARTS_H
#define LOCKSTEP_REFERENCE_SIMD_LINEAR_PARTS_H

#include "common/linear_product.h"

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
