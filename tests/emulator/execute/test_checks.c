/* What the emulator finds wrong in running kernels, and how it says so. */
#include "tests/support/emulator_core.h"

#include <stdio.h>
#include <stdlib.h>

static int open_bench(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    *state = bench;
    if (!bench)
        return -1;
    bench_open(bench, 2);
    bench_load_kernels(bench);
    return 0;
}

/* The log has the message that the diagnostic has, and the message says each of the words. */
static void expect_said(const struct bench *bench, const char *const words[], size_t count) {
    assert_string_equal(bench->log, bench->diagnostic.message);
    for (size_t k = 0; k < count; k++) {
        if (!strstr(bench->log, words[k]))
            fail_msg("'%s' is not said in: %s", words[k], bench->log);
    }
}
#define EXPECT_SAID(bench, ...)                                                                    \
    expect_said(bench, (const char *const[]){__VA_ARGS__},                                         \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void a_write_out_of_bounds_names_its_thread(void **state) {
    struct bench *bench = *state;
    struct {
        uint64_t to;
        int index;
    } arguments = {bench_allocate(bench, NULL, 64 * 4), 3};
    const enum machine_status status =
        bench_launch(bench, "out_of_bounds", 1, 64, &arguments, sizeof arguments);
    assert_int_equal(status, MACHINE_INVALID_ADDRESS);
    assert_int_equal(bench->diagnostic.thread[0], 61);
    assert_true(bench->diagnostic.address == arguments.to + 256);
    assert_true(bench->diagnostic.source_line > 0);
    EXPECT_SAID(bench, "out_of_bounds", "block (0,0,0)", "thread (61,0,0)", "write of 4 bytes",
                "core.cu:");
}

/* Three floats at the end of an allocation, read as a vector of four, as compilers do. */
static void elements_that_nobody_reads_may_lie_outside(void **state) {
    struct bench *bench = *state;
    static const char kernels[] =
        ".visible .entry three(.param .u64 p) { .reg .b64 %rd<2>; .reg .f32 %f<7>;\n"
        "ld.param.u64 %rd1, [p]; ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%rd1+16];\n"
        "add.f32 %f5, %f1, %f3; st.global.f32 [%rd1], %f5; ret; }\n"
        ".visible .entry four(.param .u64 p) { .reg .b64 %rd<2>; .reg .f32 %f<7>;\n"
        "ld.param.u64 %rd1, [p]; ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%rd1+16];\n"
        "add.f32 %f5, %f1, %f4; st.global.f32 [%rd1], %f5; ret; }\n"
        ".visible .entry beyond(.param .u64 p) { .reg .b64 %rd<2>; .reg .f32 %f<7>;\n"
        "ld.param.u64 %rd1, [p]; ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%rd1+32];\n"
        "st.global.f32 [%rd1], %f1; ret; }\n";
    float values[7] = {0, 0, 0, 0, 1.5f, 0, 2};
    const uint64_t memory = bench_allocate(bench, values, sizeof values);
    (void)bench_allocate(bench, NULL, 1024); /* lies nearer to what is asked for than the end */
    assert_int_equal(bench_load(bench, kernels), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "three", 1, 32, memory), MACHINE_OK);
    memcpy(values, (const void *)(uintptr_t)memory, // NOLINT(performance-no-int-to-ptr)
           sizeof values);
    assert_true(values[0] == 3.5f);
    assert_int_equal(LAUNCH(bench, "four", 1, 32, memory), MACHINE_INVALID_ADDRESS);
    EXPECT_SAID(bench, "read of 16 bytes", "runs past the end of an allocation of 28 bytes");
    assert_int_equal(LAUNCH(bench, "beyond", 1, 32, memory), MACHINE_INVALID_ADDRESS);
}

static void freed_memory_is_out_of_bounds(void **state) {
    struct bench *bench = *state;
    struct {
        uint64_t to;
        int index;
    } arguments = {bench_allocate(bench, NULL, 1024), 0};
    assert_int_equal(machine_free(bench->machine, arguments.to), MACHINE_OK);
    (void)bench_allocate(bench, NULL, 1024);
    const enum machine_status status =
        bench_launch(bench, "out_of_bounds", 1, 32, &arguments, sizeof arguments);
    assert_int_equal(status, MACHINE_INVALID_ADDRESS);
}

