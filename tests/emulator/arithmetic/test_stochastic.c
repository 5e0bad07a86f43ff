/*
 * cvt.rs against its definition, in double: the fraction of the step from the number below to the
 * one above, and the random bits, make a whole step or not.
 */
#define TESTS_OWN_MAIN
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/one_thread.h"
#include "tests/support/small_floats.h"
#include "tests/support/test.h"

#include <math.h>

enum { ROUNDS = 4000, FIELD = 16 };

struct form {
    const char *name;
    const struct small_float *format;
    unsigned count, width, random_bits;
    bool is_bounded;
};

static const struct form forms[] = {
    {"cvt.rs.f16x2.f32", &small_f16, 2, 16, 13, false},
    {"cvt.rs.satfinite.f16x2.f32", &small_f16, 2, 16, 13, true},
    {"cvt.rs.bf16x2.f32", &small_bf16, 2, 16, 16, false},
    {"cvt.rs.satfinite.bf16x2.f32", &small_bf16, 2, 16, 16, true},
    {"cvt.rs.satfinite.e4m3x4.f32", &small_e4m3, 4, 8, 16, true},
    {"cvt.rs.satfinite.e5m2x4.f32", &small_e5m2, 4, 8, 16, true},
    {"cvt.rs.satfinite.e2m3x4.f32", &small_e2m3, 4, 8, 16, true},
    {"cvt.rs.satfinite.e3m2x4.f32", &small_e3m2, 4, 8, 16, true},
    {"cvt.rs.satfinite.e2m1x4.f32", &small_e2m1, 4, 4, 16, true},
};

/* The bits that each number gets, the last source first. */
static void split(const struct form *form, uint32_t random, uint32_t fields[4]) {
    const uint32_t low = random & 0xffff, high = random >> FIELD;
    const uint32_t even = (random & 0xff) | (high & 0xff) << 8;
    const uint32_t odd = low >> 8 | high >> 8 << 8;
    const uint32_t pairs[2] = {form->width == 4 ? even : low, form->width == 4 ? odd : high};
    for (unsigned k = 0; k < form->count; k++) {
        const uint32_t field = pairs[form->count == 4 ? k / 2 : k];
        uint32_t backward = 0;
        for (unsigned bit = 0; bit < FIELD; bit++)
            backward |= (field >> bit & 1) << (FIELD - 1 - bit);
        fields[k] = form->count == 2 ? field & ((1U << form->random_bits) - 1)
                    : k % 2          ? backward
                                     : field;
    }
}

/* Too large a number, NaN and infinities are as when rounding to nearest. */
static uint32_t expected_of(const struct form *form, double value, uint32_t field) {
    const uint32_t sign =
        signbit(value) ? 1U << (form->format->exponent_bits + form->format->fraction_bits) : 0;
    const uint32_t largest = small_float_round(form->format, HUGE_VAL, true);
    const double size = fabs(value);
    uint32_t below = 0;
    if (!isfinite(value))
        return form->format->exponent_bits < 4 && isnan(value)
                   ? largest
                   : small_float_round(form->format, value, form->is_bounded);
    while (below < largest && small_float_value(form->format, below + 1) <= size)
        below++;
    const double low = small_float_value(form->format, below);
    /* The step of the last binade goes on behind the largest number. */
    const double step = below < largest ? small_float_value(form->format, below + 1) - low
                                        : low - small_float_value(form->format, below - 1);
    const double whole = ldexp(1, (int)form->random_bits);
    const bool up = floor((size - low) / step * whole) + field >= whole;
    if (below == largest)
        return sign | (up && !form->is_bounded ? largest + 1 : largest);
    return sign | (below + up);
}

static float pick(uint64_t *state, const struct form *form) {
    const uint64_t random = lookup_random(state);
    const uint32_t code = (uint32_t)random & ((1U << form->width) - 1);
    const double number = small_float_value(form->format, code);
    const double next = small_float_value(form->format, code ^ 1);
    const double between = number + (next - number) * ldexp((double)(random >> 40), -24);
    switch (random >> 61) {
    case 0:
        return lane_f32((uint32_t)(random >> 16));
    case 1:
        return (float)number;
    case 2:
        return (float)(number * 1.0625);
    default:
        return (float)between;
    }
}

