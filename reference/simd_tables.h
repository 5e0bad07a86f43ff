/* The functions of simd_math.h for AVX-512: a permutation of two registers looks up a table of 32
 * numbers in the time of a multiplication, so tables take the place of long polynomials and of most
 * divisions. Included by simd_math.h only.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_TABLES_H
#define LOCKSTEP_REFERENCE_SIMD_TABLES_H

#include "reference/simd_pieces.h"

/* exp(x) = 2^(n/32) (1 + q), n whole, |q| <= ln 2 / 64. */
struct power {
    vector scale, q;
};

/* For |x| <= 87.34. Adding 1.5 * 2^23 leaves n in the low bits of the sum: the lowest five pick
 * 2^(n mod 32 / 32) out of the table, the others are added to its exponent. The table holds the
 * bits of the powers less those that its index adds. The polynomial is off by 0.9 u, 32 / ln 2 as a
 * float by 0.22 u relative, which costs exp 0.22 u |x|. `sign` is 1, or -1 for exp(-x). */
SIMD_INLINE struct power exp_power(vector x, float sign) {
    enum { INDEX_BITS = 5, MANTISSA_BITS = 23 };
    static const uint32_t powers[1 << INDEX_BITS] __attribute__((aligned(64))) = {
        0x3f800000, 0x3f7ecd87, 0x3f7daac3, 0x3f7c980f, 0x3f7b95c2, 0x3f7aa43a, 0x3f79c3d3,
        0x3f78f4f0, 0x3f7837f0, 0x3f778d3a, 0x3f76f532, 0x3f767043, 0x3f75fed7, 0x3f75a15b,
        0x3f75583f, 0x3f7523f6, 0x3f7504f3, 0x3f74fbaf, 0x3f7508a4, 0x3f752c4d, 0x3f75672a,
        0x3f75b9be, 0x3f76248c, 0x3f76a81e, 0x3f7744fd, 0x3f77fbb8, 0x3f78ccdf, 0x3f79b907,
        0x3f7ac0c7, 0x3f7be4ba, 0x3f7d257d, 0x3f7e83b3};
    const float shift = 0x1.8p23F;
    vector rate = vector_set(sign * 0x1.715476p5F);
    vector shifted = vector_fma(x, rate, vector_set(shift));
    vector r = vector_fma(x, rate, -(shifted - shift));
    __m512i n = _mm512_castps_si512(shifted);
    __m512i power =
        _mm512_permutex2var_epi32(_mm512_load_si512(powers), n, _mm512_load_si512(powers + WIDTH));
    power = _mm512_add_epi32(power, _mm512_slli_epi32(n, MANTISSA_BITS - INDEX_BITS));
    vector q = vector_fma(vector_set(0x1.ebfbep-13F), r, vector_set(0x1.62e584p-6F)) * r;
    return (struct power){_mm512_castsi512_ps(power), q};
}

/* Where exp is a normal number; NaN counts as such. 126 ln 2, rounded towards 0. */
SIMD_INLINE __mmask16 exp_is_normal(vector x) {
    return _mm512_cmp_ps_mask(x, _mm512_set1_ps(-0x1.5d589ep6F), _CMP_NLT_UQ);
}

/* exp(x) for x <= 0 or NaN; 0 where the result would be subnormal. */
SIMD_INLINE vector vector_exp_negative(vector x) {
    struct power power = exp_power(x, 1);
    return _mm512_maskz_fmadd_ps(exp_is_normal(x), power.q, power.scale, power.scale);
}

/* 1 / (1 + exp(-x)), the reciprocal as in vector_reciprocal(); 0 where that is subnormal. */
SIMD_INLINE vector vector_logistic(vector x) {
    const float saturated = 87; /* exp(-x) adds nothing to 1 long before */
    struct power power = exp_power(vector_minimum(vector_set(saturated), x), -1);
    vector sum = vector_fma(power.q, power.scale, power.scale + 1.0F);
    vector estimate = _mm512_rcp14_ps(sum);
    vector error = _mm512_fnmadd_ps(sum, estimate, _mm512_set1_ps(1.0F));
    return _mm512_maskz_fmadd_ps(exp_is_normal(x), estimate, error, estimate);
}

SIMD_INLINE vector vector_tanh(vector x) {
    return vector_with_sign(pieces_value(&pieces_tanh, vector_absolute(x), true), x);
}

/* z Phi(z), or z s(2t), as z (1/2 + an odd function of z). */
SIMD_INLINE vector vector_gelu(enum gelu_form form, vector z) {
    const struct pieces *pieces = form == GELU_ERF ? &pieces_gelu_erf : &pieces_gelu_tanh;
    return z * (vector_with_sign(pieces_value(pieces, vector_absolute(z), false), z) + 0.5F);
}

/* 1/2 + an odd function of z; the product with 0 makes it NaN at the infinities, where the formula
 * has 0 times infinity. */
SIMD_INLINE vector vector_gelu_slope(enum gelu_form form, vector z) {
    const struct pieces *pieces =
        form == GELU_ERF ? &pieces_gelu_erf_slope : &pieces_gelu_tanh_slope;
    vector odd = vector_with_sign(pieces_value(pieces, vector_absolute(z), false), z);
    return odd + vector_fma(z, vector_set(0), vector_set(0.5F));
}

#endif
