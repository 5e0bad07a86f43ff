/*
 * tcgen05.mma: every shape and kind against a model in C, written from the PTX ISA (9.7.16): where a
 * descriptor's elements lie, what they are worth, in which lanes and columns of tensor memory the
 * results lie, and in which order they are summed (emulator/arithmetic/tensor.h).
 */
#include "tests/support/emulator_core.h"

#include <math.h>
#include <stdio.h>
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
    TEXT_BYTES = 1 << 15,
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

struct text {
    char at[TEXT_BYTES];
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(text->at + text->length, sizeof text->at - text->length, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && text->length + (size_t)length < sizeof text->at);
    text->length += (size_t)length;
}

static const char *kind_of(const struct form *form) {
    return form->a == TF32 ? "tf32" : form->a <= BF16 ? "f16" : form->d == S32 ? "i8" : "f8f6f4";
}

static void add_product(struct text *text, const struct form *form) {
    const unsigned words = form->has_lanes ? 4 * blocks_of(form) : 0;
    add(text, "@%%p3 tcgen05.mma.cta_group::%u.kind::%s [%%r3+%u], %s, %%rd6, %%r9, ",
        blocks_of(form), kind_of(form), form->lane << 16,
        form->is_a_in_memory ? form->lane ? "[%r3+1048832]" : "[%r3+256]" : "%rd5");
    for (unsigned k = 0; k < words; k++)
        add(text, "%s0x%x%s", k ? ", " : "{", blocked_lanes[k], k + 1 == words ? "}, " : "");
    add(text, "%%p2");
    if (form->scale)
        add(text, ", %u", form->scale);
    add(text, ";\n");
}

/* Eight registers from global memory to tensor memory, or back; a column of either is a thread's word. */
static void add_store(struct text *text, const char *from, unsigned first, unsigned column) {
    for (unsigned k = 0; k < 8; k++)
        add(text, "ld.global.b32 %%v%u, [%s+%u];\n", k, from, (first + k) * THREADS * 4);
    add(text,
        "tcgen05.st.sync.aligned.32x32b.x8.b32 [%%r4+%u], "
        "{%%v0,%%v1,%%v2,%%v3,%%v4,%%v5,%%v6,%%v7};\n",
        column);
}

static void add_load(struct text *text, unsigned column) {
    add(text,
        "tcgen05.ld.sync.aligned.32x32b.x8.b32 {%%v0,%%v1,%%v2,%%v3,%%v4,%%v5,%%v6,%%v7}, "
        "[%%r4+%u];\n"
        "tcgen05.wait::ld.sync.aligned;\n",
        column);
    for (unsigned k = 0; k < 8; k++)
        add(text, "st.global.b32 [%%rd2+%u], %%v%u;\n", (column + k) * THREADS * 4, k);
}

static unsigned columns_of(const struct form *form) {
    return form->is_pair && form->m == 128 ? form->n / 2 : form->n;
}

