/*
 * wgmma.mma_async: every shape and type against a model in C, written from the PTX ISA (9.7.15):
 * where a descriptor's elements lie, what they are worth, and in which order they are summed
 * (emulator/arithmetic/warpgroup.h).
 */
#include "tests/support/emulator_core.h"
#include "tests/support/kernel_text.h"
#include "tests/support/matrix_elements.h"
#include "tests/support/test.h"

#include <stdlib.h>

enum {
    THREADS = 128,
    ROWS = 64,
    STEP_BYTES = 32, /* of k, in each operand */
    A_START = 1024,  /* in shared memory, as the next; multiples of every pattern */
    B_START = 16384,
    SHARED_BYTES = 56 << 10,
    REGISTERS_MAX = 128,
};

static const char *const type_names[] = {
    [F16] = "f16", [BF16] = "bf16", [TF32] = "tf32", [E4M3] = "e4m3", [E5M2] = "e5m2",
    [S8] = "s8",   [U8] = "u8",     [B1] = "b1",     [F32] = "f32",   [S32] = "s32"};
static const unsigned type_bits[] = {[F16] = 16, [BF16] = 16, [TF32] = 32, [E4M3] = 8, [E5M2] = 8,
                                     [S8] = 8,   [U8] = 8,    [B1] = 1,    [F32] = 32, [S32] = 32};

/* One instruction, and where its operands lie. */
struct form {
    enum element_type d, a, b;
    unsigned n;
    bool is_a_in_registers, negates_a, negates_b, is_a_across, is_b_across, saturates, overwrites;
    unsigned width;   /* chunks of 16 bytes that are swizzled: 1, 2, 4, 8 */
    unsigned shifted; /* lines of 128 bytes by which the patterns begin later */
    bool is_sparse;
    unsigned selector; /* of the lanes that have metadata */
};

/* ---- The model ---- */

struct data {
    uint8_t shared[SHARED_BYTES];
    uint32_t a[THREADS][4], d[THREADS][REGISTERS_MAX], result[THREADS][REGISTERS_MAX];
    uint32_t metadata[THREADS];
};

static unsigned depth_of(const struct form *form) {
    return STEP_BYTES * 8 / type_bits[form->a];
}

static unsigned registers_of(const struct form *form) {
    return form->n / (form->d == F16 ? 4 : 2);
}

/* The offsets that the descriptors of these tests have. */
struct strides {
    unsigned leading, stride;
};

static struct strides strides_of(const struct form *form, bool is_across) {
    const unsigned atom = 128 * form->width;
    if (form->width == 1)
        return (struct strides){128, 256};
    if (is_across)
        return (struct strides){2 * atom, atom};
    return (struct strides){16, form->width == 8 ? atom : 2 * atom};
}

/* The byte where element (row, k) of an operand begins, as the canonical layouts have it. */
static unsigned place_of(const struct form *form, unsigned start, bool is_across, unsigned bits,
                         unsigned row, unsigned k) {
    const struct strides strides = strides_of(form, is_across);
    const unsigned per_chunk = 128 / bits, width = form->width;
    unsigned offset;
    if (is_across && width == 1)
        offset = row % per_chunk * 2 + row / per_chunk * strides.stride + k % 8 * 16 +
                 k / 8 * strides.leading;
    else if (is_across)
        offset = row % per_chunk * 2 + row / per_chunk % width * 16 +
                 row / per_chunk / width * strides.leading + k % 8 * 16 * width +
                 k / 8 * strides.stride;
    else
        offset = row % 8 * 16 * width + row / 8 * strides.stride + k % per_chunk * bits / 8 +
                 k / per_chunk * (width == 1 ? strides.leading : 16);
    offset ^= (offset / 128 % width) * 16;
    return start + form->shifted * 128 + offset;
}

static double value_of(const uint8_t *at, enum element_type type) {
    uint32_t word = 0;
    memcpy(&word, at, type_bits[type] / 8);
    return element_value(type, word);
}

