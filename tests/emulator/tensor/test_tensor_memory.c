/*
 * Tensor memory: what tcgen05.ld and st reach in which lanes and columns, by the figures of the
 * PTX ISA (9.7.16), and which wrong uses of it, of its allocation and of tcgen05.mma are found.
 */
#include "tests/support/kernel_text.h"
#include "tests/support/tensor_memory_run.h"
#include "tests/support/test.h"

enum { THREADS = TENSOR_MEMORY_THREADS };

/* ---- Loads and stores ---- */

#define COMMIT TENSOR_COMMIT
#define WAIT TENSOR_WAIT
#define COPY "@%p5 tcgen05.cp.cta_group::1.128x256b [%r3], %rd1;\n"
#define ALLOCATE_MORE                                                                              \
    "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 32;\n"                        \
    "ld.shared.b32 %r12, [base];\n"
#define FREE_MORE "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r12, 32;\n"
#define LOAD "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r4];\n"
#define LOADED "tcgen05.wait::ld.sync.aligned;\n"
#define STORE "tcgen05.st.sync.aligned.32x32b.x1.b32 [%r4], {%r1};\n"
#define STORED "tcgen05.wait::st.sync.aligned;\n"
#define USE "add.u32 %v1, %v0, 1;\n"
#define COPY_EMPTY                                                                                 \
    "mov.u32 %r15, empty; shr.u32 %r15, %r15, 4; cvt.u64.u32 %rd4, %r15;\n"                        \
    "or.b64 %rd4, %rd4, %rd1; @%p5 tcgen05.cp.cta_group::1.32x128b.warpx4 [%r3], %rd4;\n"
#define MULTIPLY "@%p5 tcgen05.mma.cta_group::1.kind::f16 [%r3+8], %rd1, %rd1, %r10, %p6;\n"
#define MULTIPLY_AND_SHIFT                                                                         \
    "@%p5 tcgen05.mma.cta_group::1.kind::f16.ashift [%r3+8], [%r3], %rd1, %r10, %p6;\n"
#define MULTIPLY_SPARSE(metadata)                                                                  \
    "@%p5 tcgen05.mma.sp.cta_group::1.kind::f16 [%r3+8], %rd1, %rd1, [%r3+" metadata               \
    "], %r10, %p6;\n"
/* Shifts columns by 4, so that the last chunks of eight are read for four of theirs. */
#define MULTIPLY_SHIFTED                                                                           \
    "mov.b32 %r10, 0x42110490; mov.u64 %rd4, 0x0400000000000000;\n"                                \
    "@%p5 tcgen05.mma.ws.cta_group::1.kind::f16 [%r3+8], %rd1, %rd1, %r10, %p6, %rd4;\n"

/* Where a register of a thread lies, by the figures of 9.7.16.2.3; columns of packed ones are
 * pairs. */
struct shape {
    const char *name, *number;
    unsigned registers, lanes;
    unsigned (*lane)(unsigned thread, unsigned number);
    unsigned (*column)(unsigned thread, unsigned number);
};

static unsigned own_lane(unsigned thread, unsigned number) {
    (void)number;
    return thread;
}
static unsigned own_column(unsigned thread, unsigned number) {
    (void)thread;
    return number;
}
static unsigned lane_64(unsigned thread, unsigned number) {
    (void)number;
    return thread / 4 + thread % 2 * 8;
}
static unsigned column_64(unsigned thread, unsigned number) {
    return thread / 2 % 2 + number * 2;
}
static unsigned lane_128(unsigned thread, unsigned number) {
    return thread / 4 + number % 2 * 8;
}
static unsigned column_128(unsigned thread, unsigned number) {
    return thread % 4 + number / 2 * 4;
}
static unsigned lane_256(unsigned thread, unsigned number) {
    return thread / 4 + number / 2 % 2 * 8;
}
static unsigned column_256(unsigned thread, unsigned number) {
    return thread % 4 * 2 + number % 2 + number / 4 * 8;
}
static unsigned lane_halves(unsigned thread, unsigned number) {
    (void)number;
    return thread % 16;
}
static unsigned column_halves(unsigned thread, unsigned number) {
    return number + thread / 16 * 20;
}

static const struct shape shapes[] = {
    {"32x32b", "x8", 8, 32, own_lane, own_column},
    {"16x64b", "x8", 8, 16, lane_64, column_64},
    {"16x128b", "x4", 8, 16, lane_128, column_128},
    {"16x256b", "x2", 8, 16, lane_256, column_256},
    {"16x32bx2", "x8", 8, 16, lane_halves, column_halves},
};

static void add_list(struct text *text, const char *prefix, unsigned count) {
    for (unsigned k = 0; k < count; k++)
        text_add(text, "%s%s%u", k ? "," : "{", prefix, k);
    text_add(text, "}");
}

