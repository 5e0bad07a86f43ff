/* Fat binaries, LZ4 blocks and handles: the parts of the emulated driver that need no device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/state/handles.h"
#include "emulator/ptx/fatbin.h"
#include "emulator/ptx/lz4.h"
#include "tests/support/test.h"

/* Tests run in the root of the repository. */
#define TEST_PTX "tests/data/ptx"

/* ---- LZ4 ---- */

TEST(lz4_literals_and_matches) {
    /* 3 literals "abc", a match of 9 from 3 back; then 5 literals. */
    static const unsigned char block[] = {0x35, 'a', 'b', 'c', 3, 0, 0x50, 'v', 'w', 'x', 'y', 'z'};
    unsigned char out[17] = "";
    assert_true(lz4_decode(block, sizeof block, out, sizeof out));
    assert_memory_equal(out, "abcabcabcabcvwxyz", sizeof out);
}

TEST(lz4_long_lengths) {
    /* 1 literal, a match of 4 + 15 + 255 + 0 from 1 back, then nothing but a last literal. */
    static const unsigned char block[] = {0x1F, 'q', 1, 0, 255, 0, 0x10, 'r'};
    unsigned char out[1 + 274 + 1];
    assert_true(lz4_decode(block, sizeof block, out, sizeof out));
    for (size_t i = 0; i + 1 < sizeof out; i++)
        assert_int_equal(out[i], 'q');
    assert_int_equal(out[sizeof out - 1], 'r');
}

TEST(lz4_malformed_blocks_are_refused) {
    static const struct {
        unsigned char bytes[8];
        size_t size, room;
    } blocks[] = {
        {{0x30, 'a', 'b'}, 3, 3},                   /* literals end early */
        {{0xF0}, 1, 40},                            /* the length ends early */
        {{0x10, 'a', 1}, 3, 8},                     /* the offset ends early */
        {{0x10, 'a', 2, 0, 0x10, 'b'}, 6, 6},       /* a match from before the beginning */
        {{0x10, 'a', 0, 0, 0x10, 'b'}, 6, 6},       /* offset 0 */
        {{0x1F, 'a', 1, 0, 200, 0x10, 'b'}, 7, 20}, /* more than there is room for */
        {{0x20, 'a', 'b'}, 3, 3},                   /* less than was promised */
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        unsigned char *out = malloc(blocks[i].room); /* exact, so that ASan sees an overrun */
        assert_non_null(out);
        assert_false(lz4_decode(blocks[i].bytes, blocks[i].size, out, blocks[i].room));
        free(out);
    }
}

/* Whatever the bytes, the decoder ends and stays inside its buffers. */
TEST(lz4_noise_is_survived) {
    uint32_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        unsigned char block[40], out[64];
        for (size_t i = 0; i < sizeof block; i++) {
            seed = seed * 1664525U + 1013904223U;
            block[i] = (unsigned char)(seed >> (i % 3 ? 24 : 28));
        }
        memset(out, 0xA5, sizeof out);
        (void)lz4_decode(block, sizeof block, out, sizeof out - 8);
        for (size_t i = sizeof out - 8; i < sizeof out; i++)
            assert_int_equal(out[i], 0xA5);
    }
}

/* ---- Fat binaries: every cut of a real one is refused or understood, never overrun ---- */

TEST(fat_binaries_may_be_cut_anywhere) {
    FILE *file = fopen(TEST_PTX "/driver_lz4.fatbin", "rb");
    static unsigned char image[65536];
    assert_non_null(file);
    size_t size = fread(image, 1, sizeof image, file);
    assert_int_equal(fclose(file), 0);
    unsigned found = 0;
    for (size_t cut = 16; cut <= size; cut += 7) {
        struct fatbin_ptx ptx = {NULL, 0, 0, 0};
        char message[300] = "";
        uint64_t rest = cut - 16;
        unsigned char *copy = malloc(cut);
        assert_non_null(copy);
        memcpy(copy, image, cut);
        memcpy(copy + 8, &rest, sizeof rest);
        enum fatbin_status status = fatbin_find_ptx(copy, 80, &ptx, message, sizeof message);
        assert_true(status == FATBIN_OK || *message);
        found += status == FATBIN_OK;
        free(ptx.text);
        free(copy);
    }
    assert_true(found <= 3); /* only cuts that fall between two entries leave a whole container */
}

