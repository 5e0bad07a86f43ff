/* What the tests share of what is found wrong in running kernels. */
#ifndef LOCKSTEP_TESTS_SUPPORT_CHECKED_H
#define LOCKSTEP_TESTS_SUPPORT_CHECKED_H

#include "tests/support/emulator_core.h"

#include <stdlib.h>

/* A machine with the kept kernels. */
static inline int open_bench(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    *state = bench;
    if (!bench)
        return -1;
    bench_open(bench, 2);
    bench_load_kernels(bench);
    return 0;
}

/* The log has the message that the diagnostic has, and the message says each of the words. */
static inline void expect_said(const struct bench *bench, const char *const words[], size_t count) {
    assert_string_equal(bench->log, bench->diagnostic.message);
    for (size_t k = 0; k < count; k++) {
        if (!strstr(bench->log, words[k]))
            fail_msg("'%s' is not said in: %s", words[k], bench->log);
    }
}
#define EXPECT_SAID(bench, ...)                                                                    \
    expect_said(bench, (const char *const[]){__VA_ARGS__},                                         \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Each of 64 threads copies a word; then it reads what a thread of the other warp copied. */
#define COPY_AND_READ(name, between)                                                               \
    ".visible .entry " name "(.param .u64 p) { .reg .b64 %rd<5>; .reg .b32 %r<6>;\n"               \
    ".shared .align 4 .b8 words[256];\n"                                                           \
    "ld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4;\n"                    \
    "add.u64 %rd3, %rd1, %rd2; shl.b32 %r2, %r1, 2; mov.u32 %r3, words; add.u32 %r4, %r3, %r2;\n"  \
    "cp.async.ca.shared.global [%r4], [%rd3], 4; cp.async.commit_group;\n" between                 \
    "sub.u32 %r4, 252, %r2; add.u32 %r4, %r4, %r3; ld.shared.u32 %r5, [%r4];\n"                    \
    "st.global.u32 [%rd3+256], %r5; ret; }\n"

#define TEST_CHECKED(test) TEST_BETWEEN(test, open_bench, bench_teardown)

#endif