/* Stores the number of each cell, by column and lane, with 32x32b, and loads with the shape. */
TEST_ON_BLACKWELL(every_shape_is_loaded_and_stored) {
    struct bench *bench = *state;
    for (unsigned at = 0; at < 5 * 4; at++) {
        const struct shape *shape = &shapes[at / 4];
        const bool is_packed = at & 1, is_upper = at & 2 && shape->lanes == 16;
        const bool is_split = shape->column == column_halves;
        static uint32_t zeros[THREADS * 8], result[THREADS * 8];
        const uint64_t output = bench_allocate(bench, zeros, sizeof zeros);
        struct text text = {.length = 0};
        for (unsigned c = 0; c < 128; c++)
            text_add(&text,
                     "add.u32 %%v0, %%r1, %u; tcgen05.st.sync.aligned.32x32b.x1.b32 [%%r4+%u], "
                     "{%%v0};\n",
                     c << 8, c);
        text_add(&text, STORED "tcgen05.ld.sync.aligned.%s.%s%s.b32 ", shape->name, shape->number,
                 is_packed ? ".pack::16b" : "");
        add_list(&text, "%v", 8);
        text_add(&text, ", [%%r4+%u]%s;\n" LOADED, (is_upper ? 16U << 16 : 0) + 8,
                 is_split ? is_packed ? ", 40" : ", 20" : "");
        /* And through a store of the same shape. */
        text_add(&text, "tcgen05.st.sync.aligned.%s.%s%s.b32 [%%r4+%u]%s, ", shape->name,
                 shape->number, is_packed ? ".unpack::16b" : "", (is_upper ? 16U << 16 : 0) + 64,
                 is_split ? is_packed ? ", 40" : ", 20" : "");
        add_list(&text, "%v", 8);
        text_add(&text, ";\n" STORED "tcgen05.ld.sync.aligned.%s.%s%s.b32 ", shape->name,
                 shape->number, is_packed ? ".pack::16b" : "");
        add_list(&text, "%v", 8);
        text_add(&text, ", [%%r4+%u]%s;\n" LOADED, (is_upper ? 16U << 16 : 0) + 64,
                 is_split ? is_packed ? ", 40" : ", 20" : "");
        for (unsigned k = 0; k < 8; k++)
            text_add(&text, "st.global.b32 [%%rd2+%u], %%v%u;\n", k * 4, k);
        if (tensor_memory_run(bench, true, text.at, output) != MACHINE_OK)
            fail_msg("%s", bench->diagnostic.message);
        assert_int_equal(machine_read(bench->machine, result, output, sizeof result), MACHINE_OK);
        for (unsigned k = 0; k < THREADS * 8; k++) {
            const unsigned thread = k / 8, number = k % 8;
            const unsigned lane =
                thread / 32 * 32 + (is_upper ? 16 : 0) + shape->lane(thread % 32, number);
            const unsigned column = shape->column(thread % 32, number);
            const uint32_t single = (column + 8) << 8 | lane;
            const uint32_t pair = ((2 * column + 8) << 8 | lane) | ((2 * column + 9) << 8 | lane)
                                                                       << 16;
            if (result[k] != (is_packed ? pair : single))
                fail_msg("%s, packed %d, upper %d: thread %u, register %u is %08x, not %08x",
                         shape->name, is_packed, is_upper, thread, number, result[k],
                         is_packed ? pair : single);
        }
        assert_int_equal(machine_free(bench->machine, output), MACHINE_OK);
    }
}

/* ---- What is found wrong ---- */

struct use {
    const char *statements, *said; /* said: "" of what is right */
};

