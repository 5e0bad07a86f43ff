/* One activation function, or its derivative, at one float64 point: the value, and the error that a
 * correct float32 evaluation of the textbook formula may have. Shared by the oracles; the reasons
 * stand in reference/oracle/activation.c.
 */
#ifndef LOCKSTEP_REFERENCE_ORACLE_FUNCTIONS_H
#define LOCKSTEP_REFERENCE_ORACLE_FUNCTIONS_H

#include "common/problem.h"

struct point {
    double value, error;
};

/* f(z) for a z that carries the small error dz (of a rounding or two: the slope at z times dz). */
struct point oracle_function_value(enum activation_function function, double z, double dz);

/* f' from what the forward pass kept: y for sigmoid and tanh, z with its error dz for gelu and
 * silu. Identity gives 1, and so does relu, whose derivative selects instead of multiplying. */
struct point oracle_function_slope(enum activation_function function, double kept, double dz);

#endif
