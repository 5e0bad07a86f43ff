/*
 * The emulator's integer, bit and comparison instructions: against 128-bit arithmetic, against
 * loops over single bits written from the semantics in PTX ISA 9.7.1, and on values known by hand.
 */
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 big;
__extension__ typedef unsigned __int128 ubig;

enum { ROUNDS = 3000 };

struct type {
    const char *name;
    unsigned bits;
    bool is_signed;
};

static const struct type types[] = {{"u16", 16, false}, {"s16", 16, true},  {"u32", 32, false},
                                    {"s32", 32, true},  {"u64", 64, false}, {"s64", 64, true}};

enum { TYPES = sizeof types / sizeof types[0] };

static uint64_t pick(uint64_t *state, unsigned bits) {
    static const uint64_t corners[] = {0,          1,      2,          0x7fff,
                                       0x8000,     0xffff, 0x7fffffff, 0x80000000,
                                       0xffffffff, 3,      INT64_MAX,  (uint64_t)1 << 63,
                                       UINT64_MAX};
    const uint64_t random = lookup_random(state);
    const uint64_t value = random % 4 == 0
                               ? corners[(random >> 8) % (sizeof corners / sizeof corners[0])]
                               : lookup_random(state) >> (random >> 8) % 64;
    return bits == 64 ? value : value & (((uint64_t)1 << bits) - 1);
}

static big value_of(uint64_t bits, const struct type *type) {
    const bool negative = type->is_signed && bits >> (type->bits - 1) & 1;
    return negative ? (big)bits - ((big)1 << type->bits) : (big)bits;
}

static uint64_t low_bits(ubig value, unsigned bits) {
    return (uint64_t)(value & (((ubig)1 << bits) - 1));
}

/* What each operation means on whole numbers. */
typedef ubig integer_function(big a, big b, big c, const struct type *type);

static ubig whole_add(big a, big b, big c, const struct type *type) {
    (void)c, (void)type;
    return (ubig)(a + b);
}

static ubig whole_subtract(big a, big b, big c, const struct type *type) {
    (void)c, (void)type;
    return (ubig)(a - b);
}

/* Products of two 64-bit numbers fit 128 bits of their signedness. */
static ubig product(big a, big b) {
    return (ubig)a * (ubig)b;
}

static ubig whole_multiply(big a, big b, big c, const struct type *type) {
    (void)c, (void)type;
    return product(a, b);
}

static ubig whole_multiply_high(big a, big b, big c, const struct type *type) {
    (void)c;
    return product(a, b) >> type->bits;
}

static ubig whole_mad(big a, big b, big c, const struct type *type) {
    (void)type;
    return product(a, b) + (ubig)c;
}

static ubig whole_mad_high(big a, big b, big c, const struct type *type) {
    return (product(a, b) >> type->bits) + (ubig)c;
}

static ubig whole_sad(big a, big b, big c, const struct type *type) {
    (void)type;
    return (ubig)(c + (a < b ? b - a : a - b));
}

static ubig whole_divide(big a, big b, big c, const struct type *type) {
    (void)c, (void)type;
    return b == 0 ? ~(ubig)0 : (ubig)(a / b);
}

static ubig whole_remainder(big a, big b, big c, const struct type *type) {
    (void)c, (void)type;
    return b == 0 ? ~(ubig)0 : (ubig)(a % b);
}

static ubig whole_minimum(big a, big b, big c, const struct type *type) {
    (void)c, (void)type;
    return (ubig)(a < b ? a : b);
}

static ubig whole_maximum(big a, big b, big c, const struct type *type) {
    (void)c, (void)type;
    return (ubig)(a > b ? a : b);
}

static ubig whole_absolute(big a, big b, big c, const struct type *type) {
    (void)b, (void)c, (void)type;
    return (ubig)(a < 0 ? -a : a);
}

static ubig whole_negate(big a, big b, big c, const struct type *type) {
    (void)b, (void)c, (void)type;
    return (ubig)-a;
}

