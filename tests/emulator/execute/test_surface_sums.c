/* sured.p: sums on surfaces whose coordinates count elements of the instruction's type, and whose
 * images say whether these have a sign. */
#define TESTS_OWN_MAIN
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <string.h>

/* %rd2 is the surface. */
#define KERNEL(instructions)                                                                       \
    ".visible .entry k(.param .u64 image) { .reg .b64 %rd<4>;\nld.param.u64 %rd2, [image];\n"      \
    "mov.u64 %rd3, 7;\n" instructions "\nret; }\n"

enum { WORDS = 8 };

static uint64_t create(struct bench *bench, const struct machine_texture *texture) {
    const uint64_t handle = machine_texture_create(bench->machine, texture);
    assert_true(handle);
    return handle;
}

/* All 32 lanes take part; the old value is nobody's. */
TEST(samples_are_added_to) {
    static const struct {
        const char *text;
        enum texel_format format;
        uint32_t first;
        unsigned changed; /* word */
        uint32_t wanted;
    } cases[] = {
        {KERNEL("sured.p.add.1d.b32.trap [%rd2, {2}], 3;"), TEXEL_U32, 10, 2, 10 + 32 * 3},
        {KERNEL("sured.p.min.1d.b32.trap [%rd2, {2}], -1;"), TEXEL_U32, 10, 2, 10},
        {KERNEL("sured.p.min.1d.b32.trap [%rd2, {2}], -1;"), TEXEL_S32, 10, 2, 0xffffffff},
        {KERNEL("sured.p.max.1d.b32.clamp [%rd2, {9}], -1;"), TEXEL_U32, 10, 7, 0xffffffff},
        {KERNEL("sured.p.max.1d.b32.clamp [%rd2, {9}], -1;"), TEXEL_S32, 10, 7, 10},
        {KERNEL("sured.p.and.1d.b32.zero [%rd2, {2}], 6;"), TEXEL_U32, 10, 2, 2},
        {KERNEL("sured.p.or.1d.b32.zero [%rd2, {2}], 6;"), TEXEL_U32, 10, 2, 14},
        {KERNEL("sured.p.or.1d.b32.zero [%rd2, {8}], 6;"), TEXEL_U32, 10, 2, 10},
        {KERNEL("sured.p.min.1d.b64.trap [%rd2, {2}], %rd3;"), TEXEL_U32, 0xfffffff0, 4, 7},
        {KERNEL("sured.p.max.1d.b64.trap [%rd2, {2}], %rd3;"), TEXEL_S32, 0xfffffff0, 4, 7},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        uint32_t words[WORDS];
        for (unsigned n = 0; n < WORDS; n++)
            words[n] = cases[k].first;
        const struct machine_texture texture = {.base = bench_allocate(bench, words, sizeof words),
                                                .size = {4, 1, 1},
                                                .dimensions = 1,
                                                .channels = 2,
                                                .format = cases[k].format,
                                                .is_surface = true};
        bench_must_load(bench, cases[k].text);
        assert_int_equal(LAUNCH(bench, "k", 1, 32, create(bench, &texture)), MACHINE_OK);
        assert_int_equal(machine_read(bench->machine, words, texture.base, sizeof words),
                         MACHINE_OK);
        const bool is_wide = strstr(cases[k].text, "1d.b64") != NULL;
        for (unsigned n = 0; n < WORDS; n++) {
            const uint32_t wanted = n == cases[k].changed                  ? cases[k].wanted
                                    : is_wide && n - 1 == cases[k].changed ? 0
                                                                           : cases[k].first;
            if (words[n] != wanted)
                fail_msg("word %u is %x, not %x, from %s", n, words[n], wanted, cases[k].text);
        }
    }
}

TEST(floats_are_a_fault) {
    struct bench *bench = *state;
    const struct machine_texture texture = {.base = bench_allocate(bench, NULL, 32),
                                            .size = {4, 1, 1},
                                            .dimensions = 1,
                                            .channels = 2,
                                            .format = TEXEL_F32,
                                            .is_surface = true};
    bench_must_load(bench, KERNEL("sured.p.add.1d.b32.trap [%rd2, {2}], 3;"));
    assert_int_equal(LAUNCH(bench, "k", 1, 32, create(bench, &texture)),
                     MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->diagnostic.message, "a surface of floats"));
}

int main(void) {
    return tests_run(bench_setup, bench_teardown);
}
