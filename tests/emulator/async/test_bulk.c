/* Bulk copies of bytes and of boxes of tensors: what arrives where, when, and what is counted. */
#include "emulator/lanes/tensor_map.h"
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { SHARED_BYTES = 16384 };

/* A kernel of one warp: thread 0 issues `statements`; then all store the first bytes of shared
 * memory to %rd2. %rd1 to %rd3 are the pointers, %r10 to %r13 the numbers. */
#define HEAD(bytes)                                                                                \
    ".visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n0,\n"             \
    "  .param .u32 n1, .param .u32 n2, .param .u32 n3) {\n"                                        \
    ".reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .pred %p<8>;\n"                                      \
    ".shared .align 1024 .b8 tile[16384]; .shared .align 8 .b64 bar;\n"                            \
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; ld.param.u64 %rd3, [c];\n"                    \
    "ld.param.u32 %r10, [n0]; ld.param.u32 %r11, [n1]; ld.param.u32 %r12, [n2];\n"                 \
    "ld.param.u32 %r13, [n3]; mov.u32 %r1, tile; mov.u32 %r2, bar; mov.u32 %r3, %tid.x;\n"         \
    "setp.ne.u32 %p1, %r3, 0; mov.u32 %r6, " bytes "; @%p1 bra DONE;\n"                            \
    "mbarrier.init.shared.b64 [%r2], 1; fence.mbarrier_init.release.cluster;\n"
#define TAIL                                                                                       \
    "DONE: bar.sync 0; mov.u32 %r1, tile; shl.b32 %r4, %r3, 2;\n"                                  \
    "COPY: setp.ge.u32 %p2, %r4, %r6; @%p2 bra END;\n"                                             \
    "add.u32 %r5, %r1, %r4; ld.shared.u32 %r7, [%r5]; cvt.u64.u32 %rd5, %r4;\n"                    \
    "add.u64 %rd5, %rd5, %rd2; st.global.u32 [%rd5], %r7; add.u32 %r4, %r4, 128; bra COPY;\n"      \
    "END: ret; }\n"
#define KERNEL(statements) HEAD("16384") statements TAIL

#define EXPECT(bytes) "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], " bytes ";\n"
#define WAIT "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p3, [%r2], 0; @!%p3 bra WAIT;\n"
#define LOAD                                                                                       \
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1], %r10, "      \
    "[%r2];\n"

static void fill(unsigned char *bytes, size_t count) {
    for (size_t k = 0; k < count; k++)
        bytes[k] = (unsigned char)(k * 37 + k / 251);
}

static enum machine_status launch(struct bench *bench, const struct launch_arguments *arguments) {
    bench->log[0] = '\0';
    return bench_launch(bench, "k", 1, 32, arguments, sizeof *arguments);
}

TEST_ON_HOPPER(bytes_arrive_when_they_are_waited_for) {
    struct bench *bench = *state;
    unsigned char from[SHARED_BYTES], to[SHARED_BYTES];
    fill(from, sizeof from);
    struct launch_arguments arguments = {.pointer = {bench_allocate(bench, from, sizeof from),
                                                     bench_allocate(bench, NULL, sizeof to)},
                                         .number = {4096}};
    bench_must_load(bench, KERNEL(EXPECT("4096") LOAD WAIT));
    if (launch(bench, &arguments) != MACHINE_OK)
        fail_msg("%s", bench->log);
    assert_int_equal(machine_read(bench->machine, to, arguments.pointer[1], sizeof to), MACHINE_OK);
    assert_memory_equal(to, from, 4096);
    assert_int_equal(to[4096], 0xff);
    assert_int_equal(bench->counters.bulk_load_requests, 1);
    assert_int_equal(bench->counters.bulk_load_bytes, 4096);
    assert_int_equal(bench->counters.global_load_sectors, 128);
    assert_int_equal(bench->counters.global_load_requests, 0);
    /* Who does not wait finds what was there before. */
    bench_must_load(bench, KERNEL(EXPECT("4096") LOAD));
    assert_int_equal(launch(bench, &arguments), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, to, arguments.pointer[1], sizeof to), MACHINE_OK);
    assert_int_equal(to[0], 0xff);
}

