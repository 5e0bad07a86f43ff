/* Exponential, logistic function, hyperbolic tangent, normal distribution and gelu on vectors,
 * branch-free, right for NaN, infinities and beyond overflow. Own polynomials rather than a vector
 * math library, because gcc and clang shall both vectorise them and at every width.
 *
 * Errors are held to the oracle's bounds (reference/oracle/activation.c);
 * tests/reference/every_float.c looks at as many inputs as one has time for. With AVX-512
 * exp_negative is 0 where the result would be subnormal; elsewhere it is subnormal there.
 *
 * exp reduces x = n ln 2 + r, |r| <= ln 2 / 2, and evaluates e^r by a polynomial. Coefficients are
 * minimax fits in 60 digits (Lawson's weighted least squares), rounded to float32. AVX-512, whose
 * registers can hold a table of 32 numbers, reduces further: reference/simd/tables.h.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_MATH_H
#define LOCKSTEP_REFERENCE_SIMD_MATH_H

#include "reference/simd/vector.h"

struct reduced {
    vector n, r;
};

/* With a fused multiply-add n ln 2 is exact before it is taken from x, and ln 2 rounded to a float
 * is off by 1.9e-9 n. Without, ln 2 comes in two parts, the first with zeros at its end so that n
 * times it is exact (Cody and Waite). */
SIMD_INLINE struct reduced exp_reduce(vector x) {
    vector n = vector_round(x * 1.44269504F);
#if defined(__FMA__)
    vector r = vector_fma(n, vector_set(-0x1.62e430p-1F), x);
#else
    vector r = (x - n * 0x1.62e4p-1F) - n * 0x1.7f7d1cp-20F;
#endif
    return (struct reduced){n, r};
}

/* (e^r - 1) / r; relative error of e^r 3.1e-9. */
SIMD_INLINE vector exp_polynomial(vector r) {
    vector p = vector_set(0x1.6a234ep-10F);
    p = vector_fma(p, r, vector_set(0x1.123a6cp-7F));
    p = vector_fma(p, r, vector_set(0x1.5558f4p-5F));
    p = vector_fma(p, r, vector_set(0x1.555490p-3F));
    p = vector_fma(p, r, vector_set(0x1.fffffcp-2F));
    return vector_fma(p, r, vector_set(1.0F));
}

SIMD_INLINE vector exp_of(struct reduced reduced) {
    vector p = vector_fma(exp_polynomial(reduced.r), reduced.r, vector_set(1.0F));
    return vector_scale(p, reduced.n);
}

SIMD_INLINE vector vector_exp(vector x) {
    /* Beyond these exp is infinite, or 0 even as a subnormal. */
    x = vector_maximum(vector_set(-104.0F), vector_minimum(vector_set(89.0F), x));
    return exp_of(exp_reduce(x));
}

/* s = 1 / (1 + exp(-x)) and 1 - s, both without cancellation or overflow: with e = exp(-|x|) they
 * are 1 / (1 + e) and e / (1 + e), in the order that the sign of x says. */
struct logistic {
    vector s, rest;
};

enum gelu_form { GELU_TANH, GELU_ERF };

#if defined(__AVX512F__)
#    include "reference/simd/tables.h"
#else
/* exp(x) for x <= 0 or NaN, one bound less. */
SIMD_INLINE vector vector_exp_negative(vector x) {
    x = vector_maximum(vector_set(-104.0F), x);
    return exp_of(exp_reduce(x));
}

/* exp(x) - 1 for x <= 0, without cancellation: 2^n (e^r - 1) + (2^n - 1), where n = 0 next to 0. */
SIMD_INLINE vector vector_expm1_negative(vector x) {
    x = vector_maximum(vector_set(-40.0F), x);
    struct reduced reduced = exp_reduce(x);
    vector power = vector_scale(vector_set(1.0F), reduced.n);
    return vector_fma(power, exp_polynomial(reduced.r) * reduced.r, power - 1.0F);
}

