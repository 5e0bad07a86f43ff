/* Floats of 4 to 8 bits in kernels: rows of a matrix that are unpacked, registers of 8 bits, and
 * products whose modifiers stand in another order. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdlib.h>

enum { LANE_COUNT = 32, ROW_BYTES = 16 };

/* Each lane takes 16 bytes at a to row %r2 of shared memory, and stores 16 at b. */
#define KERNEL(body)                                                                               \
    ".visible .entry k(.param .u64 a, .param .u64 b) { .reg .b64 %rd<4>; .reg .b32 %r<12>;\n"      \
    ".reg .b16 %h<4>; .reg .f32 %f<8>; .shared .align 16 .b8 s[512];\n"                            \
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; mov.u32 %r1, %tid.x; shl.b32 %r1, %r1, 4;\n"  \
    "cvt.u64.u32 %rd3, %r1; add.u64 %rd1, %rd1, %rd3; add.u64 %rd2, %rd2, %rd3;\n"                 \
    "mov.u32 %r2, s; add.u32 %r2, %r2, %r1; ld.global.v4.u32 {%r4,%r5,%r6,%r7}, [%rd1];\n"         \
    "st.shared.v4.u32 [%r2], {%r4,%r5,%r6,%r7}; bar.warp.sync -1;\n" body                          \
    "\nst.global.v4.u32 [%rd2], {%r4,%r5,%r6,%r7}; ret; }\n"

struct rows {
    unsigned char byte[LANE_COUNT][ROW_BYTES];
};

static void run(struct bench *bench, const char *text, const struct rows *from, struct rows *to) {
    bench_must_load(bench, text);
    const uint64_t a = bench_allocate(bench, from, sizeof *from);
    const uint64_t b = bench_allocate(bench, from, sizeof *from);
    if (LAUNCH(bench, "k", 1, LANE_COUNT, a, b) != MACHINE_OK)
        fail_msg("%s: %s", bench->diagnostic.message, text);
    assert_int_equal(machine_read(bench->machine, to, b, sizeof *to), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, a), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, b), MACHINE_OK);
}

static unsigned element_of(const unsigned char *row, unsigned number, unsigned bits) {
    unsigned value = 0;
    for (unsigned k = 0; k < bits; k++) {
        const unsigned at = number * bits + k;
        value |= (unsigned)(row[at / 8] >> at % 8 & 1) << k;
    }
    return value;
}

static void fill(struct rows *rows) {
    for (unsigned k = 0; k < sizeof *rows; k++)
        rows->byte[k / ROW_BYTES][k % ROW_BYTES] = (unsigned char)(k * 167 + k / 7);
}

struct load {
    const char *text;
    unsigned bits;
};

static void expect_byte(const struct load *load, const struct rows *from, const struct rows *to,
                        unsigned lane, unsigned k, unsigned row, unsigned number) {
    const unsigned expected = element_of(from->byte[row], number, load->bits);
    if (to->byte[lane][k] != expected)
        fail_msg("lane %u, byte %u is 0x%x, not 0x%x, from %s", lane, k, to->byte[lane][k],
                 expected, load->text);
}

#define LOAD(form) KERNEL("ldmatrix.sync.aligned." form " {%r4,%r5,%r6,%r7}, [%r2];")

/* Register k of a lane has four neighbours of a row of matrix k. */
TEST_ON_BLACKWELL(rows_of_a_matrix_are_unpacked) {
    static const struct load loads[] = {{LOAD("m8n16.x4.shared.b8x16.b4x16_p64"), 4},
                                        {LOAD("m8n16.x4.shared::cta.b8x16.b6x16_p32"), 6}};
    struct rows from, to;
    fill(&from);
    for (unsigned n = 0; n < sizeof loads / sizeof loads[0]; n++) {
        run(*state, loads[n].text, &from, &to);
        for (unsigned lane = 0; lane < LANE_COUNT; lane++)
            for (unsigned k = 0; k < ROW_BYTES; k++)
                expect_byte(&loads[n], &from, &to, lane, k, lane / 4 + k / 4 * 8,
                            lane % 4 * 4 + k % 4);
    }
}

