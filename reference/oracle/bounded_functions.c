/* How bounds pass through activations, softmax and losses. */
#include "reference/oracle/bounded_functions.h"

#include "common/mlp_model.h"
#include "reference/oracle/bounds.h"
#include "reference/oracle/functions.h"

#include <math.h>

float bounded_error(double error) {
    return error == 0.0 ? 0.0F : nextafterf((float)error, INFINITY);
}

/* The operands and the sum may each be flushed. */
struct bounded bounded_sum(struct bounded a, double b) {
    double value = a.value + b;
    double error = a.error + UNIT_F32 * (fabs(value) + a.error) + 3.0 * FLUSH;
    return (struct bounded){value, error};
}

/* The largest |f'| and |f''| of each function, rounded up. f' of sigmoid and tanh peaks at 0, of
 * gelu at sqrt(2), of silu near 2.4; f'' of sigmoid at +-1.32 (1 / (6 sqrt 3)), of tanh at +-0.66
 * (4 / (3 sqrt 3)), of gelu at 0 (2 / sqrt(2 pi)), of silu at 0. */
static const struct steepness {
    double slope, curvature;
} steepness[ACTIVATION_FUNCTIONS] = {
    [ACTIVATION_IDENTITY] = {1.0, 0.0},     [ACTIVATION_RELU] = {1.0, 0.0},
    [ACTIVATION_SIGMOID] = {0.25, 0.09623}, [ACTIVATION_TANH] = {1.0, 0.7699},
    [ACTIVATION_GELU_TANH] = {1.13, 0.798}, [ACTIVATION_GELU_ERF] = {1.13, 0.798},
    [ACTIVATION_SILU] = {1.1, 0.5},
};

/* The slope at z for functions whose own derivative in functions.h is taken from y. */
static double slope_at(enum activation_function function, double z) {
    double kept = mlp_keeps_input(function) ? z : oracle_function_value(function, z, 0.0).value;
    return fabs(oracle_function_slope(function, kept, 0.0).value);
}

/* relu is exact: on one side of 0 it passes the error on, on the other it is 0 without one. */
static struct bounded relu(struct bounded z) {
    if (z.value < -z.error)
        return (struct bounded){0.0, 0.0};
    return (struct bounded){fmax(z.value, 0.0), z.error};
}

/* What float32 loses in evaluating f or f' is known at z, but happens at the z^ of the
 * implementation; as functions of z these errors (functions.h) change by less than this a
 * unit of z, but for the jump to 0 where tanh saturates, which is covered by looking towards 0. */
static const double own_error_steepness = 256.0 * UNIT_F32;

typedef struct point evaluate(enum activation_function function, double z, double dz);

static double own_error(evaluate *function_at, enum activation_function function,
                        struct bounded z) {
    double inwards = copysign(fmax(fabs(z.value) - z.error, 0.0), z.value);
    return fmax(function_at(function, z.value, 0.0).error,
                function_at(function, inwards, 0.0).error) +
           own_error_steepness * z.error;
}

struct bounded bounded_activation(enum activation_function function, struct bounded z) {
    if (function == ACTIVATION_RELU)
        return relu(z);
    if (function == ACTIVATION_IDENTITY)
        return z;
    const struct steepness *limit = &steepness[function];
    double slope = fmin(limit->slope, slope_at(function, z.value) + limit->curvature * z.error);
    return (struct bounded){oracle_function_value(function, z.value, 0.0).value,
                            slope * z.error + own_error(oracle_function_value, function, z) +
                                FLUSH};
}

/* f' as a function of y, y (1 - y) or 1 - y^2: at y^ it differs by at most e (|its slope| + e). */
static struct bounded slope_from_output(enum activation_function function, struct bounded y) {
    struct point at = oracle_function_slope(function, y.value, 0.0);
    double steep = function == ACTIVATION_SIGMOID ? fabs(1.0 - 2.0 * y.value) : 2.0 * fabs(y.value);
    double moved = y.error * (steep + y.error);
    return (struct bounded){at.value, moved + at.error + 4.0 * UNIT_F32 * moved};
}

