/* Which accesses to shared memory are counted as one request, and what stands in the way. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

/* Requests to shared memory: loads, stores, and of both those of 8 and of 16 bytes a lane. */
struct probe {
    const char *instructions;
    uint64_t loads, stores, of_64, of_128, wavefronts;
};

/* One warp. %r2 is a multiple of 16 in shared memory, %r3 one of 4, both as far as the text tells;
 * %r4 is read from global memory, 0, and nothing is known of it. %p1 holds. */
#define BEGIN                                                                                      \
    ".extern .shared .align 16 .b8 later[];\n"                                                     \
    ".visible .entry probe(.param .u64 to) {\n"                                                    \
    ".shared .align 16 .b8 first[4]; .shared .align 16 .b8 tile[8192];\n"                          \
    ".reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .f32 %f<16>; .reg .f64 %fd<4>; .reg .pred %p<4>;\n"  \
    "ld.param.u64 %rd1, [to];\nld.global.u32 %r4, [%rd1];\n"                                       \
    "mov.u32 %r1, %tid.x;\nmov.u32 %r5, tile;\n"                                                   \
    "setp.eq.u32 %p1, %r4, 0;\nsetp.eq.u32 %p2, %r4, 0;\n"                                         \
    "shl.b32 %r6, %r1, 4;\nadd.s32 %r2, %r6, %r5;\n"                                               \
    "mad.lo.s32 %r3, %r1, 4, %r5;\n"
#define LOAD(number, base, offset) "ld.shared.f32 %f" #number ", [" base "+" #offset "];\n"
#define STORE(base, offset) "st.shared.u32 [" base "+" #offset "], %r1;\n"

static void run_probe(struct bench *bench, const char *instructions) {
    char text[4096];
    snprintf(text, sizeof text, "%s%s\nret; }\n", BEGIN, instructions);
    bench_must_load(bench, text);
    const uint32_t zeros[64] = {0};
    const uint64_t to = bench_allocate(bench, zeros, sizeof zeros);
    if (LAUNCH(bench, "probe", 1, 32, to) != MACHINE_OK)
        fail_msg("%s: %s", instructions, bench->diagnostic.message);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
}

static void check(struct bench *bench, const struct probe *probe) {
    run_probe(bench, probe->instructions);
    const struct machine_counters *counted = &bench->counters;
    if (counted->shared_load_requests != probe->loads ||
        counted->shared_store_requests != probe->stores ||
        counted->shared_requests_64 != probe->of_64 ||
        counted->shared_requests_128 != probe->of_128 ||
        counted->shared_wavefronts != probe->wavefronts)
        fail_msg("%s: %llu loads, %llu stores, %llu of 64 bits, %llu of 128, %llu wavefronts",
                 probe->instructions, (unsigned long long)counted->shared_load_requests,
                 (unsigned long long)counted->shared_store_requests,
                 (unsigned long long)counted->shared_requests_64,
                 (unsigned long long)counted->shared_requests_128,
                 (unsigned long long)counted->shared_wavefronts);
}

#define CHECK(bench, probes)                                                                       \
    do {                                                                                           \
        for (size_t k = 0; k < sizeof(probes) / sizeof *(probes); k++)                             \
            check(bench, &(probes)[k]);                                                            \
    } while (0)

