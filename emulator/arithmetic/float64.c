/*
 * The f64 instructions (PTX ISA 9.7.3).
 *
 * Rounded to nearest they are the host's. In the directed modes, which compilers emit only for
 * intrinsics such as __dadd_rd, the host's rounding mode is set for the length of a warp's
 * instruction; operands and results go through volatile objects there, so that the compiler cannot
 * move or fold the operation.
 */
#include "emulator/arithmetic/rounding.h"

#include <fenv.h>

#define NO_CHOICE (void)choice

ALWAYS_INLINE bool f64_is_nan(uint64_t bits) {
    return (bits & ~F64_SIGN) > F64_INFINITY;
}

/* The result, or if it is NaN the first source that is, made quiet. Which one the host would take
 * is up to the operand order that its compiler chose. */
ALWAYS_INLINE uint64_t f64_finish(double result, uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t bits = lane_bits64(result);
    const uint64_t source = f64_is_nan(a)   ? a | F64_QUIET
                            : f64_is_nan(b) ? b | F64_QUIET
                            : f64_is_nan(c) ? c | F64_QUIET
                                            : F64_NAN;
    return f64_is_nan(bits) ? source : bits;
}

MAP_2(add_nearest, 64, 64, 64, NO_CHOICE, f64_finish(lane_f64(a) + lane_f64(b), a, b, 0))
MAP_2(subtract_nearest, 64, 64, 64, NO_CHOICE, f64_finish(lane_f64(a) - lane_f64(b), a, b, 0))
MAP_2(multiply_nearest, 64, 64, 64, NO_CHOICE, f64_finish(lane_f64(a) * lane_f64(b), a, b, 0))
MAP_2(divide_nearest, 64, 64, 64, NO_CHOICE, f64_finish(lane_f64(a) / lane_f64(b), a, b, 0))
MAP_3(fma_nearest, 64, 64, 64, 64, NO_CHOICE,
      f64_finish(__builtin_fma(lane_f64(a), lane_f64(b), lane_f64(c)), a, b, c))
MAP_1(reciprocal_nearest, 64, 64, NO_CHOICE, f64_finish(1.0 / lane_f64(a), a, 0, 0))
MAP_1(sqrt_nearest, 64, 64, NO_CHOICE, f64_finish(__builtin_sqrt(lane_f64(a)), a, 0, 0))
MAP_1(rsqrt_approximate, 64, 64, NO_CHOICE, f64_finish(1.0 / __builtin_sqrt(lane_f64(a)), a, 0, 0))

enum f64_operation { F64_ADD, F64_SUBTRACT, F64_MULTIPLY, F64_DIVIDE, F64_FMA, F64_SQRT };

static double f64_compute(enum f64_operation operation, double x, double y, double z) {
    const volatile double a = x;
    const volatile double b = y;
    const volatile double c = z;
    volatile double result = 0;
    switch (operation) {
    case F64_ADD:
        result = a + b;
        break;
    case F64_SUBTRACT:
        result = a - b;
        break;
    case F64_MULTIPLY:
        result = a * b;
        break;
    case F64_DIVIDE:
        result = a / b;
        break;
    case F64_FMA:
        result = fma(a, b, c);
        break;
    case F64_SQRT:
        result = sqrt(a);
        break;
    }
    return result;
}

/* The fenv.h name of a rounding mode. */
static int f64_host_rounding(enum rounding mode) {
    switch (mode) {
    case ROUND_ZERO:
        return FE_TOWARDZERO;
    case ROUND_DOWN:
        return FE_DOWNWARD;
    case ROUND_UP:
        return FE_UPWARD;
    case ROUND_NEAREST:
    case ROUND_NEAREST_AWAY:
    default:
        return FE_TONEAREST;
    }
}

/* `sources` of them; those absent count as +0, which is no NaN. */
static void f64_directed(enum f64_operation operation, enum rounding mode, struct lanes64 *d,
                         const void *const from[], unsigned sources) {
    const struct lanes64 *const source_a = from[0];
    const struct lanes64 *const source_b = sources > 1 ? from[1] : NULL;
    const struct lanes64 *const source_c = sources > 2 ? from[2] : NULL;
    const int previous = fegetround();
    fesetround(f64_host_rounding(mode));
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint64_t a = source_a->at[lane];
        const uint64_t b = source_b ? source_b->at[lane] : 0;
        const uint64_t c = source_c ? source_c->at[lane] : 0;
        const double result = f64_compute(operation, lane_f64(a), lane_f64(b), lane_f64(c));
        d->at[lane] = f64_finish(result, a, b, c);
    }
    fesetround(previous);
}

LANE_FUNCTION(add_directed) {
    f64_directed(F64_ADD, rounding_of(choice[0]), to[0], from, 2);
}

LANE_FUNCTION(subtract_directed) {
    f64_directed(F64_SUBTRACT, rounding_of(choice[0]), to[0], from, 2);
}

LANE_FUNCTION(multiply_directed) {
    f64_directed(F64_MULTIPLY, rounding_of(choice[0]), to[0], from, 2);
}

