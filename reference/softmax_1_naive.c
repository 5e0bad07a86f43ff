/* Softmax and log-softmax, a row at a time: a pass for the maximum, one for the sum, one for the
 * result. Shows the three reads of a row that fused code saves.
 */
#include "reference/naive.h"
#include "reference/naive_rows.h"

static void softmax_row(const float *x, int64_t columns, float *y) {
    float maximum = row_maximum(x, columns);
    float sum = exponential_sum(x, columns, maximum);
    for (int64_t c = 0; c < columns; c++)
        y[c] = expf(x[c] - maximum) / sum;
}

static void log_softmax_row(const float *x, int64_t columns, float *y) {
    float maximum = row_maximum(x, columns);
    float log_sum = logf(exponential_sum(x, columns, maximum));
    for (int64_t c = 0; c < columns; c++)
        y[c] = x[c] - maximum - log_sum;
}

static void softmax_gradient_row(const float *y, const float *dy, int64_t columns, float *dx) {
    float dot = 0;
    for (int64_t c = 0; c < columns; c++)
        dot += y[c] * dy[c];
    for (int64_t c = 0; c < columns; c++)
        dx[c] = y[c] * (dy[c] - dot);
}

static void log_softmax_gradient_row(const float *y, const float *dy, int64_t columns, float *dx) {
    float sum = 0;
    for (int64_t c = 0; c < columns; c++)
        sum += dy[c];
    for (int64_t c = 0; c < columns; c++)
        dx[c] = dy[c] - expf(y[c]) * sum;
}

enum status softmax_naive(const struct softmax_problem *problem, struct execution *execution) {
    (void)execution;
    for (int64_t r = 0; r < problem->rows; r++) {
        int64_t first = r * problem->columns;
        const float *input = problem->input + first;
        float *output = problem->output + first;
        switch (problem->variant) {
        case SOFTMAX_FORWARD:
            softmax_row(input, problem->columns, output);
            break;
        case SOFTMAX_LOG_FORWARD:
            log_softmax_row(input, problem->columns, output);
            break;
        case SOFTMAX_BACKWARD:
            softmax_gradient_row(input, problem->dy + first, problem->columns, output);
            break;
        case SOFTMAX_LOG_BACKWARD:
            log_softmax_gradient_row(input, problem->dy + first, problem->columns, output);
            break;
        }
    }
    return STATUS_OK;
}
