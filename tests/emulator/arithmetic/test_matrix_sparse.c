/*
 * The emulator's mma.sp against plain loops over the whole matrix: fragments and metadata are laid
 * out by what PTX ISA 9.7.14.6 says of each shape, and results are equal to the bit.
 */
#include "tests/support/arithmetic_lookup.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 16, COLUMNS = 8, DEPTH = 128, REGISTERS = 22, FACTORS = 4 };

enum kind { F16, BF16, TF32, E4M3, E5M2, E3M2, E2M3, E2M1, F4, S8, U8, S4, U4 };

struct product {
    const char *name;
    unsigned k, selectors;
    enum kind a, b;
    bool is_narrow;     /* the accumulator is of f16 */
    unsigned factors;   /* of a row of a, and of a column of b */
    bool has_fractions; /* factors are ue4m3, not ue8m0 */
};

struct problem {
    double a[ROWS][DEPTH], b[DEPTH][COLUMNS], c[ROWS][COLUMNS];
    uint8_t chunks[ROWS][DEPTH / 4]; /* metadata */
    uint8_t a_factors[ROWS][FACTORS], b_factors[COLUMNS][FACTORS];
    unsigned byte, thread; /* selectors of both */
};

static unsigned bits_of(enum kind kind) {
    static const unsigned bits[] = {16, 16, 32, 8, 8, 8, 8, 8, 4, 8, 8, 4, 4};
    return bits[kind];
}

/* Columns of a chunk, which four bits of metadata stand for. */
static unsigned chunk_columns(enum kind kind) {
    return bits_of(kind) == 32 ? 2 : bits_of(kind) == 4 ? 8 : 4;
}

static int draw(uint64_t *state, int low, int high) {
    return low + (int)(lookup_random(state) % (uint64_t)(high - low + 1));
}

/* A number that the type has, of any of its digits. */
static double draw_value(uint64_t *state, enum kind kind) {
    static const int most[] = {2047, 255, 2047, 15, 7, 7, 7, 3, 3, 127, 255, 7, 15};
    static const int low[] = {-9, -20, -20, -5, -9, -4, -3, -1, -1, 0, 0, 0, 0};
    const bool is_unsigned = kind == U8 || kind == U4;
    const int mantissa = draw(state, is_unsigned ? 0 : -most[kind], most[kind]);
    return ldexp(mantissa, draw(state, low[kind], 0));
}

static uint32_t encode(double value, enum kind kind) {
    const uint32_t single = lane_bits32((float)value);
    switch (kind) {
    case F16:
        return (uint32_t)ptx("cvt.rn.f16.f32", single, 0, 0);
    case BF16:
        return (uint32_t)ptx("cvt.rn.bf16.f32", single, 0, 0);
    case TF32:
        return single;
    case E4M3:
        return (uint32_t)ptx("cvt.rn.satfinite.e4m3x2.f32", 0, single, 0);
    case E5M2:
        return (uint32_t)ptx("cvt.rn.satfinite.e5m2x2.f32", 0, single, 0);
    case E3M2:
        return (uint32_t)ptx("cvt.rn.satfinite.e3m2x2.f32", 0, single, 0);
    case E2M3:
        return (uint32_t)ptx("cvt.rn.satfinite.e2m3x2.f32", 0, single, 0);
    case E2M1: /* in the middle of its byte */
        return (uint32_t)ptx("cvt.rn.satfinite.e2m1x2.f32", 0, single, 0) << 2;
    case F4:
        return (uint32_t)ptx("cvt.rn.satfinite.e2m1x2.f32", 0, single, 0);
    default:
        return (uint32_t)(int32_t)value;
    }
}

static void put(struct lanes32 *to, unsigned lane, unsigned element, double value, enum kind kind) {
    const unsigned bits = bits_of(kind);
    const uint32_t mask = bits == 32 ? UINT32_MAX : (UINT32_C(1) << bits) - 1;
    to->at[lane] |= (encode(value, kind) & mask) << element * bits;
}

/* Which columns of a chunk are there. */
static bool is_there(unsigned metadata, unsigned column, enum kind kind) {
    const unsigned first = metadata & 3;
    const unsigned second = metadata >> 2;
    const unsigned index = bits_of(kind) == 32  ? column * 2
                           : bits_of(kind) == 4 ? column / 2
                                                : column;
    return index == first || index == second;
}