/* Of sixteen rows a lane has four neighbours in a column, and as many eight columns on. */
TEST_ON_BLACKWELL(columns_of_bytes_are_loaded) {
    static const struct load loads[] = {{LOAD("m16n16.x2.trans.shared.b8"), 8},
                                        {LOAD("m16n16.x2.trans.shared.b8x16.b6x16_p32"), 6},
                                        {LOAD("m16n16.x2.trans.shared::cta.b8x16.b4x16_p64"), 4}};
    struct rows from, to;
    fill(&from);
    for (unsigned n = 0; n < sizeof loads / sizeof loads[0]; n++) {
        run(*state, loads[n].text, &from, &to);
        for (unsigned lane = 0; lane < LANE_COUNT; lane++)
            for (unsigned k = 0; k < ROW_BYTES; k++)
                expect_byte(&loads[n], &from, &to, lane, k, k / 8 * 16 + lane % 4 * 4 + k % 4,
                            lane / 4 + k / 4 % 2 * 8);
    }
}

/* A lane has four bytes of each matrix: two neighbours of a row, and two of the row eight below. */
TEST_ON_BLACKWELL(columns_of_bytes_are_stored) {
    static const char text[] =
        KERNEL("stmatrix.sync.aligned.m16n8.x4.trans.shared.b8 [%r2], {%r4,%r5,%r6,%r7};\n"
               "bar.warp.sync -1; ld.shared.v4.u32 {%r4,%r5,%r6,%r7}, [%r2];");
    struct rows from, to;
    fill(&from);
    run(*state, text, &from, &to);
    for (unsigned k = 0; k < sizeof from; k++) {
        const unsigned line = k / ROW_BYTES, row = k % ROW_BYTES, column = line % 8;
        const unsigned lane = row % 8 * 4 + column / 2, byte = column % 2 + row / 8 * 2;
        assert_int_equal(to.byte[line][row], from.byte[lane][line / 8 * 4 + byte]);
    }
}

/* Pairs of 4 bits are in registers of 8 bits, which mov packs. */
TEST_ON_BLACKWELL(registers_of_8_bits_have_pairs) {
    static const char text[] =
        KERNEL("{ .reg .b8 %t, %z; mov.f32 %f1, 3.0; mov.f32 %f2, -0.5;\n"
               "cvt.rn.satfinite.e2m1x2.f32 %t, %f1, %f2; mov.b16 %h1, {%t, 0};\n"
               "mov.b32 %r4, {%t, %t, 0, %t}; mov.b16 {%t, %z}, %h1; cvt.rn.f16x2.e2m1x2 %r5, %t;\n"
               "cvt.rp.satfinite.ue8m0x2.f32 %h2, 0.0, %f1; cvt.u32.u16 %r6, %h2; }");
    const struct rows from = {0};
    struct rows to;
    uint32_t words[4];
    run(*state, text, &from, &to);
    memcpy(words, to.byte[7], sizeof words);
    assert_int_equal(words[0], 0x59005959);
    assert_int_equal(words[1], 0x4200b800);
    assert_int_equal(words[2], 0x0081);
}

#define ONES                                                                                       \
    "mov.b32 %r8, 0x08080808; mov.b32 %r9, 0x38383838; mov.b32 %r10, 0x3c3c3c3c;\n"                \
    "mov.f32 %f1, 0.0;\n"
#define MMA(modifiers, a, b)                                                                       \
    KERNEL(ONES "mma.sync.aligned" modifiers " {%f4,%f5,%f6,%f7}, {" a "," a "," a "," a "}, {" b  \
                "," b "}, {%f1,%f1,%f1,%f1}; mov.b32 %r4, %f4;")

/* 1 is 0x08 in e2m1, 0x38 in e4m3 and 0x3c in e5m2: types of small floats keep their order. */
TEST_ON_BLACKWELL(types_keep_their_order_among_each_other) {
    static const char *const texts[] = {
        MMA(".kind::f8f6f4.m16n8k32.row.col.f32.e2m1.e4m3.f32", "%r8", "%r9"),
        MMA(".kind::f8f6f4.m16n8k32.row.col.f32.e4m3.e2m1.f32", "%r9", "%r8"),
        MMA(".m16n8k32.row.col.kind::f8f6f4.f32.e2m1.e4m3.f32", "%r8", "%r9"),
        MMA(".m16n8k32.row.col.kind::f8f6f4.f32.e4m3.e2m1.f32", "%r9", "%r8"),
        MMA(".row.col.f32.e4m3.e2m1.f32.m16n8k32.kind::f8f6f4", "%r9", "%r8"),
        MMA(".row.col.m16n8k32.f32.e5m2.e4m3.f32", "%r10", "%r9"),
    };
    const struct rows from = {0};
    ((struct bench *)*state)->target = 120;
    for (unsigned k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        struct rows to;
        float sum;
        run(*state, texts[k], &from, &to);
        memcpy(&sum, to.byte[0], sizeof sum);
        if (sum != 32.0F)
            fail_msg("%g from %s", (double)sum, texts[k]);
    }
}
