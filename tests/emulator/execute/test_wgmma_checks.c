/* What is found wrong around wgmma.mma_async, and what is not. */
#include "tests/support/emulator_core.h"
#include "tests/support/kernel_text.h"
#include "tests/support/test.h"

enum { THREADS = 128 };

/* `statements` after a barrier that all shared memory was written before. %rd1 and %rd2 are the
 * descriptors of operands at 0 and 2048, %d<4> and %a<4> are registers for D and A. */
static enum machine_status run_checked(struct bench *bench, unsigned threads,
                                       const char *statements) {
    struct text text = {.length = 0};
    struct machine_options options = bench_options(bench);
    text_add(&text,
             ".version 8.0\n.target sm_90a\n.address_size 64\n"
             ".shared .align 1024 .b8 space[4096];\n"
             ".visible .entry k() {\n"
             ".reg .b32 %%r<10>, %%d<8>, %%a<4>; .reg .f32 %%f<4>; .reg .b64 %%rd<10>; .reg .pred "
             "%%p<4>;\n"
             "mov.u32 %%r1, %%tid.x; shl.b32 %%r2, %%r1, 5; mov.u32 %%r3, 0; mov.u32 %%r4, space;\n"
             "add.u32 %%r2, %%r2, %%r4;\n"
             "st.shared.v4.b32 [%%r2], {%%r3,%%r3,%%r3,%%r3}; st.shared.v4.b32 [%%r2+16], "
             "{%%r3,%%r3,%%r3,%%r3};\n"
             "fence.proxy.async; bar.sync 0; setp.eq.u32 %%p1, %%r1, %%r1;\n"
             "mov.u64 %%rd1, 0x0000001000080000; mov.u64 %%rd2, 0x0000001000080080;\n"
             "mov.b32 %%d0, 0; mov.b32 %%d1, 0; mov.b32 %%d2, 0; mov.b32 %%d3, 0;\n"
             "mov.b32 %%a0, 0; mov.b32 %%a1, 0; mov.b32 %%a2, 0; mov.b32 %%a3, 0;\n"
             "%s\nret; }\n",
             statements);
    options.check_race = true;
    options.check_init = true;
    machine_set_options(bench->machine, &options);
    bench_load_whole(bench, text.at, text.length);
    const struct machine_launch launch = {.function = machine_find_function(bench->module, "k"),
                                          .grid = {1, 1, 1},
                                          .block = {threads, 1, 1}};
    return machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
}

#define FENCE "wgmma.fence.sync.aligned;\n"
#define MULTIPLY(a)                                                                                \
    "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%d0,%d1,%d2,%d3}, " a ", 1, 1"
#define FROM_SHARED MULTIPLY("%rd1, %rd2, %p1") ", 0, 0;\n"
#define FROM_REGISTERS MULTIPLY("{%a0,%a1,%a2,%a3}, %rd2, %p1") ", 0;\n"
#define COMMIT "wgmma.commit_group.sync.aligned;\n"
#define WAIT "wgmma.wait_group.sync.aligned 0;\n"
#define READ "add.u32 %r5, %d3, 1;\n"
#define TWELVE_OTHERS                                                                              \
    ".reg .b32 %c<12>; add.u32 %c0, %r1, 0; add.u32 %c1, %r1, 1; add.u32 %c2, %r1, 2;\n"           \
    "add.u32 %c3, %r1, 3; add.u32 %c4, %r1, 4; add.u32 %c5, %r1, 5; add.u32 %c6, %r1, 6;\n"        \
    "add.u32 %c7, %r1, 7; add.u32 %c8, %r1, 8; add.u32 %c9, %r1, 9; add.u32 %c10, %r1, 10;\n"      \
    "add.u32 %c11, %r1, 11; add.u32 %c0, %c0, %c1; add.u32 %c2, %c2, %c3;\n"                       \
    "add.u32 %c4, %c4, %c5; add.u32 %c6, %c6, %c7; add.u32 %c8, %c8, %c9;\n"                       \
    "add.u32 %c10, %c10, %c11;\n"

