/* Caches, on kernels whose hits follow from their accesses (docs/emulator.md, "Caches"). */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { L1_BYTES = 64 << 10, L2_BYTES = 1 << 20, LINE = 128, SECTOR = 32, MULTIPROCESSORS = 4 };

/* Each block goes over `lines` lines, `rounds` times, a line with each warp instruction; the first
 * line of a block is `apart` lines behind that of the block before. */
static const char kernel[] =
    ".visible .entry sweep(.param .u64 data, .param .u32 lines, .param .u32 rounds,\n"
    "                      .param .u32 apart) {\n"
    ".reg .b32 %%r<12>; .reg .b64 %%rd<8>; .reg .pred %%p<4>;\n"
    "ld.param.u64 %%rd1, [data]; ld.param.u32 %%r1, [lines]; ld.param.u32 %%r2, [rounds];\n"
    "ld.param.u32 %%r9, [apart]; mov.u32 %%r8, %%ctaid.x; mul.lo.u32 %%r8, %%r8, %%r9;\n"
    "mul.wide.u32 %%rd3, %%r8, 128; add.u64 %%rd1, %%rd1, %%rd3;\n"
    "mov.u32 %%r3, %%tid.x; mul.wide.u32 %%rd2, %%r3, 4; add.u64 %%rd1, %%rd1, %%rd2;\n"
    "again: mov.u64 %%rd4, %%rd1; mov.u32 %%r4, %%r1;\n"
    "next: %s\n"
    "add.u64 %%rd4, %%rd4, 128; sub.u32 %%r4, %%r4, 1; setp.ne.u32 %%p1, %%r4, 0; @%%p1 bra next;\n"
    "sub.u32 %%r2, %%r2, 1; setp.ne.u32 %%p1, %%r2, 0; @%%p1 bra again;\n"
    "ret; }\n";

static const char load[] = "ld.global.u32 %r5, [%rd4];";

struct sweep {
    const char *instruction;
    unsigned grid;
    size_t bytes; /* of the data, which a block goes over */
    int rounds;
    size_t apart; /* bytes */
};

static struct machine_counters sweep_with(const struct sweep *sweep, unsigned host_threads,
                                          bool is_simulated, bool has_inline_ecc) {
    struct machine_properties properties = bench_properties;
    struct bench bench = {.printed_length = 0};
    char text[2048];
    properties.multiprocessors = MULTIPROCESSORS;
    properties.l1_bytes = L1_BYTES;
    properties.l2_bytes = L2_BYTES;
    properties.has_inline_ecc = has_inline_ecc;
    struct machine_options options;
    machine_options_default(&options);
    options.host_threads = host_threads;
    options.simulate_caches = is_simulated;
    bench.machine = machine_create(&properties, &options);
    assert_non_null(bench.machine);
    snprintf(text, sizeof text, kernel, sweep->instruction);
    if (bench_load(&bench, text) != MACHINE_OK)
        fail_msg("%s: %s", sweep->instruction, bench.diagnostic.message);
    struct {
        uint64_t data;
        int32_t lines, rounds, apart;
    } arguments = {
        bench_allocate(&bench, NULL, sweep->bytes + (sweep->grid - 1) * sweep->apart + LINE),
        (int32_t)(sweep->bytes / LINE), sweep->rounds, (int32_t)(sweep->apart / LINE)};
    assert_int_equal(bench_launch(&bench, "sweep", sweep->grid, 32, &arguments, sizeof arguments),
                     MACHINE_OK);
    const struct machine_counters counters = bench.counters;
    bench_close(&bench);
    return counters;
}

static struct machine_counters sweep_count(const struct sweep *sweep) {
    return sweep_with(sweep, 1, true, false);
}

static struct machine_counters sweep_count_with_ecc(const struct sweep *sweep) {
    return sweep_with(sweep, 1, true, true);
}

/* Nothing is used twice. */
TEST(a_stream_hits_nowhere) {
    const struct sweep sweep = {load, 8, 64 << 10, 1, 64 << 10};
    const struct machine_counters counters = sweep_count(&sweep);
    assert_int_equal(counters.l1_sectors, counters.global_load_sectors);
    assert_int_equal(counters.l1_sectors, 8 * (64 << 10) / SECTOR);
    assert_int_equal(counters.l2_sectors, counters.l1_sectors);
    assert_int_equal(counters.l1_hits, 0);
    assert_int_equal(counters.l2_hits, 0);
    assert_int_equal(counters.dram_read_bytes, 8 * (64 << 10));
    assert_int_equal(counters.dram_write_bytes, 0);
}

