/* Each counter on kernels whose counts are known by hand (docs/emulator.md, "Counters"). */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

enum { WORDS = 1 << 14 };

TEST_ON_KERNELS(strides_give_their_sectors) {
    static const struct {
        int stride;
        uint64_t sectors;
    } expected[] = {{0, 1}, {1, 4}, {2, 8}, {3, 12}, {8, 32}, {32, 32}};
    struct bench *bench = *state;
    const uint64_t from = bench_allocate(bench, NULL, WORDS * 4),
                   to = bench_allocate(bench, NULL, 4096);
    for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++) {
        struct {
            uint64_t from, to;
            int stride;
        } arguments = {from, to, expected[k].stride};
        assert_int_equal(bench_launch(bench, "strided_load", 1, 32, &arguments, sizeof arguments),
                         MACHINE_OK);
        assert_int_equal(bench->counters.global_load_requests, 1);
        assert_int_equal(bench->counters.global_load_sectors, expected[k].sectors);
        assert_int_equal(bench->counters.global_store_requests, 1);
        assert_int_equal(bench->counters.global_store_sectors, 4);
        assert_int_equal(bench->counters.bytes_touched, (expected[k].sectors + 4) * 32);
    }
}

TEST_ON_KERNELS(a_load_that_starts_within_a_sector_touches_one_more) {
    struct bench *bench = *state;
    const uint64_t from = bench_allocate(bench, NULL, WORDS * 4),
                   to = bench_allocate(bench, NULL, 4096);
    struct {
        uint64_t from, to;
        int stride;
    } arguments = {from + 4, to, 1};
    assert_int_equal(bench_launch(bench, "strided_load", 1, 32, &arguments, sizeof arguments),
                     MACHINE_OK);
    assert_int_equal(bench->counters.global_load_sectors, 5);
}

/* A range keeps a bit for each sector, 64 to a word: accesses before, across and behind the end of
 * the first word, side by side and 64 bytes apart. */
TEST_ON_KERNELS(sectors_count_wherever_they_lie_in_a_range) {
    static const struct {
        int stride;
        uint64_t sectors;
    } loads[] = {{1, 4}, {16, 32}, {32, 32}};
    struct bench *bench = *state;
    const uint64_t from = bench_allocate(bench, NULL, WORDS * 4),
                   to = bench_allocate(bench, NULL, 4096);
    for (size_t k = 0; k < sizeof loads / sizeof loads[0]; k++) {
        for (unsigned first = 0; first < 130; first++) {
            struct {
                uint64_t from, to;
                int stride;
            } arguments = {from + first * UINT64_C(32), to, loads[k].stride};
            assert_int_equal(
                bench_launch(bench, "strided_load", 1, 32, &arguments, sizeof arguments),
                MACHINE_OK);
            assert_int_equal(bench->counters.bytes_touched, (loads[k].sectors + 4) * 32);
        }
    }
}

TEST_ON_KERNELS(vectors_of_four_make_one_request_of_sixteen_sectors) {
    struct bench *bench = *state;
    const uint64_t from = bench_allocate(bench, NULL, WORDS * 4),
                   to = bench_allocate(bench, NULL, 4096);
    assert_int_equal(LAUNCH(bench, "vector_load", 1, 32, from, to), MACHINE_OK);
    assert_int_equal(bench->counters.global_load_requests, 1);
    assert_int_equal(bench->counters.global_load_sectors, 16);
    assert_int_equal(bench->counters.global_store_sectors, 16);
}

static void launch_square(struct bench *bench, const char *kernel, uint64_t from, uint64_t to) {
    const struct launch_arguments arguments = {.pointer = {from, to}};
    const struct machine_launch launch = {.function = machine_find_function(bench->module, kernel),
                                          .grid = {1, 1, 1},
                                          .block = {32, 32, 1},
                                          .parameters = &arguments,
                                          .parameter_bytes = sizeof arguments};
    assert_int_equal(machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic),
                     MACHINE_OK);
}

TEST_ON_KERNELS(a_transpose_conflicts_unless_it_is_padded) {
    struct bench *bench = *state;
    const uint64_t from = bench_allocate(bench, NULL, WORDS * 4),
                   to = bench_allocate(bench, NULL, WORDS * 4);
    launch_square(bench, "transpose_plain", from, to);
    assert_int_equal(bench->counters.shared_store_requests, 32);
    assert_int_equal(bench->counters.shared_load_requests, 32);
    assert_int_equal(bench->counters.shared_wavefronts, 32 + 32 * 32);
    assert_int_equal(bench->counters.shared_wavefronts_ideal, 64);
    launch_square(bench, "transpose_padded", from, to);
    assert_int_equal(bench->counters.shared_wavefronts, 64);
    assert_int_equal(bench->counters.shared_wavefronts_ideal, 64);
    assert_int_equal(bench->counters.barriers, 32);
}

