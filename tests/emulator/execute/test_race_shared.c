/* Races in shared memory: which are found, and what orders threads of a block. */
#include "tests/support/checked.h"
#include "tests/support/test.h"

/* The first warp reads what the second has not written yet: that is unwritten, and a race. */
TEST_CHECKED(who_reads_too_early_races) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    const uint64_t to = bench_allocate(bench, NULL, 64 * 4);
    options.check_race = options.check_init = true;
    machine_set_options(bench->machine, &options);
    assert_int_equal(LAUNCH(bench, "shared_no_race", 1, 64, to), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "shared_race", 1, 64, to), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "race in shared memory", "that thread 31 read, with no barrier between",
                "and before it: kernel shared_race",
                "uninitialised value: 'st' stores to global memory");
    options.check_race = false;
    machine_set_options(bench->machine, &options);
    assert_int_equal(LAUNCH(bench, "shared_race", 1, 64, to), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "uninitialised value: 'st' stores to global memory");
}

TEST_CHECKED(a_race_in_shared_memory_is_found_and_only_there) {
    struct bench *bench = *state;
    const uint64_t to = bench_allocate(bench, NULL, 64 * 4);
    assert_int_equal(LAUNCH(bench, "shared_race", 1, 64, to), MACHINE_OK);
    BENCH_SWITCH_ON(bench, check_race);
    assert_int_equal(LAUNCH(bench, "shared_no_race", 1, 64, to), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "barrier_counts", 1, 64, to), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "named_barriers", 1, 64, to), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "shared_race", 1, 64, to), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "race in shared memory", "no barrier between");
}

/* A thread's own copies have arrived when it has waited; the others' only where they had before a
 * barrier. */
TEST_CHECKED(a_copy_races_until_a_barrier_follows_its_wait) {
    static const struct {
        const char *text;
        enum machine_status status;
    } kernels[] = {
        {COPY_AND_READ("k", "cp.async.wait_group 0; bar.sync 0;"), MACHINE_OK},
        {COPY_AND_READ("k", "cp.async.wait_all; bar.sync 0;"), MACHINE_OK},
        {COPY_AND_READ("k", "bar.sync 0; cp.async.wait_group 0;"), MACHINE_CHECK_FAILED},
        {COPY_AND_READ("k", "bar.sync 0; cp.async.wait_all;"), MACHINE_CHECK_FAILED},
        {COPY_AND_READ("k", "cp.async.wait_group 0;"), MACHINE_CHECK_FAILED},
    };
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race);
    const uint64_t words = bench_allocate(bench, NULL, 2 * 64 * 4);
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        bench_must_load(bench, kernels[k].text);
        if (LAUNCH(bench, "k", 1, 64, words) != kernels[k].status)
            fail_msg("%zu: %s", k, bench->log);
        if (kernels[k].status != MACHINE_OK)
            EXPECT_SAID(bench, "race in shared memory");
    }
}

/* Not even the thread that has issued a copy may read what it brings. */
TEST_CHECKED(a_copy_races_with_its_own_thread_until_its_wait) {
    static const char text[] =
        ".visible .entry k(.param .u64 p) { .reg .b64 %rd<5>; .reg .b32 %r<6>;\n"
        ".shared .align 4 .b8 words[4];\n"
        "ld.param.u64 %rd1, [p]; mov.u32 %r1, words;\n"
        "cp.async.ca.shared.global [%r1], [%rd1], 4;\n"
        "ld.shared.u32 %r2, [%r1]; cp.async.wait_all; ret; }\n";
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race);
    const uint64_t word = bench_allocate(bench, NULL, 4);
    assert_int_equal(bench_load(bench, text), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, word), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "a cp.async of thread 0 may still write, before it was waited for");
}

#define STORE(value)                                                                               \
    ".visible .entry k() { .reg .b32 %r<6>; .shared .align 4 .b8 word[4];\n"                       \
    "mov.u32 %r1, %tid.x; st.shared.u32 [word], " value "; ret; }\n"

/* Which thread's value stays is open; where they agree it does not matter. */
TEST_CHECKED(stores_that_agree_do_not_race) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race);
    assert_int_equal(bench_load(bench, STORE("7")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 64), MACHINE_OK);
    assert_int_equal(bench_load(bench, STORE("7; ld.shared.u32 %r2, [word]")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 64), MACHINE_CHECK_FAILED);
    assert_int_equal(bench_load(bench, STORE("%r1")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "race in shared memory", "no barrier between");
}