static void fill_problem(struct problem *problem, const struct product *product, uint64_t *state) {
    static const uint8_t choices[] = {0x4, 0xe, 0x8, 0x9, 0xc, 0xd};
    const unsigned columns = chunk_columns(product->a);
    memset(problem, 0, sizeof *problem);
    for (unsigned row = 0; row < ROWS; row++) {
        for (unsigned chunk = 0; chunk < product->k / columns; chunk++) {
            const uint8_t metadata = choices[draw(state, 0, columns == 2 ? 1 : 5)];
            problem->chunks[row][chunk] = metadata;
            for (unsigned i = 0; i < columns; i++)
                if (is_there(metadata, i, product->a))
                    problem->a[row][chunk * columns + i] = draw_value(state, product->a);
        }
        for (unsigned column = 0; column < COLUMNS; column++)
            problem->c[row][column] = draw(state, -40, 40);
    }
    for (unsigned step = 0; step < product->k; step++)
        for (unsigned column = 0; column < COLUMNS; column++)
            problem->b[step][column] = draw_value(state, product->b);
    for (unsigned k = 0; k < ROWS * FACTORS; k++)
        problem->a_factors[k / FACTORS][k % FACTORS] = (uint8_t)draw(state, 0x70, 0x7e);
    for (unsigned k = 0; k < COLUMNS * FACTORS; k++)
        problem->b_factors[k / FACTORS][k % FACTORS] = (uint8_t)draw(state, 0x70, 0x7e);
    problem->byte =
        product->factors ? (unsigned)draw(state, 0, 3) / product->factors * product->factors : 0;
    problem->thread = (unsigned)draw(state, 0, 1);
}

/* A lane's word of factors: those of its row or column where it has them, others elsewhere. */
static uint32_t factors_of(const struct problem *problem, const struct product *product,
                           const uint8_t *bytes) {
    uint32_t word = 0x71727374;
    for (unsigned k = 0; bytes && k < product->factors; k++) {
        word &= ~(UINT32_C(0xff) << (problem->byte + k) * 8);
        word |= (uint32_t)bytes[k] << (problem->byte + k) * 8;
    }
    return word;
}

/* Of a two lanes of a group have the factors of its rows, of b the last one those of its column. */
static void put_factors(struct lanes32 *to, const struct problem *problem,
                        const struct product *product, unsigned lane) {
    const unsigned group = lane / 4, within = lane % 4;
    const unsigned half = within - problem->thread * 2;
    to[0].at[lane] =
        factors_of(problem, product, half < 2 ? problem->a_factors[group + half * 8] : NULL);
    to[1].at[lane] = problem->byte;
    to[2].at[lane] = problem->thread;
    to[3].at[lane] = factors_of(problem, product, within == 3 ? problem->b_factors[group] : NULL);
    to[4].at[lane] = problem->byte;
    to[5].at[lane] = 3;
}

static double factor_of(const struct product *product, const uint8_t *bytes, unsigned step) {
    const unsigned byte = product->factors ? bytes[step / (product->k / product->factors)] : 0;
    if (product->factors == 0)
        return 1;
    return product->has_fractions ? ldexp(8 + (byte & 7), (int)(byte >> 3) - 10)
                                  : ldexp(1, (int)byte - 127);
}

/* Register r of a lane has what is there of as many columns as it would have twice. */
static void put_a(struct lanes32 *to, const struct problem *problem, const struct product *product,
                  unsigned lane) {
    const unsigned each = 2 * 32 / bits_of(product->a);
    const unsigned columns = chunk_columns(product->a);
    for (unsigned r = 0; r < product->k * ROWS / LANES / each; r++) {
        const unsigned row = lane / 4 + r % 2 * 8;
        const unsigned first = lane % 4 * each + r / 2 * 4 * each;
        unsigned element = 0;
        for (unsigned column = first; column < first + each; column++) {
            const unsigned metadata = problem->chunks[row][column / columns];
            if (is_there(metadata, column % columns, product->a))
                put(&to[r], lane, element++, problem->a[row][column], product->a);
        }
    }
}

static void put_b(struct lanes32 *to, const struct problem *problem, const struct product *product,
                  unsigned lane) {
    const unsigned each = 32 / bits_of(product->b);
    for (unsigned i = 0; i < product->k / 4; i++) {
        const unsigned step = i / each * 4 * each + lane % 4 * each + i % each;
        put(&to[i / each], lane, i % each, problem->b[step][lane / 4], product->b);
    }
}

static void put_c(struct lanes32 *to, const struct problem *problem, const struct product *product,
                  unsigned lane) {
    for (unsigned i = 0; i < 4; i++) {
        const double value = problem->c[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
        const bool is_integer = product->a >= S8;
        if (product->is_narrow)
            put(&to[i / 2], lane, i % 2, value, F16);
        else
            to[i].at[lane] = is_integer ? (uint32_t)(int32_t)value : lane_bits32((float)value);
    }
}

static uint32_t chunks_of(const struct problem *problem, unsigned row, unsigned first,
                          unsigned count) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++)
        bits |= (uint32_t)problem->chunks[row][first + i] << i * 4;
    return bits;
}

