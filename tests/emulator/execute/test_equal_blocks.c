/* Sampled launches count what whole ones do, wherever blocks of a kind lie (docs/emulator.md). */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

/* Blocks stand for tiles row by row. Those that are last in their row, or in the last row, store
 * less; the grid may have several such planes, one behind the other. */
static const char tiles[] =
    ".visible .entry tiles(.param .u64 to, .param .u64 q, .param .u64 r, .param .u32 across,\n"
    "                      .param .u32 down) {\n"
    ".reg .b32 %r<12>; .reg .b64 %rd<4>; .reg .pred %p<4>;\n"
    "ld.param.u64 %rd1, [to]; ld.param.u32 %r1, [across]; ld.param.u32 %r2, [down];\n"
    "mov.u32 %r3, %ctaid.x; rem.u32 %r4, %r3, %r1; div.u32 %r5, %r3, %r1; rem.u32 %r5, %r5, %r2;\n"
    "sub.u32 %r6, %r1, 1; setp.eq.u32 %p1, %r4, %r6; @%p1 bra right;\n"
    "st.global.u32 [%rd1], %r3;\n"
    "right: sub.u32 %r6, %r2, 1; setp.eq.u32 %p2, %r5, %r6; @%p2 bra done;\n"
    "st.global.u32 [%rd1], %r3; st.global.u32 [%rd1], %r3;\n"
    "done: ret; }\n"
    /* The first blocks of a grid have one more round than the others, the first of these a half
     * one. */
    ".visible .entry rounds(.param .u64 to, .param .u64 q, .param .u64 r, .param .u32 whole) {\n"
    ".reg .b32 %r<12>; .reg .b64 %rd<4>; .reg .pred %p<4>;\n"
    "ld.param.u64 %rd1, [to]; ld.param.u32 %r1, [whole]; mov.u32 %r3, %ctaid.x;\n"
    "mov.u32 %r4, %tid.x; st.global.u32 [%rd1], %r3;\n"
    "setp.gt.u32 %p1, %r3, %r1; @%p1 bra done;\n"
    "setp.lt.u32 %p1, %r3, %r1; setp.lt.or.u32 %p2, %r4, 16, %p1; @!%p2 bra done;\n"
    "st.global.u32 [%rd1], %r3;\n"
    "done: ret; }\n"
    /* Three of ten blocks store, in no order. */
    ".visible .entry scattered(.param .u64 to) {\n"
    ".reg .b32 %r<12>; .reg .b64 %rd<4>; .reg .pred %p<4>;\n"
    "ld.param.u64 %rd1, [to]; mov.u32 %r3, %ctaid.x;\n"
    "mul.lo.u32 %r4, %r3, 2654435761; shr.u32 %r4, %r4, 16; rem.u32 %r4, %r4, 10;\n"
    "setp.ge.u32 %p1, %r4, 3; @%p1 bra done;\n"
    "st.global.u32 [%rd1], %r3;\n"
    "done: ret; }\n";

static struct machine_counters counted(struct bench *bench, const char *kernel, unsigned grid,
                                       const struct launch_arguments *arguments, uint64_t sample) {
    struct machine_options options = bench_options(bench);
    options.sample_blocks = sample;
    machine_set_options(bench->machine, &options);
    assert_int_equal(bench_launch(bench, kernel, grid, 32, arguments, sizeof *arguments),
                     MACHINE_OK);
    struct machine_counters counters = bench->counters;
    counters.bytes_touched = 0; /* scaled as one */
    return counters;
}

/* Gives how many blocks were executed. */
static uint64_t check_sampled(struct bench *bench, const char *kernel, unsigned grid,
                              const struct launch_arguments *arguments, uint64_t sample) {
    struct machine_counters all = counted(bench, kernel, grid, arguments, 0);
    const struct machine_counters some = counted(bench, kernel, grid, arguments, sample);
    all.blocks_executed = some.blocks_executed;
    if (memcmp(&some, &all, sizeof all) != 0)
        fail_msg("%s of %u, %d and %d, by %llu: %llu stores, and not %llu", kernel, grid,
                 arguments->number[0], arguments->number[1], (unsigned long long)sample,
                 (unsigned long long)some.global_store_requests,
                 (unsigned long long)all.global_store_requests);
    return some.blocks_executed;
}

TEST_ON_BENCH(tiles_in_one_dimension_have_their_edges) {
    struct bench *bench = *state;
    static const int sides[] = {1, 2, 3, 5, 8, 17, 32};
    enum { SIDES = sizeof sides / sizeof sides[0] };
    const uint64_t to = bench_allocate(bench, NULL, 4096);
    assert_int_equal(bench_load(bench, tiles), MACHINE_OK);
    for (int across = 0; across < SIDES; across++)
        for (int down = 0; down < SIDES; down++)
            for (int planes = 1; planes <= 3; planes++) {
                const struct launch_arguments arguments = {{to}, {sides[across], sides[down]}};
                const unsigned grid = (unsigned)(sides[across] * sides[down] * planes);
                check_sampled(bench, "tiles", grid, &arguments, 4);
                check_sampled(bench, "tiles", grid, &arguments, 16);
            }
    const struct launch_arguments large = {{to}, {96, 80}};
    assert_in_range(check_sampled(bench, "tiles", 96 * 80, &large, 16), 16 * 3, 16 * 4);
}

/* Where one kind of blocks ends and another begins is found by halves. */
TEST_ON_BENCH(parts_of_a_grid_are_told_apart) {
    struct bench *bench = *state;
    static const int whole[] = {0, 1, 63, 500, 998, 999, 2000};
    const uint64_t to = bench_allocate(bench, NULL, 4096);
    assert_int_equal(bench_load(bench, tiles), MACHINE_OK);
    for (size_t k = 0; k < sizeof whole / sizeof whole[0]; k++) {
        const struct launch_arguments arguments = {{to}, {whole[k]}};
        assert_in_range(check_sampled(bench, "rounds", 1000, &arguments, 16), 16, 64);
        check_sampled(bench, "rounds", 997, &arguments, 16);
    }
}

/* Then the sample stands for all. */
TEST_ON_BENCH(blocks_without_an_order_count_in_the_mean) {
    struct bench *bench = *state;
    const struct launch_arguments arguments = {{bench_allocate(bench, NULL, 4096)}, {0}};
    assert_int_equal(bench_load(bench, tiles), MACHINE_OK);
    const struct machine_counters all = counted(bench, "scattered", 4096, &arguments, 0);
    const struct machine_counters some = counted(bench, "scattered", 4096, &arguments, 256);
    assert_in_range(all.global_store_requests, 4096 * 28 / 100, 4096 * 32 / 100);
    assert_in_range(some.global_store_requests, 4096 * 24 / 100, 4096 * 36 / 100);
    assert_in_range(some.blocks_executed, 256, 800);
}
