/* gemm as the definition reads: three loops, one running sum. Shows what a compiler makes of the
 * formula alone: op(B) walked down its columns, one element a cache line.
 */
#include "reference/naive.h"

#include "common/gemm_batch.h"
#include "common/narrow.h"

/* An operand as it is multiplied: tf32 is rounded on the way from memory. */
static inline float operand(const void *data, enum dtype dtype, int64_t index) {
    float stored = dtype_element(data, dtype, index);
    return dtype == DTYPE_TF32 ? tf32_round(stored) : stored;
}

/* Inlined once a dtype, so that the innermost loop asks nothing. */
static inline __attribute__((always_inline)) void multiply(const struct gemm_problem *problem,
                                                           enum dtype dtype) {
    const void *a = problem->a;
    const void *b = problem->b;
    bool a_transposed = problem->variant == GEMM_TN;
    bool b_transposed = problem->variant == GEMM_NT;
    int64_t products = problem->alpha != 0 ? problem->k : 0;
    for (int64_t i = 0; i < problem->m; i++)
        for (int64_t j = 0; j < problem->n; j++) {
            float sum = 0;
            for (int64_t l = 0; l < products; l++) {
                int64_t left = a_transposed ? l * problem->lda + i : i * problem->lda + l;
                int64_t right = b_transposed ? j * problem->ldb + l : l * problem->ldb + j;
                sum += operand(a, dtype, left) * operand(b, dtype, right);
            }
            float *c = &problem->c[i * problem->ldc + j];
            *c = problem->alpha * sum + (problem->beta != 0 ? problem->beta * *c : 0);
        }
}

enum status gemm_naive(const struct gemm_problem *problem, struct execution *execution) {
    if (problem->batch > 1)
        return gemm_each(problem, gemm_naive, execution);
    switch (problem->dtype) {
    case DTYPE_F32:
        multiply(problem, DTYPE_F32);
        break;
    case DTYPE_TF32:
        multiply(problem, DTYPE_TF32);
        break;
    case DTYPE_BF16:
        multiply(problem, DTYPE_BF16);
        break;
    case DTYPE_F16:
        multiply(problem, DTYPE_F16);
        break;
    }
    return STATUS_OK;
}
