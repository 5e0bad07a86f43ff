/* mbarriers: their phases, arrivals and bytes, who sleeps at one, and what is said of one whose
 * phase never ends. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

/* A kernel with two mbarriers at %r1 and %r2, whose thread has the number %r3, and which stores
 * %r9 of thread 0. */
#define KERNEL(statements)                                                                         \
    ".visible .entry k(.param .u64 p) {\n"                                                         \
    ".reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .pred %p<8>;\n"                                      \
    ".shared .align 8 .b64 bars[2];\n"                                                             \
    "ld.param.u64 %rd1, [p]; mov.u32 %r1, bars; add.u32 %r2, %r1, 8; mov.u32 %r3, %tid.x;\n"       \
    "setp.eq.u32 %p1, %r3, 0; mov.u32 %r9, 0;\n" statements                                        \
    "\n@%p1 st.global.u32 [%rd1], %r9;\nret; }\n"

static enum machine_status run(struct bench *bench, const char *text, unsigned threads,
                               uint32_t *result) {
    const uint64_t memory = bench_allocate(bench, NULL, 64);
    const enum machine_status loaded = bench_load(bench, text);
    if (loaded != MACHINE_OK)
        fail_msg("%s\nin %s", bench->diagnostic.message, text);
    bench->log[0] = '\0';
    const enum machine_status status = LAUNCH(bench, "k", 1, threads, memory);
    assert_int_equal(machine_read(bench->machine, result, memory, sizeof *result), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, memory), MACHINE_OK);
    return status;
}

static void expect_result(struct bench *bench, const char *text, unsigned threads,
                          uint32_t wanted) {
    uint32_t result;
    if (run(bench, text, threads, &result) != MACHINE_OK)
        fail_msg("%s\nin %s", bench->log, text);
    if (result != wanted)
        fail_msg("%u, not %u, from %s", result, wanted, text);
}

static void expect_fault(struct bench *bench, const char *text, unsigned threads,
                         enum machine_status wanted, const char *words) {
    uint32_t result;
    const enum machine_status status = run(bench, text, threads, &result);
    if (status != wanted || !strstr(bench->log, words))
        fail_msg("status %d, '%s' instead of '%s' from %s", status, bench->log, words, text);
}

/* Bits of the result: what each test in turn gave. */
#define TEST_PARITY(parity)                                                                        \
    "mbarrier.test_wait.parity.shared.b64 %p2, [%r1], " parity ";\n"                               \
    "selp.u32 %r4, 1, 0, %p2; shl.b32 %r9, %r9, 1; or.b32 %r9, %r9, %r4;\n"
#define TEST_STATE                                                                                 \
    "mbarrier.test_wait.shared.b64 %p2, [%r1], %rd2;\n"                                            \
    "selp.u32 %r4, 1, 0, %p2; shl.b32 %r9, %r9, 1; or.b32 %r9, %r9, %r4;\n"

