/* gemm as the definition reads: three loops, one running sum. Shows what a compiler makes of the
 * formula alone: op(B) walked down its columns, one element a cache line.
 */
#include "reference/naive.h"

enum status gemm_naive(const struct gemm_problem *problem, struct execution *execution) {
    if (problem->dtype != DTYPE_F32)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "cpu-naive multiplies f32 matrices only; use --dtype f32");
    const float *a = problem->a;
    const float *b = problem->b;
    bool a_transposed = problem->variant == GEMM_TN;
    bool b_transposed = problem->variant == GEMM_NT;
    int64_t products = problem->alpha != 0 ? problem->k : 0;
    for (int64_t i = 0; i < problem->m; i++)
        for (int64_t j = 0; j < problem->n; j++) {
            float sum = 0;
            for (int64_t l = 0; l < products; l++) {
                float left = a_transposed ? a[l * problem->lda + i] : a[i * problem->lda + l];
                float right = b_transposed ? b[j * problem->ldb + l] : b[l * problem->ldb + j];
                sum += left * right;
            }
            float *c = &problem->c[i * problem->ldc + j];
            *c = problem->alpha * sum + (problem->beta != 0 ? problem->beta * *c : 0);
        }
    return STATUS_OK;
}
