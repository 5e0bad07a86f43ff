/*
 * Every f32 input of the emulator's approximations and conversions, against the host's mathematics
 * in double and an independent rounding. Prints the largest error found of each beside the bound
 * of the PTX ISA, and fails where one is beyond it. Takes minutes:
 *   exhaustive_arithmetic [name…]     all, or those whose name contains one of the words
 */
#include "tests/support/arithmetic_lookup.h"

#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUTS ((uint64_t)1 << 32)
#define PI 3.14159265358979323846

/* What an error is measured in. */
enum measure { RELATIVE, ABSOLUTE, ULP };

struct approximation {
    const char *name;
    double (*exactly)(double x);
    enum measure measure;
    double bound;
    double low, high; /* inputs with low <= |x| <= high are measured */
    const char *section;
};

static double reciprocal(double x) {
    return 1.0 / x;
}

static double reciprocal_root(double x) {
    return 1.0 / sqrt(x);
}

/* 2^-20.5, 2^-14.7, 2^-22.9 */
#define BOUND_20_5 6.743495761743046e-07
#define BOUND_14_7 3.7571545817410796e-05
#define BOUND_22_9 1.277653530283325e-07

static const struct approximation approximations[] = {
    {"rcp.approx.f32", reciprocal, ULP, 1, 0, INFINITY, "9.7.3.13"},
    {"sqrt.approx.f32", sqrt, RELATIVE, 0x1p-23, 0, INFINITY, "9.7.3.15"},
    {"rsqrt.approx.f32", reciprocal_root, RELATIVE, BOUND_22_9, 0, INFINITY, "9.7.3.16"},
    {"ex2.approx.f32", exp2, ULP, 2, 0, INFINITY, "9.7.3.21"},
    {"lg2.approx.f32", log2, ABSOLUTE, 0x1p-22, 0.5, 2, "9.7.3.20"},
    {"lg2.approx.f32", log2, RELATIVE, 0x1p-22, 0, 0.5, "9.7.3.20"},
    {"lg2.approx.f32", log2, RELATIVE, 0x1p-22, 2, INFINITY, "9.7.3.20"},
    {"sin.approx.f32", sin, ABSOLUTE, BOUND_20_5, 0, 2 * PI, "9.7.3.18"},
    {"sin.approx.f32", sin, ABSOLUTE, BOUND_14_7, 0, 100 * PI, "9.7.3.18"},
    {"cos.approx.f32", cos, ABSOLUTE, BOUND_20_5, 0, 2 * PI, "9.7.3.19"},
    {"cos.approx.f32", cos, ABSOLUTE, BOUND_14_7, 0, 100 * PI, "9.7.3.19"},
    {"tanh.approx.f32", tanh, RELATIVE, 0x1p-11, 0, INFINITY, "9.7.3.22"},
};

/* A unit in the last place of the f32 nearest to `value`. */
static double ulp_of(double value) {
    const int exponent = value == 0 ? -126 : ilogb(value);
    return ldexp(1, (exponent < -126 ? -126 : exponent) - 23);
}

/* NaN where the result is of the wrong kind: NaN for a number, or an infinity that is not due. */
static double error_of(enum measure measure, double actual, double exactly) {
    if (isnan(exactly) || isnan(actual)) {
        return isnan(exactly) && isnan(actual) ? 0 : NAN;
    }
    /* An infinity is right for what rounds to it, and its neighbours for an error of some ulps. */
    if (isinf(actual) || isinf(exactly)) {
        const bool close = fabs(exactly) >= 0x1.fffffep127 && signbit(actual) == signbit(exactly);
        return close ? 0 : NAN;
    }
    const double difference = fabs(actual - exactly);
    switch (measure) {
    case ULP:
        return difference / ulp_of(exactly);
    case ABSOLUTE:
        return difference;
    case RELATIVE:
    default:
        return exactly == 0 ? (difference == 0 ? 0 : NAN) : difference / fabs(exactly);
    }
}

struct worst {
    double error;
    uint32_t input;
};

/* Whether `a` is the worse one; NaN is the worst. */
static bool is_worse(struct worst a, struct worst b) {
    return isnan(a.error) ? !isnan(b.error) : a.error > b.error;
}

