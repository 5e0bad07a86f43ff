/* Races between blocks in global memory: which are found, and what orders blocks. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

/* %rd1 is a buffer of zeros, %r1 the block, %r2 the thread, %p1 the first block; %rd2 is 64 bytes
 * behind %rd1, %rd3 at the thread's word. */
#define KERNEL(text)                                                                               \
    ".visible .entry k(.param .u64 a) { .reg .pred %p<9>; .reg .b64 %rd<9>; .reg .b32 %r<20>;\n"   \
    "ld.param.u64 %rd1, [a]; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %tid.x; add.u64 %rd2, %rd1, "     \
    "64;\n"                                                                                        \
    "setp.eq.u32 %p1, %r1, 0; mul.wide.u32 %rd3, %r2, 4; add.u64 %rd3, %rd1, %rd3;\n"              \
    "mad.lo.u32 %r3, %r1, 32, %r2; mul.wide.u32 %rd4, %r3, 4; add.u64 %rd4, %rd1, %rd4;\n" text    \
    "\nret; }\n"
/* The first block writes a word and then a flag, the second waits for the flag and reads. */
#define HAND_OVER(set, get)                                                                        \
    KERNEL("@!%p1 bra AGAIN;\n st.global.u32 [%rd1], 5; " set " bra END;\n"                        \
           "AGAIN: " get " setp.eq.u32 %p3, %r4, 0; @%p3 bra AGAIN;\n"                             \
           "ld.global.u32 %r5, [%rd1];\nEND:")

#define TICKET "membar.gl; atom.global.add.u32 %r4, [%rd1], 1;\n"