static void check_type(const char *root, const struct type *type, integer_function *whole) {
    char name[32];
    uint64_t state = 1;
    (void)snprintf(name, sizeof name, "%s.%s", root, type->name);
    const struct lookup found = lookup(name);
    assert_non_null(found.operation);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint64_t a = pick(&state, type->bits);
        const uint64_t b = pick(&state, type->bits);
        const uint64_t c = pick(&state, type->bits);
        const ubig expected = whole(value_of(a, type), value_of(b, type), value_of(c, type), type);
        const uint64_t actual = lookup_value(&found, a, b, c);
        if (actual != low_bits(expected, type->bits)) {
            fail_msg("%s(%llx, %llx, %llx) = %llx", name, (unsigned long long)a,
                     (unsigned long long)b, (unsigned long long)c, (unsigned long long)actual);
        }
    }
}

TEST(whole_numbers) {
    static const struct {
        const char *root;
        integer_function *whole;
        bool signed_only;
    } operations[] = {
        {"add", whole_add, false},         {"sub", whole_subtract, false},
        {"mul.lo", whole_multiply, false}, {"mul.hi", whole_multiply_high, false},
        {"mad.lo", whole_mad, false},      {"mad.hi", whole_mad_high, false},
        {"sad", whole_sad, false},         {"div", whole_divide, false},
        {"rem", whole_remainder, false},   {"min", whole_minimum, false},
        {"max", whole_maximum, false},     {"abs", whole_absolute, true},
        {"neg", whole_negate, true},
    };
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        for (unsigned type = 0; type < TYPES; type++) {
            if (types[type].is_signed || !operations[i].signed_only) {
                check_type(operations[i].root, &types[type], operations[i].whole);
            }
        }
    }
}

struct known {
    const char *name;
    uint64_t a, b, c, result;
};

static void check_known(const struct known *known, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint64_t actual = ptx(known[i].name, known[i].a, known[i].b, known[i].c);
        if (actual != known[i].result) {
            fail_msg("%s(%llx, %llx, %llx) = %llx, not %llx", known[i].name,
                     (unsigned long long)known[i].a, (unsigned long long)known[i].b,
                     (unsigned long long)known[i].c, (unsigned long long)actual,
                     (unsigned long long)known[i].result);
        }
    }
}

TEST(known_arithmetic) {
    static const struct known known[] = {
        {"add.sat.s32", 0x7fffffff, 1, 0, 0x7fffffff},
        {"sub.sat.s32", 0x80000000, 1, 0, 0x80000000},
        {"mad.hi.sat.s32", 0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff},
        {"mul.wide.u16", 0xffff, 0xffff, 0, 0xfffe0001},
        {"mul.wide.s16", 0xffff, 2, 0, 0xfffffffe},
        {"mul.wide.u32", 0xffffffff, 0xffffffff, 0, 0xfffffffe00000001},
        {"mul.wide.s32", 0xffffffff, 2, 0, 0xfffffffffffffffe},
        {"mad.wide.s32", 0xffffffff, 2, 5, 3},
        {"mad.wide.u16", 0x100, 0x100, 1, 0x10001},
        {"mul24.lo.u32", 0xff000003, 5, 0, 15},
        {"mul24.lo.s32", 0x00ffffff, 5, 0, 0xfffffffb},
        {"mul24.hi.u32", 0xffffff, 0xffffff, 0, 0xfffffe00},
        {"mul24.hi.s32", 0x800000, 0x7fffff, 0, 0xc0000080},
        {"mad24.lo.u32", 7, 6, 1, 43},
        {"mad24.hi.sat.s32", 0x800000, 0x800000, 0x7fffffff, 0x7fffffff},
        {"add.s16x2", 0x0001ffff, 0x00010001, 0, 0x00020000},
        {"min.s16x2", 0x80000001, 0x00017fff, 0, 0x80000001},
        {"max.u16x2", 0x80000001, 0x00017fff, 0, 0x80007fff},
        {"max.relu.s16x2", 0x8000ffff, 0xffff0002, 0, 0x00000002},
        {"min.relu.s32", 0xffffffff, 5, 0, 0},
        {"dp4a.s32.s32", 0x01ff0280, 0x010203ff, 10, 10 + 1 - 2 + 6 + 128},
        {"dp4a.u32.u32", 0x01ff0280, 0x010203ff, 10, 10 + 1 + 510 + 6 + 32640},
        {"dp4a.u32.s32", 0x000000ff, 0x000000ff, 0, 0xffffff01},
        {"dp2a.lo.s32.s32", 0xffff0003, 0x00000502, 1, 1 + 6 - 5},
        {"dp2a.hi.u32.s32", 0xffff0003, 0xff020000, 0, 0xffff0007},
        {"vabsdiff4.u32.u32.u32.add", 0x01ff0010, 0x02000020, 5, 5 + 1 + 255 + 16},
        {"vabsdiff4.u32.u32.u32", 0x01ff0010, 0x02000020, 0, 0x01ff0010},
        {"vadd4.u32.u32.u32.sat", 0xff010203, 0x02010101, 0, 0xff020304},
        {"vadd4.u32.u32.u32", 0xff010203, 0x02010101, 0, 0x01020304},
        {"vsub2.s32.s32.s32.sat", 0x80000005, 0x00010003, 0, 0x80000002},
        {"vmax4.s32.s32.s32", 0x80010203, 0x0102ff04, 0, 0x01020204},
    };
    check_known(known, sizeof known / sizeof known[0]);
}

