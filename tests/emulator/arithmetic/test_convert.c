/*
 * The emulator's cvt to and from integers, and within a floating-point type, against the host's
 * rounding modes and 128-bit integers (PTX ISA 9.7.9: cvt).
 */
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <fenv.h>
#include <math.h>
#include <stdio.h>

__extension__ typedef __int128 big;

enum { ROUNDS = 4000 };

struct integer_type {
    const char *name;
    unsigned bits;
    bool is_signed;
};

static const struct integer_type integers[] = {
    {"u8", 8, false},   {"s8", 8, true},   {"u16", 16, false}, {"s16", 16, true},
    {"u32", 32, false}, {"s32", 32, true}, {"u64", 64, false}, {"s64", 64, true}};

enum { INTEGERS = sizeof integers / sizeof integers[0] };

static const struct {
    const char *floating, *integral;
    int host;
} modes[] = {{"rn", "rni", FE_TONEAREST},
             {"rz", "rzi", FE_TOWARDZERO},
             {"rm", "rmi", FE_DOWNWARD},
             {"rp", "rpi", FE_UPWARD}};

enum { MODES = sizeof modes / sizeof modes[0] };

static big largest_of(const struct integer_type *type) {
    return ((big)1 << (type->bits - (type->is_signed ? 1 : 0))) - 1;
}

static big smallest_of(const struct integer_type *type) {
    return type->is_signed ? -((big)1 << (type->bits - 1)) : 0;
}

static uint64_t bits_of(big value, unsigned bits) {
    return (uint64_t)value & (bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1);
}

static big value_of(uint64_t bits, const struct integer_type *type) {
    const big field = (big)bits_of((big)bits, type->bits);
    return field > largest_of(type) ? field - ((big)1 << type->bits) : field;
}

static uint64_t pick(uint64_t *state) {
    const uint64_t random = lookup_random(state);
    const uint64_t corners[] = {0,
                                1,
                                0x7f,
                                0x80,
                                0xff,
                                0x7fff,
                                0x8000,
                                0xffff,
                                0x7fffffff,
                                0x80000000,
                                0xffffffff,
                                INT64_MAX,
                                (uint64_t)1 << 63,
                                UINT64_MAX};
    return random % 4 == 0 ? corners[(random >> 8) % (sizeof corners / sizeof corners[0])]
                           : lookup_random(state) >> (random >> 8) % 64;
}

static void check(const char *name, uint64_t source, uint64_t actual, uint64_t expected) {
    if (actual != expected) {
        fail_msg("%s(%llx) = %llx, not %llx", name, (unsigned long long)source,
                 (unsigned long long)actual, (unsigned long long)expected);
    }
}

static void check_integers(const struct integer_type *to, const struct integer_type *from,
                           bool saturate) {
    char name[40];
    uint64_t state = 1;
    (void)snprintf(name, sizeof name, "cvt%s.%s.%s", saturate ? ".sat" : "", to->name, from->name);
    const struct lookup found = lookup(name);
    /* .sat is for types that cannot hold every number of the source. */
    const bool holds = smallest_of(from) >= smallest_of(to) && largest_of(from) <= largest_of(to);
    assert_int_equal(found.operation != NULL, !(saturate && holds));
    for (unsigned round = 0; found.operation && round < ROUNDS; round++) {
        const uint64_t source = bits_of((big)pick(&state), from->bits);
        big value = value_of(source, from);
        if (saturate) {
            value = value < smallest_of(to) ? smallest_of(to) : value;
            value = value > largest_of(to) ? largest_of(to) : value;
        }
        check(name, source, lookup_value(&found, source, 0, 0), bits_of(value, to->bits));
    }
}

TEST(between_integers) {
    for (unsigned to = 0; to < INTEGERS; to++) {
        for (unsigned from = 0; from < INTEGERS; from++) {
            check_integers(&integers[to], &integers[from], false);
            check_integers(&integers[to], &integers[from], true);
        }
    }
}