/* Block 0 fails long after the others: it is the one that is named all the same. */
static void the_lowest_block_at_fault_is_named(void **state) {
    struct bench *bench = *state;
    assert_int_equal(
        bench_load(bench, ".visible .entry k() { .reg .b32 %r<4>; .reg .pred %p<3>;\n"
                          "mov.u32 %r1, %ctaid.x; setp.ne.u32 %p1, %r1, 0; @%p1 bra FAIL;\n"
                          "mov.u32 %r2, 2000000;\n"
                          "LOOP: sub.u32 %r2, %r2, 1; setp.ne.u32 %p2, %r2, 0; @%p2 bra LOOP;\n"
                          "FAIL: trap; ret; }\n"),
        MACHINE_OK);
    for (int turn = 0; turn < 3; turn++) {
        assert_int_equal(LAUNCH(bench, "k", 50, 32, 0), MACHINE_TRAP);
        assert_int_equal(bench->diagnostic.block[0], 0);
    }
}

static void a_misaligned_write_is_found(void **state) {
    struct bench *bench = *state;
    assert_int_equal(LAUNCH(bench, "misaligned", 1, 32, bench_allocate(bench, NULL, 256)),
                     MACHINE_MISALIGNED_ADDRESS);
    EXPECT_SAID(bench, "misaligned write of 4 bytes", "multiple of 4", "thread (0,0,0)");
}

/* A GPU may put a variable anywhere that its alignment allows, if rarely so. */
static void an_access_wider_than_a_variable_is_aligned_is_found(void **state) {
    static const unsigned alignments[] = {1, 4, 8, 16, 256, 1024};
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof alignments / sizeof alignments[0]; k++) {
        char text[400];
        snprintf(text, sizeof text,
                 ".global .align %u .b8 kept[64];\n"
                 ".visible .entry wide() { .reg .b64 %%rd<2>; .reg .b32 %%r<2>;\n"
                 "mov.u64 %%rd1, kept; mov.u32 %%r1, 0;\n"
                 "st.global.v4.b32 [%%rd1], {%%r1, %%r1, %%r1, %%r1}; ret; }\n",
                 alignments[k]);
        assert_int_equal(bench_load(bench, text), MACHINE_OK);
        assert_int_equal(LAUNCH(bench, "wide", 1, 1, 0),
                         alignments[k] < 16 ? MACHINE_MISALIGNED_ADDRESS : MACHINE_OK);
    }
}

static void an_endless_loop_spends_its_budget(void **state) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    options.instruction_budget = 100000;
    machine_set_options(bench->machine, &options);
    assert_int_equal(LAUNCH(bench, "endless_loop", 2, 64, bench_allocate(bench, NULL, 4)),
                     MACHINE_BUDGET_SPENT);
    EXPECT_SAID(bench, "endless_loop", "100000", "at PTX line");
}

static void endless_recursion_overflows_the_stack(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_load(bench,
                                ".func endless() { call endless; ret; }\n"
                                ".visible .entry endless_recursion() { call endless; ret; }\n"),
                     MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "endless_recursion", 1, 32, 0), MACHINE_STACK_OVERFLOW);
    EXPECT_SAID(bench, "stack", "overflows");
}

static void barriers_that_never_meet_are_a_deadlock(void **state) {
    struct bench *bench = *state;
    assert_int_equal(LAUNCH(bench, "barrier_never_met", 1, 64, 0), MACHINE_DEADLOCK);
    EXPECT_SAID(bench, "deadlock", "bar");
}

static void exited_threads_do_not_hold_a_barrier_unless_checked(void **state) {
    struct bench *bench = *state;
    const uint64_t to = bench_allocate(bench, NULL, 64 * 4);
    assert_int_equal(LAUNCH(bench, "early_exit_barrier", 1, 64, to), MACHINE_OK);
    BENCH_SWITCH_ON(bench, check_barrier);
    assert_int_equal(LAUNCH(bench, "early_exit_barrier", 1, 64, to), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "16 threads");
}

