/* redux on floats, against a loop over the lanes. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>

enum { LANES = 32, HALF = 16 };

/* Each half of the warp by itself. */
#define KERNEL                                                                                     \
    ".visible .entry k(.param .u64 p) {\n"                                                         \
    ".reg .b32 %%r<4>; .reg .b64 %%rd<3>; .reg .f32 %%f<3>; .reg .pred %%p;\n"                     \
    "ld.param.u64 %%rd1, [p]; mov.u32 %%r1, %%tid.x; mad.wide.u32 %%rd1, %%r1, 4, %%rd1;\n"        \
    "setp.lt.u32 %%p, %%r1, 16; selp.b32 %%r2, 0xffff, 0xffff0000, %%p;\n"                         \
    "ld.global.f32 %%f1, [%%rd1]; %s %%f2, %%f1, %%r2; st.global.f32 [%%rd1], %%f2; ret; }\n"

/* -0 is below +0. */
static float smaller(float a, float b) {
    return a < b || (a == b && signbit(a)) ? a : b;
}

static float reduced(const float *values, bool maximum, bool absolute, bool propagates) {
    float best = NAN;
    for (unsigned k = 0; k < HALF; k++) {
        const float value = absolute ? fabsf(values[k]) : values[k];
        if (isnan(value) && propagates)
            return NAN;
        if (isnan(value))
            continue;
        if (isnan(best))
            best = value;
        else
            best = maximum ? -smaller(-best, -value) : smaller(best, value);
    }
    return best;
}

static void check(struct bench *bench, const float values[LANES], const char *name, bool maximum,
                  bool absolute, bool propagates) {
    char text[1024];
    float results[LANES];
    snprintf(text, sizeof text, KERNEL, name);
    bench_must_load(bench, text);
    const uint64_t memory = bench_allocate(bench, values, sizeof results);
    if (LAUNCH(bench, "k", 1, LANES, memory) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    assert_int_equal(machine_read(bench->machine, results, memory, sizeof results), MACHINE_OK);
    for (unsigned k = 0; k < LANES; k++) {
        const float wanted = reduced(values + k / HALF * HALF, maximum, absolute, propagates);
        uint32_t bits, wanted_bits;
        memcpy(&bits, &results[k], sizeof bits);
        memcpy(&wanted_bits, &wanted, sizeof wanted_bits);
        if (isnan(wanted))
            wanted_bits = 0x7fffffff;
        if (bits != wanted_bits)
            fail_msg("%s, lane %u: %08x instead of %08x", name, k, bits, wanted_bits);
    }
}

/* Whose mask is a number. */
TEST_ON_BLACKWELL(a_mask_may_be_a_constant) {
    struct bench *bench = *state;
    float value = -2;
    assert_int_equal(bench_load(bench,
                                ".visible .entry k(.param .u64 p) {\n"
                                ".reg .b64 %rd1; .reg .f32 %f<3>; ld.param.u64 %rd1, [p];\n"
                                "ld.global.f32 %f1, [%rd1]; redux.sync.max.abs.f32 %f2, %f1, 1;\n"
                                "st.global.f32 [%rd1], %f2; ret; }\n"),
                     MACHINE_OK);
    const uint64_t memory = bench_allocate(bench, &value, sizeof value);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, &value, memory, sizeof value), MACHINE_OK);
    assert_true(value == 2);
}

TEST_ON_BLACKWELL(floats_are_reduced) {
    struct bench *bench = *state;
    for (unsigned form = 0; form < 8; form++) {
        const bool maximum = form & 1, absolute = form & 2, propagates = form & 4;
        char name[64];
        float values[LANES];
        snprintf(name, sizeof name, "redux.sync.%s%s%s.f32", maximum ? "max" : "min",
                 absolute ? ".abs" : "", propagates ? ".NaN" : "");
        for (int k = 0; k < LANES; k++)
            values[k] = (float)(k * 7 % 11 - 5) * (k % 2 ? 1.5F : -1);
        check(bench, values, name, maximum, absolute, propagates);
        values[3] = -NAN;
        check(bench, values, name, maximum, absolute, propagates);
        for (int k = 0; k < HALF; k++) {
            values[k] = k % 2 ? 0.0F : -0.0F;
            values[HALF + k] = k % 3 ? NAN : INFINITY;
        }
        check(bench, values, name, maximum, absolute, propagates);
        for (int k = 0; k < LANES; k++)
            values[k] = -NAN;
        check(bench, values, name, maximum, absolute, propagates);
    }
}
