/*
 * tcgen05.mma: every shape and kind against a model in C, written from the PTX ISA (9.7.16): where a
 * descriptor's elements lie, what they are worth, in which lanes and columns of tensor memory the
 * results lie, and in which order they are summed (emulator/arithmetic/tensor.h).
 */
#include "tests/support/emulator_core.h"
#include "tests/support/kernel_text.h"

#include <math.h>
#include <stdlib.h>

enum {
    THREADS = 128, /* one for each lane of tensor memory */
    COLUMNS = 256, /* of d, at most */
    STEP_BYTES = 32,
    DEPTH_MAX = 32,
    A_START = 1024, /* in shared memory, as the next; multiples of every pattern */
    B_START = 20480,
    SHARED_BYTES = 56 << 10,
    BLOCKS = 2,
    A_COLUMNS = 8,
};

enum type { F16, BF16, TF32, E4M3, E5M2, E2M3, E3M2, E2M1, S8, U8, F32, S32 };

/* One instruction, and where its operands lie. */
struct form {
    enum type d, a, b;
    unsigned m, n;
    bool is_pair; /* .cta_group::2 */
    bool is_a_in_memory, negates_a, negates_b, is_a_across, is_b_across, saturates, overwrites;
    unsigned width;   /* chunks of 16 bytes that are swizzled: 1, 2, 4, 8 */
    unsigned shifted; /* lines of 128 bytes by which the patterns begin later */
    unsigned scale;   /* scale-input-d */
    unsigned lane;    /* where d begins */
    bool has_lanes;   /* some lanes are left as they are */
};

struct data {
    uint8_t shared[BLOCKS][SHARED_BYTES];
    uint32_t a[BLOCKS][A_COLUMNS][THREADS]; /* in tensor memory */
    uint32_t d[BLOCKS][COLUMNS][THREADS], result[BLOCKS][COLUMNS][THREADS];
};

static const uint32_t blocked_lanes[] = {0x00ff00f1, 0, 0xffffffff, 0x80000001,
                                         0x0f0f0f0f, 1, 0x80000000, 0x3};

static unsigned blocks_of(const struct form *form) {
    return form->is_pair ? BLOCKS : 1;
}

/* Bytes that an element has room for. */
static unsigned room_of(enum type type) {
    return type == TF32 ? 4 : type <= BF16 ? 2 : 1;
}

static unsigned depth_of(const struct form *form) {
    return STEP_BYTES / room_of(form->a);
}

/* ---- Where elements lie ---- */

struct strides {
    unsigned leading, stride;
};

static struct strides strides_of(const struct form *form, bool is_across) {
    const unsigned atom = 128 * form->width, depth = depth_of(form);
    if (is_across && form->a == TF32)
        return (struct strides){1024, 512};
    if (is_across)
        return form->width == 1 ? (struct strides){128, 128 * (depth / 8)}
                                : (struct strides){atom * (depth / 8), atom};
    if (form->width == 1)
        return (struct strides){128, 256};
    return (struct strides){16, atom};
}

/* The chunk that holds element (row, k), and the element's number in it: the canonical layouts. */
static unsigned chunk_of(const struct form *form, unsigned start, bool is_across, unsigned row,
                         unsigned k, unsigned *number) {
    const struct strides strides = strides_of(form, is_across);
    const unsigned per_chunk = 16 / room_of(form->a), width = form->width;
    const bool is_by_pairs = is_across && form->a == TF32;
    unsigned offset;
    *number = is_across ? row % per_chunk : k % per_chunk;
    if (is_by_pairs)
        offset = row / per_chunk % 8 * 16 + row / per_chunk / 8 * strides.leading + k % 4 * 128 +
                 k / 4 * strides.stride;
    else if (is_across && width == 1)
        offset = row / per_chunk * strides.stride + k % 8 * 16 + k / 8 * strides.leading;
    else if (is_across)
        offset = row / per_chunk % width * 16 + row / per_chunk / width * strides.leading +
                 k % 8 * 16 * width + k / 8 * strides.stride;
    else
        offset = row % 8 * 16 * width + row / 8 * strides.stride +
                 k / per_chunk * (width == 1 ? strides.leading : 16);
    offset ^= is_by_pairs ? offset / 128 % 4 * 32 : (offset / 128 % width) * 16;
    return start + form->shifted * 128 + offset;
}

/* ---- What elements are worth ---- */

