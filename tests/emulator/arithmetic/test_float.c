/*
 * The emulator's f32 and f64 instructions: against the host's own rounding modes, and the special
 * cases that PTX ISA 9.7.3 lists.
 */
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <fenv.h>
#include <math.h>
#include <stdio.h>

enum { ROUNDS = 20000 };

static const struct {
    const char *name;
    int host;
} modes[] = {{"rn", FE_TONEAREST}, {"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};

/* Numbers of all magnitudes, close ones, exact and special ones. */
static uint32_t pick32(uint64_t *state) {
    static const uint32_t special[] = {0,          0x80000000, 1,          0x80000001, 0x007fffff,
                                       0x00800000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0xff7fffff,
                                       0x7f800000, 0xff800000, 0x7fc00001, 0x7f800001, 0x3f800001,
                                       0x34000000, 0x33800000, 0x4b800000};
    const uint64_t random = lookup_random(state);
    switch (random >> 60) {
    case 0:
    case 1:
        return special[random % (sizeof special / sizeof special[0])];
    case 2:
    case 3: /* few bits: ties and exact results */
        return (uint32_t)random & 0xfff00000u;
    case 4:
    case 5: /* near 1 */
        return 0x3f800000u ^ ((uint32_t)random & 0x80ffffffu);
    case 6: /* subnormal and near it */
        return (uint32_t)random & 0x81ffffffu;
    default:
        return (uint32_t)random;
    }
}

static uint64_t pick64(uint64_t *state) {
    const uint64_t random = lookup_random(state);
    const uint64_t narrow = lane_bits64((double)lane_f32(pick32(state)));
    return random % 4 == 0   ? narrow
           : random % 4 == 1 ? 0x3ff0000000000000u ^ (random & 0x801fffffffffffffu)
           : random % 4 == 2 ? random & 0x801fffffffffffffu
                             : random;
}

enum operation { ADD, SUBTRACT, MULTIPLY, FMA, DIVIDE, RECIPROCAL, SQRT, OPERATIONS };

static const char *const roots[] = {"add", "sub", "mul", "fma", "div", "rcp", "sqrt"};

static float host_f32(enum operation operation, int mode, volatile float a, volatile float b,
                      volatile float c) {
    volatile float result = 0;
    fesetround(mode);
    switch (operation) {
    case ADD:
        result = a + b;
        break;
    case SUBTRACT:
        result = a - b;
        break;
    case MULTIPLY:
        result = a * b;
        break;
    case FMA:
        result = fmaf(a, b, c);
        break;
    case DIVIDE:
        result = a / b;
        break;
    case RECIPROCAL:
        result = 1.0f / a;
        break;
    case SQRT:
        result = sqrtf(a);
        break;
    case OPERATIONS:
    default:
        fail();
    }
    fesetround(FE_TONEAREST);
    return result;
}

static double host_f64(enum operation operation, int mode, volatile double a, volatile double b,
                       volatile double c) {
    volatile double result = 0;
    fesetround(mode);
    switch (operation) {
    case ADD:
        result = a + b;
        break;
    case SUBTRACT:
        result = a - b;
        break;
    case MULTIPLY:
        result = a * b;
        break;
    case FMA:
        result = fma(a, b, c);
        break;
    case DIVIDE:
        result = a / b;
        break;
    case RECIPROCAL:
        result = 1.0 / a;
        break;
    case SQRT:
        result = sqrt(a);
        break;
    case OPERATIONS:
    default:
        fail();
    }
    fesetround(FE_TONEAREST);
    return result;
}

static uint32_t flush32(uint32_t bits) {
    return bits << 1 >> 24 == 0 ? bits & 0x80000000u : bits;
}

/* What the modifiers make of the host's result. */
static uint32_t finish32(float value, bool flush, bool saturate) {
    const uint32_t bits = isnan(value) ? 0x7fffffffu : lane_bits32(value);
    const uint32_t flushed = flush ? flush32(bits) : bits;
    if (!saturate) {
        return flushed;
    }
    return isnan(value) || !(lane_f32(flushed) > 0) ? 0
           : lane_f32(flushed) > 1                  ? 0x3f800000u
                                                    : flushed;
}

static void check_f32(enum arithmetic_isa isa, enum operation operation, size_t mode, bool flush,
                      bool saturate) {
    char name[64];
    uint64_t state = 7 + mode;
    (void)snprintf(name, sizeof name, "%s.%s%s%s.f32", roots[operation], modes[mode].name,
                   flush ? ".ftz" : "", saturate ? ".sat" : "");
    const struct lookup found = lookup_in(isa, name);
    assert_non_null(found.operation);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint32_t a = pick32(&state);
        const uint32_t b = pick32(&state);
        const uint32_t c = round % 4 ? pick32(&state) : a ^ 0x80000000u;
        const float host =
            host_f32(operation, modes[mode].host, lane_f32(flush ? flush32(a) : a),
                     lane_f32(flush ? flush32(b) : b), lane_f32(flush ? flush32(c) : c));
        const uint32_t expected = finish32(host, flush, saturate);
        const uint32_t actual = (uint32_t)lookup_value(&found, a, b, c);
        if (actual != expected) {
            fail_msg("%s(%08x, %08x, %08x) = %08x, not %08x", name, a, b, c, actual, expected);
        }
    }
}

TEST(f32_rounds_as_the_host_in_every_mode) {
    for (enum arithmetic_isa isa = ARITHMETIC_BASELINE; isa <= arithmetic_best_isa(); isa++) {
        for (enum operation operation = ADD; operation < OPERATIONS; operation++) {
            for (size_t mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
                check_f32(isa, operation, mode, false, false);
                check_f32(isa, operation, mode, true, false);
            }
        }
    }
}

TEST(f32_saturates_to_the_unit_interval) {
    for (enum operation operation = ADD; operation <= FMA; operation++) {
        for (size_t mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
            check_f32(arithmetic_best_isa(), operation, mode, false, true);
            check_f32(arithmetic_best_isa(), operation, mode, true, true);
        }
    }
}

static void check_f64(enum operation operation, size_t mode) {
    char name[64];
    uint64_t state = 11 + mode;
    (void)snprintf(name, sizeof name, "%s.%s.f64", roots[operation], modes[mode].name);
    const struct lookup found = lookup(name);
    assert_non_null(found.operation);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint64_t a = pick64(&state);
        const uint64_t b = pick64(&state);
        const uint64_t c = pick64(&state);
        const double host =
            host_f64(operation, modes[mode].host, lane_f64(a), lane_f64(b), lane_f64(c));
        const uint64_t actual = lookup_value(&found, a, b, c);
        const bool same = isnan(host) ? isnan(lane_f64(actual)) : actual == lane_bits64(host);
        if (!same) {
            fail_msg("%s(%a, %a, %a) = %a, not %a", name, lane_f64(a), lane_f64(b), lane_f64(c),
                     lane_f64(actual), host);
        }
    }
}

