/* Copies of an image's pixels by im2col, against pixels that are walked one by one: images of one
 * to three dimensions, corners, strides, offsets, what lies outside, stores and reductions. */
#include "emulator/lanes/tensor_map.h"
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { DIMENSIONS = TENSOR_RANKS, CHANNELS = 8, PIXELS = 37, WORDS = PIXELS * CHANNELS };

struct image {
    unsigned rank;
    int size[DIMENSIONS], step[DIMENSIONS]; /* channels, width, height, depth, images */
    int lower[TENSOR_SPACES], upper[TENSOR_SPACES];
    int at[DIMENSIONS]; /* where the copy begins */
    int offset[TENSOR_SPACES];
};

/* Filters of three and of two pixels at the edges of padded images, and pixels left out. */
static const struct image images[] = {
    {3, {12, 9, 6}, {1, 1, 1}, {-1}, {-1}, {0, -1, 0}, {0}},
    {3, {12, 9, 6}, {1, 2, 1}, {-1}, {1}, {8, 3, 2}, {2}},
    {4, {12, 7, 5, 3}, {1, 1, 1, 1}, {-1, -1}, {-1, -1}, {0, 2, 1, 0}, {2, 1}},
    {4, {12, 7, 5, 3}, {1, 2, 3, 1}, {-2, 0}, {0, -1}, {4, 0, 3, 1}, {0, 1}},
    {5, {12, 4, 3, 5, 2}, {1, 1, 1, 1, 1}, {0, -1, -1}, {-1, 0, -1}, {0, 1, 1, 2, 0}, {1, 0, 2}},
    {5, {12, 4, 3, 5, 2}, {1, 3, 1, 2, 1}, {-1, -1, 0}, {1, 1, 0}, {8, 2, 0, 0, 1}, {0, 2, 1}},
};

static unsigned elements(const struct image *image) {
    unsigned count = 1;
    for (unsigned k = 0; k < image->rank; k++)
        count *= (unsigned)image->size[k];
    return count;
}

static struct tensor_map map_of(const struct image *image, uint64_t address) {
    struct tensor_map map = {.magic = TENSOR_MAP_MAGIC,
                             .rank = (uint8_t)image->rank,
                             .element = TENSOR_U32,
                             .is_im2col = 1,
                             .address = address,
                             .stride = {sizeof(uint32_t)},
                             .box = {CHANNELS, PIXELS}};
    for (unsigned k = 0; k < image->rank; k++) {
        map.size[k] = (uint64_t)image->size[k];
        map.step[k] = (uint8_t)image->step[k];
        if (k > 0)
            map.stride[k] = map.stride[k - 1] * map.size[k - 1];
    }
    for (unsigned k = 0; k + 2 < image->rank; k++) {
        map.lower[k] = (int16_t)image->lower[k];
        map.box[2 + k] = (uint16_t)image->upper[k];
    }
    return map;
}

/* ---- The model: a pixel behind the other, as one walks through an image ---- */

static void walk(const struct image *image, int pixel[DIMENSIONS]) {
    const unsigned last = image->rank - 1;
    for (unsigned k = 1; k < last; k++) {
        pixel[k] += image->step[k];
        if (pixel[k] <= image->size[k] - 1 + image->upper[k - 1])
            return;
        pixel[k] = image->lower[k - 1];
    }
    pixel[last] += image->step[last];
}

/* The index of channel `channel` of a pixel, or -1 outside. */
static long index_of(const struct image *image, const int pixel[DIMENSIONS], int channel,
                     bool has_offsets) {
    long index = 0;
    for (unsigned k = image->rank; k-- > 0;) {
        int at = k == 0 ? image->at[0] + channel : pixel[k];
        if (has_offsets && k > 0 && k + 1 < image->rank)
            at += image->offset[k - 1];
        if (at < 0 || at >= image->size[k])
            return -1;
        index = index * image->size[k] + at;
    }
    return index;
}

/* Where each word of the copy comes from, or goes to. */
static void trace(const struct image *image, bool has_offsets, long index[WORDS]) {
    int pixel[DIMENSIONS];
    memcpy(pixel, image->at, sizeof pixel);
    for (int p = 0; p < PIXELS; p++) {
        for (int c = 0; c < CHANNELS; c++)
            index[p * CHANNELS + c] = index_of(image, pixel, c, has_offsets);
        walk(image, pixel);
    }
}

/* ---- The kernels ---- */

#define HEAD                                                                                       \
    ".visible .entry k(.param .u64 a, .param .u64 b) {\n"                                          \
    ".reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred %p<4>;\n"                                       \
    ".shared .align 128 .b8 tile[2048]; .shared .align 8 .b64 bar;\n"                              \
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; mov.u32 %r1, tile; mov.u32 %r2, bar;\n"
#define FILL                                                                                       \
    "mov.u32 %r3, 0;\nEACH: shl.b32 %r4, %r3, 2; add.u32 %r4, %r4, %r1; add.u32 %r3, %r3, 1;\n"    \
    "st.shared.u32 [%r4], %r3; setp.lt.u32 %p1, %r3, 296; @%p1 bra EACH;\n"                        \
    "fence.proxy.async.shared::cta;\n"
#define EMPTY                                                                                      \
    "mov.u32 %r3, 0;\nEACH: shl.b32 %r4, %r3, 2; cvt.u64.u32 %rd3, %r4; add.u32 %r4, %r4, %r1;\n"  \
    "ld.shared.u32 %r5, [%r4]; add.u64 %rd3, %rd3, %rd2; st.global.u32 [%rd3], %r5;\n"             \
    "add.u32 %r3, %r3, 1; setp.lt.u32 %p1, %r3, 296; @%p1 bra EACH;\n"