/* 32 lanes of 16 bytes side by side are 4 wavefronts; each word alone would be 4. */
TEST_ON_BENCH(neighbours_in_an_aligned_piece_are_one_request) {
    static const struct probe probes[] = {
        {LOAD(1, "%r2", 0) LOAD(2, "%r2", 4) LOAD(3, "%r2", 8) LOAD(4, "%r2", 12), 1, 0, 0, 1, 4},
        {LOAD(4, "%r2", 12) LOAD(2, "%r2", 4) LOAD(3, "%r2", 8) LOAD(1, "%r2", 0), 1, 0, 0, 1, 4},
        {LOAD(1, "%r2", 16) LOAD(2, "%r2", 20), 1, 0, 1, 0, 4},
        {STORE("%r2", 0) STORE("%r2", 4) STORE("%r2", 8) STORE("%r2", 12), 0, 1, 0, 1, 4},
        {"ld.shared.v2.f32 {%f1, %f2}, [%r2];\n" LOAD(3, "%r2", 8) LOAD(4, "%r2", 12), 1, 0, 0, 1,
         4},
        {"ld.shared.f64 %fd1, [%r2];\nld.shared.f64 %fd2, [%r2+8];", 1, 0, 0, 1, 4},
        /* Five words: a piece of 16 bytes, and one that is left. */
        {LOAD(1, "%r2", 0) LOAD(2, "%r2", 4) LOAD(3, "%r2", 8) LOAD(4, "%r2", 12)
             LOAD(5, "%r2", 16),
         2, 0, 0, 1, 8},
        /* From 4 on: the rest of a piece, and one. */
        {LOAD(1, "%r2", 4) LOAD(2, "%r2", 8) LOAD(3, "%r2", 12) LOAD(4, "%r2", 16), 2, 0, 0, 1, 8},
        /* Addresses that differ by a constant, however it is added. */
        {"add.s32 %r7, %r2, 4;\n" LOAD(1, "%r2", 0) LOAD(2, "%r7", 0), 1, 0, 1, 0, 4},
        {"add.s32 %r7, %r2, 8;\nsub.s32 %r8, %r7, 4;\n" LOAD(1, "%r7", -8) LOAD(2, "%r8", 0), 1, 0,
         1, 0, 4},
        /* Loads of three words of four are one of four; stores are not. */
        {LOAD(1, "%r2", 0) LOAD(2, "%r2", 4) LOAD(3, "%r2", 12), 1, 0, 0, 1, 4},
        {LOAD(1, "%r2", 4) LOAD(2, "%r2", 8) LOAD(3, "%r2", 12), 1, 0, 0, 1, 4},
        {STORE("%r2", 0) STORE("%r2", 8) STORE("%r2", 12), 0, 2, 1, 0, 8},
        {LOAD(1, "%r2", 0) LOAD(2, "%r2", 8), 2, 0, 0, 0, 8},
        {LOAD(1, "%r2", 4) LOAD(2, "%r2", 8), 2, 0, 0, 0, 8},
        /* Dynamic shared memory begins at a multiple of 16. */
        {"mov.u32 %r7, later;\nadd.s32 %r8, %r7, %r6;\n" LOAD(1, "%r8", -8192)
             LOAD(2, "%r8", -8188),
         1, 0, 1, 0, 4},
        {"ld.shared.f32 %f1, [later+-16];\nld.shared.f32 %f2, [later+-12];", 1, 0, 1, 0, 1},
        /* Of a variable itself: one word for all lanes. */
        {"ld.shared.f32 %f1, [tile];\nld.shared.f32 %f2, [tile+4];", 1, 0, 1, 0, 1},
    };
    CHECK((struct bench *)*state, probes);
}

TEST_ON_BENCH(alignment_has_to_be_known) {
    static const struct probe probes[] = {
        {LOAD(1, "%r3", 0) LOAD(2, "%r3", 4), 2, 0, 0, 0, 2},
        {"add.s32 %r7, %r2, %r4;\n" LOAD(1, "%r7", 0) LOAD(2, "%r7", 4), 2, 0, 0, 0, 8},
        /* All ways there are lead to a multiple of 8, and no more is sure. */
        {"selp.b32 %r7, 8, 0, %p1;\nadd.s32 %r7, %r7, %r2;\n" LOAD(1, "%r7", 0) LOAD(2, "%r7", 4)
             LOAD(3, "%r7", 8) LOAD(4, "%r7", 12),
         2, 0, 2, 0, 8},
        {"and.b32 %r7, %r3, -16;\n" LOAD(1, "%r7", 0) LOAD(2, "%r7", 4) LOAD(3, "%r7", 8)
             LOAD(4, "%r7", 12),
         1, 0, 0, 1, 2},
        {"and.b32 %r7, %r3, -16;\nor.b32 %r8, %r7, 4;\n" LOAD(1, "%r8", 0) LOAD(2, "%r8", 4), 2, 0,
         0, 0, 2},
        {"and.b32 %r7, %r3, -16;\nor.b32 %r8, %r7, 4;\n" LOAD(1, "%r8", 4) LOAD(2, "%r8", 8), 1, 0,
         1, 0, 1},
        {"mul.lo.s32 %r7, %r4, 6;\nmul.lo.s32 %r8, %r7, 4;\nadd.s32 %r9, %r8, %r2;\n" LOAD(
             1, "%r9", 0) LOAD(2, "%r9", 4),
         1, 0, 1, 0, 4},
    };
    CHECK((struct bench *)*state, probes);
}

/* What stands between two words that would else be one request. */
TEST_ON_BENCH(nothing_is_joined_across) {
    static const char *const between[] = {
        "bar.sync 0;",
        "membar.cta;",
        "bar.warp.sync 0xffffffff;",
        "bra on;\non:",
        "@%p1 bra on;\non:",
        /* A store, wherever it goes. */
        "st.shared.u32 [%r2+8], %r1;",
        "st.shared.u32 [%r3], %r1;",
        "st.u32 [%rd1], %r1;",
        "atom.shared.add.u32 %r9, [%r3+4096], 1;",
        /* Another value of the root. */
        "add.s32 %r2, %r2, %r6;",
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof between / sizeof *between; k++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s\n%s", LOAD(1, "%r2", 0), between[k], LOAD(2, "%r2", 4));
        run_probe(bench, text);
        if (bench->counters.shared_requests_64 != 0 || bench->counters.shared_load_requests != 2)
            fail_msg("joined across %s", between[k]);
    }
}

