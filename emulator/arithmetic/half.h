/*
 * f16 and bf16: to and from f32, exactly, by kernels that vectorise; and the arithmetic kernels on
 * one half (PTX ISA 9.7.4).
 *
 * A sum, difference, product or fused multiply-add of f16 is computed in f32: the product of two is
 * exact there, and the sum of a product of 22 bits and an f16 is rounded to odd, which leaves
 * rounding to 11 bits correct (rounding.h has the source). bf16 has the exponents of
 * f32, so that products over- and underflow there: it goes through double.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_HALF_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_HALF_H

#include "emulator/arithmetic/float32.h"

#define F16_NAN 0x7fffu
#define F16_SIGN 0x8000u

/* f16 to f32. NaN becomes the canonical one. */
ALWAYS_INLINE uint32_t f16_widen(uint32_t half) {
    const uint32_t sign = (half & 0x8000u) << 16;
    const uint32_t magnitude = half & 0x7fffu;
    /* Scaling moves the exponent's bias, and normalises subnormals. */
    const uint32_t finite = lane_bits32(lane_f32(magnitude << 13) * 0x1p112f);
    const uint32_t infinite = magnitude > 0x7c00u ? F32_NAN : F32_INFINITY | sign;
    return magnitude >= 0x7c00u ? infinite : finite | sign;
}

/* f32 to f16, rounded to nearest. */
ALWAYS_INLINE uint32_t f16_narrow(uint32_t bits) {
    const uint32_t sign = bits >> 16 & 0x8000u;
    const uint32_t magnitude = bits & ~F32_SIGN;
    const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1);
    const uint32_t normal = (rounded >> 13) - (112u << 10);
    /* The unit of the last place of 0.5 in f32 is that of a subnormal f16. */
    const uint32_t subnormal = lane_bits32(lane_f32(magnitude) + 0.5f) - 0x3f000000u;
    const uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
    const uint32_t bounded = magnitude >= 0x477ff000u ? 0x7c00u : finite;
    return magnitude > F32_INFINITY ? F16_NAN : bounded | sign;
}

/* e4m3 to f32: its bits are an f32's whose bias is smaller by 120, which scaling moves. */
ALWAYS_INLINE uint32_t e4m3_widen(uint32_t byte) {
    const uint32_t magnitude = byte & 0x7fu;
    const uint32_t finite = lane_bits32(lane_f32(magnitude << 20) * 0x1p120f);
    return magnitude == 0x7fu ? F32_NAN : finite | (byte & 0x80u) << 24;
}

/* e5m2 is the upper byte of an f16. */
ALWAYS_INLINE uint32_t e5m2_widen(uint32_t byte) {
    return f16_widen((byte & 0xffu) << 8);
}

ALWAYS_INLINE uint32_t bf16_widen(uint32_t half) {
    return lane_canonical32(half << 16);
}

/* f32 to bf16, rounded to nearest. */
ALWAYS_INLINE uint32_t bf16_narrow(uint32_t bits) {
    const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    return (bits & ~F32_SIGN) > F32_INFINITY ? F16_NAN : rounded;
}

/* a + b in f32, rounded to odd, for operands far from overflow; step_to_odd() has the method. */
ALWAYS_INLINE uint32_t f32_add_to_odd(float a, float b) {
    const float sum = a + b;
    const float b_rounded = sum - a;
    const uint32_t error = lane_bits32((a - (sum - b_rounded)) + (b - b_rounded));
    const uint32_t bits = lane_bits32(sum);
    const uint32_t even = ~bits & 1;
    const uint32_t inexact = (error & ~F32_SIGN) - 1 < F32_INFINITY ? even : 0;
    const uint32_t inward = (bits ^ error) >> 31;
    return bits + inexact * (1 - 2 * inward);
}

enum half_type { HALF_F16, HALF_BF16 };

struct half_modifiers {
    enum half_type type;
    bool flush, saturate, relu; /* .ftz, .sat, .relu */
};

ALWAYS_INLINE uint32_t half_infinity(enum half_type type) {
    return type == HALF_F16 ? 0x7c00u : 0x7f80u;
}

ALWAYS_INLINE bool half_is_nan(uint32_t half, enum half_type type) {
    return (half & 0x7fffu) > half_infinity(type);
}

ALWAYS_INLINE uint32_t half_flush(uint32_t half, enum half_type type, bool flush) {
    return flush && !(half & half_infinity(type)) ? half & F16_SIGN : half;
}

ALWAYS_INLINE uint32_t half_widen(uint32_t half, enum half_type type) {
    return type == HALF_F16 ? f16_widen(half) : bf16_widen(half);
}

ALWAYS_INLINE uint32_t half_narrow(uint32_t bits, enum half_type type) {
    return type == HALF_F16 ? f16_narrow(bits) : bf16_narrow(bits);
}

/* .ftz, .sat ([0, 1], NaN to +0) and .relu (negative to +0, NaN kept) of a result. */
ALWAYS_INLINE uint32_t half_finish(uint32_t half, const struct half_modifiers modifiers) {
    const uint32_t one = modifiers.type == HALF_F16 ? 0x3c00u : 0x3f80u;
    const bool nan = half_is_nan(half, modifiers.type);
    const uint32_t flushed = half_flush(half, modifiers.type, modifiers.flush);
    const bool negative = (flushed & F16_SIGN) != 0;
    const uint32_t positive = nan || negative ? 0 : flushed;
    const uint32_t saturated = positive > one ? one : positive;
    const uint32_t rectified = negative && !nan ? 0 : flushed;
    return modifiers.saturate ? saturated : modifiers.relu ? rectified : flushed;
}

ALWAYS_INLINE uint32_t half_fma(uint32_t a, uint32_t b, uint32_t c,
                                const struct half_modifiers modifiers) {
    const enum half_type type = modifiers.type;
    const float x = lane_f32(half_widen(half_flush(a, type, modifiers.flush), type));
    const float y = lane_f32(half_widen(half_flush(b, type, modifiers.flush), type));
    const float z = lane_f32(half_widen(half_flush(c, type, modifiers.flush), type));
    if (type == HALF_F16) {
        return half_finish(f16_narrow(f32_add_to_odd(x * y, z)), modifiers);
    }
    const double sum = add_to_odd((double)x * (double)y, (double)z, ROUND_NEAREST);
    return half_finish(bf16_narrow(narrow_to_odd(sum)), modifiers);
}

/* a + b: a sum is the fused multiply-add with a factor of one, and a product that with -0 added. */
ALWAYS_INLINE uint32_t half_add(uint32_t a, uint32_t b, const struct half_modifiers modifiers) {
    const uint32_t one = modifiers.type == HALF_F16 ? 0x3c00u : 0x3f80u;
    return half_fma(a, one, b, modifiers);
}

ALWAYS_INLINE uint32_t half_multiply(uint32_t a, uint32_t b,
                                     const struct half_modifiers modifiers) {
    return half_fma(a, b, F16_SIGN, modifiers);
}

#endif