/* The word of thread T0, T1, … of those that contribute. */
static uint32_t metadata_of(const struct problem *problem, const struct product *product,
                            unsigned group, unsigned thread) {
    if (bits_of(product->a) >= 16)
        return chunks_of(problem, group, thread * 4, 4) |
               chunks_of(problem, group + 8, thread * 4, 4) << 16;
    return chunks_of(problem, group + thread % 2 * 8, thread / 2 * 8, 8);
}

static uint32_t expected_bits(const struct problem *problem, const struct product *product,
                              unsigned row, unsigned column) {
    float sum = (float)problem->c[row][column];
    int32_t integer = (int32_t)sum;
    for (unsigned step = 0; step < product->k; step++) {
        const double x = problem->a[row][step];
        const double y = problem->b[step][column];
        if (x != 0) /* what is left out meets nothing of b */
            sum =
                (float)fmaf((float)(x * factor_of(product, problem->a_factors[row], step)),
                            (float)(y * factor_of(product, problem->b_factors[column], step)), sum);
        if (product->a >= S8)
            integer += (int32_t)x * (int32_t)y;
    }
    if (product->a >= S8)
        return (uint32_t)integer;
    return product->is_narrow ? (uint32_t)ptx("cvt.rn.f16.f32", lane_bits32(sum), 0, 0)
                              : lane_bits32(sum);
}

static void run(const struct product *product, const struct problem *problem, unsigned selector,
                struct lanes32 *results) {
    struct lanes32 slots[REGISTERS];
    void *to[4];
    const void *from[REGISTERS];
    const unsigned contributing = 4 / product->selectors;
    const unsigned registers = product->k * bits_of(product->a) / 128;
    const unsigned sums = product->is_narrow ? 2 : 4;
    const int64_t chosen = selector;
    memset(slots, 0, sizeof slots);
    struct lanes32 *const metadata = &slots[2 * registers + sums];
    for (unsigned lane = 0; lane < LANES; lane++) {
        const unsigned thread = lane % 4 - selector * contributing;
        put_a(slots, problem, product, lane);
        put_b(slots + registers, problem, product, lane);
        put_c(slots + 2 * registers, problem, product, lane);
        metadata->at[lane] =
            thread < contributing ? metadata_of(problem, product, lane / 4, thread) : 0x12345678;
        put_factors(metadata + 2, problem, product, lane);
    }
    for (unsigned i = 0; i < REGISTERS; i++)
        from[i] = &slots[i];
    from[2 * registers + sums + 1] = &chosen;
    for (unsigned i = 0; i < 4; i++)
        to[i] = &results[i];
    const struct lookup found = lookup(product->name);
    if (found.operation == NULL)
        fail_msg("%s is not there", product->name);
    found.operation->function(to, from, found.choice);
}

static void check_results(const struct product *product, const struct problem *problem,
                          const struct lanes32 *results) {
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < 4; i++) {
            const unsigned row = lane / 4 + i / 2 * 8;
            const unsigned column = lane % 4 * 2 + i % 2;
            const uint32_t actual = product->is_narrow
                                        ? results[i / 2].at[lane] >> i % 2 * 16 & 0xffff
                                        : results[i].at[lane];
            const uint32_t expected = expected_bits(problem, product, row, column);
            if (actual != expected)
                fail_msg("%s: d[%u][%u] = 0x%x, not 0x%x", product->name, row, column, actual,
                         expected);
        }
    }
}

#define MMA "mma.sp.sync.aligned."
#define FOURS ".m16n8k128.row.col.f32.e2m1.e2m1.f32"
#define ORDERED "mma.sp::ordered_metadata.sync.aligned."