/* Element (row, k) of a, or (column, k) of b. */
static double element(const struct form *form, const struct data *data, bool is_a, unsigned row,
                      unsigned k) {
    const enum element_type type = is_a ? form->a : form->b;
    const unsigned bits = type_bits[type];
    const bool is_negated = is_a ? form->negates_a : form->negates_b;
    double value;
    if (is_a && form->is_a_in_registers) {
        const unsigned in_row = k * bits / 32; /* a register has 32 bits of a row */
        const unsigned thread = row / 16 * 32 + row % 8 * 4 + in_row % 4;
        const unsigned number = row % 16 / 8 + in_row / 4 * 2;
        const uint8_t *word = (const uint8_t *)&data->a[thread][number];
        value = value_of(word + k * bits / 8 % 4, type);
    } else {
        const bool is_across = is_a ? form->is_a_across : form->is_b_across;
        value = value_of(
            data->shared + place_of(form, is_a ? A_START : B_START, is_across, bits, row, k), type);
    }
    return is_negated ? -value : value;
}

static unsigned common_bits(const struct form *form, const struct data *data, unsigned row,
                            unsigned column) {
    unsigned count = 0;
    for (unsigned k = 0; k < STEP_BYTES; k++) {
        const uint8_t a = data->shared[place_of(form, A_START, false, 8, row, k)];
        const uint8_t b = data->shared[place_of(form, B_START, false, 8, column, k)];
        count += (unsigned)__builtin_popcount(a & b);
    }
    return count;
}

/* Where element `k` of what a sparse row has lies along k: the figures of 9.7.15.6.1. Of 8 bits a
 * lane has 32 places of one row, the odd ones of the row eight below; of more bits the pair of
 * lanes that is selected has 16 each of both rows. */
static unsigned place_along(const struct form *form, const struct data *data, unsigned row,
                            unsigned k) {
    const unsigned each = form->a == TF32 ? 1 : 2, chunk = k / each;
    const bool is_small = type_bits[form->a] == 8;
    const unsigned group = row / 16 * 32 + row % 8 * 4, half = row % 16 / 8;
    const uint32_t word = is_small ? data->metadata[group + half + chunk / 8 * 2]
                                   : data->metadata[group + form->selector * 2 + chunk / 4];
    const uint32_t bits = word >> (is_small ? chunk % 8 * 4 : half * 16 + chunk % 4 * 4) & 15;
    return each == 1 ? 2 * k + (bits == 14) : chunk * 4 + (bits >> k % 2 * 2 & 3);
}

static unsigned place_of_b(const struct form *form, const struct data *data, unsigned row,
                           unsigned k) {
    return form->is_sparse ? place_along(form, data, row, k) : k;
}

/* The bits of element (row, column) of d. `before` are those that it had. */
static uint32_t model(const struct form *form, const struct data *data, unsigned row,
                      unsigned column, uint32_t before) {
    double a[STEP_BYTES], b[STEP_BYTES];
    struct element_sum sum = {.d = form->d,
                              .overwrites = form->overwrites,
                              .saturates = form->saturates,
                              .depth = form->a == B1 ? 1 : depth_of(form)};
    for (unsigned k = 0; k < sum.depth; k++) {
        const bool is_counted = form->a == B1;
        a[k] =
            is_counted ? common_bits(form, data, row, column) : element(form, data, true, row, k);
        b[k] = is_counted ? 1 : element(form, data, false, column, place_of_b(form, data, row, k));
    }
    return element_sum(&sum, a, b, before);
}

/* ---- The kernel ---- */

static void add_product(struct text *text, const struct form *form) {
    const bool can_be_across = type_bits[form->a] == 16;
    text_add(text, "wgmma.mma_async%s.sync.aligned.m64n%uk%u%s.%s.%s.%s%s {",
             form->is_sparse ? ".sp" : "", form->n, depth_of(form) * (form->is_sparse ? 2 : 1),
             form->saturates ? ".satfinite" : "", type_names[form->d], type_names[form->a],
             type_names[form->b], form->a == B1 ? ".and.popc" : "");
    for (unsigned k = 0; k < registers_of(form); k++)
        text_add(text, "%s%%d%u", k ? "," : "", k);
    text_add(text, "}, %s, %%rd6, ", form->is_a_in_registers ? "{%a0,%a1,%a2,%a3}" : "%rd5");
    if (form->is_sparse)
        text_add(text, "%%m, %u, ", form->selector);
    text_add(text, "%%p2");
    if (form->d != S32)
        text_add(text, ", %d, %d", form->negates_a ? -1 : 1, form->negates_b ? -1 : 1);
    if (can_be_across && !form->is_a_in_registers)
        text_add(text, ", %d", form->is_a_across);
    if (can_be_across)
        text_add(text, ", %d", form->is_b_across);
    text_add(text, ";\n");
}

