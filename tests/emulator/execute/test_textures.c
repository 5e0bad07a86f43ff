/* Textures and surfaces: which texels a place means, filters, what lies beyond, and wrong
 * handles. */
#define TESTS_OWN_MAIN
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

/* Kernels of four words of results, and two of places. */
#define KERNEL(instructions)                                                                       \
    ".visible .entry k(.param .u64 to, .param .u64 image, .param .u64 places) {\n"                 \
    ".reg .f32 %f<9>; .reg .b32 %r<9>; .reg .b64 %rd<4>; .reg .b16 %h<5>;\n"                       \
    "ld.param.u64 %rd1, [to]; ld.param.u64 %rd2, [image]; ld.param.u64 %rd3, [places];\n"          \
    "ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%rd3];\n"                                                \
    "ld.global.v4.b32 {%r1,%r2,%r3,%r4}, [%rd3];\n" instructions "\nret; }\n"
#define KEEP "st.global.v4.f32 [%rd1], {%f5,%f6,%f7,%f8};"

static enum machine_status launch(struct bench *bench, uint64_t handle, const void *place,
                                  float value[4]) {
    const uint64_t to = bench_allocate(bench, NULL, 16), places = bench_allocate(bench, place, 16);
    const enum machine_status status = LAUNCH(bench, "k", 1, 1, to, handle, places);
    assert_int_equal(machine_read(bench->machine, value, to, 16), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, to), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, places), MACHINE_OK);
    return status;
}

