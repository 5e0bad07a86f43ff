/* Bulk copies that gather and scatter four rows of a plane, against a model that moves single
 * bytes; and stores that leave out bytes by a mask. */
#include "emulator/lanes/tensor_map.h"
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { LINES = 24, PITCH = 512, TILE_BYTES = 4 * PITCH, ROWS = 4 };

/* Thread 0 gathers rows by the map at %rd1, and scatters them by the map at %rd3; then all lanes
 * store the tile to %rd2. The coordinates are written into the text. */
static const char text[] =
    ".visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n0,\n"
    "  .param .u32 n1, .param .u32 n2, .param .u32 n3) {\n"
    ".reg .b32 %%r<20>; .reg .b64 %%rd<9>; .reg .pred %%p<8>;\n"
    ".shared .align 1024 .b8 tile[2048]; .shared .align 8 .b64 bar;\n"
    "ld.param.u64 %%rd1, [a]; ld.param.u64 %%rd2, [b]; ld.param.u64 %%rd3, [c];\n"
    "ld.param.u32 %%r13, [n0]; mov.u32 %%r1, tile; mov.u32 %%r2, bar; mov.u32 %%r3, %%tid.x;\n"
    "setp.ne.u32 %%p1, %%r3, 0; @%%p1 bra DONE; mov.u32 %%r4, %d;\n"
    "mbarrier.init.shared.b64 [%%r2], 1; fence.mbarrier_init.release.cluster;\n"
    "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r2], %%r13;\n"
    "cp.async.bulk.tensor.2d.shared::cta.global.tile::gather4.mbarrier::complete_tx::bytes [%%r1], "
    "[%%rd1, {%d, %%r4, %d, %d, %d}], [%%r2];\n"
    "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %%p3, [%%r2], 0; @!%%p3 bra WAIT;\n"
    "%s.tile::scatter4.bulk_group "
    "[%%rd3, {%d, %d, %d, %d, %d}], [%%r1];\n"
    "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;\n"
    "DONE: bar.sync 0; shl.b32 %%r4, %%r3, 2;\n"
    "COPY: setp.ge.u32 %%p4, %%r4, 2048; @%%p4 bra END;\n"
    "add.u32 %%r5, %%r1, %%r4; ld.shared.u32 %%r7, [%%r5]; cvt.u64.u32 %%rd5, %%r4;\n"
    "add.u64 %%rd5, %%rd5, %%rd2; st.global.u32 [%%rd5], %%r7; add.u32 %%r4, %%r4, 128; bra COPY;\n"
    "END: ret; }\n";

struct plane {
    enum tensor_element element;
    unsigned size, width; /* of an element, bytes; of the box, elements */
    unsigned swizzle;
    uint8_t doubled, step;
    bool fills_nan;
};

static const struct plane planes[] = {
    {TENSOR_U8, 1, 128, 128, 0, 1, false},  {TENSOR_U8, 1, 256, 0, 0, 3, false},
    {TENSOR_U8, 1, 16, 32, 0, 1, false},    {TENSOR_BF16, 2, 64, 128, 0, 1, false},
    {TENSOR_BF16, 2, 32, 64, 0, 1, true},   {TENSOR_BF16, 2, 8, 0, 0, 1, false},
    {TENSOR_BF16, 2, 64, 128, 1, 1, false}, {TENSOR_F32, 4, 32, 128, 0, 1, true},
    {TENSOR_F32, 4, 16, 128, 2, 1, false},  {TENSOR_F32, 4, 4, 0, 0, 1, false},
    {TENSOR_U64, 8, 16, 128, 0, 1, false},  {TENSOR_U64, 8, 64, 0, 0, 1, false},
};

/* Coordinates of a gather, then of a scatter: columns, and rows that lie anywhere, outside too.
 * Rows that are written lie apart. */
static const int places[][2][1 + ROWS] = {{{0, 3, 17, 0, 9}, {0, 1, 2, 3, 4}},
                                          {{8, 5, 5, 23, 5}, {16, 20, 7, 0, 11}},
                                          {{0, -1, 24, 1, 1 << 30}, {0, 23, 0, 9, 1}},
                                          {{-4, 2, 1, 0, 3}, {-4, 4, -7, 24, 6}},
                                          {{40, 10, 11, 12, 13}, {44, 13, 12, 11, 10}}};

