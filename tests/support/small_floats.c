/* What the bits of small floats are worth, and the other way around. */
#include "tests/support/small_floats.h"

#include <math.h>

const struct small_float small_f16 = {5, 10}, small_bf16 = {8, 7}, small_tf32 = {8, 10},
                         small_e4m3 = {4, 3}, small_e5m2 = {5, 2}, small_e2m3 = {2, 3},
                         small_e3m2 = {3, 2}, small_e2m1 = {2, 1}, small_f32 = {8, 23};

static int bias_of(const struct small_float *format) {
    return (1 << (format->exponent_bits - 1)) - 1;
}

static uint32_t exponent_mask(const struct small_float *format) {
    return (UINT32_C(1) << format->exponent_bits) - 1;
}

static uint32_t fraction_mask(const struct small_float *format) {
    return (UINT32_C(1) << format->fraction_bits) - 1;
}

double small_float_value(const struct small_float *format, uint32_t bits) {
    const uint32_t exponent = bits >> format->fraction_bits & exponent_mask(format);
    const uint32_t part = bits & fraction_mask(format);
    const bool is_negative = bits >> (format->exponent_bits + format->fraction_bits) & 1;
    const bool is_largest = exponent == exponent_mask(format);
    const int unit = -(int)format->fraction_bits;
    double value = exponent ? ldexp(1.0 + ldexp(part, unit), (int)exponent - bias_of(format))
                            : ldexp(part, 1 - bias_of(format) + unit);
    if (is_largest && format->exponent_bits >= 5)
        value = part ? (double)NAN : (double)INFINITY;
    if (is_largest && format->exponent_bits == 4 && part == fraction_mask(format))
        value = (double)NAN;
    return is_negative ? -value : value;
}

/* The bits of the largest number. */
static uint32_t largest_of(const struct small_float *format) {
    const uint32_t all = exponent_mask(format) << format->fraction_bits;
    return format->exponent_bits >= 5   ? all - 1
           : format->exponent_bits == 4 ? (all | fraction_mask(format)) - 1
                                        : all | fraction_mask(format);
}

uint32_t small_float_round(const struct small_float *format, double value, bool is_bounded) {
    const unsigned bits = format->exponent_bits + format->fraction_bits;
    const uint32_t sign = signbit(value) ? UINT32_C(1) << bits : 0, largest = largest_of(format);
    const int least = 1 - bias_of(format);
    int exponent = 0;
    if (isnan(value))
        return (UINT32_C(1) << bits) - 1;
    if (isinf(value))
        return sign | (is_bounded ? largest : largest + 1);
    if (value == 0)
        return sign;
    (void)frexp(value, &exponent);
    const int unit = (exponent - 1 < least ? least : exponent - 1) - (int)format->fraction_bits;
    /* In units of the last place of its binade: a carry leads into the next. */
    const double steps = nearbyint(ldexp(fabs(value), -unit));
    const int binade = unit + (int)format->fraction_bits - least;
    const double magnitude = steps + ldexp(binade, (int)format->fraction_bits);
    if (magnitude > largest)
        return sign | (is_bounded ? largest : largest + 1);
    return sign | (uint32_t)magnitude;
}