/* The first warp reads what the second has not written yet: that is unwritten, and a race. */
static void who_reads_too_early_races(void **state) {
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

static void a_race_in_shared_memory_is_found_and_only_there(void **state) {
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

/* Each of 64 threads copies a word; then it reads what a thread of the other warp copied. */
#define COPY_AND_READ(name, between)                                                               \
    ".visible .entry " name "(.param .u64 p) { .reg .b64 %rd<5>; .reg .b32 %r<6>;\n"               \
    ".shared .align 4 .b8 words[256];\n"                                                           \
    "ld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4;\n"                    \
    "add.u64 %rd3, %rd1, %rd2; shl.b32 %r2, %r1, 2; mov.u32 %r3, words; add.u32 %r4, %r3, %r2;\n"  \
    "cp.async.ca.shared.global [%r4], [%rd3], 4; cp.async.commit_group;\n" between                 \
    "sub.u32 %r4, 252, %r2; add.u32 %r4, %r4, %r3; ld.shared.u32 %r5, [%r4];\n"                    \
    "st.global.u32 [%rd3+256], %r5; ret; }\n"

/* A thread's own copies have arrived when it has waited; the others' only where they had before a
 * barrier. */
static void a_copy_races_until_a_barrier_follows_its_wait(void **state) {
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
static void a_copy_races_with_its_own_thread_until_its_wait(void **state) {
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
static void stores_that_agree_do_not_race(void **state) {
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
static void a_word_that_its_reader_wrote_races_with_other_readers(void **state) {
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

/* The second warp, or its last lane, stores a word and ends. The others read it behind a barrier. */
#define STORE_AND_END(last, between)                                                               \
    ".visible .entry k() { .reg .b32 %r<6>; .reg .pred %p<2>; .shared .align 4 .b8 word[4];\n"     \
    "mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, " last "; @%p1 bra OTHER;\n"                       \
    "st.shared.u32 [word], 7; ret; OTHER: " between " ld.shared.u32 %r5, [word]; ret; }\n"

static void who_ends_has_arrived_at_the_barrier_of_all(void **state) {
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

/* The lanes of a warp store a word each, and one of them arrives for all at an mbarrier, for which a
 * thread of another warp waits before it reads the last word. */
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

static void one_lane_arrives_for_others_behind_a_barrier_of_its_warp(void **state) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race);
    assert_int_equal(bench_load(bench, ARRIVE_FOR_ALL("bar.warp.sync -1;")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 64), MACHINE_OK);
    assert_int_equal(bench_load(bench, ARRIVE_FOR_ALL("")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 64), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "race in shared memory", "thread 31");
}

/* Half of a warp shuffles, and takes the value of a lane. */
#define SHUFFLE(source, use)                                                                       \
    ".visible .entry k() { .reg .b32 %r<3>; .reg .pred %p; mov.u32 %r1, %tid.x;\n"                 \
    "setp.gt.u32 %p, %r1, 15; @%p ret; shfl.sync.idx.b32 %r2, %r1, " source ", 31, 0xffff; " use   \
    " ret; }\n"
#define BRANCH "setp.eq.u32 %p, %r2, 0; @%p ret;"

static void a_value_of_a_lane_that_does_not_take_part_is_none(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_load(bench, SHUFFLE("20", BRANCH)), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_OK);
    BENCH_SWITCH_ON(bench, check_init);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "uninitialised value", "(last loaded at PTX line");
    assert_int_equal(bench_load(bench, SHUFFLE("20", "add.u32 %r2, %r2, 1;")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_OK);
    assert_int_equal(bench_load(bench, SHUFFLE("3", BRANCH)), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_OK);
}

/* Programs that go a little over what they have allocated go on where nothing is checked. */
static void an_overrun_is_found_unless_nothing_is_checked(void **state) {
    static const char text[] = ".visible .entry k(.param .u64 p) { .reg .b64 %rd<2>;\n"
                               "ld.param.u64 %rd1, [p]; st.global.u32 [%rd1+4], 1; ret; }\n";
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    assert_int_equal(bench_load(bench, text), MACHINE_OK);
    options.check_memory = false;
    machine_set_options(bench->machine, &options);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, bench_allocate(bench, NULL, 4)), MACHINE_OK);
    options.check_memory = true;
    machine_set_options(bench->machine, &options);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, bench_allocate(bench, NULL, 4)),
                     MACHINE_INVALID_ADDRESS);
    EXPECT_SAID(bench, "out-of-bounds write of 4 bytes");
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

static void flags_order_as_the_memory_model_says(void **state) {
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

/* Code that was inlined twice over, and a site that calls inlined code in two lines. */
static void a_fault_in_inlined_code_names_its_callers(void **state) {
    struct bench *bench = *state;
    assert_int_equal(
        bench_load(bench, ".visible .entry k() { .reg .b32 %r<4>;\n"
                          ".loc 1 20 9\n mov.u32 %r1, 0;\n"
                          ".loc 1 12 3, function_name $L__info_string0, inlined_at 1 20 9\n"
                          " mov.u32 %r2, 0;\n"
                          ".loc 2 5 10, function_name $L__info_string1+16, inlined_at 1 12 3\n"
                          " trap;\n.loc 1 21 1\n ret; }\n"
                          ".file 1 \"outer.cu\"\n.file 2 \"inner.h\"\n"),
        MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, 0), MACHINE_TRAP);
    EXPECT_SAID(bench, "(inner.h:5, inlined at outer.cu:12, inlined at outer.cu:20)");
    assert_int_equal(bench_load(bench, ".visible .entry k() {\n"
                                       ".loc 2 5 10, function_name $a, inlined_at 1 12 3\n"
                                       ".loc 1 21 1\n trap; ret; }\n"
                                       ".file 1 \"outer.cu\"\n.file 2 \"inner.h\"\n"),
                     MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, 0), MACHINE_TRAP);
    EXPECT_SAID(bench, "(outer.cu:21)");
}

