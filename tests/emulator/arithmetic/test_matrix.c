/*
 * The emulator's mma, wmma, ldmatrix, stmatrix and movmatrix: fragments laid out by the formulas
 * that PTX ISA 9.7.14.5 gives for each shape, products against plain loops.
 */
#include "emulator/arithmetic/matrix.h"
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 256, REGISTERS = 32 };

/* A register of any kind. */
union slot {
    struct lanes32 narrow;
    struct lanes64 wide;
};

/* Where element i of a lane lies, as the ISA writes it. */
struct place {
    unsigned row, column;
};
typedef struct place layout_function(unsigned lane, unsigned i);

static struct place a_16x16_16bit(unsigned lane, unsigned i) {
    const bool upper = i < 2 || (i >= 4 && i < 6);
    return (struct place){lane / 4 + (upper ? 0 : 8), lane % 4 * 2 + (i & 1) + (i >= 4 ? 8 : 0)};
}

static struct place b_16x8_16bit(unsigned lane, unsigned i) {
    return (struct place){lane % 4 * 2 + (i & 1) + (i >= 2 ? 8 : 0), lane / 4};
}

static struct place a_16x8_16bit(unsigned lane, unsigned i) {
    return (struct place){lane / 4 + (i < 2 ? 0 : 8), lane % 4 * 2 + (i & 1)};
}

static struct place b_8x8_16bit(unsigned lane, unsigned i) {
    return (struct place){lane % 4 * 2 + i, lane / 4};
}

static struct place a_16x8_tf32(unsigned lane, unsigned i) {
    return (struct place){lane / 4 + (i == 0 || i == 2 ? 0 : 8), lane % 4 + (i < 2 ? 0 : 4)};
}

static struct place b_8x8_tf32(unsigned lane, unsigned i) {
    return (struct place){lane % 4 + (i ? 4 : 0), lane / 4};
}

static struct place a_16x32_8bit(unsigned lane, unsigned i) {
    const bool upper = i < 4 || (i >= 8 && i < 12);
    return (struct place){lane / 4 + (upper ? 0 : 8), lane % 4 * 4 + (i & 3) + (i < 8 ? 0 : 16)};
}

static struct place b_32x8_8bit(unsigned lane, unsigned i) {
    return (struct place){lane % 4 * 4 + (i & 3) + (i < 4 ? 0 : 16), lane / 4};
}

static struct place a_8x16_8bit(unsigned lane, unsigned i) {
    return (struct place){lane / 4, lane % 4 * 4 + i};
}

static struct place a_16x16_8bit(unsigned lane, unsigned i) {
    return (struct place){lane / 4 + (i < 4 ? 0 : 8), lane % 4 * 4 + (i & 3)};
}

static struct place b_16x8_8bit(unsigned lane, unsigned i) {
    return (struct place){lane % 4 * 4 + i, lane / 4};
}

static struct place a_16x64_4bit(unsigned lane, unsigned i) {
    const bool upper = i < 8 || (i >= 16 && i < 24);
    return (struct place){lane / 4 + (upper ? 0 : 8), lane % 4 * 8 + (i & 7) + (i < 16 ? 0 : 32)};
}

static struct place b_64x8_4bit(unsigned lane, unsigned i) {
    return (struct place){lane % 4 * 8 + (i & 7) + (i < 8 ? 0 : 32), lane / 4};
}

static struct place a_16x256_1bit(unsigned lane, unsigned i) {
    const bool upper = i < 32 || (i >= 64 && i < 96);
    return (struct place){lane / 4 + (upper ? 0 : 8),
                          lane % 4 * 32 + (i & 31) + (i < 64 ? 0 : 128)};
}

static struct place b_256x8_1bit(unsigned lane, unsigned i) {
    return (struct place){lane % 4 * 32 + (i & 31) + (i < 32 ? 0 : 128), lane / 4};
}

static struct place a_8x4_f64(unsigned lane, unsigned i) {
    (void)i;
    return (struct place){lane / 4, lane % 4};
}

static struct place b_4x8_f64(unsigned lane, unsigned i) {
    (void)i;
    return (struct place){lane % 4, lane / 4};
}