/* Runs an operation with a carry operand in and out. */
static uint64_t with_carry(const char *name, uint64_t a, uint64_t b, uint64_t c, bool carry,
                           bool *carry_out) {
    const struct lookup found = lookup(name);
    assert_non_null(found.operation);
    const bool wide = found.operation->operands[0] == 'd';
    struct lanes64 wide_sources[3];
    struct lanes32 sources[3];
    union {
        struct lanes32 narrow;
        struct lanes64 wide;
    } result;
    uint32_t in = carry ? 0x80000001u : 0x80000000u; /* lane 0 is looked at */
    uint32_t out = 0;
    const uint64_t values[] = {a, b, c, 0};
    const void *from[4];
    void *to[] = {&result, &out};
    unsigned count = 0;
    for (const char *at = strchr(found.operation->operands, '=') + 1;; at += 2) {
        if (*at == 'c') {
            from[count++] = &in;
        } else {
            for (unsigned lane = 0; lane < LANES; lane++) {
                wide_sources[count].at[lane] = values[count];
                sources[count].at[lane] = (uint32_t)values[count];
            }
            from[count] = wide ? (const void *)&wide_sources[count] : (const void *)&sources[count];
            count++;
        }
        if (at[1] == '\0') {
            break;
        }
    }
    found.operation->function(to, from, found.choice);
    *carry_out = out & 1;
    return wide ? result.wide.at[0] : result.narrow.at[0];
}

static void check_carry(const char *root, const char *type, bool takes, bool subtracts,
                        unsigned bits) {
    char name[32];
    uint64_t state = 4;
    (void)snprintf(name, sizeof name, "%s%s.cc.%s", root, takes ? "c" : "", type);
    for (unsigned round = 0; round < 500; round++) {
        const uint64_t a = pick(&state, bits);
        const uint64_t b = round % 3 ? pick(&state, bits) : a;
        const bool carry = takes && round % 2;
        const big exact = subtracts ? (big)a - (big)b - carry : (big)a + (big)b + carry;
        bool out = false;
        const uint64_t actual = with_carry(name, a, b, 0, round % 2, &out);
        assert_int_equal(actual, low_bits((ubig)exact, bits));
        assert_int_equal(out, subtracts ? exact < 0 : exact >> bits != 0);
    }
}

TEST(carries) {
    bool out = false;
    check_carry("add", "u32", false, false, 32);
    check_carry("add", "s32", true, false, 32);
    check_carry("add", "u64", true, false, 64);
    check_carry("sub", "u32", false, true, 32);
    check_carry("sub", "u32", true, true, 32);
    check_carry("sub", "s64", true, true, 64);
    assert_int_equal(with_carry("mad.lo.cc.u32", 0xffffffff, 0xffffffff, 0xffffffff, false, &out),
                     0);
    assert_true(out);
    assert_int_equal(with_carry("madc.hi.u32", 0xffffffff, 0xffffffff, 1, true, &out), 0);
    assert_int_equal(with_carry("madc.hi.cc.u32", 0xffffffff, 0xffffffff, 1, true, &out), 0);
    assert_true(out);
    assert_int_equal(with_carry("madc.hi.cc.s32", 0xffffffff, 2, 0, true, &out), 0);
    assert_true(out);
    assert_int_equal(with_carry("madc.lo.cc.u64", 3, 5, UINT64_MAX - 14, false, &out), 0);
    assert_true(out);
    assert_int_equal(with_carry("madc.hi.u64", UINT64_MAX, UINT64_MAX, 0, true, &out),
                     UINT64_MAX - 1 + 1);
}

