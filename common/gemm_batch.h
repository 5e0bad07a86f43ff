/* The products of a batch one by one. */
#ifndef LOCKSTEP_COMMON_GEMM_BATCH_H
#define LOCKSTEP_COMMON_GEMM_BATCH_H

#include "common/problem.h"

/* How many products the problem is. */
static inline int64_t gemm_batch(const struct gemm_problem *problem) {
    return problem->batch > 1 ? problem->batch : 1;
}

/* Product `index` alone. */
static inline struct gemm_problem gemm_of_batch(const struct gemm_problem *problem, int64_t index) {
    const int64_t bytes = dtype_is_narrow(problem->dtype) ? 2 : 4;
    struct gemm_problem one = *problem;
    one.batch = 1;
    if (problem->batch > 1) {
        one.a = (const char *)problem->a + index * problem->stride_a * bytes;
        one.b = (const char *)problem->b + index * problem->stride_b * bytes;
        one.c = problem->c + index * problem->stride_c;
    }
    return one;
}

/* All of them in turn, until one fails. */
static inline enum status gemm_each(const struct gemm_problem *problem, gemm_kernel *kernel,
                                    struct execution *execution) {
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < gemm_batch(problem) && status == STATUS_OK; i++) {
        const struct gemm_problem one = gemm_of_batch(problem, i);
        status = kernel(&one, execution);
    }
    return status;
}

#endif
