/* Bulk copies of packed elements of 4 and 6 bits: where each one lies, against a model that counts
 * single bits, and what is wrong with such a copy. */
#include "emulator/lanes/tensor_map.h"
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { ROWS = 12, COLUMNS = 512, PITCH = 512, BOX_ROWS = 8, TILE_BYTES = BOX_ROWS * 128 };

/* Thread 0 loads a box by the map at %rd1 from {%r10, %r11}, and stores it by the map at %rd3 when
 * %r12 is not 0; then all lanes store the tile to %rd2. */
static const char text[] =
    ".visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n0,\n"
    "  .param .u32 n1, .param .u32 n2, .param .u32 n3) {\n"
    ".reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .pred %p<8>;\n"
    ".shared .align 1024 .b8 tile[1024]; .shared .align 8 .b64 bar;\n"
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; ld.param.u64 %rd3, [c];\n"
    "ld.param.u32 %r10, [n0]; ld.param.u32 %r11, [n1]; ld.param.u32 %r12, [n2];\n"
    "ld.param.u32 %r13, [n3]; mov.u32 %r1, tile; mov.u32 %r2, bar; mov.u32 %r3, %tid.x;\n"
    "setp.ne.u32 %p1, %r3, 0; @%p1 bra DONE;\n"
    "mbarrier.init.shared.b64 [%r2], 1; fence.mbarrier_init.release.cluster;\n"
    "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], %r13;\n"
    "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], "
    "[%rd1, {%r10, %r11}], [%r2];\n"
    "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p3, [%r2], 0; @!%p3 bra WAIT;\n"
    "setp.eq.u32 %p2, %r12, 0; @%p2 bra DONE;\n"
    "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd3, {%r10, %r11}], [%r1];\n"
    "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;\n"
    "DONE: bar.sync 0; shl.b32 %r4, %r3, 2;\n"
    "COPY: setp.ge.u32 %p4, %r4, 1024; @%p4 bra END;\n"
    "add.u32 %r5, %r1, %r4; ld.shared.u32 %r7, [%r5]; cvt.u64.u32 %rd5, %r4;\n"
    "add.u64 %rd5, %rd5, %rd2; st.global.u32 [%rd5], %r7; add.u32 %r4, %r4, 128; bra COPY;\n"
    "END: ret; }\n";

struct packing {
    enum tensor_element element;
    unsigned bits, taken; /* of sixteen elements in shared memory, bytes */
    unsigned swizzle, box;
    uint8_t doubled;
};

static const struct packing packings[] = {
    {TENSOR_U4, 4, 8, 128, 256, 0},         {TENSOR_U4, 4, 8, 64, 128, 0},
    {TENSOR_U4, 4, 8, 32, 32, 0},           {TENSOR_U4, 4, 8, 0, 96, 0},
    {TENSOR_U4, 4, 8, 128, 192, 1},         {TENSOR_U4_SPREAD, 4, 16, 0, 128, 0},
    {TENSOR_U4_SPREAD, 4, 16, 128, 128, 0}, {TENSOR_U4_SPREAD, 4, 16, 128, 128, 1},
    {TENSOR_U6_SPREAD, 6, 16, 0, 128, 0},   {TENSOR_U6_SPREAD, 6, 16, 128, 128, 0},
    {TENSOR_U6_SPREAD, 6, 16, 128, 128, 1},
};

enum { PACKINGS = sizeof packings / sizeof packings[0] };

static struct tensor_map map_of(const struct packing *packing, uint64_t address) {
    return (struct tensor_map){.magic = TENSOR_MAP_MAGIC,
                               .rank = 2,
                               .element = (uint8_t)packing->element,
                               .swizzle = (uint8_t)packing->swizzle,
                               .doubled = packing->doubled,
                               .address = address,
                               .stride = {1, PITCH},
                               .size = {COLUMNS, ROWS},
                               .box = {(uint16_t)packing->box, BOX_ROWS},
                               .step = {1, 1}};
}

static unsigned take_bits(const unsigned char *bytes, size_t at, unsigned count) {
    unsigned value = 0;
    for (unsigned k = 0; k < count; k++)
        value |= (bytes[(at + k) / 8] >> (at + k) % 8 & 1U) << k;
    return value;
}

/* The bit of the tile at which element `column` of a row begins, before the chunks change
 * places. */
