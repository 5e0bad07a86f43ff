/* The functions of math.h for AVX-512: a permutation of two registers looks up a table of 32
 * numbers in the time of a multiplication, so tables take the place of long polynomials; the
 * instructions for exponents and fractions take that of clamps and masks. A division costs what two
 * multiplications do as long as there is work beside it, so there is at most one to a vector.
 * Included by math.h only.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_TABLES_H
#define LOCKSTEP_REFERENCE_SIMD_TABLES_H

#include "reference/simd/pieces.h"

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

/* factor / (1 + 2^x), right for infinities and NaN without a comparison.
 *
 * 2^x = 2^floor(x) 2^(j/32) 2^r, 0 <= r < 1/32. Added to 1.5 * 2^18 and rounded down, x leaves j in
 * the lowest bits of the sum; r is what VREDUCEPS leaves, 0 for the infinities; VSCALEFPS takes the
 * floor of its second operand itself, and makes 0 and infinity of what is out of range. 2^r is a
 * square and a constant, (r + b)^2 + c, off by 0.9 u, whose factor is in the table. */
SIMD_INLINE vector divide_by_power_and_1(vector factor, vector x) {
    enum { FLOOR = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC, FRACTION_BITS = 5 << 4 };
    static const float powers[2 * WIDTH] __attribute__((aligned(64))) = {
        0x1.f1566ep-3F, 0x1.fc3a56p-3F, 0x1.03ada6p-2F, 0x1.095d52p-2F, 0x1.0f2cdep-2F,
        0x1.151cfcp-2F, 0x1.1b2e64p-2F, 0x1.2161dp-2F,  0x1.27b7fep-2F, 0x1.2e31b2p-2F,
        0x1.34cfb2p-2F, 0x1.3b92cap-2F, 0x1.427bcap-2F, 0x1.498b86p-2F, 0x1.50c2d8p-2F,
        0x1.58229ep-2F, 0x1.5fabbap-2F, 0x1.675f14p-2F, 0x1.6f3d98p-2F, 0x1.774838p-2F,
        0x1.7f7feep-2F, 0x1.87e5b4p-2F, 0x1.907a8cp-2F, 0x1.993f8p-2F,  0x1.a2359cp-2F,
        0x1.ab5df4p-2F, 0x1.b4b9a2p-2F, 0x1.be49c6p-2F, 0x1.c80f84p-2F, 0x1.d20c0ap-2F,
        0x1.dc408cp-2F, 0x1.e6ae42p-2F};
    vector shifted = _mm512_add_round_ps(x, _mm512_set1_ps(0x1.8p18F), FLOOR);
    vector power = _mm512_permutex2var_ps(_mm512_load_ps(powers), _mm512_castps_si512(shifted),
                                          _mm512_load_ps(powers + WIDTH));
    power = _mm512_scalef_ps(power, x);
    vector root = _mm512_reduce_ps(x, FRACTION_BITS | FLOOR) + 0x1.6d568ap0F;
    vector square = vector_fma(root, root, vector_set(0x1.0a684cp1F));
    return factor / vector_fma(square, power, vector_set(1.0F));
}

/* factor / (1 + exp(-x)); log2 e as a float is off by 0.22 u relative, and the product rounds. */
SIMD_INLINE vector vector_logistic(vector factor, vector x) {
    return divide_by_power_and_1(factor, x * -0x1.715476p0F);
}

/* By the addition theorem, tanh(n + r) = (T + t) / (1 + T t) with T = tanh n from a table and
 * t = r / (1 + b r^2), nearly the beginning of tanh's continued fraction; together off by 2.0 u
 * relative. Everything is multiplied by b, which saves an operation: r' = b r, q = r'^2 + b.
 *
 * A piece is an eighth of an octave of |x| + 5/8 as in pieces.h, n its middle, but 0 in the
 * first so that values next to 0 are right relatively. T is 1 from 8.375 on. */