static void expect(struct bench *bench, uint64_t handle, float x, float y, float wanted) {
    const float place[4] = {x, y, 0, 0};
    float value[4];
    if (launch(bench, handle, place, value) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    if (value[0] != wanted)
        fail_msg("at (%g, %g): %.9g instead of %.9g", (double)x, (double)y, (double)value[0],
                 (double)wanted);
}

/* Four by two floats, 0 to 7, in rows of 64 bytes. */
static struct machine_texture plane(struct bench *bench) {
    float texels[2][16] = {{0, 1, 2, 3}, {4, 5, 6, 7}};
    return (struct machine_texture){.base = bench_allocate(bench, texels, sizeof texels),
                                    .row_bytes = 64,
                                    .plane_bytes = 128,
                                    .size = {4, 2, 1},
                                    .dimensions = 2,
                                    .channels = 1,
                                    .format = TEXEL_F32,
                                    .reads_elements = true,
                                    .address = {TEXTURE_CLAMP, TEXTURE_CLAMP, TEXTURE_CLAMP}};
}

static uint64_t create(struct bench *bench, const struct machine_texture *texture) {
    const uint64_t handle = machine_texture_create(bench->machine, texture);
    assert_true(handle);
    return handle;
}

#define FETCH_2D KERNEL("tex.2d.v4.f32.f32 {%f5,%f6,%f7,%f8}, [%rd2, {%f1,%f2}];" KEEP)

TEST(the_nearest_texel_is_the_one_below) {
    struct bench *bench = *state;
    struct machine_texture texture = plane(bench);
    const uint64_t nearest = create(bench, &texture);
    texture.is_normalised = true;
    const uint64_t normalised = create(bench, &texture);
    bench_must_load(bench, FETCH_2D);
    expect(bench, nearest, 0, 0, 0);
    expect(bench, nearest, 2.99F, 1, 6);
    expect(bench, nearest, -5, 9, 4);
    expect(bench, nearest, 1e30F, 0, 3);
    expect(bench, normalised, 0.5F, 0.75F, 6);
    expect(bench, normalised, 2, -1, 3);
}

TEST(a_filter_weighs_by_256ths) {
    struct bench *bench = *state;
    struct machine_texture texture = plane(bench);
    texture.is_filtered = true;
    const uint64_t handle = create(bench, &texture);
    bench_must_load(bench, FETCH_2D);
    expect(bench, handle, 0.5F, 0.5F, 0);
    expect(bench, handle, 1, 0.5F, 0.5F);
    expect(bench, handle, 1, 1, 2.5F);
    expect(bench, handle, 0.5F + 1.0F / 3, 0.5F, 85.0F / 256);
    expect(bench, handle, 0, 0, 0);
    expect(bench, handle, 4, 2, 7);
}

TEST(what_lies_beyond_is_what_the_mode_says) {
    struct bench *bench = *state;
    struct machine_texture texture = plane(bench);
    texture.is_normalised = true;
    bench_must_load(bench, FETCH_2D);
    texture.address[0] = TEXTURE_WRAP;
    uint64_t handle = create(bench, &texture);
    expect(bench, handle, 1.3F, 0, 1);
    expect(bench, handle, -0.1F, 0, 3);
    texture.address[0] = TEXTURE_MIRROR;
    handle = create(bench, &texture);
    expect(bench, handle, 1.1F, 0, 3);
    expect(bench, handle, -0.3F, 0, 1);
    texture.address[0] = TEXTURE_BORDER;
    texture.border[0] = 99;
    handle = create(bench, &texture);
    expect(bench, handle, -0.01F, 0, 99);
    expect(bench, handle, 1, 0, 99);
    texture.is_filtered = true;
    handle = create(bench, &texture);
    expect(bench, handle, 1, 0.25F, (99 + 3) / 2.0F);
    /* Without normalised coordinates nothing is repeated. */
    texture.is_filtered = texture.is_normalised = false;
    texture.address[0] = TEXTURE_WRAP;
    expect(bench, create(bench, &texture), 5, 0, 3);
}

TEST(integers_are_fractions_or_elements) {
    static const uint8_t bytes[4] = {255, 51, 128, 0};
    struct bench *bench = *state;
    struct machine_texture texture = {.base = bench_allocate(bench, bytes, sizeof bytes),
                                      .size = {1, 1, 1},
                                      .dimensions = 1,
                                      .channels = 4,
                                      .format = TEXEL_U8};
    const int32_t place[4] = {0};
    float value[4];
    bench_must_load(bench, KERNEL("tex.1d.v4.f32.s32 {%f5,%f6,%f7,%f8}, [%rd2, {%r1}];" KEEP));
    assert_int_equal(launch(bench, create(bench, &texture), place, value), MACHINE_OK);
    assert_true(value[0] == 1 && value[1] == 51 / 255.0F && value[3] == 0);
    texture.format = TEXEL_S8;
    assert_int_equal(launch(bench, create(bench, &texture), place, value), MACHINE_OK);
    assert_true(value[0] == -1 / 127.0F && value[1] == 51 / 127.0F && value[2] == -1);
    texture.reads_elements = true;
    assert_int_equal(launch(bench, create(bench, &texture), place, value), MACHINE_OK);
    int32_t elements[4];
    memcpy(elements, value, sizeof elements);
    assert_true(elements[0] == -1 && elements[1] == 51 && elements[2] == -128);
}

/* 32 bytes, as surfaces see them: four elements of two words. */
static struct machine_texture line(struct bench *bench) {
    uint32_t words[8];
    for (uint32_t k = 0; k < 8; k++)
        words[k] = 10 + k;
    return (struct machine_texture){.base = bench_allocate(bench, words, sizeof words),
                                    .size = {4, 1, 1},
                                    .dimensions = 1,
                                    .channels = 2,
                                    .format = TEXEL_U32,
                                    .is_surface = true};
}

TEST(surfaces_are_addressed_by_bytes) {
    struct bench *bench = *state;
    const struct machine_texture texture = line(bench);
    const uint64_t handle = create(bench, &texture);
    int32_t place[4] = {8, 0, 0, 0};
    uint32_t words[8];
    float value[4];
    bench_must_load(
        bench, KERNEL("suld.b.1d.v2.b32.trap {%r5,%r6}, [%rd2, {%r1}];"
                      "add.u32 %r5, %r5, 100; sust.b.1d.v2.b32.trap [%rd2, {%r1}], {%r5,%r6};"));
    assert_int_equal(launch(bench, handle, place, value), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, words, texture.base, sizeof words), MACHINE_OK);
    assert_int_equal(words[2], 112);
    assert_int_equal(words[3], 13);
    place[0] = 32;
    assert_int_equal(launch(bench, handle, place, value), MACHINE_INVALID_ADDRESS);
    assert_non_null(strstr(bench->diagnostic.message, "out-of-bounds access of a surface"));
    place[0] = 4;
    assert_int_equal(launch(bench, handle, place, value), MACHINE_MISALIGNED_ADDRESS);
}