static double fraction(unsigned bits, unsigned exponent_bits, unsigned fraction_bits) {
    const unsigned exponent = bits >> fraction_bits & ((1U << exponent_bits) - 1);
    const unsigned part = bits & ((1U << fraction_bits) - 1);
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const bool is_negative = bits >> (exponent_bits + fraction_bits) & 1;
    const bool is_largest = exponent == (1U << exponent_bits) - 1;
    double value = exponent ? ldexp(1.0 + ldexp(part, -(int)fraction_bits), (int)exponent - bias)
                            : ldexp(part, 1 - bias - (int)fraction_bits);
    if (is_largest && exponent_bits >= 5)
        value = part ? (double)NAN : (double)INFINITY;
    if (exponent_bits == 4 && is_largest && part == 7)
        value = (double)NAN;
    return is_negative ? -value : value;
}

/* Element `number` of a chunk; those of 4 and 6 bits lie side by side. */
static double value_of(const uint8_t *chunk, unsigned number, enum type type) {
    uint32_t word = 0;
    memcpy(&word, chunk + (size_t)number * room_of(type), room_of(type));
    const unsigned at6 = number * 6;
    const unsigned six =
        (chunk[at6 / 8] | (at6 / 8 < 15 ? (unsigned)chunk[at6 / 8 + 1] << 8 : 0U)) >> at6 % 8;
    switch (type) {
    case F16:
        return fraction(word, 5, 10);
    case BF16:
        return fraction(word, 8, 7);
    case TF32:
        return fraction(word >> 13, 8, 10);
    case E4M3:
        return fraction(word, 4, 3);
    case E5M2:
        return fraction(word, 5, 2);
    case E2M3:
        return fraction(six & 63, 2, 3);
    case E3M2:
        return fraction(six & 63, 3, 2);
    case E2M1:
        return fraction(chunk[number / 2] >> number % 2 * 4 & 15U, 2, 1);
    case S8:
        return (int8_t)word;
    case U8:
        return (uint8_t)word;
    default:
        fail_msg("no element of this type");
        return 0;
    }
}

/* ---- The model ---- */

/* The lane of a block's row. */
static unsigned lane_of(const struct form *form, unsigned row) {
    const bool is_half = form->m == 64 && !form->is_pair;
    return is_half ? row / 16 * 32 + row % 16 + form->lane : row;
}

static double element(const struct form *form, const struct data *data, bool is_a, unsigned row,
                      unsigned k) {
    const unsigned share = (is_a ? form->m : form->n) / blocks_of(form);
    const unsigned block = row / share, own = row % share;
    const enum type type = is_a ? form->a : form->b;
    const bool is_negated = is_a ? form->negates_a : form->negates_b;
    double value;
    if (is_a && form->is_a_in_memory) {
        uint8_t bytes[STEP_BYTES];
        for (unsigned word = 0; word < A_COLUMNS; word++)
            memcpy(bytes + (size_t)word * 4, &data->a[block][word][lane_of(form, own)], 4);
        value = value_of(bytes, k, type);
    } else {
        unsigned number;
        const unsigned chunk =
            chunk_of(form, is_a ? A_START : B_START, is_a ? form->is_a_across : form->is_b_across,
                     own, k, &number);
        value = value_of(data->shared[block] + chunk, number, type);
    }
    return is_negated ? -value : value;
}

static uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return value == value ? bits : 0x7fffffff;
}

/* To nearest, ties to even. */
static uint32_t narrow_f16(float value) {
    const uint32_t sign = signbit(value) ? 0x8000 : 0;
    if (value != value)
        return 0x7fff;
    double magnitude = fabs((double)value);
    int exponent;
    (void)frexp(magnitude, &exponent);
    const int unit = exponent - 11 < -24 ? -24 : exponent - 11;
    magnitude = ldexp(nearbyint(ldexp(magnitude, -unit)), unit);
    if (magnitude >= 65520.0 || isinf(value))
        return sign | 0x7c00;
    (void)frexp(magnitude, &exponent);
    if (magnitude < ldexp(1.0, -14))
        return sign | (uint32_t)ldexp(magnitude, 24);
    return sign | (uint32_t)(exponent + 14) << 10 |
           ((uint32_t)ldexp(magnitude, 11 - exponent) & 0x3ff);
}

