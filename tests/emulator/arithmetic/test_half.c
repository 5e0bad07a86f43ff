/*
 * The emulator's f16 and bf16 instructions and its conversions to narrow formats, against an
 * independent rounding: a search among all the numbers of the format, with exact values in
 * binary128.
 */
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <fenv.h>
#include <math.h>
#include <stdio.h>

__extension__ typedef __float128 exact;

enum { ROUNDS = 60000 };

enum mode { NEAREST, ZERO, DOWN, UP };

static const char *const mode_names[] = {"rn", "rz", "rm", "rp"};

/* A format of at most 16 bits with a sign, by its exponent and fraction bits. */
struct narrow {
    const char *name;
    unsigned exponent_bits, fraction_bits;
    bool has_infinity;
    bool is_finite; /* there is no NaN either */
};

static const struct narrow f16 = {"f16", 5, 10, true, false};
static const struct narrow bf16 = {"bf16", 8, 7, true, false};
static const struct narrow e4m3 = {"e4m3", 4, 3, false, false};
static const struct narrow e5m2 = {"e5m2", 5, 2, true, false};
static const struct narrow e2m3 = {"e2m3", 2, 3, false, true};
static const struct narrow e3m2 = {"e3m2", 3, 2, false, true};
static const struct narrow e2m1 = {"e2m1", 2, 1, false, true};

static uint32_t sign_of(const struct narrow *format) {
    return 1u << (format->exponent_bits + format->fraction_bits);
}

/* The first magnitude that is no finite number. */
static uint32_t end_of(const struct narrow *format) {
    const uint32_t all_ones = sign_of(format) - 1;
    return format->is_finite      ? sign_of(format)
           : format->has_infinity ? all_ones >> format->fraction_bits << format->fraction_bits
                                  : all_ones;
}

/* The value of a magnitude, as if the exponents went on beyond the largest number. */
static double magnitude_value(const struct narrow *format, uint32_t magnitude) {
    const int bias = (1 << (format->exponent_bits - 1)) - 1;
    const int field = (int)(magnitude >> format->fraction_bits);
    const uint32_t fraction = magnitude & ((1u << format->fraction_bits) - 1);
    const uint32_t significand = field ? fraction | 1u << format->fraction_bits : fraction;
    return ldexp(significand, (field ? field : 1) - bias - (int)format->fraction_bits);
}

static double narrow_value(const struct narrow *format, uint32_t bits) {
    const uint32_t magnitude = bits & (sign_of(format) - 1);
    const double value =
        magnitude > end_of(format) || (magnitude == end_of(format) && !format->has_infinity) ? NAN
        : magnitude == end_of(format) ? INFINITY
                                      : magnitude_value(format, magnitude);
    return bits & sign_of(format) ? -value : value;
}

