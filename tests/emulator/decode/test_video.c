/* Video instructions with their selectors, signs and second operations, drawn at random and
 * compared with what PTX ISA 9.7.18 writes of each; and what the assembler refuses of them. */
#include "tests/support/emulator_core.h"

#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <inttypes.h>
#include <stdio.h>

enum { DRAWN = 12, ROUNDS = 80, LINE_BYTES = 256 };

static const char *const types[] = {"u32", "s32"};
static const char *const parts[] = {"", ".b0", ".b1", ".b2", ".b3", ".h0", ".h1"};
static const char *const seconds[] = {"", ".add", ".min", ".max"};
static const char *const comparisons[] = {"eq", "ne", "lt", "le", "gt", "ge"};

/* Holds what vmad computes before it is scaled. */
__extension__ typedef __int128 wide;

/* An instruction and the words that it reads. */
struct video {
    char text[LINE_BYTES];
    uint32_t a, b, c, expected;
};

static unsigned draw(uint64_t *random, unsigned count) {
    return (unsigned)(lookup_random(random) % count);
}

/* Words near the bounds of bytes, halves and words are as likely as others. */
static uint32_t draw_word(uint64_t *random) {
    static const uint32_t edges[] = {0,      1,      0x7f,       0x80,       0xff,       0x7fff,
                                     0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 33};
    return draw(random, 3) ? (uint32_t)lookup_random(random) : edges[draw(random, 12)];
}

static unsigned part_bits(unsigned part) {
    return part == 0 ? 32 : part < 5 ? 8 : 16;
}

static unsigned part_shift(unsigned part) {
    return part == 0 ? 0 : part < 5 ? (part - 1) * 8 : (part - 5) * 16;
}

static int64_t extend(uint32_t word, unsigned bits, bool is_signed) {
    const uint32_t field = bits == 32 ? word : word & ((1u << bits) - 1);
    if (!is_signed)
        return field;
    return bits == 8 ? (int8_t)field : bits == 16 ? (int16_t)field : (int32_t)field;
}

/* Both are whole numbers of less than 53 bits, or beyond all bounds. */
static int64_t clamp(double value, unsigned bits, bool is_signed) {
    const double least = is_signed ? -(double)(INT64_C(1) << (bits - 1)) : 0;
    const double most = (double)(INT64_C(1) << (is_signed ? bits - 1 : bits)) - 1;
    return (int64_t)(value < least ? least : value > most ? most : value);
}

static bool holds(unsigned comparison, int64_t x, int64_t y) {
    const bool answers[] = {x == y, x != y, x<y, x <= y, x> y, x >= y};
    return answers[comparison];
}

static int64_t apply(unsigned operation, int64_t x, int64_t y) {
    switch (operation) {
    case 0:
        return x + y;
    case 1:
        return x - y;
    case 2:
        return x > y ? x - y : y - x;
    case 3:
        return x < y ? x : y;
    case 4:
        return x > y ? x : y;
    default:
        return x + y >= 0 ? (x + y + 1) >> 1 : (x + y) >> 1;
    }
}

/* The second operation, or the merge. */
static uint32_t finish(int64_t value, unsigned second, unsigned part, uint32_t c, bool is_signed) {
    const int64_t other = extend(c, 32, is_signed);
    const uint32_t mask =
        part == 0 ? UINT32_MAX : (uint32_t)((1u << part_bits(part)) - 1) << part_shift(part);
    if (second == 1)
        return (uint32_t)(value + other);
    if (second != 0)
        return (uint32_t)(second == 2 ? (value < other ? value : other)
                                      : (value > other ? value : other));
    return ((uint32_t)value << part_shift(part) & mask) | (c & ~mask);
}