/* One thread writes a word, which its warp then reads. */
#define WRITE_AND_READ(writer, between)                                                            \
    ".visible .entry k() { .reg .b32 %r<3>; .reg .pred %p; .shared .align 4 .b8 word[4];\n"        \
    "mov.u32 %r1, %tid.x; setp.ne.u32 %p, %r1, " writer "; @%p bra READ;\n"                        \
    "st.shared.u32 [word], 5;\nREAD: " between " ld.shared.u32 %r2, [word]; ret; }\n"

/* The halves of a warp wait at places of their own. */
#define HALVES(lower, upper)                                                                       \
    "setp.lt.u32 %p, %r1, 16; @%p bra LOWER; bar.warp.sync " upper                                 \
    "; bra GO; LOWER: bar.warp.sync " lower "; GO:"

/* A warp that reads one word has all its lanes looked at, though its last lane alone is kept. */
TEST_CHECKED(a_word_that_its_reader_wrote_races_with_other_readers) {
    static const struct {
        const char *text;
        enum machine_status status;
    } kernels[] = {
        {WRITE_AND_READ("31", ""), MACHINE_CHECK_FAILED},
        {WRITE_AND_READ("31", "bar.warp.sync -1;"), MACHINE_OK},
        {WRITE_AND_READ("0", ""), MACHINE_CHECK_FAILED},
        {WRITE_AND_READ("0", "bar.sync 0;"), MACHINE_OK},
        {WRITE_AND_READ("0", HALVES("0x0000ffff", "0xffff0000")), MACHINE_CHECK_FAILED},
        {WRITE_AND_READ("0", HALVES("-1", "-1")), MACHINE_OK},
    };
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race);
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        assert_int_equal(bench_load(bench, kernels[k].text), MACHINE_OK);
        if (LAUNCH(bench, "k", 1, 32) != kernels[k].status)
            fail_msg("%zu: %s", k, bench->log);
    }
}

/* The second warp, or its last lane, stores a word and ends. The others read it behind a
 * barrier. */
#define STORE_AND_END(last, between)                                                               \
    ".visible .entry k() { .reg .b32 %r<6>; .reg .pred %p<2>; .shared .align 4 .b8 word[4];\n"     \
    "mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, " last "; @%p1 bra OTHER;\n"                       \
    "st.shared.u32 [word], 7; ret; OTHER: " between " ld.shared.u32 %r5, [word]; ret; }\n"

TEST_CHECKED(who_ends_has_arrived_at_the_barrier_of_all) {
    static const struct {
        const char *text;
        enum machine_status status;
    } kernels[] = {
        {STORE_AND_END("32", "bar.sync 0;"), MACHINE_OK},
        {STORE_AND_END("63", "bar.sync 0;"), MACHINE_OK},
        {STORE_AND_END("63", ""), MACHINE_CHECK_FAILED},
        {STORE_AND_END("32", "bar.sync 0, 32;"), MACHINE_CHECK_FAILED},
    };
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race);
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        assert_int_equal(bench_load(bench, kernels[k].text), MACHINE_OK);
        if (LAUNCH(bench, "k", 1, 64) != kernels[k].status)
            fail_msg("%zu: %s", k, bench->log);
    }
}

/* The lanes of a warp store a word each, and one of them arrives for all at an mbarrier, for which
 * a thread of another warp waits before it reads the last word. */
#define ARRIVE_FOR_ALL(between)                                                                    \
    ".visible .entry k() { .reg .b64 %rd<3>; .reg .b32 %r<6>; .reg .pred %p<4>;\n"                 \
    ".shared .align 8 .b8 barrier[8]; .shared .align 4 .b8 words[128];\n"                          \
    "mov.u32 %r1, %tid.x; mov.u32 %r2, barrier; mov.u32 %r3, words; shl.b32 %r4, %r1, 2;\n"        \
    "add.u32 %r4, %r4, %r3; setp.ne.u32 %p1, %r1, 0; setp.gt.u32 %p2, %r1, 31;\n"                  \
    "@!%p1 mbarrier.init.shared.b64 [%r2], 1; bar.sync 0; @%p2 bra OTHER;\n"                       \
    "st.shared.u32 [%r4], %r1; " between "\n"                                                      \
    "@!%p1 mbarrier.arrive.shared.b64 %rd1, [%r2]; ret;\n"                                         \
    "OTHER: mbarrier.test_wait.parity.shared.b64 %p3, [%r2], 0; @!%p3 bra OTHER;\n"                \
    "ld.shared.u32 %r5, [%r3+124]; ret; }\n"