static struct worst measure_lanes(const struct approximation *wanted, const struct lookup *found,
                                  uint32_t first, struct worst worst) {
    struct lanes32 source;
    struct lanes32 result;
    void *to[] = {&result};
    const void *from[] = {&source};
    for (unsigned lane = 0; lane < LANES; lane++) {
        source.at[lane] = first + lane;
    }
    found->operation->function(to, from, found->choice);
    for (unsigned lane = 0; lane < LANES; lane++) {
        const double x = (double)lane_f32(source.at[lane]);
        if (!(fabs(x) >= wanted->low && fabs(x) <= wanted->high) && !isnan(x)) {
            continue;
        }
        const struct worst here = {
            error_of(wanted->measure, (double)lane_f32(result.at[lane]), wanted->exactly(x)),
            source.at[lane]};
        worst = is_worse(here, worst) ? here : worst;
    }
    return worst;
}

static bool measure(const struct approximation *wanted) {
    const struct lookup found = lookup(wanted->name);
    struct worst worst = {0, 0};
    static const char *const units[] = {"relative", "absolute", "ulp"};
#pragma omp parallel
    {
        struct worst mine = {0, 0};
#pragma omp for schedule(static)
        for (uint64_t first = 0; first < INPUTS; first += LANES) {
            mine = measure_lanes(wanted, &found, (uint32_t)first, mine);
        }
#pragma omp critical
        worst = is_worse(mine, worst) ? mine : worst;
    }
    const bool within = worst.error <= wanted->bound;
    printf("%-18s %g <= |x| <= %-8g %s error %.4g (2^%.2f) at %a, bound %.4g (PTX ISA %s): %s\n",
           wanted->name, wanted->low, wanted->high, units[wanted->measure], worst.error,
           log2(worst.error), (double)lane_f32(worst.input), wanted->bound, wanted->section,
           within ? "ok" : "BEYOND");
    (void)fflush(stdout);
    return within;
}

/* ---- conversions, equal to the bit ---- */

struct mode {
    const char *floating, *integral;
    int host;
};

static const struct mode modes[] = {{"rn", "rni", FE_TONEAREST},
                                    {"rz", "rzi", FE_TOWARDZERO},
                                    {"rm", "rmi", FE_DOWNWARD},
                                    {"rp", "rpi", FE_UPWARD}};

/*
 * A narrower float by the host's rounding: scaled so that its last place is 1, exactly, and rounded
 * to an integer in the mode that is set.
 */
static uint32_t host_narrow(float value, unsigned fraction_bits, int smallest_exponent,
                            uint32_t infinity) {
    const uint32_t bits = lane_bits32(value);
    const uint32_t sign = bits >> 16 & 0x8000u;
    const int field = (int)(bits >> 23 & 0xff) - 127;
    if (field == 128) {
        return bits << 9 ? 0x7fff : infinity | sign;
    }
    const int exponent = field < smallest_exponent ? smallest_exponent : field;
    const uint64_t scale = (uint64_t)(1023 + (int)fraction_bits - exponent) << 52;
    const volatile double rounded = rint((double)value * lane_f64(scale));
    const uint32_t units = (uint32_t)fabs(rounded);
    const uint32_t magnitude = ((uint32_t)(exponent - smallest_exponent) << fraction_bits) + units;
    if (magnitude < infinity) {
        return magnitude | sign;
    }
    /* Overflow: the mode says whether the largest number or infinity. */
    const int mode = fegetround();
    const bool inward =
        mode == FE_TOWARDZERO || (mode == FE_DOWNWARD && !sign) || (mode == FE_UPWARD && sign);
    return (inward ? infinity - 1 : infinity) | sign;
}

static uint64_t host_f16(float value) {
    return host_narrow(value, 10, -14, 0x7c00);
}

static uint64_t host_bf16(float value) {
    return host_narrow(value, 7, -126, 0x7f80);
}