static struct place c_8_columns(unsigned lane, unsigned i) {
    return (struct place){lane / 4 + (i < 2 ? 0 : 8), lane % 4 * 2 + (i & 1)};
}

enum kind { F16, BF16, F32, F64, S32, S8, U8, S4, U4, B1, E4M3, E5M2 };

static unsigned bits_of(enum kind kind) {
    static const unsigned bits[] = {16, 16, 32, 64, 32, 8, 8, 4, 4, 1, 8, 8};
    return bits[kind];
}

/* Whole numbers small enough for every type, and exact in all. */
static uint64_t encode(int value, enum kind kind) {
    switch (kind) {
    case F16:
        return ptx("cvt.rn.f16.s32", (uint32_t)value, 0, 0);
    case BF16:
        return ptx("cvt.rn.bf16.s32", (uint32_t)value, 0, 0);
    case E4M3:
        return ptx("cvt.rn.satfinite.e4m3x2.f32", 0, lane_bits32((float)value), 0);
    case E5M2:
        return ptx("cvt.rn.satfinite.e5m2x2.f32", 0, lane_bits32((float)value), 0);
    case F32:
        return lane_bits32((float)value);
    case F64:
        return lane_bits64((double)value);
    default:
        return (uint64_t)(int64_t)value;
    }
}

static int decode(uint64_t bits, enum kind kind) {
    switch (kind) {
    case F16:
        return (int)lane_f32((uint32_t)ptx("cvt.f32.f16", bits, 0, 0));
    case F32:
        return (int)lane_f32((uint32_t)bits);
    case F64:
        return (int)lane_f64(bits);
    default:
        return (int)(int32_t)bits;
    }
}

static void put(union slot *slots, enum kind kind, unsigned lane, unsigned i, int value) {
    const unsigned bits = bits_of(kind);
    const uint64_t encoded = encode(value, kind);
    if (bits == 64) {
        slots[i].wide.at[lane] = encoded;
        return;
    }
    const unsigned each = 32 / bits;
    const uint32_t mask = bits == 32 ? ~0u : (1u << bits) - 1;
    slots[i / each].narrow.at[lane] |= ((uint32_t)encoded & mask) << (i % each * bits);
}

static int get(const union slot *slots, enum kind kind, unsigned lane, unsigned i) {
    const unsigned bits = bits_of(kind);
    const unsigned each = bits == 64 ? 1 : 32 / bits;
    return bits == 64 ? decode(slots[i].wide.at[lane], kind)
                      : decode(slots[i / each].narrow.at[lane] >> (i % each * bits), kind);
}

struct problem {
    const char *name;
    layout_function *place_a, *place_b;
    unsigned m, n, k;
    enum kind a, b, c, d;
    int low, high; /* of the elements of a and b */
    bool binary_xor;
};

static int draw(uint64_t *state, int low, int high) {
    return low + (int)(lookup_random(state) % (uint64_t)(high - low + 1));
}

/* The sum at one place of d. */
static int sum_at(const struct problem *problem, int (*a)[SIDE], int (*b)[8], int (*c)[8],
                  struct place at) {
    int sum = c[at.row][at.column];
    for (unsigned step = 0; step < problem->k; step++) {
        const int x = a[at.row][step], y = b[step][at.column];
        sum += problem->binary_xor ? x ^ y : x * y;
    }
    return sum;
}

