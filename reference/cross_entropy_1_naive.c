/* Softmax and cross-entropy, a row at a time: a pass for the maximum, one for the sum, one for the
 * gradient. Shows the three reads of a row that fused code saves.
 */
#include "reference/naive.h"
#include "reference/naive_rows.h"

enum status cross_entropy_naive(const struct cross_entropy_problem *problem,
                                struct execution *execution) {
    (void)execution;
    for (int64_t r = 0; r < problem->rows; r++) {
        const float *x = problem->logits + r * problem->columns;
        int32_t label = problem->labels[r];
        float maximum = row_maximum(x, problem->columns);
        float sum = exponential_sum(x, problem->columns, maximum);
        if (problem->variant != LOSS_BACKWARD)
            problem->loss[r] = logf(sum) - (x[label] - maximum);
        if (problem->variant == LOSS_FORWARD)
            continue;
        float *dx = problem->dlogits + r * problem->columns;
        for (int64_t c = 0; c < problem->columns; c++) {
            float probability = expf(x[c] - maximum) / sum;
            dx[c] = (probability - (c == label ? 1.0F : 0.0F)) / (float)problem->rows;
        }
    }
    return STATUS_OK;
}