/* The largest magnitude whose value is at most `value`, which is finite and not negative. */
static uint32_t magnitude_below(const struct narrow *format, exact value) {
    uint32_t low = 0;
    uint32_t high = end_of(format);
    while (high - low > 1) {
        const uint32_t middle = (low + high) / 2;
        if ((exact)magnitude_value(format, middle) <= value) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Round by definition: between the two neighbours. `rest` is what the exact number has beyond
 * `value`, less than a unit of its last place. */
static uint32_t reference_round_sum(const struct narrow *format, exact value, exact rest,
                                    bool negative, enum mode mode) {
    const uint32_t sign = negative ? sign_of(format) : 0;
    const uint32_t nan = sign_of(format) - 1;
    if (value != value) {
        return nan;
    }
    const exact size = negative ? -value : value;
    const exact more = negative ? -rest : rest;
    if (size > (exact)1e300) {
        return sign | end_of(format);
    }
    const uint32_t nearby = magnitude_below(format, size);
    const bool just_under = size == (exact)magnitude_value(format, nearby) && more < 0;
    const uint32_t below = nearby - (just_under ? 1 : 0);
    const exact from_low = size - (exact)magnitude_value(format, below);
    const exact to_high = (exact)magnitude_value(format, below + 1) - size;
    if (from_low == 0 && more == 0) {
        return sign | below;
    }
    const bool away = (mode == UP && !negative) || (mode == DOWN && negative);
    const bool nearer_high = from_low > to_high || (from_low == to_high && more > 0);
    const bool tie_to_high = from_low == to_high && more == 0 && (below & 1);
    const bool up = mode == NEAREST ? nearer_high || tie_to_high : away;
    return sign | (below + (up ? 1 : 0));
}

static uint32_t reference_round(const struct narrow *format, exact value, bool negative,
                                enum mode mode) {
    return reference_round_sum(format, value, 0, negative, mode);
}

static void check_equal(const char *name, uint64_t a, uint64_t b, uint64_t c, uint32_t actual,
                        uint32_t expected) {
    if (actual != expected) {
        fail_msg("%s(%llx, %llx, %llx) = %x, not %x", name, (unsigned long long)a,
                 (unsigned long long)b, (unsigned long long)c, actual, expected);
    }
}

/* Sign of an exact result that is zero as IEEE 754 has it when rounding to nearest. */
static bool sum_is_negative(exact sum, bool x_negative, bool y_negative) {
    return sum < 0 || (sum == 0 && x_negative && y_negative);
}

enum operation { ADD, SUBTRACT, MULTIPLY, FMA };

static uint32_t reference_operation(const struct narrow *format, enum operation operation,
                                    uint32_t a, uint32_t b, uint32_t c) {
    const double x = narrow_value(format, a);
    const double y = narrow_value(format, b);
    const double z = narrow_value(format, c);
    const double second = operation == SUBTRACT ? -y : y;
    if (operation == ADD || operation == SUBTRACT) {
        const exact sum = (exact)x + (exact)second;
        const bool negative = sum_is_negative(sum, signbit(x), signbit(second));
        return reference_round(format, sum, negative, NEAREST);
    }
    const exact product = (exact)x * (exact)y;
    const bool product_negative = signbit(x) != signbit(y);
    if (operation == MULTIPLY) {
        return reference_round(format, product, product_negative, NEAREST);
    }
    /* binary128 holds the product, but not always the sum: what it lost follows (Knuth's TwoSum).
     */
    const exact sum = product + (exact)z;
    const exact rounded_z = sum - product;
    const exact lost = (product - (sum - rounded_z)) + ((exact)z - rounded_z);
    const exact rest = lost == lost ? lost : 0;
    const bool negative = sum_is_negative(sum, product_negative, signbit(z));
    return reference_round_sum(format, sum, rest, negative, NEAREST);
}

/* Halves of all magnitudes, with ties and cancellation more often than chance would have them. */
static uint32_t pick_half(uint64_t *state, const struct narrow *format) {
    const uint64_t random = lookup_random(state);
    const uint32_t half = (uint32_t)random & 0xffff;
    const uint32_t one = ((1u << (format->exponent_bits - 1)) - 1) << format->fraction_bits;
    switch (random >> 61) {
    case 0:
        return one ^ (half & 0x8007);
    case 1:
        return half & (sign_of(format) | ((1u << (format->fraction_bits + 2)) - 1));
    case 2:
        return (uint32_t)(random >> 32) % 3 ? half : end_of(format) | (half & 0x8001);
    default:
        return half;
    }
}

static void check_operation(const struct narrow *format, const char *root,
                            enum operation operation) {
    char single[32];
    char pair[32];
    uint64_t state = 3;
    (void)snprintf(single, sizeof single, "%s.rn.%s", root, format->name);
    (void)snprintf(pair, sizeof pair, "%s.rn.%sx2", root, format->name);
    const struct lookup one = lookup(single);
    const struct lookup two = lookup(pair);
    assert_non_null(one.operation);
    assert_non_null(two.operation);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t sources[2][3];
        uint32_t expected[2];
        for (unsigned half = 0; half < 2; half++) {
            for (unsigned i = 0; i < 3; i++) {
                sources[half][i] = pick_half(&state, format);
            }
            expected[half] = reference_operation(format, operation, sources[half][0],
                                                 sources[half][1], sources[half][2]);
        }
        const uint32_t *const low = sources[0];
        const uint32_t *const high = sources[1];
        check_equal(single, low[0], low[1], low[2],
                    (uint32_t)lookup_value(&one, low[0], low[1], low[2]), expected[0]);
        const uint64_t packed = lookup_value(&two, low[0] | high[0] << 16, low[1] | high[1] << 16,
                                             low[2] | high[2] << 16);
        check_equal(pair, high[0], high[1], high[2], (uint32_t)packed,
                    expected[0] | expected[1] << 16);
    }
}

TEST(f16_arithmetic_is_rounded_once) {
    check_operation(&f16, "add", ADD);
    check_operation(&f16, "sub", SUBTRACT);
    check_operation(&f16, "mul", MULTIPLY);
    check_operation(&f16, "fma", FMA);
}

TEST(bf16_arithmetic_is_rounded_once) {
    check_operation(&bf16, "add", ADD);
    check_operation(&bf16, "sub", SUBTRACT);
    check_operation(&bf16, "mul", MULTIPLY);
    check_operation(&bf16, "fma", FMA);
}

/* 1 + 2^-8 is half way between two bf16; 2^-133 more decides, far below what double holds. */
TEST(bf16_fma_does_not_round_twice) {
    assert_int_equal(ptx("fma.rn.bf16", 0x3f83, 0x3f80, 0), 0x3f83);
    assert_int_equal(ptx("fma.rn.bf16", 0x3f88, 0x3f88, 0x0001), 0x3f91);
    assert_int_equal(ptx("fma.rn.bf16", 0x3f84, 0x3f84, 0x0001), 0x3f88);
    assert_int_equal(ptx("fma.rn.bf16", 0x3fc0, 0x3f81, 0x0001), 0x3fc2);
    assert_int_equal(ptx("fma.rn.bf16", 0x3fc0, 0x3f81, 0x8001), 0x3fc1);
}

static void check_narrowing(const struct narrow *format, enum mode mode, const char *source) {
    char name[40];
    uint64_t state = 5;
    const bool wide = source[1] == '6';
    (void)snprintf(name, sizeof name, "cvt.%s.%s.%s", mode_names[mode], format->name, source);
    const struct lookup found = lookup(name);
    assert_non_null(found.operation);
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* A number of the format, or half way to the next, and a few bits more or less. */
        const uint32_t half = pick_half(&state, format);
        const double base = narrow_value(format, half);
        const double next = narrow_value(format, half + 1);
        const double middle = round % 2 ? base + (next - base) / 2 : base;
        const uint32_t near =
            lane_bits32((float)middle) + (uint32_t)(lookup_random(&state) % 5) - 2;
        const uint32_t bits = round % 8 ? near : (uint32_t)lookup_random(&state);
        const double exactly = wide ? middle * (1 + ldexp(round % 3 - 1.0, -50)) : 0;
        const double value = wide ? exactly : (double)lane_f32(bits);
        const uint64_t given = wide ? lane_bits64(value) : bits;
        const uint32_t actual = (uint32_t)lookup_value(&found, given, 0, 0);
        check_equal(name, given, 0, 0, actual,
                    reference_round(format, (exact)value, signbit(value), mode));
    }
}