/* ---- bits: loops over single bits, from the text of the ISA ---- */

static uint64_t bit_extract(uint64_t a, unsigned position, unsigned length, unsigned bits,
                            bool is_signed) {
    const unsigned last = position + length - 1;
    const uint64_t sign = is_signed && length ? a >> (last < bits - 1 ? last : bits - 1) & 1 : 0;
    uint64_t result = 0;
    for (unsigned i = 0; i < bits; i++) {
        const uint64_t bit = i < length && position + i < bits ? a >> (position + i) & 1 : sign;
        result |= bit << i;
    }
    return result;
}

static uint64_t bit_insert(uint64_t a, uint64_t b, unsigned position, unsigned length,
                           unsigned bits) {
    uint64_t result = b;
    for (unsigned i = 0; i < length && position + i < bits; i++) {
        result = (result & ~((uint64_t)1 << (position + i))) | (a >> i & 1) << (position + i);
    }
    return result;
}

/* bfi has four sources. */
static uint64_t insert(const char *name, uint64_t a, uint64_t b, uint32_t position,
                       uint32_t length) {
    const struct lookup found = lookup(name);
    struct lanes64 wide[2];
    struct lanes32 narrow[4];
    union {
        struct lanes32 narrow;
        struct lanes64 wide;
    } result;
    const bool is_wide = found.operation->operands[0] == 'd';
    for (unsigned lane = 0; lane < LANES; lane++) {
        wide[0].at[lane] = a;
        wide[1].at[lane] = b;
        narrow[0].at[lane] = (uint32_t)a;
        narrow[1].at[lane] = (uint32_t)b;
        narrow[2].at[lane] = position;
        narrow[3].at[lane] = length;
    }
    const void *from[] = {is_wide ? (const void *)&wide[0] : (const void *)&narrow[0],
                          is_wide ? (const void *)&wide[1] : (const void *)&narrow[1], &narrow[2],
                          &narrow[3]};
    void *to[] = {&result};
    found.operation->function(to, from, found.choice);
    return is_wide ? result.wide.at[5] : result.narrow.at[5];
}

TEST(bit_fields) {
    uint64_t random = 6;
    for (unsigned round = 0; round < 20000; round++) {
        const uint64_t a = lookup_random(&random);
        const uint64_t b = lookup_random(&random);
        const uint32_t position = (uint32_t)(lookup_random(&random) % (round % 2 ? 70 : 300));
        const uint32_t length = (uint32_t)(lookup_random(&random) % (round % 3 ? 70 : 300));
        const unsigned p = position & 0xff;
        const unsigned n = length & 0xff;
        const uint32_t low = (uint32_t)a;
        assert_int_equal(ptx("bfe.u32", low, position, length), bit_extract(low, p, n, 32, false));
        assert_int_equal(ptx("bfe.s32", low, position, length), bit_extract(low, p, n, 32, true));
        assert_int_equal(ptx("bfe.u64", a, position, length), bit_extract(a, p, n, 64, false));
        assert_int_equal(ptx("bfe.s64", a, position, length), bit_extract(a, p, n, 64, true));
        assert_int_equal(insert("bfi.b32", low, (uint32_t)b, position, length),
                         bit_insert(low, (uint32_t)b, p, n, 32));
        assert_int_equal(insert("bfi.b64", a, b, position, length), bit_insert(a, b, p, n, 64));
    }
}

TEST(logic_tables) {
    const struct lookup found = lookup("lop3.b32");
    /* All eight combinations of three bits at once. */
    struct lanes32 sources[3];
    struct lanes32 result;
    for (unsigned lane = 0; lane < LANES; lane++) {
        sources[0].at[lane] = 0xf0;
        sources[1].at[lane] = 0xcc;
        sources[2].at[lane] = 0xaa;
    }
    for (int64_t table = 0; table < 256; table++) {
        const void *from[] = {&sources[0], &sources[1], &sources[2], &table};
        void *to[] = {&result};
        found.operation->function(to, from, found.choice);
        assert_int_equal(result.at[31] & 0xff, table);
    }
}

