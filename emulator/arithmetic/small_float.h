/*
 * Floats of 4 and 6 bits, and scale factors (OCP Microscaling Formats 1.0; PTX ISA 5.2.3): to f32,
 * exactly. None has an infinity, and of the former none a NaN.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_SMALL_FLOAT_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_SMALL_FLOAT_H

#include "emulator/arithmetic/rounding.h"

/* What is beyond the largest number becomes that, and NaN does: conversions have .satfinite. */
static const struct format FORMAT_E2M1 = {2, 0, 0x7, 0x7, 0x7, 0x8};
static const struct format FORMAT_E2M3 = {4, 0, 0x1f, 0x1f, 0x1f, 0x20};
static const struct format FORMAT_E3M2 = {3, -2, 0x1f, 0x1f, 0x1f, 0x20};

/* The lowest bits of `bits`: scaling moves the bias of the exponent. */
ALWAYS_INLINE uint32_t small_float_widen(uint32_t bits, unsigned exponent_bits,
                                         unsigned fraction_bits) {
    enum { F32_FRACTION_BITS = 23, F32_BIAS = 127 };
    const uint32_t sign = bits >> (exponent_bits + fraction_bits) & 1;
    const uint32_t magnitude = bits & ((1U << (exponent_bits + fraction_bits)) - 1);
    const uint32_t bias = (1U << (exponent_bits - 1)) - 1;
    const float scale = lane_f32((2 * F32_BIAS - bias) << F32_FRACTION_BITS);
    return lane_bits32(lane_f32(magnitude << (F32_FRACTION_BITS - fraction_bits)) * scale) |
           sign << 31;
}

ALWAYS_INLINE uint32_t e2m1_widen(uint32_t bits) {
    return small_float_widen(bits, 2, 1);
}

ALWAYS_INLINE uint32_t e2m3_widen(uint32_t bits) {
    return small_float_widen(bits, 2, 3);
}

ALWAYS_INLINE uint32_t e3m2_widen(uint32_t bits) {
    return small_float_widen(bits, 3, 2);
}

enum { SMALL_FLOATS = 16 };

/* Elements of 4, 6 or 8 bits, side by side at the beginning of 16 bytes, to a byte each. */
ALWAYS_INLINE void small_float_unpack(const uint8_t from[SMALL_FLOATS], unsigned bits,
                                      uint8_t to[SMALL_FLOATS]) {
    for (unsigned k = 0; k < SMALL_FLOATS; k++) {
        const unsigned at = k * bits, last = (at + bits - 1) / 8;
        const unsigned word = from[at / 8] | (unsigned)from[last] << 8;
        to[k] = (uint8_t)(word >> at % 8 & ((1U << bits) - 1));
    }
}

/* 2^(byte - 127), of which the smallest is subnormal in f32. */
ALWAYS_INLINE uint32_t ue8m0_widen(uint32_t byte) {
    return byte == 0 ? 1U << 22 : byte == 0xff ? F32_NAN : byte << 23;
}

#endif