static struct bounded slope_from_input(enum activation_function function, struct bounded z) {
    const struct steepness *limit = &steepness[function];
    double value = oracle_function_slope(function, z.value, 0.0).value;
    double moved = fmin(limit->curvature * z.error, limit->slope + fabs(value));
    return (struct bounded){value, moved + own_error(oracle_function_slope, function, z)};
}

/* Where the sign of y^ is certain, so is the mask; else the result is dy^ or 0. */
static struct bounded relu_backward(struct bounded y, struct bounded dy) {
    if (y.value > y.error)
        return dy;
    if (y.value == 0.0 && y.error == 0.0)
        return (struct bounded){0.0, 0.0};
    return (struct bounded){y.value > 0.0 ? dy.value : 0.0, fabs(dy.value) + dy.error};
}

struct bounded bounded_activation_backward(enum activation_function function, struct bounded kept,
                                           struct bounded dy) {
    if (function == ACTIVATION_RELU)
        return relu_backward(kept, dy);
    if (function == ACTIVATION_IDENTITY)
        return dy;
    struct bounded slope = mlp_keeps_input(function) ? slope_from_input(function, kept)
                                                     : slope_from_output(function, kept);
    double largest = (fabs(dy.value) + dy.error) * (fabs(slope.value) + slope.error);
    double moved = dy.error * (fabs(slope.value) + slope.error) + fabs(dy.value) * slope.error;
    return (struct bounded){dy.value * slope.value, moved + 2.0 * UNIT_F32 * largest +
                                                        2.0 * FLUSH * (1.0 + fabs(slope.value))};
}

/* What the elements of a row's softmax share. With d_j = x_j - max and p the probabilities, the
 * computed exponentials err relatively by the rounding of d_j and by exp itself, the sum by their
 * mean under p and by its additions. The logits' errors e_j move log sum exp by at most
 * log(sum p exp(e)), upwards and (Jensen's inequality) downwards; they move each d_j by at most
 * twice the largest of them, and the weights p by the factor exp(largest + moved). */
struct softmax_row {
    double maximum, sum;
    double largest; /* error of a logit */
    double moved;   /* log sum exp, by the errors of the logits */
    double rounded; /* relative error of the computed sum */
};

/* Relative error of a computed exp(x_j - max), |x_j - max| = d. */
static double exponential_error(double d) {
    return exp_error(d) + UNIT_F32 * d * (1.0 + UNIT_F32 * d);
}

/* How often a running maximum may rise: each rise multiplies the partial sum by an exponential. */
static int64_t maxima(int64_t columns, const double *values, const float *errors) {
    int64_t count = 0;
    double certain = values[0] - (double)errors[0];
    for (int64_t j = 1; j < columns; j++) {
        count += values[j] + (double)errors[j] > certain;
        certain = fmax(certain, values[j] - (double)errors[j]);
    }
    return count;
}

static struct softmax_row softmax_row(int64_t columns, const double *values, const float *errors) {
    struct softmax_row row = {.maximum = values[0]};
    for (int64_t j = 0; j < columns; j++) {
        row.maximum = fmax(row.maximum, values[j]);
        row.largest = fmax(row.largest, (double)errors[j]);
    }
    double moved = 0.0, rounded = 0.0;
    for (int64_t j = 0; j < columns; j++) {
        double d = row.maximum - values[j], exponential = exp(-d);
        row.sum += exponential;
        moved += exponential * expm1((double)errors[j]);
        rounded += exponential * exponential_error(d + 2.0 * row.largest);
    }
    row.moved = log1p(moved / row.sum);
    /* A running maximum adds an exponential and a product a rise and a level of a tree of partial
     * sums. */
    double rescalings = (double)maxima(columns, values, errors) + ceil(log2((double)columns));
    row.rounded = rounded / row.sum * exp(row.largest + row.moved) +
                  gamma_bound((double)columns, UNIT_F32) + (double)columns * FLUSH +
                  rescalings * (FUNCTION_ERROR + UNIT_F32);
    return row;
}

