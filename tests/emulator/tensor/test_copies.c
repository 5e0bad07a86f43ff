/* tcgen05.cp and tcgen05.shift: which lane and column of tensor memory has which bits then, as a
 * model of single bytes and bits has it. */
#include "tests/support/kernel_text.h"
#include "tests/support/tensor_memory_run.h"
#include "tests/support/test.h"

enum { THREADS = TENSOR_MEMORY_THREADS, WORDS = 8, FIRST = 5, NO_ROW = 128 };

/* Columns from FIRST on get what their lane had before, which no copy gives. */
#define BEFORE                                                                                     \
    "add.u32 %v0, %r1, 0x1000; add.u32 %v1, %v0, 0x1000; add.u32 %v2, %v1, 0x1000;\n"              \
    "add.u32 %v3, %v2, 0x1000; add.u32 %v4, %v3, 0x1000; add.u32 %v5, %v4, 0x1000;\n"              \
    "add.u32 %v6, %v5, 0x1000; add.u32 %v7, %v6, 0x1000;\n"                                        \
    "tcgen05.st.sync.aligned.32x32b.x8.b32 [%r4+5], {%v0,%v1,%v2,%v3,%v4,%v5,%v6,%v7};\n"          \
    "tcgen05.wait::st.sync.aligned; bar.sync 0;\n"
#define AFTER                                                                                      \
    TENSOR_COMMIT TENSOR_WAIT                                                                      \
        "tcgen05.ld.sync.aligned.32x32b.x8.b32 {%v0,%v1,%v2,%v3,%v4,%v5,%v6,%v7}, [%r4+5];\n"      \
        "tcgen05.wait::ld.sync.aligned; st.global.v4.b32 [%rd2], {%v0,%v1,%v2,%v3};\n"             \
        "st.global.v4.b32 [%rd2+16], {%v4,%v5,%v6,%v7};\n"

static uint32_t before(unsigned lane, unsigned word) {
    return lane + 0x1000 * (word + 1);
}

static void run(struct bench *bench, const char *statements, uint32_t result[THREADS * WORDS]) {
    struct text text = {.length = 0};
    static const uint32_t zeros[THREADS * WORDS];
    const uint64_t output = bench_allocate(bench, zeros, sizeof zeros);
    text_add(&text, "%s%s%s", BEFORE, statements, AFTER);
    if (tensor_memory_run(bench, true, text.at, output) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    assert_int_equal(machine_read(bench->machine, result, output, sizeof zeros), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, output), MACHINE_OK);
}

/* ---- Copies ---- */

struct shape {
    const char *name;
    unsigned chunks, rows, lane; /* lane: of the address */
};