TEST(narrowing_in_every_mode) {
    for (enum mode mode = NEAREST; mode <= UP; mode++) {
        check_narrowing(&f16, mode, "f32");
        check_narrowing(&bf16, mode, "f32");
        check_narrowing(&f16, mode, "f64");
        check_narrowing(&bf16, mode, "f64");
    }
}

TEST(widening_is_exact) {
    for (uint32_t half = 0; half < 0x10000; half++) {
        const double a = narrow_value(&f16, half);
        const double b = narrow_value(&bf16, half);
        const uint32_t a32 = isnan(a) ? 0x7fffffffu : lane_bits32((float)a);
        const uint32_t b32 = isnan(b) ? 0x7fffffffu : lane_bits32((float)b);
        check_equal("cvt.f32.f16", half, 0, 0, (uint32_t)ptx("cvt.f32.f16", half, 0, 0), a32);
        check_equal("cvt.f32.bf16", half, 0, 0, (uint32_t)ptx("cvt.f32.bf16", half, 0, 0), b32);
    }
}

TEST(pairs_put_the_first_source_above) {
    const uint32_t one = 0x3f800000;
    const uint32_t minus_two = 0xc0000000;
    assert_int_equal(ptx("cvt.rn.f16x2.f32", one, minus_two, 0), 0x3c00c000);
    assert_int_equal(ptx("cvt.rn.bf16x2.f32", one, minus_two, 0), 0x3f80c000);
    assert_int_equal(ptx("cvt.rn.relu.f16x2.f32", one, minus_two, 0), 0x3c000000);
    assert_int_equal(ptx("cvt.rz.relu.bf16x2.f32", minus_two, 0x7fc00000, 0), 0x00007fff);
    assert_int_equal(ptx("cvt.rn.satfinite.f16x2.f32", 0x7f7fffff, 0xff800000, 0), 0x7bfffbff);
    assert_int_equal(ptx("cvt.rn.f16.f32", 0x477fefff, 0, 0), 0x7bff);
    assert_int_equal(ptx("cvt.rn.f16.f32", 0x477ff000, 0, 0), 0x7c00);
    assert_int_equal(ptx("cvt.rn.ftz.f16.f32", 0x00400000, 0, 0), 0);
    assert_int_equal(ptx("cvt.rn.sat.f16.f32", 0x7fc00000, 0, 0), 0);
    assert_int_equal(ptx("cvt.rn.sat.f16.f32", 0x40000000, 0, 0), 0x3c00);
}

