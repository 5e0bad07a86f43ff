/* The float64 oracles of softmax, log-softmax and softmax with cross-entropy, which share the sum
 * of exponentials of a row and its error.
 *
 * The float32 evaluation that is allowed for: subtract a maximum (one rounding of d = x - max, so
 * an argument error |d| u), exponentiate, add in any order, divide. The maximum may be a running
 * one (Milakov and Gimelshein, "Online normalizer calculation for softmax", arXiv:1805.02867): then
 * each new maximum multiplies the partial sum by one more exponential.
 *
 * A row with NaN or +inf is NaN throughout (inf - inf), and so is a row of -inf alone; -inf among
 * finite numbers is a probability of 0.
 */
#include "reference/oracle/bounds.h"
#include "reference/oracle/oracle.h"

/* What all elements of a row share. */
struct row_sum {
    double maximum;
    double sum;   /* of exp(x - maximum) */
    double error; /* relative error of a computed sum */
};

/* Relative error of a computed exp(x - max), the rounding of the difference included. */
static double term_error(double difference) {
    return exp_error(difference) + fabs(difference) * UNIT_F32;
}

/* The sum's relative error: that of its terms, weighted by the terms; gamma_n for n additions in
 * any order; and for a running maximum an exponential and a product (4 ulp and 1 u) for each new
 * maximum from left to right and for each level of a tree that merges partial sums. */
static struct row_sum row_sum(const float *x, int64_t columns) {
    struct row_sum row = {.maximum = (double)x[0]};
    int64_t maxima = 0;
    for (int64_t c = 1; c < columns; c++)
        if ((double)x[c] > row.maximum) {
            row.maximum = (double)x[c];
            maxima++;
        }
    double weighted = 0;
    for (int64_t c = 0; c < columns; c++) {
        double difference = (double)x[c] - row.maximum;
        double term = exp(difference);
        row.sum += term;
        weighted += bound_weighted(term, term_error(difference));
    }
    double rescalings = columns > 1 ? (double)maxima + ceil(log2((double)columns)) : 0;
    row.error = weighted / row.sum + gamma_bound((double)columns, UNIT_F32) +
                rescalings * (FUNCTION_ERROR + UNIT_F32);
    return row;
}

/* y = exp(d) / sum: the relative errors add up, and the division is 3 u (a reciprocal of the sum
 * and a product). Underflow: of the exponential, of the quotient. */
static double probability(const struct row_sum *row, double x, double *error) {
    double difference = x - row->maximum;
    double value = exp(difference) / row->sum;
    *error = bound_weighted(value, term_error(difference) + row->error + 3 * UNIT_F32) + 2 * FLUSH;
    return value;
}

static void forward_row(const float *x, int64_t columns, double *expected, double *tolerance) {
    struct row_sum row = row_sum(x, columns);
    for (int64_t c = 0; c < columns; c++) {
        expected[c] = probability(&row, (double)x[c], &tolerance[c]);
        bound_settle(0, &expected[c], &tolerance[c]);
    }
}

/* log sum exp(x - max) and the absolute error of a computed one: a relative error of the sum is an
 * absolute one of its logarithm, and the logarithm itself is within 4 ulp. */
static double log_sum(const struct row_sum *row, double *error) {
    double value = log(row->sum);
    *error = row->error + FUNCTION_ERROR * fabs(value);
    return value;
}

/* y = d - log sum, d and y rounded once each. */
static void log_forward_row(const float *x, int64_t columns, double *expected, double *tolerance) {
    struct row_sum row = row_sum(x, columns);
    double log_error;
    double log_value = log_sum(&row, &log_error);
    for (int64_t c = 0; c < columns; c++) {
        double difference = (double)x[c] - row.maximum;
        expected[c] = difference - log_value;
        tolerance[c] = log_error + UNIT_F32 * (fabs(difference) + fabs(expected[c])) + 2 * FLUSH;
        bound_settle(fabs(difference), &expected[c], &tolerance[c]);
    }
}

/* dx = y (dy - D), D = sum dy y. D errs by gamma_(n+1) of the sum of magnitudes, and by whole terms
 * where a factor is subnormal; the difference and the product are rounded. */
