/* The functions of a network on numbers with bounds: a float64 value and the largest distance that
 * a float32 implementation's number may have from it. Used by mlp.c.
 *
 * What float32 itself loses in a function comes from activation.c and bounds.h; here stands how the
 * error of the arguments passes through. Numbers are finite.
 */
#ifndef LOCKSTEP_REFERENCE_ORACLE_BOUNDED_FUNCTIONS_H
#define LOCKSTEP_REFERENCE_ORACLE_BOUNDED_FUNCTIONS_H

#include "common/problem.h"

#include <stdint.h>

struct bounded {
    double value, error;
};

/* a + b, rounded once; b is exact. */
struct bounded bounded_sum(struct bounded a, double b);

/* f(z). */
struct bounded bounded_activation(enum activation_function function, struct bounded z);

/* dy * f'(z), from what the forward pass kept: z where the derivative is taken from the input
 * (mlp_keeps_input), else y = f(z). */
struct bounded bounded_activation_backward(enum activation_function function, struct bounded kept,
                                           struct bounded dy);

/* One row of logits, given in values and errors. */

/* Writes the softmax over the logits. */
void bounded_softmax(int64_t columns, double *values, float *errors);

/* Returns the loss of the row and writes the gradient over the logits, divided by `rows`. */
struct bounded bounded_cross_entropy(int64_t columns, int64_t label, int64_t rows, double *values,
                                     float *errors);

/* The same for the mean squared error of a row of predictions. */
struct bounded bounded_mse(int64_t columns, const float *target, int64_t rows, double *values,
                           float *errors);

/* A bound as a float, rounded up; 0 stays 0, which a relu that is certainly off relies on. */
float bounded_error(double error);

#endif