/* To wait at one mbarrier does not bring what another one tells of. */
TEST_ON_HOPPER(copies_arrive_each_at_its_mbarrier) {
    struct bench *bench = *state;
    unsigned char from[128], to[SHARED_BYTES];
    fill(from, sizeof from);
    const struct launch_arguments arguments = {.pointer = {bench_allocate(bench, from, sizeof from),
                                                           bench_allocate(bench, NULL, sizeof to)},
                                               .number = {64}};
    bench_must_load(bench,
                    KERNEL("add.u32 %r8, %r1, 8192; mbarrier.init.shared.b64 [%r8], 1;\n"
                           "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r8], 64;\n"
                           "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
                           "[%r1+1024], [%rd1+64], 64, [%r8];\n" EXPECT("64") LOAD WAIT));
    if (launch(bench, &arguments) != MACHINE_OK)
        fail_msg("%s", bench->log);
    assert_int_equal(machine_read(bench->machine, to, arguments.pointer[1], sizeof to), MACHINE_OK);
    assert_memory_equal(to, from, 64);
    assert_int_equal(to[1024], 0xff);
}

/* A store reads what shared memory has when it is waited for, at the latest at the kernel's end. */
TEST_ON_HOPPER(bytes_leave_in_groups) {
    static const char head[] =
        ".visible .entry k(.param .u64 a) { .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred %p<3>;\n"
        ".shared .align 16 .b32 words[8]; ld.param.u64 %rd1, [a]; mov.u32 %r1, words;\n"
        "mov.u32 %r2, %tid.x; setp.ne.u32 %p1, %r2, 0; @%p1 bra END;\n";
    static const struct {
        const char *statements;
        uint32_t first, second;
    } cases[] = {
        {"cp.async.bulk.wait_group 0; st.shared.u32 [%r1], 8; st.shared.u32 [%r1+16], 9;\n", 1, 2},
        {"cp.async.bulk.wait_group.read 1; st.shared.u32 [%r1], 8; st.shared.u32 [%r1+16], 9;\n", 1,
         9},
        {"st.shared.u32 [%r1], 8; st.shared.u32 [%r1+16], 9;\n", 8, 9},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char text[2048];
        uint32_t words[8];
        snprintf(
            text, sizeof text,
            "%smov.u32 %%r3, 1; mov.u32 %%r4, 2; st.shared.v4.u32 [%%r1], {%%r3,%%r3,%%r3,%%r3};\n"
            "st.shared.v4.u32 [%%r1+16], {%%r4,%%r4,%%r4,%%r4}; fence.proxy.async.shared::cta;\n"
            "cp.async.bulk.global.shared::cta.bulk_group [%%rd1], [%%r1], 16;\n"
            "cp.async.bulk.commit_group;\n"
            "cp.async.bulk.global.shared::cta.bulk_group [%%rd1+16], [%%r1+16], 16;\n"
            "cp.async.bulk.commit_group;\n%sEND: ret; }\n",
            head, cases[k].statements);
        bench_must_load(bench, text);
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, NULL, sizeof words)}};
        if (launch(bench, &arguments) != MACHINE_OK)
            fail_msg("%s", bench->log);
        assert_int_equal(machine_read(bench->machine, words, arguments.pointer[0], sizeof words),
                         MACHINE_OK);
        if (words[0] != cases[k].first || words[4] != cases[k].second)
            fail_msg("%u and %u from %s", words[0], words[4], cases[k].statements);
        assert_int_equal(bench->counters.bulk_store_requests, 2);
        assert_int_equal(bench->counters.bulk_store_bytes, 32);
        assert_int_equal(bench->counters.global_store_sectors, 2);
    }
}

/* ---- Tensors ---- */

#define TENSOR_2D                                                                                  \
    "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r1], "     \
    "[%rd1, {%r10, %r11}], [%r2];\n"

