/* Layer normalisation as a textbook shows it: a pass for the mean, one for the variance, one for
 * the result. */
#include "reference/naive.h"

#include <math.h>
#include <stddef.h>

static void forward_row(const struct layernorm_problem *problem, int64_t r) {
    int64_t columns = problem->columns;
    const float *x = problem->x + r * columns;
    float *y = problem->output + r * columns;
    float mean = 0, squares = 0;
    for (int64_t c = 0; problem->mean != NULL && c < columns; c++)
        mean += x[c];
    mean /= (float)columns;
    for (int64_t c = 0; c < columns; c++)
        squares += (x[c] - mean) * (x[c] - mean);
    float rstd = 1 / sqrtf(squares / (float)columns + problem->epsilon);
    for (int64_t c = 0; c < columns; c++)
        y[c] = (x[c] - mean) * rstd * problem->gamma[c] +
               (problem->beta == NULL ? 0 : problem->beta[c]);
    if (problem->mean != NULL)
        problem->mean[r] = mean;
    problem->rstd[r] = rstd;
}

/* Also adds the row to dgamma and dbeta. */
static void backward_row(const struct layernorm_problem *problem, int64_t r) {
    int64_t columns = problem->columns;
    const float *x = problem->x + r * columns, *dy = problem->dy + r * columns;
    float *dx = problem->output + r * columns;
    float mean = problem->mean == NULL ? 0 : problem->mean[r], rstd = problem->rstd[r];
    float g_sum = 0, gh_sum = 0;
    for (int64_t c = 0; c < columns; c++) {
        float h = (x[c] - mean) * rstd, g = dy[c] * problem->gamma[c];
        g_sum += problem->mean == NULL ? 0 : g;
        gh_sum += g * h;
    }
    for (int64_t c = 0; c < columns; c++) {
        float h = (x[c] - mean) * rstd, g = dy[c] * problem->gamma[c];
        dx[c] = rstd * (g - g_sum / (float)columns - h * (gh_sum / (float)columns));
        problem->dgamma[c] += dy[c] * h;
        if (problem->dbeta != NULL)
            problem->dbeta[c] += dy[c];
    }
}

enum status layernorm_naive(const struct layernorm_problem *problem, struct execution *execution) {
    (void)execution;
    bool backward = problem->dy != NULL;
    for (int64_t c = 0; backward && c < problem->columns; c++) {
        problem->dgamma[c] = 0;
        if (problem->dbeta != NULL)
            problem->dbeta[c] = 0;
    }
    for (int64_t r = 0; r < problem->rows; r++)
        (backward ? backward_row : forward_row)(problem, r);
    return STATUS_OK;
}
