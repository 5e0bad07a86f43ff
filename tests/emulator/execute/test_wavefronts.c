/* Requests, wavefronts and sectors of every kind of access to shared memory, each counted by hand
 * (docs/emulator.md, "Counters"). */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

/* One warp executes `instruction` with %r2 = a place in shared memory, `stride` bytes from lane to
 * lane, %r3 = the start of shared memory and %rd2 = a place in global memory, 16 bytes from lane to
 * lane from %rd1 on. */
struct probe {
    const char *instruction;
    unsigned stride;
    uint64_t wavefronts, ideal;
};

static void run_probe(struct bench *bench, const struct probe *probe) {
    enum { GLOBAL_BYTES = 4096 };
    char text[2048];
    snprintf(text, sizeof text,
             ".visible .entry probe(.param .u64 to) {\n"
             ".shared .align 128 .b8 tile[16384];\n"
             ".reg .b32 %%r<16>; .reg .b64 %%rd<8>; .reg .f32 %%f<16>; .reg .f64 %%fd<4>;\n"
             ".reg .pred %%p<4>; .reg .b16 %%h<4>;\n"
             "ld.param.u64 %%rd1, [to];\n"
             "mov.u32 %%r1, %%tid.x;\n"
             "mul.wide.u32 %%rd2, %%r1, 16;\n"
             "add.u64 %%rd2, %%rd2, %%rd1;\n"
             "mov.u32 %%r3, tile;\n"
             "mad.lo.u32 %%r2, %%r1, %u, %%r3;\n"
             "%s\n"
             "ret; }\n",
             probe->stride, probe->instruction);
    bench_must_load(bench, text);
    const uint64_t to = bench_allocate(bench, NULL, GLOBAL_BYTES);
    if (LAUNCH(bench, "probe", 1, 32, to) != MACHINE_OK)
        fail_msg("%s: %s", probe->instruction, bench->diagnostic.message);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
}

static void check_wavefronts(struct bench *bench, const struct probe *probe) {
    run_probe(bench, probe);
    if (bench->counters.shared_wavefronts != probe->wavefronts ||
        bench->counters.shared_wavefronts_ideal != probe->ideal)
        fail_msg("%s with a stride of %u: %llu wavefronts of %llu, not %llu of %llu",
                 probe->instruction, probe->stride,
                 (unsigned long long)bench->counters.shared_wavefronts,
                 (unsigned long long)bench->counters.shared_wavefronts_ideal,
                 (unsigned long long)probe->wavefronts, (unsigned long long)probe->ideal);
}

#define CHECK(bench, probes)                                                                       \
    do {                                                                                           \
        for (size_t k = 0; k < sizeof(probes) / sizeof *(probes); k++)                             \
            check_wavefronts(bench, &(probes)[k]);                                                 \
    } while (0)

/* 128 bytes a wavefront: 32 lanes of a word, 16 of two, 8 of four. */
TEST_ON_BENCH(loads_and_stores_go_by_128_bytes) {
    static const struct probe probes[] = {
        {"ld.shared.u8 %r4, [%r2];", 1, 1, 1},
        {"ld.shared.u16 %r4, [%r2];", 2, 1, 1},
        {"ld.shared.u32 %r4, [%r2];", 4, 1, 1},
        {"ld.shared.u32 %r4, [%r2];", 8, 2, 1},
        {"ld.shared.u32 %r4, [%r2];", 12, 1, 1},
        {"ld.shared.u32 %r4, [%r2];", 128, 32, 1},
        {"ld.shared.u32 %r4, [%r2];", 132, 1, 1},
        {"ld.shared.u32 %r4, [%r2];", 0, 1, 1},
        {"ld.shared.u64 %rd4, [%r2];", 8, 2, 2},
        {"ld.shared.u64 %rd4, [%r2];", 16, 4, 2},
        {"ld.shared.v2.f32 {%f1, %f2}, [%r2];", 8, 2, 2},
        {"ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r2];", 16, 4, 4},
        {"ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r2];", 32, 8, 4},
        {"ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r2];", 128, 32, 4},
        {"ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r2];", 144, 4, 4},
        {"ld.shared.v2.f64 {%fd1, %fd2}, [%r2];", 16, 4, 4},
        {"st.shared.u32 [%r2], %r1;", 4, 1, 1},
        {"st.shared.u32 [%r2], %r1;", 8, 2, 1},
        {"st.shared.v2.u32 [%r2], {%r1, %r1};", 32, 8, 2},
        {"st.shared.v4.u32 [%r2], {%r1, %r1, %r1, %r1};", 16, 4, 4},
        {"st.shared.v4.u32 [%r2], {%r1, %r1, %r1, %r1};", 64, 16, 4},
    };
    CHECK((struct bench *)*state, probes);
}