TEST(known_bits) {
    static const struct known known[] = {
        {"shl.b32", 1, 31, 0, 0x80000000},
        {"shl.b32", 1, 32, 0, 0},
        {"shl.b64", 1, 63, 0, 0x8000000000000000},
        {"shl.b64", 1, 0xffffffff, 0, 0},
        {"shl.b16", 0xffff, 4, 0, 0xfff0},
        {"shr.u32", 0x80000000, 31, 0, 1},
        {"shr.u32", 0x80000000, 32, 0, 0},
        {"shr.s32", 0x80000000, 99, 0, 0xffffffff},
        {"shr.s64", 0x8000000000000000, 64, 0, UINT64_MAX},
        {"shr.u64", UINT64_MAX, 60, 0, 15},
        {"shr.s16", 0x8000, 4, 0, 0xf800},
        {"shr.u16", 0x8000, 16, 0, 0},
        {"shf.l.wrap.b32", 0x80000001, 0x12345678, 36, 0x23456788},
        {"shf.l.clamp.b32", 0x80000001, 0x12345678, 36, 0x80000001},
        {"shf.r.wrap.b32", 0x80000001, 0x12345678, 4, 0x88000000},
        {"shf.r.clamp.b32", 0x80000001, 0x12345678, 32, 0x12345678},
        {"popc.b64", UINT64_MAX, 0, 0, 64},
        {"clz.b32", 0, 0, 0, 32},
        {"clz.b32", 1, 0, 0, 31},
        {"clz.b64", 1, 0, 0, 63},
        {"bfind.u32", 0, 0, 0, 0xffffffff},
        {"bfind.u32", 0x10, 0, 0, 4},
        {"bfind.s32", 0xffffffff, 0, 0, 0xffffffff},
        {"bfind.s32", 0xffffffef, 0, 0, 4},
        {"bfind.shiftamt.u64", 1, 0, 0, 63},
        {"bfind.shiftamt.s64", 0, 0, 0, 0xffffffff},
        {"brev.b32", 0x00000003, 0, 0, 0xc0000000},
        {"brev.b64", 1, 0, 0, 0x8000000000000000},
        {"fns.b32", 0xaaaaaaaa, 3, 1, 3},
        {"fns.b32", 0xaaaaaaaa, 3, 0xffffffff, 3},
        {"fns.b32", 0xaaaaaaaa, 2, 1, 3},
        {"fns.b32", 0xaaaaaaaa, 2, 0xffffffff, 1},
        {"fns.b32", 0xaaaaaaaa, 2, 0, 0xffffffff},
        {"fns.b32", 0xaaaaaaaa, 3, 0, 3},
        {"fns.b32", 0x80000001, 0, 3, 0xffffffff},
        {"szext.wrap.u32", 0xffffffff, 0, 0, 0},
        {"szext.wrap.s32", 0x8, 4, 0, 0xfffffff8},
        {"szext.clamp.s32", 0x12345678, 32, 0, 0x12345678},
        {"szext.wrap.s32", 0x12345678, 40, 0, 0x78},
        {"bmsk.wrap.b32", 1, 2, 0, 6},
        {"bmsk.clamp.b32", 4, 40, 0, 0xfffffff0},
        {"bmsk.clamp.b32", 32, 4, 0, 0},
        {"bmsk.wrap.b32", 36, 33, 0, 0x10},
        {"prmt.b32", 0x44332211, 0x88776655, 0x7210, 0x88332211},
        {"prmt.b32", 0x00008011, 0, 0x9889, 0xff0000ff},
        {"cnot.b32", 0, 0, 0, 1},
        {"cnot.b64", 5, 0, 0, 0},
        {"not.b16", 0x00ff, 0, 0, 0xff00},
        {"xor.b64", 0xff00ff00ff00ff00, UINT64_MAX, 0, 0x00ff00ff00ff00ff},
        {"and.b16", 0xff00, 0x0ff0, 0, 0x0f00},
        {"or.pred", 1, 0, 0, 1},
        {"not.pred", 1, 0, 0, 0},
    };
    check_known(known, sizeof known / sizeof known[0]);
}