static const struct shape shapes[] = {
    {"128x256b", 2, 128, 0},
    {"128x128b", 1, 128, 0},
    {"64x128b.warpx2::02_13", 1, 64, 0},
    {"64x128b.warpx2::01_23", 1, 64, 0},
    {"32x128b.warpx4", 1, 32, 0},
    {"4x256b", 2, 4, 0},
    {"4x256b", 2, 4, 19},
    {"4x256b", 2, 4, 31},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static const struct {
    const char *name;
    unsigned bits;
} packings[] = {{"", 8}, {".b8x16.b6x16_p32", 6}, {".b8x16.b4x16_p64", 4}};

static unsigned row_of(const struct shape *shape, unsigned lane) {
    if (shape->rows == 4)
        return lane % 32 == shape->lane ? lane / 32 : NO_ROW;
    return strstr(shape->name, "01_23") ? lane / 64 * 32 + lane % 32 : lane % shape->rows;
}

/* Shared memory has words that count up. */
static unsigned source_bit(unsigned byte, unsigned bit) {
    const unsigned at = byte * 8 + bit;
    return (at / 32) >> at % 32 & 1;
}

/* Rows of 32 bytes lie in cores of eight rows by 16 bytes. Elements of 4 bits go to the middle of a
 * byte, those of 6 to its beginning. */
static uint32_t copied(unsigned row, unsigned word, unsigned bits) {
    const unsigned chunk = row / 8 * 256 + word / 4 * 128 + row % 8 * 16;
    uint32_t value = 0;
    for (unsigned k = 0; k < 4; k++) {
        const unsigned first = (word % 4 * 4 + k) * bits;
        for (unsigned bit = 0; bit < bits; bit++)
            value |= source_bit(chunk, first + bit) << (8 * k + bit + (bits == 4 ? 2 : 0));
    }
    return value;
}

TEST_ON_BLACKWELL(copies_go_to_the_lanes_of_their_shape) {
    struct bench *bench = *state;
    for (unsigned at = 0; at < SHAPES * 3; at++) {
        const struct shape *shape = &shapes[at / 3];
        const unsigned bits = packings[at % 3].bits;
        static uint32_t result[THREADS * WORDS];
        struct text text = {.length = 0};
        text_add(&text, "@%%p5 tcgen05.cp.cta_group::1.%s%s [%%r3+%u], %%rd1;\n", shape->name,
                 packings[at % 3].name, shape->lane << 16 | FIRST);
        run(bench, text.at, result);
        assert_int_equal(bench->counters.tensor_memory_copy_bytes,
                         shape->rows * shape->chunks * 16);
        for (unsigned k = 0; k < THREADS * WORDS; k++) {
            const unsigned lane = k / WORDS, word = k % WORDS, row = row_of(shape, lane);
            const bool is_copied = row != NO_ROW && word / 4 < shape->chunks;
            const uint32_t wanted = is_copied ? copied(row, word, bits) : before(lane, word);
            if (result[k] != wanted)
                fail_msg("%s%s: lane %u, word %u is %08x, not %08x", shape->name,
                         packings[at % 3].name, lane, word, result[k], wanted);
        }
    }
}

/* Of a chunk that is unpacked the rest need not be written; what is unwritten of its elements stays
 * so. */
TEST_ON_BLACKWELL(gaps_of_what_is_unpacked_need_not_be_written) {
    static const struct {
        unsigned written; /* words of a chunk */
        const char *packing, *said;
    } cases[] = {{3, "b6x16_p32", ""},
                 {2, "b6x16_p32", "uninitialised value"},
                 {2, "b4x16_p64", ""},
                 {1, "b4x16_p64", "uninitialised value"}};
    struct bench *bench = *state;
    for (unsigned k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct text text = {.length = 0};
        text_add(&text,
                 "mov.u32 %%r15, empty; setp.lt.u32 %%p7, %%r1, 32; shl.b32 %%r16, %%r1, 4;\n"
                 "add.u32 %%r16, %%r16, %%r15;\n");
        for (unsigned word = 0; word < cases[k].written; word++)
            text_add(&text, "@%%p7 st.shared.b32 [%%r16+%u], %%r1;\n", word * 4);
        text_add(
            &text,
            "fence.proxy.async; bar.sync 0; shr.u32 %%r15, %%r15, 4; cvt.u64.u32 %%rd4, %%r15;\n"
            "or.b64 %%rd4, %%rd4, 0x0000400800080000;\n"
            "@%%p5 tcgen05.cp.cta_group::1.32x128b.warpx4.b8x16.%s [%%r3], %%rd4;\n%s",
            cases[k].packing, TENSOR_COMMIT);
        text_add(&text, "%s",
                 TENSOR_WAIT "tcgen05.ld.sync.aligned.32x32b.x4.b32 {%v0,%v1,%v2,%v3}, [%r4];\n"
                             "tcgen05.wait::ld.sync.aligned;\n"
                             "setp.eq.u32 %p7, %v3, 0; @%p7 bra ON; ON:");
        const enum machine_status status = tensor_memory_run(bench, true, text.at, 0);
        assert_int_equal(status == MACHINE_OK, cases[k].said[0] == '\0');
        if (!strstr(bench->log, cases[k].said))
            fail_msg("case %u: %s", k, bench->log);
    }
}

/* ---- Shifts ---- */

TEST_ON_BLACKWELL(rows_take_those_behind_them) {
    struct bench *bench = *state;
    static uint32_t result[THREADS * WORDS];
    run(bench, "@%p5 tcgen05.shift.cta_group::1.down [%r3+5];\n", result);
    for (unsigned k = 0; k < THREADS * WORDS; k++) {
        const unsigned lane = k / WORDS;
        assert_int_equal(result[k], before(lane % 32 == 31 ? lane : lane + 1, k % WORDS));
    }
}

/* As a kernel does that moves a window over the rows: twice, with new ones behind the last. */
TEST_ON_BLACKWELL(new_rows_come_in_behind) {
    struct bench *bench = *state;
    static uint32_t result[THREADS * WORDS];
    run(bench,
        "@%p5 tcgen05.shift.down.cta_group::1 [%r3+5];\n"
        "@%p5 tcgen05.cp.cta_group::1.4x256b [%r3+2031621], %rd1;\n"
        "@%p5 tcgen05.shift.cta_group::1.down [%r3+5];\n",
        result);
    for (unsigned k = 0; k < THREADS * WORDS; k++) {
        const unsigned lane = k / WORDS, word = k % WORDS;
        const uint32_t wanted =
            lane % 32 >= 30 ? copied(lane / 32, word, 8) : before(lane + 2, word);
        assert_int_equal(result[k], wanted);
    }
}

/* ---- Forms ---- */

/* What the assembler takes of what is shifted, unpacked and sparse, and what it does not; but for a
 * scale-input-d of integers, which it takes and PTX does not have. */
TEST_ON_BLACKWELL(forms_are_those_of_the_assembler) {
#define MULTIPLY "tcgen05.mma.cta_group::1.kind::"
#define SPARSE "tcgen05.mma.sp.cta_group::2.kind::"
    static const struct {
        const char *statement;
        bool is_known;
    } forms[] = {
        {"tcgen05.cp.cta_group::2.4x256b.b8x16.b4x16_p64 [%r1], %rd1;", true},
        {"tcgen05.cp.cta_group::1.32x128b.b8x16.b6x16_p32.warpx4 [%r1], %rd1;", true},
        {"tcgen05.cp.cta_group::1.32x128b.warpx4.b6x16_p32 [%r1], %rd1;", false},
        {"tcgen05.cp.cta_group::1.4x256b.warpx4 [%r1], %rd1;", false},
        {"tcgen05.shift.down.cta_group::2 [%r1+8];", true},
        {"tcgen05.shift.cta_group::2 [%r1];", false},
        {"tcgen05.shift.cta_group::2.down %r1;", false},
        {MULTIPLY "i8.ashift.collector::a::lastuse [%r1], [%r2], %rd1, %r3, %p1;", true},
        {MULTIPLY "f16.collector::a::discard.ashift [%r1], [%r2], %rd1, %r3, %p1, 15;", true},
        {MULTIPLY "f16.ashift [%r1], %rd1, %rd1, %r3, %p1;", false},
        {MULTIPLY "f16.ashift.collector::a::use [%r1], [%r2], %rd1, %r3, %p1;", false},
        {MULTIPLY "f8f6f4 [%r1], [%r2], %rd1, %r3, %p1, 3;", false},
        {MULTIPLY "i8 [%r1], [%r2], %rd1, %r3, %p1, 3;", false},
        {SPARSE "tf32.ashift [%r1], [%r2], %rd1, [%r4+2], %r3, %p1, 3;", true},
        {SPARSE "f16 [%r1], %rd1, %rd1, [%r4], %r3, {%r1,%r2,%r3,%r4,%r5,%r6,%r7,%r8}, %p1;", true},
        {SPARSE "mxf4nvf4.block_scale.block16 [%r1], %rd1, %rd1, [%r4], %r3, [%r5], [%r6], %p1;",
         true},
        {SPARSE "mxf4nvf4.block_scale [%r1], %rd1, %rd1, [%r4], %r3, [%r5], [%r6], %p1;", false},
        {SPARSE "f16 [%r1], %rd1, %rd1, %r3, %p1;", false},
        {SPARSE "f16 [%r1], %rd1, %rd1, [%r4], %r3, {%r1,%r2,%r3,%r4}, %p1;", false},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        struct text text = {.length = 0};
        text_add(&text,
                 ".visible .entry k() { .reg .b32 %%r<9>; .reg .b64 %%rd<4>; .reg .pred %%p<4>;\n"
                 "%s\nret; }\n",
                 forms[k].statement);
        const bool is_known = bench_load(bench, text.at) == MACHINE_OK &&
                              !machine_function_info(machine_function_at(bench->module, 0))->lacks;
        if (is_known != forms[k].is_known)
            fail_msg("%s: %s", forms[k].statement, bench->diagnostic.message);
    }
}