TEST(f64_rounds_as_the_host_in_every_mode) {
    for (enum operation operation = ADD; operation < OPERATIONS; operation++) {
        for (size_t mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
            check_f64(operation, mode);
        }
    }
}

#define F32_QUIET_NAN 0x7fffffffu
#define F32_INF 0x7f800000u
#define F32_MINUS_ZERO 0x80000000u
#define F32_MINUS_INF 0xff800000u
#define F32_ONE 0x3f800000u
#define F32_MINUS_ONE 0xbf800000u

struct unary_case {
    const char *name;
    uint64_t source;
    uint64_t result;
};

static void check_unary(const struct unary_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint64_t actual = ptx(cases[i].name, cases[i].source, 0, 0);
        if (actual != cases[i].result) {
            fail_msg("%s(%llx) = %llx, not %llx", cases[i].name,
                     (unsigned long long)cases[i].source, (unsigned long long)actual,
                     (unsigned long long)cases[i].result);
        }
    }
}

TEST(approximations_of_special_values) {
    static const struct unary_case cases[] = {
        {"rcp.approx.f32", F32_MINUS_INF, F32_MINUS_ZERO},
        {"rcp.approx.f32", F32_MINUS_ZERO, F32_MINUS_INF},
        {"rcp.approx.f32", 0, F32_INF},
        {"rcp.approx.f32", F32_INF, 0},
        {"rcp.approx.f32", 0xffc00000, F32_QUIET_NAN},
        {"rcp.approx.ftz.f32", 1, F32_INF},
        {"rcp.approx.ftz.f32", 0x80000001, F32_MINUS_INF},
        {"rcp.approx.ftz.f32", 0x7f000000, 0},
        {"sqrt.approx.f32", F32_MINUS_INF, F32_QUIET_NAN},
        {"sqrt.approx.f32", F32_MINUS_ONE, F32_QUIET_NAN},
        {"sqrt.approx.f32", F32_MINUS_ZERO, F32_MINUS_ZERO},
        {"sqrt.approx.f32", F32_INF, F32_INF},
        {"sqrt.approx.ftz.f32", 0x80000001, F32_MINUS_ZERO},
        {"sqrt.approx.ftz.f32", 1, 0},
        {"rsqrt.approx.f32", F32_MINUS_INF, F32_QUIET_NAN},
        {"rsqrt.approx.f32", F32_MINUS_ONE, F32_QUIET_NAN},
        {"rsqrt.approx.f32", F32_MINUS_ZERO, F32_MINUS_INF},
        {"rsqrt.approx.f32", 0, F32_INF},
        {"rsqrt.approx.f32", F32_INF, 0},
        {"rsqrt.approx.ftz.f32", 1, F32_INF},
        {"sin.approx.f32", F32_INF, F32_QUIET_NAN},
        {"sin.approx.f32", F32_MINUS_ZERO, F32_MINUS_ZERO},
        {"sin.approx.f32", 0, 0},
        {"sin.approx.ftz.f32", 0x80000001, F32_MINUS_ZERO},
        {"cos.approx.f32", F32_MINUS_INF, F32_QUIET_NAN},
        {"cos.approx.f32", F32_MINUS_ZERO, F32_ONE},
        {"cos.approx.f32", 0, F32_ONE},
        {"lg2.approx.f32", F32_MINUS_INF, F32_QUIET_NAN},
        {"lg2.approx.f32", F32_MINUS_ONE, F32_QUIET_NAN},
        {"lg2.approx.f32", F32_MINUS_ZERO, F32_MINUS_INF},
        {"lg2.approx.f32", 0, F32_MINUS_INF},
        {"lg2.approx.f32", F32_INF, F32_INF},
        {"lg2.approx.f32", F32_ONE, 0},
        {"lg2.approx.f32", 0x00000001, 0xc3150000}, /* -149 */
        {"lg2.approx.ftz.f32", 0x00000001, F32_MINUS_INF},
        {"ex2.approx.f32", F32_MINUS_INF, 0},
        {"ex2.approx.f32", F32_MINUS_ZERO, F32_ONE},
        {"ex2.approx.f32", F32_INF, F32_INF},
        {"ex2.approx.f32", 0x7f800001, F32_QUIET_NAN},
        {"ex2.approx.f32", 0xc3150000, 1}, /* 2^-149 */
        {"ex2.approx.ftz.f32", 0xc3150000, 0},
        {"ex2.approx.f32", 0x43000000, F32_INF},    /* 2^128 */
        {"ex2.approx.f32", 0x42fe0000, 0x7f000000}, /* 2^127 */
        {"tanh.approx.f32", F32_MINUS_INF, F32_MINUS_ONE},
        {"tanh.approx.f32", F32_INF, F32_ONE},
        {"tanh.approx.f32", F32_MINUS_ZERO, F32_MINUS_ZERO},
        {"tanh.approx.f32", 5, 5},
        {"rcp.approx.ftz.f64", 0xfff0000000000000, 0x8000000000000000},
        {"rcp.approx.ftz.f64", 0x0000000100000000, 0x7ff0000000000000},
        {"rcp.approx.ftz.f64", 0x7ff8000000000001, 0x7fffffff00000000},
        {"rcp.approx.ftz.f64", 0x4000000012345678, 0x3fe0000000000000},
        {"rsqrt.approx.ftz.f64", 0x8000000100000000, 0xfff0000000000000},
        {"rsqrt.approx.ftz.f64", 0xbff0000000000000, 0x7fffffff00000000},
        {"rsqrt.approx.ftz.f64", 0x4010000000000000, 0x3fe0000000000000},
        {"rsqrt.approx.f64", 0x4010000000000000, 0x3fe0000000000000},
    };
    check_unary(cases, sizeof cases / sizeof cases[0]);
}