/* What is found whatever is checked. */
static const struct use uses[] = {
    {"tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r4+128];\n", "not all of one allocation"},
    {"tcgen05.st.sync.aligned.32x32b.x4.b32 [%r4+126], {%v0,%v1,%v2,%v3};\n",
     "tcgen05.st takes 4 columns of tensor memory from column 126 on"},
    {"@%p5 tcgen05.mma.cta_group::1.kind::f16 [%r3+124], %rd1, %rd1, %r10, %p6;\n" COMMIT WAIT,
     "the matrix d of tcgen05.mma takes 16 columns of tensor memory from column 124 on"},
    {"tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [0x400000];\n",
     "warp 3 reaches lanes 96 to 127 of tensor memory, not lane 64"},
    {"tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r4+1048576];\n",
     "the shape does not begin there"},
    {"tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r1];\n", "differs among the lanes of a warp"},
    {"@%p4 bra ON; tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 512;\nON:",
     "tcgen05.alloc waits for 512 columns"},
    {"@%p4 bra ON; tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 48;\nON:",
     "48 columns of tensor memory: their number is a power of two"},
    {"@%p4 bra ON; tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;\n"
     "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 32;\nON:",
     "after the block's tcgen05.relinquish_alloc_permit"},
    {"@%p4 bra ON; tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 32;\nON:",
     "the block ends with 32 columns of tensor memory allocated, from column 128 on"},
    {"@%p4 bra ON; tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r3, 64;\nON:",
     "which is no allocation"},
    {"@%p4 bra ON; tcgen05.alloc.cta_group::2.sync.aligned.shared::cta.b32 [base], 32;\nON:",
     "no other block for a pair"},
    {"setp.lt.u32 %p7, %r1, 100; @%p7 " LOAD, "that only lanes 0x0000000f"},
    {"mov.b32 %r10, 0x08040494;\n" MULTIPLY COMMIT WAIT, "it says that a is sparse"},
    {"mov.b32 %r10, 0x04044490;\n" MULTIPLY COMMIT WAIT, ""},
    {"mov.b32 %r10, 0x0c040490;\n" MULTIPLY COMMIT WAIT, "no product of this shape"},
    {"mov.b32 %r10, 0x080404d0;\n" MULTIPLY COMMIT WAIT, "reserved bits are set"},
    {"mov.b32 %r10, 0x08040510;\n" MULTIPLY COMMIT WAIT, "its .kind has no such types"},
    {"mov.u64 %rd1, 0x0000001000080000;\n" MULTIPLY COMMIT WAIT,
     "there is none with such fixed bits"},
    {"mov.u64 %rd1, 0x2000401000080000;\n" MULTIPLY COMMIT WAIT,
     "with an atomicity of 32 bytes is for tf32 that is transposed"},
    {"mov.u64 %rd1, 0x0000402000080000;\n" MULTIPLY COMMIT WAIT,
     "the descriptor of the matrix a leads out of shared memory"},
    {"@%p5 tcgen05.mma.cta_group::1.kind::f16 [%r3+2097160], %rd1, %rd1, %r10, %p6;\n",
     "begins in lane 32"},
    {MULTIPLY "@%p5 tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%r5];\n",
     "where no mbarrier lies at its offset"},
    {"@%p5 mbarrier.arrive.shared.b64 _, [done];\n" WAIT, ""},
    {"@%p5 tcgen05.cp.cta_group::1.4x256b [%r3+2097152], %rd1;\n", "4x256b begins in the first 32"},
    {"@%p5 tcgen05.cp.cta_group::1.128x128b [%r3+65536], %rd1;\n", "its shape begins in lane 0"},
    {"@%p5 tcgen05.cp.cta_group::1.4x256b [%r3+124], %rd1;\n",
     "tcgen05.cp takes 8 columns of tensor memory from column 124 on"},
    {"@%p5 tcgen05.shift.cta_group::1.down [%r3+124];\n",
     "tcgen05.shift takes 8 columns of tensor memory from column 124 on"},
    {"@%p5 tcgen05.shift.cta_group::1.down [%r3+1048576];\n", "it begins at a multiple of 32"},
    {"@%p5 tcgen05.shift.cta_group::1.down [%r3+2097152];\n", "lacks others than lane 0"},
    {MULTIPLY_SPARSE("32"), "it does not say that a is sparse"},
    {"mov.b32 %r10, 0x08040494;\n" MULTIPLY_SPARSE("33"), "they begin in lane 0 of an even column"},
    {"mov.b32 %r10, 0x08040494;\n" MULTIPLY_SPARSE("65568"), "begin in lane 1 of column 32"},
    {"mov.b32 %r10, 0x08040494;\n" MULTIPLY_SPARSE("128"),
     "the metadata of a of tcgen05.mma takes 2 columns of tensor memory from column 128 on"},
    {"mov.b32 %r10, 0x04040490;\n" MULTIPLY_AND_SHIFT, ".ashift is for all lanes"},
};

