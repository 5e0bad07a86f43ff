/* Tensor maps that a kernel makes by itself: the bytes that the driver would have written, copies
 * by them, and values that there are not. */
#include "emulator/lanes/tensor_map.h"
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { COLUMNS = 64, ROWS = 8, PITCH = 256 };

/* %r1: a map in shared memory, zeros; %r2: a tile; %rd1: global memory for a map, %rd2 an input,
 * %rd3 an output. */
#define HEAD                                                                                       \
    ".visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c) {\n"                           \
    ".reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred %p<4>;\n"                                       \
    ".shared .align 1024 .b8 tile[1024]; .shared .align 128 .b8 map[128];\n"                       \
    ".shared .align 8 .b64 bar;\n"                                                                 \
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; ld.param.u64 %rd3, [c]; mov.u32 %r1, map;\n"  \
    "mov.u32 %r2, tile; mov.u32 %r3, bar; mov.u32 %r4, 0;\n"                                       \
    "EACH: add.u32 %r5, %r1, %r4; st.shared.u32 [%r5], 0; add.u32 %r4, %r4, 4;\n"                  \
    "setp.lt.u32 %p1, %r4, 128; @%p1 bra EACH;\n"
#define R "tensormap.replace.tile."
#define S ".shared::cta.b1024"
#define MAKE                                                                                       \
    R "global_address" S ".b64 [%r1], %rd2;\n" R "rank" S ".b32 [%r1], 1;\n" R "box_dim" S         \
      ".b32 [%r1], 0, 64;\n" R "box_dim" S ".b32 [%r1], 1, 8;\n" R "global_dim" S                  \
      ".b32 [%r1], 0, 128;\n" R "global_dim" S ".b32 [%r1], 1, 40;\n" R "global_stride" S          \
      ".b64 [%r1], 0, 256;\n" R "element_stride" S ".b32 [%r1], 0, 1;\n" R "element_stride" S      \
      ".b32 [%r1], 1, 1;\n" R "elemtype" S ".b32 [%r1], 10;\n" R "interleave_layout" S             \
      ".b32 [%r1], 0;\n" R "swizzle_mode" S ".b32 [%r1], 3;\n" R "fill_mode" S ".b32 [%r1], 1;\n"
#define PUBLISH                                                                                    \
    "tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned "      \
    "[%rd1], [%r1], 128;\nfence.proxy.tensormap::generic.acquire.gpu [%rd1], 128;\n"
#define COPY                                                                                       \
    "mbarrier.init.shared.b64 [%r3], 1; mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r3], "      \
    "1024;\ncp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "     \
    "[%r2], [%rd1, {16, 3}], [%r3];\n"                                                             \
    "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r3], 0; @!%p1 bra WAIT;\n"              \
    "mov.u32 %r4, 0;\n"                                                                            \
    "NEXT: add.u32 %r5, %r2, %r4; ld.shared.u32 %r6, [%r5]; cvt.u64.u32 %rd4, %r4;\n"              \
    "add.u64 %rd4, %rd4, %rd3; st.global.u32 [%rd4], %r6; add.u32 %r4, %r4, 4;\n"                  \
    "setp.lt.u32 %p1, %r4, 1024; @%p1 bra NEXT;\n"

TEST_ON_BLACKWELL(a_kernel_makes_what_the_driver_makes) {
    struct bench *bench = *state;
    static uint16_t from[PITCH / 2 * 40], to[ROWS * COLUMNS];
    for (size_t k = 0; k < sizeof from / sizeof from[0]; k++)
        from[k] = (uint16_t)(k + 1);
    struct tensor_map made;
    const uint64_t map = bench_allocate(bench, NULL, sizeof made);
    const uint64_t input = bench_allocate(bench, from, sizeof from);
    const uint64_t output = bench_allocate(bench, NULL, sizeof to);
    const struct tensor_map expected = {.magic = TENSOR_MAP_MAGIC,
                                        .rank = 2,
                                        .element = TENSOR_BF16,
                                        .swizzle = 128,
                                        .fills_nan = 1,
                                        .address = input,
                                        .stride = {2, PITCH},
                                        .size = {128, 40},
                                        .box = {COLUMNS, ROWS},
                                        .step = {1, 1}};
    struct machine_options options = bench_options(bench);
    options.check_race = options.check_init = true;
    machine_set_options(bench->machine, &options);
    bench_must_load(bench, HEAD MAKE PUBLISH COPY "ret; }\n");
    if (LAUNCH(bench, "k", 1, 1, map, input, output) != MACHINE_OK)
        fail_msg("%s", bench->log);
    assert_int_equal(machine_read(bench->machine, &made, map, sizeof made), MACHINE_OK);
    assert_memory_equal(&made, &expected, sizeof made);
    assert_int_equal(machine_read(bench->machine, to, output, sizeof to), MACHINE_OK);
    for (size_t row = 0; row < ROWS; row++)
        for (size_t column = 0; column < COLUMNS; column++)
            assert_int_equal(to[row * COLUMNS + (column ^ row * 8)],
                             from[(row + 3) * PITCH / 2 + 16 + column]);
}