static uint32_t convert(const struct lookup *found, const struct form *form, const float value[4],
                        uint32_t random) {
    struct lanes32 lanes[6];
    const void *from[5];
    void *const to[1] = {&lanes[5]};
    memset(lanes, 0, sizeof lanes);
    for (unsigned k = 0; k < form->count; k++) {
        for (unsigned lane = 0; lane < LANES; lane++)
            lanes[k].at[lane] = lane_bits32(value[k]);
        from[k] = &lanes[k];
    }
    for (unsigned lane = 0; lane < LANES; lane++)
        lanes[form->count].at[lane] = random;
    from[form->count] = &lanes[form->count];
    found->operation->function(to, from, found->choice);
    return lanes[5].at[17];
}

TEST(each_number_is_rounded_by_its_own_bits) {
    for (size_t n = 0; n < sizeof forms / sizeof forms[0]; n++) {
        const struct form *const form = &forms[n];
        const struct lookup found = lookup(form->name);
        uint64_t seed = n + 1;
        assert_non_null(found.operation);
        for (unsigned round = 0; round < ROUNDS; round++) {
            const float value[4] = {pick(&seed, form), pick(&seed, form), pick(&seed, form),
                                    pick(&seed, form)};
            const uint32_t random = (uint32_t)lookup_random(&seed);
            uint32_t fields[4], expected = 0;
            split(form, random, fields);
            for (unsigned k = 0; k < form->count; k++)
                expected |= expected_of(form, (double)value[form->count - 1 - k], fields[k])
                            << k * form->width;
            const uint32_t actual = convert(&found, form, value, random);
            if (actual != expected)
                fail_msg("%s of %a, %a, %a, %a by %x is %x, not %x", form->name, (double)value[0],
                         (double)value[1], (double)value[2], (double)value[3], random, actual,
                         expected);
        }
    }
}

/* Half a step, and random bits of which half a step is the highest. */
#define FOURS(conversion)                                                                          \
    KERNEL("mov.u32 %r2, 0x80008000; mov.f32 %f1, 1.0625; mov.f32 %f2, -1.0625; mov.f32 %f3, 2.0;" \
           "mov.f32 %f4, 0f7fc00000; cvt.rs" conversion)
#define FROM_FOUR ", {%f1,%f2,%f3,%f4}, %r2;"

TEST(kernels_round_stochastically) {
    static const struct {
        const char *text;
        uint32_t result;
    } cases[] = {
        {KERNEL("mov.u32 %r2, 0x10000fff; mov.f32 %f1, 0f3f801000; mov.f32 %f2, 0fbf801000;"
                "cvt.rs.f16x2.f32 %r1, %f1, %f2, %r2;"),
         0x3c01bc00},
        {KERNEL("mov.u32 %r2, 0x10001000; mov.f32 %f1, 0f3f801000; mov.f32 %f2, 0fbf801000;"
                "cvt.rs.relu.f16x2.f32 %r1, %f1, %f2, %r2;"),
         0x3c010000},
        {KERNEL("mov.u32 %r2, 0x7fff8000; mov.f32 %f1, 0f3f808000; mov.f32 %f2, 0f7f800000;"
                "cvt.rs.relu.satfinite.bf16x2.f32 %r1, %f1, %f2, %r2;"),
         0x3f807f7f},
        {FOURS(".satfinite.e4m3x4.f32 %r1" FROM_FOUR), 0x38b9407f},
        {FOURS(".relu.satfinite.e5m2x4.f32 %r1" FROM_FOUR), 0x3c00407f},
        {FOURS(".satfinite.e2m3x4.f32 %r1" FROM_FOUR), 0x0829101f},
        {FOURS(".satfinite.e3m2x4.f32 %r1" FROM_FOUR), 0x0c2c101f},
        {FOURS(".satfinite.e2m1x4.f32 %h1" FROM_FOUR "cvt.u32.u16 %r1, %h1;"), 0x2a47},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const uint32_t result = run(*state, cases[k].text);
        if (result != cases[k].result)
            fail_msg("%x, not %x, from %s", result, cases[k].result, cases[k].text);
    }
}

int main(void) {
    return tests_run(bench_setup_blackwell, bench_teardown);
}