/* Where neighbours, or neighbours but one, access one place, two groups are one: counters published
 * of a T4 and an A100 have 2 for 16 bytes that all lanes, or the lanes of each half, read alike. */
TEST_ON_BENCH(groups_that_share_places_go_together) {
#define EVERY(lanes, bytes) "div.u32 %r4, %r1, " #lanes ";\nmad.lo.u32 %r2, %r4, " #bytes ", %r3;\n"
    static const struct probe probes[] = {
        {"ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r3];", 0, 2, 2},
        {"ld.shared.v2.f32 {%f1, %f2}, [%r3];", 0, 1, 1},
        {EVERY(16, 1024) "ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r2];", 0, 2, 2},
        {EVERY(2, 16) "ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r2];", 0, 2, 2},
        {EVERY(2, 32) "ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r2];", 0, 4, 2},
        {EVERY(2, 8) "ld.shared.v2.f32 {%f1, %f2}, [%r2];", 0, 1, 1},
        {"and.b32 %r4, %r1, -3;\nmad.lo.u32 %r2, %r4, 8, %r3;\n"
         "ld.shared.v2.f32 {%f1, %f2}, [%r2];",
         0, 2, 1},
        {"and.b32 %r4, %r1, -5;\nmad.lo.u32 %r2, %r4, 8, %r3;\n"
         "ld.shared.v2.f32 {%f1, %f2}, [%r2];",
         0, 2, 2},
    };
    CHECK((struct bench *)*state, probes);
}

/* Quarters and halves without lanes take nothing. */
TEST_ON_BENCH(inactive_lanes_take_no_wavefront) {
    static const struct probe probes[] = {
        {"setp.lt.u32 %p1, %r1, 8;\n@%p1 ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r2];", 16, 1, 1},
        {"setp.lt.u32 %p1, %r1, 17;\n@%p1 ld.shared.u64 %rd4, [%r2];", 8, 2, 2},
        {"setp.lt.u32 %p1, %r1, 16;\n@%p1 ld.shared.u32 %r4, [%r2];", 128, 16, 1},
    };
    CHECK((struct bench *)*state, probes);
}

/* Atomics on one word go one after another, where loads of one word go together. */
TEST_ON_BENCH(atomics_on_one_word_wait_for_each_other) {
    static const struct probe probes[] = {
        {"red.shared.add.u32 [%r2], %r1;", 4, 1, 1},
        {"red.shared.add.u32 [%r2], %r1;", 8, 2, 1},
        {"red.shared.add.u32 [%r3], %r1;", 0, 32, 1},
        {"atom.shared.add.f32 %f1, [%r3], 0f3F800000;", 0, 32, 1},
        {"shr.u32 %r2, %r1, 3;\nshl.b32 %r2, %r2, 2;\nadd.u32 %r2, %r2, %r3;\n"
         "atom.shared.add.u32 %r4, [%r2], 1;",
         0, 8, 1},
        {"atom.shared.cas.b64 %rd4, [%r2], %rd1, %rd2;", 8, 2, 2},
    };
    struct bench *bench = *state;
    CHECK(bench, probes);
    assert_int_equal(bench->counters.shared_atomic_requests, 1);
    assert_int_equal(bench->counters.global_atomic_requests, 0);
}

TEST_ON_BENCH(atomics_in_global_memory_make_no_wavefronts) {
    static const struct probe probe = {"red.global.add.u32 [%rd2], %r1;", 4, 0, 0};
    struct bench *bench = *state;
    check_wavefronts(bench, &probe);
    assert_int_equal(bench->counters.global_atomic_requests, 1);
    assert_int_equal(bench->counters.global_atomic_sectors, 16);
    assert_int_equal(bench->counters.shared_atomic_requests, 0);
}