/* vadd and its kin, vset, vshl, vshr. */
static void draw_scalar(struct video *video, uint64_t *random) {
    static const char *const names[] = {"vadd", "vsub", "vabsdiff", "vmin",
                                        "vmax", "vset", "vshl",     "vshr"};
    const unsigned operation = draw(random, 8);
    const bool is_set = operation == 5, is_shift = operation > 5;
    const unsigned d = draw(random, 2), a = draw(random, 2), b = is_shift ? 0 : draw(random, 2);
    const unsigned second = draw(random, 4), to = second ? 0 : draw(random, 7);
    const unsigned first_part = draw(random, 7), second_part = draw(random, 7);
    const bool saturates = !is_set && draw(random, 2), wraps = draw(random, 2);
    const unsigned comparison = draw(random, 6);
    const int64_t x = extend(video->a >> part_shift(first_part), part_bits(first_part), a);
    const int64_t y = extend(video->b >> part_shift(second_part), part_bits(second_part), b);
    const int64_t amount = wraps ? y & 31 : (y > 32 ? 32 : y);
    const double power = (double)(INT64_C(1) << (amount > 0 ? amount : 0));
    double exact = is_set ? holds(comparison, x, y) : 0;
    uint32_t low = (uint32_t)exact;
    if (operation < 5)
        low = (uint32_t)(int64_t)(exact = (double)apply(operation, x, y));
    if (operation == 6) {
        exact = (double)x * power;
        low = (uint32_t)((uint64_t)x << amount);
    }
    if (operation == 7)
        low = (uint32_t)(int64_t)(exact = (double)(x >> amount));
    const bool is_signed = !is_set && d;
    /* What a second operation sees of a result beyond a word that is not saturated is left open. */
    const bool is_open =
        second > 1 && !saturates &&
        (exact < (is_signed ? INT32_MIN : 0) || exact > (is_signed ? INT32_MAX : UINT32_MAX));
    const int64_t value =
        saturates ? clamp(exact, part_bits(to), is_signed) : extend(low, 32, is_signed);
    video->expected = finish(value, is_open ? 1 : second, to, video->c, is_signed);
    char middle[64];
    if (is_set)
        snprintf(middle, sizeof middle, "%s.%s.%s", types[a], types[b], comparisons[comparison]);
    else
        snprintf(middle, sizeof middle, "%s.%s.%s%s%s", types[d], types[a], types[b],
                 saturates ? ".sat" : "",
                 !is_shift ? ""
                 : wraps   ? ".wrap"
                           : ".clamp");
    snprintf(video->text, sizeof video->text, "%s.%s%s %%r1%s, %%r2%s, %%r3%s, %%r4;",
             names[operation], middle, is_open ? ".add" : seconds[second], parts[to],
             parts[first_part], parts[second_part]);
}

static void draw_multiply(struct video *video, uint64_t *random) {
    static const char *const scales[] = {"", ".shr7", ".shr15"};
    static const unsigned shifts[] = {0, 7, 15};
    const unsigned a = draw(random, 2), b = draw(random, 2), scale = draw(random, 3);
    const unsigned first_part = draw(random, 7), second_part = draw(random, 7);
    const unsigned mode = draw(random, 4); /* plain, .po, the product negated, or c */
    const bool saturates = draw(random, 2);
    const bool c_signed = a || b || mode == 2, is_signed = c_signed || mode == 3;
    const wide product =
        (wide)extend(video->a >> part_shift(first_part), part_bits(first_part), a) *
        extend(video->b >> part_shift(second_part), part_bits(second_part), b);
    const int64_t c = extend(video->c, 32, c_signed);
    wide sum = (mode == 2 ? -product : product) + (mode == 3 ? -c : c);
    sum = (sum + (mode == 1)) >> shifts[scale];
    const int64_t least = is_signed ? INT32_MIN : 0, most = is_signed ? INT32_MAX : UINT32_MAX;
    if (saturates)
        sum = sum < least ? least : sum > most ? most : sum;
    video->expected = (uint32_t)sum;
    snprintf(video->text, sizeof video->text, "vmad.%s.%s.%s%s%s%s %%r1, %s%%r2%s, %%r3%s, %s%%r4;",
             types[draw(random, 2)], types[a], types[b], mode == 1 ? ".po" : "",
             saturates ? ".sat" : "", scales[scale], mode == 2 ? "-" : "", parts[first_part],
             parts[second_part], mode == 3 ? "-" : "");
}

/* A selector of all elements at random; `number` of each goes to `chosen`. */
static void draw_selector(char *text, unsigned *chosen, unsigned count, uint64_t *random) {
    *text++ = '.';
    *text++ = count == 4 ? 'b' : 'h';
    for (unsigned i = count; i-- > 0;) {
        chosen[i] = draw(random, 2 * count);
        *text++ = (char)('0' + chosen[i]);
    }
    *text = '\0';
}