/* Copies the image to shared memory, loads all registers, multiplies, and stores d. */
static void write_kernel(struct text *text, const struct form *form) {
    const unsigned registers = registers_of(form);
    text->length = 0;
    text_add(text,
             ".version 8.0\n.target sm_90a\n.address_size 64\n"
             ".extern .shared .align 1024 .b8 space[];\n"
             ".visible .entry k(.param .u64 image, .param .u64 d, .param .u64 a, .param .u64 da,\n"
             "  .param .u64 db, .param .u32 adds, .param .u64 metadata) {\n"
             ".reg .b32 %%m, %%r<10>, %%d<%d>, %%a<4>; .reg .b64 %%rd<10>; .reg .pred %%p<3>;\n"
             "ld.param.u64 %%rd1, [image]; ld.param.u64 %%rd2, [d]; ld.param.u64 %%rd3, [a];\n"
             "ld.param.u64 %%rd5, [da]; ld.param.u64 %%rd6, [db]; ld.param.u32 %%r9, [adds];\n"
             "setp.ne.u32 %%p2, %%r9, 0;\n"
             "mov.u32 %%r1, %%tid.x; shl.b32 %%r2, %%r1, 4; mov.u32 %%r3, space;\n"
             "COPY: setp.ge.u32 %%p1, %%r2, %d; @%%p1 bra DONE;\n"
             "cvt.u64.u32 %%rd7, %%r2; add.u64 %%rd7, %%rd1, %%rd7;\n"
             "ld.global.v4.b32 {%%r4,%%r5,%%r6,%%r7}, [%%rd7]; add.u32 %%r8, %%r3, %%r2;\n"
             "st.shared.v4.b32 [%%r8], {%%r4,%%r5,%%r6,%%r7}; add.u32 %%r2, %%r2, %d; bra COPY;\n"
             "DONE: fence.proxy.async; bar.sync 0;\n"
             "mul.wide.u32 %%rd7, %%r1, 16; add.u64 %%rd3, %%rd3, %%rd7;\n"
             "ld.global.v4.b32 {%%a0,%%a1,%%a2,%%a3}, [%%rd3];\n"
             "ld.param.u64 %%rd8, [metadata]; mul.wide.u32 %%rd7, %%r1, 4; add.u64 %%rd8, %%rd8, "
             "%%rd7;\n"
             "ld.global.b32 %%m, [%%rd8];\n"
             "mul.wide.u32 %%rd7, %%r1, %d; add.u64 %%rd2, %%rd2, %%rd7;\n",
             REGISTERS_MAX, SHARED_BYTES, THREADS * 16, REGISTERS_MAX * 4);
    for (unsigned k = 0; k < registers; k++)
        text_add(text, "ld.global.b32 %%d%u, [%%rd2+%u];\n", k, k * 4);
    text_add(text, "wgmma.fence.sync.aligned;\n");
    add_product(text, form);
    text_add(text, "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n");
    for (unsigned k = 0; k < registers; k++)
        text_add(text, "st.global.b32 [%%rd2+%u], %%d%u;\n", k * 4, k);
    text_add(text, "ret; }\n");
}

static uint64_t descriptor_of(const struct form *form, unsigned start, bool is_across) {
    static const unsigned modes[] = {[1] = 0, [2] = 3, [4] = 2, [8] = 1};
    const struct strides strides = strides_of(form, is_across);
    const unsigned begins = start + form->shifted * 128;
    const uint64_t base = form->width > 1 ? begins >> 7 & 7 & (form->width - 1) : 0;
    return begins >> 4 | (uint64_t)(strides.leading >> 4) << 16 |
           (uint64_t)(strides.stride >> 4) << 32 | base << 49 | (uint64_t)modes[form->width] << 62;
}

/* ---- Running ---- */

static void fill(struct data *data, const struct form *form, bool is_wild, uint32_t seed) {
    const unsigned bytes = type_bits[form->a] < 8 ? 1 : type_bits[form->a] / 8;
    for (unsigned at = 0; at < SHARED_BYTES; at += bytes) {
        const uint32_t value = element_draw(at < B_START ? form->a : form->b, is_wild, &seed);
        memcpy(data->shared + at, &value, bytes);
    }
    memcpy(data->a, data->shared + A_START, sizeof data->a);
    for (unsigned k = 0; k < THREADS * 8; k++) {
        static const uint32_t pairs[] = {4, 8, 12, 9, 13, 14}; /* two places among four, in order */
        const uint32_t random = element_random(&seed);
        const uint32_t bits = form->a == TF32 ? (random & 64 ? 14U : 4U) : pairs[(random >> 5) % 6];
        data->metadata[k / 8] |= bits << k % 8 * 4;
    }
    for (unsigned k = 0; k < THREADS * REGISTERS_MAX; k++) {
        const uint32_t low = element_draw(form->d, is_wild, &seed) & 0xffff;
        const uint32_t whole = element_draw(form->d, is_wild, &seed);
        data->d[k / REGISTERS_MAX][k % REGISTERS_MAX] = form->d == F16 ? whole << 16 | low : whole;
    }
}