static void add_head(struct text *text, const struct form *form) {
    text->length = 0;
    add(text,
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
    add(text,
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
    add(text, "tcgen05.wait::st.sync.aligned; tcgen05.fence::before_thread_sync;\n" CLUSTER_BARRIER
              "tcgen05.fence::after_thread_sync;\n"
              "setp.eq.u32 %%p6, %%r2, 0; and.pred %%p3, %%p5, %%p6; mov.u32 %%r15, space;\n");
    add_product(text, form);
    add(text, form->is_pair
                  ? "mov.b16 %%h1, 3; @%%p3 tcgen05.commit.cta_group::2.mbarrier::arrive::one"
                    ".shared::cluster.multicast::cluster.b64 [%%r15], %%h1;\n"
                  : "@%%p3 tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 "
                    "[%%r15];\n");
    add(text, "WAIT: mbarrier.try_wait.parity.shared.b64 %%p1, [space], 0; @!%%p1 bra WAIT;\n"
              "tcgen05.fence::after_thread_sync;\n");
    for (unsigned c = 0; c < columns_of(form); c += 8)
        add_load(text, c);
    add(text,
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

/* ---- Loads, stores and copies ---- */

/* `statements` after 128 columns were allocated, from column %r3 on, and 4096 bytes of shared memory
 * written; %r4 is the same in the warp's own lanes, %r1 the thread, %rd1 a descriptor of space. */
static enum machine_status run_checked(struct bench *bench, bool checks, const char *statements,
                                       uint64_t output) {
    struct text text = {.length = 0};
    struct machine_options options = bench_options(bench);
    add(&text,
        ".version 9.0\n.target sm_100a\n.address_size 64\n"
        ".shared .align 1024 .b8 space[4096]; .shared .align 8 .b64 done; .shared .b32 base;\n"
        ".visible .entry k(.param .u64 output) {\n"
        ".reg .b32 %%r<20>, %%v<8>; .reg .b64 %%rd<10>; .reg .pred %%p<8>; .reg .b16 %%h<2>;\n"
        "ld.param.u64 %%rd2, [output]; mov.u32 %%r1, %%tid.x; mul.wide.u32 %%rd3, %%r1, 32;\n"
        "add.u64 %%rd2, %%rd2, %%rd3; shl.b32 %%r2, %%r1, 5; mov.u32 %%r5, space;\n"
        "add.u32 %%r2, %%r2, %%r5; shl.b32 %%r6, %%r1, 3; mov.u32 %%r7, 0;\n"
        "FILL: add.u32 %%r8, %%r6, %%r7; shl.b32 %%r9, %%r7, 2; add.u32 %%r9, %%r9, %%r2;\n"
        "st.shared.b32 [%%r9], %%r8; add.u32 %%r7, %%r7, 1; setp.lt.u32 %%p1, %%r7, 8; @%%p1 bra "
        "FILL;\n"
        "fence.proxy.async; setp.ge.u32 %%p4, %%r1, 32; setp.eq.u32 %%p5, %%r1, 0;\n"
        "@%%p5 mbarrier.init.shared.b64 [done], 1;\n"
        "@%%p4 bra ALLOCATED;\n"
        "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 128;\n"
        "ALLOCATED: bar.sync 0; ld.shared.b32 %%r3, [base];\n"
        "shr.u32 %%r14, %%r1, 5; shl.b32 %%r14, %%r14, 21; add.u32 %%r4, %%r3, %%r14;\n"
        "mov.u64 %%rd1, 0x0000401000080000; setp.ne.u32 %%p6, %%r1, %%r1; mov.b32 %%r10, "
        "0x08040490;\n"
        "%s\nbar.sync 0; @%%p4 bra FREED;\n"
        "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %%r3, 128;\nFREED: ret; }\n",
        statements);
    options.check_race = options.check_init = checks;
    machine_set_options(bench->machine, &options);
    if (machine_load(bench->machine, "test", text.at, text.length, &bench->module,
                     &bench->diagnostic) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    const struct machine_launch launch = {.function = machine_find_function(bench->module, "k"),
                                          .grid = {1, 1, 1},
                                          .block = {THREADS, 1, 1},
                                          .parameters = &output,
                                          .parameter_bytes = sizeof output};
    return machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
}

#define COMMIT                                                                                     \
    "@%p5 tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [done];\n"
#define WAIT                                                                                       \
    "WAIT: mbarrier.try_wait.parity.shared.b64 %p1, [done], 0; @!%p1 bra WAIT;\n"                  \
    "tcgen05.fence::after_thread_sync;\n"
#define COPY "@%p5 tcgen05.cp.cta_group::1.128x256b [%r3], %rd1;\n"
#define LOAD "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r4];\n"
#define LOADED "tcgen05.wait::ld.sync.aligned;\n"
#define STORE "tcgen05.st.sync.aligned.32x32b.x1.b32 [%r4], {%r1};\n"
#define STORED "tcgen05.wait::st.sync.aligned;\n"
#define USE "add.u32 %v1, %v0, 1;\n"
#define MULTIPLY "@%p5 tcgen05.mma.cta_group::1.kind::f16 [%r3+8], %rd1, %rd1, %r10, %p6;\n"

/* Where a register of a thread lies, by the figures of 9.7.16.2.3; columns of packed ones are pairs. */
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
        add(text, "%s%s%u", k ? "," : "{", prefix, k);
    add(text, "}");
}

/* Stores the number of each cell, by column and lane, with 32x32b, and loads with the shape. */
static void every_shape_is_loaded_and_stored(void **state) {
    struct bench *bench = *state;
    for (unsigned at = 0; at < 5 * 4; at++) {
        const struct shape *shape = &shapes[at / 4];
        const bool is_packed = at & 1, is_upper = at & 2 && shape->lanes == 16;
        const bool is_split = shape->column == column_halves;
        static uint32_t zeros[THREADS * 8], result[THREADS * 8];
        const uint64_t output = bench_allocate(bench, zeros, sizeof zeros);
        struct text text = {.length = 0};
        for (unsigned c = 0; c < 128; c++)
            add(&text,
                "add.u32 %%v0, %%r1, %u; tcgen05.st.sync.aligned.32x32b.x1.b32 [%%r4+%u], "
                "{%%v0};\n",
                c << 8, c);
        add(&text, STORED "tcgen05.ld.sync.aligned.%s.%s%s.b32 ", shape->name, shape->number,
            is_packed ? ".pack::16b" : "");
        add_list(&text, "%v", 8);
        add(&text, ", [%%r4+%u]%s;\n" LOADED, (is_upper ? 16U << 16 : 0) + 8,
            is_split ? is_packed ? ", 40" : ", 20" : "");
        /* And through a store of the same shape. */
        add(&text, "tcgen05.st.sync.aligned.%s.%s%s.b32 [%%r4+%u]%s, ", shape->name, shape->number,
            is_packed ? ".unpack::16b" : "", (is_upper ? 16U << 16 : 0) + 64,
            is_split ? is_packed ? ", 40" : ", 20" : "");
        add_list(&text, "%v", 8);
        add(&text, ";\n" STORED "tcgen05.ld.sync.aligned.%s.%s%s.b32 ", shape->name, shape->number,
            is_packed ? ".pack::16b" : "");
        add_list(&text, "%v", 8);
        add(&text, ", [%%r4+%u]%s;\n" LOADED, (is_upper ? 16U << 16 : 0) + 64,
            is_split ? is_packed ? ", 40" : ", 20" : "");
        for (unsigned k = 0; k < 8; k++)
            add(&text, "st.global.b32 [%%rd2+%u], %%v%u;\n", k * 4, k);
        if (run_checked(bench, true, text.at, output) != MACHINE_OK)
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

/* Rows of 32 bytes, in cores of eight rows by 16 bytes: word w of row r, which is 8 r + w, was written
 * at its place in order, so a chunk's words tell which chunk it is. */
static void copies_go_to_the_lanes_of_their_shape(void **state) {
    static const struct {
        const char *shape;
        unsigned chunks, rows, lower, step;
    } cases[] = {
        {"128x256b", 2, 128, 128, 0},
        {"128x128b", 1, 128, 128, 0},
        {"64x128b.warpx2::02_13", 1, 64, 64, 0},
        {"64x128b.warpx2::01_23", 1, 64, 32, 64},
        {"32x128b.warpx4", 1, 32, 32, 0},
    };
    struct bench *bench = *state;
    for (unsigned at = 0; at < 5; at++) {
        static uint32_t zeros[THREADS * 8], result[THREADS * 8];
        const uint64_t output = bench_allocate(bench, zeros, sizeof zeros);
        struct text text = {.length = 0};
        add(&text, "@%%p5 tcgen05.cp.cta_group::1.%s [%%r3+5], %%rd1;\n%s", cases[at].shape,
            COMMIT);
        add(&text, "%s",
            WAIT "tcgen05.ld.sync.aligned.32x32b.x4.b32 {%v0,%v1,%v2,%v3}, [%r4+5];\n" LOADED);
        for (unsigned k = 0; k < 4; k++)
            add(&text, "st.global.b32 [%%rd2+%u], %%v%u;\n", k * 4, k);
        if (cases[at].chunks == 2)
            add(&text, "%s",
                "tcgen05.ld.sync.aligned.32x32b.x4.b32 {%v4,%v5,%v6,%v7}, [%r4+9];\n" LOADED
                "st.global.b32 [%rd2+16], %v4; st.global.b32 [%rd2+20], %v5;\n"
                "st.global.b32 [%rd2+24], %v6; st.global.b32 [%rd2+28], %v7;\n");
        if (run_checked(bench, true, text.at, output) != MACHINE_OK)
            fail_msg("%s", bench->diagnostic.message);
        assert_int_equal(machine_read(bench->machine, result, output, sizeof result), MACHINE_OK);
        assert_int_equal(bench->counters.tensor_memory_copy_bytes,
                         cases[at].rows * cases[at].chunks * 16);
        for (unsigned k = 0; k < THREADS * 8; k++) {
            const unsigned lane = k / 8, word = k % 8;
            const unsigned row =
                cases[at].step ? lane / 64 * 32 + lane % 32 : lane % cases[at].lower;
            const unsigned place = row / 8 * 256 + word / 4 * 128 + row % 8 * 16 + word % 4 * 4;
            const uint32_t wanted = word / 4 < cases[at].chunks ? place / 4 : 0;
            if (result[k] != wanted)
                fail_msg("%s: lane %u, word %u is %u, not %u", cases[at].shape, lane, word,
                         result[k], wanted);
        }
        assert_int_equal(machine_free(bench->machine, output), MACHINE_OK);
    }
}

/* ---- What is found wrong ---- */

static void wrong_use_of_tensor_memory_is_found(void **state) {
    static const struct {
        bool checks;
        const char *statements, *said;
    } cases[] = {
        {false, "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r4+128];\n",
         "not all of one allocation"},
        {false, "tcgen05.st.sync.aligned.32x32b.x4.b32 [%r4+126], {%v0,%v1,%v2,%v3};\n",
         "tcgen05.st takes 4 columns of tensor memory from column 126 on"},
        {false,
         "@%p5 tcgen05.mma.cta_group::1.kind::f16 [%r3+124], %rd1, %rd1, %r10, %p6;\n" COMMIT WAIT,
         "the matrix d of tcgen05.mma takes 16 columns of tensor memory from column 124 on"},
        {false, "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [0x400000];\n",
         "warp 3 reaches lanes 96 to 127 of tensor memory, not lane 64"},
        {false, "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r4+1048576];\n",
         "the shape does not begin there"},
        {false, "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r1];\n",
         "differs among the lanes of a warp"},
        {false,
         "@%p4 bra ON; tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 512;\nON:",
         "tcgen05.alloc waits for 512 columns"},
        {false,
         "@%p4 bra ON; tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 48;\nON:",
         "48 columns of tensor memory: their number is a power of two"},
        {false,
         "@%p4 bra ON; tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;\n"
         "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 32;\nON:",
         "after the block's tcgen05.relinquish_alloc_permit"},
        {false,
         "@%p4 bra ON; tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 32;\nON:",
         "the block ends with 32 columns of tensor memory allocated, from column 128 on"},
        {false, "@%p4 bra ON; tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r3, 64;\nON:",
         "which is no allocation"},
        {false,
         "@%p4 bra ON; tcgen05.alloc.cta_group::2.sync.aligned.shared::cta.b32 [base], 32;\nON:",
         "no other block for a pair"},
        {false, "setp.lt.u32 %p7, %r1, 100; @%p7 " LOAD, "that only lanes 0x0000000f"},
        {false, "mov.b32 %r10, 0x08040494;\n" MULTIPLY COMMIT WAIT, "it says that a is sparse"},
        {false, "mov.b32 %r10, 0x04044490;\n" MULTIPLY COMMIT WAIT, ""},
        {false, "mov.b32 %r10, 0x0c040490;\n" MULTIPLY COMMIT WAIT, "no product of this shape"},
        {false, "mov.b32 %r10, 0x080404d0;\n" MULTIPLY COMMIT WAIT, "reserved bits are set"},
        {false, "mov.b32 %r10, 0x08040510;\n" MULTIPLY COMMIT WAIT, "its .kind has no such types"},
        {false, "mov.u64 %rd1, 0x0000001000080000;\n" MULTIPLY COMMIT WAIT,
         "there is none with such fixed bits"},
        {false, "mov.u64 %rd1, 0x2000401000080000;\n" MULTIPLY COMMIT WAIT,
         "with an atomicity of 32 bytes is for tf32 that is transposed"},
        {false, "mov.u64 %rd1, 0x0000402000080000;\n" MULTIPLY COMMIT WAIT,
         "the descriptor of the matrix a leads out of shared memory"},
        {false, "@%p5 tcgen05.mma.cta_group::1.kind::f16 [%r3+2097160], %rd1, %rd1, %r10, %p6;\n",
         "begins in lane 32"},
        {false,
         MULTIPLY
         "@%p5 tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%r5];\n",
         "where no mbarrier lies at its offset"},
        {false, "@%p5 mbarrier.arrive.shared.b64 _, [done];\n" WAIT, ""},
        {true, LOAD USE LOADED, "'add' reads a register of the tcgen05.ld at PTX line"},
        {true, LOAD "mov.b32 %v2, %v0; add.u32 %v1, %v2, 1;\n" LOADED,
         "'add' reads a register of the tcgen05.ld"},
        {true, STORE LOAD LOADED, "must wait for it (tcgen05.wait::st)"},
        {true, "tcgen05.st.sync.aligned.32x32b.x1.b32 [%r4+9], {%r1};\nbar.sync 0;\n" MULTIPLY,
         "the matrix d of tcgen05.mma takes column 9 of tensor memory, which the tcgen05.st"},
        {true, COPY COMMIT LOAD LOADED,
         "tcgen05.ld takes columns of tensor memory that the tcgen05.cp at PTX line"},
        {true,
         MULTIPLY COMMIT "bar.sync 0;\ntcgen05.ld.sync.aligned.32x32b.x1.b32 {%v0}, [%r4+9];\n",
         "nobody has waited at the mbarrier of a tcgen05.commit behind it"},
        {true, MULTIPLY, "tcgen05.dealloc takes columns of tensor memory that the tcgen05.mma"},
        {true, LOAD LOADED "setp.eq.u32 %p7, %v0, 0; @%p7 bra ON; ON:", "uninitialised value"},
        {true, "setp.eq.u32 %p6, %r1, %r1;\n" MULTIPLY COMMIT WAIT,
         "uninitialised read in tensor memory: nothing has written lane 0 of column 8, which is of "
         "d"},
        {true, "st.shared.b32 [%r2], %r1; bar.sync 0;\n" MULTIPLY COMMIT WAIT,
         "lets a tcgen05 instruction read a byte that thread 0 wrote, with no fence.proxy.async"},
        {true, MULTIPLY COMMIT "bar.sync 0; st.shared.b32 [%r2], %r1;\n" WAIT,
         "race in shared memory"},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const bool is_right = cases[k].said[0] == '\0';
        const enum machine_status status =
            run_checked(bench, cases[k].checks, cases[k].statements, 0);
        if ((status == MACHINE_OK) != is_right)
            fail_msg("%s: %s", is_right ? bench->log : "not found", cases[k].statements);
        if (!is_right && !strstr(bench->log, cases[k].said))
            fail_msg("'%s' is not said in: %s", cases[k].said, bench->log);
    }
}

/* A product that nobody waits for is not there. */
static void results_come_when_they_are_waited_for(void **state) {
    struct bench *bench = *state;
    static uint32_t zeros[THREADS * 8], result[THREADS * 8];
    const uint64_t output = bench_allocate(bench, zeros, sizeof zeros);
    const char *const statements =
        "tcgen05.st.sync.aligned.32x32b.x1.b32 [%r4], {%r1};\n" STORED "bar.sync 0;\n" COPY COMMIT
        "bar.sync 0;\n" LOAD LOADED "st.global.b32 [%rd2], %v0;\nbar.sync 0;\n" WAIT LOAD LOADED
        "st.global.b32 [%rd2+4], %v0;\n";
    assert_int_equal(run_checked(bench, false, statements, output), MACHINE_OK);
    assert_int_equal(machine_read(bench->machine, result, output, sizeof result), MACHINE_OK);
    for (unsigned thread = 0; thread < THREADS; thread++) {
        assert_int_equal(result[thread * 8], thread);
        assert_int_equal(result[thread * 8 + 1], thread / 8 * 64 + thread % 8 * 4);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup_blackwell, bench_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_shape_and_type_is_the_models),
        TEST(any_bits_are_the_models),
        TEST(a_may_lie_in_tensor_memory),
        TEST(every_swizzling_and_majorness_is_read),
        TEST(modifiers_do_what_they_say),
        TEST(products_are_counted),
        TEST(checks_are_silent_on_right_products),
        TEST(every_shape_is_loaded_and_stored),
        TEST(copies_go_to_the_lanes_of_their_shape),
        TEST(wrong_use_of_tensor_memory_is_found),
        TEST(results_come_when_they_are_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
