/* Textures and surfaces by name. */
#define TESTS_OWN_MAIN
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

/* Four floats in a row: 10, 11, 12 and 13. */
static struct machine_texture line(struct bench *bench) {
    const float texels[4] = {10, 11, 12, 13};
    return (struct machine_texture){.base = bench_allocate(bench, texels, sizeof texels),
                                    .row_bytes = sizeof texels,
                                    .plane_bytes = sizeof texels,
                                    .size = {4, 1, 1},
                                    .dimensions = 1,
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

static void bind(struct bench *bench, const char *name, bool is_surface, uint64_t handle) {
    uint64_t address;
    assert_int_equal(machine_find_reference(bench->module, name, is_surface, &address), MACHINE_OK);
    assert_int_equal(machine_write(bench->machine, address, &handle, sizeof handle), MACHINE_OK);
}

#define HEAD                                                                                       \
    ".global .texref image; .global .texref other; .global .surfref canvas;\n"                     \
    ".global .u64 number;\n"                                                                       \
    ".func (.param .b32 r) fetch(.param .b64 at) {\n"                                              \
    ".reg .f32 %f<9>; .reg .b64 %rd<4>; ld.param.b64 %rd1, [at]; mov.f32 %f1, 0f40000000;\n"       \
    "tex.1d.v4.f32.f32 {%f5,%f6,%f7,%f8}, [%rd1, {%f1}]; st.param.f32 [r], %f5; ret; }\n"
#define KERNEL(instructions)                                                                       \
    HEAD ".visible .entry k(.param .u64 to, .param .u64 handle) {\n"                               \
         ".reg .f32 %f<9>; .reg .b32 %r<9>; .reg .b64 %rd<4>; .reg .pred %p<4>;\n"                 \
         "ld.param.u64 %rd1, [to]; ld.param.u64 %rd2, [handle]; mov.f32 %f1, 0f40000000;\n"        \
         "mov.u32 %r1, 8;\n" instructions "\nst.global.f32 [%rd1], %f5; ret; }\n"
#define FETCH(from) "tex.1d.v4.f32.f32 {%f5,%f6,%f7,%f8}, [" from ", {%f1}];"

static float run(struct bench *bench, uint64_t handle) {
    float value = 0;
    const uint64_t to = bench_allocate(bench, NULL, sizeof value);
    if (LAUNCH(bench, "k", 1, 1, to, handle) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    assert_int_equal(machine_read(bench->machine, &value, to, sizeof value), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, to), MACHINE_OK);
    return value;
}

/* By the name, by its address, and by its address in a function. */
TEST(textures_are_read_by_name) {
    static const char *const texts[] = {
        KERNEL(FETCH("image")),
        KERNEL("mov.u64 %rd3, image; " FETCH("%rd3")),
        KERNEL("mov.u64 %rd3, image; { .param .b64 a; .param .b32 b; st.param.b64 [a], %rd3;\n"
               "call (b), fetch, (a); ld.param.f32 %f5, [b]; }"),
        KERNEL("suld.b.1d.b32.trap %r2, [canvas, {%r1}]; mov.b32 %f5, %r2;"),
        KERNEL("mov.u64 %rd3, canvas; suld.b.1d.b32.trap %r2, [%rd3, {%r1}]; mov.b32 %f5, %r2;"),
        KERNEL(FETCH("%rd2")),
    };
    struct bench *bench = *state;
    struct machine_texture texture = line(bench);
    const uint64_t as_texture = create(bench, &texture);
    texture.is_surface = true;
    const uint64_t as_surface = create(bench, &texture);
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        bench_must_load(bench, texts[k]);
        bind(bench, "image", false, as_texture);
        bind(bench, "canvas", true, as_surface);
        if (run(bench, as_texture) != 12)
            fail_msg("%g instead of 12: %s", (double)run(bench, as_texture), texts[k]);
    }
}

TEST(surfaces_are_written_by_name) {
    struct bench *bench = *state;
    struct machine_texture texture = line(bench);
    texture.is_surface = true;
    bench_must_load(bench,
                    KERNEL("mov.b32 %r2, 0f40a00000; sust.b.1d.b32.trap [canvas, {%r1}], %r2;"
                           "suld.b.1d.b32.trap %r3, [canvas, {%r1}]; mov.b32 %f5, %r3;"));
    bind(bench, "canvas", true, create(bench, &texture));
    assert_true(run(bench, 0) == 5);
}

TEST(references_tell_sizes_and_kinds) {
    struct bench *bench = *state;
    struct machine_texture texture = line(bench);
    const uint64_t as_texture = create(bench, &texture);
    texture.is_surface = true;
    bench_must_load(bench, KERNEL("txq.width.b32 %r2, [image]; suq.width.b32 %r3, [canvas];\n"
                                  "mov.u64 %rd3, canvas; suq.width.b32 %r4, [%rd3];\n"
                                  "istypep.surfref %p1, %rd3; selp.b32 %r5, 100, 0, %p1;\n"
                                  "mov.u64 %rd3, other; istypep.texref %p1, %rd3;\n"
                                  "selp.b32 %r6, 1000, 0, %p1; istypep.surfref %p1, %rd3;\n"
                                  "selp.b32 %r7, 5000, 0, %p1; add.u32 %r2, %r2, %r3;\n"
                                  "add.u32 %r2, %r2, %r4; add.u32 %r2, %r2, %r5;\n"
                                  "add.u32 %r2, %r2, %r6; add.u32 %r2, %r2, %r7;\n"
                                  "cvt.rn.f32.u32 %f5, %r2;"));
    bind(bench, "image", false, as_texture);
    bind(bench, "canvas", true, create(bench, &texture));
    assert_true(run(bench, 0) == 4 + 4 + 4 + 100 + 1000);
}

TEST(references_without_an_image_are_faults) {
    struct bench *bench = *state;
    const uint64_t to = bench_allocate(bench, NULL, 4);
    uint64_t address;
    size_t size;
    bench_must_load(bench, KERNEL(FETCH("image")));
    assert_int_equal(LAUNCH(bench, "k", 1, 1, to), MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->diagnostic.message, "no texture is bound to 'image'"));
    struct machine_texture surface = line(bench);
    surface.is_surface = true;
    bind(bench, "image", false, create(bench, &surface));
    assert_int_equal(LAUNCH(bench, "k", 1, 1, to), MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->diagnostic.message, "that of a surface"));
    assert_int_equal(machine_find_reference(bench->module, "image", true, &address),
                     MACHINE_NOT_FOUND);
    assert_int_equal(machine_find_reference(bench->module, "number", false, &address),
                     MACHINE_NOT_FOUND);
    assert_int_equal(machine_find_global(bench->module, "image", &address, &size),
                     MACHINE_NOT_FOUND);
}

