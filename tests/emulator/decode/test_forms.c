/* What the assembler takes beside the manual's spelling: modifiers in other orders, vectors of
 * registers, array elements, aliases. */
#define TESTS_OWN_MAIN
#include "tests/support/one_thread.h"
#include "tests/support/test.h"

#include <stdio.h>

/* A base below its memory, as nvcc leaves it where the first elements are skipped. */
TEST(addresses_of_32_bits_wrap_around) {
    static const char *const texts[] = {
        KERNEL(".shared .b32 s[4]; mov.u32 %r2, s; add.s32 %r3, %r2, -8; mov.u32 %r4, 7;"
               "st.shared.u32 [%r3+8], %r4; ld.shared.u32 %r1, [%r2];"),
        KERNEL(".shared .b32 s[4]; mov.u32 %r2, s; add.s32 %r3, %r2, -8; mov.u32 %r4, 7;"
               "st.shared.u32 [%r2], %r4; ld.shared.u32 %r1, [%r3+8];"),
        KERNEL(".shared .b32 s[4]; mov.u32 %r2, s; add.s32 %r3, %r2, -8; mov.u32 %r4, 7;"
               "st.shared.u32 [%r2], 0; atom.shared.add.u32 %r5, [%r3+8], %r4;"
               "ld.shared.u32 %r1, [%r2];"),
        KERNEL(".shared .align 4 .b32 s[4]; mov.u32 %r2, s; add.s32 %r3, %r2, -8;"
               "st.global.u32 [%rd1+8], 7; cp.async.ca.shared.global [%r3+8], [%rd1+8], 4;"
               "cp.async.wait_all; ld.shared.u32 %r1, [%r2];")};
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
        if (run(*state, texts[k]) != 7)
            fail_msg("%s", texts[k]);
}

/* Each of them assembles, and is the instruction that the comment names. */
TEST(modifiers_stand_in_any_order) {
    static const struct {
        const char *text;
        uint32_t result;
    } cases[] = {
        {KERNEL("setp.eq.u32 %p1, 1, 1; vote.ballot.sync.b32 %r1, %p1, 1;"), 1},
        {KERNEL("setp.eq.u32 %p1, 1, 1; vote.b32.ballot.sync %r1, %p1, 1;"), 1},
        {KERNEL("mov.u32 %r2, 7; shfl.idx.sync.b32 %r1, %r2, 0, 31, 1;"), 7},
        {KERNEL("mov.u32 %r2, 7; shfl.b32.idx.sync %r1|%p1, %r2, 0, 31, 1;"), 7},
        {KERNEL("mov.u32 %r2, 7; st.global.u32 [%rd1+8], %r2; "
                "ld.global.acquire.gpu.b32 %r1, [%rd1+8];"),
         7},
        {KERNEL("mov.u32 %r2, 7; st.global.u32 [%rd1+8], %r2; "
                "ld.global.volatile.u32 %r1, [%rd1+8];"),
         7},
        {KERNEL("mov.u32 %r2, 7; st.u32.volatile.global [%rd1+8], %r2; "
                "ld.b32.nc.global %r1, [%rd1+8];"),
         7},
        {KERNEL("mov.u32 %r2, 3; atom.u32.global.add %r1, [%rd1+8], %r2; "
                "atom.add.global.u32 %r1, [%rd1+8], %r2;"),
         3},
        {KERNEL("add.f32.rn.ftz %f1, 1.0, 2.0; cvt.rzi.u32.f32 %r1, %f1;"), 3},
        {KERNEL("mov.f32 %f1, 2.7; cvt.u32.rzi.f32 %r1, %f1;"), 2},
        {KERNEL("mov.u32 %r2, 5; redux.add.sync.u32 %r1, %r2, 1;"), 5},
        {KERNEL("mov.u32 %r2, 5; prmt.f4e.b32 %r1, %r2, 0, 0; mov.u32 %r1, 9;"), 9},
        {KERNEL("setp.eq.u32.and %p2, 1, 1, %p1; fence.gpu.acq_rel; barrier.aligned.sync 0; "
                "mov.u32 %r1, 4;"),
         4},
        {KERNEL("mad.lo.u32.cc %r1, 2, 3, 4;"), 10},
        {KERNEL("max.f32 %f1, 1.0, 3.0, 2.0; cvt.rzi.u32.f32 %r1, %f1;"), 3},
        {KERNEL("min.f32 %f1, 4.0, 3.0; min.f32 %f1, %f1, 3.0, 2.0; cvt.rzi.u32.f32 %r1, %f1;"), 2},
        {KERNEL("shf.l.b32.wrap %r1, 0, 1, 1;"), 2},
        {KERNEL("mul.ftz.rp.sat.f32 %f1, 0.5, 2.0; cvt.rzi.u32.f32 %r1, %f1;"), 1},
        {KERNEL("mad.f64.rz %fd1, 2.0, 3.0, 1.0; cvt.rzi.u32.f64 %r1, %fd1;"), 7},
        {KERNEL("mov.b32 %r2, 0x40004000; mul.bf16x2.rn %r1, %r2, %r2;"), 0x40804080},
        {KERNEL("setp.eq.u32 %p1, 1, 2; lop3.or.b32 %r1|%p2, 6, 3, 0, 0xc0, %p1; "
                "selp.u32 %r2, 10, 20, %p2; add.u32 %r1, %r1, %r2;"),
         12},
        {KERNEL("setp.eq.u32 %p1, 1, 1; lop3.b32.and _|%p2, 6, 1, 0, 0xc0, %p1; "
                "selp.u32 %r1, 10, 20, %p2;"),
         20},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const uint32_t result = run(*state, cases[k].text);
        if (result != cases[k].result)
            fail_msg("%u, not %u, from %s", result, cases[k].result, cases[k].text);
    }
}

