/* Stores and sums of global memory that go on by themselves and release what came before, and
 * addresses of 32 bits where generic ones have 64. */
#define TESTS_OWN_MAIN
#include "tests/support/one_thread.h"
#include "tests/support/test.h"

#define VALUES                                                                                     \
    "mov.b16 %h1, 0x1234; mov.u32 %r2, 5; mov.u32 %r3, -3; st.global.v2.u32 [%rd1+8], {%r2, "      \
    "%r3};\n"
#define READ "ld.global.u32 %r1, [%rd1+8];"

TEST(values_are_released_later) {
    static const struct {
        const char *text;
        uint32_t result;
    } cases[] = {
        {KERNEL(VALUES "st.async.release.gpu.global.u32 [%rd1+8], 77;" READ), 77},
        {KERNEL(VALUES "st.async.mmio.release.sys.b16 [%rd1+8], %h1;" READ), 0x1234},
        {KERNEL(VALUES "st.async.release.sys.global.f32 [%rd1+8], 1.0;" READ), 0x3f800000},
        {KERNEL(VALUES "mov.u64 %rd2, 99; st.async.release.sys.b64 [%rd1+8], %rd2;" READ), 99},
        {KERNEL(VALUES "red.async.release.gpu.global.add.s32 [%rd1+8], %r3;" READ), 2},
        {KERNEL(VALUES "red.async.mmio.release.sys.add.s64 [%rd1+8], 7;" READ), 12},
        {KERNEL(VALUES "red.async.release.gpu.global.min.s32 [%rd1+8], %r3;" READ), 0xfffffffd},
        {KERNEL(VALUES "red.async.release.gpu.global.max.u32 [%rd1+8], %r3;" READ), 0xfffffffd},
        {KERNEL(VALUES "red.async.release.gpu.global.max.s32 [%rd1+8], %r3;" READ), 5},
        {KERNEL(VALUES "red.async.release.gpu.global.min.u32 [%rd1+8], 3;" READ), 3},
        {KERNEL(VALUES "red.async.release.gpu.global.and.b32 [%rd1+8], 6;" READ), 4},
        {KERNEL(VALUES "red.async.release.gpu.global.or.b32 [%rd1+8], 2;" READ), 7},
        {KERNEL(VALUES "red.async.release.gpu.global.xor.b32 [%rd1+8], 4;" READ), 1},
        {KERNEL(VALUES "red.async.release.gpu.global.inc.u32 [%rd1+8], 5;" READ), 0},
        {KERNEL(VALUES "red.async.release.gpu.global.dec.u32 [%rd1+8], 5;" READ), 4},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const uint32_t result = run(*state, cases[k].text);
        if (result != cases[k].result)
            fail_msg("%x, not %x, from %s", result, cases[k].result, cases[k].text);
    }
}

TEST(short_addresses_are_global) {
    struct bench *bench = *state;
    assert_int_equal(run(bench, KERNEL("mov.u32 %r2, 64; isspacep.global %p1, %r2;"
                                       "isspacep.shared::cluster %p2, %r2;"
                                       "isspacep.local %p3, %r2; isspacep.param %p4, %r2;"
                                       "selp.u32 %r1, 1, 0, %p1; @%p2 add.u32 %r1, %r1, 2;"
                                       "@%p3 add.u32 %r1, %r1, 4; @%p4 add.u32 %r1, %r1, 8;")),
                     1);
    const uint64_t memory = bench_allocate(bench, NULL, 4);
    bench_must_load(bench, KERNEL("mov.u32 %r2, 64; mapa.u32 %r1, %r2, 0;"));
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_INVALID_ADDRESS_SPACE);
    bench_must_load(bench, KERNEL("mov.u32 %r2, 64; getctarank.u32 %r1, %r2;"));
    assert_int_equal(LAUNCH(bench, "k", 1, 1, memory), MACHINE_INVALID_ADDRESS_SPACE);
    assert_int_equal(run(bench, KERNEL(".shared .b32 s[4]; mov.u32 %r2, s;"
                                       "mapa.shared::cluster.u32 %r3, s+8, 0;"
                                       "getctarank.shared::cluster.u32 %r4, s;"
                                       "sub.u32 %r1, %r3, %r2; add.u32 %r1, %r1, %r4;")),
                     8);
}

int main(void) {
    return tests_run(bench_setup_blackwell, bench_teardown);
}