/* A map of two dimensions of 2-byte elements, rows of `pitch` bytes. */
static struct tensor_map map_2d(uint64_t address, const unsigned size[2], unsigned pitch,
                                const unsigned box[2], unsigned swizzle) {
    return (struct tensor_map){.magic = TENSOR_MAP_MAGIC,
                               .rank = 2,
                               .element = TENSOR_F16,
                               .swizzle = (uint8_t)swizzle,
                               .address = address,
                               .stride = {2, pitch},
                               .size = {size[0], size[1]},
                               .box = {(uint16_t)box[0], (uint16_t)box[1]},
                               .step = {1, 1}};
}

/* Where PTX says that a chunk of 16 bytes of a row lies: its number is combined with the row's. */
static size_t swizzled(size_t row, size_t chunk, unsigned span) {
    const size_t chunks = span / 16, offset = row * span + chunk * 16, line = offset / 128;
    return offset / 16 / chunks * span + ((chunk ^ line % chunks) * 16);
}

TEST_ON_HOPPER(boxes_arrive_swizzled) {
    static const unsigned spans[] = {32, 64, 128};
    struct bench *bench = *state;
    static unsigned char from[64 * 256], to[SHARED_BYTES];
    fill(from, sizeof from);
    const uint64_t source = bench_allocate(bench, from, sizeof from);
    bench_must_load(
        bench,
        KERNEL("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], %r12;\n" TENSOR_2D WAIT));
    for (size_t k = 0; k < sizeof spans / sizeof spans[0]; k++) {
        const unsigned span = spans[k], box[2] = {span / 2, 40};
        const struct tensor_map map = map_2d(source, (const unsigned[]){128, 64}, 256, box, span);
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map),
                        bench_allocate(bench, NULL, sizeof to)},
            .number = {16, 3, (int32_t)(span * 40)}};
        if (launch(bench, &arguments) != MACHINE_OK)
            fail_msg("%s", bench->log);
        assert_int_equal(machine_read(bench->machine, to, arguments.pointer[1], sizeof to),
                         MACHINE_OK);
        for (size_t row = 0; row < 40; row++) {
            for (size_t chunk = 0; chunk < span / 16; chunk++)
                assert_memory_equal(to + swizzled(row, chunk, span),
                                    from + (row + 3) * 256 + 32 + chunk * 16, 16);
        }
        assert_int_equal(bench->counters.bulk_load_bytes, span * 40);
        assert_int_equal(bench->counters.global_load_sectors, span / 32 * 40);
    }
}

/* Chunks of 32 or 64 bytes change places within 128, by the line among four or two. */
TEST_ON_HOPPER(boxes_arrive_swizzled_by_larger_chunks) {
    struct bench *bench = *state;
    static unsigned char from[64 * 256], to[SHARED_BYTES];
    fill(from, sizeof from);
    bench_must_load(
        bench,
        KERNEL("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], %r12;\n" TENSOR_2D WAIT));
    struct tensor_map map =
        map_2d(bench_allocate(bench, from, sizeof from), (const unsigned[]){128, 64}, 256,
               (const unsigned[]){64, 40}, 128);
    for (unsigned count = 2; count <= 4; count += 2) {
        const size_t bytes = 128 / count;
        map.doubled = count == 4 ? 1 : 2;
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map),
                        bench_allocate(bench, NULL, sizeof to)},
            .number = {16, 3, 128 * 40}};
        if (launch(bench, &arguments) != MACHINE_OK)
            fail_msg("%s", bench->log);
        assert_int_equal(machine_read(bench->machine, to, arguments.pointer[1], sizeof to),
                         MACHINE_OK);
        for (size_t k = 0; k < (size_t)40 * count; k++) {
            const size_t row = k / count, chunk = k % count;
            assert_memory_equal(to + row * 128 + (chunk ^ row % count) * bytes,
                                from + (row + 3) * 256 + 32 + chunk * bytes, bytes);
        }
    }
}