TEST(forms_of_operands_and_declarations) {
    static const struct {
        const char *text;
        uint32_t result;
    } cases[] = {
        {KERNEL(".reg .v4 .u32 v; mov.u32 v.x, 1; mov.u32 v.y, 2; mov.u32 v.z, 3; mov.u32 v.a, 4; "
                "st.global.v4.u32 [%rd1], v; ld.global.v4.u32 v, [%rd1]; "
                "mad.lo.u32 %r1, v.w, 10, v.g;"),
         42},
        {KERNEL("mov.u32 %r1, (1);"), 1},
        {KERNEL("mov.u32 %r2, 7; st.global.u32 [%rd1+8], %r2; ldu.b32 %r1, [%rd1+8];"), 7},
        {KERNEL("setp.eq.u32 %p1, 1, 1; setp.eq.u32 %p2, 1, 2; and.pred %p3, %p1, !%p2; "
                "mov.pred %p4, !%p3; selp.u32 %r1, 7, 8, !%p4;"),
         7},
        {KERNEL("setp.eq.u32 %p1, 1, 1; set.lt.xor.u32.s32 %r1, 1, 2, %p1; set.gt.or.f32.f32 %f1, "
                "1.0, 2.0, %p1; mov.b32 %r2, %f1; add.u32 %r1, %r1, %r2;"),
         0x3f800000},
        {KERNEL("setp.eq.u32 %p1, 1, 1; set.le.and.s32.u16 %r1, 2, 2, %p1;"), 0xffffffff},
        {KERNEL("mov.b16 %h1, 0x4000; mov.b16 %h2, 0xc040; add.f32.f16 %f1, %h1, 1.0; "
                "fma.rn.f32.bf16 %f1, %h2, %h2, %f1; sub.rz.sat.f32.f16 %f2, %h1, %f1; "
                "add.f32 %f1, %f1, %f2; cvt.rzi.u32.f32 %r1, %f1;"),
         12},
        {KERNEL("mov.u32 %r1, %envreg7; membar.proxy.alias; pmevent.mask 3; "
                "applypriority.global.L2::evict_normal [%rd1], 128; "
                "createpolicy.fractional.L2::evict_last.b64 %rd2, 0.5;"),
         0},
        {KERNEL("ld.mmio.relaxed.sys.global.u32 %r1, [%rd1]; .pragma \"any\";"), 0},
        {".pragma \"nounroll\";\n" KERNEL("mov.u32 %r1, 3;"), 3},
        {KERNEL("mov.u32 %r1, (1 + 2) * 4;"), 12},
        {KERNEL("mov.u32 %r1, %pm0; mov.u32 %r2, %cluster_nctarank; add.u32 %r1, %r1, %r2;"), 1},
        {"# 1 \"file.cu\"\n.global .u32 buffer[8] = {0, 1, 2, 3, 44};\n"
         "  # 7 \"file.cu\"\n" KERNEL("mov.u64 %rd2, buffer[4]; ld.global.u32 %r1, [%rd2];"),
         44},
        {".extern .shared .align 4 .b8 a[512];\n.extern .shared .align 4 .b8 b[512];\n" KERNEL(
             "mov.u32 %r2, a; mov.u32 %r3, b; sub.u32 %r1, %r3, %r2;"),
         512},
        {".func (.param .b32 r) one() { .reg .b32 %a; mov.u32 %a, 1; st.param.b32 [r], %a; ret; }\n"
         ".func (.param .b32 r) other();\n.alias other, one;\n" KERNEL(
             ".param .b32 v; call (v), other, (); ld.param.b32 %r1, [v];"),
         1},
        {".extern .func vprintf(.param .b64 f, .param .b64 v);\n"
         ".global .align 1 .b8 text[3] = {104, 105, 0};\n" KERNEL(
             ".param .b64 f; .param .b64 v; mov.u64 %rd2, text; st.param.b64 [f], %rd2; "
             "mov.u64 %rd3, 0; st.param.b64 [v], %rd3; call vprintf, (f, v); mov.u32 %r1, 6;"),
         6},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const uint32_t result = run(*state, cases[k].text);
        if (result != cases[k].result)
            fail_msg("%u, not %u, from %s", result, cases[k].result, cases[k].text);
    }
}