static uint32_t model(const struct form *form, const double *a, const double *b, uint32_t before) {
    const unsigned depth = depth_of(form);
    if (form->d == S32) {
        int64_t sum = form->overwrites ? 0 : (int32_t)before;
        for (unsigned k = 0; k < depth; k++)
            sum += (int64_t)(a[k] * b[k]);
        if (form->saturates && sum > INT32_MAX)
            sum = INT32_MAX;
        if (form->saturates && sum < INT32_MIN)
            sum = INT32_MIN;
        return (uint32_t)sum;
    }
    float sum;
    memcpy(&sum, &before, sizeof sum);
    if (form->d == F16)
        sum = (float)fraction(before & 0xffff, 5, 10);
    if (form->overwrites)
        sum = 0;
    sum *= ldexpf(1.0F, -(int)form->scale);
    for (unsigned k = 0; k < depth; k++)
        sum = fmaf((float)a[k], (float)b[k], sum);
    return form->d == F16 ? narrow_f16(sum) : float_bits(sum);
}

/* ---- The kernel ---- */

static const char *kind_of(const struct form *form) {
    return form->a == TF32 ? "tf32" : form->a <= BF16 ? "f16" : form->d == S32 ? "i8" : "f8f6f4";
}

static void add_product(struct text *text, const struct form *form) {
    const unsigned words = form->has_lanes ? 4 * blocks_of(form) : 0;
    text_add(text, "@%%p3 tcgen05.mma.cta_group::%u.kind::%s [%%r3+%u], %s, %%rd6, %%r9, ",
             blocks_of(form), kind_of(form), form->lane << 16,
             form->is_a_in_memory ? form->lane ? "[%r3+1048832]" : "[%r3+256]" : "%rd5");
    for (unsigned k = 0; k < words; k++)
        text_add(text, "%s0x%x%s", k ? ", " : "{", blocked_lanes[k], k + 1 == words ? "}, " : "");
    text_add(text, "%%p2");
    if (form->scale)
        text_add(text, ", %u", form->scale);
    text_add(text, ";\n");
}

/* Eight registers from global memory to tensor memory, or back; a column of either is a thread's word. */
static void add_store(struct text *text, const char *from, unsigned first, unsigned column) {
    for (unsigned k = 0; k < 8; k++)
        text_add(text, "ld.global.b32 %%v%u, [%s+%u];\n", k, from, (first + k) * THREADS * 4);
    text_add(text,
             "tcgen05.st.sync.aligned.32x32b.x8.b32 [%%r4+%u], "
             "{%%v0,%%v1,%%v2,%%v3,%%v4,%%v5,%%v6,%%v7};\n",
             column);
}

static void add_load(struct text *text, unsigned column) {
    text_add(text,
             "tcgen05.ld.sync.aligned.32x32b.x8.b32 {%%v0,%%v1,%%v2,%%v3,%%v4,%%v5,%%v6,%%v7}, "
             "[%%r4+%u];\n"
             "tcgen05.wait::ld.sync.aligned;\n",
             column);
    for (unsigned k = 0; k < 8; k++)
        text_add(text, "st.global.b32 [%%rd2+%u], %%v%u;\n", (column + k) * THREADS * 4, k);
}

static unsigned columns_of(const struct form *form) {
    return form->is_pair && form->m == 128 ? form->n / 2 : form->n;
}

