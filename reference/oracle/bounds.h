/* What the oracles' tolerances are built from: rounding units, errors of elementary functions, and
 * what overflow and underflow do to a float32 result.
 *
 * Notation as in Higham, "Accuracy and stability of numerical algorithms" (SIAM, 2002): u is the
 * unit roundoff, gamma_n = n u / (1 - n u) bounds n roundings in a row. One ulp of a result y is at
 * most 2 u |y|.
 *
 * What a correct implementation may do, and the bounds allow:
 * - any order of a sum, fused or separate multiply-add, a reciprocal in place of a division;
 * - flush-to-zero and denormals-are-zero: an underflow costs FLT_MIN, a subnormal input may be 0;
 * - elementary functions within 4 ulp (glibc's libmvec documents 4; CUDA's expf, tanhf and erff 2),
 *   and an exponential built on a base-2 instruction, whose argument is rounded once more (the CUDA
 *   programming guide gives 2 + floor(1.173 |x|) ulp for it).
 */
#ifndef LOCKSTEP_REFERENCE_ORACLE_BOUNDS_H
#define LOCKSTEP_REFERENCE_ORACLE_BOUNDS_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define UNIT_F32 0x1p-24
#define FLUSH ((double)FLT_MIN)

/* The magnitude from which rounding to nearest gives infinity: FLT_MAX and half of its ulp. */
#define OVERFLOW_F32 0x1.ffffffp127

static inline double gamma_bound(double roundings, double unit) {
    return roundings * unit / (1 - roundings * unit);
}

/* Relative error of a computed exp(x): 4 ulp, and 1.2 |x| ulp for the rounded base-2 argument. */
static inline double exp_error(double x) {
    return (8 + 2.4 * fabs(x)) * UNIT_F32;
}

/* Error of an elementary function that has no argument to round: 4 ulp. */
#define FUNCTION_ERROR (8 * UNIT_F32)

/* weight * error, where a zero weight wins over an infinite error: exp(-inf) is exactly 0. */
static inline double bound_weighted(double weight, double error) {
    return weight == 0 ? 0 : weight * error;
}

static inline bool is_subnormal_or_zero(double value) {
    return fabs(value) < FLUSH;
}

/* Ends an element: what float32's range makes of the result. A result that is NaN or infinite must
 * be met exactly. One beyond the range is an infinity; at its edge, or where an intermediate value
 * of magnitude `largest` overflows although the result does not, the problem is singular and any
 * number is right (NaN still is not: the comparison fails it). */
static inline void bound_settle(double largest, double *expected, double *tolerance) {
    double magnitude = fabs(*expected);
    if (!isfinite(*expected)) {
        *tolerance = 0;
    } else if (magnitude - *tolerance >= OVERFLOW_F32) {
        *expected = copysign((double)INFINITY, *expected);
        *tolerance = 0;
    } else if (magnitude + *tolerance >= OVERFLOW_F32 || largest >= OVERFLOW_F32) {
        *tolerance = (double)INFINITY;
    }
}

#endif
