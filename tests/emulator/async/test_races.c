/* The check for races, where bulk copies, mbarriers and clusters are: what orders accesses, and
 * what does not. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

static int open_bench(void **state) {
    if (bench_setup_hopper(state) != 0)
        return -1;
    struct machine_options options = bench_options(*state);
    options.check_race = true;
    machine_set_options(((struct bench *)*state)->machine, &options);
    return 0;
}

/* A kernel of two warps: %p1 is thread 0, %p2 warp 1. A tile of 128 bytes lies at %r1, mbarriers at
 * %r2 and %r3; %r5 is the thread's own place in the tile, which holds four bytes for each of a
 * warp. */
#define KERNEL(directives, statements)                                                             \
    ".visible .entry k(.param .u64 a) " directives " {\n"                                          \
    ".reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .pred %p<8>;\n"                                      \
    ".shared .align 128 .b8 tile[128]; .shared .align 8 .b64 bars[2];\n"                           \
    "ld.param.u64 %rd1, [a]; mov.u32 %r1, tile; mov.u32 %r2, bars; add.u32 %r3, %r2, 8;\n"         \
    "mov.u32 %r4, %tid.x; setp.eq.u32 %p1, %r4, 0; setp.ge.u32 %p2, %r4, 32;\n"                    \
    "and.b32 %r5, %r4, 31; mad.lo.u32 %r5, %r5, 4, %r1;\n"                                         \
    "@%p1 mbarrier.init.shared.b64 [%r2], 1; @%p1 mbarrier.init.shared.b64 [%r3], 32;\n"           \
    "bar.sync 0;\n" statements "\nret; }\n"
#define LOAD                                                                                       \
    "@%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 128;\n"                              \
    "@%p1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1], 128, "  \
    "[%r2];\n"
#define STORE                                                                                      \
    "@%p1 cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r1], 128;\n"                       \
    "@%p1 cp.async.bulk.commit_group;\n"
#define WAIT(name, bar, parity)                                                                    \
    name ": mbarrier.try_wait.parity.shared::cta.b64 %p3, [" bar "], " parity "; @!%p3 bra " name  \
         ";\n"
#define READ "ld.shared.u32 %r6, [%r5];\n"
#define WRITE "st.shared.u32 [%r5], %r4;\n"
#define LONG "mov.u32 %r7, 40000; L: sub.u32 %r7, %r7, 1; setp.ne.u32 %p4, %r7, 0; @%p4 bra L;\n"
#define FENCE "fence.proxy.async.shared::cta;\n"
#define OF_TWO ".explicitcluster .reqnctapercluster 2, 1, 1"
#define SYNC "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"