static void coordinates_write(const struct image *image, char text[64]) {
    size_t used = 0;
    for (unsigned k = 0; k < image->rank; k++)
        used += (size_t)snprintf(text + used, 64 - used, "%s%d", k > 0 ? ", " : "", image->at[k]);
}

static void offsets_write(const struct image *image, char text[64]) {
    size_t used = 0;
    for (unsigned k = 0; k + 2 < image->rank; k++)
        used +=
            (size_t)snprintf(text + used, 64 - used, "%s%d", k > 0 ? ", " : "", image->offset[k]);
}

static void run(struct bench *bench, uint64_t a, uint64_t b) {
    bench->log[0] = '\0';
    if (LAUNCH(bench, "k", 1, 1, a, b) != MACHINE_OK)
        fail_msg("%s", bench->log);
}

TEST_ON_HOPPER(loads_walk_through_images) {
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof images / sizeof images[0]; k++) {
        const struct image *image = &images[k];
        static uint32_t from[4096], to[WORDS];
        static char text[4096];
        char at[64], offsets[64];
        long index[WORDS];
        for (uint32_t n = 0; n < 4096; n++)
            from[n] = n + 1;
        assert_true(elements(image) <= 4096);
        const struct tensor_map map = map_of(image, bench_allocate(bench, from, sizeof from));
        coordinates_write(image, at);
        offsets_write(image, offsets);
        snprintf(text, sizeof text,
                 "%smbarrier.init.shared.b64 [%%r2], 1; "
                 "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r2], 1184;\n"
                 "cp.async.bulk.prefetch.tensor.%ud.L2.global.im2col [%%rd1, {%s}], {%s};\n"
                 "cp.async.bulk.tensor.%ud.shared::cluster.global.im2col"
                 ".mbarrier::complete_tx::bytes [%%r1], [%%rd1, {%s}], [%%r2], {%s};\n"
                 "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %%p1, [%%r2], 0; @!%%p1 bra "
                 "WAIT;\n%sret; }\n",
                 HEAD, image->rank, at, offsets, image->rank, at, offsets, EMPTY);
        bench_must_load(bench, text);
        const uint64_t result = bench_allocate(bench, NULL, sizeof to);
        run(bench, bench_allocate(bench, &map, sizeof map), result);
        assert_int_equal(machine_read(bench->machine, to, result, sizeof to), MACHINE_OK);
        trace(image, true, index);
        for (int n = 0; n < WORDS; n++)
            if (to[n] != (index[n] < 0 ? 0 : from[index[n]]))
                fail_msg("image %zu, pixel %d, channel %d: %u, not of %ld", k, n / CHANNELS,
                         n % CHANNELS, to[n], index[n]);
    }
}

TEST_ON_HOPPER(stores_and_reductions_leave_out_what_lies_outside) {
    static const char *const copies[] = {
        "cp.async.bulk.tensor.%ud.global.shared::cta.im2col_no_offs.bulk_group",
        "cp.reduce.async.bulk.tensor.%ud.global.shared::cta.add.im2col_no_offs.bulk_group"};
    struct bench *bench = *state;
    for (size_t k = 0; k < 2 * (sizeof images / sizeof images[0]); k++) {
        const struct image *image = &images[k / 2];
        static uint32_t before[4096], after[4096];
        static char text[4096];
        char at[64], copy[128];
        long index[WORDS];
        for (uint32_t n = 0; n < 4096; n++)
            before[n] = 1000 * n;
        const uint64_t target = bench_allocate(bench, before, sizeof before);
        const struct tensor_map map = map_of(image, target);
        coordinates_write(image, at);
        snprintf(copy, sizeof copy, copies[k % 2], image->rank);
        snprintf(text, sizeof text,
                 "%s%s%s [%%rd1, {%s}], [%%r1];\ncp.async.bulk.commit_group; "
                 "cp.async.bulk.wait_group 0; ret; }\n",
                 HEAD, FILL, copy, at);
        bench_must_load(bench, text);
        run(bench, bench_allocate(bench, &map, sizeof map), 0);
        assert_int_equal(machine_read(bench->machine, after, target, sizeof after), MACHINE_OK);
        trace(image, false, index);
        for (int n = 0; n < WORDS; n++)
            if (index[n] >= 0)
                before[index[n]] = (k % 2 ? before[index[n]] : 0) + (uint32_t)n + 1;
        assert_memory_equal(after, before, sizeof after);
    }
}

TEST_ON_HOPPER(a_map_of_the_other_mode_is_refused) {
    struct bench *bench = *state;
    const uint64_t image = bench_allocate(bench, NULL, 4096 * sizeof(uint32_t));
    struct tensor_map map = map_of(&images[0], image);
    map.is_im2col = 0;
    map.box[2] = 1;
    bench_must_load(bench, HEAD FILL
                    "cp.async.bulk.tensor.3d.global.shared::cta.im2col_no_offs.bulk_group "
                    "[%rd1, {0, 0, 0}], [%r1];\nret; }\n");
    assert_int_equal(LAUNCH(bench, "k", 1, 1, bench_allocate(bench, &map, sizeof map), (uint64_t)0),
                     MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->log, "cuTensorMapEncodeIm2col makes one"));
    map = map_of(&images[0], image);
    bench_must_load(bench, HEAD FILL "cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group "
                                     "[%rd1, {0, 0, 0}], [%r1];\nret; }\n");
    assert_int_equal(LAUNCH(bench, "k", 1, 1, bench_allocate(bench, &map, sizeof map), (uint64_t)0),
                     MACHINE_ILLEGAL_INSTRUCTION);
    assert_non_null(strstr(bench->log, "cuTensorMapEncodeTiled makes one"));
}