TEST(what_fits_hits_but_for_the_first_round) {
    const struct sweep sweep = {load, 1, 16 << 10, 10, 0};
    const struct machine_counters counters = sweep_count(&sweep);
    assert_int_equal(counters.l1_sectors, 10 * (16 << 10) / SECTOR);
    assert_int_equal(counters.l1_hits, counters.l1_sectors / 10 * 9);
    assert_int_equal(counters.l2_sectors, counters.l1_sectors / 10);
    assert_int_equal(counters.l2_hits, 0);
}

/* Going round more than fits, each line is gone when its turn comes. */
TEST(what_does_not_fit_hits_in_the_next_cache) {
    const struct sweep sweep = {load, 1, 4 * L1_BYTES, 5, 0};
    struct machine_counters counters = sweep_count(&sweep);
    assert_int_equal(counters.l1_hits, 0);
    assert_int_equal(counters.l2_sectors, 5 * 4 * L1_BYTES / SECTOR);
    assert_int_equal(counters.l2_hits, counters.l2_sectors / 5 * 4);
    const struct sweep larger = {load, 1, 4 * L2_BYTES, 3, 0};
    counters = sweep_count(&larger);
    assert_int_equal(counters.l1_hits, 0);
    assert_int_equal(counters.l2_hits, 0);
    assert_int_equal(counters.dram_read_bytes, 3 * 4 * L2_BYTES);
}

/* Of blocks that read the same, one on each multiprocessor, the first to come finds nothing in the
 * second cache. Those that follow on a multiprocessor find all in its first cache. */
TEST(blocks_share_the_caches_of_their_multiprocessor) {
    enum { ROUNDS = 3, BYTES = 16 << 10 };
    const struct sweep sweep = {load, MULTIPROCESSORS * ROUNDS, BYTES, 1, 0};
    const struct machine_counters counters = sweep_count(&sweep);
    assert_int_equal(counters.l1_sectors, MULTIPROCESSORS * ROUNDS * BYTES / SECTOR);
    assert_int_equal(counters.l1_hits, counters.l1_sectors / ROUNDS * (ROUNDS - 1));
    assert_int_equal(counters.l2_sectors, MULTIPROCESSORS * BYTES / SECTOR);
    assert_int_equal(counters.l2_hits,
                     counters.l2_sectors / MULTIPROCESSORS * (MULTIPROCESSORS - 1));
    assert_int_equal(counters.dram_read_bytes, BYTES);
}

/* What does not fit the second cache any more is written back; the rest stays in it. */
TEST(stores_are_written_back_once) {
    const struct sweep sweep = {"st.global.u32 [%rd4], %r3;", 1, 4 * L2_BYTES, 1, 0};
    struct machine_counters counters = sweep_count(&sweep);
    assert_int_equal(counters.l1_sectors, 4 * L2_BYTES / SECTOR);
    assert_int_equal(counters.l1_hits, 0);
    assert_int_equal(counters.l2_hits, counters.l2_sectors);
    assert_int_equal(counters.dram_read_bytes, 0);
    assert_int_equal(counters.dram_write_bytes, 3 * L2_BYTES);
    /* The first cache keeps no line for a store, and changes those that it has. */
    const struct sweep both = {
        "st.global.u32 [%rd4], %r3; ld.global.u32 %r5, [%rd4]; st.global.u32 [%rd4], %r3;", 1,
        16 << 10, 1, 0};
    counters = sweep_count(&both);
    assert_int_equal(counters.l1_hits, counters.l1_sectors / 3);
    assert_int_equal(counters.l2_sectors, counters.l1_sectors);
    assert_int_equal(counters.l2_hits, counters.l2_sectors);
}

/* One lane loads the first word of a line, and then the first one of its next sector. */
static const char halves[] =
    "setp.eq.u32 %p2, %r3, 0; @%p2 ld.global.u32 %r5, [%rd4]; @%p2 ld.global.u32 %r5, [%rd4+32];";

TEST(a_miss_brings_what_is_missing) {
    enum { BYTES = 16 << 10 };
    const struct sweep sweep = {halves, 1, BYTES, 1, 0};
    const struct machine_counters counters = sweep_count(&sweep);
    assert_int_equal(counters.l1_hits, 0);
    assert_int_equal(counters.l2_sectors, 2 * BYTES / LINE);
    assert_int_equal(counters.l2_hits, 0);
    assert_int_equal(counters.dram_read_bytes, BYTES / LINE * 2 * SECTOR);
}

