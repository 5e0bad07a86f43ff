/* The float64 oracles of mean squared error, column sums, SGD, Adam and memory transfers: running
 * error analyses of short formulas, an operation a line.
 */
#include "reference/oracle/bounds.h"
#include "reference/oracle/oracle.h"

/* Each square carries two roundings of the difference and its own, the sum n more, the division by
 * the columns 2 (by a rounded reciprocal); all terms are positive, so the bound is relative. */
static void mse_loss_row(const struct mse_problem *problem, int64_t row, double *expected,
                         double *tolerance) {
    const float *y = problem->prediction + row * problem->columns;
    const float *t = problem->target + row * problem->columns;
    double columns = (double)problem->columns;
    double sum = 0, largest = 0;
    for (int64_t c = 0; c < problem->columns; c++) {
        double difference = (double)y[c] - (double)t[c];
        sum += difference * difference;
        largest = fmax(largest, fabs(difference));
    }
    *expected = sum / columns;
    *tolerance = gamma_bound(columns + 5, UNIT_F32) * *expected + FLUSH * (3 + 4 * largest);
    bound_settle(sum, expected, tolerance);
}

/* The difference once; 2 / (rows columns) three times (each count as a float, the quotient), the
 * product. */
static void mse_gradient_row(const struct mse_problem *problem, int64_t row, double *expected,
                             double *tolerance) {
    int64_t first = row * problem->columns;
    double scale = 2 / ((double)problem->rows * (double)problem->columns);
    for (int64_t c = 0; c < problem->columns; c++) {
        double difference =
            (double)problem->prediction[first + c] - (double)problem->target[first + c];
        expected[c] = difference * scale;
        tolerance[c] = gamma_bound(6, UNIT_F32) * fabs(expected[c]) + FLUSH * (1 + 3 * scale);
        bound_settle(fabs(2 * difference), &expected[c], &tolerance[c]);
    }
}

void oracle_mse(const struct mse_problem *problem, int output, int64_t first_row, int64_t rows,
                double *expected, double *tolerance) {
    for (int64_t r = 0; r < rows; r++) {
        if (output == 0)
            mse_loss_row(problem, first_row + r, &expected[r], &tolerance[r]);
        else
            mse_gradient_row(problem, first_row + r, expected + r * problem->columns,
                             tolerance + r * problem->columns);
    }
}

/* gamma_rows of the sum of magnitudes; each element or partial sum may be flushed. */
void oracle_column_sums(const struct column_sums_problem *problem, double *expected,
                        double *tolerance) {
    for (int64_t c = 0; c < problem->columns; c++)
        expected[c] = tolerance[c] = 0;
    for (int64_t r = 0; r < problem->rows; r++)
        for (int64_t c = 0; c < problem->columns; c++) {
            double x = (double)problem->x[r * problem->columns + c];
            expected[c] += x;
            tolerance[c] += fabs(x);
        }
    double relative = gamma_bound((double)problem->rows, UNIT_F32);
    for (int64_t c = 0; c < problem->columns; c++) {
        double magnitude = tolerance[c];
        tolerance[c] = relative * magnitude + 2 * FLUSH * (double)problem->rows;
        bound_settle(magnitude, &expected[c], &tolerance[c]);
    }
}

/* A number and the error of a computed one. */
struct estimate {
    double value, error;
};

/* p - update: the update's error and one rounding. */
static struct estimate parameter_after(double p, struct estimate update) {
    double value = p - update.value;
    return (struct estimate){value, update.error + UNIT_F32 * fabs(value) + 2 * FLUSH};
}

static struct estimate sgd_update(double rate, struct estimate step) {
    double value = rate * step.value;
    return (struct estimate){value, fabs(rate) * step.error + UNIT_F32 * fabs(value) + 2 * FLUSH};
}

/* momentum * m + g: a product and a sum. */
static struct estimate momentum_after(double momentum, double m, double g) {
    double value = momentum * m + g;
    return (struct estimate){value, UNIT_F32 * (fabs(momentum * m) + fabs(value)) + 4 * FLUSH};
}

/* beta1 m + (1 - beta1) g, or the same as m + (1 - beta1) (g - m): at most three roundings on each
 * share (1 - beta1, difference, product), then the sum's. */
static struct estimate first_moment_after(double beta, double m, double g) {
    double value = beta * m + (1 - beta) * g;
    double shares = fabs(m) + fabs((1 - beta) * g);
    return (struct estimate){value, UNIT_F32 * (3 * shares + fabs(value)) + 4 * FLUSH};
}