/* vadd4, vset2 and their kin. */
static void draw_packed(struct video *video, uint64_t *random) {
    static const char *const names[] = {"vadd", "vsub",  "vabsdiff", "vmin",
                                        "vmax", "vavrg", "vset"};
    const unsigned operation = draw(random, 7), count = draw(random, 2) ? 4 : 2;
    const unsigned bits = 32 / count, d = draw(random, 2), a = draw(random, 2), b = draw(random, 2),
                   comparison = draw(random, 6);
    const bool is_set = operation == 6, adds = draw(random, 2),
               saturates = !is_set && !adds && draw(random, 2), is_masked = draw(random, 2);
    const uint32_t element = (1u << bits) - 1;
    const uint64_t both = (uint64_t)video->b << 32 | video->a;
    unsigned from_a[4], from_b[4], mask = is_masked ? 1 + draw(random, (1u << count) - 1) : 15;
    char first[8], second[8], to[8] = ".b";
    draw_selector(first, from_a, count, random);
    draw_selector(second, from_b, count, random);
    size_t length = 2;
    to[1] = count == 4 ? 'b' : 'h';
    for (unsigned i = count; i-- > 0;)
        if (mask >> i & 1)
            to[length++] = (char)('0' + i);
    to[is_masked ? length : 0] = '\0';
    uint32_t sum = video->c, merged = video->c;
    for (unsigned i = 0; i < count; i++) {
        const int64_t x = extend((uint32_t)(both >> from_a[i] * bits), bits, a);
        const int64_t y = extend((uint32_t)(both >> from_b[i] * bits), bits, b);
        int64_t value = is_set ? holds(comparison, x, y) : apply(operation, x, y);
        if (saturates)
            value = clamp((double)value, bits, d);
        if (mask >> i & 1) {
            sum += (uint32_t)value;
            merged = (merged & ~(element << i * bits)) | ((uint32_t)value & element) << i * bits;
        }
    }
    video->expected = adds ? sum : merged;
    char middle[32];
    snprintf(middle, sizeof middle, "%s.%s.%s", is_set ? types[a] : types[d],
             is_set ? types[b] : types[a], is_set ? comparisons[comparison] : types[b]);
    snprintf(video->text, sizeof video->text, "%s%u.%s%s%s %%r1%s, %%r2%s, %%r3%s, %%r4;",
             names[operation], count, middle, saturates ? ".sat" : "", adds ? ".add" : "", to,
             first, second);
}

/* Draws instructions into one kernel and runs them. */
static void check_drawn(struct bench *bench, uint64_t *random) {
    static void (*const draws[])(struct video *, uint64_t *) = {draw_scalar, draw_scalar,
                                                                draw_multiply, draw_packed};
    struct video drawn[DRAWN];
    char text[DRAWN * (LINE_BYTES + 160)];
    uint32_t results[DRAWN] = {0};
    size_t length = (size_t)snprintf(text, sizeof text,
                                     ".visible .entry k(.param .u64 p) { .reg .b32 %%r<5>; .reg "
                                     ".b64 %%rd<2>; ld.param.u64 %%rd1, [p];\n");
    for (size_t k = 0; k < DRAWN; k++) {
        struct video *video = &drawn[k];
        *video =
            (struct video){.a = draw_word(random), .b = draw_word(random), .c = draw_word(random)};
        draws[draw(random, 4)](video, random);
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "mov.b32 %%r2, %" PRIu32 "; mov.b32 %%r3, %" PRIu32
                                   "; mov.b32 %%r4, %" PRIu32 "; %s st.global.u32 [%%rd1+%zu], "
                                   "%%r1;\n",
                                   video->a, video->b, video->c, video->text, 4 * k);
    }
    snprintf(text + length, sizeof text - length, "ret; }\n");
    bench_must_load(bench, text);
    const uint64_t memory = bench_allocate(bench, NULL, sizeof results);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, results, memory, sizeof results), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, memory), MACHINE_OK);
    for (size_t k = 0; k < DRAWN; k++)
        if (results[k] != drawn[k].expected)
            fail_msg("%s of 0x%x, 0x%x, 0x%x is 0x%x, not 0x%x", drawn[k].text, drawn[k].a,
                     drawn[k].b, drawn[k].c, results[k], drawn[k].expected);
}

