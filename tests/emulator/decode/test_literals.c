/* Constants, and registers of another type than their instruction's: what the assembler takes and
 * what it refuses. */
#define TESTS_OWN_MAIN
#include "tests/support/one_thread.h"
#include "tests/support/test.h"

#include <stdio.h>

static const struct {
    const char *statement, *said;
} refused[] = {
    {"add.u32 %r1, %tid.x, 1;", "special register"},
    {"setp.eq.s32 %p1, %laneid, 0;", "special register"},
    {"st.global.u32 [%rd1], %tid.x;", "special register"},
    {"mov.f32 %f1, 1;", "an integer where a float"},
    {"fma.rn.f32 %f1, %f2, 2, %f3;", "an integer where a float"},
    {"st.global.f32 [%rd1], 0;", "an integer where a float"},
    {"add.s32 %r1, %r2, 1.0;", "a float where an integer"},
    {"mov.u32 %r1, 0f3f800000;", "a float where an integer"},
    {"mov.f32 %f1, 1e400;", "1e400 is beyond"},
    {"mov.f64 %fd1, 1e-400;", "1e-400 is beyond"},
    {"mov.f64 %fd1, 1e-310;", "1e-310 is beyond"},
    {"mov.b32 %r1, 1.0;", "a float of 64 bits"},
    {"add.u32 %f1, %r2, %r3;", "%f1 is declared as .f32"},
    {"mad.lo.u32 %r1, %r2, %f7, %r4;", "%f7 is declared as .f32"},
    {"setp.eq.u32 %p1, %r1, %f2;", "%f2 is declared as .f32"},
    {".reg .u32 %u; add.f32 %f1, %f2, %u;", "%u is declared as .u32"},
    {".reg .f16 %x; add.u16 %x, %h1, %h2;", "%x is declared as .f16"},
    {"add.f16x2 %r1, %f7, %r3;", "%f7 is declared as .f32"},
    {"cvt.rn.bf16.f32 %f7, %f2;", "%f7 is declared as .f32"},
    {"cvt.rni.s32.f32 %f1, %f2;", "%f1 is declared as .f32"},
    {"cvta.to.global.u64 %rd1, %fd1;", "%fd1 is declared as .f64"},
    {"mov.u32 %f1, %r1;", "%f1 is declared as .f32"},
    {"ld.global.u32 %f1, [%rd1];", "%f1 is declared as .f32"},
    {"st.global.v2.s32 [%rd1], {%f1,%f2};", "%f1 is declared as .f32"},
    {"slct.f32.s32 %f1, %f2, %f3, %f4;", "%f4 is declared as .f32"},
    {"slct.f32.s32 %f1, %f2, 1, %r1;", "an integer where a float"},
    {"slct.s32.s32 %r1, %r2, %r3, 1.0;", "a float where an integer"},
    {"cvt.rn.f32.u32 %f1, %tid.x;", "special register"},
    {"mov.b64 %rd1, 0f3f800000;", "a float of 32 bits"},
    {"redux.sync.add.s32 %f1, %r1, %r2;", "%f1 is declared as .f32"},
    {"dp4a.u32.s32 %r1, %f2, %r3, %r4;", "%f2 is declared as .f32"},
    {"set.lt.u32.f32 %f1, %f2, %f3;", "%f1 is declared as .f32"},
    {"bar.sync %f1;", "%f1 is declared as .f32"},
    {"isspacep.global %p1, 0.5;", "a float where an integer"},
    {"redux.sync.max.u32 %r1, 1.0, %r2;", "a float where an integer"},
    {"redux.sync.or.b32 %r1, %r2, %f1;", "%f1 is declared as .f32"},
    {"ld.global.L2::evict_last.u32 %r1, [%rd1];", "vectors of 32 bytes"},
    {"min.s16x2 %r1, %r2, 1;", "a constant where packed values"},
    {"fma.rn.f16x2 %r1, %r2, 0f3c003c00, %r3;", "a constant where packed values"},
    {".shared .b32 s; add.u32 %r1, %r2, s;", "an address is taken with mov"},
    {"add.s32 _, %r1, %r2;", "the result cannot be dropped"},
    {"mov.u32 _, %r1;", "the result cannot be dropped"},
    {"setp.eq.u32 !%p1, %r1, %r2;", "a result cannot be negated"},
    {"pmevent 16;", "no meaning here"},
    {"bfe.u32 %r1, %r2, 256, 1;", "no meaning here"},
    {"bfi.b64 %rd1, %rd2, %rd3, 3, -1;", "no meaning here"},
    {"setmaxnreg.inc.sync.aligned.u32 16;", "no meaning here"},
    {"setmaxnreg.dec.sync.aligned.u32 25;", "no meaning here"},
    {"setmaxnreg.dec.sync.aligned.u32 264;", "no meaning here"},
    {".shared .b32 s; ld.global.u32 %r1, [s];", "a variable of another state space"},
    {".shared .b32 s; red.global.add.u32 [s], %r1;", "a variable of another state space"},
    {".local .b32 s; mbarrier.init.b64 [s], 1;", "a variable of another state space"},
    {"ld.global.ca.L1::evict_last.u32 %r1, [%rd1];", "beside another way"},
    {"st.volatile.global.L1::no_allocate.u32 [%rd1], %r1;", "beside another way"},
    {"ld.weak.global.nc.u32 %r1, [%rd1];", ".weak beside .nc"},
    {"cp.async.ca.shared.global [%r1], [%rd1], 12;", "other than 4, 8 or 16 bytes"},
    {"cp.async.cg.shared.global [%r1], [%rd1], 8;", "other than 16 bytes"},
    {"mbarrier.arrive.shared::cluster.b64 %rd1, [%r1];", "where _ is needed"},
    {"ldu.global.v8.b8 {%r1,%r2,%r3,%r4,%r5,%r6,%r7,%r8}, [%rd1];", "a vector of 8 elements"},
    {"vote.sync.all.pred %p1, %p2, 1.0;", "a float where an integer"},
    {"shfl.sync.up.b32 %r1, %r2, %r3, %r4, 0f00000000;", "a float where an integer"},
    {"mbarrier.init.shared.b64 [%r1], 1.0;", "a float where an integer"},
    {"mbarrier.init.shared.b64 [%r1], %f1;", "%f1 is declared as .f32"},
    {"redux.sync.min.f32 %f1, 5, -1;", "an integer where a float"},
    {"createpolicy.fractional.L2::evict_last.b64 %rd1, 1;", "an integer where a float"},
    {"movmatrix.sync.aligned.m8n8.trans.b16 %r1, 5;", "a constant where a register"},
    {"stackrestore.u64 8;", "a constant where a register"},
    {"set.gt.and.u32.bf16 %r1, %h1, %h2, 1;", "a constant where a predicate"},
    {"setp.lt.and.bf16 %p1, %h1, %h2, 1;", "a constant where a predicate"},
    {".reg .f16x2 %x; shl.b32 %r1, %r2, %x;", "%x is declared as .f16x2"},
    {".reg .f16x2 %x; dp4a.u32.u32 %x, %r1, %r2, %r3;", "%x is declared as .f16x2"},
    {".reg .u32 %u; st.global.v2.b32 [%rd1], {%u,%f1};", "elements of different types"},
    {".reg .f16x2 %x; st.global.v2.b32 [%rd1], {%x,7};", "elements of different types"},
    {"multimem.red.global.add.u32 [%rd1], {%r1};", "the wrong number of elements"},
    {"multimem.red.global.min.u32 [%rd1], %f1;", "%f1 is declared as .f32"},
    {"st.param.u32 [p], %r1;", "a store to a parameter of the kernel"},
    {"ld.global.u32 %r1, [%rd1-4];", "'+' or ']'"},
    {"vote.sync.any.pred %p1, %p2, %f1;", "%f1 is declared as .f32"},
};

