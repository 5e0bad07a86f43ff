/* A function for each number of rows and of vectors, and for each way through A. With all three
 * known to the compiler the sums stay in registers, and the innermost loop is nothing but
 * loads, multiply-adds and requests for what comes next. */
#include "reference/simd/gemm_tile.h"

#include "reference/simd/operand.h"

#include <math.h>

/* A's rows as x86 addresses them: five rows are a base with 0, 1, 2, 3 and 4 times the distance, of
 * which the third is kept in a register. Left to itself the compiler keeps a pointer a row, and has
 * not as many registers. */
enum { ROWS_A_BASE = 5, BASES = (TILE_ROWS + ROWS_A_BASE - 1) / ROWS_A_BASE };

struct walk {
    const float *base[BASES];
    int64_t row, three_rows;
};

/* Hides where the addresses come from. */
SIMD_INLINE void walk_keep(struct walk *walk, int rows) {
    for (int g = 0; g * ROWS_A_BASE < rows; g++)
        __asm__("" : "+r"(walk->base[g]));
    __asm__("" : "+r"(walk->three_rows));
}

SIMD_INLINE float walk_element(const struct walk *walk, int i) {
    const float *base = walk->base[i / ROWS_A_BASE];
    return i % ROWS_A_BASE == 3 ? base[walk->three_rows] : base[i % ROWS_A_BASE * walk->row];
}

/* What sums are kept above: 0 for ReLU, which keeps NaN. */
SIMD_INLINE vector tile_floor(const struct tile *tile) {
    return vector_set(tile->relu ? 0 : -INFINITY);
}

SIMD_INLINE void tile_store(const struct tile *tile, int rows, int vectors, bool reads_c,
                            vector sums[TILE_ROWS][TILE_VECTORS]) {
    float *c = tile->c;
    const int64_t ldc = tile->ldc;
    const vector beta = vector_set(tile->beta);
    SIMD_FOR (i, rows)
        SIMD_FOR (v, vectors) {
            float *to = c + i * ldc + (int64_t)v * WIDTH;
            vector sum = sums[i][v];
            vector_store(to, reads_c ? vector_fma(vector_load(to), beta, sum) : sum);
        }
}

/* With bias and function. A layer's C is read where sums of an earlier k are: its beta is 1
 * then. */
SIMD_INLINE void tile_finish(const struct tile *tile, int rows, int vectors,
                             vector sums[TILE_ROWS][TILE_VECTORS]) {
    const vector floor = tile_floor(tile);
    SIMD_FOR (v, vectors) {
        const vector bias = vector_load(tile->bias + (int64_t)v * WIDTH);
        SIMD_FOR (i, rows) {
            float *to = tile->c + i * tile->ldc + (int64_t)v * WIDTH;
            vector sum = tile->beta != 0 ? sums[i][v] + vector_load(to) : sums[i][v];
            vector_store(to, vector_maximum(floor, sum + bias));
        }
    }
}

/* Walked: the elements of a row of A lie side by side. Else those that meet one k do, or two k, in
 * pairs. */
enum way { WALKED, BESIDE, PAIRED, WAYS = PAIRED + PAIRS_MULTIPLY };

/* One k, or two. */
SIMD_INLINE void tile_step(const float *a, struct walk *walk, const float *b, int rows, int vectors,
                           enum way way, vector sums[TILE_ROWS][TILE_VECTORS]) {
    vector right[TILE_VECTORS];
    SIMD_FOR (v, vectors)
        right[v] = vector_load(b + (int64_t)v * WIDTH);
    if (way == WALKED)
        walk_keep(walk, rows);
    SIMD_FOR (i, rows) {
        vector left = vector_set(way == WALKED ? walk_element(walk, i) : a[i]);
        SIMD_FOR (v, vectors)
            sums[i][v] = way == PAIRED ? pairs_multiply(left, right[v], sums[i][v])
                                       : vector_fma(left, right[v], sums[i][v]);
    }
    for (int g = 0; g * ROWS_A_BASE < rows; g++)
        walk->base[g]++;
}