SIMD_INLINE vector vector_tanh(vector x) {
    static const float tanh_n[2 * WIDTH] __attribute__((aligned(64))) = {
        0x1.cf6f98p-1F, 0x1.e1fbfap-1F, 0x1.ed9506p-1F, 0x1.f4bfd6p-1F, 0x1.f92582p-1F,
        0x1.fbd50ap-1F, 0x1.fd77d2p-1F, 0x1.fe767ap-1F, 0x1.ff45f6p-1F, 0x1.ffbb88p-1F,
        0x1.ffe6cep-1F, 0x1.fff6bcp-1F, 0x1.fffc98p-1F, 0x1.fffebep-1F, 0x1.ffff8ap-1F,
        0x1.ffffd4p-1F, 0x1.fffff6p-1F, 0x1p0F,         0x0p0F,         0x1.7ee102p-4F,
        0x1.3d6bc8p-3F, 0x1.b8fd04p-3F, 0x1.18a39ap-2F, 0x1.52c2c6p-2F, 0x1.a5729ep-2F,
        0x1.05087p-1F,  0x1.3157ep-1F,  0x1.5788fep-1F, 0x1.77d838p-1F, 0x1.92bfb4p-1F,
        0x1.a8dbccp-1F, 0x1.bad50ap-1F};
    static const float minus_b_n[2 * WIDTH] __attribute__((aligned(64))) = {
        -0x1.ffd75cp-2F, -0x1.2a92f6p-1F, -0x1.553a3ep-1F, -0x1.7fe186p-1F, -0x1.aa88cep-1F,
        -0x1.d53016p-1F, -0x1.ffd75cp-1F, -0x1.153f52p0F,  -0x1.353cc8p0F,  -0x1.5fe41p0F,
        -0x1.8a8b58p0F,  -0x1.b532ap0F,   -0x1.dfd9e8p0F,  -0x1.054098p1F,  -0x1.1a943cp1F,
        -0x1.2fe7ep1F,   -0x1.4fe556p1F,  -0x1.7a8c9cp1F,  0x0p0F,          -0x1.ffd75cp-6F,
        -0x1.aa88cep-5F, -0x1.2a92f6p-4F, -0x1.7fe186p-4F, -0x1.d53016p-4F, -0x1.2a92f6p-3F,
        -0x1.7fe186p-3F, -0x1.d53016p-3F, -0x1.153f52p-2F, -0x1.3fe69ap-2F, -0x1.6a8de2p-2F,
        -0x1.95352ap-2F, -0x1.bfdc72p-2F};
    const float b = 0x1.553a3ep-2F, start = 0.625F, limit = 9.25F;
    vector size = vector_minimum(vector_set(limit), vector_absolute(x));
    __m512i piece = _mm512_srli_epi32(_mm512_castps_si512(size + start), PIECE_SHIFT);
    vector t = piece_pick(tanh_n, 2 * WIDTH, piece);
    vector r = vector_fma(size, vector_set(b), piece_pick(minus_b_n, 2 * WIDTH, piece));
    vector q = vector_fma(r, r, vector_set(b));
    return vector_with_sign(vector_fma(t, q, r) / vector_fma(t, r, q), x);
}

/* z Phi(z) as z (1/2 + an odd function of z); z s(2t) as z / (1 + 2^u), u = -2t log2 e. */
SIMD_INLINE vector vector_gelu(enum gelu_form form, vector z) {
    if (form == GELU_ERF)
        return z * (vector_with_sign(pieces_value(&pieces_gelu_erf, vector_absolute(z)), z) + 0.5F);
    const float linear = -0x1.26aec2p1F, cubic = -0x1.a5a7dp-4F;
    vector slope = vector_fma(z * z, vector_set(cubic), vector_set(linear));
    return divide_by_power_and_1(z, z * slope);
}

/* 1/2 + an odd function of z; the product with 0 makes it NaN at the infinities, where the formula
 * has 0 times infinity. */
SIMD_INLINE vector vector_gelu_slope(enum gelu_form form, vector z) {
    const struct pieces *pieces =
        form == GELU_ERF ? &pieces_gelu_erf_slope : &pieces_gelu_tanh_slope;
    vector odd = vector_with_sign(pieces_value(pieces, vector_absolute(z)), z);
    return odd + vector_fma(z, vector_set(0), vector_set(0.5F));
}

#endif