/* All 32 lanes add to one word; the old value is nobody's. */
TEST(surfaces_are_added_to) {
    static const struct {
        const char *text;
        uint32_t first, wanted;
    } cases[] = {
        {KERNEL("sured.b.add.1d.u32.trap [%rd2, {%r1}], 3;"), 10, 10 + 32 * 3},
        {KERNEL("mov.u32 %r5, %tid.x; sured.b.max.1d.s32.trap [%rd2, {%r1}], %r5;"), 10, 31},
        {KERNEL("sured.b.min.1d.u32.clamp [%rd2, {%r1}], 4;"), 10, 4},
        {KERNEL("mov.u32 %r5, %tid.x; sured.b.or.1d.b32.trap [%rd2, {%r1}], %r5;"), 0, 31},
        {KERNEL("sured.b.and.1d.b32.zero [%rd2, {64}], 0;"), 10, 10},
    };
    struct bench *bench = *state;
    const struct machine_texture texture = line(bench);
    const uint64_t handle = create(bench, &texture);
    const int32_t place[4] = {4, 0, 0, 0};
    const uint64_t to = bench_allocate(bench, NULL, 16), places = bench_allocate(bench, place, 16);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        uint32_t word = cases[k].first;
        bench_must_load(bench, cases[k].text);
        assert_int_equal(machine_write(bench->machine, texture.base + 4, &word, 4), MACHINE_OK);
        assert_int_equal(LAUNCH(bench, "k", 1, 32, to, handle, places), MACHINE_OK);
        assert_int_equal(machine_read(bench->machine, &word, texture.base + 4, 4), MACHINE_OK);
        assert_int_equal(word, cases[k].wanted);
    }
    bench_must_load(bench, KERNEL("sured.b.add.1d.u32.trap [%rd2, {64}], 3;"));
    assert_int_equal(LAUNCH(bench, "k", 1, 32, to, handle, places), MACHINE_INVALID_ADDRESS);
}

/* A gradient chooses among mipmaps, and there is one. Several texels along an axis are not
 * taken. */
TEST(a_gradient_means_the_only_level) {
    static const char *const texts[] = {
        KERNEL("tex.grad.2d.v4.f32.f32 {%f5,%f6,%f7,%f8}, [%rd2, {%f1,%f2}], {%f3,%f3}, "
               "{%f4,%f4};" KEEP),
        KERNEL("tex.base.2d.v4.f32.f32 {%f5,%f6,%f7,%f8}, [%rd2, {%f1,%f2}];" KEEP)};
    struct bench *bench = *state;
    struct machine_texture texture = plane(bench);
    const float place[4] = {1, 1, 0, 0};
    float value[4];
    texture.is_filtered = true;
    const uint64_t handle = create(bench, &texture);
    texture.is_anisotropic = true;
    const uint64_t anisotropic = create(bench, &texture);
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        bench_must_load(bench, texts[k]);
        expect(bench, handle, 1, 1, 2.5F);
    }
    expect(bench, anisotropic, 1, 1, 2.5F);
    bench_must_load(bench, texts[0]);
    assert_int_equal(launch(bench, anisotropic, place, value), MACHINE_NOT_SUPPORTED);
    assert_non_null(strstr(bench->diagnostic.message, "maxAnisotropy"));
    assert_int_equal(bench_load(bench, KERNEL("tex.grad.2d.v4.f32.f32 {%f5,%f6,%f7,%f8}, "
                                              "[%rd2, {%f1,%f2}], {%f3}, {%f4,%f4};")),
                     MACHINE_INVALID_PTX);
}