SIMD_INLINE void tile_of(const struct tile *tile, int rows, int vectors, enum way way) {
    vector sums[TILE_ROWS][TILE_VECTORS];
    SIMD_FOR (i, rows)
        SIMD_FOR (v, vectors)
            sums[i][v] = vector_set(0);
    const float *a = tile->a, *b = tile->b;
    const int64_t a_step = tile->a_step, b_step = tile->b_step, depth = tile->depth;
    struct walk walk = {.row = tile->a_row, .three_rows = 3 * tile->a_row};
    for (int g = 0; g * ROWS_A_BASE < rows; g++)
        walk.base[g] = a + (int64_t)g * ROWS_A_BASE * walk.row;
    struct fetch fetch = tile->fetch[0];
    const int64_t every = tile->fetch_every;
    for (int64_t k = 0; k < depth;) {
        if (fetch.count-- == 0)
            fetch = tile->fetch[1];
        vector_fetch(fetch.from);
        vector_fetch(fetch.from + fetch.apart);
        fetch.from += fetch.step;
        int64_t end = depth - k < every ? depth : k + every;
        for (; k < end; k++, a += a_step, b += b_step)
            tile_step(a, &walk, b, rows, vectors, way, sums);
    }
    if (tile->alpha != 1)
        SIMD_FOR (i, rows)
            SIMD_FOR (v, vectors)
                sums[i][v] *= tile->alpha;
    if (way != PAIRED && tile->bias != NULL) /* layers are in float32 */
        tile_finish(tile, rows, vectors, sums);
    else if (tile->beta != 0)
        tile_store(tile, rows, vectors, true, sums);
    else
        tile_store(tile, rows, vectors, false, sums);
}

#define TILE(way, rows, vectors)                                                                   \
    static void tile_##way##_##rows##_##vectors(const struct tile *tile) {                         \
        tile_of(tile, rows, vectors, way);                                                         \
    }
#define TILE_ENTRY(way, rows)                                                                      \
    { tile_##way##_##rows##_1, tile_##way##_##rows##_2 }

#define TILE_WAY(way, rows) TILE(way, rows, 1) TILE(way, rows, 2)
#if defined(__AVX512F__)
#    define TILE_WAYS(rows) TILE_WAY(WALKED, rows) TILE_WAY(BESIDE, rows) TILE_WAY(PAIRED, rows)
#    define TILE_ENTRIES(rows)                                                                     \
        {TILE_ENTRY(WALKED, rows), TILE_ENTRY(BESIDE, rows), TILE_ENTRY(PAIRED, rows)},
#else
#    define TILE_WAYS(rows) TILE_WAY(WALKED, rows) TILE_WAY(BESIDE, rows)
#    define TILE_ENTRIES(rows) {TILE_ENTRY(WALKED, rows), TILE_ENTRY(BESIDE, rows)},
#endif

#define TILES_4(each) each(1) each(2) each(3) each(4)
#define TILES_6(each) TILES_4(each) each(5) each(6)
#define TILES_14(each)                                                                             \
    TILES_6(each) each(7) each(8) each(9) each(10) each(11) each(12) each(13) each(14)
#if defined(__AVX512F__)
#    define TILES(each) TILES_14(each)
#elif defined(__AVX2__)
#    define TILES(each) TILES_6(each)
#else
#    define TILES(each) TILES_4(each)
#endif

TILES(TILE_WAYS)

typedef void tile_function(const struct tile *tile);
static tile_function *const functions[TILE_ROWS][WAYS][TILE_VECTORS] = {TILES(TILE_ENTRIES)};

/* Where C is narrower than whole vectors, the sums go to memory of their own first. */
static void tile_narrow(const struct tile *tile, tile_function *function, int64_t vectors) {
    float sums[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
    struct tile whole = *tile;
    whole.c = sums;
    whole.ldc = TILE_COLUMNS;
    whole.beta = 0;
    whole.bias = NULL;
    function(&whole);
    for (int64_t i = 0; i < tile->rows; i++)
        for (int64_t v = 0; v < vectors; v++) {
            int64_t at = v * WIDTH, left = tile->columns - at;
            int64_t count = left < WIDTH ? left : WIDTH;
            float *to = tile->c + i * tile->ldc + at;
            vector sum = vector_load(sums + i * TILE_COLUMNS + at);
            if (tile->beta != 0)
                sum = vector_fma(vector_load_first(to, count, 0), vector_set(tile->beta), sum);
            if (tile->bias != NULL)
                sum = vector_maximum(tile_floor(tile),
                                     sum + vector_load_first(tile->bias + at, count, 0));
            vector_store_first(to, sum, count);
        }
}

void SIMD_NAME(tile_multiply)(const struct tile *tile) {
    int64_t vectors = (tile->columns + WIDTH - 1) / WIDTH;
    enum way way = PAIRS_MULTIPLY && tile->pairs ? PAIRED : tile->a_row == 1 ? BESIDE : WALKED;
    tile_function *function = functions[tile->rows - 1][way][vectors - 1];
    if (tile->columns == vectors * WIDTH)
        function(tile);
    else
        tile_narrow(tile, function, vectors);
}
