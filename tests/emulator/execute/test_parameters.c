/* Parameters of functions: their addresses, and those that are registers and constants. */
#include "tests/support/one_thread.h"
#include "tests/support/test.h"

#define CALLER                                                                                     \
    ".visible .entry k(.param .u64 p) {\n" HEAD                                                    \
    "ld.param.u64 %rd1, [p]; mov.u32 %r2, %tid.x; mad.wide.u32 %rd1, %r2, 4, %rd1;\n"

enum { THREADS = 64 };

static void launch(struct bench *bench, const char *text, uint32_t results[THREADS]) {
    memset(results, 0, THREADS * sizeof *results);
    const uint64_t memory = bench_allocate(bench, results, THREADS * sizeof *results);
    bench_must_load(bench, text);
    if (LAUNCH(bench, "k", 1, THREADS, memory) != MACHINE_OK)
        fail_msg("%s\nin %s", bench->diagnostic.message, text);
    assert_int_equal(machine_read(bench->machine, results, memory, THREADS * sizeof *results),
                     MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, memory), MACHINE_OK);
}

/* ---- Addresses of parameters ---- */

/* Four words t, t + 1, t + 2 and t + 3, of which the function reads the one that t says. */
#define CALL_WITH_FOUR_WORDS                                                                       \
    CALLER "{ .param .align 8 .b8 a[16]; .param .b32 b;\n"                                         \
           "add.u32 %r3, %r2, 1; add.u32 %r4, %r2, 2; add.u32 %r5, %r2, 3;\n"                      \
           "st.param.v2.b32 [a], {%r2,%r3}; st.param.v2.b32 [a+8], {%r4,%r5}; \n"                  \
           "call (b), f, (a); ld.param.b32 %r1, [b]; }\n"                                          \
           "st.global.u32 [%rd1], %r1; ret; }\n"
#define FUNCTION(statements)                                                                       \
    ".func (.param .b32 r) f(.param .align 8 .b8 a[16]) {\n"                                       \
    ".local .b32 own; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred %p;\n"                         \
    "mov.u32 %r1, %tid.x; and.b32 %r2, %r1, 3; mul.wide.u32 %rd2, %r2, 4;\n"                       \
    "mov.b64 %rd7, own; st.local.b32 [%rd7], 77;\n" statements "\nret; }\n"

TEST_ON_BENCH(the_address_of_a_parameter_is_one_of_local_memory) {
    static const char *const texts[] = {
        FUNCTION("mov.b64 %rd1, a; add.u64 %rd1, %rd1, %rd2; ld.local.b32 %r3, [%rd1]; "
                 "st.param.b32 [r], %r3;") CALL_WITH_FOUR_WORDS,
        FUNCTION("mov.b64 %rd1, a+4; add.u64 %rd1, %rd1, %rd2; cvta.local.u64 %rd1, %rd1; "
                 "ld.b32 %r3, [%rd1+-4]; st.param.b32 [r], %r3;") CALL_WITH_FOUR_WORDS,
        FUNCTION("mov.b32 %r4, a; mad.lo.u32 %r4, %r2, 4, %r4; ld.param.b32 %r3, [%r4]; "
                 "st.param.b32 [r], %r3;") CALL_WITH_FOUR_WORDS,
        FUNCTION("mov.b64 %rd1, a; add.u64 %rd1, %rd1, %rd2; ld.param::func.b32 %r3, [%rd1]; "
                 "mov.b64 %rd3, r; st.param.b32 [%rd3], %r3;") CALL_WITH_FOUR_WORDS,
        FUNCTION("mov.b64 %rd1, a; add.u64 %rd1, %rd1, %rd2; ld.local.b32 %r3, [%rd1]; "
                 "mov.b64 %rd3, r; cvta.local.u64 %rd3, %rd3; st.b32 [%rd3], %r3;")
            CALL_WITH_FOUR_WORDS,
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        uint32_t results[THREADS];
        launch(bench, texts[k], results);
        for (uint32_t thread = 0; thread < THREADS; thread++)
            if (results[thread] != thread + (thread & 3))
                fail_msg("thread %u has %u: %s", thread, results[thread], texts[k]);
    }
}

/* What is written by the address is read by the name, and the caller's own variable stays as it
 * was. */