TEST(signs_and_payloads) {
    static const struct unary_case cases[] = {
        {"neg.f32", F32_ONE, F32_MINUS_ONE},
        {"neg.f32", 0xffc00001, F32_QUIET_NAN},
        {"neg.ftz.f32", 1, F32_MINUS_ZERO},
        {"abs.f32", F32_MINUS_INF, F32_INF},
        {"abs.ftz.f32", 0x80000001, 0},
        {"abs.f64", 0xfff8000000000005, 0x7ff8000000000005},
        {"neg.f64", 0x7ff0000000000005, 0xfff0000000000005},
        {"sqrt.rn.f64", 0xbff0000000000000, 0xfff8000000000000},
    };
    check_unary(cases, sizeof cases / sizeof cases[0]);
    assert_int_equal(ptx("copysign.f32", F32_MINUS_ZERO, F32_ONE, 0), F32_MINUS_ONE);
    assert_int_equal(ptx("copysign.f32", F32_ONE, F32_MINUS_ONE, 0), F32_ONE);
    /* The first NaN wins, and becomes quiet. */
    assert_int_equal(ptx("add.rn.f64", 0x7ff0000000000001, 0x7ff8000000000002, 0),
                     0x7ff8000000000001);
    assert_int_equal(ptx("fma.rn.f64", 0, 0x3ff0000000000000, 0xfff0000000000003),
                     0xfff8000000000003);
    assert_int_equal(ptx("sub.rz.f64", 0x7ff0000000000000, 0x7ff0000000000000, 0),
                     0xfff8000000000000);
}