TEST_ON_BLACKWELL(a_map_in_global_memory_is_changed) {
    struct bench *bench = *state;
    struct tensor_map map = {.magic = TENSOR_MAP_MAGIC, .rank = 1, .stride = {4}}, changed;
    const uint64_t at = bench_allocate(bench, &map, sizeof map);
    bench_must_load(
        bench, HEAD
        "cvt.u64.u32 %rd5, %r1; cvta.shared.u64 %rd5, %rd5;\n" R
        "rank.global.b1024.b32 [%rd1], 4;\n" R "global_dim.b1024.b32 [%rd1], 4, 7;\n" R
        "box_dim.b1024.b32 [%rd5], 4, 5;\n" R "global_stride.global.b1024.b64 [%rd1], 3, 4096;\n" R
        "elemtype.global.b1024.b32 [%rd1], 15;\n" R "swizzle_mode.global.b1024.b32 [%rd1], 3;\n" R
        "swizzle_atomicity.global.b1024.b32 [%rd1], 3;\nret; }\n");
    if (LAUNCH(bench, "k", 1, 1, at, (uint64_t)0, (uint64_t)0) != MACHINE_OK)
        fail_msg("%s", bench->log);
    assert_int_equal(machine_read(bench->machine, &changed, at, sizeof changed), MACHINE_OK);
    map.rank = 5;
    map.size[4] = 7;
    map.stride[4] = 4096;
    map.element = TENSOR_U6_SPREAD;
    map.stride[0] = 1;
    map.swizzle = 128;
    map.doubled = 2;
    assert_memory_equal(&changed, &map, sizeof map);
}

TEST_ON_BLACKWELL(what_there_is_not_is_refused) {
    static const struct {
        const char *statement, *said;
    } cases[] = {
        {R "rank" S ".b32 [%r1], 5;\n", "no such value"},
        {R "elemtype" S ".b32 [%r1], 16;\n", "no such value"},
        {R "interleave_layout" S ".b32 [%r1], 1;\n", "the emulator lacks it"},
        {R "swizzle_mode" S ".b32 [%r1], 4;\n", "the emulator lacks it"},
        {R "swizzle_atomicity" S ".b32 [%r1], 2;\n", "the emulator lacks it"},
        {R "fill_mode" S ".b32 [%r1], 2;\n", "no such value"},
        {R "box_dim" S ".b32 [%r1], 5, 1;\n", "no such value"},
        {R "box_dim" S ".b32 [%r1], 0, 257;\n", "no such value"},
        {R "global_stride" S ".b64 [%r1], 4, 16;\n", "no such value"},
        {R "global_stride" S ".b64 [%r1], 0, 8;\n", "no such value"},
        {R "element_stride" S ".b32 [%r1], 0, 9;\n", "no such value"},
        {"st.shared.u32 [%r1], 5;\n" R "rank" S ".b32 [%r1], 1;\n", "no tensor map lies there"},
        {R "rank" S ".b32 [%r1+64], 1;\n", "misaligned"},
        {R "rank.global.b1024.b32 [%rd1], 1;\n", "128 bytes at a multiple of 128"},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char text[4096];
        snprintf(text, sizeof text, "%s%sret; }\n", HEAD, cases[k].statement);
        bench_must_load(bench, text);
        bench->log[0] = '\0';
        assert_true(LAUNCH(bench, "k", 1, 1, (uint64_t)64, (uint64_t)0, (uint64_t)0) != MACHINE_OK);
        if (strstr(bench->log, cases[k].said) == NULL)
            fail_msg("%s: '%s' should hold '%s'", cases[k].statement, bench->log, cases[k].said);
    }
}
