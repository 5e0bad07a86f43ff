/* Philox against its published vectors, and what is drawn from it. */
#include "common/random.h"
#include "tests/support/test.h"

#include <omp.h>
#include <string.h>

/* The philox4x32-10 lines of Random123's kat_vectors: zeros, ones, and the digits of pi. */
TEST(known_answers) {
    static const struct {
        uint32_t counter[4], key[2], words[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t words[4];
        philox_block(known[i].counter, known[i].key, words);
        assert_memory_equal(words, known[i].words, sizeof words);
    }
}

/* Counter {low, high, stream low, stream high}, key {seed low, seed high}, four words a block. */
TEST(words_are_numbered_through_the_blocks) {
    const uint64_t seed = 0x299f31d0a4093822, stream = 0x0370734413198a2e;
    const uint64_t block = 0x05a308d3243f6a88;
    const uint32_t counter[4] = {0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344};
    const uint32_t key[2] = {0xa4093822, 0x299f31d0};
    uint32_t words[4];
    philox_block(counter, key, words);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(random_word(seed, stream, 4 * block + i), words[i]);
}

enum { COUNT = 1003 }; /* no multiple of four */

TEST(a_fill_is_the_same_on_any_number_of_threads) {
    float one[COUNT + 1], four[COUNT + 1];
    one[COUNT] = four[COUNT] = 77.0F;
    omp_set_num_threads(1);
    random_fill(one, COUNT, 42, 7, -1.0F, 1.0F);
    omp_set_num_threads(4);
    random_fill(four, COUNT, 42, 7, -1.0F, 1.0F);
    assert_memory_equal(one, four, sizeof one);
    assert_true(one[COUNT] == 77.0F); /* nothing behind the end */
    for (uint64_t i = 0; i < COUNT; i++)
        assert_true(one[i] == random_uniform(42, 7, i, -1.0F, 1.0F));
}

static int count_equal(const float *a, const float *b) {
    int equal = 0;
    for (int i = 0; i < COUNT; i++)
        equal += a[i] == b[i];
    return equal;
}

TEST(seeds_and_streams_differ) {
    float first[COUNT], seed[COUNT], stream[COUNT];
    random_fill(first, COUNT, 42, 7, -1.0F, 1.0F);
    random_fill(seed, COUNT, 43, 7, -1.0F, 1.0F);
    random_fill(stream, COUNT, 42, 8, -1.0F, 1.0F);
    assert_in_range(count_equal(first, seed), 0, 2);
    assert_in_range(count_equal(first, stream), 0, 2);
    assert_in_range(count_equal(seed, stream), 0, 2);
}

/* Within the range, on both sides of its middle alike, and not one value over and over. */
TEST(uniform_fills_its_range) {
    float values[COUNT];
    random_fill(values, COUNT, 5, 0, -3.0F, 5.0F);
    int buckets[8] = {0};
    for (int i = 0; i < COUNT; i++) {
        assert_true(values[i] >= -3.0F && values[i] <= 5.0F);
        int bucket = (int)(values[i] + 3.0F);
        buckets[bucket < 8 ? bucket : 7]++;
    }
    for (int b = 0; b < 8; b++)
        assert_in_range(buckets[b], COUNT / 8 - 50, COUNT / 8 + 50); /* five deviations */
}

TEST(below_keeps_its_bound) {
    static const uint32_t bounds[] = {1, 2, 3, 10, 1000, 0x80000001u, UINT32_MAX};
    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++)
        for (uint64_t i = 0; i < 1000; i++)
            assert_true(random_below(9, b, i, bounds[b]) < bounds[b]);
    int seen[10] = {0};
    for (uint64_t i = 0; i < 1000; i++)
        seen[random_below(9, 0, i, 10)]++;
    for (int value = 0; value < 10; value++)
        assert_in_range(seen[value], 50, 150); /* five deviations */
}
