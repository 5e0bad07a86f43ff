/* The float64 oracle of layer normalisation, with and without the mean.
 *
 * The float32 evaluation that is allowed for: sums in any order; the variance around the computed
 * mean in a second pass, or updated in one pass (Chan, Golub and LeVeque, "Algorithms for computing
 * the sample variance", The American Statistician 37, 1983); each element as (x - mean) rstd gamma
 * + beta, or as x scale + shift with the row's scale and shift, which cancels where the mean is far
 * from 0. The difference of mean square and square of the mean is not allowed for.
 *
 * A row with NaN or an infinity is NaN throughout, but for an infinity among finite numbers without
 * a mean: there rstd is 0.
 */
#include "reference/oracle/bounds.h"
#include "reference/oracle/oracle.h"

#include <stddef.h>

static bool is_rms(const struct layernorm_problem *problem) {
    return problem->variant == LAYERNORM_RMS_FORWARD || problem->variant == LAYERNORM_RMS_BACKWARD;
}

/* --- forward ---------------------------------------------------------------------------------- */

/* A row's numbers. */
struct moments {
    double mean, mean_error; /* the error absolute */
    double rstd, rstd_error; /* the error relative */
    double squares;          /* the sum of the squared deviations */
};

/* gamma_(n+1) of the mean magnitude: n - 1 additions, and a division or a reciprocal and a product.
 * One element alone is its own mean. */
static void measure_mean(const float *x, int64_t columns, struct moments *row) {
    double sum = 0, magnitude = 0;
    for (int64_t c = 0; c < columns; c++) {
        sum += (double)x[c];
        magnitude += fabs((double)x[c]);
    }
    double roundings = columns == 1 ? 0 : (double)columns + 1;
    row->mean = sum / (double)columns;
    row->mean_error = gamma_bound(roundings, UNIT_F32) * magnitude / (double)columns + 2 * FLUSH;
}

/* Two passes: gamma_(n+5) of the variance, and the square of the mean's error, because the squares
 * around another point than the mean add up to n times the square of its distance more. One pass:
 * gamma_(n+5) of the variance times its condition number sqrt(1 + mean^2 / variance). */
static double variance_error(const struct moments *row, double variance, double columns) {
    double condition = variance + fabs(row->mean) * sqrt(variance);
    return gamma_bound(columns + 5, UNIT_F32) * condition + row->mean_error * row->mean_error;
}

static struct moments moments_of(const struct layernorm_problem *problem, int64_t r) {
    const float *x = problem->x + r * problem->columns;
    struct moments row = {.mean = 0};
    if (!is_rms(problem))
        measure_mean(x, problem->columns, &row);
    double largest = 0;
    for (int64_t c = 0; c < problem->columns; c++) {
        double deviation = (double)x[c] - row.mean;
        row.squares += deviation * deviation;
        largest = fmax(largest, fabs(deviation));
    }
    double variance = row.squares / (double)problem->columns;
    double under = variance + (double)problem->epsilon;
    double error = variance_error(&row, variance, (double)problem->columns) + UNIT_F32 * under +
                   FLUSH * (2 + 4 * largest);
    row.rstd = 1 / sqrt(under);
    /* The root halves a relative error, at least while it is small; root and reciprocal are
     * functions. Where the error swallows the number, rstd may be anything. */
    row.rstd_error =
        error < under ? 1 / sqrt(1 - error / under) - 1 + 2 * FUNCTION_ERROR : (double)INFINITY;
    return row;
}

/* The element's place in its row errs by the mean's error and, as x scale + shift, by roundings of
 * x and the mean themselves; scale and gamma are 4 roundings more, then comes beta. */
static void forward_row(const struct layernorm_problem *problem, int64_t r, double *expected,
                        double *tolerance) {
    const float *x = problem->x + r * problem->columns;
    struct moments row = moments_of(problem, r);
    for (int64_t c = 0; c < problem->columns; c++) {
        double gamma = (double)problem->gamma[c];
        double beta = problem->beta == NULL ? 0 : (double)problem->beta[c];
        double normal = ((double)x[c] - row.mean) * row.rstd;
        double product = normal * gamma;
        double place =
            row.mean_error + 4 * UNIT_F32 * (fabs((double)x[c]) + fabs(row.mean)) + FLUSH;
        expected[c] = product + beta;
        tolerance[c] =
            fabs(gamma) * row.rstd * place +
            bound_weighted(fabs(gamma) * row.rstd * place + fabs(product), row.rstd_error) +
            UNIT_F32 * (6 * fabs(product) + fabs(beta) + fabs(expected[c])) +
            FLUSH * (3 + fabs(gamma) + fabs(normal));
        bound_settle(fmax(row.squares, fmax(fabs(product), fabs(beta))), &expected[c],
                     &tolerance[c]);
    }
}