static void check_problem(const struct problem *problem) {
    static int a[16][SIDE];
    static int b[SIDE][8];
    static int c[16][8];
    union slot slots[REGISTERS];
    union slot results[8];
    const void *from[REGISTERS];
    void *to[8];
    uint64_t state = 12;
    const unsigned count_a = problem->m * problem->k / LANES;
    const unsigned count_b = problem->k * problem->n / LANES;
    const unsigned count_c = problem->m * problem->n / LANES;
    const unsigned bits_a = bits_of(problem->a);
    const unsigned registers_a = count_a * bits_a / (bits_a == 64 ? 64 : 32);
    const unsigned registers_b = count_b * bits_a / (bits_a == 64 ? 64 : 32);
    memset(slots, 0, sizeof slots);
    memset(results, 0xff, sizeof results);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < count_a; i++) {
            const struct place at = problem->place_a(lane, i);
            a[at.row][at.column] = draw(&state, problem->low, problem->high);
            put(slots, problem->a, lane, i, a[at.row][at.column]);
        }
        for (unsigned i = 0; i < count_b; i++) {
            const struct place at = problem->place_b(lane, i);
            const int low = problem->b == U8 && problem->a != U8 ? 0 : problem->low;
            b[at.row][at.column] = draw(&state, low, problem->high);
            put(slots + registers_a, problem->b, lane, i, b[at.row][at.column]);
        }
        for (unsigned i = 0; i < count_c; i++) {
            const struct place at = c_8_columns(lane, i);
            c[at.row][at.column] = draw(&state, -40, 40);
            put(slots + registers_a + registers_b, problem->c, lane, i, c[at.row][at.column]);
        }
    }
    for (unsigned i = 0; i < REGISTERS; i++) {
        from[i] = &slots[i];
    }
    for (unsigned i = 0; i < 8; i++) {
        to[i] = &results[i];
    }
    const struct lookup found = lookup(problem->name);
    assert_non_null(found.operation);
    found.operation->function(to, from, found.choice);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < count_c; i++) {
            const struct place at = c_8_columns(lane, i);
            const int expected = sum_at(problem, a, b, c, at);
            const int actual = get(results, problem->d, lane, i);
            if (actual != expected) {
                fail_msg("%s: d[%u][%u] = %d, not %d", problem->name, at.row, at.column, actual,
                         expected);
            }
        }
    }
}

TEST(mma_multiplies_fragments_laid_out_as_the_isa_says) {
    static const struct problem problems[] = {
        {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", a_16x16_16bit, b_16x8_16bit, 16, 8,
         16, F16, F16, F32, F32, -9, 9, false},
        {"mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", a_16x16_16bit, b_16x8_16bit, 16, 8,
         16, F16, F16, F16, F16, -5, 5, false},
        {"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", a_16x8_16bit, b_8x8_16bit, 16, 8, 8,
         F16, F16, F32, F32, -9, 9, false},
        {"mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16", a_16x8_16bit, b_8x8_16bit, 16, 8, 8,
         F16, F16, F16, F16, -9, 9, false},
        {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", a_16x16_16bit, b_16x8_16bit, 16, 8,
         16, BF16, BF16, F32, F32, -90, 90, false},
        {"mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32", a_16x8_16bit, b_8x8_16bit, 16, 8, 8,
         BF16, BF16, F32, F32, -90, 90, false},
        {"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", a_16x8_tf32, b_8x8_tf32, 16, 8, 8,
         F32, F32, F32, F32, -900, 900, false},
        {"mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32", a_16x8_tf32, b_8x8_tf32, 16, 8, 4,
         F32, F32, F32, F32, -900, 900, false},
        {"mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64", a_8x4_f64, b_4x8_f64, 8, 8, 4, F64, F64,
         F64, F64, -9999, 9999, false},
        {"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", a_16x32_8bit, b_32x8_8bit, 16, 8, 32,
         S8, S8, S32, S32, -128, 127, false},
        {"mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32", a_16x32_8bit, b_32x8_8bit, 16, 8, 32,
         S8, U8, S32, S32, -128, 127, false},
        {"mma.sync.aligned.m16n8k32.row.col.satfinite.s32.u8.u8.s32", a_16x32_8bit, b_32x8_8bit, 16,
         8, 32, U8, U8, S32, S32, 0, 255, false},
        {"mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e5m2.f32", a_16x32_8bit, b_32x8_8bit, 16, 8,
         32, E4M3, E5M2, F32, F32, -8, 8, false},
        {"mma.sync.aligned.m16n8k32.row.col.f16.e5m2.e5m2.f16", a_16x32_8bit, b_32x8_8bit, 16, 8,
         32, E5M2, E5M2, F16, F16, -5, 5, false},
        {"mma.sync.aligned.m16n8k16.row.col.f32.e5m2.e4m3.f32", a_16x16_8bit, b_16x8_8bit, 16, 8,
         16, E5M2, E4M3, F32, F32, -8, 8, false},
        {"mma.sync.aligned.m16n8k16.row.col.f16.e4m3.e4m3.f16", a_16x16_8bit, b_16x8_8bit, 16, 8,
         16, E4M3, E4M3, F16, F16, -8, 8, false},
        {"mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32", a_8x16_8bit, b_16x8_8bit, 8, 8, 16, S8,
         S8, S32, S32, -128, 127, false},
        {"mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32", a_16x64_4bit, b_64x8_4bit, 16, 8, 64,
         S4, S4, S32, S32, -8, 7, false},
        {"mma.sync.aligned.m16n8k64.row.col.s32.u4.u4.s32", a_16x64_4bit, b_64x8_4bit, 16, 8, 64,
         U4, U4, S32, S32, 0, 15, false},
        {"mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.xor.popc", a_16x256_1bit, b_256x8_1bit,
         16, 8, 256, B1, B1, S32, S32, 0, 1, true},
        {"mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc", a_16x256_1bit, b_256x8_1bit,
         16, 8, 256, B1, B1, S32, S32, 0, 1, false},
    };
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        check_problem(&problems[i]);
    }
}