/* The table of PTX ISA 9.7.9.7, with bytes named by their numbers. */
TEST(permute_modes) {
    static const struct {
        const char *name;
        uint32_t results[4];
    } modes[] = {
        {"prmt.b32.f4e", {0x03020100, 0x04030201, 0x05040302, 0x06050403}},
        {"prmt.b32.b4e", {0x05060700, 0x06070001, 0x07000102, 0x00010203}},
        {"prmt.b32.rc8", {0x00000000, 0x01010101, 0x02020202, 0x03030303}},
        {"prmt.b32.ecl", {0x03020100, 0x03020101, 0x03020202, 0x03030303}},
        {"prmt.b32.ecr", {0x00000000, 0x01010100, 0x02020100, 0x03020100}},
        {"prmt.b32.rc16", {0x01000100, 0x03020302, 0x01000100, 0x03020302}},
    };
    for (size_t mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
        for (uint32_t c = 0; c < 8; c++) {
            assert_int_equal(ptx(modes[mode].name, 0x03020100, 0x07060504, c),
                             modes[mode].results[c % 4]);
        }
    }
}

/* ---- comparisons ---- */

TEST(ordered_and_unordered_comparisons) {
    /* Less, equal, greater, unordered: which of the four each operator is true on. */
    static const struct {
        const char *name;
        bool less, equal, greater, unordered;
    } operators[] = {
        {"eq", false, true, false, false}, {"ne", true, false, true, false},
        {"lt", true, false, false, false}, {"le", true, true, false, false},
        {"gt", false, false, true, false}, {"ge", false, true, true, false},
        {"equ", false, true, false, true}, {"neu", true, false, true, true},
        {"ltu", true, false, false, true}, {"leu", true, true, false, true},
        {"gtu", false, false, true, true}, {"geu", false, true, true, true},
        {"num", true, true, true, false},  {"nan", false, false, false, true},
    };
    static const struct {
        const char *type;
        uint64_t one, two, nan;
    } numbers[] = {{"f32", 0x3f800000, 0x40000000, 0x7fc00000},
                   {"ftz.f32", 0x3f800000, 0x40000000, 0xff800001},
                   {"f64", 0x3ff0000000000000, 0x4000000000000000, 0x7ff8000000000000},
                   {"f16", 0x3c00, 0x4000, 0x7e00},
                   {"bf16", 0x3f80, 0x4000, 0x7fc0}};
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
            char name[32];
            (void)snprintf(name, sizeof name, "setp.%s.%s", operators[i].name, numbers[k].type);
            const uint64_t one = numbers[k].one;
            const uint64_t two = numbers[k].two;
            assert_int_equal(ptx(name, one, two, 0), operators[i].less);
            assert_int_equal(ptx(name, two, two, 0), operators[i].equal);
            assert_int_equal(ptx(name, two, one, 0), operators[i].greater);
            assert_int_equal(ptx(name, one, numbers[k].nan, 0), operators[i].unordered);
            assert_int_equal(ptx(name, numbers[k].nan, numbers[k].nan, 0), operators[i].unordered);
            (void)snprintf(name, sizeof name, "set.%s.u32.%s", operators[i].name, numbers[k].type);
            if (k != 1) {
                assert_int_equal(ptx(name, one, two, 0), operators[i].less ? 0xffffffffu : 0);
            }
        }
    }
    assert_int_equal(ptx("setp.eq.f32", 1, 0, 0), 0);
    assert_int_equal(ptx("setp.eq.ftz.f32", 1, 0x80000000, 0), 1);
}

TEST(lanes_become_bits) {
    for (enum arithmetic_isa isa = ARITHMETIC_BASELINE; isa <= arithmetic_best_isa(); isa++) {
        const struct lookup narrow = lookup_in(isa, "setp.lo.u32");
        const struct lookup wide = lookup_in(isa, "setp.ge.s64");
        struct lanes32 index;
        struct lanes32 limit;
        struct lanes64 negative;
        struct lanes64 wide_limit;
        for (unsigned lane = 0; lane < LANES; lane++) {
            index.at[lane] = lane * 0x08000001u;
            limit.at[lane] = 0x80000000u;
            negative.at[lane] = (uint64_t)0 - lane;
            wide_limit.at[lane] = (uint64_t)-5;
        }
        uint32_t result = 0;
        void *to[] = {&result};
        const void *from[] = {&index, &limit};
        narrow.operation->function(to, from, narrow.choice);
        assert_int_equal(result, 0x0000ffff);
        const void *wide_from[] = {&negative, &wide_limit};
        wide.operation->function(to, wide_from, wide.choice);
        assert_int_equal(result, 0x3f);
    }
}