/* By texel, and as the image's format has them. */
TEST(formatted_stores_convert) {
    static const struct {
        enum texel_format format;
        const char *text;
        uint8_t bytes[4];
        enum machine_status status;
    } cases[] = {
        {TEXEL_U8,
         KERNEL("sust.p.1d.v2.b32.trap [%rd2, {1}], {5,255};"),
         {9, 9, 5, 255},
         MACHINE_OK},
        {TEXEL_S8,
         KERNEL("sust.p.1d.v4.b32.zero [%rd2, {1}], {-2,127,3,4};"),
         {9, 9, 0xfe, 127},
         MACHINE_OK},
        {TEXEL_U8, KERNEL("sust.p.1d.b32.clamp [%rd2, {7}], 1;"), {9, 9, 1, 9}, MACHINE_OK},
        {TEXEL_U8,
         KERNEL("sust.p.1d.b32.trap [%rd2, {0}], 256;"),
         {9, 9, 9, 9},
         MACHINE_ILLEGAL_INSTRUCTION},
        {TEXEL_S8,
         KERNEL("sust.p.1d.b32.trap [%rd2, {0}], 128;"),
         {9, 9, 9, 9},
         MACHINE_ILLEGAL_INSTRUCTION},
        {TEXEL_U8,
         KERNEL("sust.p.1d.b32.trap [%rd2, {2}], 1;"),
         {9, 9, 9, 9},
         MACHINE_INVALID_ADDRESS},
        {TEXEL_F16,
         KERNEL("sust.p.1d.b32.trap [%rd2, {0}], 0x3f800000;"),
         {0, 0x3c, 9, 9},
         MACHINE_OK},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        uint8_t bytes[4] = {9, 9, 9, 9};
        struct machine_texture texture = line(bench);
        const int32_t place[4] = {0};
        float value[4];
        texture.base = bench_allocate(bench, bytes, sizeof bytes);
        texture.format = cases[k].format;
        texture.size[0] = cases[k].format == TEXEL_F16 ? 1 : 2;
        bench_must_load(bench, cases[k].text);
        assert_int_equal(launch(bench, create(bench, &texture), place, value), cases[k].status);
        assert_int_equal(machine_read(bench->machine, bytes, texture.base, sizeof bytes),
                         MACHINE_OK);
        assert_memory_equal(bytes, cases[k].bytes, sizeof bytes);
    }
}

TEST(images_tell_their_sizes) {
    struct bench *bench = *state;
    const struct machine_texture flat = plane(bench), surface = line(bench);
    const int32_t place[4] = {0};
    float value[4];
    bench_must_load(bench, KERNEL("txq.width.b32 %r1, [%rd2]; txq.height.b32 %r2, [%rd2];"
                                  "cvt.rn.f32.u32 %f5, %r1; cvt.rn.f32.u32 %f6, %r2;" KEEP));
    assert_int_equal(launch(bench, create(bench, &flat), place, value), MACHINE_OK);
    assert_true(value[0] == 4 && value[1] == 2);
    assert_int_equal(launch(bench, create(bench, &surface), place, value),
                     MACHINE_ILLEGAL_INSTRUCTION);
    bench_must_load(
        bench, KERNEL("txq.num_mipmap_levels.b32 %r1, [%rd2]; txq.level.height.b32 %r2, [%rd2], 0;"
                      "txq.normalized_coords.b32 %r3, [%rd2]; cvt.rn.f32.u32 %f5, %r1;"
                      "cvt.rn.f32.u32 %f6, %r2; cvt.rn.f32.u32 %f7, %r3;" KEEP));
    assert_int_equal(launch(bench, create(bench, &flat), place, value), MACHINE_OK);
    assert_true(value[0] == 1 && value[1] == 2 && value[2] == 0);
    bench_must_load(bench, KERNEL("txq.level.width.b32 %r1, [%rd2], 1;"));
    assert_int_equal(launch(bench, create(bench, &flat), place, value),
                     MACHINE_ILLEGAL_INSTRUCTION);
    bench_must_load(bench, KERNEL("suq.width.b32 %r1, [%rd2]; cvt.rn.f32.u32 %f5, %r1;" KEEP));
    assert_int_equal(launch(bench, create(bench, &surface), place, value), MACHINE_OK);
    assert_true(value[0] == 4);
    bench_must_load(bench, KERNEL("suq.height.b32 %r1, [%rd2];"));
    assert_int_equal(launch(bench, create(bench, &surface), place, value),
                     MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->diagnostic.message, "surface that has no height"));
}