/* Rows of 16 bytes that lie side by side share sectors of 32. */
TEST_ON_HOPPER(rows_share_their_sectors) {
    struct bench *bench = *state;
    const struct tensor_map map =
        map_2d(bench_allocate(bench, NULL, 4096), (const unsigned[]){8, 64}, 16,
               (const unsigned[]){8, 16}, 0);
    const struct launch_arguments arguments = {
        .pointer = {bench_allocate(bench, &map, sizeof map),
                    bench_allocate(bench, NULL, SHARED_BYTES)}};
    bench_must_load(bench, KERNEL(EXPECT("256") TENSOR_2D WAIT));
    assert_int_equal(launch(bench, &arguments), MACHINE_OK);
    assert_int_equal(bench->counters.global_load_sectors, 8);
}

TEST_ON_HOPPER(what_lies_outside_is_filled) {
    struct bench *bench = *state;
    static uint16_t from[10 * 24], to[SHARED_BYTES / 2];
    for (size_t k = 0; k < sizeof from / sizeof from[0]; k++)
        from[k] = (uint16_t)(k + 1);
    const uint64_t source = bench_allocate(bench, from, sizeof from);
    bench_must_load(bench, KERNEL(EXPECT("256") TENSOR_2D WAIT));
    for (unsigned nan = 0; nan < 2; nan++) {
        for (int corner = 0; corner < 2; corner++) {
            const int x = corner ? 15 : -5, y = corner ? 6 : -3;
            struct tensor_map map =
                map_2d(source, (const unsigned[]){21, 10}, 48, (const unsigned[]){16, 8}, 0);
            map.fills_nan = nan != 0;
            const struct launch_arguments arguments = {
                .pointer = {bench_allocate(bench, &map, sizeof map),
                            bench_allocate(bench, NULL, sizeof to)},
                .number = {x, y}};
            if (launch(bench, &arguments) != MACHINE_OK)
                fail_msg("%s", bench->log);
            assert_int_equal(machine_read(bench->machine, to, arguments.pointer[1], sizeof to),
                             MACHINE_OK);
            for (int row = 0; row < 8; row++) {
                for (int column = 0; column < 16; column++) {
                    const bool inside =
                        x + column >= 0 && x + column < 21 && y + row >= 0 && y + row < 10;
                    const uint16_t wanted = inside ? from[(y + row) * 24 + x + column]
                                            : nan  ? 0x7ff7
                                                   : 0;
                    assert_int_equal(to[row * 16 + column], wanted);
                }
            }
        }
    }
}

/* Boxes of one to five dimensions, with steps, go in and out again. */
#define COORDINATES_1 "1d", "{%r10}"
#define COORDINATES_2 "2d", "{%r10, %r11}"
#define COORDINATES_3 "3d", "{%r10, %r11, %r12}"
#define COORDINATES_4 "4d", "{%r10, %r11, %r12, %r13}"
#define COORDINATES_5 "5d", "{%r10, %r11, %r12, %r13, 1}"

enum { SIDE = 6, INNER = 16, WORDS = INNER * SIDE * SIDE * SIDE * SIDE };

/* Whether the box of so many dimensions has word `k` of the tensor. */
static bool box_has(size_t k, unsigned rank) {
    const size_t at[] = {k % INNER, k / INNER % SIDE, k / INNER / SIDE % SIDE,
                         k / INNER / SIDE / SIDE % SIDE, k / INNER / SIDE / SIDE / SIDE};
    const bool inside[] = {at[0] >= 4 && at[0] < 12, at[1] == 1 || at[1] == 3,
                           at[2] == 2 || at[2] == 3, at[3] == 3 || at[3] == 4,
                           at[4] == 1 || at[4] == 3};
    bool has = true;
    for (unsigned n = 0; n < 5; n++)
        has &= n < rank ? inside[n] : at[n] == 0;
    return has;
}