/* Templates that unroll loops call each other dozens of times. */
static void of_many_callers_the_first_and_the_last_are_named(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_load(bench, ".visible .entry k() { .reg .b32 %r<5>;\n"
                                       ".loc 1 20 9\n mov.u32 %r1, 0;\n"
                                       ".loc 1 12 3, function_name $a, inlined_at 1 20 9\n"
                                       " mov.u32 %r2, 0;\n"
                                       ".loc 1 13 3, function_name $b, inlined_at 1 12 3\n"
                                       " mov.u32 %r3, 0;\n"
                                       ".loc 1 14 3, function_name $c, inlined_at 1 13 3\n"
                                       " mov.u32 %r4, 0;\n"
                                       ".loc 2 5 10, function_name $d, inlined_at 1 14 3\n"
                                       " trap;\n ret; }\n"
                                       ".file 1 \"outer.cu\"\n.file 2 \"inner.h\"\n"),
                     MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, 0), MACHINE_TRAP);
    EXPECT_SAID(bench, "(inner.h:5, inlined at outer.cu:14, 2 more, inlined at outer.cu:20)");
}

static void freed_memory_is_called_so(void **state) {
    struct bench *bench = *state;
    const uint64_t gone = bench_allocate(bench, NULL, 64);
    const uint64_t other = bench_allocate(bench, NULL, 64);
    assert_int_equal(machine_free(bench->machine, gone), MACHINE_OK);
    assert_int_equal(
        bench_load(bench, ".visible .entry k(.param .u64 p) { .reg .b64 %rd1; .reg .b32 %r1;\n"
                          "ld.param.u64 %rd1, [p]; ld.global.u32 %r1, [%rd1+8]; ret; }\n"),
        MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, gone), MACHINE_INVALID_ADDRESS);
    EXPECT_SAID(bench, "it lies 8 bytes into an allocation of 64 bytes that was freed");
    assert_int_equal(machine_free(bench->machine, other), MACHINE_OK);
}

/* Nothing is there yet that a copy brings but for one that has been waited for. */
static void a_word_is_not_there_before_its_copy_is_waited_for(void **state) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    const uint64_t words = bench_allocate(bench, NULL, 2 * 64 * 4);
    assert_int_equal(machine_set(bench->machine, words, 0, 4, 64), MACHINE_OK);
    assert_int_equal(bench_load(bench, COPY_AND_READ("k", "cp.async.wait_group 0; bar.sync 0;")),
                     MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 64, words), MACHINE_OK);
    assert_int_equal(bench_load(bench, COPY_AND_READ("k", "cp.async.wait_group 1; bar.sync 0;")),
                     MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 64, words), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "uninitialised value: 'st' stores to global memory");
}

static void uninitialised_reads_are_found(void **state) {
    struct bench *bench = *state;
    uint64_t from, to;
    BENCH_SWITCH_ON(bench, check_init);
    assert_int_equal(machine_allocate(bench->machine, 512, &from), MACHINE_OK);
    assert_int_equal(machine_allocate(bench->machine, 512, &to), MACHINE_OK);
    assert_int_equal(machine_set(bench->machine, from, 0, 4, 127), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "vector_load", 1, 32, from, to), MACHINE_CHECK_FAILED);
    assert_int_equal(bench->diagnostic.thread[0], 31);
    EXPECT_SAID(bench, "uninitialised value: 'st' stores to global memory",
                "last loaded at PTX line", "core.cu:");
    assert_int_equal(machine_set(bench->machine, from, 0, 4, 128), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "vector_load", 1, 32, from, to), MACHINE_OK);
    /* What a kernel has written is initialised. */
    assert_int_equal(LAUNCH(bench, "vector_load", 1, 32, to, from), MACHINE_OK);
}

