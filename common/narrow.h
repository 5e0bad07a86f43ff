/* Floating-point formats narrower than float, as tensor cores take them: bfloat16 and IEEE 754
 * binary16 in 16 bits, and TF32, a float of which 10 fraction bits count ("PTX ISA", section
 * "Alternate floating-point data formats"). Rounding is to nearest even; NaN stays NaN.
 */
#ifndef LOCKSTEP_COMMON_NARROW_H
#define LOCKSTEP_COMMON_NARROW_H

#include "common/problem.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The lowest `dropped` bits of a float's fraction become 0. */
static inline uint32_t float_bits_round(float value, int dropped) {
    const uint32_t bits = float_bits(value), unit = 1u << dropped;
    if (isnan(value))
        return (bits | 0x400000u) & ~(unit - 1);
    return (bits + (unit / 2 - 1) + (bits / unit & 1u)) & ~(unit - 1);
}

static inline float tf32_round(float value) {
    return float_of_bits(float_bits_round(value, 13));
}

static inline uint16_t bf16_round(float value) {
    return (uint16_t)(float_bits_round(value, 16) >> 16);
}

static inline float bf16_widen(uint16_t bits) {
    return float_of_bits((uint32_t)bits << 16);
}

/* Beyond 65504 and half a unit it becomes an infinity. */
uint16_t f16_round(float value);

static inline float f16_widen(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t exponent = half >> 10 & 31u, fraction = half & 1023u;
    if (exponent == 31)
        return float_of_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0)
        return (sign ? -0x1p-24f : 0x1p-24f) * (float)fraction;
    return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/* Element `index` of operands of that type, as it is stored: a tf32 operand is a float that is yet
 * to be rounded. */
static inline float dtype_element(const void *operands, enum dtype dtype, int64_t index) {
    switch (dtype) {
    case DTYPE_BF16:
        return bf16_widen(((const uint16_t *)operands)[index]);
    case DTYPE_F16:
        return f16_widen(((const uint16_t *)operands)[index]);
    case DTYPE_F32:
    case DTYPE_TF32:
        break;
    }
    return ((const float *)operands)[index];
}

#endif