enum { PLANES = sizeof planes / sizeof planes[0], PLACES = sizeof places / sizeof places[0] };

static struct tensor_map map_of(const struct plane *plane, uint64_t address) {
    return (struct tensor_map){.magic = TENSOR_MAP_MAGIC,
                               .rank = 2,
                               .element = (uint8_t)plane->element,
                               .swizzle = (uint8_t)plane->swizzle,
                               .doubled = plane->doubled,
                               .fills_nan = plane->fills_nan,
                               .address = address,
                               .stride = {plane->size, PITCH},
                               .size = {PITCH / plane->size, LINES},
                               .box = {(uint16_t)plane->width, 1},
                               .step = {1, plane->step}};
}

static unsigned row_bytes(const struct plane *plane) {
    return plane->size * plane->width;
}

/* Where a byte of row `number` lies in the tile. */
static unsigned place_in_tile(const struct plane *plane, unsigned number, unsigned byte) {
    const unsigned bytes = row_bytes(plane);
    const unsigned at = number * (bytes < plane->swizzle ? plane->swizzle : bytes) + byte;
    const unsigned chunk = 16U << plane->doubled;
    return plane->swizzle ? at ^ at / 128 % (plane->swizzle / chunk) * chunk : at;
}

/* The byte of the plane that a byte of a row is, or -1: it lies outside. */
static long place_in_plane(const struct plane *plane, const int *place, unsigned number,
                           unsigned byte) {
    const long column = (long)place[0] * plane->size + byte, row = place[1 + number];
    return column < 0 || column >= PITCH || row < 0 || row >= LINES ? -1 : row * PITCH + column;
}

static unsigned char fill_of(const struct plane *plane, unsigned byte) {
    return !plane->fills_nan ? 0 : byte % 2 ? 0x7f : 0xf7;
}

static void fill(unsigned char *bytes, size_t count) {
    for (size_t k = 0; k < count; k++)
        bytes[k] = (unsigned char)(k * 37 + k / 251 + 1);
}

#define SCATTER "cp.async.bulk.tensor.2d.global.shared::cta"
#define ADD_UP "cp.reduce.async.bulk.tensor.2d.global.shared::cta.add"

static void load(struct bench *bench, const char *store, const int (*place)[1 + ROWS]) {
    char whole[4096];
    snprintf(whole, sizeof whole, text, place[0][1], place[0][0], place[0][2], place[0][3],
             place[0][4], store, place[1][0], place[1][1], place[1][2], place[1][3], place[1][4]);
    bench_must_load(bench, whole);
}

static enum machine_status launch(struct bench *bench, const struct launch_arguments *arguments) {
    bench->log[0] = '\0';
    return bench_launch(bench, "k", 1, 32, arguments, sizeof *arguments);
}

static void expect_bytes(const struct plane *plane, const int (*place)[1 + ROWS],
                         const unsigned char *from, const unsigned char *tile,
                         const unsigned char *to) {
    static unsigned char wanted[LINES * PITCH];
    memset(wanted, 0, sizeof wanted);
    for (unsigned number = 0; number < ROWS; number++) {
        for (unsigned byte = 0; byte < row_bytes(plane); byte++) {
            const long source = place_in_plane(plane, place[0], number, byte);
            const long target = place_in_plane(plane, place[1], number, byte);
            const unsigned char value = source < 0 ? fill_of(plane, byte) : from[source];
            const unsigned at = place_in_tile(plane, number, byte);
            if (tile[at] != value)
                fail_msg("%u bytes by %u, swizzle %u: byte %u of row %u is %02x, not %02x",
                         plane->size, plane->width, plane->swizzle, byte, number, tile[at], value);
            if (target >= 0)
                wanted[target] = value;
        }
    }
    assert_memory_equal(to, wanted, sizeof wanted);
}