static size_t bit_of(const struct packing *packing, unsigned row, unsigned column) {
    const unsigned bytes = packing->box / 16 * packing->taken;
    const unsigned pitch = bytes < packing->swizzle ? packing->swizzle : bytes;
    size_t at = (size_t)row * pitch + (size_t)column / 16 * packing->taken;
    const size_t within = (size_t)(column % 16) * packing->bits;
    at += within / 8;
    if (packing->swizzle) {
        const size_t chunk = (size_t)16 << packing->doubled;
        at ^= at / 128 % (packing->swizzle / chunk) * chunk;
    }
    return at * 8 + within % 8;
}

static unsigned payload_of(const struct packing *packing) {
    return packing->box * packing->bits / 8 * BOX_ROWS;
}

static void expect_tile(const struct packing *packing, const unsigned char *from,
                        const unsigned char *tile, int x, int y) {
    for (unsigned row = 0; row < BOX_ROWS; row++) {
        for (unsigned column = 0; column < packing->box; column++) {
            const int at = x + (int)column, line = y + (int)row;
            const bool inside = at >= 0 && at < COLUMNS && line >= 0 && line < ROWS;
            const unsigned wanted = inside ? take_bits(from + (size_t)line * PITCH,
                                                       (size_t)at * packing->bits, packing->bits)
                                           : 0;
            const unsigned got = take_bits(tile, bit_of(packing, row, column), packing->bits);
            if (got != wanted)
                fail_msg("packing of %u bits in %u, swizzle %u, at %d %d: element %u of row %u is "
                         "%u, not %u",
                         packing->bits, packing->taken, packing->swizzle, x, y, column, row, got,
                         wanted);
        }
    }
}

/* What no element takes of a chunk is filled up with zeros. */
static void expect_gaps(const struct packing *packing, const unsigned char *tile) {
    const unsigned used = packing->bits * 2;
    for (size_t k = 0; packing->taken == 16 && k < TILE_BYTES; k++) {
        if (k % 16 >= used)
            assert_int_equal(tile[k], 0);
    }
}

static void fill(unsigned char *bytes, size_t count) {
    for (size_t k = 0; k < count; k++)
        bytes[k] = (unsigned char)(k * 37 + k / 251 + 1);
}

static enum machine_status launch(struct bench *bench, const struct launch_arguments *arguments) {
    bench->log[0] = '\0';
    return bench_launch(bench, "k", 1, 32, arguments, sizeof *arguments);
}

/* Boxes inside of the tensor, and over each of its edges. */
static const int corners[][2] = {{128, 3}, {0, -3}, {-128, 0}, {384, 8}, {512, 0}};

enum { CORNERS = sizeof corners / sizeof corners[0] };

TEST_ON_HOPPER(packed_boxes_arrive) {
    struct bench *bench = *state;
    static unsigned char from[ROWS * PITCH], tile[TILE_BYTES];
    fill(from, sizeof from);
    const uint64_t source = bench_allocate(bench, from, sizeof from);
    bench_must_load(bench, text);
    for (size_t k = 0; k < (size_t)PACKINGS * CORNERS; k++) {
        const struct packing *packing = &packings[k / CORNERS];
        const int *corner = corners[k % CORNERS];
        const struct tensor_map map = map_of(packing, source);
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map),
                        bench_allocate(bench, NULL, sizeof tile)},
            .number = {corner[0], corner[1], 0, (int32_t)payload_of(packing)}};
        if (launch(bench, &arguments) != MACHINE_OK)
            fail_msg("%s", bench->log);
        assert_int_equal(machine_read(bench->machine, tile, arguments.pointer[1], sizeof tile),
                         MACHINE_OK);
        expect_tile(packing, from, tile, corner[0], corner[1]);
        expect_gaps(packing, tile);
        assert_int_equal(bench->counters.bulk_load_bytes, payload_of(packing));
    }
}