/* A range keeps a bit for each sector, 64 to a word, so sectors 64 apart share a bit's place:
 * each counts. Words from sectors 0 and 62 on, atomics from sectors 0 and 64 on, and words 128
 * bytes from lane to lane. */
TEST_ON_BENCH(sectors_in_different_words_count_apart) {
    static const struct {
        struct probe probe;
        uint64_t sectors;
    } probes[] = {
        {{"mad.wide.u32 %rd3, %r1, 4, %rd1;\n"
          "ld.global.u32 %r4, [%rd3];\nld.global.u32 %r5, [%rd3+1984];",
          4, 0, 0},
         8},
        {{"red.global.add.u32 [%rd2], %r1;\nred.global.add.u32 [%rd2+2048], %r1;", 4, 0, 0}, 32},
        {{"shl.b64 %rd3, %rd2, 3;\nmul.lo.u64 %rd4, %rd1, 7;\nsub.u64 %rd3, %rd3, %rd4;\n"
          "ld.global.u32 %r4, [%rd3];",
          4, 0, 0},
         32},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof probes / sizeof probes[0]; k++) {
        run_probe(bench, &probes[k].probe);
        assert_int_equal(bench->counters.bytes_touched, probes[k].sectors * 32);
    }
}

/* Sectors read and wavefronts stored: cp.async is a load of global and a store of shared memory. */
TEST_ON_BENCH(asynchronous_copies_count_on_both_sides) {
    static const struct probe probes[] = {
        {"cp.async.cg.shared.global [%r2], [%rd2], 16;", 16, 4, 4},
        {"cp.async.cg.shared.global [%r2], [%rd2], 16;", 128, 32, 4},
        {"cp.async.cg.shared.global [%r2], [%rd2], 16;", 144, 4, 4},
        {"cp.async.ca.shared.global [%r2], [%rd2], 8;", 8, 2, 2},
        {"cp.async.ca.shared.global [%r2], [%rd2], 4;", 4, 1, 1},
        {"cp.async.ca.shared.global [%r2], [%rd2], 4;", 128, 32, 1},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof probes / sizeof probes[0]; k++) {
        check_wavefronts(bench, &probes[k]);
        assert_int_equal(bench->counters.shared_copy_requests, 1);
        assert_int_equal(bench->counters.shared_store_requests, 0);
        assert_int_equal(bench->counters.global_load_requests, 1);
        assert_int_equal(bench->counters.global_load_sectors, 16);
        assert_int_equal(bench->counters.bytes_touched, 16 * 32);
    }
}

/* A source size of zero fills with zeros and reads nothing. */
TEST_ON_BENCH(copies_that_only_fill_read_no_sectors) {
    static const struct probe probe = {
        "mov.u32 %r4, 0;\ncp.async.cg.shared.global [%r2], [%rd2], 16, %r4;", 16, 4, 4};
    struct bench *bench = *state;
    check_wavefronts(bench, &probe);
    assert_int_equal(bench->counters.global_load_requests, 0);
    assert_int_equal(bench->counters.global_load_sectors, 0);
}

/* Eight rows of 16 bytes a matrix: side by side one wavefront, 128 bytes apart eight. */
TEST_ON_BENCH(matrices_go_by_eight_rows) {
    static const struct probe probes[] = {
        {"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r4}, [%r2];", 16, 1, 1},
        {"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r4, %r5, %r6, %r7}, [%r2];", 16, 4, 4},
        {"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r4, %r5, %r6, %r7}, [%r2];", 32, 8, 4},
        {"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r4, %r5, %r6, %r7}, [%r2];", 128, 32, 4},
        {"ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r4, %r5}, [%r2];", 80, 2, 2},
        {"stmatrix.sync.aligned.m8n8.x2.shared.b16 [%r2], {%r4, %r5};", 128, 16, 2},
    };
    ((struct bench *)*state)->target = 90;
    CHECK((struct bench *)*state, probes);
}

#define EIGHT "{%r4, %r5, %r6, %r7, %r8, %r9, %r10, %r11}"
#define EIGHT_FLOATS "{%f1, %f2, %f3, %f4, %f5, %f6, %f7, %f8}"