TEST(literals_and_special_registers_as_the_assembler_wants_them) {
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof refused / sizeof refused[0]; k++) {
        char text[1024];
        snprintf(text, sizeof text, ".visible .entry k(.param .u32 p) {\n%s%s\nret; }\n", HEAD,
                 refused[k].statement);
        assert_int_equal(bench_load(bench, text), MACHINE_INVALID_PTX);
        if (!strstr(bench->diagnostic.message, refused[k].said))
            fail_msg("%s: %s", refused[k].statement, bench->diagnostic.message);
    }
}

TEST(untyped_registers_hold_floats_and_integers) {
    struct bench *bench = *state;
    assert_int_equal(run(bench, KERNEL("slct.f32.s32 %f1, 0f3f800000, 0f00000000, 0; "
                                       "mov.b32 %r1, %f1;")),
                     0x3f800000);
    assert_int_equal(run(bench, KERNEL("mov.b32 %r1, 0f3f800000;")), 0x3f800000);
    assert_int_equal(run(bench, KERNEL("mov.f32 %f1, 0f3f800000; brev.b32 %f2, %f1; "
                                       "mov.f32 %r2, %f2; brev.b32 %r1, %r2;")),
                     0x3f800000);
    assert_int_equal(run(bench, KERNEL("mov.b32 %f1, 3; st.global.v2.u32 [%rd1], {%r2,%f1}; "
                                       "ld.global.v2.u32 {%r3,%f2}, [%rd1]; mov.b32 %r1, %f2;")),
                     3);
    assert_int_equal(run(bench, KERNEL(".reg .f16 %low, %high; mov.b32 {%low,%high}, 0x00030000;"
                                       "mov.b32 %r1, {%high,%low};")),
                     3);
    assert_int_equal(run(bench, KERNEL(".reg .f16x2 %x; mov.u32 %x, 6; add.u32 %r1, %x, 1;")), 7);
    assert_int_equal(run(bench, KERNEL("mov.b32 %r2, 0f40000000;"
                                       "st.global.v2.f32 [%rd1+8], {0x3f800000,%r2};"
                                       "red.global.add.v2.f32 [%rd1+8], {0x40400000,%r2};"
                                       "ld.global.b32 %r1, [%rd1+8];")),
                     0x40800000);
    assert_int_equal(run(bench, KERNEL("mov.b16 %h1, 0x3c00; st.global.b32 [%rd1+8], 0x4000;"
                                       "red.global.add.noftz.v2.f16 [%rd1+8], {0x13c00,%h1};"
                                       "ld.global.b32 %r1, [%rd1+8];")),
                     0x3c004200);
    assert_int_equal(run(bench, KERNEL(".reg .b128 %q; atom.exch.b128 %q, [%rd1+16], -7;"
                                       "ld.global.b32 %r1, [%rd1+16];"
                                       "ld.global.b32 %r2, [%rd1+28]; add.u32 %r1, %r1, %r2;")),
                     0xfffffff8);
    assert_int_equal(run(bench, KERNEL(".reg .f16x2 %x; mov.u32 %r2, 0x20003; mov.u32 %x, %r2;"
                                       "add.u16x2 %r1, %x, %r2;")),
                     0x40006);
    assert_int_equal(run(bench, KERNEL(".reg .f16x2 %x; mov.b16 %h1, 3; mul.wide.u16 %x, %h1, %h1;"
                                       "mov.b32 %r1, %x;")),
                     9);
    assert_int_equal(run(bench, KERNEL(".reg .u16 %x; set.lt.bf16.f32 %x, 0f00000000, 0f3f800000;"
                                       "cvt.u32.u16 %r1, %x;")),
                     0x3f80);
    assert_int_equal(run(bench, KERNEL(".shared .b32 s; cvta.shared.u64 %rd2, s; "
                                       "setp.ne.u32 %p1|_, %r1, %r1; selp.b32 %r1, 1, 7, %p1;")),
                     7);
    assert_int_equal(run(bench, KERNEL("cvt.s32.u16 %r1, %ntid.x;")), 1);
}