static enum machine_status run(struct bench *bench, const struct form *form, struct data *data) {
    struct text text;
    write_kernel(&text, form);
    bench_load_whole(bench, text.at, text.length);
    const struct {
        uint64_t image, d, a, descriptor_a, descriptor_b;
        uint64_t adds, metadata;
    } parameters = {bench_allocate(bench, data->shared, sizeof data->shared),
                    bench_allocate(bench, data->d, sizeof data->d),
                    bench_allocate(bench, data->a, sizeof data->a),
                    descriptor_of(form, A_START, form->is_a_across),
                    descriptor_of(form, B_START, form->is_b_across),
                    !form->overwrites,
                    bench_allocate(bench, data->metadata, sizeof data->metadata)};
    const struct machine_launch launch = {.function = machine_find_function(bench->module, "k"),
                                          .grid = {1, 1, 1},
                                          .block = {THREADS, 1, 1},
                                          .dynamic_shared = SHARED_BYTES,
                                          .allow_large_shared = true,
                                          .parameters = &parameters,
                                          .parameter_bytes = sizeof parameters};
    const enum machine_status status =
        machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
    assert_int_equal(machine_read(bench->machine, data->result, parameters.d, sizeof data->result),
                     MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, parameters.image), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, parameters.d), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, parameters.a), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, parameters.metadata), MACHINE_OK);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
    return status;
}

/* Every element of d, where the figures of the PTX ISA put it. */
static void compare(const struct form *form, const struct data *data) {
    for (unsigned thread = 0; thread < THREADS; thread++) {
        for (unsigned i = 0; i < form->n / 2; i++) {
            const unsigned row = thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8;
            const unsigned column = i / 4 * 8 + thread % 4 * 2 + i % 2;
            const unsigned number = form->d == F16 ? i / 2 : i;
            const unsigned shift = form->d == F16 ? i % 2 * 16 : 0;
            const uint32_t mask = form->d == F16 ? 0xffff : UINT32_MAX;
            const uint32_t before = data->d[thread][number] >> shift & mask;
            const uint32_t result = data->result[thread][number] >> shift & mask;
            const uint32_t wanted = model(form, data, row, column, before);
            if (result != wanted)
                fail_msg(
                    "m64n%u.%s.%s.%s, width %u, shifted %u, across %d %d: row %u, column %u is "
                    "%08x, not %08x",
                    form->n, type_names[form->d], type_names[form->a], type_names[form->b],
                    form->width, form->shifted, form->is_a_across, form->is_b_across, row, column,
                    result, wanted);
        }
    }
}

