/* Finds instructions of the arithmetic tables as the executor's decoder does. */
#include "tests/support/arithmetic_lookup.h"

#include "emulator/ptx/pattern.h"
#include "emulator/ptx/syntax.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 128 };

struct lookup lookup_in(enum arithmetic_isa isa, const char *mnemonic) {
    char text[TEXT_MAX];
    const char *modifiers[LOOKUP_CHOICES];
    struct syntax_instruction instruction = {.root = text, .modifiers = modifiers};
    struct lookup found = {.operation = NULL};
    struct pattern_fit fit;
    (void)snprintf(text, sizeof text, "%s", mnemonic);
    for (char *dot = strchr(text, '.'); dot; dot = strchr(dot + 1, '.')) {
        *dot = '\0';
        modifiers[instruction.modifier_count++] = dot + 1;
    }
    for (const struct lane_table *const *table = arithmetic_tables(isa); *table; table++) {
        for (unsigned row = 0; row < (*table)->count; row++) {
            if (pattern_match((*table)->rows[row].pattern, &instruction, false, &fit)) {
                found.operation = &(*table)->rows[row];
                memcpy(found.choice, fit.choice, sizeof found.choice);
                return found;
            }
        }
    }
    return found;
}

struct lookup lookup(const char *mnemonic) {
    return lookup_in(arithmetic_best_isa(), mnemonic);
}

bool lookup_can_run(enum arithmetic_isa isa) {
    return isa <= arithmetic_best_isa() && *arithmetic_tables(isa);
}

union value {
    struct lanes32 narrow;
    struct lanes64 wide;
    uint32_t predicate;
    int64_t constant;
};

static void fill(union value *value, char letter, uint64_t bits) {
    if (letter == 'p' || letter == 'c') {
        value->predicate = bits & 1 ? LANES_ALL : 0;
        return;
    }
    if (letter == 'i' || letter == 'v') {
        value->constant = letter == 'i' ? (int64_t)bits : 0;
        return;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (letter == 'd') {
            value->wide.at[lane] = bits;
        } else {
            value->narrow.at[lane] = (uint32_t)bits;
        }
    }
}

/* The value that all lanes share. */
static uint64_t read_back(const union value *value, char letter) {
    if (letter == 'p') {
        assert_true(value->predicate == 0 || value->predicate == LANES_ALL);
        return value->predicate & 1;
    }
    for (unsigned lane = 1; lane < LANES; lane++) {
        if (letter == 'd') {
            assert_int_equal(value->wide.at[lane], value->wide.at[0]);
        } else {
            assert_int_equal(value->narrow.at[lane], value->narrow.at[0]);
        }
    }
    return letter == 'd' ? value->wide.at[0] : value->narrow.at[0];
}

uint64_t lookup_value(const struct lookup *found, uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t bits[] = {a, b, c, c};
    union value sources[4];
    union value results[2];
    const void *from[] = {&sources[0], &sources[1], &sources[2], &sources[3]};
    void *to[] = {&results[0], &results[1]};
    const char *letter = strchr(found->operation->operands, '=') + 1;
    for (unsigned source = 0; source < sizeof bits / sizeof bits[0]; source++) {
        fill(&sources[source], *letter, bits[source]);
        letter += letter[1] == ',' ? 2 : 0; /* the last letter fills what is not read */
    }
    found->operation->function(to, from, found->choice);
    return read_back(&results[0], found->operation->operands[0]);
}

uint64_t ptx(const char *mnemonic, uint64_t a, uint64_t b, uint64_t c) {
    const struct lookup found = lookup(mnemonic);
    if (!found.operation) {
        fail_msg("no instruction %s", mnemonic);
    }
    return lookup_value(&found, a, b, c);
}

uint64_t lookup_random(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t mixed = *state;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}
