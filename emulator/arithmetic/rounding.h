/*
 * Rounding to the formats of PTX, exactly, in every mode, without touching the floating-point
 * environment.
 *
 * The method for arithmetic on f32, f16 and bf16: compute in double, where a product of two is
 * exact, so that only a sum can lose bits; round that sum to odd (Boldo and Melquiond, "Emulation
 * of FMA and correctly rounded sums: proved algorithms using rounding to odd", IEEE Transactions on
 * Computers 57(4), 2008), which keeps what any later rounding to at most 51 bits has to know; then
 * round once. A quotient or square root of f32 needs no such care: with 24-bit operands it is never
 * closer than 2^-50 of its size to a 24-bit number or the middle of two unless it is equal, and
 * double has 53 bits.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_ROUNDING_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_ROUNDING_H

#include "emulator/arithmetic/kernel.h"

#include <math.h>
#include <stdbool.h>

/* In the order in which the tables' patterns list them: {.rn,.rz,.rm,.rp}. */
enum rounding { ROUND_NEAREST, ROUND_ZERO, ROUND_DOWN, ROUND_UP, ROUND_NEAREST_AWAY };

/* The rounding that an optional group chose: absent means to nearest. */
ALWAYS_INLINE enum rounding rounding_of(signed char choice) {
    return choice < 0 ? ROUND_NEAREST : (enum rounding)choice;
}

#define F32_SIGN 0x80000000u
#define F32_INFINITY 0x7f800000u
#define F32_NAN 0x7fffffffu
#define F64_SIGN 0x8000000000000000u
#define F64_INFINITY 0x7ff0000000000000u
#define F64_NAN 0xfff8000000000000u
#define F64_QUIET 0x0008000000000000u

/* A binary format with hidden bit, of at most 32 bits. */
struct format {
    int precision; /* bits of the significand, the hidden one included */
    int exponent;  /* of the smallest normal number */
    uint32_t infinity;
    uint32_t largest; /* the largest finite number */
    uint32_t nan;
    uint32_t sign;
};

static const struct format FORMAT_F32 = {24, -126, F32_INFINITY, 0x7f7fffff, F32_NAN, F32_SIGN};
static const struct format FORMAT_F16 = {11, -14, 0x7c00, 0x7bff, 0x7fff, 0x8000};
static const struct format FORMAT_BF16 = {8, -126, 0x7f80, 0x7f7f, 0x7fff, 0x8000};
/* OCP 8-bit formats: e4m3 has no infinity, its largest number is 448 (0x7e) and 0x7f is NaN. */
static const struct format FORMAT_E4M3 = {4, -6, 0x7f, 0x7e, 0x7f, 0x80};
static const struct format FORMAT_E5M2 = {3, -14, 0x7c, 0x7b, 0x7f, 0x80};

/* What rounding cuts off, beside half a step. */
enum cut { CUT_NOTHING, CUT_LESS, CUT_HALF, CUT_MORE };

/* A `half` of zero is one that no bits reach. */
ALWAYS_INLINE enum cut cut_of(uint64_t bits, uint64_t half) {
    return bits == 0              ? CUT_NOTHING
           : half && bits == half ? CUT_HALF
           : half && bits > half  ? CUT_MORE
                                  : CUT_LESS;
}

/* Whether to step away from zero, given the sign and whether the bit kept last is set. */
ALWAYS_INLINE bool rounds_up(enum rounding mode, bool negative, bool odd, enum cut cut) {
    switch (mode) {
    case ROUND_ZERO:
        return false;
    case ROUND_DOWN:
        return cut != CUT_NOTHING && negative;
    case ROUND_UP:
        return cut != CUT_NOTHING && !negative;
    case ROUND_NEAREST_AWAY:
        return cut >= CUT_HALF;
    case ROUND_NEAREST:
    default:
        return cut == CUT_MORE || (cut == CUT_HALF && odd);
    }
}

/* What a magnitude beyond the largest number becomes. */
ALWAYS_INLINE uint32_t overflow_of(const struct format *format, enum rounding mode, bool negative) {
    const bool inward =
        mode == ROUND_ZERO || (mode == ROUND_DOWN && !negative) || (mode == ROUND_UP && negative);
    return inward ? format->largest : format->infinity;
}

/* `significand` * 2^(exponent - 63) in the format, by the given mode. The significand's top bit is
 * set unless it is zero. */
ALWAYS_INLINE uint32_t round_significand(uint64_t significand, int exponent, bool negative,
                                         const struct format *format, enum rounding mode) {
    const int below = exponent < format->exponent ? format->exponent - exponent : 0;
    const int wanted = 64 - format->precision + below;
    const unsigned shift = (unsigned)(wanted > 65 ? 65 : wanted);
    const uint64_t kept = shift > 63 ? 0 : significand >> shift;
    const uint64_t half_step = shift > 64 ? 0 : (uint64_t)1 << (shift - 1);
    const uint64_t cut = shift > 63 ? significand : significand & (((uint64_t)1 << shift) - 1);
    const uint64_t up = rounds_up(mode, negative, kept & 1, cut_of(cut, half_step));
    const int biased = below ? 0 : exponent - format->exponent;
    const uint64_t magnitude = ((uint64_t)(unsigned)biased << (format->precision - 1)) + kept + up;
    const bool overflow = magnitude > format->largest && significand != 0;
    const uint32_t finite = overflow ? overflow_of(format, mode, negative) : (uint32_t)magnitude;
    return finite | (negative ? format->sign : 0);
}

