/* Packing: plain copies where the elements that meet one k are neighbours in memory, squares that
 * are turned in registers where they are not. */
#include "reference/simd/gemm_pack.h"
#include "reference/simd/operand.h"
#include "reference/simd/transpose.h"

/* `count` <= WIDTH rows of k, turned: to[k * width + i], whole vectors a k. What a vector holds past
 * `width` is overwritten by that of the next k. */
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

SIMD_INLINE void turn(const struct turned *turned, enum dtype dtype, int64_t depth, float *to) {
    const int64_t width = turned->width;
    int64_t k = 0;
    for (; k + WIDTH <= depth; k += WIDTH) {
        vector square[WIDTH];
        for (int i = 0; i < WIDTH; i++)
            square[i] = operand_load(turned->data, dtype, turned->rows[i] + k);
        vector_transpose(square);
        for (int l = 0; l < WIDTH; l++)
            vector_store(to + (k + l) * width, square[l]);
    }
    if (k == depth)
        return;
    vector square[WIDTH];
    for (int i = 0; i < WIDTH; i++)
        square[i] = operand_load_first(turned->data, dtype, turned->rows[i] + k, depth - k);
    vector_transpose(square);
    for (int64_t l = 0; l < depth - k; l++)
        vector_store(to + (k + l) * width, square[l]);
}

/* Where the rows of A are neighbours in memory: a few k at a time for all tiles, so that memory is
 * read in long runs. The very last vector of a tile is stored to its width only: what follows is
 * there already. */
SIMD_INLINE void pack_rows_beside(const struct part *part, enum dtype dtype, int64_t rows,
                                  int64_t depth, float *to) {
    enum { SLICE = 8 };
    const int64_t tiles = tiles_of(rows), larger = rows % tiles, at = part->at;
    const int64_t k_step = part->k_step;
    const void *data = part->data;
    for (int64_t slice = 0; slice < depth; slice += SLICE) {
        int64_t end = depth - slice < SLICE ? depth : slice + SLICE;
        for (int64_t t = 0, i = 0, height; t < tiles; t++, i += height) {
            height = rows / tiles + (t < larger);
            float *tile = to + i * depth;
            for (int64_t k = slice; k < end; k++) {
                vector x = operand_load_first(data, dtype, at + k * k_step + i, height);
                if (k + 1 < depth)
                    vector_store(tile + k * height, x);
                else
                    vector_store_first(tile + k * height, x, height);
            }
        }
    }
}

SIMD_INLINE void pack_rows_of(const struct part *part, enum dtype dtype, int64_t rows,
                              int64_t depth, float *to) {
    if (part->step == 1) {
        pack_rows_beside(part, dtype, rows, depth, to);
        return;
    }
    for (int64_t t = 0; t < tiles_of(rows); t++) {
        int64_t first = tile_start(rows, t), height = tile_start(rows, t + 1) - first;
        struct turned turned = turned_of(part, first, height, height);
        turn(&turned, dtype, depth, to + first * depth);
    }
}

SIMD_INLINE void pack_strip_beside(const struct part *part, enum dtype dtype, int64_t columns,
                                   int64_t depth, float *to) {
    const int64_t at = part->at, k_step = part->k_step;
    const void *data = part->data;
    if (columns == TILE_COLUMNS) {
        for (int64_t k = 0; k < depth; k++)
            for (int v = 0; v < TILE_VECTORS; v++)
                vector_store(to + k * TILE_COLUMNS + (int64_t)v * WIDTH,
                             operand_load(data, dtype, at + k * k_step + (int64_t)v * WIDTH));
        return;
    }
    for (int64_t k = 0; k < depth; k++)
        for (int64_t j = 0; j < columns; j += WIDTH, to += WIDTH)
            vector_store(to, operand_load_first(data, dtype, at + k * k_step + j,
                                                columns - j < WIDTH ? columns - j : WIDTH));
}

SIMD_INLINE void pack_strip_of(const struct part *part, enum dtype dtype, int64_t columns,
                               int64_t depth, float *to) {
    if (part->step == 1) {
        pack_strip_beside(part, dtype, columns, depth, to);
        return;
    }
    const int64_t whole = (columns + WIDTH - 1) / WIDTH * WIDTH;
    for (int64_t j = 0; j < columns; j += WIDTH) {
        struct turned turned = turned_of(part, j, columns - j < WIDTH ? columns - j : WIDTH, whole);
        turn(&turned, dtype, depth, to + j);
    }
}

/* One copy of `of` a dtype, so that its loops ask nothing. */
#define FOR_EACH_DTYPE(of, part, count, depth, to)                                                 \
    switch ((part)->dtype) {                                                                       \
    case DTYPE_F32:                                                                                \
    case DTYPE_TF32:                                                                               \
        of(part, DTYPE_F32, count, depth, to);                                                     \
        break;                                                                                     \
    case DTYPE_BF16:                                                                               \
        of(part, DTYPE_BF16, count, depth, to);                                                    \
        break;                                                                                     \
    case DTYPE_F16:                                                                                \
        of(part, DTYPE_F16, count, depth, to);                                                     \
        break;                                                                                     \
    }

void SIMD_NAME(pack_rows)(const struct part *part, int64_t rows, int64_t depth, float *to) {
    FOR_EACH_DTYPE(pack_rows_of, part, rows, depth, to)
}

void SIMD_NAME(pack_strip)(const struct part *part, int64_t columns, int64_t depth, float *to) {
    FOR_EACH_DTYPE(pack_strip_of, part, columns, depth, to)
}
