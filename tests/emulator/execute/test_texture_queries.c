/* What textures and surfaces say of themselves. */
#define TESTS_OWN_MAIN
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

static uint32_t ask(struct bench *bench, uint64_t handle, const char *instructions) {
    char text[1024];
    uint32_t value = 0;
    (void)snprintf(text, sizeof text, "%s%s%s",
                   ".visible .entry k(.param .u64 to, .param .u64 image) {\n"
                   ".reg .b32 %r<9>; .reg .b64 %rd<4>; .reg .pred %p<4>;\n"
                   "ld.param.u64 %rd1, [to]; ld.param.u64 %rd2, [image];\n",
                   instructions, "\nst.global.u32 [%rd1], %r1; ret; }\n");
    bench_must_load(bench, text);
    const uint64_t to = bench_allocate(bench, NULL, sizeof value);
    if (LAUNCH(bench, "k", 1, 1, to, handle) != MACHINE_OK)
        fail_msg("%s\nin %s", bench->diagnostic.message, instructions);
    assert_int_equal(machine_read(bench->machine, &value, to, sizeof value), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, to), MACHINE_OK);
    return value;
}

/* Four texels in a row. */
static struct machine_texture image(struct bench *bench, enum texel_format format,
                                    uint8_t channels) {
    return (struct machine_texture){.base = bench_allocate(bench, NULL, 64),
                                    .size = {4, 1, 1},
                                    .dimensions = 1,
                                    .channels = channels,
                                    .format = format};
}

static uint64_t create(struct bench *bench, const struct machine_texture *texture) {
    const uint64_t handle = machine_texture_create(bench->machine, texture);
    assert_true(handle);
    return handle;
}

/* OpenCL's numbers, of tables 12 and 13 of the manual. */
TEST(channels_have_the_numbers_of_opencl) {
    static const struct {
        enum texel_format format;
        uint8_t channels;
        bool reads_elements;
        uint32_t type, order;
    } cases[] = {
        {TEXEL_U8, 1, false, 0x10d2, 0x10b0},  {TEXEL_U8, 2, true, 0x10da, 0x10b2},
        {TEXEL_U16, 4, false, 0x10d3, 0x10b5}, {TEXEL_U16, 1, true, 0x10db, 0x10b0},
        {TEXEL_S8, 1, false, 0x10d0, 0x10b0},  {TEXEL_S8, 1, true, 0x10d7, 0x10b0},
        {TEXEL_S16, 1, false, 0x10d1, 0x10b0}, {TEXEL_S16, 1, true, 0x10d8, 0x10b0},
        {TEXEL_U32, 1, true, 0x10dc, 0x10b0},  {TEXEL_S32, 2, true, 0x10d9, 0x10b2},
        {TEXEL_F16, 4, false, 0x10dd, 0x10b5}, {TEXEL_F32, 1, false, 0x10de, 0x10b0},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct machine_texture texture = image(bench, cases[k].format, cases[k].channels);
        texture.reads_elements = cases[k].reads_elements;
        const uint64_t handle = create(bench, &texture);
        assert_int_equal(ask(bench, handle, "txq.channel_data_type.b32 %r1, [%rd2];"),
                         cases[k].type);
        assert_int_equal(ask(bench, handle, "txq.channel_order.b32 %r1, [%rd2];"), cases[k].order);
    }
}

TEST(samplers_tell_how_they_read) {
    struct bench *bench = *state;
    struct machine_texture texture = image(bench, TEXEL_F32, 1);
    texture.address[0] = TEXTURE_MIRROR;
    texture.address[1] = TEXTURE_CLAMP;
    texture.address[2] = TEXTURE_BORDER;
    const uint64_t nearest = create(bench, &texture);
    texture.is_filtered = true;
    texture.address[0] = TEXTURE_WRAP;
    const uint64_t linear = create(bench, &texture);
    assert_int_equal(ask(bench, nearest, "txq.addr_mode_0.b32 %r1, [%rd2];"), 1);
    assert_int_equal(ask(bench, nearest, "txq.addr_mode_1.b32 %r1, [%rd2];"), 3);
    assert_int_equal(ask(bench, nearest, "txq.addr_mode_2.b32 %r1, [%rd2];"), 4);
    assert_int_equal(ask(bench, linear, "txq.addr_mode_0.b32 %r1, [%rd2];"), 0);
    assert_int_equal(ask(bench, nearest, "txq.filter_mode.b32 %r1, [%rd2];"), 0);
    assert_int_equal(ask(bench, linear, "txq.filter_mode.b32 %r1, [%rd2];"), 1);
    assert_int_equal(ask(bench, linear, "txq.num_samples.b32 %r1, [%rd2];"), 0);
}

TEST(surfaces_tell_what_they_hold) {
    struct bench *bench = *state;
    struct machine_texture surface = image(bench, TEXEL_U8, 4);
    surface.is_surface = true;
    const uint64_t handle = create(bench, &surface);
    assert_int_equal(ask(bench, handle, "suq.channel_data_type.b32 %r1, [%rd2];"), 0x10da);
    assert_int_equal(ask(bench, handle, "suq.channel_order.b32 %r1, [%rd2];"), 0x10b5);
    assert_int_equal(ask(bench, handle, "mov.u32 %r1, 9; suq.memory_layout.b32 %r1, [%rd2];"), 0);
    assert_int_equal(ask(bench, handle, "suq.width.b32 %r1, [%rd2];"), 4);
}

/* Bit 0: a texture, 1: a surface, 2: a sampler. */
#define KINDS                                                                                      \
    "istypep.texref %p1, %rd2; istypep.surfref %p2, %rd2; istypep.samplerref %p3, %rd2;"           \
    "selp.b32 %r1, 1, 0, %p1; selp.b32 %r2, 2, 0, %p2; selp.b32 %r3, 4, 0, %p3;"                   \
    "or.b32 %r1, %r1, %r2; or.b32 %r1, %r1, %r3;"

TEST(handles_are_of_a_kind) {
    struct bench *bench = *state;
    struct machine_texture texture = image(bench, TEXEL_F32, 1);
    const uint64_t as_texture = create(bench, &texture);
    texture.is_surface = true;
    const uint64_t as_surface = create(bench, &texture);
    assert_int_equal(ask(bench, as_texture, KINDS), 1);
    assert_int_equal(ask(bench, as_surface, KINDS), 2);
    assert_int_equal(ask(bench, 0, KINDS), 0);
    assert_int_equal(ask(bench, texture.base, KINDS), 0);
    assert_int_equal(machine_texture_destroy(bench->machine, as_texture), MACHINE_OK);
    assert_int_equal(ask(bench, as_texture, KINDS), 0);
}

int main(void) {
    return tests_run(bench_setup, bench_teardown);
}