/* A point may come first. Behind a word a dot and a digit are a modifier. */
TEST(fractions_may_begin_with_their_point) {
    static const char *const wrong[] = {"mov.f32 %f1, .;", "mov.f32 %f1, .e5;",
                                        "mov.f32 %f1, 1.5e;", "mov.f32 %f1, 0.5f;"};
    struct bench *bench = *state;
    assert_int_equal(run(bench, KERNEL("mov.f32 %f1, .5; mov.b32 %r1, %f1;")), 0x3f000000);
    assert_int_equal(run(bench, KERNEL("mov.f32 %f1, -.5e1; mov.b32 %r1, %f1;")), 0xc0a00000);
    assert_int_equal(run(bench, KERNEL("mov.f32 %f1, 5.; mov.b32 %r1, %f1;")), 0x40a00000);
    assert_int_equal(bench_load(bench, KERNEL("tex .1d .v4.f32.f32 {%f1,%f2,%f3,%f4}, "
                                              "[%rd1, {%f5}];")),
                     MACHINE_OK);
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        char text[1024];
        snprintf(text, sizeof text, ".visible .entry k() {\n%s%s\nret; }\n", HEAD, wrong[k]);
        assert_int_equal(bench_load(bench, text), MACHINE_INVALID_PTX);
    }
}

int main(void) {
    return tests_run(bench_setup_blackwell, bench_teardown);
}