static void add_head(struct text *text, const struct form *form) {
    text->length = 0;
    text_add(
        text,
        ".version 9.0\n.target sm_100a\n.address_size 64\n"
        ".extern .shared .align 1024 .b8 space[];\n"
        ".visible .entry k(.param .u64 image, .param .u64 d, .param .u64 a, .param .u64 da,\n"
        "  .param .u64 db, .param .u32 adds, .param .u32 idesc)\n"
        ".explicitcluster .reqnctapercluster %u, 1, 1 {\n"
        ".reg .b32 %%r<20>, %%v<8>; .reg .b64 %%rd<10>; .reg .pred %%p<8>; .reg .b16 %%h<2>;\n"
        "ld.param.u64 %%rd1, [image]; ld.param.u64 %%rd2, [d]; ld.param.u64 %%rd3, [a];\n"
        "ld.param.u64 %%rd5, [da]; ld.param.u64 %%rd6, [db]; ld.param.u32 %%r10, [adds];\n"
        "ld.param.u32 %%r9, [idesc]; setp.ne.u32 %%p2, %%r10, 0;\n"
        "mov.u32 %%r1, %%tid.x; mov.u32 %%r2, %%cluster_ctarank; mov.u32 %%r11, space;\n"
        "mul.wide.u32 %%rd7, %%r2, %u; add.u64 %%rd1, %%rd1, %%rd7;\n"
        "mul.wide.u32 %%rd7, %%r2, %u; add.u64 %%rd2, %%rd2, %%rd7;\n"
        "mul.wide.u32 %%rd7, %%r2, %u; add.u64 %%rd3, %%rd3, %%rd7;\n"
        "mul.wide.u32 %%rd7, %%r1, 4; add.u64 %%rd2, %%rd2, %%rd7; add.u64 %%rd3, %%rd3, %%rd7;\n"
        "shl.b32 %%r12, %%r1, 4;\n"
        "COPY: setp.ge.u32 %%p1, %%r12, %u; @%%p1 bra COPIED;\n"
        "cvt.u64.u32 %%rd7, %%r12; add.u64 %%rd7, %%rd1, %%rd7;\n"
        "ld.global.v4.b32 {%%v0,%%v1,%%v2,%%v3}, [%%rd7]; add.u32 %%r13, %%r11, %%r12;\n"
        "st.shared.v4.b32 [%%r13], {%%v0,%%v1,%%v2,%%v3}; add.u32 %%r12, %%r12, %u; bra COPY;\n"
        "COPIED: fence.proxy.async;\n",
        blocks_of(form), (unsigned)SHARED_BYTES, (unsigned)(COLUMNS * THREADS * 4),
        (unsigned)(A_COLUMNS * THREADS * 4), (unsigned)SHARED_BYTES, THREADS * 16);
}

#define CLUSTER_BARRIER "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"

/* Copies the image to shared memory, d and a to tensor memory, multiplies, and stores d. */
static void write_kernel(struct text *text, const struct form *form) {
    const unsigned group = blocks_of(form);
    add_head(text, form);
    text_add(text,
             "setp.ge.u32 %%p4, %%r1, 32; @%%p4 bra ALLOCATED;\n"
             "tcgen05.alloc.cta_group::%u.sync.aligned.shared::cta.b32 [space+8], 512;\n"
             "tcgen05.relinquish_alloc_permit.cta_group::%u.sync.aligned;\n"
             "ALLOCATED: setp.eq.u32 %%p5, %%r1, 0; @%%p5 mbarrier.init.shared.b64 [space], 1;\n"
             "bar.sync 0; ld.shared.b32 %%r3, [space+8];\n"
             "shr.u32 %%r14, %%r1, 5; shl.b32 %%r14, %%r14, 21; add.u32 %%r4, %%r3, %%r14;\n",
             group, group);
    for (unsigned c = 0; c < columns_of(form); c += 8)
        add_store(text, "%rd2", c, c);
    if (form->is_a_in_memory)
        add_store(text, "%rd3", 0, COLUMNS);
    text_add(text,
             "tcgen05.wait::st.sync.aligned; tcgen05.fence::before_thread_sync;\n" CLUSTER_BARRIER
             "tcgen05.fence::after_thread_sync;\n"
             "setp.eq.u32 %%p6, %%r2, 0; and.pred %%p3, %%p5, %%p6; mov.u32 %%r15, space;\n");
    add_product(text, form);
    text_add(text,
             form->is_pair
                 ? "mov.b16 %%h1, 3; @%%p3 tcgen05.commit.cta_group::2.mbarrier::arrive::one"
                   ".shared::cluster.multicast::cluster.b64 [%%r15], %%h1;\n"
                 : "@%%p3 tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 "
                   "[%%r15];\n");
    text_add(text, "WAIT: mbarrier.try_wait.parity.shared.b64 %%p1, [space], 0; @!%%p1 bra WAIT;\n"
                   "tcgen05.fence::after_thread_sync;\n");
    for (unsigned c = 0; c < columns_of(form); c += 8)
        add_load(text, c);
    text_add(text,
             CLUSTER_BARRIER
             "@%%p4 bra FREED;\n"
             "tcgen05.dealloc.cta_group::%u.sync.aligned.b32 %%r3, 512;\nFREED: ret; }\n",
             group);
}

