/* What the emulator finds wrong in running kernels, and how it says so. */
#include "tests/support/checked.h"
#include "tests/support/test.h"

#include <stdio.h>

TEST_CHECKED(a_write_out_of_bounds_names_its_thread) {
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
TEST_CHECKED(elements_that_nobody_reads_may_lie_outside) {
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

TEST_CHECKED(freed_memory_is_out_of_bounds) {
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
TEST_CHECKED(the_lowest_block_at_fault_is_named) {
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

TEST_CHECKED(a_misaligned_write_is_found) {
    struct bench *bench = *state;
    assert_int_equal(LAUNCH(bench, "misaligned", 1, 32, bench_allocate(bench, NULL, 256)),
                     MACHINE_MISALIGNED_ADDRESS);
    EXPECT_SAID(bench, "misaligned write of 4 bytes", "multiple of 4", "thread (0,0,0)");
}

/* A GPU may put a variable anywhere that its alignment allows, if rarely so. */
TEST_CHECKED(an_access_wider_than_a_variable_is_aligned_is_found) {
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

TEST_CHECKED(an_endless_loop_spends_its_budget) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    options.instruction_budget = 100000;
    machine_set_options(bench->machine, &options);
    assert_int_equal(LAUNCH(bench, "endless_loop", 2, 64, bench_allocate(bench, NULL, 4)),
                     MACHINE_BUDGET_SPENT);
    EXPECT_SAID(bench, "endless_loop", "100000", "at PTX line");
}

TEST_CHECKED(endless_recursion_overflows_the_stack) {
    struct bench *bench = *state;
    assert_int_equal(bench_load(bench,
                                ".func endless() { call endless; ret; }\n"
                                ".visible .entry endless_recursion() { call endless; ret; }\n"),
                     MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "endless_recursion", 1, 32, 0), MACHINE_STACK_OVERFLOW);
    EXPECT_SAID(bench, "stack", "overflows");
}

TEST_CHECKED(barriers_that_never_meet_are_a_deadlock) {
    struct bench *bench = *state;
    assert_int_equal(LAUNCH(bench, "barrier_never_met", 1, 64, 0), MACHINE_DEADLOCK);
    EXPECT_SAID(bench, "deadlock", "bar");
}

TEST_CHECKED(exited_threads_do_not_hold_a_barrier_unless_checked) {
    struct bench *bench = *state;
    const uint64_t to = bench_allocate(bench, NULL, 64 * 4);
    assert_int_equal(LAUNCH(bench, "early_exit_barrier", 1, 64, to), MACHINE_OK);
    BENCH_SWITCH_ON(bench, check_barrier);
    assert_int_equal(LAUNCH(bench, "early_exit_barrier", 1, 64, to), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "16 threads");
}

/* Odd lanes wait at one barrier, even ones come to another. */
#define TWO_BARRIERS(first, second)                                                                \
    ".visible .entry k() { .reg .b32 %r<3>; .reg .pred %p; mov.u32 %r1, %tid.x;\n"                 \
    "and.b32 %r2, %r1, 1; setp.eq.u32 %p, %r2, 0; @%p bra E;\n" first " 0; bra L;\n"               \
    "E: " second " 0;\nL: ret; }\n"

static enum machine_status meet(struct bench *bench, const char *text) {
    bench_must_load(bench, text);
    return LAUNCH(bench, "k", 1, 64, 0);
}

TEST_CHECKED(lanes_of_a_warp_at_two_aligned_barriers_are_an_error_if_checked) {
    static const char aligned[] = TWO_BARRIERS("bar.sync", "bar.sync"),
                      free_to_diverge[] = TWO_BARRIERS("barrier.sync", "barrier.sync"),
                      named[] = TWO_BARRIERS("barrier.sync.aligned", "barrier.sync.aligned");
    struct bench *bench = *state;
    assert_int_equal(meet(bench, aligned), MACHINE_OK);
    BENCH_SWITCH_ON(bench, check_barrier);
    assert_int_equal(meet(bench, aligned), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "divergent barrier", "others wait at PTX line");
    assert_int_equal(meet(bench, named), MACHINE_CHECK_FAILED);
    assert_int_equal(meet(bench, free_to_diverge), MACHINE_OK);
}

/* Half of a warp shuffles, and takes the value of a lane. */
#define SHUFFLE(source, use)                                                                       \
    ".visible .entry k() { .reg .b32 %r<3>; .reg .pred %p; mov.u32 %r1, %tid.x;\n"                 \
    "setp.gt.u32 %p, %r1, 15; @%p ret; shfl.sync.idx.b32 %r2, %r1, " source ", 31, 0xffff; " use   \
    " ret; }\n"
#define BRANCH "setp.eq.u32 %p, %r2, 0; @%p ret;"

TEST_CHECKED(a_value_of_a_lane_that_does_not_take_part_is_none) {
    struct bench *bench = *state;
    assert_int_equal(bench_load(bench, SHUFFLE("20", BRANCH)), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_OK);
    BENCH_SWITCH_ON(bench, check_init);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_CHECK_FAILED);
    EXPECT_SAID(bench, "uninitialised value", "such a value was last loaded at PTX line");
    assert_int_equal(bench_load(bench, SHUFFLE("20", "add.u32 %r2, %r2, 1;")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_OK);
    assert_int_equal(bench_load(bench, SHUFFLE("3", BRANCH)), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 32), MACHINE_OK);
}

/* Programs that go a little over what they have allocated go on where nothing is checked. */
TEST_CHECKED(an_overrun_is_found_unless_nothing_is_checked) {
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

/* Addresses of a host's stack, and of shared memory, of which the kernel has none. */
TEST_CHECKED(an_address_near_no_allocation_is_told_for_what_it_is) {
    static const char text[] = ".visible .entry k(.param .u64 p) { .reg .b64 %rd1;\n"
                               "ld.param.u64 %rd1, [p]; st.global.u32 [%rd1], 1; ret; }\n";
    struct bench *bench = *state;
    const uint64_t far = bench_allocate(bench, NULL, 4) ^ UINT64_C(1) << 46;
    bench_must_load(bench, text);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, far), MACHINE_INVALID_ADDRESS);
    EXPECT_SAID(bench, "the address is in no allocation, nor near one");
    assert_int_equal(LAUNCH(bench, "k", 1, 1, UINT64_C(1) << 56 | 8), MACHINE_INVALID_ADDRESS);
    EXPECT_SAID(bench, "an address of shared memory, offset 8, and the block has 0 bytes");
}

/* Code that was inlined twice over, and a site that calls inlined code in two lines. */
TEST_CHECKED(a_fault_in_inlined_code_names_its_callers) {
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
TEST_CHECKED(of_many_callers_the_first_and_the_last_are_named) {
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

TEST_CHECKED(freed_memory_is_called_so) {
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
TEST_CHECKED(a_word_is_not_there_before_its_copy_is_waited_for) {
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

TEST_CHECKED(uninitialised_reads_are_found) {
    struct bench *bench = *state;
    uint64_t from, to;
    BENCH_SWITCH_ON(bench, check_init);
    assert_int_equal(machine_allocate(bench->machine, 512, &from), MACHINE_OK);
    assert_int_equal(machine_allocate(bench->machine, 512, &to), MACHINE_OK);
    assert_int_equal(machine_set(bench->machine, from, 0, 4, 127), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "vector_load", 1, 32, from, to), MACHINE_CHECK_FAILED);
    assert_int_equal(bench->diagnostic.thread[0], 31);
    EXPECT_SAID(bench, "uninitialised value: 'st' stores to global memory",
                "such a value was last loaded at PTX line", "core.cu:");
    assert_int_equal(machine_set(bench->machine, from, 0, 4, 128), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "vector_load", 1, 32, from, to), MACHINE_OK);
    /* What a kernel has written is initialised. */
    assert_int_equal(LAUNCH(bench, "vector_load", 1, 32, to, from), MACHINE_OK);
}

/* The host writes through a pointer, which nobody sees. */
TEST_CHECKED(memory_of_the_host_counts_as_written) {
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

TEST_CHECKED(a_trap_is_reported_and_the_machine_lives_on) {
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

TEST_CHECKED(host_accesses_are_bounded) {
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