TEST_ON_BLACKWELL(rows_are_gathered_and_scattered) {
    struct bench *bench = *state;
    static unsigned char from[LINES * PITCH], to[LINES * PITCH], tile[TILE_BYTES];
    struct machine_options options = bench_options(bench);
    options.check_race = options.check_init = true;
    machine_set_options(bench->machine, &options);
    fill(from, sizeof from);
    const uint64_t source = bench_allocate(bench, from, sizeof from);
    for (size_t k = 0; k < (size_t)PLANES * PLACES; k++) {
        const struct plane *plane = &planes[k / PLACES];
        memset(to, 0, sizeof to);
        const uint64_t target = bench_allocate(bench, to, sizeof to);
        const struct tensor_map map = map_of(plane, source), out = map_of(plane, target);
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map),
                        bench_allocate(bench, NULL, sizeof tile),
                        bench_allocate(bench, &out, sizeof out)},
            .number = {(int32_t)(ROWS * row_bytes(plane))}};
        load(bench, SCATTER, places[k % PLACES]);
        options.check_init = row_bytes(plane) * ROWS == sizeof tile;
        machine_set_options(bench->machine, &options);
        if (launch(bench, &arguments) != MACHINE_OK)
            fail_msg("%s", bench->log);
        assert_int_equal(machine_read(bench->machine, tile, arguments.pointer[1], sizeof tile),
                         MACHINE_OK);
        assert_int_equal(machine_read(bench->machine, to, target, sizeof to), MACHINE_OK);
        expect_bytes(plane, places[k % PLACES], from, tile, to);
        assert_int_equal(bench->counters.bulk_load_requests, 1);
        assert_int_equal(bench->counters.bulk_load_bytes, ROWS * row_bytes(plane));
        assert_int_equal(bench->counters.bulk_store_requests, 1);
        assert_int_equal(bench->counters.bulk_store_bytes, ROWS * row_bytes(plane));
        assert_int_equal(machine_free(bench->machine, target), MACHINE_OK);
    }
}

TEST_ON_BLACKWELL(rows_are_added_up) {
    enum { WORDS = LINES * PITCH / 8, ROW_WORDS = 16, LINE_WORDS = PITCH / 8 };
    static const struct plane plane = {TENSOR_U64, 8, ROW_WORDS, 128, 0, 1, false};
    static const int place[2][1 + ROWS] = {{16, 3, 17, 0, 9}, {32, 1, 2, 1, 24}};
    struct bench *bench = *state;
    static uint64_t from[WORDS], to[WORDS], wanted[WORDS];
    for (unsigned k = 0; k < WORDS; k++) {
        from[k] = UINT64_C(0xfffffff100000000) + k;
        to[k] = wanted[k] = UINT64_C(0xfffffffff) * k;
    }
    for (unsigned number = 0; number < ROWS; number++)
        for (unsigned k = 0; k < ROW_WORDS && place[1][1 + number] < LINES; k++)
            wanted[place[1][1 + number] * LINE_WORDS + place[1][0] + (int)k] +=
                from[place[0][1 + number] * LINE_WORDS + place[0][0] + (int)k];
    const uint64_t source = bench_allocate(bench, from, sizeof from);
    const uint64_t target = bench_allocate(bench, to, sizeof to);
    const struct tensor_map map = map_of(&plane, source), out = map_of(&plane, target);
    const struct launch_arguments arguments = {.pointer = {bench_allocate(bench, &map, sizeof map),
                                                           bench_allocate(bench, NULL, TILE_BYTES),
                                                           bench_allocate(bench, &out, sizeof out)},
                                               .number = {ROWS * ROW_WORDS * 8}};
    load(bench, ADD_UP, place);
    if (launch(bench, &arguments) != MACHINE_OK)
        fail_msg("%s", bench->log);
    assert_int_equal(machine_read(bench->machine, to, target, sizeof to), MACHINE_OK);
    assert_memory_equal(to, wanted, sizeof wanted);
}

