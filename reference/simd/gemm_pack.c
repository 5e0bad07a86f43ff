/* Packing: plain copies where the elements that meet one k are neighbours in memory, squares that
 * are turned in registers where they are not. */
#include "reference/simd/gemm_pack.h"
#include "reference/simd/operand.h"
#include "reference/simd/vector.h"

/* --- squares of WIDTH x WIDTH floats, turned in registers ------------------------------------- */

/* log2(WIDTH) rounds, each of which interleaves ever larger pieces of two vectors. */

#if defined(__AVX512F__)

/* In each group of four lanes, what a 4 x 4 transposition does. */
SIMD_INLINE void quarter_transpose(vector x[4]) {
    __m512d low = _mm512_castps_pd(_mm512_unpacklo_ps(x[0], x[1]));
    __m512d high = _mm512_castps_pd(_mm512_unpackhi_ps(x[0], x[1]));
    __m512d low2 = _mm512_castps_pd(_mm512_unpacklo_ps(x[2], x[3]));
    __m512d high2 = _mm512_castps_pd(_mm512_unpackhi_ps(x[2], x[3]));
    x[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, low2));
    x[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, low2));
    x[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high, high2));
    x[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high, high2));
}

SIMD_INLINE void vector_transpose(vector x[WIDTH]) {
    enum { EVEN = 0x88, ODD = 0xDD }; /* quarters 0 and 2, or 1 and 3, of each operand */
    for (int i = 0; i < WIDTH; i += 4)
        quarter_transpose(x + i);
    for (int i = 0; i < 4; i++) {
        vector even = _mm512_shuffle_f32x4(x[i], x[i + 4], EVEN);
        vector odd = _mm512_shuffle_f32x4(x[i], x[i + 4], ODD);
        vector even2 = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], EVEN);
        vector odd2 = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], ODD);
        x[i] = _mm512_shuffle_f32x4(even, even2, EVEN);
        x[i + 4] = _mm512_shuffle_f32x4(odd, odd2, EVEN);
        x[i + 8] = _mm512_shuffle_f32x4(even, even2, ODD);
        x[i + 12] = _mm512_shuffle_f32x4(odd, odd2, ODD);
    }
}

#elif defined(__AVX2__)

SIMD_INLINE void half_transpose(vector x[4]) {
    __m256d low = _mm256_castps_pd(_mm256_unpacklo_ps(x[0], x[1]));
    __m256d high = _mm256_castps_pd(_mm256_unpackhi_ps(x[0], x[1]));
    __m256d low2 = _mm256_castps_pd(_mm256_unpacklo_ps(x[2], x[3]));
    __m256d high2 = _mm256_castps_pd(_mm256_unpackhi_ps(x[2], x[3]));
    x[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, low2));
    x[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, low2));
    x[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high, high2));
    x[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high, high2));
}

SIMD_INLINE void vector_transpose(vector x[WIDTH]) {
    enum { LOWER = 0x20, UPPER = 0x31 };
    half_transpose(x);
    half_transpose(x + 4);
    for (int i = 0; i < 4; i++) {
        vector lower = _mm256_permute2f128_ps(x[i], x[i + 4], LOWER);
        x[i + 4] = _mm256_permute2f128_ps(x[i], x[i + 4], UPPER);
        x[i] = lower;
    }
}

#else

SIMD_INLINE void vector_transpose(vector x[WIDTH]) {
    _MM_TRANSPOSE4_PS(x[0], x[1], x[2], x[3]);
}

#endif

/* --- packing ---------------------------------------------------------------------------------- */

/* What packing is compiled for. */
struct kind {
    enum dtype dtype;
    bool pairs;
};

/* WIDTH steps of a row from element `at` on; only the first `left` elements where these are
 * less. */
SIMD_INLINE vector steps_load(const void *data, struct kind kind, int64_t at, int64_t left) {
    if (kind.pairs)
        return pairs_load_first((const uint16_t *)data + at, left);
    return left >= WIDTH ? operand_load(data, kind.dtype, at)
                         : operand_load_first(data, kind.dtype, at, left);
}

/* `count` <= WIDTH neighbours from element `at` on, which meet one step; `left` k are there. */
SIMD_INLINE vector neighbours_load(const struct part *part, struct kind kind, int64_t at,
                                   int64_t count, int64_t left) {
    if (kind.pairs) {
        const uint16_t *low = (const uint16_t *)part->data + at;
        return pairs_join(low, left > 1 ? low + part->k_step : NULL, count);
    }
    return count >= WIDTH ? operand_load(part->data, kind.dtype, at)
                          : operand_load_first(part->data, kind.dtype, at, count);
}

/* `count` <= WIDTH rows of k, turned: to[step * width + i], whole vectors a step. What a vector
 * holds past `width` is overwritten by that of the next step. */
struct turned {
    const void *data;
    int64_t rows[WIDTH]; /* where each begins; the last stands for those that are missing */
    int64_t width;
};

static struct turned turned_of(const struct part *part, int64_t first, int64_t count,
                               int64_t width) {
    struct turned turned = {.data = part->data, .width = width};
    for (int64_t i = 0; i < WIDTH; i++)
        turned.rows[i] = part->at + (first + (i < count ? i : count - 1)) * part->step;
    return turned;
}