static uint64_t descriptor_of(const struct form *form, unsigned start, bool is_across) {
    static const unsigned modes[] = {[1] = 0, [2] = 6, [4] = 4, [8] = 2};
    const struct strides strides = strides_of(form, is_across);
    const unsigned begins = start + form->shifted * 128;
    const bool is_by_pairs = is_across && form->a == TF32;
    const uint64_t base = form->width > 1 ? begins >> 7 & 7 & (form->width - 1) : 0;
    return begins >> 4 | (uint64_t)(strides.leading >> 4) << 16 |
           (uint64_t)(strides.stride >> 4) << 32 | UINT64_C(1) << 46 | base << 49 |
           (uint64_t)(is_by_pairs ? 1 : modes[form->width]) << 61;
}

static uint32_t description_of(const struct form *form) {
    static const uint8_t codes[] = {[F16] = 0,  [BF16] = 1, [TF32] = 2, [E4M3] = 0, [E5M2] = 1,
                                    [E2M3] = 3, [E3M2] = 4, [E2M1] = 5, [S8] = 1,   [U8] = 0};
    const uint32_t d = form->d == F16 ? 0 : form->d == F32 ? 1 : 2;
    return (uint32_t)form->saturates << 3 | d << 4 | (uint32_t)codes[form->a] << 7 |
           (uint32_t)codes[form->b] << 10 | (uint32_t)form->negates_a << 13 |
           (uint32_t)form->negates_b << 14 | (uint32_t)form->is_a_across << 15 |
           (uint32_t)form->is_b_across << 16 | form->n / 8 << 17 | form->m / 16 << 24;
}

/* ---- Running ---- */

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8 ^ *state << 13;
}

/* An element of any bits where that is wanted, else one around 1. */
static uint32_t random_element(enum type type, bool is_wild, uint32_t *seed) {
    static const struct {
        uint32_t keep, set;
    } tame[] = {
        [F16] = {0x8fff, 0x3000}, [BF16] = {0x81ff, 0x3e00}, [TF32] = {0x80ffffff, 0x3f000000},
        [E4M3] = {0xbf, 0},       [E5M2] = {0x8f, 0x30},     [E2M3] = {0xff, 0},
        [E3M2] = {0xff, 0},       [E2M1] = {0xff, 0},        [S8] = {0xff, 0},
        [U8] = {0xff, 0}};
    const uint32_t random = next_random(seed);
    return is_wild ? random : (random & tame[type].keep) | tame[type].set;
}

static void fill(struct data *data, const struct form *form, bool is_wild, uint32_t seed) {
    const unsigned bytes = room_of(form->a);
    for (unsigned at = 0; at < BLOCKS * SHARED_BYTES; at += bytes) {
        const unsigned offset = at % SHARED_BYTES;
        const uint32_t value = random_element(offset < B_START ? form->a : form->b, is_wild, &seed);
        memcpy(data->shared[at / SHARED_BYTES] + offset, &value, bytes);
    }
    for (unsigned block = 0; block < BLOCKS; block++)
        for (unsigned k = 0; k < A_COLUMNS; k++)
            memcpy(data->a[block][k], data->shared[block] + A_START + (size_t)k * THREADS * 4,
                   sizeof data->a[block][k]);
    /* Where a pair shares 128 rows, each half of the lanes has all 64 of its block. */
    for (unsigned k = 0; k < BLOCKS * A_COLUMNS && form->is_pair && form->m == 128; k++)
        memcpy((&data->a[0][0])[k] + THREADS / 2, (&data->a[0][0])[k], sizeof data->a[0][0] / 2);
    for (unsigned k = 0; k < BLOCKS * COLUMNS * THREADS; k++) {
        const uint32_t random = next_random(&seed);
        const uint32_t single = (random & 0x81ffffff) | 0x3e000000;
        const uint32_t half = (random & 0x8fff) | 0x3000;
        const uint32_t tamed = form->d == S32 ? random : form->d == F16 ? half : single;
        (&data->d[0][0][0])[k] = is_wild && form->d != F16 ? random
                                 : is_wild                 ? random & 0xffff
                                                           : tamed;
    }
}