static void expect_model(struct bench *bench, const struct form *form, bool is_wild) {
    struct data *data = calloc(1, sizeof *data);
    assert_non_null(data);
    fill(data, form, is_wild, form->n * 977 + form->width * 31 + (uint32_t)form->a);
    if (run(bench, form, data) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    compare(form, data);
    free(data);
}

/* ---- Tests ---- */

static const struct form products[] = {
    {.d = F32, .a = BF16, .b = BF16}, {.d = F32, .a = F16, .b = F16},
    {.d = F16, .a = F16, .b = F16},   {.d = F32, .a = TF32, .b = TF32},
    {.d = F32, .a = E4M3, .b = E4M3}, {.d = F32, .a = E4M3, .b = E5M2},
    {.d = F32, .a = E5M2, .b = E4M3}, {.d = F32, .a = E5M2, .b = E5M2},
    {.d = F16, .a = E4M3, .b = E4M3}, {.d = F16, .a = E4M3, .b = E5M2},
    {.d = F16, .a = E5M2, .b = E4M3}, {.d = F16, .a = E5M2, .b = E5M2},
    {.d = S32, .a = S8, .b = S8},     {.d = S32, .a = S8, .b = U8},
    {.d = S32, .a = U8, .b = S8},     {.d = S32, .a = U8, .b = U8},
    {.d = S32, .a = B1, .b = B1},
};

enum { PRODUCTS = sizeof products / sizeof products[0] };

static bool has_columns(const struct form *form, unsigned n) {
    return form->d != S32 || n == 8 || n == 24 || n % 16 == 0;
}

TEST_ON_HOPPER(every_shape_and_type_is_the_models) {
    for (size_t k = 0; k < sizeof products / sizeof products[0]; k++) {
        for (unsigned n = 8; n <= 256; n += 8) {
            struct form form = products[k];
            form.n = n;
            form.width = 8;
            if (has_columns(&form, n))
                expect_model(*state, &form, false);
        }
    }
}

/* NaN, infinities, subnormals and what overflows. */
TEST_ON_HOPPER(any_bits_are_the_models) {
    for (size_t k = 0; k < sizeof products / sizeof products[0]; k++) {
        struct form form = products[k];
        form.n = 32;
        form.width = 8;
        expect_model(*state, &form, true);
        form.saturates = form.d == S32 && form.a != B1;
        form.overwrites = form.d != S32;
        expect_model(*state, &form, true);
    }
}

TEST_ON_HOPPER(a_may_lie_in_registers) {
    for (size_t k = 0; k < sizeof products / sizeof products[0]; k++) {
        struct form form = products[k];
        if (form.a == B1)
            continue;
        form.n = 64;
        form.width = 8;
        form.is_a_in_registers = true;
        expect_model(*state, &form, false);
    }
}

TEST_ON_HOPPER(every_swizzling_and_majorness_is_read) {
    for (unsigned k = 0; k < 4 * 4 * 8 * 3; k++) {
        struct form form = {.d = F32, .a = k % 3 == 0 ? F16 : BF16, .n = k % 3 == 1 ? 256 : 72};
        form.b = form.a;
        form.width = 1U << k / 3 % 4;
        form.is_a_across = k / 12 % 2;
        form.is_b_across = k / 24 % 2;
        form.shifted = k / 48 % 8;
        expect_model(*state, &form, false);
    }
    for (unsigned k = 0; k < 4 * 3; k++) {
        static const enum element_type types[] = {TF32, E4M3, U8};
        struct form form = {.d = k % 3 == 2 ? S32 : F32, .a = types[k % 3], .n = 96};
        form.b = form.a;
        form.width = 1U << k / 3;
        expect_model(*state, &form, false);
    }
}

TEST_ON_HOPPER(sparse_products_are_the_models) {
    for (unsigned k = 0; k < PRODUCTS * 8; k++) {
        struct form form = products[k / 8];
        if (form.a == B1)
            continue;
        form.is_sparse = true;
        form.n = k % 8 == 0 ? 256 : k % 8 == 1 ? 8 : 64;
        form.width = k % 3 ? 8 : 4;
        form.selector = type_bits[form.a] > 8 ? k % 2 : 0;
        form.is_a_in_registers = k & 4;
        form.is_a_across = (k & 2) && type_bits[form.a] == 16 && !form.is_a_in_registers;
        form.is_b_across = (k & 2) && type_bits[form.a] == 16;
        form.negates_a = (k & 2) && form.d != S32;
        form.saturates = (k & 2) && form.d == S32;
        expect_model(*state, &form, false);
    }
    struct bench *bench = *state;
    assert_int_equal(bench->counters.wgmma_multiply_adds, 64 * 64 * 32);
}

TEST_ON_HOPPER(operands_are_negated_and_sums_begin_anew) {
    for (unsigned k = 0; k < 8; k++) {
        const struct form form = {.d = k & 4 ? F16 : F32,
                                  .a = F16,
                                  .b = F16,
                                  .n = 40,
                                  .width = 4,
                                  .negates_a = k & 1,
                                  .negates_b = k & 2,
                                  .overwrites = k & 1};
        expect_model(*state, &form, false);
    }
}

TEST_ON_HOPPER(products_are_counted) {
    struct bench *bench = *state;
    const struct form form = {.d = F32, .a = BF16, .b = BF16, .n = 256, .width = 8};
    expect_model(bench, &form, false);
    assert_int_equal(bench->counters.wgmma_warp_instructions, 4);
    assert_int_equal(bench->counters.tensor_warp_instructions, 4);
    assert_int_equal(bench->counters.wgmma_multiply_adds, 64 * 256 * 16);
    assert_int_equal(bench->counters.matrix_capability, 90);
}
