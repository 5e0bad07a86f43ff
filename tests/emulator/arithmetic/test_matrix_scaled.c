/*
 * The emulator's mma with a .kind against plain loops, to the bit: every two types, every place of
 * the scale factors. Fragments are laid out by the formulas of PTX ISA 9.7.14.5.
 */
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 16, COLUMNS = 8, DEPTH = 64, SUMS = 4, REGISTERS = 6 + SUMS, SOURCES = 6 };

struct type {
    const char *name;
    unsigned exponent_bits, fraction_bits;
};

static const struct type types[] = {
    {"e4m3", 4, 3}, {"e5m2", 5, 2}, {"e3m2", 3, 2}, {"e2m3", 2, 3}, {"e2m1", 2, 1}};
enum { TYPES = sizeof types / sizeof types[0], E2M1 = 4 };

struct form {
    char name[120];
    unsigned k;
    const struct type *a, *b;
    unsigned factors; /* of a row; 0: none */
    bool has_powers, is_narrow;
};

/* Where the factors are. */
struct places {
    unsigned a_byte, a_thread, b_byte, b_thread;
};

struct problem {
    float a[ROWS][DEPTH], b[DEPTH][COLUMNS], c[ROWS][COLUMNS];
    struct lanes32 slots[REGISTERS + SOURCES];
};

static unsigned bits_of(const struct form *form) {
    return form->k == DEPTH ? 4 : 8;
}

/* A number of the type, neither an infinity nor a NaN, and its bits. */
static float draw(uint64_t *state, const struct type *type, uint32_t *bits) {
    const unsigned fraction_bits = type->fraction_bits;
    const unsigned exponents = (1U << type->exponent_bits) - (type->exponent_bits > 3 ? 1 : 0);
    const uint32_t exponent = (uint32_t)(lookup_random(state) % exponents);
    const uint32_t fraction = (uint32_t)(lookup_random(state) % (1U << fraction_bits));
    const bool negative = lookup_random(state) % 2;
    const int bias = (1 << (type->exponent_bits - 1)) - 1;
    const uint32_t significand = exponent ? fraction | 1U << fraction_bits : fraction;
    const float value =
        ldexpf((float)significand, (int)(exponent ? exponent : 1) - bias - (int)fraction_bits);
    *bits = (uint32_t)negative << (type->exponent_bits + fraction_bits) |
            exponent << fraction_bits | fraction;
    return negative ? -value : value;
}

static void put(struct lanes32 *registers, const struct form *form, unsigned lane, unsigned i,
                uint32_t bits, const struct type *type) {
    const unsigned each = 32 / bits_of(form);
    const bool is_centred = form->k != DEPTH && type == &types[E2M1];
    registers[i / each].at[lane] |= (is_centred ? bits << 2 : bits) << i % each * bits_of(form);
}

/* Element i of a lane of a, and of b: registers take turns between rows, then go along k. */
static void put_operands(struct problem *problem, const struct form *form, unsigned lane,
                         uint64_t *state) {
    const unsigned each = 32 / bits_of(form);
    uint32_t bits;
    for (unsigned i = 0; i < 4 * each; i++) {
        const unsigned row = lane / 4 + i / each % 2 * 8;
        const unsigned k = lane % 4 * each + i % each + i / (2 * each) * 4 * each;
        problem->a[row][k] = draw(state, form->a, &bits);
        put(problem->slots, form, lane, i, bits, form->a);
    }
    for (unsigned i = 0; i < 2 * each; i++) {
        const unsigned k = lane % 4 * each + i % each + i / each * 4 * each;
        problem->b[k][lane / 4] = draw(state, form->b, &bits);
        put(problem->slots + 4, form, lane, i, bits, form->b);
    }
    for (unsigned i = 0; i < SUMS; i++) {
        float *c = &problem->c[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
        *c = ldexpf((float)(int)(lookup_random(state) % 2047) - 1023, -4);
        const uint32_t half = (uint32_t)ptx("cvt.rn.f16.f32", lane_bits32(*c), 0, 0);
        if (form->is_narrow)
            problem->slots[6 + i / 2].at[lane] |= half << i % 2 * 16;
        else
            problem->slots[6 + i].at[lane] = lane_bits32(*c);
    }
}

/* Factors and selectors behind the sums. Lanes and bytes that do not count have numbers, too. */
static void put_factors(struct problem *problem, const struct places *places, uint64_t *state) {
    struct lanes32 *slots = problem->slots + REGISTERS;
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned k = 0; k < SOURCES; k += 3)
            for (unsigned byte = 0; byte < 4; byte++)
                slots[k].at[lane] |= (uint32_t)(0x70 + lookup_random(state) % 15) << byte * 8;
        slots[1].at[lane] = places->a_byte;
        slots[2].at[lane] = places->a_thread;
        slots[4].at[lane] = places->b_byte;
        slots[5].at[lane] = places->b_thread;
    }
}