/* From f32 and f64: rounded by the host, clamped, NaN as PTX says. */
static uint64_t expected_integer(double value, const struct integer_type *to, bool from_f64) {
    const volatile double rounded = rint(value);
    if (isnan(value)) {
        return from_f64 || to->bits == 64 ? (uint64_t)1 << (to->bits - 1) : 0;
    }
    if (rounded >= ldexp(1, (int)to->bits - (to->is_signed ? 1 : 0))) {
        return bits_of(largest_of(to), to->bits);
    }
    if (rounded < (double)smallest_of(to)) {
        return bits_of(smallest_of(to), to->bits);
    }
    return bits_of((big)rounded, to->bits);
}

static double pick_double(uint64_t *state) {
    const uint64_t random = lookup_random(state);
    const double fraction[] = {0, 0.5, -0.5, 0.25, 0.75, 0x1p-30};
    const double base = (double)(int64_t)(lookup_random(state) >> random % 64);
    const double value = base + fraction[(random >> 8) % (sizeof fraction / sizeof fraction[0])];
    const double sign = random >> 40 & 1 ? -1 : 1;
    const double special[] = {NAN, INFINITY, -INFINITY, 0x1p63, -0x1p63, 0x1p64, 0x1p31, -0.0};
    return random >> 59 == 0 ? special[(random >> 16) % (sizeof special / sizeof special[0])]
                             : sign * value;
}

static void check_from_float(const struct integer_type *to, unsigned mode) {
    char narrow_name[40];
    char wide_name[40];
    uint64_t state = 2;
    (void)snprintf(narrow_name, sizeof narrow_name, "cvt.%s.%s.f32", modes[mode].integral,
                   to->name);
    (void)snprintf(wide_name, sizeof wide_name, "cvt.%s.%s.f64", modes[mode].integral, to->name);
    const struct lookup narrow = lookup(narrow_name);
    const struct lookup wide = lookup(wide_name);
    assert_non_null(narrow.operation);
    assert_non_null(wide.operation);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const double value = pick_double(&state);
        const float single = (float)value;
        fesetround(modes[mode].host);
        const uint64_t from_f32 = expected_integer((double)single, to, false);
        const uint64_t from_f64 = expected_integer(value, to, true);
        fesetround(FE_TONEAREST);
        check(narrow_name, lane_bits32(single), lookup_value(&narrow, lane_bits32(single), 0, 0),
              from_f32);
        check(wide_name, lane_bits64(value), lookup_value(&wide, lane_bits64(value), 0, 0),
              from_f64);
    }
}

TEST(floats_to_integers) {
    for (unsigned to = 0; to < INTEGERS; to++) {
        for (unsigned mode = 0; mode < MODES; mode++) {
            check_from_float(&integers[to], mode);
        }
    }
}

static void check_to_float(const struct integer_type *from, unsigned mode) {
    char narrow_name[40];
    char wide_name[40];
    uint64_t state = 3;
    (void)snprintf(narrow_name, sizeof narrow_name, "cvt.%s.f32.%s", modes[mode].floating,
                   from->name);
    (void)snprintf(wide_name, sizeof wide_name, "cvt.%s.f64.%s", modes[mode].floating, from->name);
    const struct lookup narrow = lookup(narrow_name);
    const struct lookup wide = lookup(wide_name);
    assert_non_null(narrow.operation);
    assert_non_null(wide.operation);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint64_t source = bits_of((big)pick(&state), from->bits);
        const big value = value_of(source, from);
        const volatile int64_t as_signed = (int64_t)value;
        const volatile uint64_t as_unsigned = (uint64_t)value;
        fesetround(modes[mode].host);
        const volatile float single = value < 0 ? (float)as_signed : (float)as_unsigned;
        const volatile double twice = value < 0 ? (double)as_signed : (double)as_unsigned;
        fesetround(FE_TONEAREST);
        check(narrow_name, source, lookup_value(&narrow, source, 0, 0), lane_bits32(single));
        check(wide_name, source, lookup_value(&wide, source, 0, 0), lane_bits64(twice));
    }
}

TEST(integers_to_floats) {
    for (unsigned from = 0; from < INTEGERS; from++) {
        for (unsigned mode = 0; mode < MODES; mode++) {
            check_to_float(&integers[from], mode);
        }
    }
}