TEST_ON_HOPPER(boxes_of_any_dimension_go_in_and_out) {
    static const struct {
        const char *dimensions, *coordinates;
    } forms[] = {
        {COORDINATES_1}, {COORDINATES_2}, {COORDINATES_3}, {COORDINATES_4}, {COORDINATES_5}};
    struct bench *bench = *state;
    static uint32_t from[WORDS], to[WORDS];
    for (size_t k = 0; k < WORDS; k++)
        from[k] = (uint32_t)k + 1;
    struct tensor_map map = {
        .magic = TENSOR_MAP_MAGIC,
        .element = TENSOR_U32,
        .address = bench_allocate(bench, from, sizeof from),
        .stride = {4, 64, 64 * SIDE, 64 * SIDE * SIDE, 64 * SIDE * SIDE * SIDE},
        .size = {INNER, SIDE, SIDE, SIDE, SIDE},
        .box = {8, 3, 2, 2, 3},
        .step = {1, 2, 1, 1, 2}};
    for (unsigned rank = 1; rank <= 5; rank++) {
        char text[4096];
        static const unsigned counts[] = {8, 2, 2, 2, 2};
        unsigned payload = 4;
        for (unsigned k = 0; k < rank; k++)
            payload *= counts[k];
        const char *const form = forms[rank - 1].dimensions, *const where =
                                                                 forms[rank - 1].coordinates;
        snprintf(text, sizeof text,
                 "%smbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r2], %u;\n"
                 "cp.async.bulk.tensor.%s.shared::cta.global.mbarrier::complete_tx::bytes [%%r1], "
                 "[%%rd1, %s], [%%r2];\n%s"
                 "cp.async.bulk.tensor.%s.global.shared::cta.tile.bulk_group [%%rd3, %s], [%%r1];\n"
                 "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;\n%s",
                 HEAD("16384"), payload, form, where, WAIT, form, where, TAIL);
        bench_must_load(bench, text);
        map.rank = (uint8_t)rank;
        struct tensor_map out = map;
        out.address = bench_allocate(bench, NULL, sizeof to);
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map),
                        bench_allocate(bench, NULL, SHARED_BYTES),
                        bench_allocate(bench, &out, sizeof out)},
            .number = {4, 1, 2, 3}};
        if (launch(bench, &arguments) != MACHINE_OK)
            fail_msg("%u dimensions: %s", rank, bench->log);
        assert_int_equal(machine_read(bench->machine, to, out.address, sizeof to), MACHINE_OK);
        size_t moved = 0;
        for (size_t k = 0; k < WORDS; k++) {
            const bool is_in = box_has(k, rank);
            assert_int_equal(to[k], is_in ? from[k] : 0);
            moved += is_in;
        }
        assert_int_equal(moved * 4, payload);
    }
}

/* ---- Reductions ---- */

/* What 32 bytes of shared memory full of `given` make of 32 bytes of global memory full of
 * `there`. */
struct reduction {
    const char *words;
    enum tensor_element element;
    unsigned bytes;
    uint64_t there, given, result;
};

static const struct reduction reductions[] = {
    {"add.u32", TENSOR_U32, 4, 0xfffffff0, 0x20, 0x10},
    {"add.s32", TENSOR_S32, 4, 5, 0xfffffffe, 3},
    {"add.u64", TENSOR_U64, 8, UINT64_MAX, 5, 4},
    {"min.u32", TENSOR_U32, 4, 0xfffffff0, 7, 7},
    {"min.s32", TENSOR_S32, 4, 0xfffffff0, 7, 0xfffffff0},
    {"max.u32", TENSOR_U32, 4, 0xfffffff0, 7, 0xfffffff0},
    {"max.s32", TENSOR_S32, 4, 0xfffffff0, 7, 7},
    {"min.s64", TENSOR_S64, 8, UINT64_MAX, 7, UINT64_MAX},
    {"max.u64", TENSOR_U64, 8, UINT64_MAX, 7, UINT64_MAX},
    {"and.b32", TENSOR_U32, 4, 0xff00ff00, 0x0ff00ff0, 0x0f000f00},
    {"or.b64", TENSOR_U64, 8, 0xff, 0xff0000, 0xff00ff},
    {"xor.b32", TENSOR_U32, 4, 0xff, 0xf0, 0x0f},
    {"inc.u32", TENSOR_U32, 4, 9, 9, 0},
    {"dec.u32", TENSOR_U32, 4, 0, 9, 9},
    {"add.f32", TENSOR_F32, 4, 0x3f800000, 0x40000000, 0x40400000},
    {"add.f64", TENSOR_F64, 8, 0x3ff0000000000000, 0x4000000000000000, 0x4008000000000000},
    {"add.noftz.f16", TENSOR_F16, 2, 0x3c00, 0x4000, 0x4200},
    {"add.noftz.bf16", TENSOR_BF16, 2, 0x3f80, 0x4000, 0x4040},
    {"min.f16", TENSOR_F16, 2, 0x3c00, 0xc000, 0xc000},
    {"max.f16", TENSOR_F16, 2, 0x7e00, 0xc000, 0xc000}, /* a number wins over a NaN */
    {"min.bf16", TENSOR_BF16, 2, 0x3f80, 0x4000, 0x3f80},
    {"max.bf16", TENSOR_BF16, 2, 0x3f80, 0x4000, 0x4000},
};

