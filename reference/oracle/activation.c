/* The float64 oracles of the activation functions and their derivatives, each with the error that a
 * correct float32 evaluation of the textbook formula may have.
 *
 * A point is a value and the bound of its error. The argument z = x + bias comes with the error of
 * its own rounding, which reaches the result through the derivative (the condition of f); to that
 * each function adds the roundings of its formula. "4.5 u" below is half of 1 + tanh or 1 + erf:
 * the function within 4 ulp of at most 1 (8 u), the addition 1 u.
 *
 * Infinities are taken as the written formulas take them, products of 0 and infinity and all:
 * gelu(-inf), silu(-inf) and the gelu and silu derivatives at both infinities are NaN (the limits
 * would be 0 or 1, but hide an overflow upstream; PyTorch gives NaN forward too). relu's derivative
 * selects: dy where y > 0, else 0, also where dy or y is NaN.
 */
#include "reference/oracle/bounds.h"
#include "reference/oracle/functions.h"
#include "reference/oracle/oracle.h"

#include <stddef.h>

static const double sqrt_2_over_pi = 0.79788456080286535588;
static const double sqrt_1_over_2 = 0.70710678118654752440;
static const double inverse_sqrt_2_pi = 0.39894228040143267794;
static const double gelu_cubic = 0.044715;

/* From here on tanh and the logistic function are exactly 0 or 1 in float32, with room to spare. */
enum { SATURATED = 10, VANISHED = 60 };

static double logistic(double z) {
    return 1 / (1 + exp(-z));
}

/* s (1 - s), without cancellation. */
static double logistic_slope(double z) {
    double e = exp(-fabs(z));
    return e / ((1 + e) * (1 + e));
}

static double normal_density(double z) {
    return inverse_sqrt_2_pi * exp(-0.5 * z * z);
}

static double normal_distribution(double z) {
    return 0.5 * erfc(-z * sqrt_1_over_2);
}

/* Relative: exp's error is damped by the share 1 - s that exp has in 1 + exp(-z); the addition 1 u,
 * the division 4 u (a reciprocal within 1 ulp, a multiplication). */
static double logistic_error(double z) {
    return bound_weighted(logistic(-z), exp_error(z)) + 5 * UNIT_F32;
}

/* gelu's inner argument t = sqrt(2/pi) (z + 0.044715 z^3), all of whose terms have one sign. */
static double gelu_inner(double z) {
    return sqrt_2_over_pi * (z + gelu_cubic * z * z * z);
}

static double gelu_inner_slope(double z) {
    return sqrt_2_over_pi * (1 + 3 * gelu_cubic * z * z);
}

/* The error of tanh(t) or of 2 s(2t), over 2, from the argument: t carries 7 roundings (z^3 two,
 * two constants twice each, one addition). */
static double gelu_inner_error(double t) {
    return bound_weighted(logistic_slope(2 * t), 14 * UNIT_F32 * fabs(t) + exp_error(2 * t));
}

static struct point sigmoid_forward(double z, double dz) {
    double s = logistic(z);
    return (struct point){s, s * logistic_error(z) + logistic_slope(z) * dz};
}

static struct point tanh_forward(double z, double dz) {
    double value = tanh(z);
    return (struct point){value, fabs(value) * FUNCTION_ERROR + 4 * logistic_slope(2 * z) * dz};
}

static struct point gelu_tanh_forward(double z, double dz) {
    double t = gelu_inner(z);
    double value = z * logistic(2 * t);
    double error = fabs(z) * (gelu_inner_error(t) + 4.5 * UNIT_F32) + 3 * UNIT_F32 * fabs(value);
    return (struct point){value, error + 1.2 * dz + FLUSH * fabs(z)};
}

/* z / sqrt(2) carries two roundings into erf. */
static struct point gelu_erf_forward(double z, double dz) {
    double value = z * normal_distribution(z);
    double argument = bound_weighted(normal_density(z), 2 * UNIT_F32 * fabs(z));
    double error = fabs(z) * (argument + 4.5 * UNIT_F32) + 3 * UNIT_F32 * fabs(value);
    return (struct point){value, error + 1.2 * dz + FLUSH * fabs(z)};
}