/* Stores and loads of 16 bytes take four wavefronts each, of 8 bytes two. */
TEST_ON_KERNELS(wide_shared_accesses_go_by_halves_and_quarters) {
    struct bench *bench = *state;
    const uint64_t to = bench_allocate(bench, NULL, 4096);
    assert_int_equal(LAUNCH(bench, "shared_widths", 1, 32, to), MACHINE_OK);
    assert_int_equal(bench->counters.shared_wavefronts, 4 + 2 + 4 + 2);
    assert_int_equal(bench->counters.shared_wavefronts_ideal, 4 + 2 + 4 + 2);
}

TEST_ON_KERNELS(a_broadcast_is_one_wavefront) {
    struct bench *bench = *state;
    const uint64_t to = bench_allocate(bench, NULL, 4096);
    assert_int_equal(LAUNCH(bench, "broadcast", 1, 32, to), MACHINE_OK);
    assert_int_equal(bench->counters.shared_load_requests, 1);
    assert_int_equal(bench->counters.shared_wavefronts, 2);
}

static const char halves_ptx[] = ".visible .entry halves(.param .u64 to) {\n"
                                 ".reg .b64 %rd<4>; .reg .b32 %r<4>; .reg .pred %p<2>;\n"
                                 "ld.param.u64 %rd1, [to];\n"
                                 "mov.u32 %r1, %tid.x;\n"
                                 "mul.wide.u32 %rd2, %r1, 4;\n"
                                 "add.s64 %rd1, %rd1, %rd2;\n"
                                 "setp.lt.u32 %p1, %r1, 16;\n"
                                 "@%p1 bra LOW;\n"
                                 "mov.u32 %r2, 2;\n"
                                 "st.global.u32 [%rd1], %r2;\n"
                                 "bra JOIN;\n"
                                 "LOW: mov.u32 %r2, 1;\n"
                                 "st.global.u32 [%rd1], %r2;\n"
                                 "JOIN: st.global.u32 [%rd1+128], %r1;\n"
                                 "ret; }\n";

/* 6 instructions together, 3 and 2 apart, 2 together again. */
TEST_ON_KERNELS(divergent_halves_count_each_side_once) {
    struct bench *bench = *state;
    const uint64_t to = bench_allocate(bench, NULL, 4096);
    assert_int_equal(bench_load(bench, halves_ptx), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "halves", 1, 32, to), MACHINE_OK);
    assert_int_equal(bench->counters.warp_instructions, 6 + 3 + 2 + 2);
    assert_int_equal(bench->counters.thread_instructions, 6 * 32 + 3 * 16 + 2 * 16 + 2 * 32);
    assert_int_equal(bench->counters.branches, 2);
    assert_int_equal(bench->counters.divergent_branches, 1);
    assert_int_equal(bench->counters.global_store_requests, 3);
    assert_int_equal(bench->counters.global_store_sectors, 2 + 2 + 4);
    int values[64];
    assert_int_equal(machine_read(bench->machine, values, to, sizeof values), MACHINE_OK);
    for (int lane = 0; lane < 32; lane++) {
        assert_int_equal(values[lane], lane < 16 ? 1 : 2);
        assert_int_equal(values[lane + 32], lane);
    }
}

/* M = N = K = 64 in blocks of 32x32: each of 128 warps does 64 multiply-adds and stores one row. */
TEST_ON_KERNELS(a_gemm_counts_its_multiply_adds) {
    struct bench *bench = *state;
    enum { SIZE = 64 };
    const uint64_t a = bench_allocate(bench, NULL, SIZE * SIZE * 4),
                   b = bench_allocate(bench, NULL, SIZE * SIZE * 4);
    const uint64_t c = bench_allocate(bench, NULL, SIZE * SIZE * 4);
    const struct launch_arguments arguments = {{a, b, c}, {SIZE, SIZE, SIZE}};
    const struct machine_launch launch = {.function =
                                              machine_find_function(bench->module, "gemm_tiled"),
                                          .grid = {2, 2, 1},
                                          .block = {32, 32, 1},
                                          .parameters = &arguments,
                                          .parameter_bytes = sizeof arguments};
    assert_int_equal(machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic),
                     MACHINE_OK);
    assert_int_equal(bench->counters.fma_warp_instructions, 128 * 64);
    assert_int_equal(bench->counters.global_load_requests, 128 * 2 * 2);
    assert_int_equal(bench->counters.global_load_sectors, 128 * 2 * 2 * 4);
    assert_int_equal(bench->counters.global_store_sectors, 128 * 4);
    assert_int_equal(bench->counters.barriers, 128 * 4);
    assert_int_equal(bench->counters.bytes_touched, 3 * SIZE * SIZE * 4);
    assert_int_equal(bench->counters.blocks, 4);
    assert_int_equal(bench->counters.warps, 128);
}

enum { SAMPLED_M = 168, SAMPLED_N = 232, SAMPLED_K = 64 };

