/* The float64 oracle of linear: gemm's, and the rounding of the sum with the bias. ReLU moves two
 * numbers no further apart, so the bound passes through it. */
#include "reference/oracle/bounds.h"
#include "reference/oracle/oracle.h"

#include <stddef.h>

void oracle_linear(const struct linear_problem *problem, int64_t first_row, int64_t rows,
                   double *expected, double *tolerance) {
    const struct gemm_problem product = {.variant = GEMM_NT,
                                         .dtype = DTYPE_F32,
                                         .m = problem->rows,
                                         .n = problem->outputs,
                                         .k = problem->inputs,
                                         .alpha = 1.0f,
                                         .a = problem->x,
                                         .b = problem->weights,
                                         .lda = problem->inputs,
                                         .ldb = problem->inputs,
                                         .ldc = problem->outputs};
    oracle_gemm(&product, NULL, first_row, rows, expected, tolerance);
    for (int64_t i = 0; i < rows * problem->outputs; i++) {
        const double bias = (double)problem->bias[i % problem->outputs];
        const double largest = fmax(fabs(expected[i]), fabs(bias));
        expected[i] += bias;
        tolerance[i] += UNIT_F32 * (fabs(expected[i]) + tolerance[i]) + 2 * FLUSH;
        bound_settle(largest, &expected[i], &tolerance[i]);
        if (problem->relu && expected[i] < 0)
            expected[i] = 0;
    }
}