#define REDUCE_HEAD                                                                                \
    ".visible .entry k(.param .u64 a, .param .u64 b) { .reg .b32 %r<9>; .reg .b64 %rd<9>;\n"       \
    ".reg .pred %p<3>; .shared .align 128 .b8 tile[32]; .shared .align 8 .b64 bar;\n"              \
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; mov.u32 %r1, tile; mov.u32 %r2, bar;\n"       \
    "mov.u32 %r3, %tid.x; setp.ne.u32 %p1, %r3, 0; @%p1 bra END;\n"                                \
    "ld.global.v2.u64 {%rd3, %rd4}, [%rd1+32]; st.shared.v2.u64 [%r1], {%rd3, %rd4};\n"            \
    "st.shared.v2.u64 [%r1+16], {%rd3, %rd4}; fence.proxy.async.shared::cta;\n"
#define REDUCE_TAIL "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;\nEND: ret; }\n"

static void fill_elements(unsigned char *to, uint64_t value, unsigned bytes) {
    for (unsigned k = 0; k < 32; k += bytes)
        memcpy(to + k, &value, bytes);
}

static void expect_reduced(struct bench *bench, const char *text, const struct reduction *what,
                           uint64_t memory, uint64_t map) {
    unsigned char bytes[64], wanted[32];
    fill_elements(bytes, what->there, what->bytes);
    fill_elements(bytes + 32, what->given, what->bytes);
    fill_elements(wanted, what->result, what->bytes);
    assert_int_equal(machine_write(bench->machine, memory, bytes, sizeof bytes), MACHINE_OK);
    bench_must_load(bench, text);
    const struct launch_arguments arguments = {.pointer = {memory, map}};
    if (launch(bench, &arguments) != MACHINE_OK)
        fail_msg("%s: %s", what->words, bench->log);
    assert_int_equal(machine_read(bench->machine, bytes, memory, 32), MACHINE_OK);
    if (memcmp(bytes, wanted, sizeof wanted) != 0)
        fail_msg("%s gives another result in %s", what->words, text);
    assert_int_equal(bench->counters.bulk_store_bytes, 32);
}

TEST_ON_HOPPER(bytes_and_boxes_are_reduced) {
    struct bench *bench = *state;
    const uint64_t memory = bench_allocate(bench, NULL, 64);
    for (size_t k = 0; k < sizeof reductions / sizeof reductions[0]; k++) {
        const struct reduction *what = &reductions[k];
        const struct tensor_map map = {.magic = TENSOR_MAP_MAGIC,
                                       .rank = 1,
                                       .element = (uint8_t)what->element,
                                       .address = memory,
                                       .stride = {what->bytes},
                                       .size = {32 / what->bytes},
                                       .box = {(uint16_t)(32 / what->bytes)},
                                       .step = {1}};
        char text[2048];
        snprintf(text, sizeof text,
                 "%scp.reduce.async.bulk.global.shared::cta.bulk_group.%s [%%rd1], [%%r1], 32;\n%s",
                 REDUCE_HEAD, what->words, REDUCE_TAIL);
        expect_reduced(bench, text, what, memory, 0);
        snprintf(
            text, sizeof text,
            "%scp.reduce.async.bulk.tensor.1d.global.shared::cta.%.*s.bulk_group [%%rd2, {0}], "
            "[%%r1];\n%s",
            REDUCE_HEAD, (int)strcspn(what->words, "."), what->words, REDUCE_TAIL);
        expect_reduced(bench, text, what, memory, bench_allocate(bench, &map, sizeof map));
    }
    /* There is no xor of floats. */
    const struct tensor_map floats = {.magic = TENSOR_MAP_MAGIC,
                                      .rank = 1,
                                      .element = TENSOR_F32,
                                      .address = memory,
                                      .stride = {4},
                                      .size = {8},
                                      .box = {8},
                                      .step = {1}};
    bench_must_load(bench,
                    REDUCE_HEAD "cp.reduce.async.bulk.tensor.1d.global.shared::cta.xor.bulk_group "
                                "[%rd2, {0}], [%r1];\n" REDUCE_TAIL);
    const struct launch_arguments arguments = {
        .pointer = {memory, bench_allocate(bench, &floats, sizeof floats)}};
    assert_int_equal(launch(bench, &arguments), MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->log, "a bulk reduction that there is not"));
}

