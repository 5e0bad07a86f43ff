/* gemm, rung 2: the same three loops in the order that memory has its elements in.
 *
 * Adds to rung 1 (gemm_1_naive.c): the loop over columns goes innermost, so a row of op(B) is read,
 * and a row of C written, one element after the other. Every line that comes from memory is used to
 * its end, and the compiler can vectorise the loop, for its iterations have nothing to do with each
 * other. What stays: for each row of C all of op(B) passes through the caches, M times in all.
 *
 * Where B is stored transposed (nt) its rows are what the sum runs along: there the columns stay
 * outside and each element of C is a sum of its own, whose order C does not let the compiler
 * change.
 */
#include "reference/ladder.h"
#include "reference/simd/gemm_blocks.h"

/* c[0, n) += sum over l of left_l * row_l of B. */
static void row_of_sums(const struct gemm_problem *problem, int64_t i, float *c) {
    const float *a = problem->a;
    const float *b = problem->b;
    for (int64_t l = 0; l < problem->k; l++) {
        float left =
            problem->variant == GEMM_TN ? a[l * problem->lda + i] : a[i * problem->lda + l];
        left *= problem->alpha;
        const float *row = b + l * problem->ldb;
        for (int64_t j = 0; j < problem->n; j++)
            c[j] += left * row[j];
    }
}

/* c[0, n) += products of row i of A with each row of B. */
static void row_of_products(const struct gemm_problem *problem, int64_t i, float *c) {
    const float *a = (const float *)problem->a + i * problem->lda;
    for (int64_t j = 0; j < problem->n; j++) {
        const float *b = (const float *)problem->b + j * problem->ldb;
        float sum = 0;
        for (int64_t l = 0; l < problem->k; l++)
            sum += a[l] * b[l];
        c[j] += problem->alpha * sum;
    }
}

enum status gemm_ordered(const struct gemm_problem *problem, struct execution *execution) {
    if (dtype_is_narrow(problem->dtype))
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "cpu-ordered multiplies f32 matrices only; use --dtype f32 or tf32");
    for (int64_t i = 0; i < problem->m; i++) {
        float *c = problem->c + i * problem->ldc;
        gemm_scale_row(problem, c);
        if (problem->alpha == 0)
            continue;
        if (problem->variant == GEMM_NT)
            row_of_products(problem, i, c);
        else
            row_of_sums(problem, i, c);
    }
    return STATUS_OK;
}