static struct point silu_forward(double z, double dz) {
    double value = z * logistic(z);
    double error = fabs(value) * (logistic_error(z) + 2 * UNIT_F32);
    return (struct point){value, error + 1.1 * dz + FLUSH * fabs(z)};
}

/* dz times the largest slope (1.13 for both gelu, 1.1 for silu) suffices: these take z as it is. */
struct point oracle_function_value(enum activation_function function, double z, double dz) {
    switch (function) {
    case ACTIVATION_RELU:
        return (struct point){z > 0 || isnan(z) ? z : 0, dz};
    case ACTIVATION_SIGMOID:
        return sigmoid_forward(z, dz);
    case ACTIVATION_TANH:
        return tanh_forward(z, dz);
    case ACTIVATION_GELU_TANH:
        return gelu_tanh_forward(z, dz);
    case ACTIVATION_GELU_ERF:
        return gelu_erf_forward(z, dz);
    case ACTIVATION_SILU:
        return silu_forward(z, dz);
    case ACTIVATION_IDENTITY:
    case ACTIVATION_FUNCTIONS:
        break;
    }
    return (struct point){z, dz};
}

/* f' = s + z s (1 - s) 2 t'. The first term errs as in the forward pass. In the second, 1 - tanh^2
 * is a difference of numbers near 1 and so errs absolutely: 2 |tanh| 8 u, u for the square, u for
 * the difference, 6 u for the way through s and 1 - s; halved, at most 12 u, until tanh is
 * exactly 1. */
static struct point gelu_tanh_slope(double z, double dz) {
    double t = gelu_inner(z);
    double slope = gelu_inner_slope(z);
    double second = z * logistic_slope(2 * t) * 2 * slope;
    double lever = fabs(z) * slope;
    double error = gelu_inner_error(t) + 4.5 * UNIT_F32 + 2 * FLUSH;
    error += bound_weighted(gelu_inner_error(t), 2 * lever) + 8 * UNIT_F32 * fabs(second);
    if (fabs(t) < SATURATED)
        error += 12 * UNIT_F32 * lever;
    if (fabs(t) < VANISHED)
        error += 2 * FLUSH * lever;
    return (struct point){logistic(2 * t) + second, error + 0.8 * dz};
}

/* f' = Phi(z) + z phi(z), phi's argument z^2 / 2 rounded once. */
static struct point gelu_erf_slope(double z, double dz) {
    double density = normal_density(z);
    double half_square = 0.5 * z * z;
    double second = z * density;
    double error = 4.5 * UNIT_F32 + 2 * FLUSH + FLUSH * fmin(fabs(z), VANISHED);
    error += bound_weighted(density, 2 * UNIT_F32 * fabs(z));
    error += bound_weighted(fabs(second), exp_error(half_square) + (half_square + 6) * UNIT_F32);
    return (struct point){normal_distribution(z) + second, error + 0.8 * dz};
}

/* f' = s (1 + z (1 - s)); 1 - s errs by 6 u of 1, what s errs and the difference adds. Where exp(z)
 * is subnormal s may be 0, which costs s (|z| - 1): most at the first such z, -87.34, where s is
 * just below FLUSH, so never more than (|z| - 1) / (|z| + 3) of the tolerance. AVX-512's kernel,
 * whose exp has no subnormals, uses those 0.95 of it there and nowhere else. */
static struct point silu_slope(double z, double dz) {
    double s = logistic(z);
    double product = z * logistic(-z);
    double value = s * (1 + product);
    double inner = fabs(z) * (6 * UNIT_F32 + bound_weighted(logistic_slope(z), exp_error(z)));
    double error = fabs(value) * (logistic_error(z) + UNIT_F32) +
                   s * (fmin(inner, fabs(z)) + 3 * UNIT_F32 * (1 + fabs(product)));
    return (struct point){value, error + 0.5 * dz + FLUSH * (2 + fabs(z))};
}

/* f' as a function of what the forward pass kept: y for identity, relu, sigmoid and tanh, else z.
 * `dz` is the error of z; a subnormal y may count as zero. */