static void backward_row(const float *y, const float *dy, int64_t columns, double *expected,
                         double *tolerance) {
    double dot = 0, magnitude = 0, flushed = (double)columns * FLUSH;
    for (int64_t c = 0; c < columns; c++) {
        double term = (double)y[c] * (double)dy[c];
        dot += term;
        magnitude += fabs(term);
        if (is_subnormal_or_zero((double)y[c]) || is_subnormal_or_zero((double)dy[c]))
            flushed += fabs(term);
    }
    double dot_error = gamma_bound((double)columns + 1, UNIT_F32) * magnitude + flushed;
    for (int64_t c = 0; c < columns; c++) {
        double weight = (double)y[c];
        double difference = (double)dy[c] - dot;
        expected[c] = weight * difference;
        tolerance[c] = fabs(weight) * (dot_error + UNIT_F32 * fabs(difference) + 2 * FLUSH) +
                       UNIT_F32 * fabs(expected[c]) + FLUSH * (1 + fabs(difference));
        bound_settle(magnitude + fabs(difference), &expected[c], &tolerance[c]);
    }
}

/* dx = dy - exp(y) S, S = sum dy. */
static void log_backward_row(const float *y, const float *dy, int64_t columns, double *expected,
                             double *tolerance) {
    double sum = 0, magnitude = 0;
    for (int64_t c = 0; c < columns; c++) {
        sum += (double)dy[c];
        magnitude += fabs((double)dy[c]);
    }
    double sum_error =
        gamma_bound((double)columns, UNIT_F32) * magnitude + 2 * (double)columns * FLUSH;
    for (int64_t c = 0; c < columns; c++) {
        double weight = exp((double)y[c]);
        double share = weight * sum;
        expected[c] = (double)dy[c] - share;
        tolerance[c] = bound_weighted(weight, sum_error) +
                       bound_weighted(fabs(share), exp_error((double)y[c]) + UNIT_F32) +
                       UNIT_F32 * fabs(expected[c]) + FLUSH * (3 + fabs(sum));
        bound_settle(fmax(magnitude, fmax(weight, fabs(share))), &expected[c], &tolerance[c]);
    }
}

void oracle_softmax(const struct softmax_problem *problem, int64_t first_row, int64_t rows,
                    double *expected, double *tolerance) {
    int64_t columns = problem->columns;
    for (int64_t r = 0; r < rows; r++) {
        int64_t first = (first_row + r) * columns;
        const float *input = problem->input + first;
        double *values = expected + r * columns;
        double *bounds = tolerance + r * columns;
        switch (problem->variant) {
        case SOFTMAX_FORWARD:
            forward_row(input, columns, values, bounds);
            break;
        case SOFTMAX_LOG_FORWARD:
            log_forward_row(input, columns, values, bounds);
            break;
        case SOFTMAX_BACKWARD:
            backward_row(input, problem->dy + first, columns, values, bounds);
            break;
        case SOFTMAX_LOG_BACKWARD:
            log_backward_row(input, problem->dy + first, columns, values, bounds);
            break;
        }
    }
}

/* loss = log sum - d[label]. */
static void loss_row(const float *logits, int32_t label, int64_t columns, double *expected,
                     double *tolerance) {
    struct row_sum row = row_sum(logits, columns);
    double log_error;
    double log_value = log_sum(&row, &log_error);
    double difference = (double)logits[label] - row.maximum;
    *expected = log_value - difference;
    *tolerance = log_error + UNIT_F32 * (fabs(difference) + fabs(*expected)) + 2 * FLUSH;
    bound_settle(fabs(difference), expected, tolerance);
}

/* dlogits = (p - [c = label]) / rows: p's error, the rounding of p - 1, which cancels where the row
 * is sure of its label, and 3 u for the division by rows or for 1 / rows and its product. */
static void gradient_row(const struct cross_entropy_problem *problem, int64_t r, double *expected,
                         double *tolerance) {
    const float *logits = problem->logits + r * problem->columns;
    struct row_sum row = row_sum(logits, problem->columns);
    double scale = 1 / (double)problem->rows;
    for (int64_t c = 0; c < problem->columns; c++) {
        double error;
        double value = probability(&row, (double)logits[c], &error);
        if (c == problem->labels[r])
            value -= 1;
        expected[c] = value * scale;
        tolerance[c] =
            scale * (error + UNIT_F32 * fabs(value)) + 3 * UNIT_F32 * fabs(expected[c]) + FLUSH;
        bound_settle(0, &expected[c], &tolerance[c]);
    }
}

void oracle_cross_entropy(const struct cross_entropy_problem *problem, int output,
                          int64_t first_row, int64_t rows, double *expected, double *tolerance) {
    for (int64_t r = 0; r < rows; r++) {
        if (output == 0)
            loss_row(problem->logits + (first_row + r) * problem->columns,
                     problem->labels[first_row + r], problem->columns, &expected[r], &tolerance[r]);
        else
            gradient_row(problem, first_row + r, expected + r * problem->columns,
                         tolerance + r * problem->columns);
    }
}
