/*
 * wgmma.mma_async of one warp; warpgroup.h says how sums are rounded.
 *
 * A lane's two neighbours in d lie in different registers, but for f16. So the values of one
 * register are eight rows by every other column of eight: each is computed as 32 lanes, from a
 * spread over the lanes by rows and b by columns.
 */
#include "emulator/arithmetic/warpgroup.h"

#include "emulator/arithmetic/half.h"
#include "emulator/arithmetic/sparse.h"

enum { DEPTH_MAX = 32, TILE = 8, HALVES = 2 };

/* a: lane l has row l / 4 of the half. b: lane l has column 2 (l % 4) + parity of the tile. */
struct spread_rows {
    struct lanes32 at[DEPTH_MAX][HALVES];
};
struct spread_columns {
    struct lanes32 at[2][DEPTH_MAX];
};

/* How many elements, or words of bits, a row has along k. */
ALWAYS_INLINE unsigned depth_of(enum warpgroup_type type) {
    return type == WARPGROUP_TF32 || type == WARPGROUP_B1    ? 8
           : type == WARPGROUP_F16 || type == WARPGROUP_BF16 ? 16
                                                             : 32;
}

/* The bits of f32 for an element, of s32 for one of the integers. */
ALWAYS_INLINE uint32_t widen(const uint8_t *row, unsigned k, enum warpgroup_type type) {
    uint16_t half;
    uint32_t word;
    switch (type) {
    case WARPGROUP_F16:
        memcpy(&half, row + k * sizeof half, sizeof half);
        return f16_widen(half);
    case WARPGROUP_BF16:
        memcpy(&half, row + k * sizeof half, sizeof half);
        return (uint32_t)half << 16;
    case WARPGROUP_E4M3:
        return e4m3_widen(row[k]);
    case WARPGROUP_E5M2:
        return e5m2_widen(row[k]);
    case WARPGROUP_S8:
        return (uint32_t)(int32_t)(int8_t)row[k];
    case WARPGROUP_U8:
        return row[k];
    case WARPGROUP_TF32:
        memcpy(&word, row + k * sizeof word, sizeof word);
        return word & ~0x1fffu;
    case WARPGROUP_B1:
    case WARPGROUP_F32:
    case WARPGROUP_S32:
    default:
        memcpy(&word, row + k * sizeof word, sizeof word);
        return word;
    }
}

static void widen_row(uint32_t to[DEPTH_MAX], const uint8_t *row, enum warpgroup_type type,
                      bool is_negated) {
    const unsigned depth = depth_of(type);
    const uint32_t sign = is_negated ? F32_SIGN : 0;
    for (unsigned k = 0; k < depth; k++) {
        to[k] = widen(row, k, type) ^ sign;
    }
}

static void spread_rows(struct spread_rows *a, const struct warpgroup_product *product,
                        const struct warpgroup_operands *operands) {
    const unsigned depth = depth_of(product->a);
    for (unsigned row = 0; row < WARPGROUP_ROWS; row++) {
        uint32_t values[DEPTH_MAX];
        widen_row(values, operands->a[row], product->a, product->a_negated);
        for (unsigned k = 0; k < depth; k++) {
            for (unsigned lane = 0; lane < 4; lane++) {
                a->at[k][row / TILE].at[row % TILE * 4 + lane] = values[k];
            }
        }
    }
}

static void spread_columns(struct spread_columns *b, const struct warpgroup_product *product,
                           const struct warpgroup_operands *operands, unsigned tile) {
    const unsigned depth = depth_of(product->b);
    uint32_t values[TILE][DEPTH_MAX];
    for (unsigned column = 0; column < TILE; column++) {
        widen_row(values[column], operands->b[tile * TILE + column], product->b,
                  product->b_negated);
    }
    for (unsigned parity = 0; parity < 2; parity++) {
        for (unsigned k = 0; k < depth; k++) {
            const uint32_t four[4] = {values[parity][k], values[2 + parity][k],
                                      values[4 + parity][k], values[6 + parity][k]};
            for (unsigned group = 0; group < LANES / 4; group++) {
                memcpy(&b->at[parity][k].at[(size_t)group * 4], four, sizeof four);
            }
        }
    }
}