static float factor(const struct form *form, const struct lanes32 *words, unsigned lane,
                    unsigned byte, unsigned k) {
    if (form->factors == 0)
        return 1.0F;
    const uint32_t bits = words->at[lane] >> 8 * (byte + k * form->factors / form->k) & 0xff;
    return form->has_powers
               ? ldexpf(1.0F, (int)bits - 127)
               : ldexpf((float)((bits & 7) + (bits >> 3 ? 8 : 0)), (int)(bits >> 3) - 10);
}

static uint32_t expected(const struct problem *problem, const struct form *form,
                         const struct places *places, unsigned row, unsigned column) {
    const struct lanes32 *words = problem->slots + REGISTERS;
    float sum = problem->c[row][column];
    for (unsigned k = 0; k < form->k; k++) {
        const float x = problem->a[row][k] * factor(form, &words[0],
                                                    row % 8 * 4 + places->a_thread * 2 + row / 8,
                                                    places->a_byte, k);
        const float y = problem->b[k][column] *
                        factor(form, &words[3], column * 4 + places->b_thread, places->b_byte, k);
        sum = fmaf(x, y, sum);
    }
    return form->is_narrow ? (uint32_t)ptx("cvt.rn.f16.f32", lane_bits32(sum), 0, 0)
                           : lane_bits32(sum);
}

static void expect_product(const struct form *form, const struct places *places) {
    static struct problem problem;
    static uint64_t state = 5;
    struct lanes32 results[SUMS];
    const void *from[REGISTERS + SOURCES];
    void *to[SUMS];
    memset(&problem, 0, sizeof problem);
    for (unsigned lane = 0; lane < LANES; lane++)
        put_operands(&problem, form, lane, &state);
    put_factors(&problem, places, &state);
    for (unsigned k = 0; k < REGISTERS + SOURCES; k++)
        from[k] = &problem.slots[k];
    for (unsigned k = 0; k < SUMS; k++)
        to[k] = &results[k];
    const struct lookup found = lookup(form->name);
    if (found.operation == NULL)
        fail_msg("%s is not there", form->name);
    found.operation->function(to, from, found.choice);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < SUMS; i++) {
            const unsigned row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
            const uint32_t wanted = expected(&problem, form, places, row, column);
            const uint32_t actual = form->is_narrow ? results[i / 2].at[lane] >> i % 2 * 16 & 0xffff
                                                    : results[i].at[lane];
            if (actual != wanted)
                fail_msg("%s: d[%u][%u] is 0x%x, not 0x%x", form->name, row, column, actual,
                         wanted);
        }
    }
}

TEST(every_two_types_are_multiplied) {
    static const struct places first = {0};
    for (unsigned k = 0; k < TYPES * TYPES; k++) {
        struct form form = {.k = 32, .a = &types[k / TYPES], .b = &types[k % TYPES]};
        const char *a = form.a->name, *b = form.b->name;
        snprintf(form.name, sizeof form.name,
                 "mma.sync.aligned.kind::f8f6f4.m16n8k32.row.col.f32.%s.%s.f32", a, b);
        expect_product(&form, &first);
        form.is_narrow = true;
        snprintf(form.name, sizeof form.name,
                 "mma.sync.aligned.kind::f8f6f4.m16n8k32.row.col.f16.%s.%s.f16", a, b);
        expect_product(&form, &first);
        form.is_narrow = false;
        form.factors = 1;
        form.has_powers = true;
        snprintf(form.name, sizeof form.name,
                 "mma.sync.aligned.kind::mxf8f6f4.block_scale.%sm16n8k32.row.col.f32.%s.%s.f32."
                 "ue8m0",
                 k % 2 ? "scale_vec::1X." : "", a, b);
        expect_product(&form, &first);
    }
}

