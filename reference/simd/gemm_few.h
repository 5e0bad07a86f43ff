/* Products in which A has up to eight rows, or B up to eight columns: vectors rather, past which
 * the other matrix streams once. Memory bounds them, so of that matrix nothing is packed. */
#ifndef LOCKSTEP_REFERENCE_SIMD_GEMM_FEW_H
#define LOCKSTEP_REFERENCE_SIMD_GEMM_FEW_H

#include "common/problem.h"
#include "reference/simd/level.h"

#include <stdbool.h>

/* Whether it is one that is faster this way. */
bool SIMD_NAME(gemm_is_few)(const struct gemm_problem *problem);

/* Of those only. */
gemm_kernel SIMD_NAME(gemm_few);

#endif
