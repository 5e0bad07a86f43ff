/*
 * The emulator's mma.m8n8k4 of f16: four products of a warp, in every layout and with every
 * accumulator, laid out by the formulas of PTX ISA 9.7.14.5.1 and equal to plain loops to the bit.
 */
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PRODUCTS = 4, SIDE = 8, DEPTH = 4, REGISTERS = 12 };

struct problem {
    float a[SIDE][DEPTH], b[DEPTH][SIDE], c[SIDE][SIDE];
};

struct layout {
    bool a_is_column, b_is_column, c_is_wide, d_is_wide;
};

static float draw(uint64_t *state) {
    const int mantissa = (int)(lookup_random(state) % 4095) - 2047;
    return ldexpf((float)mantissa, -(int)(lookup_random(state) % 12));
}

static void put_half(struct lanes32 *to, unsigned lane, unsigned i, float value) {
    const uint32_t bits = (uint32_t)ptx("cvt.rn.f16.f32", lane_bits32(value), 0, 0);
    to[i / 2].at[lane] |= bits << i % 2 * 16;
}

static float *accumulator(struct problem *problem, unsigned lane, unsigned i, bool is_wide) {
    const unsigned high = lane < 16 ? 0 : 4;
    if (!is_wide)
        return &problem->c[lane % 4 + high][i];
    return &problem->c[(lane & 1) + (i & 2) + high][(i & 4) + (lane & 2) + (i & 1)];
}

static void put_lane(struct lanes32 *slots, unsigned lane, struct problem *problem,
                     const struct layout *layout) {
    const unsigned high = lane < 16 ? 0 : 4;
    const unsigned l = lane % 4;
    for (unsigned i = 0; i < DEPTH; i++) {
        put_half(slots, lane, i,
                 layout->a_is_column ? problem->a[i + high][l] : problem->a[l + high][i]);
        put_half(slots + 2, lane, i,
                 layout->b_is_column ? problem->b[i][l + high] : problem->b[l][i + high]);
    }
    for (unsigned i = 0; i < SIDE; i++) {
        const float c = *accumulator(problem, lane, i, layout->c_is_wide);
        if (layout->c_is_wide)
            slots[4 + i].at[lane] = lane_bits32(c);
        else
            put_half(slots + 4, lane, i, c);
    }
}

static void multiply(struct problem *problem) {
    for (unsigned row = 0; row < SIDE; row++)
        for (unsigned column = 0; column < SIDE; column++)
            for (unsigned k = 0; k < DEPTH; k++)
                problem->c[row][column] =
                    fmaf(problem->a[row][k], problem->b[k][column], problem->c[row][column]);
}

static void check_layout(const char *name, const struct layout *layout, uint64_t *random) {
    struct problem problems[PRODUCTS];
    struct lanes32 slots[REGISTERS];
    struct lanes32 results[SIDE];
    const void *from[REGISTERS];
    void *to[SIDE];
    memset(slots, 0, sizeof slots);
    for (unsigned p = 0; p < PRODUCTS; p++) {
        for (unsigned i = 0; i < SIDE * DEPTH; i++) {
            problems[p].a[i / DEPTH][i % DEPTH] = draw(random);
            problems[p].b[i / SIDE][i % SIDE] = draw(random);
        }
        for (unsigned i = 0; i < SIDE * SIDE; i++)
            problems[p].c[i / SIDE][i % SIDE] = draw(random);
    }
    for (unsigned lane = 0; lane < LANES; lane++)
        put_lane(slots, lane, &problems[lane % 16 / 4], layout);
    for (unsigned i = 0; i < REGISTERS; i++)
        from[i] = &slots[i];
    for (unsigned i = 0; i < SIDE; i++)
        to[i] = &results[i];
    const struct lookup found = lookup(name);
    if (found.operation == NULL)
        fail_msg("%s is not there", name);
    found.operation->function(to, from, found.choice);
    for (unsigned p = 0; p < PRODUCTS; p++)
        multiply(&problems[p]);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < SIDE; i++) {
            const float sum = *accumulator(&problems[lane % 16 / 4], lane, i, layout->d_is_wide);
            const uint32_t expected = layout->d_is_wide
                                          ? lane_bits32(sum)
                                          : (uint32_t)ptx("cvt.rn.f16.f32", lane_bits32(sum), 0, 0);
            const uint32_t actual = layout->d_is_wide
                                        ? results[i].at[lane]
                                        : results[i / 2].at[lane] >> i % 2 * 16 & 0xffff;
            if (actual != expected)
                fail_msg("%s: element %u of lane %u is 0x%x, not 0x%x", name, i, lane, actual,
                         expected);
        }
    }
}

TEST(all_layouts_and_accumulators) {
    uint64_t random = 5;
    for (unsigned which = 0; which < 16; which++) {
        const struct layout layout = {which & 1, which & 2, which & 4, which & 8};
        char name[96];
        snprintf(name, sizeof name, "mma.sync.aligned.m8n8k4.%s.%s.%s.f16.f16.%s",
                 layout.a_is_column ? "col" : "row", layout.b_is_column ? "col" : "row",
                 layout.d_is_wide ? "f32" : "f16", layout.c_is_wide ? "f32" : "f16");
        if (layout.c_is_wide && !layout.d_is_wide) /* the assembler refuses it */
            assert_null(lookup(name).operation);
        else
            check_layout(name, &layout, &random);
    }
}