TEST_ON_BENCH(instructions_compute_what_the_isa_writes) {
    uint64_t random = 11;
    for (unsigned round = 0; round < ROUNDS; round++)
        check_drawn(*state, &random);
}

TEST_ON_BENCH(operands_that_the_assembler_refuses) {
    static const char *const refused[] = {
        "vadd.u32.u32.u32.add %r1.b0, %r2, %r3, %r4;",
        "vadd.u32.u32.u32 %r1.b1, %r2, %r3;",
        "vadd.u32.u32.u32 %r1, %r2.b4, %r3;",
        "vadd.u32.u32.u32 %r1, %r2.h2, %r3;",
        "vadd.u32.u32.u32 %r1, %r2.h10, %r3;",
        "add.u32 %r1, %r2.b1, %r3;",
        "add.u32 %r1.b0, %r2, %r3;",
        "vadd.u32.u32.u32 %r1, -%r2, %r3;",
        "vadd.u32.u32.u32 %r1, %r2, -%r3;",
        "vadd.u32.u32.u32 %r1, -%r2, -5;",
        "vadd.u32.u32.u32.add %r1, -%r2, -%r3, -%r4;",
        "vadd4.u32.u32.u32 %r1, -%r2, %r3, %r4;",
        "vadd.u32.u32.u32 -%r1.b0, -%r2, %r3, %r4;",
        "add.u32 %r1, -%r2, %r3;",
        "vmad.u32.u32.u32 %r1.b0, %r2, %r3, %r4;",
        "vmad.u32.u32.u32 %r1, %r2, %r3, %r4.b0;",
        "vmad.u32.u32.u32.po %r1, -%r2, %r3, %r4;",
        "vmad.u32.u32.u32 %r1, -%r2, %r3, -%r4;",
        "vadd2.s32.s32.s32 %r1, %r2.h0, %r3, %r4;",
        "vadd2.s32.s32.s32 %r1.h01, %r2, %r3, %r4;",
        "vadd2.s32.s32.s32 %r1, %r2.h14, %r3, %r4;",
        "vadd2.s32.s32.s32 %r1, %r2.b33, %r3, %r4;",
        "vadd4.u32.u32.u32 %r1, %r2.b0, %r3, %r4;",
        "vadd4.u32.u32.u32 %r1.b01, %r2, %r3, %r4;",
        "vadd4.u32.u32.u32 %r1.b4, %r2, %r3, %r4;",
        "vadd4.u32.u32.u32 %r1, %r2, %r3.b32100, %r4;",
        "vadd4.u32.u32.u32 %r1, %r2, %r3, %r4.b0;",
    };
    static const char *const taken[] = {
        "vmad.u32.u32.u32 %r1, -%r2, -%r3, -%r4;",
        "vadd.u32.u32.u32 %r1.b0, %r2.b1, 7, %r4;",
        "vadd.s32.s32.s32 %r1, -%r2, -%r3;",
        "vmin.s32.s32.s32.max %r1, -%r2.b0, -%r3.h1, %r4;",
        "vshl.u32.u32.u32.clamp %r1, -%r2, -%r3;",
        "vset4.s32.s32.lt %r1, -%r2, -%r3, %r4;",
        "vadd.sat.u32.u32.u32 %r1, %r2, %r3;",
        "vmad.s32.s32.s32 %r1, %r2, -5, %r4;",
    };
    struct bench *bench = *state;
    char text[LINE_BYTES];
    for (size_t k = 0; k < sizeof refused / sizeof refused[0]; k++) {
        snprintf(text, sizeof text, ".visible .entry k() { .reg .b32 %%r<5>; %s ret; }\n",
                 refused[k]);
        if (bench_load(bench, text) != MACHINE_INVALID_PTX)
            fail_msg("%s is taken", refused[k]);
    }
    for (size_t k = 0; k < sizeof taken / sizeof taken[0]; k++) {
        snprintf(text, sizeof text, ".visible .entry k() { .reg .b32 %%r<5>; %s ret; }\n",
                 taken[k]);
        bench_must_load(bench, text);
    }
}