/* The second cache has both sectors then, the first one but what it asked for. */
TEST(error_correction_brings_half_a_line) {
    enum { BYTES = 16 << 10 };
    const struct sweep sweep = {halves, 1, BYTES, 1, 0};
    const struct machine_counters counters = sweep_count_with_ecc(&sweep);
    assert_int_equal(counters.l1_hits, 0);
    assert_int_equal(counters.l2_sectors, 2 * BYTES / LINE);
    assert_int_equal(counters.l2_hits, BYTES / LINE);
}

/* 64 bytes for each line that a request reads or that is written back, whole or not. */
TEST(inline_error_correction_moves_check_bytes) {
    enum { BYTES = 16 << 10, CHECK = 64 };
    const struct sweep whole = {load, 1, BYTES, 1, 0};
    const struct sweep half = {halves, 1, BYTES, 1, 0};
    const struct sweep stores = {"st.global.u32 [%rd4], %r3;", 1, 4 * L2_BYTES, 1, 0};
    assert_int_equal(sweep_count_with_ecc(&whole).dram_read_bytes, BYTES / LINE * (LINE + CHECK));
    assert_int_equal(sweep_count_with_ecc(&half).dram_read_bytes, BYTES / LINE * (64 + CHECK));
    assert_int_equal(sweep_count_with_ecc(&stores).dram_write_bytes,
                     3 * L2_BYTES / LINE * (LINE + CHECK));
    assert_int_equal(sweep_count_with_ecc(&stores).dram_read_bytes, 0);
}

/* Operators and instructions that look into the second cache alone. */
TEST(some_go_past_the_first_cache) {
    static const char *const past[] = {
        "ld.global.cg.u32 %r5, [%rd4];",
        "ld.global.cv.u32 %r5, [%rd4];",
        "ld.volatile.global.u32 %r5, [%rd4];",
        "red.global.add.u32 [%rd4], %r3;",
    };
    for (size_t k = 0; k < sizeof past / sizeof past[0]; k++) {
        const struct sweep sweep = {past[k], 1, 16 << 10, 2, 0};
        const struct machine_counters counters = sweep_count(&sweep);
        if (counters.l1_sectors != 0 || counters.l2_sectors != 2 * (16 << 10) / SECTOR ||
            counters.l2_hits != counters.l2_sectors / 2)
            fail_msg("%s: %llu sectors in the first cache, %llu of %llu hit in the second", past[k],
                     (unsigned long long)counters.l1_sectors, (unsigned long long)counters.l2_hits,
                     (unsigned long long)counters.l2_sectors);
    }
}

/* A fifth block beside the first of four multiprocessors, on the same data. In step with the first
 * it would find all in their cache; younger, it takes each second round and falls behind by more
 * than fits. */
TEST(the_older_block_goes_first) {
    const struct sweep sweep = {load, MULTIPROCESSORS + 1, 4 * L1_BYTES, 1, 0};
    const struct machine_counters counters = sweep_count(&sweep);
    const uint64_t of_a_block = counters.l1_sectors / (MULTIPROCESSORS + 1);
    assert_int_equal(of_a_block, 4 * L1_BYTES / SECTOR);
    assert_true(counters.l1_hits > of_a_block / 8 && counters.l1_hits < of_a_block / 2);
}

/* Blocks that compete for the caches, on any number of host threads. */
TEST(counts_are_the_same_always) {
    const struct sweep sweep = {load, 600, 4 << 10, 3, 2 << 10};
    const struct machine_counters first = sweep_with(&sweep, 1, true, false);
    void *moved = malloc(1 << 20); /* whatever lies where */
    assert_non_null(moved);
    const struct machine_counters again = sweep_with(&sweep, 2, true, false);
    free(moved);
    assert_true(first.l1_hits > 0 && first.l2_hits > 0 && first.l2_hits < first.l2_sectors);
    assert_memory_equal(&first, &again, sizeof first);
    const struct machine_counters off = sweep_with(&sweep, 2, false, false);
    assert_int_equal(off.l1_sectors + off.l2_sectors + off.dram_read_bytes, 0);
    assert_int_equal(off.global_load_sectors, first.global_load_sectors);
    assert_int_equal(off.registers, 16); /* never fewer */
    assert_int_equal(off.shared_bytes, 0);
}
