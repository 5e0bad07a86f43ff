/* Kernels of a few statements, run by one thread. */
#ifndef LOCKSTEP_TESTS_SUPPORT_ONE_THREAD_H
#define LOCKSTEP_TESTS_SUPPORT_ONE_THREAD_H

#include "tests/support/emulator_core.h"

/* A kernel that stores %r1 of its only thread to where p points. */
#define HEAD                                                                                       \
    ".reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .f32 %f<20>; .reg .pred %p<8>; .reg .b16 %h<9>; "    \
    ".reg .f64 %fd<3>;\n"
#define KERNEL(statements)                                                                         \
    ".visible .entry k(.param .u64 p) {\n" HEAD "ld.param.u64 %rd1, [p];\n" statements             \
    "\nst.global.u32 [%rd1], %r1;\nret; }\n"

static inline uint32_t run(struct bench *bench, const char *text) {
    uint32_t result[64] = {0};
    const enum machine_status status = bench_load(bench, text);
    if (status != MACHINE_OK)
        fail_msg("%s\nin %s", bench->diagnostic.message, text);
    const uint64_t memory = bench_allocate(bench, result, sizeof result);
    if (LAUNCH(bench, "k", 1, 1, memory) != MACHINE_OK)
        fail_msg("%s\nin %s", bench->diagnostic.message, text);
    assert_int_equal(machine_read(bench->machine, result, memory, sizeof result), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, memory), MACHINE_OK);
    return result[0];
}

#endif