struct known {
    const char *name;
    uint64_t source, result;
};

static void check_known(const struct known *known, size_t count) {
    for (size_t i = 0; i < count; i++) {
        check(known[i].name, known[i].source, ptx(known[i].name, known[i].source, 0, 0),
              known[i].result);
    }
}

TEST(halves_and_integers) {
    static const struct known known[] = {
        {"cvt.rn.f16.s32", 65519, 0x7bff},         {"cvt.rn.f16.s32", 65520, 0x7c00},
        {"cvt.rz.f16.u32", 0xffffffff, 0x7bff},    {"cvt.rn.f16.u16", 2049, 0x6800},
        {"cvt.rp.f16.u16", 2049, 0x6801},          {"cvt.rm.f16.s16", 0xf7ff, 0xe801},
        {"cvt.rn.bf16.s32", 257, 0x4380},          {"cvt.rn.bf16.s32", 259, 0x4382},
        {"cvt.rn.bf16.s64", (uint64_t)-3, 0xc040}, {"cvt.rzi.s32.f16", 0xc100, 0xfffffffe},
        {"cvt.rni.u8.f16", 0x5bff, 255},           {"cvt.rzi.s16.f16", 0x7c00, 0x7fff},
        {"cvt.rzi.u32.bf16", 0x4f80, 0xffffffff},  {"cvt.rni.s64.f16", 0x7e00, 0x8000000000000000},
    };
    check_known(known, sizeof known / sizeof known[0]);
}

TEST(within_a_type) {
    static const struct known known[] = {
        {"cvt.rni.f32.f32", 0x3f000000, 0},
        {"cvt.rni.f32.f32", 0x3fc00000, 0x40000000},
        {"cvt.rzi.f32.f32", 0xbfc00000, 0xbf800000},
        {"cvt.rmi.f32.f32", 0xbf000000, 0xbf800000},
        {"cvt.rpi.f32.f32", 0xbf000000, 0x80000000},
        {"cvt.rpi.f32.f32", 1, 0x3f800000},
        {"cvt.rpi.ftz.f32.f32", 1, 0},
        {"cvt.rni.f32.f32", 0xff800001, 0x7fffffff},
        {"cvt.sat.f32.f32", 0x40000000, 0x3f800000},
        {"cvt.sat.f32.f32", 0x7fc00000, 0},
        {"cvt.sat.f32.f32", 0x80000000, 0},
        {"cvt.ftz.f32.f32", 0x80000001, 0x80000000},
        {"cvt.ftz.sat.f32.f32", 1, 0},
        {"cvt.rni.f16.f16", 0x3e00, 0x4000},
        {"cvt.rmi.f16.f16", 0xb800, 0xbc00},
        {"cvt.rzi.f64.f64", 0xc00c000000000000, 0xc008000000000000},
        {"cvt.rpi.f64.f64", 0xbfe0000000000000, 0x8000000000000000},
        {"cvt.f64.f32", 0x00000001, 0x36a0000000000000},
        {"cvt.ftz.f64.f32", 0x80000001, 0x8000000000000000},
        {"cvt.rn.f32.f64", 0x36a0000000000000, 1},
        {"cvt.rn.ftz.f32.f64", 0x36a0000000000000, 0},
        {"cvt.rz.f32.f64", 0x7fefffffffffffff, 0x7f7fffff},
        {"cvt.rp.f32.f64", 1, 1},
        {"cvt.rm.f32.f64", 0x8000000000000001, 0x80000001},
    };
    check_known(known, sizeof known / sizeof known[0]);
}

TEST(packing) {
    assert_int_equal(ptx("cvt.pack.sat.s16.s32", 40000, (uint32_t)-40000, 0), 0x7fff8000);
    assert_int_equal(ptx("cvt.pack.sat.u8.s32.b32", 300, (uint32_t)-1, 0xabcd1234), 0x1234ff00);
    assert_int_equal(ptx("cvt.pack.sat.s4.s32.b32", 3, (uint32_t)-100, 0x345678), 0x34567838);
    assert_int_equal(ptx("cvt.pack.sat.u2.s32.b32", 1, 7, 0x1), 0x17);
}