/* What a box has brought goes back to where it was, and nothing else changes; reads are checked. */
TEST_ON_HOPPER(packed_boxes_leave) {
    struct bench *bench = *state;
    static unsigned char from[ROWS * PITCH], to[ROWS * PITCH];
    BENCH_SWITCH_ON(bench, check_race);
    fill(from, sizeof from);
    const uint64_t source = bench_allocate(bench, from, sizeof from);
    bench_must_load(bench, text);
    for (size_t k = 0; k < (size_t)PACKINGS * CORNERS; k++) {
        const struct packing *packing = &packings[k / CORNERS];
        const int x = corners[k % CORNERS][0], y = corners[k % CORNERS][1];
        const struct tensor_map map = map_of(packing, source),
                                out = map_of(packing, bench_allocate(bench, NULL, sizeof to));
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map),
                        bench_allocate(bench, NULL, TILE_BYTES),
                        bench_allocate(bench, &out, sizeof out)},
            .number = {x, y, 1, (int32_t)payload_of(packing)}};
        const enum machine_status status = launch(bench, &arguments);
        if (packing->element == TENSOR_U4_SPREAD) {
            assert_int_equal(status, MACHINE_ILLEGAL_INSTRUCTION);
            assert_non_null(strstr(bench->log, "loaded alone"));
            continue;
        }
        if (status != MACHINE_OK)
            fail_msg("%s", bench->log);
        assert_int_equal(machine_read(bench->machine, to, out.address, sizeof to), MACHINE_OK);
        for (int row = 0; row < ROWS; row++) {
            for (int column = 0; column < COLUMNS; column++) {
                const bool inside =
                    column >= x && column < x + (int)packing->box && row >= y && row < y + BOX_ROWS;
                const size_t at = (size_t)row * PITCH * 8 + (size_t)column * packing->bits;
                assert_int_equal(take_bits(to, at, packing->bits),
                                 inside ? take_bits(from, at, packing->bits) : 0);
            }
        }
    }
}

/* Of each chunk of shared memory a store of spread elements reads 12 bytes, and the check of reads
 * asks for those alone. %r12: the first byte that is not written. */
static const char stores[] =
    ".visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n0,\n"
    "  .param .u32 n1, .param .u32 n2, .param .u32 n3) {\n"
    ".reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .pred %p<8>; .shared .align 1024 .b8 tile[1024];\n"
    "ld.param.u64 %rd1, [a]; ld.param.u32 %r12, [n2]; mov.u32 %r1, tile; mov.u32 %r2, %tid.x;\n"
    "setp.ne.u32 %p1, %r2, 0; @%p1 bra END; mov.u32 %r3, 0;\n"
    "NEXT: and.b32 %r4, %r3, 12; setp.ne.u32 %p2, %r4, 12; add.u32 %r5, %r1, %r3;\n"
    "@%p2 st.shared.u32 [%r5], %r3; add.u32 %r3, %r3, 4; setp.lt.u32 %p3, %r3, %r12;\n"
    "@%p3 bra NEXT; fence.proxy.async;\n"
    "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd1, {128, 2}], [%r1];\n"
    "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;\n"
    "END: ret; }\n";

TEST_ON_HOPPER(gaps_need_not_be_written) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    assert_int_equal(bench_load(bench, stores), MACHINE_OK);
    const struct tensor_map map =
        map_of(&packings[8], bench_allocate(bench, NULL, (size_t)ROWS * PITCH));
    struct launch_arguments arguments = {.pointer = {bench_allocate(bench, &map, sizeof map)},
                                         .number = {0, 0, TILE_BYTES - 4}};
    if (launch(bench, &arguments) != MACHINE_OK)
        fail_msg("%s", bench->log);
    arguments.number[2] = TILE_BYTES - 8;
    assert_int_equal(launch(bench, &arguments), MACHINE_CHECK_FAILED);
    assert_non_null(strstr(bench->log, "nothing has written the byte at offset 1016"));
}

TEST_ON_HOPPER(wrong_packings_are_refused) {
    struct bench *bench = *state;
    const uint64_t source = bench_allocate(bench, NULL, ROWS * PITCH);
    bench_must_load(bench, text);
    for (unsigned k = 0; k < 11; k++) {
        struct tensor_map map = map_of(&packings[k < 3 ? 0 : k == 9 ? 6 : 9], source);
        int x = 0;
        switch (k) {
        case 0:
            map.size[0] = 511;
            break;
        case 1:
            map.box[0] = 33;
            break;
        case 2:
            x = 1;
            break;
        case 3:
            map.size[0] = 448;
            break;
        case 4:
            map.box[0] = 64;
            break;
        case 5:
            map.swizzle = 64;
            break;
        case 6:
            map.stride[0] = 2;
            break;
        case 7:
            map.element = TENSOR_U6_SPREAD + 1;
            break;
        case 8:
            x = 8;
            break;
        default:
            map.doubled = 2;
            break;
        }
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map),
                        bench_allocate(bench, NULL, TILE_BYTES)},
            .number = {x, 0, 0, TILE_BYTES}};
        const char *const words = x == 1    ? "begins at a multiple of 2"
                                  : k == 10 ? "stored alone"
                                  : x == 8  ? "begins at a multiple of 16"
                                            : "no tensor map of 2 dimensions";
        assert_int_equal(launch(bench, &arguments), MACHINE_ILLEGAL_INSTRUCTION);
        if (!strstr(bench->log, words))
            fail_msg("case %u: '%s' should hold '%s'", k, bench->log, words);
    }
}
