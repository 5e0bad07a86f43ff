/* Memory that functions take from the stack while they run: alloca, stacksave, stackrestore. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

/* The sum of n * n + … + 1: each call takes n words, fills them and adds them up when the calls
 * below have taken theirs. */
#define SQUARES                                                                                    \
    ".func (.param .b32 sum) squares(.param .b32 n) {\n"                                           \
    ".reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .pred %p;\n"                                          \
    "ld.param.u32 %r1, [n]; mov.u32 %r5, 0; setp.eq.u32 %p, %r1, 0; @%p bra END;\n"                \
    "mul.wide.u32 %rd1, %r1, 4; alloca.u64 %rd2, %rd1, 16;\n"                                      \
    "and.b64 %rd3, %rd2, 15; setp.ne.u64 %p, %rd3, 0; @%p trap;\n"                                 \
    "mov.u64 %rd3, %rd2; mov.u32 %r2, 0;\n"                                                        \
    "FILL: st.local.u32 [%rd3], %r1; add.u64 %rd3, %rd3, 4; add.u32 %r2, %r2, 1;\n"                \
    "setp.lt.u32 %p, %r2, %r1; @%p bra FILL;\n"                                                    \
    "sub.u32 %r3, %r1, 1;\n"                                                                       \
    "{ .param .b32 a; .param .b32 b; st.param.b32 [a], %r3; call (b), squares, (a);\n"             \
    "ld.param.b32 %r5, [b]; }\n"                                                                   \
    "cvta.local.u64 %rd2, %rd2;\n"                                                                 \
    "ADD: ld.u32 %r4, [%rd2]; add.u32 %r5, %r5, %r4; add.u64 %rd2, %rd2, 4; sub.u32 %r2, %r2, "    \
    "1;\n"                                                                                         \
    "setp.ne.u32 %p, %r2, 0; @%p bra ADD;\n"                                                       \
    "END: st.param.b32 [sum], %r5; ret; }\n"
#define HEAD                                                                                       \
    ".visible .entry k(.param .u64 p) {\n"                                                         \
    ".reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .pred %p;\n"                                          \
    "ld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x; mad.wide.u32 %rd1, %r1, 4, %rd1;\n"

TEST_ON_BENCH(each_call_has_what_it_took) {
    enum { THREADS = 64, DEPTHS = 9 };
    struct bench *bench = *state;
    uint32_t sums[THREADS] = {0};
    const uint64_t memory = bench_allocate(bench, sums, sizeof sums);
    bench_must_load(bench, SQUARES HEAD "rem.u32 %r2, %r1, 9;\n"
                                        "{ .param .b32 a; .param .b32 b; st.param.b32 [a], %r2;\n"
                                        "call (b), squares, (a); ld.param.b32 %r3, [b]; }\n"
                                        "st.global.u32 [%rd1], %r3; ret; }\n");
    if (LAUNCH(bench, "k", 1, THREADS, memory) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    assert_int_equal(machine_read(bench->machine, sums, memory, sizeof sums), MACHINE_OK);
    for (uint32_t thread = 0; thread < THREADS; thread++) {
        uint32_t wanted = 0;
        for (uint32_t n = thread % DEPTHS; n > 0; n--)
            wanted += n * n;
        assert_int_equal(sums[thread], wanted);
    }
}

/* A thousand times 64 bytes, of a stack of 16 KiB a thread. */
#define LOOP(before, after)                                                                        \
    HEAD "mov.u32 %r2, 0;\n"                                                                       \
         "L: " before "alloca.u64 %rd3, 64; st.local.u32 [%rd3], %r1; ld.local.u32 %r3, [%rd3];\n" \
         "st.global.u32 [%rd1], %r3; " after "\n"                                                  \
         "add.u32 %r2, %r2, 1; setp.lt.u32 %p, %r2, 1000; @%p bra L; ret; }\n"

TEST_ON_BENCH(what_was_saved_is_restored) {
    enum { THREADS = 32 };
    struct bench *bench = *state;
    uint32_t values[THREADS] = {0};
    const uint64_t memory = bench_allocate(bench, values, sizeof values);
    bench_must_load(bench, LOOP("stacksave.u64 %rd2; ", "stackrestore.u64 %rd2;"));
    if (LAUNCH(bench, "k", 1, THREADS, memory) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    assert_int_equal(machine_read(bench->machine, values, memory, sizeof values), MACHINE_OK);
    for (uint32_t thread = 0; thread < THREADS; thread++)
        assert_int_equal(values[thread], thread);
    bench_must_load(bench, LOOP("", ""));
    assert_int_equal(LAUNCH(bench, "k", 1, THREADS, memory), MACHINE_STACK_OVERFLOW);
    assert_non_null(strstr(bench->diagnostic.message, "64 bytes are asked for"));
    bench_must_load(bench, LOOP("mov.u64 %rd2, 8; ", "stackrestore.u64 %rd2;"));
    assert_int_equal(LAUNCH(bench, "k", 1, THREADS, memory), MACHINE_ILLEGAL_INSTRUCTION);
}

TEST_ON_BENCH(sizes_and_alignments_have_bounds) {
    static const struct {
        const char *text;
        enum machine_status status;
    } cases[] = {
        {HEAD "alloca.u64 %rd2, 18446744073709551615; ret; }", MACHINE_STACK_OVERFLOW},
        {HEAD "alloca.u64 %rd2, 8, 8388608; alloca.u64 %rd3, 8; ret; }", MACHINE_STACK_OVERFLOW},
        {HEAD "alloca.u64 %rd2, 0; ret; }", MACHINE_OK},
        {HEAD "alloca.u32 %r2, 8, 64; and.b32 %r3, %r2, 63; setp.ne.u32 %p, %r3, 0; @%p trap; "
              "ret; }",
         MACHINE_OK},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        bench_must_load(bench, cases[k].text);
        assert_int_equal(LAUNCH(bench, "k", 1, 1, 0), cases[k].status);
    }
    assert_int_equal(bench_load(bench, HEAD "alloca.u64 %rd2, 8, 24; ret; }"), MACHINE_INVALID_PTX);
    assert_non_null(strstr(bench->diagnostic.message, "no meaning here"));
}

/* Taken again, it is as if nothing had ever been written to it. */
TEST_ON_BENCH(what_was_taken_is_unwritten) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    const uint64_t memory = bench_allocate(bench, NULL, 64);
    options.check_init = true;
    machine_set_options(bench->machine, &options);
    bench_must_load(bench, HEAD "stacksave.u64 %rd2; alloca.u64 %rd3, 16; st.local.u32 [%rd3], 7;\n"
                                "ld.local.u32 %r2, [%rd3]; st.global.u32 [%rd1], %r2;\n"
                                "stackrestore.u64 %rd2; ret; }\n");
    if (LAUNCH(bench, "k", 1, 1, memory) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    bench_must_load(bench,
                    HEAD "stacksave.u64 %rd2; alloca.u64 %rd3, 16; st.local.u32 [%rd3], 7;\n"
                         "stackrestore.u64 %rd2; alloca.u64 %rd3, 16; ld.local.u32 %r2, [%rd3];\n"
                         "st.global.u32 [%rd1], %r2; ret; }\n");
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_CHECK_FAILED);
}