static enum machine_status run(struct bench *bench, const struct form *form, struct data *data) {
    struct text text;
    write_kernel(&text, form);
    if (machine_load(bench->machine, "test", text.at, text.length, &bench->module,
                     &bench->diagnostic) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    const struct {
        uint64_t image, d, a, descriptor_a, descriptor_b;
        uint32_t adds, description;
    } parameters = {bench_allocate(bench, data->shared, sizeof data->shared),
                    bench_allocate(bench, data->d, sizeof data->d),
                    bench_allocate(bench, data->a, sizeof data->a),
                    descriptor_of(form, A_START, form->is_a_across),
                    descriptor_of(form, B_START, form->is_b_across),
                    !form->overwrites,
                    description_of(form)};
    const struct machine_launch launch = {.function = machine_find_function(bench->module, "k"),
                                          .grid = {blocks_of(form), 1, 1},
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
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
    return status;
}

/* Element of d that lies in a lane and column of a block; false where there is none. */
static bool find_element(const struct form *form, unsigned block, unsigned lane, unsigned column,
                         unsigned *row, unsigned *n) {
    const unsigned rows = form->m / blocks_of(form);
    const bool is_half = rows == 64 && !form->is_pair, is_pair_half = rows == 64 && form->is_pair;
    *n = column + (is_pair_half ? lane / 64 * (form->n / 2) : 0);
    *row = block * rows + (is_half ? lane / 32 * 16 + (lane - form->lane) % 32 : lane % rows);
    return !is_half || (lane - form->lane) % 32 < 16;
}

static void compare(const struct form *form, const struct data *data) {
    static double a[256][DEPTH_MAX], b[256][DEPTH_MAX];
    for (unsigned k = 0; k < depth_of(form); k++) {
        for (unsigned row = 0; row < form->m; row++)
            a[row][k] = element(form, data, true, row, k);
        for (unsigned n = 0; n < form->n; n++)
            b[n][k] = element(form, data, false, n, k);
    }
    for (unsigned at = 0; at < blocks_of(form) * columns_of(form) * THREADS; at++) {
        const unsigned block = at / THREADS / columns_of(form);
        const unsigned column = at / THREADS % columns_of(form), lane = at % THREADS;
        const uint32_t before = data->d[block][column][lane];
        const uint32_t result = data->result[block][column][lane];
        unsigned row, n;
        const bool is_blocked =
            form->has_lanes && (blocked_lanes[block * 4 + lane / 32] >> lane % 32 & 1);
        const bool is_written = find_element(form, block, lane, column, &row, &n) && !is_blocked;
        const uint32_t wanted = is_written ? model(form, a[row], b[n], before) : before;
        if (result != wanted)
            fail_msg("m%un%u, types %d %d %d, pair %d, width %u, shifted %u, across %d %d, a in "
                     "memory %d: block %u, lane %u, column %u is %08x, not %08x",
                     form->m, form->n, form->d, form->a, form->b, form->is_pair, form->width,
                     form->shifted, form->is_a_across, form->is_b_across, form->is_a_in_memory,
                     block, lane, column, result, wanted);
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
    {.d = F16, .a = E5M2, .b = E4M3}, {.d = F32, .a = E2M3, .b = E3M2},
    {.d = F32, .a = E2M1, .b = E2M1}, {.d = F16, .a = E3M2, .b = E2M1},
    {.d = F32, .a = E2M1, .b = E4M3}, {.d = S32, .a = S8, .b = S8},
    {.d = S32, .a = S8, .b = U8},     {.d = S32, .a = U8, .b = S8},
    {.d = S32, .a = U8, .b = U8},
};
enum { PRODUCTS = sizeof products / sizeof products[0] };

static bool has_columns(const struct form *form, unsigned n) {
    const bool is_small = form->m == 64 && !form->is_pair;
    return n % (is_small ? 8 : 16) == 0 && (form->d != S32 || n == 8 || n == 24 || n % 16 == 0);
}

static void every_shape_and_type_is_the_models(void **state) {
    static const unsigned rows[] = {64, 128, 128, 256};
    for (unsigned k = 0; k < PRODUCTS * 4; k++) {
        struct form form = products[k / 4];
        form.m = rows[k % 4];
        form.is_pair = k % 4 >= 2;
        form.width = 8;
        /* All columns of two types, and of the others some. */
        for (form.n = 8; form.n <= COLUMNS; form.n += k / 4 % 11 ? 56 : 8)
            if (has_columns(&form, form.n))
                expect_model(*state, &form, false);
    }
}

/* NaN, infinities, subnormals and what overflows. */
static void any_bits_are_the_models(void **state) {
    for (unsigned k = 0; k < PRODUCTS; k++) {
        struct form form = products[k];
        form.m = 128;
        form.n = 32;
        form.width = 8;
        expect_model(*state, &form, true);
        form.saturates = form.d == S32;
        form.overwrites = form.d != S32;
        expect_model(*state, &form, true);
    }
}

static void a_may_lie_in_tensor_memory(void **state) {
    static const unsigned rows[] = {64, 128, 128, 256};
    for (unsigned k = 0; k < PRODUCTS * 4; k++) {
        struct form form = products[k / 4];
        if (form.a >= E2M3 && form.a <= E2M1)
            continue;
        form.m = rows[k % 4];
        form.is_pair = k % 4 >= 2;
        form.n = 64;
        form.width = 8;
        form.is_a_in_memory = true;
        expect_model(*state, &form, false);
        form.lane = k % 4 == 0 ? 16 : 0;
        if (form.lane)
            expect_model(*state, &form, false);
    }
}

static void every_swizzling_and_majorness_is_read(void **state) {
    static const struct form kinds[] = {{.d = F32, .a = F16, .b = F16},
                                        {.d = F32, .a = E4M3, .b = E5M2},
                                        {.d = S32, .a = S8, .b = U8},
                                        {.d = F32, .a = E2M1, .b = E3M2},
                                        {.d = F32, .a = TF32, .b = TF32}};
    for (unsigned k = 0; k < 5 * 4 * 4; k++) {
        struct form form = kinds[k / 16];
        form.m = 128;
        form.n = k % 3 ? 80 : 256;
        form.width = 1U << k % 4;
        form.is_a_across = k / 4 % 2;
        form.is_b_across = k / 8 % 2;
        form.shifted = k % 8;
        if (form.a == TF32)
            form.shifted = 0;
        expect_model(*state, &form, false);
        form.is_pair = true;
        form.n = 96;
        form.m = k % 2 ? 128 : 256;
        expect_model(*state, &form, false);
    }
}

static void modifiers_do_what_they_say(void **state) {
    for (unsigned k = 0; k < 32; k++) {
        const struct form form = {.d = k & 4 ? F16 : F32,
                                  .a = F16,
                                  .b = F16,
                                  .m = k & 8 ? 128 : 64,
                                  .n = 48,
                                  .width = 4,
                                  .negates_a = k & 1,
                                  .negates_b = k & 2,
                                  .overwrites = (k & 3) == 1,
                                  .scale = k % 16,
                                  .has_lanes = true,
                                  .lane = (k & 24) == 16 ? 16 : 0};
        expect_model(*state, &form, false);
    }
    const struct form pair = {.d = F32,
                              .a = TF32,
                              .b = TF32,
                              .m = 128,
                              .n = 64,
                              .width = 2,
                              .is_pair = true,
                              .has_lanes = true,
                              .scale = 3};
    expect_model(*state, &pair, false);
}

static void products_are_counted(void **state) {
    struct bench *bench = *state;
    const struct form form = {.d = F32, .a = BF16, .b = BF16, .m = 128, .n = 256, .width = 8};
    expect_model(bench, &form, false);
    assert_int_equal(bench->counters.tcgen05_mma_instructions, 1);
    assert_int_equal(bench->counters.tensor_warp_instructions, 0);
    assert_int_equal(bench->counters.tcgen05_multiply_adds, 128 * 256 * 16);
    assert_int_equal(bench->counters.tensor_memory_load_bytes, 128 * 256 * 4);
    assert_int_equal(bench->counters.tensor_memory_store_bytes, 128 * 256 * 4);
}

static void checks_are_silent_on_right_products(void **state) {
    struct bench *bench = *state;
    struct machine_options options = bench_options(bench);
    options.check_race = options.check_init = options.check_barrier = true;
    machine_set_options(bench->machine, &options);
    for (unsigned k = 0; k < 8; k++) {
        const struct form form = {.d = F32,
                                  .a = BF16,
                                  .b = BF16,
                                  .m = k & 1 ? 256 : 128,
                                  .n = 32,
                                  .width = 8,
                                  .is_pair = k & 1,
                                  .is_a_in_memory = k & 2,
                                  .overwrites = k & 4};
        expect_model(bench, &form, false);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup_blackwell, bench_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_shape_and_type_is_the_models),  TEST(any_bits_are_the_models),
        TEST(a_may_lie_in_tensor_memory),          TEST(every_swizzling_and_majorness_is_read),
        TEST(modifiers_do_what_they_say),          TEST(products_are_counted),
        TEST(checks_are_silent_on_right_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