/* Units of translation in one text: each has names of its own beside those that are visible. */
TEST(units_of_translation_are_linked) {
    static const char text[] = ".extern .func (.param .b32 r) shared_one();\n"
                               ".extern .global .align 4 .u32 word;\n"
                               ".global .align 4 .u32 own = 1;\n"
                               ".func (.param .b32 r) helper() { .reg .b32 %a; mov.u32 %a, 10; "
                               "st.param.b32 [r], %a; ret; }\n"
                               ".weak .func twice() { ret; }\n"
                               ".global .u64 place = own;\n" KERNEL(
                                   ".param .b32 v; .param .b32 w; call (v), shared_one, (); "
                                   "ld.param.b32 %r2, [v];\n"
                                   "call (w), helper, (); ld.param.b32 %r3, [w]; ld.global.u32 "
                                   "%r4, [word];\n"
                                   "ld.global.u64 %rd2, [place]; ld.global.u32 %r5, [%rd2];\n"
                                   "add.u32 %r1, %r2, %r3; add.u32 %r1, %r1, %r4; add.u32 %r1, "
                                   "%r1, %r5;") ".version 8.0\n.target sm_80\n.address_size 64\n"
                                                ".global .align 4 .u32 own = 2;\n"
                                                ".func (.param .b32 r) helper();\n"
                                                ".func (.param .b32 r) shared_one();\n"
                                                ".visible .func (.param .b32 r) shared_one() { "
                                                ".reg .b32 %a; .param .b32 v;\n"
                                                "call (v), helper, (); ld.param.b32 %a, [v]; "
                                                "st.param.b32 [r], %a; ret; }\n"
                                                ".func (.param .b32 r) helper() { .reg .b32 %a; "
                                                "ld.global.u32 %a, [own];\n"
                                                "mul.lo.u32 %a, %a, 100; st.param.b32 [r], %a; "
                                                "ret; }\n"
                                                ".weak .func twice() { trap; ret; }\n"
                                                ".visible .global .align 4 .u32 word = 1000;\n"
                                                ".extern .global .align 4 .u32 word;\n";
    assert_int_equal(run(*state, text), 200 + 10 + 1000 + 1);
    assert_int_equal(bench_load(*state, ".visible .func f() { ret; }\n.version 8.0\n"
                                        ".visible .func f() { ret; }\n"),
                     MACHINE_INVALID_PTX);
}