/* (1 + a) / (1 - b) - 1, the worst of two relative errors in a quotient. */
static double quotient_error(double a, double b) {
    return b < 1.0 ? (a + b) / (1.0 - b) : (double)INFINITY;
}

/* p_j moves by the factor exp(e_j + moved) and by the roundings of exp and sum; 5 u for a division
 * by way of the reciprocal, 9 u |log sum| for a p that is computed as exp(d - log sum). Never by
 * more than 1 and its own rounding. */
static struct bounded probability(const struct softmax_row *row, double value, double error) {
    double d = row->maximum - value;
    double rounded = exponential_error(d + 2.0 * row->largest) +
                     (5.0 + 9.0 * (log(row->sum) + row->moved)) * UNIT_F32;
    double p = exp(-d) / row->sum;
    double highest =
        exp(error + row->moved - d) / row->sum * (1.0 + quotient_error(rounded, row->rounded));
    return (struct bounded){p, fmin(highest - p, 1.0) + 8.0 * UNIT_F32 * p + 2.0 * FLUSH};
}

void bounded_softmax(int64_t columns, double *values, float *errors) {
    struct softmax_row row = softmax_row(columns, values, errors);
    for (int64_t j = 0; j < columns; j++) {
        struct bounded p = probability(&row, values[j], (double)errors[j]);
        values[j] = p.value;
        errors[j] = bounded_error(p.error);
    }
}

/* log sum - (x_label - max): the sum's relative error, the logarithm's own, and a rounding in each
 * difference. */
static struct bounded cross_entropy_of(const struct softmax_row *row, double label_value,
                                       double label_error) {
    double d = row->maximum - label_value, logarithm = log(row->sum);
    double moved = row->moved + label_error;
    double error = moved + quotient_error(row->rounded, row->rounded);
    error += FUNCTION_ERROR * (logarithm + moved + row->largest);
    error += UNIT_F32 * (d + 2.0 * row->largest);
    error += 2.0 * UNIT_F32 * (logarithm + d + moved);
    return (struct bounded){logarithm + d, error + 3.0 * FLUSH};
}

struct bounded bounded_cross_entropy(int64_t columns, int64_t label, int64_t rows, double *values,
                                     float *errors) {
    struct softmax_row row = softmax_row(columns, values, errors);
    struct bounded loss = cross_entropy_of(&row, values[label], (double)errors[label]);
    for (int64_t j = 0; j < columns; j++) {
        struct bounded p = probability(&row, values[j], (double)errors[j]);
        double difference = p.value - (j == label ? 1.0 : 0.0);
        /* A rounding for the difference, two for the division by way of the reciprocal. */
        double error = p.error + 4.0 * UNIT_F32 * (fabs(difference) + p.error);
        values[j] = difference / (double)rows;
        errors[j] = bounded_error(error / (double)rows + 2.0 * FLUSH);
    }
    return loss;
}

/* With r = y - t rounded once: r^2 moves by e (2 |r| + e); the factor 2 / (rows columns) is rounded
 * and so is the product with it. */
struct bounded bounded_mse(int64_t columns, const float *target, int64_t rows, double *values,
                           float *errors) {
    double sum = 0.0, moved = 0.0, magnitude = 0.0;
    double scale = 2.0 / ((double)rows * (double)columns);
    for (int64_t j = 0; j < columns; j++) {
        double r = values[j] - (double)target[j];
        double error = (double)errors[j] + UNIT_F32 * (fabs(r) + (double)errors[j]) + 2.0 * FLUSH;
        sum += r * r;
        moved += error * (2.0 * fabs(r) + error);
        magnitude += (fabs(r) + error) * (fabs(r) + error);
        values[j] = r * scale;
        errors[j] =
            bounded_error(scale * (error + 6.0 * UNIT_F32 * (fabs(r) + error)) + 2.0 * FLUSH);
    }
    double roundings = gamma_bound((double)columns + 4.0, UNIT_F32) * magnitude;
    double error = (moved + roundings) / (double)columns + ((double)columns + 2.0) * FLUSH;
    return (struct bounded){sum / (double)columns, error};
}
