/* The mean squared error and its gradient, a row at a time. */
#include "reference/naive.h"

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