static struct machine_counters sampled_gemm(struct bench *bench, uint64_t blocks, uint64_t c) {
    const uint64_t a = bench_allocate(bench, NULL, SAMPLED_M * SAMPLED_K * 4),
                   b = bench_allocate(bench, NULL, SAMPLED_K * SAMPLED_N * 4);
    const struct launch_arguments arguments = {{a, b, c}, {SAMPLED_M, SAMPLED_N, SAMPLED_K}};
    const struct machine_launch launch = {.function =
                                              machine_find_function(bench->module, "gemm_tiled"),
                                          .grid = {8, 6, 1},
                                          .block = {32, 32, 1},
                                          .parameters = &arguments,
                                          .parameter_bytes = sizeof arguments};
    struct machine_options options = bench_options(bench);
    struct machine_counters counters = {0};
    options.sample_blocks = blocks;
    machine_set_options(bench->machine, &options);
    assert_int_equal(machine_launch(bench->machine, &launch, &counters, &bench->diagnostic),
                     MACHINE_OK);
    return counters;
}

/* Tiles at the right and at the bottom are cut. All others are equal, and so are those of one
 * side. */
TEST_ON_KERNELS(equal_blocks_count_for_each_other) {
    struct bench *bench = *state;
    enum { BYTES = SAMPLED_M * SAMPLED_N * 4 };
    const uint64_t c = bench_allocate(bench, NULL, BYTES);
    static float result[SAMPLED_M * SAMPLED_N];
    memset(result, 0xff, sizeof result);
    assert_int_equal(machine_write(bench->machine, c, result, BYTES), MACHINE_OK);
    struct machine_counters sampled = sampled_gemm(bench, 3, c);
    assert_int_equal(machine_read(bench->machine, result, c, BYTES), MACHINE_OK);
    size_t untouched = 0;
    for (size_t k = 0; k < SAMPLED_M * SAMPLED_N; k++)
        untouched += result[k] != result[k]; /* not a number */
    assert_in_range(untouched, SAMPLED_M * SAMPLED_N / 2, SAMPLED_M * SAMPLED_N - 4000);
    const struct machine_counters all = sampled_gemm(bench, 0, c);
    const struct machine_counters many = sampled_gemm(bench, 1000, c);
    assert_memory_equal(&many, &all, sizeof all);
    assert_in_range(sampled.bytes_touched, all.bytes_touched / 2, all.bytes_touched);
    assert_int_equal(all.blocks_executed, 48);
    assert_int_equal(sampled.blocks_executed, 3 + 3 + 3 + 1);
    sampled.bytes_touched = all.bytes_touched;
    sampled.blocks_executed = all.blocks_executed;
    assert_memory_equal(&sampled, &all, sizeof all);
}

/* Of 64 blocks and more the first one runs alone: 32 rows of a, 32 columns of b and its own
 * tile. */
TEST_ON_KERNELS(the_first_block_tells_what_it_touches) {
    struct bench *bench = *state;
    enum { SIDE = 256, DEPTH = 64 };
    const uint64_t a = bench_allocate(bench, NULL, SIDE * DEPTH * 4),
                   b = bench_allocate(bench, NULL, SIDE * DEPTH * 4),
                   c = bench_allocate(bench, NULL, SIDE * SIDE * 4);
    const struct launch_arguments arguments = {{a, b, c}, {SIDE, SIDE, DEPTH}};
    struct machine_launch launch = {.function = machine_find_function(bench->module, "gemm_tiled"),
                                    .grid = {8, 8, 1},
                                    .block = {32, 32, 1},
                                    .parameters = &arguments,
                                    .parameter_bytes = sizeof arguments};
    struct machine_options options = bench_options(bench);
    for (uint64_t sampled = 0; sampled <= 3; sampled += 3) {
        struct machine_counters counters;
        options.sample_blocks = sampled;
        machine_set_options(bench->machine, &options);
        launch.grid[1] = 8;
        assert_int_equal(machine_launch(bench->machine, &launch, &counters, &bench->diagnostic),
                         MACHINE_OK);
        assert_int_equal(counters.block_bytes_touched, (2 * 32 * DEPTH + 32 * 32) * 4);
        assert_int_equal(counters.fma_warp_instructions, 64 * 32 * DEPTH);
        launch.grid[1] = 7; /* too few */
        assert_int_equal(machine_launch(bench->machine, &launch, &counters, &bench->diagnostic),
                         MACHINE_OK);
        assert_int_equal(counters.block_bytes_touched, 0);
    }
}

TEST_ON_KERNELS(counters_have_names) {
    size_t count;
    const struct machine_counter_name *names = machine_counter_names(&count);
    assert_int_equal(count * sizeof(uint64_t), sizeof(struct machine_counters));
    for (size_t k = 0; k < count; k++)
        assert_true(names[k].offset < sizeof(struct machine_counters) && names[k].name[0]);
}