TEST(tf32) {
    assert_int_equal(ptx("cvt.rna.tf32.f32", 0x3f801000, 0, 0), 0x3f802000);
    assert_int_equal(ptx("cvt.rna.tf32.f32", 0xbf800fff, 0, 0), 0xbf800000);
    assert_int_equal(ptx("cvt.rna.tf32.f32", 0x7f7fffff, 0, 0), 0x7f800000);
    assert_int_equal(ptx("cvt.rna.satfinite.tf32.f32", 0x7f7fffff, 0, 0), 0x7f7fe000);
    assert_int_equal(ptx("cvt.rna.tf32.f32", 0x7f800001, 0, 0), 0x7fffffff);
    assert_int_equal(ptx("cvt.rn.tf32.f32", 0x3f801000, 0, 0), 0x3f800000);
    assert_int_equal(ptx("cvt.rn.tf32.f32", 0x3f803000, 0, 0), 0x3f804000);
    assert_int_equal(ptx("cvt.rz.tf32.f32", 0x3f803fff, 0, 0), 0x3f802000);
    assert_int_equal(ptx("cvt.rn.relu.tf32.f32", 0xbf803fff, 0, 0), 0);
}

/* Two numbers of the format, `width` bits apart. */
static void check_small(const struct narrow *format, unsigned width, const char *to,
                        const char *from) {
    uint64_t state = 9;
    for (uint32_t bits = 0; bits < 2 * sign_of(format); bits++) {
        const double value = narrow_value(format, bits);
        const bool negative = bits & sign_of(format);
        const uint32_t half =
            isnan(value) ? 0x7fff : reference_round(&f16, (exact)value, negative, NEAREST);
        check_equal(from, bits, 0, 0, (uint32_t)ptx(from, bits << width | 1, 0, 0) >> 16, half);
        check_equal(from, bits, 0, 0, (uint32_t)ptx(from, bits | 1U << width, 0, 0) & 0xffff, half);
    }
    const double most = narrow_value(format, end_of(format) - 1);
    for (unsigned round = 0; round < 4096; round++) {
        const double value = narrow_value(&f16, pick_half(&state, &f16));
        const double clamped = value > most ? most : value < -most ? -most : value;
        const uint32_t expected =
            reference_round(format, (exact)clamped, signbit(clamped), NEAREST);
        const uint32_t single = lane_bits32((float)value);
        check_equal(to, single, 0, 0, (uint32_t)ptx(to, single, 0, 0) >> width, expected);
        check_equal(to, 0, single, 0, (uint32_t)ptx(to, 0, single, 0), expected);
    }
}

TEST(eight_bit_floats) {
    check_small(&e4m3, 8, "cvt.rn.satfinite.e4m3x2.f32", "cvt.rn.f16x2.e4m3x2");
    check_small(&e5m2, 8, "cvt.rn.satfinite.e5m2x2.f32", "cvt.rn.f16x2.e5m2x2");
    assert_int_equal(ptx("cvt.rn.bf16x2.e4m3x2", 0x7f38, 0, 0), 0x7fff3f80);
    assert_int_equal(ptx("cvt.rn.relu.bf16x2.e5m2x2", 0xbc7c, 0, 0), 0x00007f80);
    assert_int_equal(ptx("cvt.rn.satfinite.relu.e4m3x2.f16x2", 0xbc007e00, 0, 0), 0x007f);
    assert_int_equal(ptx("cvt.rn.satfinite.e5m2x2.f16x2", 0x3c007bff, 0, 0), 0x3c7b);
}