static const struct {
    const char *text, *words; /* NULL: no race */
} cases[] = {
    {KERNEL("", LOAD WAIT("W", "%r2", "0") READ), NULL},
    {KERNEL("", LOAD "bar.sync 0;\n" READ WAIT("W", "%r2", "0")),
     "that a bulk copy of thread 0 may still write, before its mbarrier's phase has ended"},
    {KERNEL("", LOAD "bar.sync 0;\n" WRITE WAIT("W", "%r2", "0")), "may still write"},
    {KERNEL("", LOAD "@%p2 bra END;\n" WAIT("W", "%r2", "0") "END: bar.sync 0;\n" READ), NULL},
    {KERNEL("", LOAD "@%p2 bra LATE;\n" WAIT("W", "%r2", "0") "bra END; LATE:\n" LONG READ "END:"),
     "that a bulk copy of thread 0 wrote, without having waited at its mbarrier"},
    /* Over what others still read. */
    {KERNEL("",
            "@!%p2 bra FIRST;\n" READ "bra END; FIRST:\n" LONG LOAD WAIT("W", "%r2", "0") "END:"),
     "writes a byte that thread 32 read"},
    {KERNEL("", "@!%p2 bra FIRST;\n" READ
                "mbarrier.arrive.shared.b64 _, [%r3]; bra END;\nFIRST:\n" WAIT("E", "%r3", "0")
                    LOAD WAIT("W", "%r2", "0") "END:"),
     NULL},
    {KERNEL("", LOAD), "for which nobody has waited"},
    /* What threads have written goes out behind a fence. */
    {KERNEL("", "@!%p2 bra A;\n" WRITE FENCE "A: bar.sync 0;\n" STORE
                "@%p1 cp.async.bulk.wait_group.read 0;\n"),
     NULL},
    {KERNEL("", "@!%p2 bra A;\n" WRITE "A: bar.sync 0;\n" FENCE STORE
                "@%p1 cp.async.bulk.wait_group.read 0;\n"),
     NULL},
    {KERNEL("", "@!%p2 bra A;\n" WRITE "A: bar.sync 0;\n" STORE
                "@%p1 cp.async.bulk.wait_group.read 0;\n"),
     "that thread 32 wrote, with no fence.proxy.async between"},
    {KERNEL("", "@!%p2 bra A;\n" FENCE WRITE "A: bar.sync 0;\n" STORE
                "@%p1 cp.async.bulk.wait_group.read 0;\n"),
     "with no fence.proxy.async between"},
    {KERNEL("", "@!%p2 bra A;\n" WRITE FENCE "A: bar.sync 0;\n" STORE "bar.sync 0;\n" WRITE),
     "that a bulk copy of thread 0 may still read, before its group was waited for"},
    {KERNEL("", "@!%p2 bra A;\n" WRITE FENCE "A: bar.sync 0;\n" STORE
                "@%p1 cp.async.bulk.wait_group.read 0; bar.sync 0; @!%p2 bra END;\n" WRITE "END:"),
     NULL},
    /* What has come in goes out again without one. */
    {KERNEL("", LOAD WAIT("W", "%r2", "0") STORE "@%p1 cp.async.bulk.wait_group.read 0;\n"), NULL},
    /* Across a cluster. */
    {KERNEL(OF_TWO,
            "@%p2 bra A;\n" WRITE "A:" SYNC "mov.u32 %r8, %cluster_ctarank; xor.b32 %r8, %r8, 1;\n"
            "mapa.shared::cluster.u32 %r9, %r5, %r8;\n"
            "ld.shared::cluster.u32 %r6, [%r9];\n" SYNC),
     NULL},
    {KERNEL(OF_TWO, SYNC "@%p2 bra A;\n" WRITE "A:\n"
                         "mov.u32 %r8, %cluster_ctarank; xor.b32 %r8, %r8, 1;\n"
                         "mapa.shared::cluster.u32 %r9, %r5, %r8;\n"
                         "ld.shared::cluster.u32 %r6, [%r9];\n" SYNC),
     "that thread 32 of the block of rank 1 read, with no barrier between"},
    {KERNEL(OF_TWO, "@%p2 bra A;\n" WRITE
                    "A: barrier.cluster.arrive.relaxed.aligned; barrier.cluster.wait.aligned;\n"
                    "mov.u32 %r8, %cluster_ctarank; xor.b32 %r8, %r8, 1;\n"
                    "mapa.shared::cluster.u32 %r9, %r5, %r8;\n"
                    "ld.shared::cluster.u32 %r6, [%r9];\n" SYNC),
     "of the block of rank 0 wrote, with no barrier between"},
    /* Sums of st.async's kin do not race with each other. */
    {KERNEL(OF_TWO, "@%p1 st.shared.u32 [%r1], 0; mapa.shared::cluster.u32 %r8, %r1, 0;\n"
                    "mapa.shared::cluster.u32 %r9, %r2, 0; mov.u32 %r11, %cluster_ctarank;\n"
                    "setp.eq.and.u32 %p5, %r11, 0, %p1;\n" SYNC
                    "@%p1 red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::"
                    "bytes.add.u32 [%r8], 7, [%r9];\n"
                    "@%p5 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 8;\n"
                    "setp.ne.u32 %p6, %r11, 0; @%p6 bra END;\n" WAIT(
                        "W", "%r2", "0") "ld.shared.u32 %r6, [%r1];\nEND:" SYNC),
     NULL},
};

TEST_BETWEEN(races_are_told_from_order, open_bench, bench_teardown) {
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        bench_must_load(bench, cases[k].text);
        const uint64_t memory = bench_allocate(bench, NULL, 128);
        bench->log[0] = '\0';
        const bool is_pair = strstr(cases[k].text, ".explicitcluster") != NULL;
        const enum machine_status status = LAUNCH(bench, "k", is_pair ? 2 : 1, 64, memory);
        const bool is_told =
            cases[k].words ? status == MACHINE_CHECK_FAILED && strstr(bench->log, cases[k].words)
                           : status == MACHINE_OK;
        if (!is_told)
            fail_msg("%zu: '%s', not '%s' from %s", k, bench->log,
                     cases[k].words ? cases[k].words : "", cases[k].text);
    }
}

/* The second block of a pair reads what the first has not written yet: unwritten, and a race. */
TEST_BETWEEN(who_reads_too_early_in_a_cluster_races, open_bench, bench_teardown) {
    static const char text[] = KERNEL(
        OF_TWO, SYNC "mov.u32 %r8, %cluster_ctarank; setp.eq.u32 %p5, %r8, 0; @%p5 bra W;\n"
                     "mapa.shared::cluster.u32 %r9, %r5, 0;\n"
                     "ld.shared::cluster.u32 %r6, [%r9];\n"
                     "st.global.u32 [%rd1], %r6; bra END;\nW: @%p2 bra END;\n" WRITE "END:" SYNC);
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    bench_must_load(bench, text);
    assert_int_equal(LAUNCH(bench, "k", 2, 64, bench_allocate(bench, NULL, 128)),
                     MACHINE_CHECK_FAILED);
    assert_non_null(strstr(bench->log, "of the block of rank 1 read, with no barrier between"));
    assert_non_null(strstr(bench->log, "and before it: kernel k"));
    assert_non_null(strstr(bench->log, "uninitialised value: 'st' stores to global memory"));
}
