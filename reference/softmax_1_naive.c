/* Softmax, log-softmax, cross-entropy and mean squared error, a row at a time: a pass for the
 * maximum (without it exp overflows from 89 on), one for the sum, one for the result. Shows the
 * three reads of a row that fused code saves.
 */
#include "reference/naive.h"

#include <math.h>

static float row_maximum(const float *x, int64_t columns) {
    float maximum = x[0];
    for (int64_t c = 1; c < columns; c++)
        if (x[c] > maximum)
            maximum = x[c];
    return maximum;
}

static float exponential_sum(const float *x, int64_t columns, float maximum) {
    float sum = 0;
    for (int64_t c = 0; c < columns; c++)
        sum += expf(x[c] - maximum);
    return sum;
}

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

enum status mse_naive(const struct mse_problem *problem, struct execution *execution) {
    (void)execution;
    float scale = 2 / ((float)problem->rows * (float)problem->columns);
    for (int64_t r = 0; r < problem->rows; r++) {
        float sum = 0;
        for (int64_t c = 0; c < problem->columns; c++) {
            int64_t i = r * problem->columns + c;
            float difference = problem->prediction[i] - problem->target[i];
            sum += difference * difference;
            if (problem->variant != LOSS_FORWARD)
                problem->dprediction[i] = scale * difference;
        }
        if (problem->variant != LOSS_BACKWARD)
            problem->loss[r] = sum / (float)problem->columns;
    }
    return STATUS_OK;
}