/* ---- One register's worth of sums ---- */

static void add_floats(struct lanes32 *sums, const struct spread_rows *a, unsigned half,
                       const struct lanes32 b[DEPTH_MAX], unsigned depth) {
    for (unsigned k = 0; k < depth; k++) {
        FOR_LANES(lane) {
            sums->at[lane] =
                f32_fma_nearest(a->at[k][half].at[lane], b[k].at[lane], sums->at[lane]);
        }
    }
}

static void add_integers(struct lanes32 *sums, const struct spread_rows *a, unsigned half,
                         const struct lanes32 b[DEPTH_MAX], unsigned depth, bool saturates) {
    struct lanes32 products = {{0}};
    for (unsigned k = 0; k < depth; k++) {
        FOR_LANES(lane) {
            products.at[lane] += a->at[k][half].at[lane] * b[k].at[lane];
        }
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        const int64_t sum = (int64_t)(int32_t)sums->at[lane] + (int32_t)products.at[lane];
        const int64_t raised = sum < INT32_MIN ? INT32_MIN : sum;
        const int64_t clamped = raised > INT32_MAX ? INT32_MAX : raised;
        sums->at[lane] = (uint32_t)(saturates ? clamped : sum);
    }
}

static void add_bits(struct lanes32 *sums, const struct spread_rows *a, unsigned half,
                     const struct lanes32 b[DEPTH_MAX], unsigned depth) {
    for (unsigned k = 0; k < depth; k++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            sums->at[lane] += lane_count(a->at[k][half].at[lane] & b[k].at[lane]);
        }
    }
}

static void add(const struct warpgroup_product *product, struct lanes32 *sums,
                const struct spread_rows *a, unsigned half, const struct lanes32 b[DEPTH_MAX]) {
    const unsigned depth = depth_of(product->a);
    if (product->d != WARPGROUP_S32) {
        add_floats(sums, a, half, b, depth);
    } else if (product->a == WARPGROUP_B1) {
        add_bits(sums, a, half, b, depth);
    } else {
        add_integers(sums, a, half, b, depth, product->saturates);
    }
}

/* ---- Accumulators ---- */

static void start(struct lanes32 *sums, const struct warpgroup_product *product,
                  const struct lanes32 *d, unsigned parity, bool accumulates) {
    FOR_LANES(lane) {
        const uint32_t word = d->at[lane];
        const uint32_t half = f16_widen(word >> (parity * 16) & 0xffffu);
        const uint32_t value = product->d == WARPGROUP_F16 ? half : word;
        sums->at[lane] = accumulates ? value : 0;
    }
}

/* A register: the sums of one parity, or of f16 also those of the next. */
static void finish(struct lanes32 *d, const struct warpgroup_product *product,
                   const struct lanes32 *sums, const struct lanes32 *next) {
    FOR_LANES(lane) {
        const uint32_t pair = f16_narrow(sums->at[lane]) | f16_narrow(next->at[lane]) << 16;
        const uint32_t single =
            product->d == WARPGROUP_F32 ? lane_canonical32(sums->at[lane]) : sums->at[lane];
        d->at[lane] = product->d == WARPGROUP_F16 ? pair : single;
    }
}

/* Both parities of eight rows: two registers, or one of f16. */
static void multiply_half(const struct warpgroup_product *product,
                          const struct warpgroup_operands *operands, const struct spread_rows *a,
                          const struct spread_columns *b, unsigned tile, unsigned half) {
    const bool is_packed = product->d == WARPGROUP_F16;
    struct lanes32 *const *const d =
        operands->d + (size_t)(tile * HALVES + half) * (is_packed ? 1 : 2);
    struct lanes32 sums[2];
    for (unsigned parity = 0; parity < 2; parity++) {
        start(&sums[parity], product, d[is_packed ? 0 : parity], parity, operands->accumulates);
        add(product, &sums[parity], a, half, b->at[parity]);
    }
    finish(d[0], product, &sums[0], &sums[1]);
    if (!is_packed) {
        finish(d[1], product, &sums[1], &sums[1]);
    }
}

/* ---- Sparse products ---- */

/* Values of a that are there, and where they lie along k. */
struct sparse_rows {
    uint32_t values[WARPGROUP_ROWS][DEPTH_MAX];
    uint8_t places[WARPGROUP_ROWS][DEPTH_MAX];
};

