/* How many machine instructions PTX is estimated to become, each rule on its own. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

/* One warp. Around the instructions stand what a kernel begins with, 2, the read of %tid.x and the
 * end: four machine instructions. */
enum { AROUND = 4 };

static void run(struct bench *bench, const char *instructions) {
    char text[4096];
    snprintf(text, sizeof text,
             ".visible .entry probe(.param .u64 to, .param .u32 n) {\n"
             ".shared .align 16 .b8 tile[2048];\n"
             ".reg .b32 %%r<24>; .reg .b64 %%rd<8>; .reg .f32 %%f<16>; .reg .pred %%p<4>;\n"
             "ld.param.u64 %%rd7, [to];\nld.param.u32 %%r20, [n];\n"
             "cvta.to.global.u64 %%rd1, %%rd7;\nmov.u32 %%r1, %%tid.x;\n%s\nret; }\n",
             instructions);
    bench_must_load(bench, text);
    const uint64_t to = bench_allocate(bench, NULL, 4096);
    if (LAUNCH(bench, "probe", 1, 32, to) != MACHINE_OK)
        fail_msg("%s: %s", instructions, bench->diagnostic.message);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
}

#define KEEP(number) "st.global.u32 [%rd1], %r" #number ";\n" /* one more */

static const struct {
    const char *instructions;
    uint64_t expected;
} probes[] = {
    {"", 0},
    {KEEP(1), 1},
    /* Constants are operands, and so are those that addresses add. */
    {"mov.u32 %r2, 5;\nadd.s32 %r3, %r1, %r2;\n" KEEP(3), 2},
    {"add.s64 %rd2, %rd1, 16;\nst.global.u32 [%rd2], %r1;\n", 1},
    {"add.s64 %rd2, %rd1, 16;\nst.global.u64 [%rd1], %rd2;\n", 3},
    /* Products and shifts are parts of sums. */
    {"mul.lo.s32 %r2, %r1, %r1;\nadd.s32 %r3, %r2, %r1;\n" KEEP(3), 2},
    {"mul.lo.s32 %r2, %r1, %r1;\n" KEEP(2), 2},
    {"mul.wide.u32 %rd2, %r1, 4;\nadd.s64 %rd3, %rd1, %rd2;\nst.global.u32 [%rd3], %r1;\n", 2},
    {"shl.b32 %r2, %r1, 3;\nadd.s32 %r3, %r2, %r20;\n" KEEP(3), 2},
    /* Two logic functions of three operands are one. */
    {"and.b32 %r2, %r1, %r20;\nor.b32 %r3, %r2, 1;\n" KEEP(3), 2},
    {"and.b32 %r2, %r1, %r20;\nor.b32 %r3, %r2, 1;\nxor.b32 %r4, %r3, %r2;\n" KEEP(4), 3},
    /* Comparisons combine predicates. */
    {"setp.lt.u32 %p1, %r1, 40;\nsetp.lt.u32 %p2, %r20, 4;\nand.pred %p3, %p1, %p2;\n"
     "selp.b32 %r2, 1, 2, %p3;\n" KEEP(2),
     4},
    /* Of constants they are constants: 2 in place of the selection's 3. */
    {"setp.eq.u32 %p1, 0, 0;\nselp.b32 %r2, %r1, 2, %p1;\n" KEEP(2), 2},
    {"add.f32 %f1, %f2, %f3;\nadd.s64 %rd2, %rd1, %rd7;\nst.global.u64 [%rd1], %rd2;\n", 4},
    {"rem.u32 %r2, %r1, %r20;\n" KEEP(2), 19},
    {"rem.u32 %r2, %r1, 8;\n" KEEP(2), 2},
    /* Joined accesses are one. */
    {"ld.shared.u32 %r2, [tile];\nld.shared.u32 %r3, [tile+4];\nadd.s32 %r4, %r2, %r3;\n" KEEP(4),
     3},
    /* A short way around becomes predicates, which all warps go over: whether it is gone, ... */
    {"setp.lt.u32 %p1, %r1, 40;\n@%p1 bra over;\n" KEEP(1) KEEP(1) "over:\n", 3},
    /* ... or not. */
    {"setp.gt.u32 %p1, %r1, 40;\n@%p1 bra over;\n" KEEP(1) KEEP(1) "over:\n", 3},
    /* Around a barrier it does not, and lanes that part meet again: a comparison, the
     * branch and two more. */
    {"setp.lt.u32 %p1, %r1, 40;\n@%p1 bra over;\nbar.sync 0;\nover:\n" KEEP(1), 5},
    /* Of 16 rounds, four side by side: 16 stores; the counter and what closes the loop four times.
     * */
    {"mov.u32 %r2, 0;\nagain:\n" KEEP(1) "add.s32 %r2, %r2, 1;\nsetp.ne.s32 %p1, %r2, 16;\n"
                                         "@%p1 bra again;\n",
     1 + 16 + 4 * 3},
    /* What does not change goes in front of it. */
    {"mov.u32 %r2, 0;\nagain:\nmul.lo.s32 %r3, %r1, %r20;\n" KEEP(
         3) "add.s32 %r2, %r2, 1;\nsetp.ne.s32 %p1, %r2, 16;\n@%p1 bra again;\n",
     1 + 16 + 4 * 3},
    /* Neighbours that rounds side by side load are one access of 16 bytes. */
    {"mov.u32 %r2, 0;\nmov.u32 %r5, tile;\nagain:\nld.shared.v2.u32 {%r3,%r6}, [%r5];\n"
     "add.s32 %r4, %r4, %r3;\nadd.s32 %r5, %r5, 8;\nadd.s32 %r2, %r2, 1;\n"
     "setp.ne.s32 %p1, %r2, 16;\n@%p1 bra again;\n" KEEP(4),
     2 + 8 + 16 + 4 * 4 + 1},
};

TEST_ON_BENCH(each_rule_folds_what_it_says) {
    bool is_right = true;
    for (size_t k = 0; k < sizeof probes / sizeof probes[0]; k++) {
        run(*state, probes[k].instructions);
        const uint64_t counted = ((struct bench *)*state)->counters.machine_instructions;
        if (counted != AROUND + probes[k].expected)
            print_error("%s: %lld machine instructions, not %llu\n", probes[k].instructions,
                        (long long)counted - AROUND, (unsigned long long)probes[k].expected);
        is_right &= counted == AROUND + probes[k].expected;
    }
    assert_true(is_right);
}

TEST_ON_BENCH(count_ptx_counts_ptx) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, count_ptx);
    run(bench, probes[7].instructions);
    assert_int_equal(bench->counters.machine_instructions, bench->counters.warp_instructions);
}