LANE_FUNCTION(divide_directed) {
    f64_directed(F64_DIVIDE, rounding_of(choice[0]), to[0], from, 2);
}

LANE_FUNCTION(fma_directed) {
    f64_directed(F64_FMA, rounding_of(choice[0]), to[0], from, 3);
}

LANE_FUNCTION(sqrt_directed) {
    f64_directed(F64_SQRT, rounding_of(choice[0]), to[0], from, 1);
}

LANE_FUNCTION(reciprocal_directed) {
    struct lanes64 one;
    for (unsigned lane = 0; lane < LANES; lane++) {
        one.at[lane] = lane_bits64(1.0);
    }
    const void *const sources[] = {&one, from[0]};
    f64_directed(F64_DIVIDE, rounding_of(choice[0]), to[0], sources, 2);
}

/*
 * rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64: the high word of the result from the high word of
 * the source, subnormals taken for zero, one NaN (9.7.3.14, 9.7.3.17).
 */
#define F64_HIGH_WORD 0xffffffff00000000u

ALWAYS_INLINE uint64_t f64_gross_source(uint64_t bits) {
    const uint64_t high = bits & F64_HIGH_WORD;
    return high & F64_INFINITY ? high : high & F64_SIGN;
}

ALWAYS_INLINE uint64_t f64_gross_result(double value) {
    const uint64_t high = lane_bits64(value) & F64_HIGH_WORD;
    const uint64_t flushed = high & F64_INFINITY ? high : high & F64_SIGN;
    return value != value ? 0x7fffffff00000000u : flushed;
}

MAP_1(reciprocal_gross, 64, 64, NO_CHOICE, f64_gross_result(1.0 / lane_f64(f64_gross_source(a))))
MAP_1(rsqrt_gross, 64, 64, NO_CHOICE,
      f64_gross_result(1.0 / __builtin_sqrt(lane_f64(f64_gross_source(a)))))

/* -0 below +0, as in f32_order(). */
ALWAYS_INLINE int64_t f64_order(uint64_t bits) {
    return (int64_t)(bits >> 63 ? ~bits | F64_SIGN : bits);
}

ALWAYS_INLINE uint64_t f64_minmax(uint64_t a, uint64_t b, bool maximum) {
    const bool a_first = (f64_order(a) < f64_order(b)) != maximum;
    const uint64_t ordered = a_first ? a : b;
    const uint64_t one = f64_is_nan(b) ? a : ordered;
    const uint64_t both = f64_is_nan(b) ? a | F64_QUIET : b;
    return f64_is_nan(a) ? both : one;
}

MAP_2(minimum, 64, 64, 64, NO_CHOICE, f64_minmax(a, b, false))
MAP_2(maximum, 64, 64, 64, NO_CHOICE, f64_minmax(a, b, true))
MAP_1(absolute, 64, 64, NO_CHOICE, a & ~F64_SIGN)
MAP_1(negate, 64, 64, NO_CHOICE, a ^ F64_SIGN)
MAP_2(copy_sign, 64, 64, 64, NO_CHOICE, (a & F64_SIGN) | (b & ~F64_SIGN))

static const struct lane_operation rows[] = {
    {"add[.rn].f64", "d=d,d", add_nearest},
    {"sub[.rn].f64", "d=d,d", subtract_nearest},
    {"mul[.rn].f64", "d=d,d", multiply_nearest},
    {"fma.rn.f64", "d=d,d,d", fma_nearest},
    {"mad.rn.f64", "d=d,d,d", fma_nearest},
    {"div.rn.f64", "d=d,d", divide_nearest},
    {"rcp.rn.f64", "d=d", reciprocal_nearest},
    {"sqrt.rn.f64", "d=d", sqrt_nearest},
    {"add{.rn,.rz,.rm,.rp}.f64", "d=d,d", add_directed},
    {"sub{.rn,.rz,.rm,.rp}.f64", "d=d,d", subtract_directed},
    {"mul{.rn,.rz,.rm,.rp}.f64", "d=d,d", multiply_directed},
    {"fma{.rn,.rz,.rm,.rp}.f64", "d=d,d,d", fma_directed},
    {"mad{.rn,.rz,.rm,.rp}.f64", "d=d,d,d", fma_directed},
    {"div{.rn,.rz,.rm,.rp}.f64", "d=d,d", divide_directed},
    {"rcp{.rn,.rz,.rm,.rp}.f64", "d=d", reciprocal_directed},
    {"sqrt{.rn,.rz,.rm,.rp}.f64", "d=d", sqrt_directed},
    {"rsqrt.approx.f64", "d=d", rsqrt_approximate},
    {"rcp.approx.ftz.f64", "d=d", reciprocal_gross},
    {"rsqrt.approx.ftz.f64", "d=d", rsqrt_gross},
    {"min.f64", "d=d,d", minimum},
    {"max.f64", "d=d,d", maximum},
    {"abs.f64", "d=d", absolute},
    {"neg.f64", "d=d", negate},
    {"copysign.f64", "d=d,d", copy_sign},
};

ARITHMETIC_TABLE(arithmetic_float64, rows, 0);
