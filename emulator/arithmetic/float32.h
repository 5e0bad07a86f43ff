/*
 * Kernels of f32 instructions, a lane at a time, on the bits (PTX ISA 9.7.3).
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_FLOAT32_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_FLOAT32_H

#include "emulator/arithmetic/rounding.h"

/* What .ftz does to a source or a result. */
ALWAYS_INLINE uint32_t f32_flush(uint32_t bits, bool flush) {
    return flush ? lane_flush32(bits) : bits;
}

/* .sat: NaN becomes +0. */
ALWAYS_INLINE uint32_t f32_saturate(uint32_t bits) {
    const float value = lane_f32(bits);
    const float positive = value > 0 ? value : 0.0f;
    return lane_bits32(positive < 1 ? positive : 1.0f);
}

/* What a result passes through: canonical NaN, then .ftz, then .sat. */
ALWAYS_INLINE uint32_t f32_finish(uint32_t bits, bool flush, bool saturate) {
    const uint32_t flushed = f32_flush(lane_canonical32(bits), flush);
    return saturate ? f32_saturate(flushed) : flushed;
}

/* Rounded to nearest, the common case: the host's own instructions. */
ALWAYS_INLINE uint32_t f32_add_nearest(uint32_t a, uint32_t b) {
    return lane_bits32(lane_f32(a) + lane_f32(b));
}

ALWAYS_INLINE uint32_t f32_subtract_nearest(uint32_t a, uint32_t b) {
    return lane_bits32(lane_f32(a) - lane_f32(b));
}

ALWAYS_INLINE uint32_t f32_multiply_nearest(uint32_t a, uint32_t b) {
    return lane_bits32(lane_f32(a) * lane_f32(b));
}

ALWAYS_INLINE uint32_t f32_fma_nearest(uint32_t a, uint32_t b, uint32_t c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return lane_bits32(__builtin_fmaf(lane_f32(a), lane_f32(b), lane_f32(c)));
#else
    const double product = (double)lane_f32(a) * (double)lane_f32(b);
    return lane_bits32((float)add_to_odd(product, (double)lane_f32(c), ROUND_NEAREST));
#endif
}

ALWAYS_INLINE uint32_t f32_divide_nearest(uint32_t a, uint32_t b) {
    return lane_bits32(lane_f32(a) / lane_f32(b));
}

/* In any mode, with the modifiers as they come. */
ALWAYS_INLINE uint32_t f32_add(uint32_t a, uint32_t b, enum rounding mode, bool flush,
                               bool saturate) {
    const double x = (double)lane_f32(f32_flush(a, flush));
    const double y = (double)lane_f32(f32_flush(b, flush));
    return f32_finish(round_f32(add_to_odd(x, y, mode), mode), flush, saturate);
}

ALWAYS_INLINE uint32_t f32_multiply(uint32_t a, uint32_t b, enum rounding mode, bool flush,
                                    bool saturate) {
    const double x = (double)lane_f32(f32_flush(a, flush));
    const double y = (double)lane_f32(f32_flush(b, flush));
    return f32_finish(round_f32(x * y, mode), flush, saturate);
}

ALWAYS_INLINE uint32_t f32_fma(uint32_t a, uint32_t b, uint32_t c, enum rounding mode, bool flush,
                               bool saturate) {
    const double x = (double)lane_f32(f32_flush(a, flush));
    const double y = (double)lane_f32(f32_flush(b, flush));
    const double z = (double)lane_f32(f32_flush(c, flush));
    return f32_finish(round_f32(add_to_odd(x * y, z, mode), mode), flush, saturate);
}

ALWAYS_INLINE uint32_t f32_divide(uint32_t a, uint32_t b, enum rounding mode, bool flush) {
    const double x = (double)lane_f32(f32_flush(a, flush));
    const double y = (double)lane_f32(f32_flush(b, flush));
    return f32_finish(round_f32(x / y, mode), flush, false);
}

ALWAYS_INLINE uint32_t f32_sqrt(uint32_t a, enum rounding mode, bool flush) {
    const double x = (double)lane_f32(f32_flush(a, flush));
    return f32_finish(round_f32(__builtin_sqrt(x), mode), flush, false);
}

/*
 * div.approx is a * (1/b) with the reciprocal flushed: at |b| > 2^126 the quotient is 0, or NaN for
 * an infinite a (9.7.3.8).
 */
ALWAYS_INLINE uint32_t f32_divide_approximate(uint32_t a, uint32_t b, bool flush) {
    const uint32_t x = f32_flush(a, flush);
    const uint32_t y = f32_flush(b, flush);
    const uint32_t magnitude = y & ~F32_SIGN;
    const bool huge = magnitude > 0x7e800000u && magnitude < F32_INFINITY;
    const uint32_t zero = y & F32_SIGN;
    const uint32_t product = f32_multiply_nearest(x, zero);
    return f32_finish(huge ? product : f32_divide_nearest(x, y), flush, false);
}

struct f32_minmax_modifiers {
    bool maximum, flush, propagate, sign_of_product; /* max, .ftz, .NaN, .xorsign.abs */
};

/* An order on bits that has -0 below +0. */
ALWAYS_INLINE int32_t f32_order(uint32_t bits) {
    return (int32_t)(bits >> 31 ? ~bits | F32_SIGN : bits);
}

ALWAYS_INLINE bool f32_is_nan(uint32_t bits) {
    return (bits & ~F32_SIGN) > F32_INFINITY;
}

/* 9.7.3.11, 9.7.3.12. */
ALWAYS_INLINE uint32_t f32_minmax(uint32_t a, uint32_t b,
                                  const struct f32_minmax_modifiers modifiers) {
    const uint32_t flushed_a = f32_flush(a, modifiers.flush);
    const uint32_t flushed_b = f32_flush(b, modifiers.flush);
    const uint32_t sign = modifiers.sign_of_product ? (flushed_a ^ flushed_b) & F32_SIGN : 0;
    const uint32_t kept = modifiers.sign_of_product ? ~F32_SIGN : ~0u;
    const uint32_t x = flushed_a & kept;
    const uint32_t y = flushed_b & kept;
    const bool a_first =
        modifiers.maximum ? f32_order(x) > f32_order(y) : f32_order(x) < f32_order(y);
    const uint32_t ordered = a_first ? x : y;
    const uint32_t not_b = f32_is_nan(y) ? x : ordered;
    const uint32_t number = f32_is_nan(x) ? y : not_b;
    const uint32_t nans = (f32_is_nan(x) ? 1u : 0u) + (f32_is_nan(y) ? 1u : 0u);
    const uint32_t allowed = modifiers.propagate ? 0 : 1;
    return nans > allowed ? F32_NAN : number | sign;
}

#endif