/* ---- What is wrong ---- */

TEST_ON_HOPPER(wrong_copies_are_named) {
    static const struct {
        const char *text;
        enum machine_status status;
        const char *words;
    } cases[] = {
        {KERNEL(EXPECT("4096") LOAD WAIT), MACHINE_MISALIGNED_ADDRESS, "multiples of 16"},
        {KERNEL(EXPECT("8192") "mov.u32 %r10, 4096;\n" LOAD WAIT), MACHINE_DEADLOCK,
         "for 4096 bytes that never come"},
        {KERNEL(EXPECT("32") "mov.u32 %r10, 32; add.u64 %rd1, %rd1, 16368;\n" LOAD WAIT),
         MACHINE_INVALID_ADDRESS, "out-of-bounds read of 32 bytes in global memory by a bulk copy"},
        {KERNEL(EXPECT("32") "mov.u32 %r10, 32; add.u32 %r1, %r1, 16384;\n" LOAD WAIT),
         MACHINE_INVALID_ADDRESS, "out-of-bounds access of 32 bytes in shared memory"},
        {KERNEL(EXPECT("32") "mov.u32 %r10, 32; mov.u32 %r2, %r1;\n" LOAD WAIT),
         MACHINE_ILLEGAL_INSTRUCTION, "where no mbarrier lies"},
        {KERNEL(EXPECT("32") TENSOR_2D WAIT), MACHINE_ILLEGAL_INSTRUCTION, "no tensor map"},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, NULL, 16384), bench_allocate(bench, NULL, 16384)},
            .number = {40}};
        bench_must_load(bench, cases[k].text);
        const enum machine_status status = launch(bench, &arguments);
        if (status != cases[k].status || !strstr(bench->log, cases[k].words))
            fail_msg("status %d, '%s' instead of '%s'", status, bench->log, cases[k].words);
    }
}

/* A map that no driver has made is refused before it can lead anywhere. */
TEST_ON_HOPPER(forged_maps_are_refused) {
    struct bench *bench = *state;
    const uint64_t source = bench_allocate(bench, NULL, 4096);
    struct tensor_map maps[7];
    bench_must_load(bench, KERNEL(EXPECT("256") TENSOR_2D WAIT));
    for (size_t k = 0; k < sizeof maps / sizeof maps[0]; k++)
        maps[k] = map_2d(source, (const unsigned[]){16, 8}, 32, (const unsigned[]){16, 8}, 0);
    maps[0].rank = 3;
    maps[1].box[1] = 60000;
    maps[2].box[0] = 0;
    maps[3].stride[0] = 1000;
    maps[4].swizzle = 48;
    maps[5].step[1] = 0;
    maps[6].element = 99;
    for (size_t k = 0; k < sizeof maps / sizeof maps[0]; k++) {
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &maps[k], sizeof maps[k]),
                        bench_allocate(bench, NULL, SHARED_BYTES)}};
        assert_int_equal(launch(bench, &arguments), MACHINE_ILLEGAL_INSTRUCTION);
        assert_non_null(strstr(bench->log, "no tensor map of 2 dimensions"));
    }
}