struct point oracle_function_slope(enum activation_function function, double kept, double dz) {
    switch (function) {
    case ACTIVATION_SIGMOID: /* 1 - y and the product: a rounding each */
        return (struct point){kept * (1 - kept), 2 * UNIT_F32 * fabs(kept * (1 - kept)) + FLUSH};
    case ACTIVATION_TANH: {
        /* 1 - y^2 rounds y^2 and the difference; (1 - y)(1 + y) rounds three times, relatively. */
        double slope = 1 - kept * kept;
        double roundings = fmax(kept * kept + fabs(slope), 3 * fabs(slope));
        return (struct point){slope, UNIT_F32 * roundings + FLUSH};
    }
    case ACTIVATION_GELU_TANH:
        return gelu_tanh_slope(kept, dz);
    case ACTIVATION_GELU_ERF:
        return gelu_erf_slope(kept, dz);
    case ACTIVATION_SILU:
        return silu_slope(kept, dz);
    case ACTIVATION_RELU: /* relu_backward() */
    case ACTIVATION_IDENTITY:
    case ACTIVATION_FUNCTIONS:
        break;
    }
    return (struct point){1, 0};
}

static bool keeps_output(enum activation_function function) {
    return function == ACTIVATION_IDENTITY || function == ACTIVATION_RELU ||
           function == ACTIVATION_SIGMOID || function == ACTIVATION_TANH;
}

/* z = x + bias with its rounding; each of x, bias and z may be flushed. */
static double biased(const struct activation_problem *problem, int64_t row, int64_t column,
                     double *error) {
    double x = (double)problem->input[row * problem->columns + column];
    *error = FLUSH;
    if (problem->bias == NULL || (problem->backward && keeps_output(problem->function)))
        return x;
    double z = x + (double)problem->bias[column];
    *error = isfinite(z) ? UNIT_F32 * fabs(z) + 3 * FLUSH : 0;
    return z;
}

static struct point forward_element(const struct activation_problem *problem, int64_t row,
                                    int64_t column) {
    double dz;
    double z = biased(problem, row, column, &dz);
    struct point result = oracle_function_value(problem->function, z, dz);
    result.error += FLUSH;
    bound_settle(fabs(z), &result.value, &result.error);
    return result;
}

/* A selection, not a product: exact, but that a subnormal y may count as zero. */
static struct point relu_backward(double y, double dy) {
    struct point result = {y > 0 ? dy : 0, FLUSH};
    if (y > 0 && is_subnormal_or_zero(y))
        result.error += fabs(dy);
    bound_settle(0, &result.value, &result.error);
    return result;
}

/* dy * f': the error of f', the product's rounding, a flushed dy and a flushed product. */
static struct point backward_element(const struct activation_problem *problem, int64_t row,
                                     int64_t column) {
    double dz;
    double kept = biased(problem, row, column, &dz);
    double dy = (double)problem->dy[row * problem->columns + column];
    if (problem->function == ACTIVATION_RELU)
        return relu_backward(kept, dy);
    struct point slope = oracle_function_slope(problem->function, kept, dz);
    struct point result = {dy * slope.value, 0};
    result.error = bound_weighted(fabs(dy), slope.error) + UNIT_F32 * fabs(result.value) +
                   FLUSH * (1 + fabs(slope.value));
    bound_settle(fabs(kept), &result.value, &result.error);
    return result;
}

/* Output 1: the column sums of output 0; gamma_rows of the sum of magnitudes besides each element's
 * own error, and an underflow in each addition. */
static void oracle_dbias(const struct activation_problem *problem, double *expected,
                         double *tolerance) {
    double relative = gamma_bound((double)problem->rows, UNIT_F32);
    for (int64_t c = 0; c < problem->columns; c++) {
        double sum = 0, error = 0, magnitude = 0;
        for (int64_t r = 0; r < problem->rows; r++) {
            struct point element = backward_element(problem, r, c);
            sum += element.value;
            error += element.error + FLUSH;
            magnitude += fabs(element.value);
        }
        expected[c] = sum;
        tolerance[c] = error + relative * magnitude;
        bound_settle(magnitude, &expected[c], &tolerance[c]);
    }
}

void oracle_activation(const struct activation_problem *problem, int output, int64_t first_row,
                       int64_t rows, double *expected, double *tolerance) {
    if (output == 1) {
        oracle_dbias(problem, expected, tolerance);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < problem->columns; c++) {
            struct point element = problem->backward ? backward_element(problem, first_row + r, c)
                                                     : forward_element(problem, first_row + r, c);
            expected[r * problem->columns + c] = element.value;
            tolerance[r * problem->columns + c] = element.error;
        }
}