TEST_ON_BENCH(a_parameter_has_one_place_by_name_and_by_address) {
    struct bench *bench = *state;
    uint32_t results[THREADS];
    launch(bench,
           ".func (.param .b32 r) f(.param .b32 a) {\n.reg .b32 %r<9>; .reg .b64 %rd<9>;\n"
           "mov.b64 %rd1, a; ld.local.b32 %r1, [%rd1]; add.u32 %r1, %r1, 5;\n"
           "st.local.b32 [%rd1], %r1; ld.param.b32 %r2, [a];\n"
           "mov.b64 %rd2, r; st.param.b32 [r], %r2; ld.local.b32 %r3, [%rd2];\n"
           "add.u32 %r3, %r3, 100; st.local.b32 [%rd2], %r3; ret; }\n" CALLER
           "{ .param .b32 a; .param .b32 b; st.param.b32 [a], %r2;\n"
           "call (b), f, (a); call (b), f, (a); ld.param.b32 %r1, [b]; }\n"
           "st.global.u32 [%rd1], %r1; ret; }\n",
           results);
    for (uint32_t thread = 0; thread < THREADS; thread++)
        assert_int_equal(results[thread], thread + 105);
}

/* Each call has its own: the sum of n and what stands below it. */
TEST_ON_BENCH(each_call_has_its_own_place) {
    struct bench *bench = *state;
    uint32_t results[THREADS];
    launch(bench,
           ".func (.param .b32 r) f(.param .b32 n) {\n"
           ".reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred %p;\n"
           "mov.b64 %rd1, n; ld.local.b32 %r1, [%rd1]; mov.u32 %r2, 0;\n"
           "setp.eq.u32 %p, %r1, 0; @%p bra END;\n"
           "{ .param .b32 a; .param .b32 b; sub.u32 %r3, %r1, 1; st.param.b32 [a], %r3;\n"
           "call (b), f, (a); ld.param.b32 %r2, [b]; }\n"
           "ld.local.b32 %r1, [%rd1];\n"
           "END: add.u32 %r2, %r2, %r1; st.param.b32 [r], %r2; ret; }\n" CALLER
           "{ .param .b32 a; .param .b32 b; and.b32 %r3, %r2, 7; st.param.b32 [a], %r3;\n"
           "call (b), f, (a); ld.param.b32 %r1, [b]; }\n"
           "st.global.u32 [%rd1], %r1; ret; }\n",
           results);
    for (uint32_t thread = 0; thread < THREADS; thread++)
        assert_int_equal(results[thread], (thread & 7) * ((thread & 7) + 1) / 2);
}

/* What nothing has written stays so through a parameter that is read by its address. */
TEST_ON_BENCH(values_stay_unwritten_on_the_stack) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    uint64_t memory;
    assert_int_equal(machine_allocate(bench->machine, 64, &memory), MACHINE_OK);
#define READS(offset)                                                                              \
    ".func (.param .b32 r) f(.param .align 8 .b8 a[16]) {\n.reg .b32 %r<9>; .reg .b64 %rd<9>;\n"   \
    "mov.b64 %rd1, a; ld.local.b32 %r1, [%rd1+" offset "]; mov.b64 %rd2, r;\n"                     \
    "st.local.b32 [%rd2], %r1; ret; }\n" CALLER "{ .param .align 8 .b8 a[16]; .param .b32 b; "     \
    "ld.global.b32 %r5, [%rd1+32]; st.param.b32 [a+4], 3; st.param.b32 [a+8], %r5;\ncall (b), f, " \
    "(a); ld.param.b32 %r1, [b]; }\n"                                                              \
    "st.global.u32 [%rd1], %r1; ret; }\n"
    bench_must_load(bench, READS("4"));
    if (LAUNCH(bench, "k", 1, 1, memory) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    bench_must_load(bench, READS("8"));
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_CHECK_FAILED);
#undef READS
}

/* ---- Registers and constants ---- */

/* f(a, b) = 3 a + b, of two words. */
#define IN_REGISTERS                                                                               \
    ".func (.reg .u32 r) f(.reg .u32 a, .reg .u32 b) {\n"                                          \
    "mad.lo.u32 r, a, 3, b; mov.u32 a, 0; ret; }\n"