TEST_ON_BENCH(what_stores_nothing_in_shared_memory_does_not_stand_between) {
    static const char *const between[] = {
        "ld.shared.u32 %r9, [%r3];",
        "st.global.u32 [%rd1], %r1;",
        "ld.global.u32 %r9, [%rd1];",
        "fma.rn.f32 %f5, %f6, %f7, %f8;",
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof between / sizeof *between; k++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s\n%s", LOAD(1, "%r2", 0), between[k], LOAD(2, "%r2", 4));
        run_probe(bench, text);
        if (bench->counters.shared_requests_64 != 1)
            fail_msg("not joined across %s", between[k]);
    }
}

/* Stores come together where the last one stands, so loads between them matter, too. */
TEST_ON_BENCH(stores_wait_for_loads_between) {
    static const struct probe probes[] = {
        {STORE("%r2", 0) LOAD(1, "%r3", 0) STORE("%r2", 4), 1, 2, 0, 0, 9},
        {STORE("%r2", 0) "ld.global.u32 %r9, [%rd1];\n" STORE("%r2", 4), 0, 1, 1, 0, 4},
    };
    CHECK((struct bench *)*state, probes);
}

TEST_ON_BENCH(guards_have_to_be_one) {
    static const struct probe probes[] = {
        {"@%p1 " LOAD(1, "%r2", 0) "@%p1 " LOAD(2, "%r2", 4), 1, 0, 1, 0, 4},
        {"@%p1 " LOAD(1, "%r2", 0) "@%p2 " LOAD(2, "%r2", 4), 2, 0, 0, 0, 8},
        {"@%p1 " LOAD(1, "%r2", 0) LOAD(2, "%r2", 4), 2, 0, 0, 0, 8},
        {"@%p1 " LOAD(1, "%r2", 0) "setp.eq.u32 %p1, %r4, 0;\n@%p1 " LOAD(2, "%r2", 4), 2, 0, 0, 0,
         8},
        {"ld.volatile.shared.f32 %f1, [%r2];\nld.volatile.shared.f32 %f2, [%r2+4];", 2, 0, 0, 0, 8},
    };
    CHECK((struct bench *)*state, probes);
}

/* A loop of 8 rounds that reads 4 bytes further each: the assembler unrolls it. */
#define ROUNDS(base, step, count)                                                                  \
    "mov.u32 %r10, 0;\n"                                                                           \
    "again:\nmul.lo.s32 %r11, %r10, " #step ";\nadd.s32 %r12, %r11, " base ";\n"                   \
    "ld.shared.f32 %f1, [%r12];\nadd.s32 %r10, %r10, 1;\n"                                         \
    "setp.ne.s32 %p3, %r10, " #count ";\n@%p3 bra again;\n"

TEST_ON_BENCH(rounds_of_a_loop_are_neighbours) {
    static const struct probe probes[] = {
        {ROUNDS("%r2", 4, 8), 2, 0, 0, 2, 8},
        {ROUNDS("%r2", 4, 6), 6, 0, 0, 0, 24},
        {ROUNDS("%r2", 8, 8), 8, 0, 0, 0, 32},
        {ROUNDS("%r3", 4, 8), 8, 0, 0, 0, 8},
        {ROUNDS("%r4", 4, 8), 8, 0, 0, 0, 8},
        {"mov.u32 %r13, %r2;\nmov.u32 %r10, 0;\n"
         "again:\nld.shared.v2.f32 {%f1, %f2}, [%r13];\nadd.s32 %r13, %r13, 8;\n"
         "add.s32 %r10, %r10, 4;\nsetp.lt.u32 %p3, %r10, 16;\n@%p3 bra again;\n",
         2, 0, 0, 2, 8},
    };
    CHECK((struct bench *)*state, probes);
}

/* What is joined computes what it did. */
TEST_ON_BENCH(results_stay) {
    struct bench *bench = *state;
    uint32_t got[32] = {0};
    const char *text = BEGIN STORE("%r2", 0) STORE(
        "%r2", 4) "bar.sync 0;\n"
                  "ld.shared.u32 %r8, [%r2];\nld.shared.u32 %r9, [%r2+4];\nadd.s32 %r8, %r8, %r9;\n"
                  "mul.wide.u32 %rd2, %r1, 4;\nadd.u64 %rd2, %rd2, %rd1;\nst.global.u32 [%rd2], "
                  "%r8;\nret; }\n";
    assert_int_equal(bench_load(bench, text), MACHINE_OK);
    const uint64_t to = bench_allocate(bench, got, sizeof got);
    assert_int_equal(LAUNCH(bench, "probe", 1, 32, to), MACHINE_OK);
    assert_int_equal(bench->counters.shared_requests_64, 2);
    assert_int_equal(machine_read(bench->machine, got, to, sizeof got), MACHINE_OK);
    for (uint32_t lane = 0; lane < 32; lane++)
        assert_int_equal(got[lane], 2 * lane);
}

TEST_ON_BENCH(count_ptx_joins_nothing) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, count_ptx);
    run_probe(bench, LOAD(1, "%r2", 0) LOAD(2, "%r2", 4));
    assert_int_equal(bench->counters.shared_load_requests, 2);
    assert_int_equal(bench->counters.shared_wavefronts, 8);
}
