/*
 * Every row of the arithmetic tables, with every choice its pattern leaves, on special and random
 * values: the builds for AVX2 and AVX-512 give the bits of the plain one.
 */
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <string.h>

enum { SLOTS = 24, ROUNDS = 24, GROUPS_MAX = 8 };

union slot {
    struct lanes32 narrow;
    struct lanes64 wide;
    uint32_t predicate;
    int64_t constant;
};

struct operands {
    char letters[SLOTS];
    unsigned count;
};

/* "w4=w4,w2,w4": one letter for each pointer on one side. */
static struct operands expand(const char *text, char end) {
    struct operands operands = {.count = 0};
    for (; *text != end && *text != '\0'; text++) {
        if (*text == ',') {
            continue;
        }
        const char letter = *text;
        unsigned repeat = 1;
        if (text[1] >= '1' && text[1] <= '9') {
            repeat = (unsigned)(*++text - '0');
        }
        while (repeat--) {
            operands.letters[operands.count++] = letter;
        }
    }
    return operands;
}

/* The bits of values that are special in some type, in turn with random ones of all magnitudes. */
static uint64_t pick(uint64_t *state, char letter) {
    static const uint32_t special32[] = {
        0,          0x80000000, 1,          0xffffffff, 0x7f800000, 0xff800000, 0x7fffffff,
        0x7f7fffff, 0x00800000, 0x007fffff, 0x3f800000, 0xbf800000, 0x3f000000, 0x4b000000,
        0x4f000000, 0xcf000000, 0x7c003c00, 0x80017bff, 0x0000ffff, 0x7fff8000, 0x3c003e00};
    static const uint64_t special64[] = {0,
                                         0x8000000000000000,
                                         1,
                                         0xffffffffffffffff,
                                         0x7ff0000000000000,
                                         0xfff8000000000000,
                                         0x7ff0000000000123,
                                         0x3ff0000000000000,
                                         0x0010000000000000,
                                         0x43e0000000000000,
                                         0x41dfffffffe00000,
                                         0x7fefffffffffffff};
    const uint64_t random = lookup_random(state);
    if (random % 3 == 0) {
        const size_t index = (size_t)(random >> 8);
        return letter == 'd' ? special64[index % (sizeof special64 / sizeof special64[0])]
                             : special32[index % (sizeof special32 / sizeof special32[0])];
    }
    return random % 3 == 1 ? random >> 4 >> (random & 63) % 60 : random >> 2;
}

static void fill(union slot *slot, char letter, uint64_t *state) {
    memset(slot, 0, sizeof *slot);
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint64_t bits = pick(state, letter);
        if (letter == 'd') {
            slot->wide.at[lane] = bits;
        } else if (letter == 'p' || letter == 'c') {
            slot->predicate = (uint32_t)bits;
        } else if (letter == 'i') {
            slot->constant = (int64_t)(bits & 0xff);
        } else {
            slot->narrow.at[lane] = (uint32_t)bits & (letter == 'h'   ? 0xffff
                                                      : letter == 'b' ? 0xff
                                                                      : 0xffffffff);
        }
    }
}

/* How many values each group of a pattern takes, and the first of them. */
struct groups {
    signed char first[GROUPS_MAX];
    signed char last[GROUPS_MAX];
    unsigned count;
};

static struct groups groups_of(const char *pattern) {
    struct groups groups = {.count = 0};
    while ((pattern = strpbrk(pattern, "[{")) != NULL) {
        const bool optional = *pattern == '[';
        const char *const end = strpbrk(pattern, optional ? "]" : "}");
        signed char last = 0;
        for (const char *at = pattern; at < end; at++) {
            last = (signed char)(last + (*at == ','));
        }
        groups.first[groups.count] = optional ? -1 : 0;
        groups.last[groups.count++] = last;
        pattern = end;
    }
    return groups;
}

/* Steps to the next combination of choices; false after the last. */
static bool next_choice(signed char choice[], const struct groups *groups) {
    for (unsigned group = 0; group < groups->count; group++) {
        if (choice[group] < groups->last[group]) {
            choice[group]++;
            return true;
        }
        choice[group] = groups->first[group];
    }
    return false;
}

static void compare_once(const struct lane_operation *plain, const struct lane_operation *other,
                         const signed char choice[], uint64_t *state) {
    static union slot sources[SLOTS];
    static union slot expected[SLOTS];
    static union slot actual[SLOTS];
    const struct operands results = expand(plain->operands, '=');
    const struct operands given = expand(strchr(plain->operands, '=') + 1, '\0');
    const void *from[SLOTS];
    void *to_expected[SLOTS];
    void *to_actual[SLOTS];
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        from[slot] = &sources[slot];
        to_expected[slot] = &expected[slot];
        to_actual[slot] = &actual[slot];
    }
    for (unsigned slot = 0; slot < given.count; slot++) {
        fill(&sources[slot], given.letters[slot], state);
    }
    memset(expected, 0, sizeof expected);
    memset(actual, 0, sizeof actual);
    plain->function(to_expected, from, choice);
    other->function(to_actual, from, choice);
    for (unsigned slot = 0; slot < results.count; slot++) {
        if (memcmp(&expected[slot].wide, &actual[slot].wide, sizeof expected[slot].wide) != 0) {
            fail_msg("%s: result %u differs between builds", plain->pattern, slot);
        }
    }
}

static void compare_row(const struct lane_operation *plain, const struct lane_operation *other,
                        uint64_t *state) {
    signed char choice[LOOKUP_CHOICES] = {0};
    const struct groups groups = groups_of(plain->pattern);
    assert_string_equal(plain->pattern, other->pattern);
    memcpy(choice, groups.first, sizeof groups.first);
    do {
        for (unsigned round = 0; round < ROUNDS; round++) {
            compare_once(plain, other, choice, state);
        }
    } while (next_choice(choice, &groups));
}

static void compare_build(enum arithmetic_isa isa) {
    const struct lane_table *const *plain = arithmetic_tables(ARITHMETIC_BASELINE);
    const struct lane_table *const *other = arithmetic_tables(isa);
    uint64_t state = 1;
    if (!lookup_can_run(isa)) {
        skip();
    }
    for (; *plain && *other; plain++, other++) {
        assert_int_equal((*plain)->count, (*other)->count);
        for (unsigned row = 0; row < (*plain)->count; row++) {
            compare_row(&(*plain)->rows[row], &(*other)->rows[row], &state);
        }
    }
    assert_true(!*plain && !*other);
}

TEST(avx2_build_gives_the_plain_bits) {
    compare_build(ARITHMETIC_AVX2);
}

TEST(avx512_build_gives_the_plain_bits) {
    compare_build(ARITHMETIC_AVX512);
}