TEST(fat_binaries_offer_the_newest_that_fits) {
    static unsigned char image[65536];
    static const struct {
        unsigned device, chosen;
    } cases[] = {{75, 75}, {80, 80}, {86, 80}, {90, 90}, {120, 90}};
    FILE *file = fopen(TEST_PTX "/driver_plain.fatbin", "rb");
    assert_non_null(file);
    assert_true(fread(image, 1, sizeof image, file) > 0);
    assert_int_equal(fclose(file), 0);
    char message[300];
    struct fatbin_ptx ptx;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(fatbin_find_ptx(image, cases[i].device, &ptx, message, sizeof message),
                         FATBIN_OK);
        assert_int_equal(ptx.architecture, cases[i].chosen);
        assert_int_equal(strlen(ptx.text), ptx.length);
        free(ptx.text);
    }
    assert_int_equal(fatbin_find_ptx(image, 70, &ptx, message, sizeof message), FATBIN_NO_PTX);
    assert_non_null(strstr(message, "PTX for sm_75"));
    assert_non_null(strstr(message, "arch=compute_70,code=compute_70"));
}

/* Sets a bit in the flags of the entry for sm_90, where nvcc says what features the PTX asks
 * for. */
static void set_flag_of_90(unsigned char *image, uint64_t flag) {
    enum { HEADER = 16, SIZE_AT = 8, ARCHITECTURE_AT = 28, FLAGS_AT = 40 };
    uint64_t size, length, flags;
    uint32_t header, architecture;
    memcpy(&size, image + SIZE_AT, sizeof size);
    for (unsigned char *at = image + HEADER; at < image + HEADER + size; at += header + length) {
        memcpy(&header, at + 4, sizeof header);
        memcpy(&length, at + SIZE_AT, sizeof length);
        memcpy(&architecture, at + ARCHITECTURE_AT, sizeof architecture);
        memcpy(&flags, at + FLAGS_AT, sizeof flags);
        flags = architecture == 90 ? flags | flag : flags;
        memcpy(at + FLAGS_AT, &flags, sizeof flags);
    }
}

TEST(fat_binaries_keep_features_to_their_devices) {
    static const struct {
        uint64_t flag;
        unsigned device, chosen;
    } cases[] = {{0x100000, 90, 90}, {0x100000, 91, 80}, {0x100000, 120, 80}, {0x100000, 89, 80},
                 {0x200000, 90, 90}, {0x200000, 91, 90}, {0x200000, 120, 80}, {0x200000, 89, 80}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static unsigned char image[65536];
        FILE *file = fopen(TEST_PTX "/driver_plain.fatbin", "rb");
        assert_non_null(file);
        assert_true(fread(image, 1, sizeof image, file) > 0);
        assert_int_equal(fclose(file), 0);
        set_flag_of_90(image, cases[i].flag);
        char message[300];
        struct fatbin_ptx ptx;
        assert_int_equal(fatbin_find_ptx(image, cases[i].device, &ptx, message, sizeof message),
                         FATBIN_OK);
        assert_int_equal(ptx.architecture, cases[i].chosen);
        free(ptx.text);
        assert_int_equal(fatbin_find_ptx(image, 70, &ptx, message, sizeof message), FATBIN_NO_PTX);
        assert_non_null(strstr(message, cases[i].flag == 0x100000 ? "sm_90a" : "sm_90f"));
    }
}

/* ---- Handles ---- */

TEST(handles_die_with_their_objects) {
    struct handle_table table = {0};
    int first = 1, second = 2;
    void *one = handle_add(&table, HANDLE_STREAM, &first);
    void *two = handle_add(&table, HANDLE_EVENT, &second);
    assert_ptr_equal(handle_find(&table, HANDLE_STREAM, one), &first);
    assert_null(handle_find(&table, HANDLE_EVENT, one));
    assert_null(handle_find(&table, HANDLE_STREAM, &first));
    assert_null(handle_find(&table, HANDLE_STREAM, NULL));
    handle_remove(&table, one);
    assert_null(handle_find(&table, HANDLE_STREAM, one));
    void *again = handle_add(&table, HANDLE_STREAM, &first); /* takes the slot, not the handle */
    assert_ptr_not_equal(again, one);
    assert_null(handle_find(&table, HANDLE_STREAM, one));
    handle_remove(&table, one); /* nothing happens */
    assert_ptr_equal(handle_find(&table, HANDLE_STREAM, again), &first);
    assert_ptr_equal(handle_find(&table, HANDLE_EVENT, two), &second);
    handle_table_free(&table);
}

TEST(handles_are_walked_by_kind) {
    struct handle_table table = {0};
    int objects[200];
    uint32_t at = 0;
    unsigned seen = 0;
    for (int i = 0; i < 200; i++)
        assert_non_null(handle_add(&table, i % 2 ? HANDLE_EVENT : HANDLE_STREAM, &objects[i]));
    while (handle_next(&table, HANDLE_EVENT, &at))
        seen++;
    assert_int_equal(seen, 100);
    handle_table_free(&table);
}