/* Elements of a and b, and c to add to, as PTX ISA 9.7.16 defines them. */
TEST(video_instructions_compare_and_average) {
    static const struct {
        const char *text;
        uint32_t result;
    } cases[] = {
#define VIDEO(name, a, b, c)                                                                       \
    KERNEL("mov.u32 %r2, " a "; mov.u32 %r3, " b "; mov.u32 %r4, " c "; " name                     \
           " %r1, %r2, %r3, %r4;")
        {VIDEO("vset4.u32.u32.eq", "0x01020304", "0x01ff0304", "0"), 0x01000101},
        {VIDEO("vset4.u32.u32.ne", "0x01020304", "0x01ff0304", "0"), 0x00010000},
        {VIDEO("vset4.s32.u32.lt", "0xff000080", "0", "0"), 0x01000001},
        {VIDEO("vset4.u32.u32.gt", "0xff000080", "0", "0"), 0x01000001},
        {VIDEO("vset4.u32.s32.le", "0x00000080", "0xff0000ff", "0"), 0x00010100},
        {VIDEO("vset4.u32.u32.ge.add", "0x01020304", "0x02020202", "10"), 13},
        {VIDEO("vset2.u32.u32.ne", "0x00010002", "0x00010003", "0"), 1},
        {VIDEO("vavrg4.u32.u32.u32", "0xff000102", "0xff010204", "0"), 0xff010203},
        {VIDEO("vavrg4.s32.s32.s32", "0xfeff0000", "0xff020000", "0"), 0xfe010000},
        {VIDEO("vavrg2.u32.u32.u32.add", "0x00040002", "0x00060003", "1"), 9},
#undef VIDEO
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const uint32_t result = run(*state, cases[k].text);
        if (result != cases[k].result)
            fail_msg("%x, not %x, from %s", result, cases[k].result, cases[k].text);
    }
}

TEST(vectors_are_added_atomically) {
    static const char text[] =
        KERNEL("mov.f32 %f1, 1.0; mov.f32 %f2, 2.0; mov.f32 %f3, 3.0; mov.f32 %f4, 4.0;\n"
               "red.global.add.v4.f32 [%rd1+16], {%f1,%f2,%f3,%f4};\n"
               "atom.global.v4.f32.add {%f5,%f6,%f7,%f8}, [%rd1+16], {%f1,%f2,%f3,%f4};\n"
               "ld.global.f32 %f9, [%rd1+28]; mul.f32 %f9, %f9, 10.0; add.f32 %f9, %f9, %f8;\n"
               "cvt.rzi.u32.f32 %r1, %f9;");
    assert_int_equal(run(*state, text), 84);
    assert_int_equal(run(*state, KERNEL("mov.b32 %r2, 0x3c004000; mov.b32 %r3, 0x4000bc00; "
                                        "st.global.v2.b32 [%rd1+8], {%r2, %r3}; "
                                        "red.global.max.noftz.v2.f16x2 [%rd1+8], {%r3, %r2}; "
                                        "ld.global.b32 %r1, [%rd1+8];")),
                     0x40004000);
    assert_int_equal(run(*state, KERNEL("mov.b32 %r2, 0x3c004000; mov.b32 %r3, 0x4000bc00; "
                                        "st.global.v2.b32 [%rd1+8], {%r2, %r3}; "
                                        "red.global.min.noftz.v2.f16x2 [%rd1+8], {%r3, %r2}; "
                                        "ld.global.b32 %r1, [%rd1+12];")),
                     0x3c00bc00);
}

TEST(a_copy_may_ignore_its_source) {
    static const char text[] = ".shared .align 16 .b8 s[32];\n" KERNEL(
        "mov.u32 %r2, 5; st.global.u32 [%rd1+4], %r2; mov.u32 %r3, s;\n"
        "setp.eq.u32 %p1, 1, 1;\n"
        "cp.async.ca.shared.global [%r3], [%rd1+4], 4, %p1;\n"
        "cp.async.ca.shared.global [%r3+4], [%rd1+4], 4, !%p1;\n"
        "createpolicy.fractional.L2::evict_first.b64 %rd2, 0.5;\n"
        "cp.async.ca.shared.global.L2::cache_hint [%r3+8], [%rd1+4], 4, %rd2;\n"
        "cp.async.wait_all; ld.shared.u32 %r4, [s]; ld.shared.u32 %r5, [s+4];\n"
        "ld.shared.u32 %r6, [s+8]; mad.lo.u32 %r1, %r5, 10, %r4; mad.lo.u32 %r1, %r6, 100, %r1;");
    assert_int_equal(run(*state, text), 550);
}

/* What loading the kernel gives as PTX of `version` for `target`. */
static enum machine_status load_for(struct bench *bench, const char *version, const char *target,
                                    const char *kernel) {
    char text[4096];
    snprintf(text, sizeof text, ".version %s\n.target %s\n.address_size 64\n%s", version, target,
             kernel);
    return machine_load(bench->machine, target, text, strlen(text), &bench->module,
                        &bench->diagnostic);
}