TEST(floats_of_four_and_six_bits) {
    check_small(&e2m3, 8, "cvt.rn.satfinite.e2m3x2.f32", "cvt.rn.f16x2.e2m3x2");
    check_small(&e3m2, 8, "cvt.rn.satfinite.e3m2x2.f32", "cvt.rn.f16x2.e3m2x2");
    check_small(&e2m1, 4, "cvt.rn.satfinite.e2m1x2.f32", "cvt.rn.f16x2.e2m1x2");
    /* NaN is the largest number; infinities are those of their sign. */
    assert_int_equal(ptx("cvt.rn.satfinite.e2m1x2.f32", 0xffc00000, 0xff800000, 0), 0x7f);
    assert_int_equal(ptx("cvt.rn.satfinite.relu.e2m1x2.f32", 0xc0000000, 0x40000000, 0), 0x04);
    assert_int_equal(ptx("cvt.rn.satfinite.e2m1x2.f16x2", 0x7e00fc00, 0, 0), 0x7f);
    assert_int_equal(ptx("cvt.rn.satfinite.e2m1x2.f16x2", 0x3d00bd01, 0, 0), 0x2b);
    assert_int_equal(ptx("cvt.rn.satfinite.relu.e2m1x2.f16x2", 0xc0004000, 0, 0), 0x04);
    assert_int_equal(ptx("cvt.rn.satfinite.e3m2x2.f32", 0x7fc00000, 0xff800000, 0), 0x1f3f);
    assert_int_equal(ptx("cvt.rn.satfinite.relu.e2m3x2.f32", 0xc0000000, 0x40000000, 0), 0x0010);
    assert_int_equal(ptx("cvt.rn.relu.f16x2.e2m1x2", 0xc4, 0, 0), 0x4000);
    assert_int_equal(ptx("cvt.rn.relu.f16x2.e2m3x2", 0x2808, 0, 0), 0x3c00);
    assert_int_equal(ptx("cvt.rn.relu.f16x2.e3m2x2", 0x0c2c, 0, 0), 0x3c000000);
}

/* 1, 1.5, the smallest number, what is between it and half of it, and what is below. */
TEST(scale_factors) {
    assert_int_equal(ptx("cvt.rz.ue8m0x2.f32", 0x3f800000, 0x3fc00000, 0), 0x7f7f);
    assert_int_equal(ptx("cvt.rp.ue8m0x2.f32", 0x3f800000, 0x3fc00000, 0), 0x7f80);
    assert_int_equal(ptx("cvt.rp.ue8m0x2.f32", 0x00400000, 0x00400001, 0), 0x0001);
    assert_int_equal(ptx("cvt.rz.ue8m0x2.f32", 0x007fffff, 0x00000000, 0), 0x0000);
    assert_int_equal(ptx("cvt.rp.ue8m0x2.f32", 0x00000001, 0x80800001, 0), 0x0002);
    assert_int_equal(ptx("cvt.rp.ue8m0x2.f32", 0x7f7fffff, 0x7f800000, 0), 0xffff);
    assert_int_equal(ptx("cvt.rp.satfinite.ue8m0x2.f32", 0x7f7fffff, 0x7f800000, 0), 0xfefe);
    assert_int_equal(ptx("cvt.rz.satfinite.ue8m0x2.f32", 0x7f000000, 0x7fc00000, 0), 0xfeff);
    assert_int_equal(ptx("cvt.rz.ue8m0x2.bf16x2", 0x3fc04000, 0, 0), 0x7f80);
    assert_int_equal(ptx("cvt.rp.satfinite.ue8m0x2.bf16x2", 0x3fc07f80, 0, 0), 0x80fe);
    assert_int_equal(ptx("cvt.rn.bf16x2.ue8m0x2", 0x7f00, 0, 0), 0x3f800040);
    assert_int_equal(ptx("cvt.rn.bf16x2.ue8m0x2", 0xfeff, 0, 0), 0x7f007fff);
}