/* beta2 v + (1 - beta2) g^2: at most five roundings on any share. g^2 may underflow. */
static struct estimate second_moment_after(double beta, double v, double g) {
    double value = beta * v + (1 - beta) * g * g;
    double shares = fabs(beta * v) + fabs((1 - beta) * g * g);
    return (struct estimate){value, gamma_bound(5, UNIT_F32) * shares + 5 * FLUSH};
}

/* The rate and the root's divisor with their corrections for the early steps. */
struct correction {
    double rate, root;
};

static struct correction correction_of(const struct optimizer_problem *problem) {
    double step = (double)problem->step;
    return (struct correction){
        .rate = (double)problem->learning_rate / (1 - pow((double)problem->beta1, step)),
        .root = sqrt(1 - pow((double)problem->beta2, step)),
    };
}

/* rate / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 - beta2^step) + epsilon). The corrections are
 * computed in double and rounded once. Denominator: half of v's relative error through the square
 * root, which itself, its scaling and the addition round (2 u each where approximate, 1 u exact: 7
 * u); an absolute error of v moves its root by at most the error's own root. Quotient and products:
 * 6 u more. */
static struct estimate adam_update(struct correction correction, double epsilon, struct estimate m,
                                   struct estimate v) {
    if (isinf(v.value)) /* nothing is left of the update, and nothing of its error */
        return (struct estimate){m.value / v.value, 0};
    double root = sqrt(v.value);
    double root_error = v.value > 0 ? fmin(v.error / root, sqrt(v.error)) : sqrt(v.error);
    double denominator = root / correction.root + epsilon;
    double denominator_error = root_error / correction.root + 7 * UNIT_F32 * denominator;
    double value = correction.rate * m.value / denominator;
    double relative = denominator_error / fmax(denominator - denominator_error, 0);
    return (struct estimate){value, fabs(correction.rate) * m.error / denominator * (1 + relative) +
                                        bound_weighted(fabs(value), relative + 6 * UNIT_F32) +
                                        2 * FLUSH * (1 + fabs(correction.rate) / denominator)};
}

/* sgd: output 0; sgd_momentum: outputs 0, 1; adam: outputs 0, 1, 2 (parameters, m, v). `largest`
 * receives the largest intermediate value that may overflow where the result does not: g squared.
 */
static struct estimate optimizer_element(const struct optimizer_problem *problem,
                                         struct correction correction, int output, int64_t i,
                                         double *largest) {
    double p = (double)problem->parameters[i];
    double g = (double)problem->gradients[i];
    double rate = (double)problem->learning_rate;
    *largest = fabs(g);
    if (problem->variant == OPTIMIZER_SGD)
        return parameter_after(p, sgd_update(rate, (struct estimate){g, FLUSH}));
    double m = (double)problem->first_moment[i];
    if (problem->variant == OPTIMIZER_SGD_MOMENTUM) {
        struct estimate after = momentum_after((double)problem->momentum, m, g);
        return output == 1 ? after : parameter_after(p, sgd_update(rate, after));
    }
    struct estimate first = first_moment_after((double)problem->beta1, m, g);
    if (output == 1)
        return first;
    double v = (double)problem->second_moment[i];
    struct estimate second = second_moment_after((double)problem->beta2, v, g);
    *largest = fmax(*largest, g * g);
    if (output == 2)
        return second;
    return parameter_after(p, adam_update(correction, (double)problem->epsilon, first, second));
}

void oracle_optimizer(const struct optimizer_problem *problem, int output, int64_t first,
                      int64_t count, double *expected, double *tolerance) {
    struct correction correction = correction_of(problem);
    for (int64_t i = 0; i < count; i++) {
        double largest;
        struct estimate result =
            optimizer_element(problem, correction, output, first + i, &largest);
        expected[i] = result.value;
        tolerance[i] = result.error;
        bound_settle(largest, &expected[i], &tolerance[i]);
    }
}

/* A copy is exact. The triad rounds its product and its sum; a subnormal element may be flushed. */
void oracle_transfer(const struct transfer_problem *problem, int64_t first, int64_t count,
                     double *expected, double *tolerance) {
    for (int64_t i = 0; i < count; i++) {
        double a = (double)problem->a[first + i];
        expected[i] = a;
        tolerance[i] = 0;
        if (problem->variant == TRANSFER_TRIAD) {
            double product = (double)problem->scale * (double)problem->b[first + i];
            expected[i] = a + product;
            tolerance[i] = UNIT_F32 * (fabs(product) + fabs(expected[i])) +
                           FLUSH * (3 + fabs((double)problem->scale));
            bound_settle(fabs(product), &expected[i], &tolerance[i]);
        }
    }
}