TEST_ON_BLACKWELL(wrong_maps_of_rows_are_refused) {
    struct bench *bench = *state;
    static const char *const words[] = {"whose box has 2 rows", "no tensor map of 2 dimensions",
                                        "no tensor map of 2 dimensions",
                                        "out-of-bounds read of 128 bytes"};
    const uint64_t source = bench_allocate(bench, NULL, (size_t)(LINES - 1) * PITCH);
    load(bench, SCATTER, places[1]);
    for (unsigned k = 0; k < 4; k++) {
        struct tensor_map map = map_of(&planes[0], source);
        if (k == 0)
            map.box[1] = 2;
        if (k == 1) {
            map.rank = 3;
            map.size[2] = map.box[2] = map.step[2] = 1;
        }
        map.is_im2col = k == 2;
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, &map, sizeof map),
                        bench_allocate(bench, NULL, TILE_BYTES)},
            .number = {512}};
        assert_int_not_equal(launch(bench, &arguments), MACHINE_OK);
        if (!strstr(bench->log, words[k]))
            fail_msg("case %u: '%s' should hold '%s'", k, bench->log, words[k]);
    }
}

/* What the assembler takes, and what it does not: PTX does not have the reduction. */
TEST_ON_BLACKWELL(forms_of_rows_are_those_of_the_assembler) {
#define LOAD                                                                                       \
    "cp.async.bulk.tensor.2d.shared::cluster.global.tile::gather4.mbarrier::complete_tx::bytes"
#define BOX " [%r1], [%rd1, {%r2,%r3,%r4,%r5,-6}], [%r7]"
#define STORE "cp.async.bulk.global.shared::cta.bulk_group"
    static const struct {
        const char *statement;
        bool is_known;
    } forms[] = {
        {LOAD BOX ";", true},
        {LOAD ".cta_group::2.L2::cache_hint" BOX ", %rd2;", true},
        {LOAD ".multicast::cluster" BOX ", %h1;", true},
        {LOAD ".multicast::cluster.cta_group::1.L2::cache_hint" BOX ", %h1, %rd2;", true},
        {"cp.async.bulk.prefetch.tensor.2d.L2.global.tile::gather4 [%rd1, {1,2,3,4,%r5}];", true},
        {"cp.async.bulk.tensor.2d.global.shared::cta.tile::scatter4.bulk_group.L2::cache_hint "
         "[%rd1, {%r2,%r3,%r4,%r5,%r6}], [%r7], %rd2;",
         true},
        {"cp.async.bulk.tensor.3d.shared::cta.global.tile::gather4.mbarrier::complete_tx::"
         "bytes" BOX ";",
         false},
        {LOAD " [%r1], [%rd1, {%r2,%r3}], [%r7];", false},
        {LOAD " [%r1], [%rd1, {%r2,%r3,%r4,%r5}], [%r7];", false},
        {"cp.async.bulk.tensor.2d.global.shared::cta.tile::gather4.bulk_group "
         "[%rd1, {%r2,%r3,%r4,%r5,%r6}], [%r7];",
         false},
        {"cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile::scatter4.bulk_group "
         "[%rd1, {%r2,%r3,%r4,%r5,%r6}], [%r7];",
         true},
        {"cp.reduce.async.bulk.tensor.3d.global.shared::cta.add.tile::scatter4.bulk_group "
         "[%rd1, {%r2,%r3,%r4,%r5,%r6}], [%r7];",
         false},
        {STORE ".cp_mask [%rd1], [%r1], %r2, %h1;", true},
        {STORE ".L2::cache_hint.cp_mask [%rd1], [%r1], 16, %rd2, %h1;", true},
        {STORE ".cp_mask.L2::cache_hint [%rd1], [%r1], 16, %rd2, 5;", true},
        {STORE ".cp_mask [%rd1], [%r1], 16;", false},
        {STORE ".cp_mask [%rd1], [%r1], 16, %r2;", false},
        {STORE ".L2::cache_hint.cp_mask [%rd1], [%r1], 16, %h1, %rd2;", false},
        {"cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes.cp_mask [%r1], [%rd1], 16, "
         "[%r2], %h1;",
         false},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        char whole[1024];
        snprintf(whole, sizeof whole,
                 ".visible .entry k() { .reg .b32 %%r<9>; .reg .b64 %%rd<9>; .reg .b16 %%h<4>;\n"
                 "%s\nret; }\n",
                 forms[k].statement);
        const bool is_known = bench_load(bench, whole) == MACHINE_OK &&
                              !machine_function_info(machine_function_at(bench->module, 0))->lacks;
        if (is_known != forms[k].is_known)
            fail_msg("%s: %s", forms[k].statement, bench->diagnostic.message);
    }
}