/* All elements of a and b alike, c apart: every element of d is the same sum. */
static uint32_t uniform_mma(const char *name, uint32_t a, uint32_t b, uint32_t c) {
    union slot slots[REGISTERS];
    union slot results[8];
    const void *from[REGISTERS];
    void *to[8];
    const struct lookup found = lookup(name);
    assert_non_null(found.operation);
    /* "w4=w4,w2,w4" */
    const char *const sources = strchr(found.operation->operands, '=') + 1;
    const unsigned registers_a = sources[1] == ',' ? 1 : (unsigned)(sources[1] - '0');
    const char *const second = strchr(sources, ',') + 1;
    const unsigned registers_b = second[1] == ',' ? 1 : (unsigned)(second[1] - '0');
    for (unsigned i = 0; i < REGISTERS; i++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            slots[i].narrow.at[lane] = i < registers_a ? a : i < registers_a + registers_b ? b : c;
        }
        from[i] = &slots[i];
    }
    for (unsigned i = 0; i < 8; i++) {
        to[i] = &results[i];
    }
    found.operation->function(to, from, found.choice);
    return results[1].narrow.at[30];
}

TEST(sums_run_upwards_in_f32) {
    const char *const f16 = "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32";
    /* 2^24 + 1 rounds back to 2^24 at every one of the sixteen steps. */
    assert_int_equal(uniform_mma(f16, 0x3c003c00, 0x3c003c00, 0x4b800000), 0x4b800000);
    /* 1/3 in f16 sixteen times, step by step. */
    float sum = 0.1f;
    const float third = lane_f32((uint32_t)ptx("cvt.f32.f16", 0x3555, 0, 0));
    for (unsigned step = 0; step < 16; step++) {
        sum += third * third;
    }
    assert_int_equal(uniform_mma(f16, 0x35553555, 0x35553555, lane_bits32(0.1f)), lane_bits32(sum));
    /* An f16 result is rounded once: 2048 + 16 * 0.25 is 2052, not 2048. */
    assert_int_equal(uniform_mma("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", 0x38003800,
                                 0x38003800, 0x68006800),
                     0x68026802);
    /* tf32 ignores the lower 13 bits. */
    assert_int_equal(uniform_mma("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 0x3f801fff,
                                 0x3f801fff, 0),
                     0x41000000);
    assert_int_equal(uniform_mma(f16, 0x7e007e00, 0x3c003c00, 0), 0x7fffffff);
}

TEST(integer_sums_wrap_or_saturate) {
    assert_int_equal(uniform_mma("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", 0x01010101,
                                 0x01010101, 0x7fffffff),
                     0x8000001f);
    assert_int_equal(uniform_mma("mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.s8.s32",
                                 0x01010101, 0x01010101, 0x7fffffff),
                     0x7fffffff);
    assert_int_equal(uniform_mma("mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.s8.s32",
                                 0xffffffff, 0x01010101, 0x80000000),
                     0x80000000);
}

/* ---- wmma ---- */