TEST_CHECKED(one_lane_arrives_for_others_behind_a_barrier_of_its_warp) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race);
    assert_int_equal(bench_load(bench, ARRIVE_FOR_ALL("bar.warp.sync -1;")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 64), MACHINE_OK);
    assert_int_equal(bench_load(bench, ARRIVE_FOR_ALL("")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 64), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "race in shared memory", "thread 31");
}

/* Thread 0 writes a word and sets a flag; thread 32 of the other warp waits for the flag. */
#define HAND_OVER(set, get)                                                                        \
    ".visible .entry k(.param .u64 p) { .reg .b64 %rd<3>; .reg .b32 %r<9>; .reg .pred %p<4>;\n"    \
    ".shared .align 4 .b8 word[4]; .shared .align 4 .b8 flag[4]; .shared .align 4 .b8 "            \
    "many[4096];\n"                                                                                \
    "mov.u32 %r1, %tid.x; mov.u32 %r2, word; mov.u32 %r3, flag; setp.ne.u32 %p1, %r1, 0;\n"        \
    "@!%p1 st.shared.u32 [%r3], 0; bar.sync 0; setp.ne.u32 %p2, "                                  \
    "%r1, 32; @%p1 bra OTHER;\n"                                                                   \
    "st.shared.u32 [%r2], 5; " set " ret;\nOTHER: @%p2 bra END;\n"                                 \
    "AGAIN: " get " setp.eq.u32 %p3, %r4, 0; @%p3 bra AGAIN;\n"                                    \
    "GO: ld.shared.u32 %r5, [%r2];\nEND: ret; }\n"

/* A thousand other words that atomics go to. */
#define MANY                                                                                       \
    "mov.u32 %r7, many; add.u32 %r8, %r7, 4096;\nMORE: sub.u32 %r8, %r8, 4;\n"                     \
    "atom.shared.exch.b32 %r6, [%r8], 1; setp.ne.u32 %p3, %r8, %r7; @%p3 bra MORE;\n"

TEST_CHECKED(flags_order_as_the_memory_model_says) {
    static const struct {
        const char *text;
        enum machine_status status;
    } kernels[] = {
        {HAND_OVER("st.release.cta.shared.u32 [%r3], 1;", "ld.acquire.cta.shared.u32 %r4, [%r3];"),
         MACHINE_OK},
        {HAND_OVER("membar.cta; atom.shared.exch.b32 %r6, [%r3], 1;",
                   "atom.shared.or.b32 %r4, [%r3], 0; membar.cta;"),
         MACHINE_OK},
        {HAND_OVER("fence.acq_rel.cta; st.volatile.shared.u32 [%r3], 1;",
                   "ld.volatile.shared.u32 %r4, [%r3]; fence.acq_rel.cta;"),
         MACHINE_OK},
        {HAND_OVER("atom.acq_rel.cta.shared.exch.b32 %r6, [%r3], 1;",
                   "atom.acq_rel.cta.shared.or.b32 %r4, [%r3], 0;"),
         MACHINE_OK},
        {HAND_OVER("st.relaxed.cta.shared.u32 [%r3], 1;", "ld.acquire.cta.shared.u32 %r4, [%r3];"),
         MACHINE_CHECK_FAILED},
        {HAND_OVER("st.release.cta.shared.u32 [%r3], 1;", "ld.relaxed.cta.shared.u32 %r4, [%r3];"),
         MACHINE_CHECK_FAILED},
        {HAND_OVER("st.release.cta.shared.u32 [%r3], 1;",
                   MANY "ld.acquire.cta.shared.u32 %r4, [%r3];"),
         MACHINE_OK},
        {HAND_OVER("st.relaxed.cta.shared.u32 [%r3], 1;",
                   MANY "ld.acquire.cta.shared.u32 %r4, [%r3];"),
         MACHINE_CHECK_FAILED},
        {HAND_OVER("st.shared.u32 [%r3], 1;", "ld.volatile.shared.u32 %r4, [%r3];"),
         MACHINE_CHECK_FAILED},
    };
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race);
    const uint64_t none = bench_allocate(bench, NULL, 4);
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        bench_must_load(bench, kernels[k].text);
        if (LAUNCH(bench, "k", 1, 64, none) != kernels[k].status)
            fail_msg("%zu: %s", k, bench->log);
    }
}
