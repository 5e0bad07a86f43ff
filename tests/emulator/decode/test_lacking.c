/* What the emulator lacks: only launches refuse it, by name, and docs/emulator.md lists it. */
#define TESTS_OWN_MAIN
#include "tests/support/one_thread.h"
#include "tests/support/test.h"

#include <stdio.h>

TEST(only_the_kernel_that_needs_it_is_refused) {
    static const char text[] =
        ".visible .entry good() { ret; }\n"
        ".visible .entry bad() { .reg .b32 %r<3>; frobnicate.u32 %r1, %r2; ret; }\n"
        ".func inner() { .reg .b64 %rd<3>; istypep.texture %p1, %rd1; ret; }\n"
        ".func outer() { call inner; ret; }\n"
        ".visible .entry calls() { call outer; ret; }\n"
        ".extern .func (.param .b32 r) cudaLaunchDeviceV2(.param .b64 buffer, .param .b64 "
        "stream);\n"
        ".visible .entry launches() { .param .b32 r; .param .b64 a; call (r), cudaLaunchDeviceV2, "
        "(a, a); ret; }\n";
    static const struct {
        const char *kernel, *said;
    } refused[] = {{"bad", "line 5, column 42: the emulator lacks this instruction or modifier in "
                           "'frobnicate.u32'"},
                   {"calls", "line 6, column 35: the emulator lacks this instruction or modifier "
                             "in 'istypep.texture'"},
                   {"launches", "line 10, column 60: the emulator lacks launches by kernels, which "
                                "this call is for, in 'call'"}};
    struct bench *bench = *state;
    assert_int_equal(bench_load(bench, text), MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "good", 1, 1), MACHINE_OK);
    for (size_t k = 0; k < sizeof refused / sizeof refused[0]; k++) {
        assert_int_equal(LAUNCH(bench, refused[k].kernel, 1, 1), MACHINE_NOT_SUPPORTED);
        if (!strstr(bench->diagnostic.message, refused[k].said))
            fail_msg("%s", bench->diagnostic.message);
    }
}

/* Which function a pointer means is known only when it is called. */
TEST(a_pointer_to_what_is_lacking_faults_when_it_is_called) {
    static const char text[] =
        ".func lacking() { frobnicate; ret; }\n"
        ".global .u64 table[1] = {lacking};\n" KERNEL(
            "ld.global.u64 %rd2, [table]; F: .callprototype _ ();\ncall %rd2, (), F;");
    struct bench *bench = *state;
    assert_int_equal(bench_load(bench, text), MACHINE_OK);
    const uint64_t memory = bench_allocate(bench, NULL, 4);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_NOT_SUPPORTED);
    assert_non_null(strstr(bench->diagnostic.message, "'frobnicate'"));
}

TEST(every_instruction_that_is_lacking_is_named) {
    static const char *const lacking[] = {
        "add.u33 %r1, %r2, %r3;",
        "add.u32.fast %r1, %r2, %r3;",
        "tcgen05.shift.cta_group::1.up [%r1];",
        "add.u32 %r1, %r2;",
        "add.u32 %r1, %r2, %r3, %r4;",
        "setp.foo.u32 %p1, %r1, %r2;",
        "cvt.wide.u32 %r1, %r2;",
        "wide.mul.s32 %rd1, %r1, %r2;",
        "mul.s32.wide %rd1, %r1, %r2;",
        ("mma.sync.aligned.m16n8k16.col.row.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, "
         "{%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};"),
        "cvt.rs.f16.f32 %h1, %f1, %r2;",
        "ld.global.f16 %h1, [%rd1];",
        "lop3.or.b32 %r1, %r2, %r3, %r4, 3, %p1;",
        ("mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, {%r1,%r2}, "
         "{%r3,%r4}, {%f1,%f2,%f3,%f4}, %r5, 4;"),
        ("mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col.s32.s8.s8.s32 {%r1,%r2,%r3,%r4}, "
         "{%r1,%r2,%r3,%r4}, {%r1,%r2,%r3,%r4}, {%r1,%r2,%r3,%r4}, %r5, 1;"),
        ("mma.sync.aligned.m8n8k4.row.col.f16.f16.f16.f32 {%r1,%r2,%r3,%r4}, {%r5,%r6}, "
         "{%r7,%r8}, {%f1,%f2,%f3,%f4,%f5,%f6,%f7,%f8};"),
        /* Words of a name stay in front. */
        "mbarrier.try_wait.shared.parity.b64 %p1, [%r1], %r2;",
        "mbarrier.arrive.shared.expect_tx.b64 _, [%r1], 8;",
        "st.shared::cta.bulk [%r1], %rd1, 0;",
        "cp.async.mbarrier.shared.arrive.b64 [%r1];",
        "barrier.aligned.cta.sync 0;",
        "bar.sync.cta 0;",
        "setmaxnreg.sync.aligned.inc.u32 64;",
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof lacking / sizeof lacking[0]; k++) {
        char text[1024];
        snprintf(text, sizeof text, ".visible .entry k() {\n%s%s\nret; }\n", HEAD, lacking[k]);
        const enum machine_status status = bench_load(bench, text);
        const bool is_refused =
            status == MACHINE_INVALID_PTX ||
            (status == MACHINE_OK && LAUNCH(bench, "k", 1, 1) == MACHINE_NOT_SUPPORTED);
        if (!is_refused || !strstr(bench->diagnostic.message, "line 6"))
            fail_msg("%s: %s", lacking[k], bench->diagnostic.message);
    }
}

/* The example of a row of the table in docs/emulator.md; false where the row has none. */
static bool example_of(const char *row, char *example, size_t size) {
    const char *end = strrchr(row, '`');
    if (row[0] != '|' || !end)
        return false;
    const char *start = end - 1;
    while (start > row && *start != '`')
        start--;
    return (size_t)snprintf(example, size, "%.*s", (int)(end - start - 1), start + 1) < size;
}

/* For the newest devices, one of which has it. */
static enum machine_status load_for_any(struct bench *bench, const char *text) {
    static const unsigned targets[] = {100, 103, 120};
    enum machine_status status = MACHINE_INVALID_PTX;
    for (size_t k = 0; k < sizeof targets / sizeof targets[0] && status != MACHINE_OK; k++) {
        bench->target = targets[k];
        status = bench_load(bench, text);
    }
    return status;
}

TEST(what_the_document_calls_lacking_is) {
    struct bench *bench = *state;
    char row[512], example[512], text[1024];
    bool inside = false;
    size_t count = 0;
    FILE *file = fopen("docs/emulator.md", "re");
    assert_non_null(file);
    while (fgets(row, sizeof row, file)) {
        inside =
            strstr(row, "<!-- lacking: begin") || (inside && !strstr(row, "<!-- lacking: end"));
        if (!inside || !example_of(row, example, sizeof example))
            continue;
        snprintf(text, sizeof text, ".visible .entry k() {\n%s%s\nret; }\n", HEAD, example);
        if (load_for_any(bench, text) != MACHINE_OK ||
            LAUNCH(bench, "k", 1, 1) != MACHINE_NOT_SUPPORTED)
            fail_msg("%s: %s", example, bench->diagnostic.message);
        count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_in_range(count, 1, 100);
}

int main(void) {
    return tests_run(bench_setup_blackwell, bench_teardown);
}