/* A double in another format. NaN has no sign there. */
ALWAYS_INLINE uint32_t round_double(double value, const struct format *format, enum rounding mode) {
    const uint64_t bits = lane_bits64(value);
    const bool negative = bits >> 63;
    const uint64_t magnitude = bits & ~F64_SIGN;
    const int biased = (int)(magnitude >> 52);
    /* Subnormal doubles are below half of every format's smallest number: the exact place of their
     * top bit does not matter, only that they are not zero. */
    const uint64_t fraction = magnitude << 11;
    const uint64_t significand = biased ? fraction | F64_SIGN : fraction;
    const uint32_t rounded = round_significand(significand, biased - 1023, negative, format, mode);
    const uint32_t infinite = format->infinity | (negative ? format->sign : 0);
    return magnitude > F64_INFINITY ? format->nan : magnitude == F64_INFINITY ? infinite : rounded;
}

/* An integer in another format, given as its magnitude and sign. */
ALWAYS_INLINE uint32_t round_integer(uint64_t magnitude, bool negative, const struct format *format,
                                     enum rounding mode) {
    if (magnitude == 0) {
        return 0;
    }
    const int zeros = __builtin_clzll(magnitude);
    return round_significand(magnitude << zeros, 63 - zeros, negative, format, mode);
}

/* The same for f64, whose 64 bits no struct format describes. */
ALWAYS_INLINE uint64_t round_integer_f64(uint64_t magnitude, bool negative, enum rounding mode) {
    if (magnitude == 0) {
        return 0;
    }
    const unsigned zeros = (unsigned)__builtin_clzll(magnitude);
    const uint64_t significand = magnitude << zeros;
    const uint64_t kept = significand >> 11;
    const uint64_t cut = significand & 0x7ff;
    const uint64_t up = rounds_up(mode, negative, kept & 1, cut_of(cut, 0x400));
    const uint64_t bits = ((uint64_t)(63 - zeros + 1022) << 52) + kept + up;
    return bits | (negative ? F64_SIGN : 0);
}

/*
 * The rest of this file is written without && and || on purpose: conditions kept in unsigned
 * numbers are what gcc turns into vector code.
 */

/* How the bits of a rounded number change to make it one rounded to odd: `sign` has as its top bit
 * that of the rounded number, and `error` is exact minus rounded. An error that is NaN belongs to
 * an infinity or NaN, and one of zero to an exact number: neither changes. */
ALWAYS_INLINE uint64_t step_to_odd(uint64_t bits, uint64_t sign, double error) {
    const uint64_t error_bits = lane_bits64(error);
    const uint64_t even = ~bits & 1;
    const uint64_t inexact = (error_bits & ~F64_SIGN) - 1 < F64_INFINITY ? even : 0;
    const uint64_t inward = (sign ^ error_bits) >> 63;
    return inexact * (1 - 2 * inward);
}

/* a + b rounded to odd. In mode ROUND_DOWN an exact zero from opposite signs is -0 (IEEE 754-2008
 * 6.3). No overflow: the operands come from narrower formats. */
ALWAYS_INLINE double add_to_odd(double a, double b, enum rounding mode) {
    const double sum = a + b;
    const double b_rounded = sum - a;
    const double error = (a - (sum - b_rounded)) + (b - b_rounded);
    const uint64_t bits = lane_bits64(sum);
    const uint64_t odd = bits + step_to_odd(bits, bits, error);
    const uint64_t opposite = (lane_bits64(a) ^ lane_bits64(b)) & F64_SIGN;
    const uint64_t zero = mode == ROUND_DOWN ? opposite : 0;
    return lane_f64(sum == 0 ? odd | zero : odd);
}

/* A double as f32 rounded to odd: what rounding on to f16 or bf16 needs. */
ALWAYS_INLINE uint32_t narrow_to_odd(double value) {
    const uint32_t bits = lane_bits32((float)value);
    const double error = value - (double)lane_f32(bits);
    return bits + (uint32_t)step_to_odd(bits, (uint64_t)bits << 32, error);
}

/* A double that is exact, or rounded to odd, as f32. */
ALWAYS_INLINE uint32_t round_f32(double value, enum rounding mode) {
    const uint32_t to_zero = mode == ROUND_ZERO;
    const uint32_t down = mode == ROUND_DOWN;
    const uint32_t up = mode == ROUND_UP;
    const uint32_t nearest = lane_bits32((float)value);
    const uint64_t error = lane_bits64(value - (double)lane_f32(nearest));
    const uint32_t inexact = (error & ~F64_SIGN) - 1 < F64_INFINITY ? 1 : 0;
    const uint32_t negative = nearest >> 31;
    /* Whether the nearest is too far from zero, and which ways this sign may go. */
    const uint32_t beyond = negative ^ (uint32_t)(error >> 63);
    const uint32_t inward = to_zero | (negative ? up : down);
    const uint32_t outward = negative ? down : up;
    return nearest + (inexact & outward & ~beyond) - (inexact & inward & beyond);
}

#endif