static void find_sparse_rows(struct sparse_rows *rows, const struct warpgroup_product *product,
                             const struct warpgroup_operands *operands) {
    const unsigned depth = depth_of(product->a), each = product->a == WARPGROUP_TF32 ? 1 : 2;
    const bool is_wide = depth < DEPTH_MAX;
    const unsigned first = product->selector * (depth / each / 4);
    for (unsigned row = 0; row < WARPGROUP_ROWS; row++) {
        widen_row(rows->values[row], operands->a[row], product->a, product->a_negated);
        for (unsigned k = 0; k < depth; k++) {
            const uint32_t bits = chunk_metadata(operands->metadata, first, row, k / each, is_wide);
            rows->places[row][k] = (uint8_t)sparse_column(k, bits, each);
        }
    }
}

static void add_sparse(const struct warpgroup_product *product, struct lanes32 *sums,
                       const struct sparse_rows *a, unsigned half,
                       const uint32_t (*columns)[2 * DEPTH_MAX]) {
    const unsigned depth = depth_of(product->a);
    for (unsigned lane = 0; lane < LANES; lane++) {
        const unsigned row = half * TILE + lane / 4;
        const uint32_t *const b = columns[(size_t)(lane % 4) * 2];
        uint32_t sum = sums->at[lane];
        int64_t whole = (int32_t)sum;
        for (unsigned k = 0; k < depth; k++) {
            const uint32_t factor = b[a->places[row][k]];
            sum = f32_fma_nearest(a->values[row][k], factor, sum);
            whole += (int64_t)(int32_t)a->values[row][k] * (int32_t)factor;
        }
        const int64_t raised = whole < INT32_MIN ? INT32_MIN : whole;
        const int64_t clamped = raised > INT32_MAX ? INT32_MAX : raised;
        const uint32_t integer = (uint32_t)(product->saturates ? clamped : whole);
        sums->at[lane] = product->d == WARPGROUP_S32 ? integer : sum;
    }
}

static void multiply_sparse(const struct warpgroup_product *product,
                            const struct warpgroup_operands *operands) {
    const unsigned depth = depth_of(product->b);
    const bool is_packed = product->d == WARPGROUP_F16;
    struct sparse_rows a;
    find_sparse_rows(&a, product, operands);
    for (unsigned tile = 0; tile < product->columns / TILE; tile++) {
        uint32_t b[TILE][2 * DEPTH_MAX];
        for (unsigned column = 0; column < TILE; column++) {
            widen_row(b[column], operands->b[tile * TILE + column], product->b, product->b_negated);
            widen_row(b[column] + depth, operands->b_next[tile * TILE + column], product->b,
                      product->b_negated);
        }
        for (unsigned half = 0; half < HALVES; half++) {
            struct lanes32 *const *const d =
                operands->d + (size_t)(tile * HALVES + half) * (is_packed ? 1 : 2);
            struct lanes32 sums[2];
            for (unsigned parity = 0; parity < 2; parity++) {
                start(&sums[parity], product, d[is_packed ? 0 : parity], parity,
                      operands->accumulates);
                add_sparse(product, &sums[parity], &a, half,
                           (const uint32_t(*)[2 * DEPTH_MAX]) & b[parity]);
            }
            finish(d[0], product, &sums[0], &sums[1]);
            if (!is_packed) {
                finish(d[1], product, &sums[1], &sums[1]);
            }
        }
    }
}

extern warpgroup_function ARITHMETIC_BUILD(arithmetic_warpgroup);
void ARITHMETIC_BUILD(arithmetic_warpgroup)(const struct warpgroup_product *product,
                                            const struct warpgroup_operands *operands) {
    struct spread_rows a;
    struct spread_columns b;
    if (product->is_sparse) {
        multiply_sparse(product, operands);
        return;
    }
    spread_rows(&a, product, operands);
    for (unsigned tile = 0; tile < product->columns / TILE; tile++) {
        spread_columns(&b, product, operands, tile);
        for (unsigned half = 0; half < HALVES; half++) {
            multiply_half(product, operands, &a, &b, tile, half);
        }
    }
}