static const struct {
    const char *text, *said; /* NULL: no race */
    unsigned threads;
} examples[] = {
    {KERNEL("st.global.u32 [%rd3], %r1;"), "a block writes what block (0,0,0) wrote", 32},
    {KERNEL("st.global.u32 [%rd3], 7;"), NULL, 32},
    {KERNEL("st.global.u32 [%rd4], %r1;"), NULL, 32},
    {KERNEL("ld.global.u32 %r4, [%rd4]; ld.global.u32 %r5, [%rd4+4]; st.global.u32 [%rd4], 9;"),
     "a block writes what block (0,0,0) read", 32},
    {KERNEL("ld.global.u32 %r4, [%rd1]; @%p1 bra L; bra E; L: st.global.u32 [%rd4], %r3; E:"),
     "race in global memory: a block reads what block (0,0,0) wrote", 32},
    {KERNEL("atom.global.add.u32 %r4, [%rd1], 1;"), NULL, 32},
    {KERNEL("atom.global.add.u32 %r4, [%rd1], 1; ld.global.u32 %r5, [%rd1];"),
     "a block writes what block (0,0,0) read", 1},
    {KERNEL("cvt.u64.u32 %rd5, %r1; add.u64 %rd5, %rd5, %rd1; st.global.u8 [%rd5], %r1;"), NULL, 1},
    {KERNEL("st.relaxed.gpu.global.u32 [%rd3], %r1;"), NULL, 32},
    {HAND_OVER("st.release.gpu.global.u32 [%rd2], 1;", "ld.acquire.gpu.global.u32 %r4, [%rd2];"),
     NULL, 1},
    {HAND_OVER("membar.gl; atom.global.exch.b32 %r6, [%rd2], 1;",
               "ld.volatile.global.u32 %r4, [%rd2]; membar.gl;"),
     NULL, 1},
    {HAND_OVER("st.relaxed.gpu.global.u32 [%rd2], 1;", "ld.acquire.gpu.global.u32 %r4, [%rd2];"),
     "a block reads what block (0,0,0) wrote", 1},
    {HAND_OVER("st.release.gpu.global.u32 [%rd2], 1;", "ld.relaxed.gpu.global.u32 %r4, [%rd2];"),
     "a block reads what block (0,0,0) wrote", 1},
    /* The block that comes last reads what all have written. */
    {KERNEL("st.global.u32 [%rd4+128], %r3; bar.sync 0; setp.ne.u32 %p2, %r2, 0; @%p2 bra E;\n"
            "membar.gl; atom.global.add.u32 %r4, [%rd1], 1; membar.gl;\n"
            "setp.ne.u32 %p3, %r4, 3; @%p3 bra E; ld.global.u32 %r5, [%rd1+128];\n"
            "ld.global.u32 %r6, [%rd1+256]; E:"),
     NULL, 32},
    /* It resets the ticket by a plain store: its own atomic has observed all others. */
    {KERNEL(TICKET "setp.ne.u32 %p3, %r4, 3; @%p3 bra E; st.global.u32 [%rd1], 0; E:"), NULL, 1},
    {KERNEL(TICKET "L: ld.volatile.global.u32 %r4, [%rd1]; setp.ne.u32 %p3, %r4, 4; @%p3 bra L;\n"
                   "@%p1 st.global.u32 [%rd2], %r4;"),
     NULL, 1},
    {HAND_OVER("st.release.gpu.global.u32 [%rd2], 1;",
               "setp.ne.u32 %p4, %r1, 1; @%p4 bra END; ld.acquire.gpu.global.u32 %r4, [%rd2];\n"
               "@%p3 bra AGAIN; setp.eq.u32 %p4, %r4, 1; @%p4 st.global.u32 [%rd2], 0;"),
     NULL, 1},
    /* An atomic that came before another block's has not observed it, nor has no atomic at all. */
    {KERNEL(TICKET "setp.ne.u32 %p3, %r4, 0; @%p3 bra E;\n"
                   "L: ld.global.u32 %r5, [%rd2]; setp.eq.u32 %p3, %r5, 0;\n"
                   "st.global.u32 [%rd1], 9; E:"),
     "in global memory: a block", 1},
    {KERNEL("@%p1 bra L; " TICKET "bra E; L: nanosleep.u32 9; st.global.u32 [%rd1], 9; E:"),
     "in global memory: a block", 1},
    /* Block 1 has observed what block 0 wrote, and not what block 2 wrote since. */
    {KERNEL("setp.eq.u32 %p2, %r1, 1; setp.eq.u32 %p3, %r1, 2; @%p2 bra O; @%p3 bra C;\n"
            "@%p1 st.relaxed.gpu.global.u32 [%rd1], 1; bra E;\n"
            "O: ld.relaxed.gpu.global.u32 %r4, [%rd1]; setp.eq.u32 %p4, %r4, 0; @%p4 bra O;\n"
            "st.relaxed.gpu.global.u32 [%rd2], 1;\n"
            "P: ld.relaxed.gpu.global.u32 %r4, [%rd2]; setp.ne.u32 %p4, %r4, 2; @%p4 bra P;\n"
            "st.global.u32 [%rd1], 9; bra E;\n"
            "C: ld.relaxed.gpu.global.u32 %r4, [%rd2]; setp.ne.u32 %p4, %r4, 1; @%p4 bra C;\n"
            "st.relaxed.gpu.global.u32 [%rd1], 2; st.relaxed.gpu.global.u32 [%rd2], 2; E:"),
     "a block writes what block (2,0,0) wrote", 1},
    /* A strong store breaks the chain: what came before it is observed no more. */
    {KERNEL("setp.eq.u32 %p2, %r1, 3; setp.eq.u32 %p3, %r1, 1; @%p3 bra L;\n" TICKET
            "@%p2 st.global.u32 [%rd1], 9; bra E; L: st.relaxed.gpu.global.u32 [%rd1], 0; E:"),
     "a block writes what block (0,0,0) read", 1},
    /* What an earlier load of a block read, its atomic does not hand on without a fence. */
    {KERNEL("ld.volatile.global.u32 %r5, [%rd1]; " TICKET
            "setp.ne.u32 %p3, %r4, 3; @%p3 bra E; st.global.u32 [%rd1], 0; E:"),
     "a block writes what block (0,0,0) read", 1},
};

TEST_ON_BENCH(blocks_race_unless_something_orders_them) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race_global);
    for (size_t k = 0; k < sizeof examples / sizeof examples[0]; k++) {
        const uint64_t words = bench_allocate(bench, NULL, 1024);
        assert_int_equal(machine_set(bench->machine, words, 0, 4, 256), MACHINE_OK);
        bench_must_load(bench, examples[k].text);
        bench->log[0] = '\0';
        const enum machine_status status = LAUNCH(bench, "k", 4, examples[k].threads, words);
        const bool is_right = examples[k].said ? status == MACHINE_CHECK_FAILED &&
                                                     strstr(bench->log, examples[k].said)
                                               : status == MACHINE_OK;
        if (!is_right)
            fail_msg("'%s' for: %s", bench->log, examples[k].text);
        assert_int_equal(machine_free(bench->machine, words), MACHINE_OK);
    }
}

TEST_ON_BENCH(launches_are_ordered) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_race_global);
    const uint64_t words = bench_allocate(bench, NULL, 1024);
    assert_int_equal(bench_load(bench, KERNEL("sub.u32 %r3, 99, %r3; mul.wide.u32 %rd4, %r1, 4;\n"
                                              "sub.u64 %rd4, %rd1, %rd4; st.global.u32 "
                                              "[%rd4+512], %r3;")),
                     MACHINE_OK);
    for (int turn = 0; turn < 3; turn++)
        assert_int_equal(LAUNCH(bench, "k", 1u + (unsigned)turn, 1, words), MACHINE_OK);
}