/*
 * 16 x 16 f16 make 512 bytes: four wavefronts at best, whichever way they lie. With lines of 32
 * bytes, lines four apart share banks; with lines of 48 bytes none of eight do. f32 accumulators
 * are pairs, a half-warp has four rows: with lines of 64 bytes two of them share banks.
 */
TEST_ON_BENCH(fragments_go_by_the_lines_of_their_matrix) {
    static const struct probe probes[] = {
        {"wmma.load.a.sync.aligned.row.m16n16k16.shared.f16 " EIGHT ", [%r3], 16;", 0, 8, 4},
        {"wmma.load.a.sync.aligned.row.m16n16k16.shared.f16 " EIGHT ", [%r3], 24;", 0, 4, 4},
        {"wmma.load.a.sync.aligned.col.m16n16k16.shared.f16 " EIGHT ", [%r3], 16;", 0, 8, 4},
        {"wmma.load.b.sync.aligned.col.m16n16k16.shared.f16 " EIGHT ", [%r3], 24;", 0, 4, 4},
        {"wmma.load.b.sync.aligned.row.m16n16k16.shared.f16 " EIGHT ", [%r3], 24;", 0, 4, 4},
        {"wmma.load.b.sync.aligned.row.m16n16k16.shared.f16 " EIGHT ", [%r3], 64;", 0, 32, 4},
        {"wmma.load.c.sync.aligned.row.m16n16k16.shared.f32 " EIGHT_FLOATS ", [%r3], 16;", 0, 16,
         8},
        {"wmma.store.d.sync.aligned.row.m16n16k16.shared.f32 [%r3], " EIGHT_FLOATS ", 24;", 0, 8,
         8},
    };
    struct bench *bench = *state;
    CHECK(bench, probes);
    assert_int_equal(bench->counters.shared_store_requests, 4);
    run_probe(bench, &probes[0]);
    assert_int_equal(bench->counters.shared_load_requests, 4);
}

/* Four requests of eight lines, 16 bytes of each: eight sectors each, sixteen different ones. */
TEST_ON_BENCH(fragments_from_global_memory_count_sectors) {
    static const struct probe probe = {
        "wmma.load.a.sync.aligned.row.m16n16k16.global.f16 " EIGHT ", [%rd1], 16;", 0, 0, 0};
    static const struct probe store = {
        "wmma.store.d.sync.aligned.row.m16n16k16.global.f32 [%rd1], " EIGHT_FLOATS ", 16;", 0, 0,
        0};
    struct bench *bench = *state;
    check_wavefronts(bench, &probe);
    assert_int_equal(bench->counters.global_load_requests, 4);
    assert_int_equal(bench->counters.global_load_sectors, 32);
    assert_int_equal(bench->counters.bytes_touched, 16 * 32);
    check_wavefronts(bench, &store);
    assert_int_equal(bench->counters.global_store_requests, 4);
    assert_int_equal(bench->counters.global_store_sectors, 32);
    assert_int_equal(bench->counters.bytes_touched, 32 * 32);
}

/* Only multiply-adds on f32 count as such, and only products of matrices as tensor instructions. */
TEST_ON_BENCH(multiply_adds_count_by_type) {
    static const struct probe probe = {
        "fma.rn.f32 %f1, %f2, %f3, %f4;\n"
        "mad.rn.f32 %f1, %f2, %f3, %f4;\n"
        "fma.rn.f64 %fd1, %fd2, %fd2, %fd3;\n"
        "fma.rn.f16 %h1, %h2, %h2, %h3;\n"
        "mad.lo.s32 %r4, %r5, %r6, %r7;\n"
        "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r4, %r5}, {%r6}, "
        "{%f5, %f6, %f7, %f8};\n"
        "@%p1 mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r4, %r5}, "
        "{%r6}, {%f5, %f6, %f7, %f8};",
        0, 0, 0};
    struct bench *bench = *state;
    run_probe(bench, &probe);
    assert_int_equal(bench->counters.fma_warp_instructions, 2);
    assert_int_equal(bench->counters.tensor_warp_instructions, 2);
    assert_int_equal(bench->counters.matrix_capability, 75);
}