/* Clamped; NaN gives `nan`. */
static uint64_t host_integer(float value, double least, double end, uint64_t largest,
                             uint64_t nan) {
    const volatile double rounded = rint((double)value);
    if (isnan(value)) {
        return nan;
    }
    if (rounded >= end) {
        return largest;
    }
    if (rounded < least) {
        return least < 0 ? (uint64_t)(int64_t)least : 0;
    }
    return rounded < 0 ? (uint64_t)(int64_t)rounded : (uint64_t)rounded;
}

static uint64_t host_s32(float value) {
    return host_integer(value, -0x1p31, 0x1p31, 0x7fffffff, 0) & 0xffffffffu;
}

static uint64_t host_u32(float value) {
    return host_integer(value, 0, 0x1p32, 0xffffffff, 0);
}

static uint64_t host_s64(float value) {
    return host_integer(value, -0x1p63, 0x1p63, INT64_MAX, (uint64_t)1 << 63);
}

static uint64_t host_u64(float value) {
    return host_integer(value, 0, 0x1p64, UINT64_MAX, (uint64_t)1 << 63);
}

static uint64_t host_s16(float value) {
    return host_integer(value, -0x1p15, 0x1p15, 0x7fff, 0) & 0xffff;
}

static uint64_t host_u8(float value) {
    return host_integer(value, 0, 0x1p8, 0xff, 0);
}

static const struct conversion {
    const char *type;
    uint64_t (*host)(float value);
    bool integral, wide;
} conversions[] = {
    {"f16", host_f16, false, false}, {"bf16", host_bf16, false, false},
    {"s32", host_s32, true, false},  {"u32", host_u32, true, false},
    {"s64", host_s64, true, true},   {"u64", host_u64, true, true},
    {"s16", host_s16, true, false},  {"u8", host_u8, true, false},
};

enum { WARPS = 128 }; /* between changes of the rounding mode */

static uint64_t convert_block(const struct conversion *conversion, const struct lookup *found,
                              int mode, uint32_t first) {
    struct lanes32 source;
    struct lanes32 narrow[WARPS];
    struct lanes64 wide[WARPS];
    const void *from[] = {&source};
    uint64_t different = 0;
    for (unsigned warp = 0; warp < WARPS; warp++) {
        void *to[] = {conversion->wide ? (void *)&wide[warp] : (void *)&narrow[warp]};
        for (unsigned lane = 0; lane < LANES; lane++) {
            source.at[lane] = first + warp * LANES + lane;
        }
        found->operation->function(to, from, found->choice);
    }
    fesetround(mode);
    for (unsigned i = 0; i < WARPS * LANES; i++) {
        const uint64_t actual =
            conversion->wide ? wide[i / LANES].at[i % LANES] : narrow[i / LANES].at[i % LANES];
        different += actual != conversion->host(lane_f32(first + i));
    }
    fesetround(FE_TONEAREST);
    return different;
}

static bool convert_all(const struct conversion *conversion, const struct mode *mode) {
    char name[32];
    uint64_t different = 0;
    (void)snprintf(name, sizeof name, "cvt.%s.%s.f32",
                   conversion->integral ? mode->integral : mode->floating, conversion->type);
    const struct lookup found = lookup(name);
#pragma omp parallel for schedule(static) reduction(+ : different)
    for (uint64_t first = 0; first < INPUTS; first += (uint64_t)WARPS * LANES) {
        different += convert_block(conversion, &found, mode->host, (uint32_t)first);
    }
    printf("%-18s all inputs: %llu differ: %s\n", name, (unsigned long long)different,
           different ? "WRONG" : "ok");
    (void)fflush(stdout);
    return different == 0;
}

static bool is_wanted(const char *name, int count, char *const words[]) {
    for (int i = 1; i < count; i++) {
        if (strstr(name, words[i])) {
            return true;
        }
    }
    return count < 2;
}

int main(int argc, char *argv[]) {
    bool good = true;
    for (size_t i = 0; i < sizeof approximations / sizeof approximations[0]; i++) {
        if (is_wanted(approximations[i].name, argc, argv)) {
            good = measure(&approximations[i]) && good;
        }
    }
    for (size_t i = 0; i < sizeof conversions / sizeof conversions[0]; i++) {
        for (size_t mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
            if (is_wanted(conversions[i].type, argc, argv)) {
                good = convert_all(&conversions[i], &modes[mode]) && good;
            }
        }
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