static void forward_number(const struct layernorm_problem *problem, enum layernorm_output output,
                           int64_t r, double *expected, double *tolerance) {
    struct moments row = moments_of(problem, r);
    bool mean = output == LAYERNORM_MEAN;
    *expected = mean ? row.mean : row.rstd;
    *tolerance = mean ? row.mean_error : bound_weighted(row.rstd, row.rstd_error);
    bound_settle(mean ? row.mean_error / UNIT_F32 : row.squares, expected, tolerance);
}

/* --- backward --------------------------------------------------------------------------------- */

/* What an element is made of, and the magnitude that its roundings are relative to: h may be taken
 * as x rstd - mean rstd. */
struct element {
    double g, h, magnitude;
};

static struct element element_of(const struct layernorm_problem *problem, int64_t r, int64_t c) {
    int64_t i = r * problem->columns + c;
    double x = (double)problem->x[i], rstd = (double)problem->rstd[r];
    double mean = is_rms(problem) ? 0 : (double)problem->mean[r];
    return (struct element){(double)problem->dy[i] * (double)problem->gamma[c], (x - mean) * rstd,
                            (fabs(x) + fabs(mean)) * rstd};
}

/* A sum over a row or a column, and the magnitudes of its terms. */
struct sum {
    double value, magnitude, flushed;
};

static void sum_add(struct sum *sum, double term, double magnitude, double flushed) {
    sum->value += term;
    sum->magnitude += magnitude;
    sum->flushed += FLUSH * flushed;
}

/* `roundings` of a term and n additions. */
static double sum_error(const struct sum *sum, double n, double roundings) {
    return gamma_bound(n + roundings, UNIT_F32) * sum->magnitude + sum->flushed;
}

static void dx_row(const struct layernorm_problem *problem, int64_t r, double *expected,
                   double *tolerance) {
    double columns = (double)problem->columns, rstd = (double)problem->rstd[r];
    struct sum g = {0}, gh = {0};
    for (int64_t c = 0; c < problem->columns; c++) {
        struct element e = element_of(problem, r, c);
        double factors = 1 + fabs((double)problem->dy[r * problem->columns + c]) +
                         fabs((double)problem->gamma[c]);
        if (!is_rms(problem))
            sum_add(&g, e.g, fabs(e.g), factors);
        sum_add(&gh, e.g * e.h, fabs(e.g) * e.magnitude,
                factors * (1 + e.magnitude) + fabs(e.g) * (1 + rstd));
    }
    double g_error = sum_error(&g, columns, 2) + 6 * UNIT_F32 * fabs(g.value);
    double gh_error = sum_error(&gh, columns, 6) + 8 * UNIT_F32 * fabs(gh.value);
    for (int64_t c = 0; c < problem->columns; c++) {
        struct element e = element_of(problem, r, c);
        expected[c] = rstd * (e.g - g.value / columns - e.h * (gh.value / columns));
        tolerance[c] =
            rstd *
                (6 * UNIT_F32 * fabs(e.g) + g_error / columns + e.magnitude * gh_error / columns) +
            4 * UNIT_F32 * fabs(expected[c]) + FLUSH * (4 + rstd * (4 + fabs(gh.value) / columns));
        bound_settle(fmax(g.magnitude, fmax(gh.magnitude, fabs(e.g))), &expected[c], &tolerance[c]);
    }
}

static void column_sum(const struct layernorm_problem *problem, enum layernorm_output output,
                       int64_t c, double *expected, double *tolerance) {
    struct sum sum = {0};
    for (int64_t r = 0; r < problem->rows; r++) {
        struct element e = element_of(problem, r, c);
        double dy = (double)problem->dy[r * problem->columns + c];
        if (output == LAYERNORM_DBETA)
            sum_add(&sum, dy, fabs(dy), 2);
        else
            sum_add(&sum, dy * e.h, fabs(dy) * e.magnitude,
                    2 + e.magnitude + fabs(dy) * (1 + (double)problem->rstd[r]));
    }
    *expected = sum.value;
    *tolerance = sum_error(&sum, (double)problem->rows, 5);
    bound_settle(sum.magnitude, expected, tolerance);
}

void oracle_layernorm(const struct layernorm_problem *problem, enum layernorm_output output,
                      int64_t first_row, int64_t rows, double *expected, double *tolerance) {
    bool backward = problem->dy != NULL;
    if (backward && (output == LAYERNORM_DGAMMA || output == LAYERNORM_DBETA)) {
        for (int64_t c = 0; c < problem->columns; c++)
            column_sum(problem, output, c, &expected[c], &tolerance[c]);
        return;
    }
    for (int64_t r = 0; r < rows; r++) {
        if (output != LAYERNORM_OUTPUT)
            forward_number(problem, output, first_row + r, &expected[r], &tolerance[r]);
        else
            (backward ? dx_row : forward_row)(problem, first_row + r,
                                              expected + r * problem->columns,
                                              tolerance + r * problem->columns);
    }
}