TEST_ON_HOPPER(a_phase_ends_with_its_last_arrival) {
    static const struct {
        const char *text;
        uint32_t result;
    } cases[] = {
        {KERNEL("mbarrier.init.shared.b64 [%r1], 2;\n" TEST_PARITY("0") TEST_PARITY(
             "1") "mbarrier.arrive.shared.b64 %rd2, [%r1];\n" TEST_STATE
                    TEST_PARITY(
                        "0") "mbarrier.arrive.shared.b64 _, [%r1];\n" TEST_STATE TEST_PARITY("0")
                        TEST_PARITY("1")),
         0x26}, /* 01 00 110 */
        /* An arrival that counts for several; the next phase expects as many again. */
        {KERNEL(
             "mbarrier.init.shared::cta.b64 [%r1], 3;\n"
             "mbarrier.arrive.release.cta.shared::cta.b64 %rd2, [%r1], 3;\n" TEST_PARITY(
                 "0") "mbarrier.arrive.shared.b64 _, [%r1], 2;\n" TEST_PARITY("1") "mbarrier."
                                                                                   "arrive.shared."
                                                                                   "b64 _, "
                                                                                   "[%r1];"
                                                                                   "\n" TEST_PARITY(
                                                                                       "1")),
         5},
        /* Who drops out is not expected any more. */
        {KERNEL(
             "mbarrier.init.shared.b64 [%r1], 2;\n"
             "mbarrier.arrive_drop.shared.b64 %rd2, [%r1];\n" TEST_PARITY(
                 "0") "mbarrier.arrive.shared.b64 _, [%r1];\n" TEST_PARITY("0") "mbarrier.arrive."
                                                                                "shared.b64 _, "
                                                                                "[%r1];"
                                                                                "\n" TEST_PARITY(
                                                                                    "1")),
         3},
        {KERNEL("mbarrier.init.shared.b64 [%r1], 5;\n"
                "mbarrier.arrive.noComplete.shared.b64 %rd2, [%r1], 2;\n"
                "mbarrier.arrive.shared.b64 %rd2, [%r1];\n"
                "mbarrier.pending_count.b64 %r9, %rd2;"),
         3},
        /* A generic address, an offset, and the second mbarrier. */
        {KERNEL("mov.u64 %rd3, bars; cvta.shared.u64 %rd3, %rd3;\n"
                "mbarrier.init.b64 [%rd3+8], 1; mbarrier.init.shared.b64 [%r1], 7;\n"
                "mbarrier.arrive.b64 %rd2, [%rd3+8]; mov.u32 %r1, %r2;\n" TEST_PARITY("0")),
         1},
        {KERNEL("mbarrier.init.shared.b64 [%r1], 1; mbarrier.inval.shared.b64 [%r1];\n"
                "mbarrier.init.shared.b64 [%r1], 1;\n" TEST_PARITY("0") TEST_PARITY("1")),
         1},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        expect_result(*state, cases[k].text, 1, cases[k].result);
}

TEST_ON_HOPPER(a_phase_waits_for_its_bytes) {
    static const struct {
        const char *text;
        uint32_t result;
    } cases[] = {
        {KERNEL(
             "mbarrier.init.shared.b64 [%r1], 1;\n"
             "mbarrier.arrive.expect_tx.shared::cta.b64 %rd2, [%r1], 48;\n" TEST_PARITY(
                 "0") "mbarrier.complete_tx.shared::cta.b64 [%r1], 32;\n" TEST_PARITY("0") "mbarrie"
                                                                                           "r."
                                                                                           "complet"
                                                                                           "e_tx."
                                                                                           "relaxed"
                                                                                           ".cta."
                                                                                           "shared:"
                                                                                           ":cta."
                                                                                           "b64 "
                                                                                           "[%r1], "
                                                                                           "16;"
                                                                                           "\n" TEST_PARITY(
                                                                                               "0")),
         1},
        /* Bytes that come before they are expected. */
        {KERNEL("mbarrier.init.shared.b64 [%r1], 2;\n"
                "mbarrier.complete_tx.shared::cta.b64 [%r1], 32;\n"
                "mbarrier.arrive.shared.b64 _, [%r1];\n" TEST_PARITY(
                    "0") "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], "
                         "32;\n" TEST_PARITY("0") "mbarrier.arrive.shared.b64 _, "
                                                  "[%r1];\n" TEST_PARITY("0")),
         1},
        {KERNEL("mbarrier.init.shared.b64 [%r1], 2;\n"
                "mbarrier.arrive_drop.expect_tx.release.cta.shared::cta.b64 _, [%r1], 16;\n"
                "mbarrier.arrive.shared.b64 _, [%r1];\n" TEST_PARITY(
                    "0") "mbarrier.complete_tx."
                         "shared::cta.b64 [%r1], "
                         "16;\n" TEST_PARITY("0") "mbarrier.arrive."
                                                  "shared.b64 _, "
                                                  "[%r1];"
                                                  "\n" TEST_PARITY("1")),
         3},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        expect_result(*state, cases[k].text, 1, cases[k].result);
}

#define WAIT(number, parity)                                                                       \
    "W" number ": mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], " parity ", 1000;\n"        \
    "@!%p2 bra W" number ";\n"

/* Warp 0 waits, warp 1 gives it something. */
#define TWO_WARPS(count, waiter, giver)                                                            \
    KERNEL("@%p1 mbarrier.init.shared.b64 [%r1], " count ";\n"                                     \
           "@%p1 mbarrier.init.shared.b64 [%r2], 1;\n"                                             \
           "bar.sync 0; setp.ge.u32 %p3, %r3, 32; @%p3 bra GIVE;\n" waiter "bra END;\n"            \
           "GIVE:\n" giver "END:\n")

/* A warp that sleeps has not executed its wait: the count does not tell how long it slept. */
TEST_ON_HOPPER(a_sleeper_counts_once) {
    struct bench *bench = *state;
    uint64_t counts[2];
    static const char *const texts[] = {
        TWO_WARPS("32", WAIT("1", "0"), "mbarrier.arrive.shared.b64 _, [%r1];\n"),
        TWO_WARPS("32", WAIT("1", "0"),
                  "mov.u32 %r5, 50000;\nL: sub.u32 %r5, %r5, 1; setp.ne.u32 %p4, %r5, 0;\n"
                  "@%p4 bra L;\nmbarrier.arrive.shared.b64 _, [%r1];\n")};
    for (size_t k = 0; k < 2; k++) {
        expect_result(bench, texts[k], 64, 0);
        counts[k] = bench->counters.warp_instructions;
    }
    assert_int_equal(counts[1] - counts[0], 1 + 50000 * 3);
}

/* PTX lets a wait end for want of time: a warp that only looks whether a phase has ended goes on to
 * what the others wait for. */
TEST_ON_HOPPER(a_look_does_not_hold_up_who_looks) {
    expect_result(*state,
                  TWO_WARPS("32",
                            "mbarrier.try_wait.parity.shared.b64 %p2, [%r1], 0;\n"
                            "@!%p2 add.u32 %r9, %r9, 1;\n"
                            "@%p1 mbarrier.arrive.shared.b64 _, [%r2];\n" WAIT(
                                "1", "0") "add.u32 %r9, %r9, 2;\n",
                            "V: mbarrier.try_wait.parity.shared.b64 %p2, [%r2], 0; @!%p2 bra V;\n"
                            "mbarrier.arrive.shared.b64 _, [%r1];\n"),
                  64, 3);
}

/* Lanes of one warp sleep at different mbarriers, and one of them wakes the others. */
TEST_ON_HOPPER(lanes_of_a_warp_wait_for_each_other) {
    expect_result(
        *state,
        KERNEL("@%p1 mbarrier.init.shared.b64 [%r1], 1;\n"
               "@%p1 mbarrier.init.shared.b64 [%r2], 31;\nbar.sync 0;\n"
               "@%p1 bra FIRST;\n" WAIT(
                   "1", "0") "mbarrier.arrive.shared.b64 _, [%r2]; bra END;\n"
                             "FIRST: mbarrier.arrive.shared.b64 _, [%r1];\n"
                             "V: mbarrier.try_wait.parity.shared.b64 %p2, [%r2], 0; @!%p2 bra V;\n"
                             "mov.u32 %r9, 5;\nEND:\n"),
        32, 5);
}

TEST_ON_HOPPER(a_phase_that_never_ends_is_named) {
    static const struct {
        const char *text, *words;
    } cases[] = {
        {TWO_WARPS("1", WAIT("1", "0"),
                   "setp.eq.u32 %p4, %r3, 32;\n"
                   "@%p4 mbarrier.arrive.expect_tx.shared.b64 _, [%r1], 4096;\n"
                   "@%p4 mbarrier.complete_tx.shared.b64 [%r1], 4000;\n"),
         "in a phase of parity 0 for 96 bytes that never come"},
        {TWO_WARPS("33", WAIT("1", "0"), "mbarrier.arrive.shared.b64 _, [%r1];\n"),
         "for 1 arrival that never comes"},
        {TWO_WARPS("32", WAIT("1", "0"),
                   "setp.eq.u32 %p4, %r3, 32; @%p4 mbarrier.complete_tx.shared.b64 [%r1], 16;\n"
                   "mbarrier.arrive.shared.b64 _, [%r1];\n"),
         "that got 16 bytes too many"},
        /* The wrong parity: its phase has not begun. */
        {TWO_WARPS("32",
                   WAIT("1", "1") "P: mbarrier.try_wait.parity.shared.b64 %p2, [%r1], 1;\n"
                                  "bra P;\n",
                   "mbarrier.arrive.shared.b64 _, [%r1];\n"),
         "in a phase of parity 1 for 32 arrivals"},
        /* A loop that only tests, beside one that waits. */
        {TWO_WARPS("33", "T: mbarrier.test_wait.parity.shared.b64 %p2, [%r1], 0; @!%p2 bra T;\n",
                   "mbarrier.arrive.shared.b64 _, [%r1];\n"),
         "for 1 arrival that never comes"},
        /* The others wait for those who sleep. */
        {TWO_WARPS("33", WAIT("1", "0") "bar.sync 0;\n",
                   "mbarrier.arrive.shared.b64 _, [%r1]; bar.sync 0;\n"),
         "for 1 arrival that never comes"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        expect_fault(*state, cases[k].text, 64, MACHINE_DEADLOCK, cases[k].words);
}

TEST_ON_HOPPER(wrong_uses_are_named) {
    static const struct {
        const char *text, *words;
    } cases[] = {
        {KERNEL("mbarrier.arrive.shared.b64 _, [%r1];"), "no mbarrier lies there"},
        {KERNEL("st.shared.u64 [%r1], 0; mbarrier.arrive.shared.b64 _, [%r1];"),
         "no mbarrier lies there"},
        {KERNEL("mbarrier.try_wait.parity.shared.b64 %p2, [%r1], 0;"), "no mbarrier lies there"},
        {KERNEL("mbarrier.init.shared.b64 [%r1], 1; mbarrier.inval.shared.b64 [%r1];\n"
                "mbarrier.test_wait.parity.shared.b64 %p2, [%r1], 0;"),
         "no mbarrier lies there"},
        {KERNEL("mbarrier.init.shared.b64 [%r1], 0;"), "from 1 to 1048575 arrivals"},
        {KERNEL("mbarrier.init.shared.b64 [%r1], 2; mbarrier.arrive.shared.b64 _, [%r1], 3;"),
         "more arrivals"},
        {KERNEL("mbarrier.init.shared.b64 [%r1], 2;\n"
                "mbarrier.arrive.noComplete.shared.b64 _, [%r1], 2;"),
         ".noComplete"},
        {KERNEL("mbarrier.init.shared.b64 [%r1], 2;\n"
                "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], 1048576;"),
         "more bytes"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        expect_fault(*state, cases[k].text, 1, MACHINE_ILLEGAL_INSTRUCTION, cases[k].words);
    expect_fault(*state, KERNEL("mbarrier.init.shared.b64 [%r1+4], 1;"), 1,
                 MACHINE_MISALIGNED_ADDRESS, "multiple of 8");
    expect_fault(*state, KERNEL("mbarrier.init.shared.b64 [%r1+16], 1;"), 1,
                 MACHINE_INVALID_ADDRESS, "out-of-bounds");
}