TEST(surfaces_clamp_and_read_zeros_where_asked) {
    struct bench *bench = *state;
    const struct machine_texture texture = line(bench);
    const uint64_t handle = create(bench, &texture);
    const int32_t place[4] = {64, 0, 0, 0};
    float value[4];
    uint32_t word;
    bench_must_load(bench, KERNEL("suld.b.1d.b32.clamp %r5, [%rd2, {%r1}];"
                                  "st.global.u32 [%rd1], %r5;"));
    assert_int_equal(launch(bench, handle, place, value), MACHINE_OK);
    memcpy(&word, value, sizeof word);
    assert_int_equal(word, 17);
    bench_must_load(bench,
                    KERNEL("mov.u32 %r5, 1; suld.b.1d.b32.zero %r5, [%rd2, {%r1}];"
                           "sust.b.1d.b32.zero [%rd2, {%r1}], %r1; st.global.u32 [%rd1], %r5;"));
    assert_int_equal(launch(bench, handle, place, value), MACHINE_OK);
    memcpy(&word, value, sizeof word);
    assert_int_equal(word, 0);
}

TEST(wrong_handles_are_faults) {
    struct bench *bench = *state;
    const struct machine_texture texture = plane(bench);
    const uint64_t handle = create(bench, &texture);
    const float place[4] = {0};
    float value[4];
    bench_must_load(bench, FETCH_2D);
    assert_int_equal(launch(bench, 0, place, value), MACHINE_ILLEGAL_INSTRUCTION);
    assert_int_equal(launch(bench, handle + 1, place, value), MACHINE_ILLEGAL_INSTRUCTION);
    const struct machine_texture surface = line(bench);
    assert_int_equal(launch(bench, create(bench, &surface), place, value),
                     MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->diagnostic.message, "that of a surface"));
    bench_must_load(bench,
                    KERNEL("tex.3d.v4.f32.f32 {%f5,%f6,%f7,%f8}, [%rd2, {%f1,%f2,%f3,%f3}];"));
    assert_int_equal(launch(bench, handle, place, value), MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->diagnostic.message, "2 dimensions"));
    bench_must_load(bench, FETCH_2D);
    assert_int_equal(machine_free(bench->machine, texture.base), MACHINE_OK);
    assert_int_equal(launch(bench, handle, place, value), MACHINE_INVALID_ADDRESS);
    assert_non_null(strstr(bench->diagnostic.message, "was freed"));
    assert_int_equal(machine_texture_destroy(bench->machine, handle), MACHINE_OK);
    assert_int_equal(machine_texture_destroy(bench->machine, handle), MACHINE_INVALID_VALUE);
    assert_int_equal(launch(bench, handle, place, value), MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->diagnostic.message, "destroyed"));
}

TEST(malformed_accesses_are_refused) {
    static const char *const malformed[] = {
        KERNEL("tex.2d.v4.f32.f32 {%f5,%f6,%f7,%f8}, [%rd2, {%f1}];"),
        KERNEL("tex.2d.v4.f32.f32 {%f5,%f6,%f7}, [%rd2, {%f1,%f2}];"),
        KERNEL("tex.2d.v4.f32.f32 {%f5,%f6,%f7,%f8}, [%rd2];"),
        KERNEL("suld.b.1d.v4.b64.trap {%rd1,%rd1,%rd1,%rd1}, [%rd2, {%r1}];"),
        KERNEL("sust.b.1d.b32.trap [%rd2, {%r1,%r2,%r3}], %r1;"),
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof malformed / sizeof malformed[0]; k++)
        assert_int_equal(bench_load(bench, malformed[k]), MACHINE_INVALID_PTX);
}

int main(void) {
    return tests_run(bench_setup, bench_teardown);
}