/* Though it is a handle. */
TEST(a_number_in_memory_is_no_reference) {
    struct bench *bench = *state;
    const struct machine_texture texture = line(bench);
    const uint64_t handle = create(bench, &texture), to = bench_allocate(bench, NULL, 4);
    uint64_t address;
    size_t size;
    bench_must_load(bench, KERNEL("mov.u64 %rd3, number; " FETCH("%rd3")));
    assert_int_equal(machine_find_global(bench->module, "number", &address, &size), MACHINE_OK);
    assert_int_equal(machine_write(bench->machine, address, &handle, sizeof handle), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, to), MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->diagnostic.message, "the handle is of no texture"));
}

TEST(names_of_another_kind_are_refused) {
    static const char *const wrong[] = {KERNEL(FETCH("canvas")), KERNEL(FETCH("number")),
                                        KERNEL(FETCH("nothing")), KERNEL(FETCH("fetch")),
                                        KERNEL("suld.b.1d.b32.trap %r2, [image, {%r1}];")};
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++)
        if (bench_load(bench, wrong[k]) != MACHINE_INVALID_PTX)
            fail_msg("taken: %s", wrong[k]);
}

/* A handle may come as a parameter that is called a reference, whose value is read and not its
 * name. */
TEST(parameters_are_read_as_handles) {
    struct bench *bench = *state;
    const struct machine_texture texture = line(bench);
    bench_must_load(bench,
                    ".visible .entry k(.param .u64 to, .param .u64 .ptr .texref image) {\n"
                    ".reg .f32 %f<9>; .reg .b64 %rd<4>;\n"
                    "ld.param.u64 %rd1, [to]; ld.param.u64 %rd2, [image];\n"
                    "mov.f32 %f1, 0f40000000;\n" FETCH(
                        "%rd2") "st.global.f32 [%rd1], %f5; ret; }\n"
                                ".visible .entry by_name(.param .u64 to, .param .texref image) {\n"
                                ".reg .f32 %f<9>;\n" FETCH("image") " ret; }\n");
    assert_true(run(bench, create(bench, &texture)) == 12);
    assert_int_equal(LAUNCH(bench, "by_name", 1, 1), MACHINE_NOT_SUPPORTED);
    assert_non_null(strstr(bench->diagnostic.message, "textures by name"));
}

int main(void) {
    return tests_run(bench_setup, bench_teardown);
}