TEST(minimum_and_maximum) {
    static const struct {
        const char *name;
        uint32_t a, b, result;
    } cases[] = {
        {"min.f32", F32_ONE, F32_MINUS_ONE, F32_MINUS_ONE},
        {"max.f32", F32_ONE, F32_MINUS_ONE, F32_ONE},
        {"min.f32", 0, F32_MINUS_ZERO, F32_MINUS_ZERO},
        {"max.f32", F32_MINUS_ZERO, 0, 0},
        {"min.f32", 0x7fc00000, F32_ONE, F32_ONE},
        {"max.f32", F32_ONE, 0x7fc00000, F32_ONE},
        {"max.f32", 0xffc00000, 0x7f800001, F32_QUIET_NAN},
        {"min.NaN.f32", F32_ONE, 0x7fc00000, F32_QUIET_NAN},
        {"max.NaN.f32", 0x7fc00000, F32_MINUS_INF, F32_QUIET_NAN},
        {"min.NaN.f32", F32_INF, F32_ONE, F32_ONE},
        {"min.ftz.f32", 0x80000001, 1, F32_MINUS_ZERO},
        {"max.ftz.f32", 0x80000001, F32_MINUS_ONE, F32_MINUS_ZERO},
        {"min.xorsign.abs.f32", 0xc0000000, 0x3f800000, 0xbf800000},
        {"max.xorsign.abs.f32", 0xc0000000, 0xbf800000, 0x40000000},
        {"max.xorsign.abs.f32", 0x7fc00000, 0xbf800000, 0xbf800000},
        {"max.NaN.xorsign.abs.f32", 0x7fc00000, 0xbf800000, F32_QUIET_NAN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint32_t actual = (uint32_t)ptx(cases[i].name, cases[i].a, cases[i].b, 0);
        if (actual != cases[i].result) {
            fail_msg("%s(%08x, %08x) = %08x, not %08x", cases[i].name, cases[i].a, cases[i].b,
                     actual, cases[i].result);
        }
    }
    assert_int_equal(ptx("min.f64", 0x8000000000000000, 0, 0), 0x8000000000000000);
    assert_int_equal(ptx("max.f64", 0x7ff8000000000000, 0xbff0000000000000, 0), 0xbff0000000000000);
}

TEST(approximate_division) {
    assert_int_equal(ptx("div.approx.f32", F32_ONE, 0x40000000, 0), 0x3f000000);
    /* Beyond 2^126 the divisor's reciprocal counts as zero. */
    assert_int_equal(ptx("div.approx.f32", 0x7f7fffff, 0x7f000000, 0), 0);
    assert_int_equal(ptx("div.approx.f32", 0xff7fffff, 0x7f000000, 0), F32_MINUS_ZERO);
    assert_int_equal(ptx("div.approx.f32", F32_INF, 0x7f000000, 0), F32_QUIET_NAN);
    assert_int_equal(ptx("div.approx.f32", 0x7f7fffff, 0x7e800000, 0), 0x407fffff);
    assert_int_equal(ptx("div.full.f32", 0x7f000000, 0x7f000000, 0), F32_ONE);
    assert_int_equal(ptx("div.approx.ftz.f32", F32_MINUS_ONE, 1, 0), F32_MINUS_INF);
    assert_int_equal(ptx("div.full.ftz.f32", 0x00800000, 0x40000000, 0), 0);
}

TEST(pairs_of_f32) {
    /* (1, -2) * (3, 0.5) + (1, 1) */
    const uint64_t a = 0xc00000003f800000u;
    const uint64_t b = 0x3f00000040400000u;
    const uint64_t c = 0x3f8000003f800000u;
    assert_int_equal(ptx("mul.f32x2", a, b, 0), 0xbf80000040400000u);
    assert_int_equal(ptx("add.rn.f32x2", a, c, 0), 0xbf80000040000000u);
    assert_int_equal(ptx("sub.f32x2", a, c, 0), 0xc040000000000000u);
    assert_int_equal(ptx("fma.rn.f32x2", a, b, c), 0x0000000040800000u);
}

TEST(what_is_not_there_is_not_found) {
    static const char *const names[] = {"fma.f32",  "fma.rn.sat.ftz.f32",
                                        "tanh.f32", "add.rn.sat.f64",
                                        "ex2.f32",  "min.NaN.ftz.f32"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(lookup(names[i]).operation);
    }
}