TEST_ON_HOPPER(right_products_pass_the_checks) {
    static const char *const cases[] = {
        FENCE FROM_SHARED COMMIT WAIT READ,
        FENCE FROM_SHARED FROM_SHARED COMMIT FROM_REGISTERS COMMIT WAIT READ FENCE FROM_SHARED
            COMMIT WAIT,
        /* Copies, which the assembler takes out. */
        FENCE "mov.b32 %d2, 0;\n" FROM_SHARED COMMIT
              "mov.b32 %d5, %d1; mov.b32 %d1, %d5;\n" WAIT READ,
        /* A group that is left open in front of the one that is waited for. */
        FENCE FROM_REGISTERS COMMIT
        "wgmma.wait_group.sync.aligned 1;\n" FROM_REGISTERS COMMIT WAIT READ,
        FENCE FROM_SHARED COMMIT WAIT "bar.sync 0; st.shared.b32 [%r2], %r3;\n",
        /* Others that are first written when those of a are read by nobody else. */
        FENCE FROM_REGISTERS COMMIT "add.u32 %d4, %r1, 1; add.u32 %d5, %d4, 1; add.u32 %d6, %d5, "
                                    "%d4; add.u32 %d7, %d6, %d5;\n" WAIT READ,
        /* A wait that leaves the last group running, whose operand nobody reads any more. */
        "mov.b32 %d4, 0; mov.b32 %d5, 0; mov.b32 %d6, 0; mov.b32 %d7, 0;\n" FENCE FROM_SHARED COMMIT
        "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%d4,%d5,%d6,%d7}, "
        "{%a0,%a1,%a2,%a3}, %rd2, %p1, 1, 1, 0;\n" COMMIT
        "wgmma.wait_group.sync.aligned 1;\n" TWELVE_OTHERS WAIT,
        /* A loop that waits for its products when it has gone round. */
        ".reg .b32 %b<4>; mov.u32 %r6, 0;\n"
        "LOOP: add.u32 %r7, %r6, 5; add.u32 %r8, %r7, %r7; add.u32 %r6, %r6, 1;\n" WAIT
        "mov.b32 %b0, %r3; mov.b32 %b1, %r3; mov.b32 %b2, %r3; mov.b32 %b3, %r3;\n" FENCE MULTIPLY(
            "{%b0,%b1,%b2,%b3}, %rd2, %p1") ", 0;\n" COMMIT
                                            "setp.lt.u32 %p2, %r6, 3; @%p2 bra LOOP;\n" WAIT READ,
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        if (run_checked(*state, THREADS, cases[k]) != MACHINE_OK)
            fail_msg("%s\nin %s", ((struct bench *)*state)->log, cases[k]);
    }
}

TEST_ON_HOPPER(wrong_products_are_found) {
    static const struct {
        unsigned threads;
        const char *statements, *said;
    } cases[] = {
        {THREADS, FROM_SHARED COMMIT WAIT, "has no wgmma.fence before it"},
        {THREADS, FENCE "add.u32 %d0, %d0, 0;\n" FROM_SHARED COMMIT WAIT,
         "'add' at PTX line 15 touched, with no wgmma.fence"},
        {THREADS, FENCE FROM_SHARED COMMIT WAIT READ FROM_SHARED COMMIT WAIT,
         "touched, with no wgmma.fence"},
        {THREADS, FENCE "add.u32 %a1, %r1, 0;\n" FROM_REGISTERS COMMIT WAIT,
         "touched, with no wgmma.fence"},
        {THREADS, FENCE FROM_SHARED COMMIT READ WAIT, "'add' reads a register of the wgmma"},
        {THREADS, FENCE FROM_SHARED COMMIT "mov.b32 %d6, %d3; add.u32 %r5, %d6, 1;\n" WAIT,
         "'add' reads a register of the wgmma"},
        {THREADS, FENCE FROM_SHARED COMMIT "wgmma.wait_group.sync.aligned 1;\n" READ WAIT,
         "'add' reads a register of the wgmma"},
        {THREADS, FENCE FROM_SHARED WAIT READ, "'add' reads a register of the wgmma"},
        {THREADS,
         FENCE FROM_SHARED COMMIT
         "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%d4,%d5,%d6,%d7}, "
         "{%d0,%d1,%d2,%d3}, %rd2, %p1, 1, 1, 0;\n" COMMIT WAIT,
         "'wgmma' reads a register of the wgmma"},
        {THREADS, FENCE FROM_REGISTERS COMMIT "add.u32 %a2, %r1, 0;\n" WAIT,
         "'add' writes a register of the wgmma"},
        {THREADS, "st.shared.b32 [%r2], %r3; bar.sync 0;\n" FENCE FROM_SHARED COMMIT WAIT,
         "lets a wgmma read a byte that thread 64 wrote, with no fence.proxy.async between"},
        {THREADS, FENCE FROM_SHARED COMMIT "bar.sync 0; st.shared.b32 [%r2], %r3;\n" WAIT,
         "may still read, before it was waited for"},
        {THREADS, "setp.lt.u32 %p2, %r1, 96; @!%p2 bra END;\n" FENCE FROM_SHARED COMMIT WAIT "END:",
         "of warp 0 wait at 'wgmma'"},
        {THREADS, "setp.lt.u32 %p2, %r1, 96; @!%p2 bra END;\n" FENCE FROM_SHARED "END:",
         "warp 3 has ended after 0 wgmma, and warp 2 of its warpgroup executed 1"},
        {THREADS,
         "setp.lt.u32 %p2, %r1, 32; @%p2 mov.u64 %rd1, 0x0000001000080040;\n" FENCE FROM_SHARED
             COMMIT WAIT,
         "has other matrix descriptors"},
        {THREADS, "mov.u64 %rd2, 0x0000001000080100;\n" FENCE FROM_SHARED COMMIT WAIT,
         "the descriptor of matrix b leads out of shared memory"},
        {THREADS, "mov.u64 %rd1, 0x0000100000080000;\n" FENCE FROM_SHARED COMMIT WAIT,
         "the descriptor of matrix a leads out of shared memory"},
        {96, FENCE FROM_SHARED COMMIT WAIT, "in a warpgroup of 3 warps"},
        {THREADS, "setp.lt.u32 %p2, %r1, 100;\n" FENCE "@%p2 " FROM_SHARED COMMIT WAIT,
         "that only lanes 0x0000000f"},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        if (run_checked(bench, cases[k].threads, cases[k].statements) == MACHINE_OK)
            fail_msg("not found: %s", cases[k].statements);
        if (!strstr(bench->log, cases[k].said))
            fail_msg("'%s' is not said in: %s", cases[k].said, bench->log);
    }
}
