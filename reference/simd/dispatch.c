/* Hands each call to the build for the best instruction set of this CPU. */
#include "reference/simd/simd.h"

extern const struct simd_kernels simd_kernels_baseline;
extern const struct simd_kernels simd_kernels_avx2;
extern const struct simd_kernels simd_kernels_avx512;

const struct simd_kernels *simd_kernels_of(enum instruction_set set) {
    static const struct simd_kernels *const builds[INSTRUCTION_SETS] = {
        &simd_kernels_baseline, &simd_kernels_avx2, &simd_kernels_avx512};
    return builds[set];
}

#define SIMD_KERNEL(operation, function)                                                           \
    enum status function(const struct operation##_problem *problem, struct execution *execution) { \
        return simd_kernels_of(instruction_set_best())->function(problem, execution);              \
    }
#include "reference/simd/simd_kernels.def"
