/*
 * The approximate functions of f32, without .ftz, as kernels that vectorise.
 *
 * None uses a fused multiply-add, so that every build gives the same bits. The polynomials were
 * made by Chebyshev interpolation on the reduced range and then rounded to f32. The error each
 * instruction may have stands in the PTX ISA's section 9.7.3 (9.7.4 for f16 and bf16), quoted below
 * by section; tests/emulator/arithmetic/exhaustive.c measures the error of every f32 input.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_APPROXIMATE_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_APPROXIMATE_H

#include "emulator/arithmetic/kernel.h"

#include <math.h>

/* Adding and subtracting this rounds |x| < 2^22 to an integer, to nearest even; its low bits while
 * added are the integer. */
#define ROUNDING_SHIFT 0x1.8p23f

/* A float select that compiles to a blend. */
ALWAYS_INLINE float select_f32(int condition, float yes, float no) {
    return condition ? yes : no;
}

/* 2^n for -126 <= n <= 127. */
ALWAYS_INLINE float power_of_two(int n) {
    return lane_f32((uint32_t)(n + 127) << 23);
}

/* 2^x; at most 2 ulp (9.7.3.21). */
ALWAYS_INLINE float approximate_ex2(float x) {
    const float above = select_f32(x < -151.0f, -151.0f, x);
    const float clamped = select_f32(above > 129.0f, 129.0f, above);
    const float shifted = clamped + ROUNDING_SHIFT;
    const int whole = (int)(lane_bits32(shifted) - lane_bits32(ROUNDING_SHIFT));
    const float f = clamped - (shifted - ROUNDING_SHIFT);
    float p = 0x1.44138ap-13f;
    p = p * f + 0x1.5f0890p-10f;
    p = p * f + 0x1.3b2a54p-7f;
    p = p * f + 0x1.c6af6cp-5f;
    p = p * f + 0x1.ebfbe0p-3f;
    p = p * f + 0x1.62e430p-1f;
    p = p * f + 1.0f;
    /* In two steps, because 2^whole may be subnormal or too large by itself. */
    const int half = whole >> 1;
    const float power = (p * power_of_two(half)) * power_of_two(whole - half);
    return select_f32(x != x, x, power);
}

/* log2(x); 2^-22 absolute on (0.5, 2), relative elsewhere (9.7.3.20). */
ALWAYS_INLINE float approximate_lg2(float x) {
    const int subnormal = x < 0x1p-126f;
    const float normal = select_f32(subnormal, x * 0x1p24f, x);
    const uint32_t bits = lane_bits32(normal);
    /* Split at sqrt(1/2), so that the significand m is in [sqrt(1/2), sqrt(2)). */
    const int exponent = (int)(bits - 0x3f3504f3u) >> 23;
    const float m = lane_f32(bits - ((uint32_t)exponent << 23));
    const float s = (m - 1.0f) / (m + 1.0f);
    const float z = s * s;
    float p = 0x1.ba1434p-2f;
    p = p * z + 0x1.274736p-1f;
    p = p * z + 0x1.ec70e6p-1f;
    p = p * z + 0x1.715476p+1f;
    const float result = (float)(subnormal ? exponent - 24 : exponent) + p * s;
    const float nonzero = select_f32(x > 0, result, lane_f32(0x7fffffffu));
    const float finite = select_f32(x == 0, -INFINITY, nonzero);
    return select_f32(x == INFINITY, x, finite);
}

/*
 * sin(x) and cos(x); absolute error 2^-20.5 on [-2pi, 2pi], 2^-14.7 on [-100pi, 100pi], best effort
 * beyond (9.7.3.18, 9.7.3.19). Like the hardware's, the error grows with x because the argument is
 * first turned into revolutions in f32.
 */
struct revolution {
    int quadrant;
    float sine, cosine; /* of the rest of the angle, within an eighth of a turn */
};

ALWAYS_INLINE struct revolution approximate_revolution(float x) {
    const float turns = x * 0x1.45f306p-3f;
    const float rounded = (turns + ROUNDING_SHIFT) - ROUNDING_SHIFT;
    const float whole = select_f32(fabsf(turns) < 0x1p22f, rounded, turns);
    const float fraction = turns - whole;
    const float shifted = fraction * 4.0f + ROUNDING_SHIFT;
    const float r = fraction - (shifted - ROUNDING_SHIFT) * 0.25f;
    const float z = r * r;
    float s = -0x1.2d9b40p+6f;
    s = s * z + 0x1.465ec4p+6f;
    s = s * z - 0x1.4abbbap+5f;
    s = s * z + 0x1.921fb6p+2f;
    float c = 0x1.d9c2e8p+5f;
    c = c * z - 0x1.55c57ap+6f;
    c = c * z + 0x1.03c1dcp+6f;
    c = c * z - 0x1.3bd3ccp+4f;
    c = c * z + 1.0f;
    const struct revolution revolution = {
        .quadrant = (int)(lane_bits32(shifted) & 3), .sine = s * r, .cosine = c};
    return revolution;
}

ALWAYS_INLINE float approximate_sin(float x) {
    const struct revolution at = approximate_revolution(x);
    const float value = select_f32(at.quadrant & 1, at.cosine, at.sine);
    return select_f32(at.quadrant & 2, -value, value);
}

ALWAYS_INLINE float approximate_cos(float x) {
    const struct revolution at = approximate_revolution(x);
    const float value = select_f32(at.quadrant & 1, at.sine, at.cosine);
    return select_f32((at.quadrant + 1) & 2, -value, value);
}

/* tanh(x); relative error 2^-11 (9.7.3.22). */
ALWAYS_INLINE float approximate_tanh(float x) {
    const float magnitude = fabsf(x);
    const float z = x * x;
    float p = -0x1.8f8de4p-8f;
    p = p * z + 0x1.58048ep-6f;
    p = p * z - 0x1.b9258ap-5f;
    p = p * z + 0x1.110e1cp-3f;
    p = p * z - 0x1.555552p-2f;
    const float small = magnitude + magnitude * z * p;
    /* tanh(10) already rounds to 1. */
    const float clamped = select_f32(magnitude > 10.0f, 10.0f, magnitude);
    const float power = approximate_ex2(clamped * 0x1.715476p+1f); /* e^2x */
    const float large = 1.0f - 2.0f / (power + 1.0f);
    const float positive = select_f32(magnitude < 0.625f, small, large);
    const float finite = lane_f32(lane_bits32(positive) | (lane_bits32(x) & 0x80000000u));
    return select_f32(x != x, x, finite);
}

/* 1 / sqrt(x); relative error 2^-22.9 (9.7.3.16). Two correct roundings stay within 2^-23. */
ALWAYS_INLINE float approximate_rsqrt(float x) {
    return 1.0f / __builtin_sqrtf(x);
}

#endif
