/*
 * mma.m8n8k4 of f16 (PTX ISA 9.7.14.5.1): four products of 8x4 and 4x8, each by two quads of lanes.
 * The upper rows, or the columns on the left, are in lanes 0 to 3 of the first product, and the
 * others 16 lanes behind them.
 */
#include "emulator/arithmetic/matrix_product.h"

enum { QUAD_PAIRS = 4, QUAD_ROWS = 8, QUAD_DEPTH = 4 };

/* Of a lane in its pair of quads. */
struct quad_lane {
    unsigned lane, within, offset; /* in the warp, in the quad, of its rows or columns */
};

ALWAYS_INLINE struct quad_lane quad_lane(unsigned pair, unsigned number) {
    const struct quad_lane place = {.lane = number / 4 * 16 + pair * 4 + number % 4,
                                    .within = number % 4,
                                    .offset = number / 4 * 4};
    return place;
}

/* Where element i of an accumulator lies. */
ALWAYS_INLINE struct matrix_position quad_position(struct quad_lane at, unsigned i,
                                                   enum matrix_type type) {
    const struct matrix_position narrow = {.row = at.within + at.offset, .column = i};
    const struct matrix_position wide = {.row = (at.within & 1) + (i & 2) + at.offset,
                                         .column = (i & 4) + (at.within & 2) + (i & 1)};
    return type == TYPE_F16 ? narrow : wide;
}

ALWAYS_INLINE float quad_f16(const void *const from[], unsigned lane, unsigned i) {
    const struct lanes32 *const source = from[i / 2];
    return value_of(source->at[lane] >> i % 2 * 16, TYPE_F16);
}

ALWAYS_INLINE void quad_pack(void *const to[], float sums[][QUAD_ROWS], unsigned pair,
                             enum matrix_type type) {
    const unsigned step = type == TYPE_F16 ? 2 : 1;
    for (unsigned number = 0; number < QUAD_ROWS; number++) {
        const struct quad_lane at = quad_lane(pair, number);
        for (unsigned i = 0; i < QUAD_ROWS; i += step) {
            struct lanes32 *const d = to[i / step];
            const struct matrix_position place = quad_position(at, i, type);
            const float *const first = &sums[place.row][place.column];
            d->at[at.lane] = type == TYPE_F16 ? f16_narrow(lane_bits32(first[0])) |
                                                    f16_narrow(lane_bits32(first[1])) << 16
                                              : lane_canonical32(lane_bits32(first[0]));
        }
    }
}

ALWAYS_INLINE void multiply_quads(void *const to[], const void *const from[], unsigned pair,
                                  const signed char choice[], enum matrix_type c_type,
                                  enum matrix_type d_type) {
    const bool a_is_column = choice[0] > 0;
    const bool b_is_column = choice[1] > 0;
    float a[QUAD_ROWS][QUAD_DEPTH];
    float b[QUAD_DEPTH][QUAD_ROWS];
    float sums[QUAD_ROWS][QUAD_ROWS];
    for (unsigned number = 0; number < QUAD_ROWS; number++) {
        const struct quad_lane at = quad_lane(pair, number);
        for (unsigned i = 0; i < QUAD_DEPTH; i++) {
            const unsigned row = a_is_column ? i : at.within;
            const unsigned column = b_is_column ? at.within : i;
            a[row + at.offset][a_is_column ? at.within : i] = quad_f16(from, at.lane, i);
            b[b_is_column ? i : at.within][column + at.offset] = quad_f16(from + 2, at.lane, i);
        }
        for (unsigned i = 0; i < QUAD_ROWS; i++) {
            const struct matrix_position place = quad_position(at, i, c_type);
            const struct lanes32 *const wide = from[4 + (c_type == TYPE_F16 ? 0 : i)];
            sums[place.row][place.column] =
                c_type == TYPE_F16 ? quad_f16(from + 4, at.lane, i) : lane_f32(wide->at[at.lane]);
        }
    }
    for (unsigned row = 0; row < QUAD_ROWS; row++) {
        for (unsigned step = 0; step < QUAD_DEPTH; step++) {
            for (unsigned column = 0; column < QUAD_ROWS; column++) {
                sums[row][column] =
                    accumulate(sums[row][column], a[row][step], b[step][column], TYPE_F16);
            }
        }
    }
    quad_pack(to, sums, pair, d_type);
}

/* {.row,.col}{.row,.col}, by the types of d and c */
#define QUADS(name, d_type, c_type)                                                                \
    LANE_FUNCTION(name) {                                                                          \
        for (unsigned pair = 0; pair < QUAD_PAIRS; pair++) {                                       \
            multiply_quads(to, from, pair, choice, c_type, d_type);                                \
        }                                                                                          \
    }

QUADS(quads_f16_f16, TYPE_F16, TYPE_F16)
QUADS(quads_f32_f16, TYPE_F32, TYPE_F16)
QUADS(quads_f32_f32, TYPE_F32, TYPE_F32)

#define MMA "mma.sync.aligned.m8n8k4{.row,.col}{.row,.col}"

static const struct lane_operation rows[] = {
    {MMA ".f16.f16.f16.f16", "w4=w2,w2,w4", quads_f16_f16},
    {MMA ".f32.f16.f16.f16", "w8=w2,w2,w4", quads_f32_f16},
    {MMA ".f32.f16.f16.f32", "w8=w2,w2,w8", quads_f32_f32},
};

ARITHMETIC_TABLE(arithmetic_matrix_quads, rows, OPERATION_TENSOR);