SIMD_INLINE void turn(const struct turned *turned, struct kind kind, int64_t depth, float *to) {
    const int64_t width = turned->width, whole = kind.pairs ? 2 * WIDTH : WIDTH;
    for (int64_t k = 0; k < depth; k += whole, to += WIDTH * width) {
        vector square[WIDTH];
        if (depth - k >= whole)
            for (int i = 0; i < WIDTH; i++)
                square[i] = steps_load(turned->data, kind, turned->rows[i] + k, whole);
        else
            for (int i = 0; i < WIDTH; i++)
                square[i] = steps_load(turned->data, kind, turned->rows[i] + k, depth - k);
        vector_transpose(square);
        const int64_t steps = depth - k < whole ? part_steps(kind.pairs, depth - k) : WIDTH;
        for (int64_t l = 0; l < steps; l++)
            vector_store(to + l * width, square[l]);
    }
}

/* Where the rows of A are neighbours in memory: a few steps at a time for all tiles, so that memory
 * is read in long runs. The very last vector of a tile is stored to its width only: what follows is
 * there already. */
_Static_assert(2 * (TILE_ROWS / 2 + 1) >= WIDTH, "that of the step before ends within the tile");

SIMD_INLINE void pack_rows_beside(const struct part *part, struct kind kind, int64_t rows,
                                  int64_t depth, float *to) {
    enum { SLICE = 8 };
    const int64_t tiles = tiles_of(rows), larger = rows % tiles;
    const int64_t steps = part_steps(kind.pairs, depth), each = kind.pairs ? 2 : 1;
    for (int64_t slice = 0; slice < steps; slice += SLICE) {
        int64_t end = steps - slice < SLICE ? steps : slice + SLICE;
        for (int64_t t = 0, i = 0, height; t < tiles; t++, i += height) {
            height = rows / tiles + (t < larger);
            float *tile = to + i * steps;
            for (int64_t l = slice; l < end; l++) {
                vector x = neighbours_load(part, kind, part->at + l * each * part->k_step + i,
                                           height, depth - l * each);
                if (l + 1 < steps)
                    vector_store(tile + l * height, x);
                else
                    vector_store_first(tile + l * height, x, height);
            }
        }
    }
}

SIMD_INLINE void pack_rows_of(const struct part *part, struct kind kind, int64_t rows,
                              int64_t depth, float *to) {
    if (part->step == 1) {
        pack_rows_beside(part, kind, rows, depth, to);
        return;
    }
    for (int64_t t = 0; t < tiles_of(rows); t++) {
        int64_t first = tile_start(rows, t), height = tile_start(rows, t + 1) - first;
        struct turned turned = turned_of(part, first, height, height);
        turn(&turned, kind, depth, to + first * part_steps(kind.pairs, depth));
    }
}

SIMD_INLINE void pack_strip_beside(const struct part *part, struct kind kind, int64_t columns,
                                   int64_t depth, float *to) {
    const int64_t each = kind.pairs ? 2 : 1;
    if (columns == TILE_COLUMNS) {
        for (int64_t k = 0; k < depth; k += each)
            for (int v = 0; v < TILE_VECTORS; v++, to += WIDTH)
                vector_store(to, neighbours_load(part, kind,
                                                 part->at + k * part->k_step + (int64_t)v * WIDTH,
                                                 WIDTH, depth - k));
        return;
    }
    for (int64_t k = 0; k < depth; k += each)
        for (int64_t j = 0; j < columns; j += WIDTH, to += WIDTH)
            vector_store(to, neighbours_load(part, kind, part->at + k * part->k_step + j,
                                             columns - j < WIDTH ? columns - j : WIDTH, depth - k));
}

SIMD_INLINE void pack_strip_of(const struct part *part, struct kind kind, int64_t columns,
                               int64_t depth, float *to) {
    if (part->step == 1) {
        pack_strip_beside(part, kind, columns, depth, to);
        return;
    }
    const int64_t whole = (columns + WIDTH - 1) / WIDTH * WIDTH;
    for (int64_t j = 0; j < columns; j += WIDTH) {
        struct turned turned = turned_of(part, j, columns - j < WIDTH ? columns - j : WIDTH, whole);
        turn(&turned, kind, depth, to + j);
    }
}

/* One copy of `of` a kind, so that its loops ask nothing. */
#define FOR_EACH_KIND(of, part, count, depth, to)                                                  \
    switch ((part)->dtype) {                                                                       \
    case DTYPE_F32:                                                                                \
    case DTYPE_TF32:                                                                               \
        of(part, (struct kind){DTYPE_F32, false}, count, depth, to);                               \
        break;                                                                                     \
    case DTYPE_BF16:                                                                               \
        if (PAIRS_MULTIPLY && (part)->pairs)                                                       \
            of(part, (struct kind){DTYPE_BF16, true}, count, depth, to);                           \
        else                                                                                       \
            of(part, (struct kind){DTYPE_BF16, false}, count, depth, to);                          \
        break;                                                                                     \
    case DTYPE_F16:                                                                                \
        of(part, (struct kind){DTYPE_F16, false}, count, depth, to);                               \
        break;                                                                                     \
    }

void SIMD_NAME(pack_rows)(const struct part *part, int64_t rows, int64_t depth, float *to) {
    FOR_EACH_KIND(pack_rows_of, part, rows, depth, to)
}

void SIMD_NAME(pack_strip)(const struct part *part, int64_t columns, int64_t depth, float *to) {
    FOR_EACH_KIND(pack_strip_of, part, columns, depth, to)
}