/* With the check of reads: what a copy has brought is written, what it takes must be. */
TEST_ON_HOPPER(copies_write_and_read_for_the_check) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    const struct launch_arguments arguments = {
        .pointer = {bench_allocate(bench, NULL, 16384), bench_allocate(bench, NULL, 16384)},
        .number = {4096}};
    bench_must_load(bench, HEAD("4096") EXPECT("4096") LOAD WAIT TAIL);
    assert_int_equal(launch(bench, &arguments), MACHINE_OK);
    bench_must_load(bench, HEAD("4100") EXPECT("4096") LOAD WAIT TAIL);
    assert_int_equal(launch(bench, &arguments), MACHINE_CHECK_FAILED);
    bench_must_load(
        bench, HEAD("0") "cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r1], 32;\n" TAIL);
    assert_int_equal(launch(bench, &arguments), MACHINE_CHECK_FAILED);
    assert_non_null(strstr(bench->log, "by a bulk copy: nothing has written the byte at offset 0"));
}

/* What a load finds unwritten is so in shared memory too: to use it is a fault, to load it none. */
TEST_ON_HOPPER(loads_bring_what_nothing_has_written) {
    static const struct {
        const char *text;
        enum machine_status status;
    } kernels[] = {
        {HEAD("64") EXPECT("128") LOAD WAIT TAIL, MACHINE_OK},
        {HEAD("128") EXPECT("128") LOAD WAIT TAIL, MACHINE_CHECK_FAILED},
        {HEAD("64") EXPECT("128") TENSOR_2D WAIT TAIL, MACHINE_OK},
        {HEAD("128") EXPECT("128") TENSOR_2D WAIT TAIL, MACHINE_CHECK_FAILED},
        {HEAD("128") EXPECT("128") TENSOR_2D WAIT TAIL, MACHINE_OK}, /* beyond the tensor: zeros */
    };
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        const bool is_tensor = k >= 2;
        uint64_t memory;
        assert_int_equal(machine_allocate(bench->machine, 128, &memory), MACHINE_OK);
        assert_int_equal(machine_set(bench->machine, memory, 1, 1, 64), MACHINE_OK);
        const struct tensor_map map = map_2d(memory, (const unsigned[]){32, k == 4 ? 1 : 2}, 64,
                                             (const unsigned[]){32, 2}, 0);
        const struct launch_arguments arguments = {
            .pointer = {is_tensor ? bench_allocate(bench, &map, sizeof map) : memory,
                        bench_allocate(bench, NULL, 128)},
            .number = {is_tensor ? 0 : 128}};
        bench_must_load(bench, kernels[k].text);
        if (launch(bench, &arguments) != kernels[k].status)
            fail_msg("%zu: %s", k, bench->log);
        if (kernels[k].status != MACHINE_OK)
            assert_non_null(strstr(bench->log, "'st' stores to global memory"));
    }
}

/* What lies outside of the tensor is not read, so it need not be written. */
TEST_ON_HOPPER(only_what_lies_inside_must_be_written) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    uint16_t words[16];
    const uint64_t memory = bench_allocate(bench, NULL, sizeof words);
    const struct tensor_map map =
        map_2d(memory, (const unsigned[]){6, 1}, 32, (const unsigned[]){16, 2}, 0);
    for (unsigned given = 2; given <= 3; given++) {
        char text[4096];
        snprintf(text, sizeof text,
                 "%smov.u32 %%r7, 0x10001; st.shared.u32 [%%r1+4], %%r7; st.shared.u32 [%%r1+8], "
                 "%%r7; %s st.shared.u32 [%%r1+12], %%r7;\n"
                 "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%%rd1, {-2, 0}], [%%r1];\n"
                 "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;\n%s",
                 HEAD("0"), given == 3 ? "" : "//\n//", TAIL);
        bench_must_load(bench, text);
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map)}};
        assert_int_equal(launch(bench, &arguments), given == 3 ? MACHINE_OK : MACHINE_CHECK_FAILED);
    }
    assert_int_equal(machine_read(bench->machine, words, memory, sizeof words), MACHINE_OK);
    for (unsigned k = 0; k < 16; k++)
        assert_int_equal(words[k], k < 6);
}