/* ---- Masks ---- */

/* Lanes fill shared memory up to byte %r10; then the store of 64 bytes with the mask %r11. */
static const char masked[] =
    ".visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n0,\n"
    "  .param .u32 n1, .param .u32 n2, .param .u32 n3) {\n"
    ".reg .b32 %r<20>; .reg .b64 %rd<9>; .reg .pred %p<8>; .reg .b16 %h<2>;\n"
    ".shared .align 16 .b8 tile[64]; ld.param.u64 %rd1, [a]; ld.param.u32 %r10, [n0];\n"
    "ld.param.u32 %r11, [n1]; cvt.u16.u32 %h1, %r11; mov.u32 %r1, tile; mov.u32 %r3, %tid.x;\n"
    "setp.ge.u32 %p1, %r3, %r10; add.u32 %r4, %r1, %r3; add.u32 %r5, %r3, 1;\n"
    "@!%p1 st.shared.u8 [%r4], %r5; fence.proxy.async; bar.sync 0;\n"
    "setp.ne.u32 %p2, %r3, 0; @%p2 bra END;\n"
    "cp.async.bulk.global.shared::cta.bulk_group.cp_mask [%rd1], [%r1], 64, %h1;\n"
    "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;\n"
    "END: ret; }\n";

TEST_ON_BLACKWELL(masks_leave_out_bytes) {
    static const unsigned masks[] = {0xffff, 0x0001, 0x8000, 0xa5c3, 0x00ff, 0};
    struct bench *bench = *state;
    bench_must_load(bench, masked);
    for (unsigned k = 0; k < sizeof masks / sizeof masks[0]; k++) {
        unsigned char to[64];
        unsigned copied = 0;
        memset(to, 0xee, sizeof to);
        const struct launch_arguments arguments = {
            .pointer = {bench_allocate(bench, to, sizeof to)}, .number = {64, (int32_t)masks[k]}};
        bench->log[0] = '\0';
        if (bench_launch(bench, "k", 1, 64, &arguments, sizeof arguments) != MACHINE_OK)
            fail_msg("%s", bench->log);
        assert_int_equal(machine_read(bench->machine, to, arguments.pointer[0], sizeof to),
                         MACHINE_OK);
        for (unsigned byte = 0; byte < sizeof to; byte++) {
            const bool is_copied = masks[k] >> byte % 16 & 1;
            assert_int_equal(to[byte], is_copied ? byte + 1 : 0xee);
            copied += is_copied;
        }
        assert_int_equal(bench->counters.bulk_store_requests, 1);
        assert_int_equal(bench->counters.bulk_store_bytes, copied);
        assert_int_equal(bench->counters.global_store_sectors, copied ? 2 : 0);
    }
}

/* Neither the memory nor the source of what is left out has to be there. */
TEST_ON_BLACKWELL(bytes_that_are_left_out_need_not_be_there) {
    static const struct {
        int32_t written, mask;
        const char *said; /* "" where all is well */
    } cases[] = {{56, 0x00ff, ""},
                 {64, 0x01ff, "out-of-bounds write of 9 bytes"},
                 {55, 0x00ff, "nothing has written the byte at offset 55"}};
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    assert_int_equal(bench_load(bench, masked), MACHINE_OK);
    for (unsigned k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const struct launch_arguments arguments = {.pointer = {bench_allocate(bench, NULL, 56)},
                                                   .number = {cases[k].written, cases[k].mask}};
        bench->log[0] = '\0';
        const enum machine_status status =
            bench_launch(bench, "k", 1, 64, &arguments, sizeof arguments);
        assert_int_equal(status == MACHINE_OK, cases[k].said[0] == '\0');
        if (!strstr(bench->log, cases[k].said))
            fail_msg("case %u: '%s' should hold '%s'", k, bench->log, cases[k].said);
    }
}