/* tanh |x| = -m / (2 + m), m = exp(-2 |x|) - 1: exact to the sign and down to subnormals. */
SIMD_INLINE vector vector_tanh(vector x) {
    vector m = vector_expm1_negative(vector_absolute(x) * -2.0F);
    return vector_with_sign(m * vector_reciprocal(m + 2.0F), x);
}

/* factor / (1 + exp(-x)). */
SIMD_INLINE vector vector_logistic(vector factor, vector x) {
    vector e = vector_exp_negative(vector_negative_absolute(x));
    return factor * (vector_if_positive(x, vector_set(1.0F), e) * vector_reciprocal(e + 1.0F));
}

#endif

SIMD_INLINE struct logistic vector_logistic_pair(vector x) {
    vector e = vector_exp_negative(vector_negative_absolute(x));
    vector large = vector_reciprocal(e + 1.0F);
    vector small = e * large;
    return (struct logistic){vector_if_positive(x, large, small),
                             vector_if_positive(x, small, large)};
}

#if !defined(__AVX512F__)
/* The normal distribution Phi(x) = (1 + erf(x / sqrt 2)) / 2, absolute error below 1e-7: 1/2 and an
 * odd rational function, P(x^2) x / Q(x^2) with 7.2e-9 up to 5.5 where float32 has nothing left to
 * tell from 0 and 1. Beyond, the fraction's value there grows with x and is cut at 1/2 exactly. All
 * coefficients are positive. */
SIMD_INLINE vector vector_normal(vector x) {
    vector s = vector_minimum(vector_set(30.25F), x * x);
    vector p = vector_set(2.27493726904e-8F);
    p = vector_fma(p, s, vector_set(6.3521225719e-6F));
    p = vector_fma(p, s, vector_set(0.000168826219823F));
    p = vector_fma(p, s, vector_set(0.00467726400849F));
    p = vector_fma(p, s, vector_set(0.0338526992516F));
    p = vector_fma(p, s, vector_set(0.398942234629F));
    vector q = vector_set(1.19750448393e-6F);
    q = vector_fma(q, s, vector_set(7.36476815787e-5F));
    q = vector_fma(q, s, vector_set(0.00188444793752F));
    q = vector_fma(q, s, vector_set(0.0286459020895F));
    q = vector_fma(q, s, vector_set(0.251522051498F));
    q = vector_fma(q, s, vector_set(1.0F));
    vector half = x * p * vector_reciprocal(q);
    half = vector_maximum(vector_set(-0.5F), vector_minimum(vector_set(0.5F), half));
    return half + 0.5F;
}

/* gelu_tanh(z) = z s(2t), because 1 + tanh t = 2 s(2t), with 2t = z (linear + cubic z^2). */
static const float gelu_linear = 1.59576912F, gelu_cubic = 0.0713548162F;

SIMD_INLINE vector vector_gelu(enum gelu_form form, vector z) {
    if (form == GELU_ERF)
        return z * vector_normal(z);
    vector slope = vector_fma(z * z, vector_set(gelu_cubic), vector_set(gelu_linear));
    return vector_logistic(z, z * slope);
}

/* s + z s (1 - s) 2t', and Phi(z) + z phi(z). z^2 is bounded where s (1 - s) is 0 long since, so
 * that 0 * z^2 stays 0. */
SIMD_INLINE vector vector_gelu_slope(enum gelu_form form, vector z) {
    if (form == GELU_ERF) {
        vector density = vector_exp_negative(z * z * -0.5F) * 0.398942280F;
        return vector_fma(z, density, vector_normal(z));
    }
    vector square = vector_minimum(vector_set(1e4F), z * z);
    vector argument = vector_fma(square, vector_set(gelu_cubic), vector_set(gelu_linear)) * z;
    struct logistic logistic = vector_logistic_pair(argument);
    vector slope = vector_fma(square, vector_set(3 * gelu_cubic), vector_set(gelu_linear));
    return vector_fma(z * (logistic.s * logistic.rest), slope, logistic.s);
}
#endif

#endif