TEST(products_equal_those_of_the_whole_matrix) {
    static const struct product products[] = {
        {MMA "m16n8k16.row.col.f32.f16.f16.f32", 16, 4, F16, F16, false, 0, false},
        {ORDERED "m16n8k16.row.col.f16.f16.f16.f16", 16, 4, F16, F16, true, 0, false},
        {MMA "m16n8k32.row.col.f32.f16.f16.f32", 32, 2, F16, F16, false, 0, false},
        {ORDERED "m16n8k32.row.col.f16.f16.f16.f16", 32, 2, F16, F16, true, 0, false},
        {MMA "m16n8k16.row.col.f32.bf16.bf16.f32", 16, 4, BF16, BF16, false, 0, false},
        {ORDERED "m16n8k32.row.col.f32.bf16.bf16.f32", 32, 2, BF16, BF16, false, 0, false},
        {MMA "m16n8k8.row.col.f32.tf32.tf32.f32", 8, 4, TF32, TF32, false, 0, false},
        {ORDERED "m16n8k16.row.col.f32.tf32.tf32.f32", 16, 2, TF32, TF32, false, 0, false},
        {MMA "m16n8k64.row.col.f32.e4m3.e5m2.f32", 64, 1, E4M3, E5M2, false, 0, false},
        {ORDERED "m16n8k64.row.col.f32.e5m2.e4m3.f32", 64, 1, E5M2, E4M3, false, 0, false},
        {ORDERED "m16n8k64.row.col.f16.e4m3.e4m3.f16", 64, 1, E4M3, E4M3, true, 0, false},
        {ORDERED "kind::f8f6f4.m16n8k64.row.col.f32.e4m3.e2m1.f32", 64, 1, E4M3, E2M1, false, 0,
         false},
        {ORDERED "kind::f8f6f4.m16n8k64.row.col.f32.e3m2.e5m2.f32", 64, 1, E3M2, E5M2, false, 0,
         false},
        {ORDERED "kind::f8f6f4.m16n8k64.row.col.f16.e2m3.e3m2.f16", 64, 1, E2M3, E3M2, true, 0,
         false},
        {ORDERED "kind::f8f6f4.m16n8k64.row.col.f16.e2m1.e2m3.f16", 64, 1, E2M1, E2M3, true, 0,
         false},
        {ORDERED "kind::mxf8f6f4.block_scale.m16n8k64.row.col.f32.e4m3.e2m1.f32.ue8m0", 64, 1, E4M3,
         E2M1, false, 1, false},
        {ORDERED
         "kind::mxf8f6f4.block_scale.scale_vec::1X.m16n8k64.row.col.f32.e3m2.e5m2.f32.ue8m0",
         64, 1, E3M2, E5M2, false, 1, false},
        {ORDERED "kind::mxf4.block_scale" FOURS ".ue8m0", 128, 1, F4, F4, false, 2, false},
        {ORDERED "kind::mxf4.block_scale.scale_vec::2X" FOURS ".ue8m0", 128, 1, F4, F4, false, 2,
         false},
        {ORDERED "kind::mxf4nvf4.block_scale.scale_vec::2X" FOURS ".ue8m0", 128, 1, F4, F4, false,
         2, false},
        {ORDERED "kind::mxf4nvf4.block_scale.scale_vec::4X" FOURS ".ue4m3", 128, 1, F4, F4, false,
         4, true},
        {MMA "m16n8k32.row.col.s32.s8.u8.s32", 32, 2, S8, U8, false, 0, false},
        {ORDERED "m16n8k32.row.col.satfinite.s32.u8.s8.s32", 32, 2, U8, S8, false, 0, false},
        {MMA "m16n8k64.row.col.s32.s8.s8.s32", 64, 1, S8, S8, false, 0, false},
        {MMA "m16n8k64.row.col.s32.s4.u4.s32", 64, 2, S4, U4, false, 0, false},
        {ORDERED "m16n8k128.row.col.s32.u4.s4.s32", 128, 1, U4, S4, false, 0, false},
    };
    uint64_t random = 7;
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        const unsigned rounds = products[i].factors ? 8 : products[i].selectors;
        for (unsigned round = 0; round < rounds; round++) {
            const unsigned selector = round % products[i].selectors;
            struct problem problem;
            struct lanes32 results[4];
            fill_problem(&problem, &products[i], &random);
            run(&products[i], &problem, selector, results);
            check_results(&products[i], &problem, results);
        }
    }
}

TEST(infinities_beside_what_is_left_out_do_no_harm) {
    static const struct product product = {
        MMA "m16n8k16.row.col.f32.f16.f16.f32", 16, 4, F16, F16, false, 0, false};
    struct problem problem;
    struct lanes32 results[4];
    uint64_t random = 3;
    fill_problem(&problem, &product, &random);
    for (unsigned row = 0; row < ROWS; row++) {
        problem.chunks[row][1] = 0xc; /* the first and the last of four */
        for (unsigned column = 4; column < 8; column++)
            problem.a[row][column] = column == 5 || column == 6 ? 0 : 1;
    }
    problem.b[5][2] = INFINITY;
    problem.b[6][2] = NAN;
    run(&product, &problem, 1, results);
    check_results(&product, &problem, results);
}

TEST(integer_sums_are_clamped_where_asked) {
    static const struct product products[] = {
        {MMA "m16n8k32.row.col.s32.s8.s8.s32", 32, 2, S8, S8, false, 0, false},
        {MMA "m16n8k32.row.col.satfinite.s32.s8.s8.s32", 32, 2, S8, S8, false, 0, false}};
    for (unsigned i = 0; i < 2; i++) {
        struct problem problem = {.c[0][0] = INT32_MAX, .a[0][0] = 1, .b[0][0] = 1};
        struct lanes32 results[4];
        memset(problem.chunks, 0x4, sizeof problem.chunks);
        run(&products[i], &problem, 0, results);
        assert_int_equal(results[0].at[0], i == 0 ? 0x80000000u : 0x7fffffffu);
    }
}