#define IN_VARIABLES                                                                               \
    ".func (.param .u32 r) f(.param .u32 a, .param .u32 b) {\n.reg .b32 %r<4>;\n"                  \
    "ld.param.u32 %r1, [a]; ld.param.u32 %r2, [b]; mad.lo.u32 %r1, %r1, 3, %r2;\n"                 \
    "st.param.u32 [r], %r1; ret; }\n"
#define END "\nst.global.u32 [%rd1], %r1; ret; }\n"

TEST_ON_BENCH(registers_and_constants_are_passed) {
    static const struct {
        const char *text;
        uint32_t factor, summand;
    } cases[] = {
        {IN_REGISTERS CALLER "call (%r1), f, (%r2, %r2);" END, 4, 0},
        {IN_VARIABLES CALLER "call (%r1), f, (%r2, %r2);" END, 4, 0},
        {IN_REGISTERS CALLER "call (%r1), f, (%r2, 7+1);" END, 3, 8},
        {IN_VARIABLES CALLER "call.uni (%r1), f, (-1, %r2);" END, 1, (uint32_t)-3},
        {IN_REGISTERS CALLER "call (%r1), f, (%r2, 1); call (%r2), f, (%r1, %r2);"
                             "call (_), f, (%r2, %r2); mov.u32 %r1, %r2;" END,
         10, 3},
        {IN_REGISTERS CALLER ".param .b32 x; .param .b32 y; st.param.b32 [x], %r2;"
                             "call (y), f, (x, 5); ld.param.b32 %r1, [y];" END,
         3, 5},
        {IN_VARIABLES CALLER ".param .b32 x; st.param.b32 [x], %r2; call (%r1), f, (5, x);" END, 1,
         15},
        {IN_REGISTERS CALLER "mov.u64 %rd3, f; P: .callprototype (.reg .u32 _) _ (.reg .u32 _, "
                             ".reg .u32 _); call (%r1), %rd3, (%r2, 9), P;" END,
         3, 9},
        {IN_VARIABLES CALLER "mov.u64 %rd3, f; P: .callprototype (.param .u32 _) _ (.param .u32 _, "
                             ".param .u32 _); call (%r1), %rd3, (%r2, 9), P;" END,
         3, 9},
        {".func (.reg .v2 .u32 r) f(.reg .v2 .u32 a) {\nadd.u32 r.x, a.y, 1; mov.u32 r.y, a.x; "
         "}\n" CALLER ".reg .v2 .u32 v; mov.u32 v.x, %r2; mov.u32 v.y, 5; call (v), f, (v);"
         "mad.lo.u32 %r1, v.x, 100, v.y;" END,
         1, 600},
        {".func (.reg .u64 r, .reg .u32 s) f(.reg .f64 a) {\nadd.f64 a, a, a; cvt.rni.u64.f64 r, "
         "a; "
         "mov.u32 s, 5; ret; }\n" CALLER "call (%rd3, %r3), f, (1.5); cvt.u32.u64 %r1, %rd3; "
         "add.u32 %r1, %r1, %r3; add.u32 %r1, %r1, %r2;" END,
         1, 8},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        uint32_t results[THREADS];
        launch(bench, cases[k].text, results);
        for (uint32_t thread = 0; thread < THREADS; thread++)
            if (results[thread] != thread * cases[k].factor + cases[k].summand)
                fail_msg("thread %u has %u: %s", thread, results[thread], cases[k].text);
    }
}

/* Threads that return early, that fall off the end, or that make no call at all. */
TEST_ON_BENCH(guards_keep_registers_of_results) {
    struct bench *bench = *state;
    uint32_t results[THREADS];
    launch(bench,
           ".func (.reg .u32 r) f(.reg .u32 a) {\n.reg .pred p;\n"
           "mov.u32 r, 1; setp.lt.u32 p, a, 10; @p ret; mov.u32 r, 2; setp.lt.u32 p, a, 20;\n"
           "@p bra END; mov.u32 r, 3;\nEND: }\n" CALLER
           "mov.u32 %r1, 9; setp.lt.u32 %p1, %r2, 30; @%p1 call (%r1), f, (%r2);" END,
           results);
    for (uint32_t t = 0; t < THREADS; t++)
        assert_int_equal(results[t], t < 10 ? 1 : t < 20 ? 2 : t < 30 ? 3 : 9);
}