/* What the checks for races and for uninitialised values find. */
static const struct use checked_uses[] = {
    {LOAD USE LOADED, "'add' reads a register of the tcgen05.ld at PTX line"},
    {LOAD "mov.b32 %v2, %v0; add.u32 %v1, %v2, 1;\n" LOADED,
     "'add' reads a register of the tcgen05.ld"},
    {STORE LOAD LOADED, "must wait for it (tcgen05.wait::st)"},
    {"tcgen05.st.sync.aligned.32x32b.x1.b32 [%r4+9], {%r1};\nbar.sync 0;\n" MULTIPLY,
     "the matrix d of tcgen05.mma takes column 9 of tensor memory, which the tcgen05.st"},
    {COPY COMMIT LOAD LOADED,
     "tcgen05.ld takes columns of tensor memory that the tcgen05.cp at PTX line"},
    {MULTIPLY COMMIT "bar.sync 0;\ntcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r4+9];\n",
     "nobody has waited at the mbarrier of a tcgen05.commit behind it"},
    {"@%p5 tcgen05.shift.cta_group::1.down [%r3];\n" COMMIT LOAD LOADED,
     "tcgen05.ld takes columns of tensor memory that the tcgen05.shift at PTX line"},
    {MULTIPLY_AND_SHIFT COMMIT LOAD LOADED,
     "tcgen05.ld takes columns of tensor memory that the tcgen05.mma at PTX line"},
    {MULTIPLY, "tcgen05.dealloc takes columns of tensor memory that the tcgen05.mma"},
    {LOAD LOADED "setp.eq.u32 %p7, %v0, 0; @%p7 bra ON; ON:", "uninitialised value"},
    {COPY_EMPTY COMMIT WAIT, ""},
    {COPY COMMIT WAIT LOAD LOADED "setp.eq.u32 %p7, %v0, 0; @%p7 bra ON; ON:", ""},
    {COPY_EMPTY COMMIT WAIT LOAD LOADED "setp.eq.u32 %p7, %v0, 0; @%p7 bra ON; ON:",
     "uninitialised value"},
    {"setp.eq.u32 %p6, %r1, %r1;\n" MULTIPLY COMMIT WAIT,
     "uninitialised read in tensor memory: nothing has written lane 0 of column 8, which is of "
     "d"},
    {"st.shared.b32 [%r2], %r1; bar.sync 0;\n" MULTIPLY COMMIT WAIT,
     "lets a tcgen05 instruction read a byte that thread 0 wrote, with no fence.proxy.async"},
    {MULTIPLY COMMIT "bar.sync 0; st.shared.b32 [%r2], %r1;\n" WAIT, "race in shared memory"},
    {MULTIPLY_SHIFTED COMMIT "bar.sync 0; setp.ge.u32 %p7, %r1, 64;\n"
                             "@%p7 st.shared.b32 [%r2], %r1;\n" WAIT,
     "race in shared memory"},
    {MULTIPLY_SHIFTED COMMIT "bar.sync 0; setp.ge.u32 %p7, %r1, 72;\n"
                             "@%p7 st.shared.b32 [%r2], %r1;\n" WAIT,
     ""},
    {"bar.sync 0; @%p4 bra ON;\n" ALLOCATE_MORE FREE_MORE "ON:", ""},
    {"bar.sync 0; @%p4 bra ON;\n" ALLOCATE_MORE FREE_MORE "ON: ld.shared.b32 %r12, [base];\n",
     "race in shared memory"},
};

static void expect_said(struct bench *bench, bool checks, const struct use *use) {
    const bool is_right = use->said[0] == '\0';
    const enum machine_status status = tensor_memory_run(bench, checks, use->statements, 0);
    if ((status == MACHINE_OK) != is_right)
        fail_msg("%s: %s", is_right ? bench->log : "not found", use->statements);
    if (!is_right && !strstr(bench->log, use->said))
        fail_msg("'%s' is not said in: %s", use->said, bench->log);
}

TEST_ON_BLACKWELL(wrong_use_of_tensor_memory_is_found) {
    for (size_t k = 0; k < sizeof uses / sizeof uses[0]; k++)
        expect_said(*state, false, &uses[k]);
    for (size_t k = 0; k < sizeof checked_uses / sizeof checked_uses[0]; k++)
        expect_said(*state, true, &checked_uses[k]);
}

/* A product that nobody waits for is not there. */
TEST_ON_BLACKWELL(results_come_when_they_are_waited_for) {
    struct bench *bench = *state;
    static uint32_t zeros[THREADS * 8], result[THREADS * 8];
    const uint64_t output = bench_allocate(bench, zeros, sizeof zeros);
    const char *const statements =
        "tcgen05.st.sync.aligned.32x32b.x1.b32 [%r4], {%r1};\n" STORED "bar.sync 0;\n" COPY COMMIT
        "bar.sync 0;\n" LOAD LOADED "st.global.b32 [%rd2], %v0;\nbar.sync 0;\n" WAIT LOAD LOADED
        "st.global.b32 [%rd2+4], %v0;\n";
    assert_int_equal(tensor_memory_run(bench, false, statements, output), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, result, output, sizeof result), MACHINE_OK);
    for (unsigned thread = 0; thread < THREADS; thread++) {
        assert_int_equal(result[thread * 8], thread);
        assert_int_equal(result[thread * 8 + 1], thread / 8 * 64 + thread % 8 * 4);
    }
}