/* What the kernel that was loaded last gives. */
static uint32_t result_of_loaded(struct bench *bench) {
    uint32_t result;
    const uint64_t memory = bench_allocate(bench, NULL, sizeof result);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, &result, memory, sizeof result), MACHINE_OK);
    return result;
}

/* Before sm_70 the lanes that are there take part. */
TEST(lanes_met_without_sync_before_sm_70) {
    static const char kernel[] = KERNEL("mov.u32 %r2, 7; shfl.idx.b32 %r1, %r2, 0, 31; "
                                        "setp.eq.u32 %p1, 1, 1; vote.ballot.b32 %r3, %p1; "
                                        "mad.lo.u32 %r1, %r1, 10, %r3;");
    struct bench *bench = *state;
    assert_int_equal(load_for(bench, "6.0", "sm_60", kernel), MACHINE_OK);
    assert_int_equal(result_of_loaded(bench), 71);
    assert_int_equal(load_for(bench, "6.4", "sm_70", kernel), MACHINE_INVALID_PTX);
    assert_non_null(strstr(bench->diagnostic.message, ".sync is needed"));
}

/* Nvcc wrote it so for sm_1x; the assembler then rounds to the nearest. */
TEST(mad_may_lack_its_rounding_in_old_ptx) {
    static const char kernel[] =
        KERNEL("mad.f32 %f1, 0f3F800001, 0f3F800001, 0f00000000; mov.b32 %r1, %f1;");
    struct bench *bench = *state;
    assert_int_equal(load_for(bench, "1.4", "sm_10", kernel), MACHINE_OK);
    assert_int_equal(result_of_loaded(bench), 0x3f800002);
    assert_int_equal(load_for(bench, "3.1", "sm_30", kernel), MACHINE_OK);
    assert_int_equal(load_for(bench, "7.0", "sm_13", kernel), MACHINE_OK);
    assert_int_equal(load_for(bench, "3.2", "sm_20", kernel), MACHINE_INVALID_PTX);
    assert_non_null(strstr(bench->diagnostic.message, "asks for a rounding"));
}

TEST(vectors_are_moved_by_element) {
    struct bench *bench = *state;
    assert_int_equal(run(bench, KERNEL("mov.u32 %r2, 2; mov.u32 %r3, 3;\n"
                                       "mov.v2.u32 {%r2,%r3}, {%r3,%r2};\n"
                                       "mad.lo.u32 %r1, %r2, 10, %r3;")),
                     32);
    assert_int_equal(
        run(bench, KERNEL(".reg .v4 .u32 %v; mov.v4.u32 %v, {1,2,3,4};\n"
                          "mov.v4.u32 {%r2,%r3,_,%r4}, %v;\n"
                          "mad.lo.u32 %r1, %r2, 10, %r3; mad.lo.u32 %r1, %r1, 10, %r4;")),
        124);
    assert_int_equal(
        run(bench, KERNEL("mov.v4.u32 {%r2,%r3,%r4,%r5}, %ntid;\n"
                          "mad.lo.u32 %r1, %r3, 10, %r4; mad.lo.u32 %r1, %r1, 10, %r5;")),
        110);
    assert_int_equal(bench_load(bench, KERNEL("mov.v4.u32 {%r2,%r3}, {%r2,%r3};")),
                     MACHINE_INVALID_PTX);
}

#define WIDE                                                                                       \
    ".reg .b128 %q<4>; mov.u64 %rd2, 7; mov.u64 %rd3, 9; mov.b128 %q1, {%rd2,%rd3};\n"             \
    "st.global.b128 [%rd1+16], %q1; mov.u64 %rd4, 1; mov.b128 %q2, {%rd4,%rd2};\n"
/* Both halves of a register as a number of two digits. */
#define DIGITS(wide)                                                                               \
    "mov.b128 {%rd5,%rd6}, " wide "; cvt.u32.u64 %r1, %rd5; cvt.u32.u64 %r2, %rd6;\n"              \
    "mad.lo.u32 %r1, %r1, 10, %r2;"