struct wmma {
    const char *name, *shape, *input, *c_name, *d_name;
    unsigned m, n, k;
    enum kind kind, c, d;
};

/* Loads a fragment of whole numbers as wmma.load does. */
static unsigned load(union slot *slots, char operand, const char *shape, const char *type,
                     enum kind kind, const int *matrix, unsigned columns) {
    struct matrix_fragment fragment;
    assert_true(matrix_find_fragment(operand, shape, type, &fragment));
    assert_int_equal(fragment.columns, columns);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < (unsigned)fragment.registers * fragment.elements; i++) {
            unsigned row = 0;
            unsigned column = 0;
            matrix_place(&fragment, lane, i, &row, &column);
            assert_true(row < fragment.rows && column < fragment.columns);
            put(slots, kind, lane, i, matrix[row * columns + column]);
        }
    }
    return fragment.registers;
}

static void check_wmma(const struct wmma *wmma) {
    int a[32 * 32];
    int b[32 * 32];
    int c[32 * 32];
    int seen[32 * 32] = {0};
    union slot slots[REGISTERS];
    union slot results[8];
    const void *from[REGISTERS];
    void *to[8];
    uint64_t state = 2;
    memset(slots, 0, sizeof slots);
    for (unsigned i = 0; i < 32 * 32; i++) {
        const bool is_unsigned = wmma->kind == U8 || wmma->kind == U4;
        a[i] = draw(&state, is_unsigned ? 0 : -4, 5);
        b[i] = draw(&state, is_unsigned ? 0 : -4, 5);
        c[i] = draw(&state, -20, 20);
    }
    unsigned at = load(slots, 'a', wmma->shape, wmma->input, wmma->kind, a, wmma->k);
    at += load(slots + at, 'b', wmma->shape, wmma->input, wmma->kind, b, wmma->n);
    at += load(slots + at, 'c', wmma->shape, wmma->c_name, wmma->c, c, wmma->n);
    assert_true(at <= REGISTERS);
    for (unsigned i = 0; i < REGISTERS; i++) {
        from[i] = &slots[i];
    }
    for (unsigned i = 0; i < 8; i++) {
        to[i] = &results[i];
    }
    const struct lookup found = lookup(wmma->name);
    assert_non_null(found.operation);
    found.operation->function(to, from, found.choice);
    struct matrix_fragment fragment;
    assert_true(matrix_find_fragment('d', wmma->shape, wmma->d_name, &fragment));
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < (unsigned)fragment.registers * fragment.elements; i++) {
            unsigned row = 0;
            unsigned column = 0;
            matrix_place(&fragment, lane, i, &row, &column);
            int expected = c[row * wmma->n + column];
            for (unsigned step = 0; step < wmma->k; step++) {
                expected += a[row * wmma->k + step] * b[step * wmma->n + column];
            }
            assert_int_equal(get(results, wmma->d, lane, i), expected);
            seen[row * wmma->n + column]++;
        }
    }
    for (unsigned i = 0; i < wmma->m * wmma->n; i++) {
        assert_int_equal(seen[i], 1);
    }
}

#define WMMA "wmma.mma.sync.aligned.row.col."