#define MMA "mma.sync.aligned.kind::"
#define SHAPE ".m16n8k64.row.col.f32.e2m1.e2m1.f32"

static const struct form scaled[] = {
    {MMA "mxf8f6f4.block_scale.m16n8k32.row.col.f32.e4m3.e2m1.f32.ue8m0", 32, &types[0],
     &types[E2M1], 1, true, false},
    {MMA "mxf4.block_scale" SHAPE ".ue8m0", 64, &types[E2M1], &types[E2M1], 2, true, false},
    {MMA "mxf4.block_scale.scale_vec::2X" SHAPE ".ue8m0", 64, &types[E2M1], &types[E2M1], 2, true,
     false},
    {MMA "mxf4nvf4.block_scale.scale_vec::2X" SHAPE ".ue8m0", 64, &types[E2M1], &types[E2M1], 2,
     true, false},
    {MMA "mxf4nvf4.block_scale.scale_vec::4X" SHAPE ".ue8m0", 64, &types[E2M1], &types[E2M1], 4,
     true, false},
    {MMA "mxf4nvf4.block_scale.scale_vec::4X" SHAPE ".ue4m3", 64, &types[E2M1], &types[E2M1], 4,
     false, false},
};

TEST(factors_are_where_the_selectors_say) {
    for (unsigned k = 0; k < sizeof scaled / sizeof scaled[0]; k++) {
        for (unsigned n = 0; n < 4 * 4 * 2 * 4; n++) {
            const struct places places = {n % 4, n / 16 % 2, n / 4 % 4, n / 32};
            const unsigned step = scaled[k].factors;
            if (places.a_byte % step == 0 && places.b_byte % step == 0)
                expect_product(&scaled[k], &places);
        }
    }
}

/* One factor of a, in all lanes, and ones besides: d[0][0] of ones along k. */
static uint32_t scaled_one(const struct form *form, uint32_t a_factors, uint32_t b_factors) {
    static struct problem problem;
    struct lanes32 results[SUMS];
    const void *from[REGISTERS + SOURCES];
    void *to[SUMS];
    memset(&problem, 0, sizeof problem);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned k = 0; k < 6; k++) /* 1 in e2m1 */
            problem.slots[k].at[lane] = 0x22222222;
        problem.slots[REGISTERS].at[lane] = a_factors;
        problem.slots[REGISTERS + 3].at[lane] = b_factors;
    }
    for (unsigned k = 0; k < REGISTERS + SOURCES; k++)
        from[k] = &problem.slots[k];
    for (unsigned k = 0; k < SUMS; k++)
        to[k] = &results[k];
    const struct lookup found = lookup(form->name);
    assert_non_null(found.operation);
    found.operation->function(to, from, found.choice);
    return results[0].at[0];
}

TEST(factors_may_be_nan_or_smallest) {
    const struct form *powers = &scaled[3], *fractions = &scaled[5];
    assert_int_equal(scaled_one(powers, 0x7f7f, 0x7f7f), lane_bits32(64.0F));
    assert_int_equal(scaled_one(powers, 0x7fff, 0x7f7f), 0x7fffffff);
    assert_int_equal(scaled_one(powers, 0x0000, 0x7f7f), lane_bits32(0x1p-121F));
    assert_int_equal(scaled_one(fractions, 0x01010101, 0x38383838), lane_bits32(0x1p-3F));
    assert_int_equal(scaled_one(fractions, 0x387f3838, 0x38383838), 0x7fffffff);
    /* The sign of a factor does not count. */
    assert_int_equal(scaled_one(fractions, 0xb8b8b8b8, 0x38383838), lane_bits32(64.0F));
}
