/* Special registers by width and by element, and lists of labels with counts. */
#define TESTS_OWN_MAIN
#include "tests/support/one_thread.h"
#include "tests/support/test.h"

#include <stdio.h>

TEST(widths_are_those_of_the_assembler) {
    static const char *const taken[] = {
        "mov.u16 %h1, %tid.x;",           "mov.u16 %h1, %gridid;",
        "mov.u32 %r1, %gridid;",          "mov.u64 %rd2, %gridid;",
        "mov.u64 %rd2, %pm0_64;",         "mov.b64 %rd2, %pm7_64;",
        "mov.u64 %rd2, %clock64;",        "mov.u64 %rd2, %current_graph_exec;",
        "mov.u32 %r1, %aggr_smem_size;",  "mov.u32 %r1, %envreg31;",
        "mov.b32 %f1, %aggr_smem_size;",  "mov.v4.u16 {%h1,%h2,%h3,%h4}, %tid;",
        "mov.v4.u32 {%r1,_,%r3,_}, %tid;"};
    static const char *const refused[] = {
        "mov.u64 %rd2, %tid.x;",          "mov.u64 %rd2, %laneid;",
        "mov.u16 %h1, %laneid;",          "mov.u64 %rd2, %clock;",
        "mov.u32 %r1, %clock64;",         "mov.u32 %r1, %globaltimer;",
        "mov.u32 %r1, %pm0_64;",          "mov.u64 %rd2, %pm0;",
        "mov.f32 %f1, %tid.x;",           "mov.u32 %r1, %pm8;",
        "mov.u64 %rd2, %pm8_64;",         "mov.u32 %r1, %current_graph_exec;",
        "mov.u64 %rd2, %aggr_smem_size;", "mov.u64 %rd2, %envreg1;",
        "mov.v2.u32 {%r1,%r2}, %tid;",    "mov.v4.u16 {%h1,%h2,%h3,%h4}, %clusterid;"};
    struct bench *bench = *state;
    char text[1024];
    for (size_t k = 0; k < sizeof taken / sizeof taken[0]; k++) {
        (void)snprintf(text, sizeof text, "%s%s%s", ".visible .entry k() {\n" HEAD, taken[k],
                       "ret; }\n");
        bench_must_load(bench, text);
        if (LAUNCH(bench, "k", 1, 1, 0) != MACHINE_OK)
            fail_msg("%s: %s", taken[k], bench->diagnostic.message);
    }
    for (size_t k = 0; k < sizeof refused / sizeof refused[0]; k++) {
        (void)snprintf(text, sizeof text, "%s%s%s", ".visible .entry k() {\n" HEAD, refused[k],
                       "ret; }\n");
        if (bench_load(bench, text) != MACHINE_INVALID_PTX)
            fail_msg("taken: %s", refused[k]);
    }
}

TEST(what_they_say) {
    struct bench *bench = *state;
    assert_int_equal(run(bench, KERNEL("mov.v4.u16 {%h1,%h2,%h3,%h4}, %ntid; mov.b32 %r1, "
                                       "{%h4,%h2};")),
                     0x00010000);
    assert_int_equal(run(bench, KERNEL("mov.u32 %r1, %ntid.g;")), 1);
    assert_int_equal(run(bench, KERNEL("mov.u32 %r1, %ntid.a;")), 0);
    assert_int_equal(run(bench, KERNEL("mov.u64 %rd2, %pm3_64; cvt.u32.u64 %r1, %rd2;")), 0);
    assert_int_equal(
        run(bench, KERNEL("mov.u64 %rd2, %current_graph_exec; cvt.u32.u64 %r1, %rd2;")), 0);
    /* The kernel's own 256 bytes and those that the system keeps. */
    assert_int_equal(run(bench, KERNEL(".shared .b8 s[256]; mov.u32 %r2, s; st.shared.u32 [s], %r2;"
                                       "mov.u32 %r1, %aggr_smem_size;")),
                     256 + 1024);
}

/* The second list is L0, L1, L2, M and L0 again. */
TEST(labels_are_counted) {
    static const uint32_t wanted[] = {10, 11, 12, 20, 10};
    struct bench *bench = *state;
    for (uint32_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%s%u%s",
                       ".visible .entry k(.param .u64 p) {\n" HEAD "ld.param.u64 %rd1, [p];\n"
                       "mov.u32 %r2, ",
                       k,
                       "; T: .branchtargets L<3>, M, L0; brx.idx %r2, T;\n"
                       "L0: mov.u32 %r1, 10; bra END; L1: mov.u32 %r1, 11; bra END;\n"
                       "L2: mov.u32 %r1, 12; bra END; M: mov.u32 %r1, 20;\n"
                       "END: st.global.u32 [%rd1], %r1; ret; }\n");
        assert_int_equal(run(bench, text), wanted[k]);
    }
    assert_int_equal(bench_load(bench, KERNEL("T: .branchtargets L<3>; brx.idx %r2, T; L0: L1:")),
                     MACHINE_INVALID_PTX);
    assert_non_null(strstr(bench->diagnostic.message, "L2"));
    assert_int_equal(bench_load(bench, KERNEL("T: .branchtargets L<70000>; L0:")),
                     MACHINE_INVALID_PTX);
}

/* Functions whose addresses a list gives in short. */
TEST(functions_are_counted) {
    struct bench *bench = *state;
    assert_int_equal(run(bench,
                         ".func (.param .b32 r) f0() { st.param.b32 [r], 7; ret; }\n"
                         ".func (.param .b32 r) f1() { st.param.b32 [r], 8; ret; }\n" KERNEL(
                             "mov.u64 %rd2, f1; T: .calltargets f<2>; call (%r1), %rd2, (), T;")),
                     8);
}

int main(void) {
    return tests_run(bench_setup, bench_teardown);
}