TEST(registers_of_128_bits_have_two_halves) {
    static const struct {
        const char *text;
        uint32_t result;
    } cases[] = {
        {KERNEL(WIDE "mov.b128 %q3, %q1; mov.b128 %q1, %q2;" DIGITS("%q3")), 79},
        {KERNEL(WIDE "ld.global.b128 %q3, [%rd1+16];" DIGITS("%q3")), 79},
        {KERNEL(WIDE "ld.relaxed.gpu.global.b128 %q3, [%rd1+16];" DIGITS("%q3")), 79},
        {KERNEL(WIDE "atom.exch.b128 %q3, [%rd1+16], %q2;" DIGITS("%q3")), 79},
        {KERNEL(WIDE
                "atom.exch.b128 %q3, [%rd1+16], %q2; ld.global.b128 %q3, [%rd1+16];" DIGITS("%q3")),
         17},
        {KERNEL(WIDE "atom.cas.b128 %q3, [%rd1+16], %q1, %q2;" DIGITS("%q3")), 79},
        {KERNEL(WIDE
                "atom.cas.b128 %q3, [%rd1+16], %q1, %q2; ld.global.b128 %q3, [%rd1+16];" DIGITS(
                    "%q3")),
         17},
        {KERNEL(WIDE "mov.b128 %q0, {%rd2,%rd2}; atom.cas.b128 %q3, [%rd1+16], %q0, %q2;"
                     "ld.global.b128 %q3, [%rd1+16];" DIGITS("%q3")),
         79},
        {KERNEL(WIDE ".shared .align 16 .b8 s[16]; st.shared.b128 [s], %q1; "
                     "ld.shared.v2.u64 {%rd5,%rd6}, [s]; mov.b128 %q3, {%rd5,%rd6};" DIGITS("%q3")),
         79},
    };
    static const char *const wrong[] = {
        "mov.b128 %q1, %rd1;", "mov.b128 {%rd1,%rd2}, {%rd3,%rd4};", "ld.global.b128 %rd2, [%rd1];",
        "ld.global.b128 {%rd2,%rd3}, [%rd1];", "mov.b128 %q1, {%rd1,%rd2,%rd3};"};
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        if (run(bench, cases[k].text) != cases[k].result)
            fail_msg("%s", cases[k].text);
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        char text[1024];
        snprintf(text, sizeof text, ".visible .entry k() {\n%s.reg .b128 %%q<2>; %s\nret; }\n",
                 HEAD, wrong[k]);
        assert_int_equal(bench_load(bench, text), MACHINE_INVALID_PTX);
    }
}

#define FILL(size)                                                                                 \
    KERNEL(                                                                                        \
        ".shared .align 8 .b8 s[64]; mov.u32 %r2, s; st.shared.u32 [%r2+8], 77;\n"                 \
        "st.shared.u32 [%r2+16], 78; st.bulk.weak.shared::cta [%r2+8], " size ", 0;\n"             \
        "ld.shared.u32 %r1, [%r2+8]; ld.shared.u32 %r3, [%r2+16]; mad.lo.u32 %r1, %r1, 100, %r3;")

TEST(shared_memory_is_filled) {
    struct bench *bench = *state;
    uint64_t memory;
    assert_int_equal(run(bench, FILL("8")), 78);
    assert_int_equal(run(bench, FILL("16")), 0);
    assert_int_equal(machine_allocate(bench->machine, 4, &memory), MACHINE_OK);
    assert_int_equal(bench_load(bench, FILL("64")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_INVALID_ADDRESS);
    assert_int_equal(bench_load(bench, FILL("12")), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_ILLEGAL_INSTRUCTION);
}

TEST(modules_have_one_pragma) {
    assert_int_equal(bench_load(*state, ".pragma \"frobnicate\";\n"), MACHINE_INVALID_PTX);
    assert_non_null(strstr(((struct bench *)*state)->diagnostic.message, "nounroll"));
}

TEST(targets_have_features_from_sm_90_on) {
    static const struct {
        const char *target;
        enum machine_status status;
    } cases[] = {{"sm_80", MACHINE_OK},
                 {"sm_90a", MACHINE_OK},
                 {"sm_100f", MACHINE_OK},
                 {"sm_80a", MACHINE_INVALID_PTX},
                 {"sm_90x", MACHINE_INVALID_PTX}};
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char text[128];
        snprintf(text, sizeof text, ".version 9.7\n.target %s\n.address_size 64\n",
                 cases[k].target);
        assert_int_equal(machine_load(bench->machine, "text", text, strlen(text), &bench->module,
                                      &bench->diagnostic),
                         cases[k].status);
    }
}

int main(void) {
    return tests_run(bench_setup_blackwell, bench_teardown);
}