/* The host writes through a pointer, which nobody sees. */
static void memory_of_the_host_counts_as_written(void **state) {
    struct bench *bench = *state;
    void *from;
    BENCH_SWITCH_ON(bench, check_init);
    const uint64_t to = bench_allocate(bench, NULL, 512);
    assert_int_equal(machine_allocate_host(bench->machine, 512, &from), MACHINE_OK);
    memset(from, 1, 512);
    assert_int_equal(LAUNCH(bench, "vector_load", 1, 32, (uint64_t)(uintptr_t)from, to),
                     MACHINE_OK);
    assert_int_equal(machine_free_host(bench->machine, from), MACHINE_OK);
}

static void a_trap_is_reported_and_the_machine_lives_on(void **state) {
    struct bench *bench = *state;
    assert_int_equal(
        bench_load(bench, ".visible .entry k() { .reg .pred %p<2>; .reg .b32 %r<2>;\n"
                          "mov.u32 %r1, %tid.x; setp.eq.u32 %p1, %r1, 5; @%p1 trap; ret; }\n"),
        MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32, 0), MACHINE_TRAP);
    assert_int_equal(bench->diagnostic.thread[0], 5);
    EXPECT_SAID(bench, "trap executed", "thread (5,0,0)");
    assert_int_equal(LAUNCH(bench, "k", 1, 4, 0), MACHINE_OK);
}

static void host_accesses_are_bounded(void **state) {
    struct bench *bench = *state;
    char bytes[64] = {0};
    const uint64_t at = bench_allocate(bench, NULL, 64);
    assert_int_equal(machine_read(bench->machine, bytes, at + 1, 64), MACHINE_INVALID_ADDRESS);
    assert_int_equal(machine_write(bench->machine, at - 1, bytes, 2), MACHINE_INVALID_ADDRESS);
    assert_int_equal(machine_set(bench->machine, at, 1, 4, 17), MACHINE_INVALID_ADDRESS);
    assert_int_equal(machine_set(bench->machine, at + 1, 1, 4, 1), MACHINE_INVALID_VALUE);
    assert_int_equal(machine_free(bench->machine, at + 1), MACHINE_INVALID_VALUE);
    assert_int_equal(machine_free(bench->machine, at), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, at), MACHINE_INVALID_VALUE);
    uint64_t much;
    assert_int_equal(machine_allocate(bench->machine, (size_t)2 << 30, &much),
                     MACHINE_OUT_OF_MEMORY);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_write_out_of_bounds_names_its_thread),
        TEST(elements_that_nobody_reads_may_lie_outside),
        TEST(freed_memory_is_out_of_bounds),
        TEST(the_lowest_block_at_fault_is_named),
        TEST(a_misaligned_write_is_found),
        TEST(an_access_wider_than_a_variable_is_aligned_is_found),
        TEST(an_endless_loop_spends_its_budget),
        TEST(endless_recursion_overflows_the_stack),
        TEST(barriers_that_never_meet_are_a_deadlock),
        TEST(exited_threads_do_not_hold_a_barrier_unless_checked),
        TEST(a_race_in_shared_memory_is_found_and_only_there),
        TEST(who_reads_too_early_races),
        TEST(a_copy_races_until_a_barrier_follows_its_wait),
        TEST(a_copy_races_with_its_own_thread_until_its_wait),
        TEST(stores_that_agree_do_not_race),
        TEST(who_ends_has_arrived_at_the_barrier_of_all),
        TEST(a_word_that_its_reader_wrote_races_with_other_readers),
        TEST(one_lane_arrives_for_others_behind_a_barrier_of_its_warp),
        TEST(a_value_of_a_lane_that_does_not_take_part_is_none),
        TEST(an_overrun_is_found_unless_nothing_is_checked),
        TEST(flags_order_as_the_memory_model_says),
        TEST(a_fault_in_inlined_code_names_its_callers),
        TEST(of_many_callers_the_first_and_the_last_are_named),
        TEST(freed_memory_is_called_so),
        TEST(a_word_is_not_there_before_its_copy_is_waited_for),
        TEST(uninitialised_reads_are_found),
        TEST(memory_of_the_host_counts_as_written),
        TEST(a_trap_is_reported_and_the_machine_lives_on),
        TEST(host_accesses_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