TEST(other_comparisons) {
    static const struct known known[] = {
        {"setp.lt.s16", 0xffff, 1, 0, 1},
        {"setp.lt.u16", 0xffff, 1, 0, 0},
        {"setp.eq.b16", 0x8000, 0x8000, 0, 1},
        {"setp.ne.s64", 1, (uint64_t)1 << 32 | 1, 0, 1},
        {"setp.hi.u64", UINT64_MAX, 1, 0, 1},
        {"setp.gt.s64", UINT64_MAX, 1, 0, 0},
        {"set.lt.s32.s32", 0xffffffff, 0, 0, 0xffffffff},
        {"set.hs.f32.u32", 0xffffffff, 0, 0, 0x3f800000},
        {"set.gt.f16x2.f16x2", 0x40003c00, 0x3c007e00, 0, 0x3c000000},
        {"set.gtu.bf16x2.bf16x2", 0x40003f80, 0x3f807fc0, 0, 0x3f803f80},
        {"set.ne.u32.f16x2", 0x40003c00, 0x3c003c00, 0, 0xffff0000},
        {"set.lt.and.f16.f16", 0x3c00, 0x4000, 1, 0x3c00},
        {"set.lt.and.f16.f16", 0x3c00, 0x4000, 0, 0},
        {"set.lt.or.bf16.bf16", 0x4000, 0x3f80, 1, 0x3f80},
        {"set.nan.and.u16.f16", 0x7e00, 0, 1, 0xffff},
        {"set.lt.xor.f16x2.f16x2", 0x3c004000, 0x40003c00, 1, 0x00003c00},
        {"set.ge.or.u32.bf16x2", 0x3f803f80, 0x40003f80, 0, 0x0000ffff},
        {"set.eq.f16.s32", 5, 5, 0, 0x3c00},
        {"set.lt.f16.s64", UINT64_MAX, 0, 0, 0x3c00},
        {"set.lo.and.bf16.u64", 1, UINT64_MAX, 1, 0x3f80},
        {"set.equ.bf16.f64", 0x7ff8000000000000, 0, 0, 0x3f80},
        {"testp.normal.f32", 0x80000000, 0, 0, 1},
        {"testp.normal.f32", 0x00400000, 0, 0, 0},
        {"testp.subnormal.f32", 0x80400000, 0, 0, 1},
        {"testp.infinite.f32", 0xff800000, 0, 0, 1},
        {"testp.finite.f64", 0x7ff0000000000000, 0, 0, 0},
        {"testp.notanumber.f64", 0xfff0000000000001, 0, 0, 1},
        {"testp.number.f32", 0x7f800000, 0, 0, 1},
        {"slct.u32.s32", 1, 2, 0, 1},
        {"slct.u32.s32", 1, 2, 0x80000000, 2},
        {"slct.u64.f32", 1, 2, 0x80000000, 1},
        {"slct.f32.f32", 1, 2, 0x7fc00000, 2},
        {"slct.ftz.f32.f32", 1, 2, 0x80000001, 1},
        {"selp.b32", 1, 2, 1, 1},
        {"selp.f64", 1, 2, 0, 2},
    };
    check_known(known, sizeof known / sizeof known[0]);
}

TEST(pairs_compare_to_two_predicates) {
    const struct lookup found = lookup("setp.le.f16x2");
    struct lanes32 a;
    struct lanes32 b;
    uint32_t low = 0;
    uint32_t high = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        a.at[lane] = lane % 2 ? 0x3c004000 : 0x40003c00;
        b.at[lane] = 0x3c003c00;
    }
    void *to[] = {&low, &high};
    const void *from[] = {&a, &b};
    found.operation->function(to, from, found.choice);
    assert_int_equal(low, 0x55555555);
    assert_int_equal(high, 0xaaaaaaaa);
    const uint32_t with = 0x0000ffff;
    const void *three[] = {&a, &b, &with};
    const struct lookup both = lookup("setp.le.and.ftz.f16x2");
    both.operation->function(to, three, both.choice);
    assert_int_equal(low, 0x00005555);
    assert_int_equal(high, 0x0000aaaa);
    const struct lookup either = lookup("setp.le.or.bf16x2");
    either.operation->function(to, three, either.choice);
    assert_int_equal(low, 0x5555ffff);
    assert_int_equal(high, 0xaaaaffff);
    const struct lookup one = lookup("setp.le.xor.f16x2");
    one.operation->function(to, three, one.choice);
    assert_int_equal(low, 0x5555aaaa);
    assert_int_equal(high, 0xaaaa5555);
}
