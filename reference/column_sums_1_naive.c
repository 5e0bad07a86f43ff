/* Column sums, one column after the other: against the order of memory. */
#include "reference/naive.h"

enum status column_sums_naive(const struct column_sums_problem *problem,
                              struct execution *execution) {
    (void)execution;
    for (int64_t c = 0; c < problem->columns; c++) {
        float sum = 0;
        for (int64_t r = 0; r < problem->rows; r++)
            sum += problem->x[r * problem->columns + c];
        problem->sums[c] = sum;
    }
    return STATUS_OK;
}