TEST(wmma_loads_multiplies_and_stores_alike) {
    static const struct wmma products[] = {
        {WMMA "m16n16k16.f32.f32", "m16n16k16", "f16", "f32", "f32", 16, 16, 16, F16, F32, F32},
        {WMMA "m16n16k16.f16.f16", "m16n16k16", "f16", "f16", "f16", 16, 16, 16, F16, F16, F16},
        {WMMA "m32n8k16.f32.f16", "m32n8k16", "f16", "f16", "f32", 32, 8, 16, F16, F16, F32},
        {WMMA "m8n32k16.f16.f32", "m8n32k16", "f16", "f32", "f16", 8, 32, 16, F16, F32, F16},
        {WMMA "m16n16k16.f32.bf16.bf16.f32", "m16n16k16", "bf16", "f32", "f32", 16, 16, 16, BF16,
         F32, F32},
        {WMMA "m32n8k16.f32.bf16.bf16.f32", "m32n8k16", "bf16", "f32", "f32", 32, 8, 16, BF16, F32,
         F32},
        {WMMA "m8n32k16.f32.bf16.bf16.f32", "m8n32k16", "bf16", "f32", "f32", 8, 32, 16, BF16, F32,
         F32},
        {WMMA "m16n16k8.f32.tf32.tf32.f32", "m16n16k8", "tf32", "f32", "f32", 16, 16, 8, F32, F32,
         F32},
        {WMMA "m8n8k4.f64.f64.f64.f64", "m8n8k4", "f64", "f64", "f64", 8, 8, 4, F64, F64, F64},
        {WMMA "m16n16k16.s32.s8.s8.s32", "m16n16k16", "s8", "s32", "s32", 16, 16, 16, S8, S32, S32},
        {WMMA "m32n8k16.s32.u8.u8.s32", "m32n8k16", "u8", "s32", "s32", 32, 8, 16, U8, S32, S32},
        {WMMA "m8n32k16.s32.s8.s8.s32.satfinite", "m8n32k16", "s8", "s32", "s32", 8, 32, 16, S8,
         S32, S32},
        {WMMA "m8n8k32.s32.u4.u4.s32", "m8n8k32", "u4", "s32", "s32", 8, 8, 32, U4, S32, S32},
    };
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        check_wmma(&products[i]);
    }
}

TEST(fragments_that_do_not_exist) {
    struct matrix_fragment fragment;
    assert_false(matrix_find_fragment('a', "m16n16k16", "f64", &fragment));
    assert_false(matrix_find_fragment('c', "m16n16k8", "f16", &fragment));
    assert_false(matrix_find_fragment('a', "m16n16k32", "f16", &fragment));
    assert_false(matrix_find_fragment('e', "m16n16k16", "f16", &fragment));
    assert_true(matrix_find_fragment('b', "m8n8k128", "b1", &fragment));
    assert_int_equal(fragment.rows, 128);
    assert_int_equal(fragment.registers, 1);
}

/* ---- ldmatrix, stmatrix, movmatrix ---- */

TEST(ldmatrix_gives_each_lane_its_pair) {
    uint16_t memory[32][8];
    const void *rows[32];
    struct lanes32 registers[4];
    struct lanes32 *const to[] = {&registers[0], &registers[1], &registers[2], &registers[3]};
    for (unsigned row = 0; row < 32; row++) {
        rows[row] = memory[row];
        for (unsigned column = 0; column < 8; column++) {
            memory[row][column] = (uint16_t)(row * 256 + column);
        }
    }
    matrix_load_rows(to, rows, 4, false);
    /* Lane 13 has row 3, columns 2 and 3. */
    assert_int_equal(registers[0].at[13], 0x03030302);
    assert_int_equal(registers[3].at[13], 0x1b031b02);
    matrix_load_rows(to, rows, 2, true);
    /* Transposed: column 3 of rows 2 and 3. */
    assert_int_equal(registers[1].at[13], 0x0b030a03);
}

TEST(stmatrix_and_movmatrix_undo_ldmatrix) {
    uint16_t memory[8][8];
    uint16_t copy[8][8];
    const void *rows[8];
    void *copies[8];
    struct lanes32 first;
    struct lanes32 second;
    struct lanes32 *const to_first = &first;
    const struct lanes32 *const from_first = &first;
    uint64_t random = 1;
    for (unsigned row = 0; row < 8; row++) {
        rows[row] = memory[row];
        copies[row] = copy[row];
        for (unsigned column = 0; column < 8; column++) {
            memory[row][column] = (uint16_t)lookup_random(&random);
        }
    }
    matrix_load_rows(&to_first, rows, 1, false);
    matrix_store_rows(copies, &from_first, 1, false);
    assert_memory_equal(copy, memory, sizeof memory);
    matrix_store_rows(copies, &from_first, 1, true);
    assert_int_equal(copy[2][5], memory[5][2]);
    matrix_transpose(&second, &first);
    const struct lanes32 *const from_second = &second;
    matrix_store_rows(copies, &from_second, 1, true);
    assert_memory_equal(copy, memory, sizeof memory);
    assert_memory_not_equal(&first, &second, sizeof first);
}