TEST(half_modifiers) {
    assert_int_equal(ptx("add.sat.f16", 0x3c00, 0x3c00, 0), 0x3c00);
    assert_int_equal(ptx("add.rn.ftz.f16", 0x0001, 0x0001, 0), 0);
    assert_int_equal(ptx("fma.rn.relu.f16", 0xbc00, 0x3c00, 0), 0);
    assert_int_equal(ptx("fma.rn.relu.f16", 0x7e00, 0x3c00, 0), 0x7fff);
    assert_int_equal(ptx("fma.rn.relu.bf16x2", 0xbf803f80, 0x3f803f80, 0), 0x00003f80);
    assert_int_equal(ptx("max.f16x2", 0x3c00fc00, 0x7e00fbff, 0), 0x3c00fbff);
    assert_int_equal(ptx("max.NaN.f16x2", 0x3c00fc00, 0x7e00fbff, 0), 0x7ffffbff);
    assert_int_equal(ptx("min.xorsign.abs.bf16", 0xc000, 0x3f80, 0), 0xbf80);
    assert_int_equal(ptx("min.f16", 0x8000, 0, 0), 0x8000);
    assert_int_equal(ptx("neg.f16x2", 0x3c007e01, 0, 0), 0xbc007fff);
    assert_int_equal(ptx("abs.bf16x2", 0xbf80ff80, 0, 0), 0x3f807f80);
}

/* A factor that a tensor map filled in makes a sum zero, whatever its sign; another NaN does not,
 * and neither does c. */
TEST(factors_outside_a_tensor) {
    assert_int_equal(ptx("fma.rn.oob.f16", 0x4000, 0x4200, 0x3c00), 0x4700);
    assert_int_equal(ptx("fma.rn.oob.f16", 0x7ff7, 0x4200, 0x3c00), 0);
    assert_int_equal(ptx("fma.rn.oob.f16", 0x4000, 0xfff7, 0x3c00), 0);
    assert_int_equal(ptx("fma.rn.oob.f16", 0x4000, 0x4200, 0x7ff7), 0x7fff);
    assert_int_equal(ptx("fma.rn.oob.f16", 0x7e00, 0x4200, 0x3c00), 0x7fff);
    assert_int_equal(ptx("fma.rn.oob.sat.f16", 0x4000, 0x4200, 0x3c00), 0x3c00);
    assert_int_equal(ptx("fma.rn.oob.relu.f16", 0x4000, 0xc200, 0x3c00), 0);
    assert_int_equal(ptx("fma.rn.oob.relu.f16x2", 0x40007ff7, 0x42004200, 0x3c003c00), 0x47000000);
    assert_int_equal(ptx("fma.rn.oob.bf16", 0x4000, 0x4040, 0x3f80), 0x40e0);
    assert_int_equal(ptx("fma.rn.oob.relu.bf16", 0x7ff7, 0x4040, 0x3f80), 0);
    assert_int_equal(ptx("fma.rn.oob.relu.bf16", 0x7fff, 0x4040, 0x3f80), 0x7fff);
    assert_int_equal(ptx("fma.rn.oob.bf16x2", 0x40004000, 0x40407ff7, 0x3f803f80), 0x40e00000);
}

/* Bounds of PTX ISA 9.7.4.9 and 9.7.4.10, over all numbers. */
TEST(half_approximations_are_within_their_bounds) {
    for (uint32_t half = 0; half < 0x10000; half++) {
        const double x = narrow_value(&f16, half);
        const double y = narrow_value(&bf16, half);
        if (isfinite(x)) {
            const double power = narrow_value(&f16, (uint32_t)ptx("ex2.approx.f16", half, 0, 0));
            const double tangent = narrow_value(&f16, (uint32_t)ptx("tanh.approx.f16", half, 0, 0));
            const double exactly = exp2(x);
            assert_true(isinf(power) ? exactly >= 65520
                                     : fabs(power - exactly) <= exactly * exp2(-9.9) + exp2(-25));
            assert_true(fabs(tangent - tanh(x)) <= exp2(-10.987));
        }
        if (isfinite(y)) {
            const double power =
                narrow_value(&bf16, (uint32_t)ptx("ex2.approx.ftz.bf16", half, 0, 0));
            const double tangent =
                narrow_value(&bf16, (uint32_t)ptx("tanh.approx.bf16", half, 0, 0));
            const double exactly = exp2(y);
            assert_true(isinf(power) ? exactly >= 0x1.fep127
                                     : fabs(power - exactly) <= exactly * exp2(-7) + 0x1p-126);
            assert_true(fabs(tangent - tanh(y)) <= exp2(-8));
        }
    }
}
