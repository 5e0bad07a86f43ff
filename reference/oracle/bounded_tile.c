/* A tile of a float64 product with its bound: strips of one vector of floats, or two of doubles,
 * whose sums stay in registers over the whole depth.
 */
#include "reference/oracle/bounded_tile.h"

#include "common/instruction_set.h"

#include <string.h>

#ifndef SIMD_LEVEL
#    error "build this file once an instruction set, with -DSIMD_LEVEL=baseline, avx2 or avx512"
#endif

typedef float floats __attribute__((vector_size(WIDTH * sizeof(float))));
typedef double doubles __attribute__((vector_size(WIDTH / 2 * sizeof(double))));

static inline floats floats_load(const float *from) {
    floats x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline doubles doubles_load(const double *from) {
    doubles x;
    memcpy(&x, from, sizeof x);
    return x;
}

static void strip_value(int64_t depth, const struct packed_rows *a, const struct packed_columns *b,
                        int column, struct bounded_tile *tile) {
    doubles low[TILE_ROWS] = {{0}}, high[TILE_ROWS] = {{0}};
    for (int64_t p = 0; p < depth; p++) {
        doubles b_low = doubles_load(&b->value[p][column]);
        doubles b_high = doubles_load(&b->value[p][column + WIDTH / 2]);
        for (int i = 0; i < TILE_ROWS; i++) {
            low[i] += a->value[p][i] * b_low;
            high[i] += a->value[p][i] * b_high;
        }
    }
    for (int i = 0; i < TILE_ROWS; i++) {
        memcpy(&tile->value[i][column], &low[i], sizeof low[i]);
        memcpy(&tile->value[i][column + WIDTH / 2], &high[i], sizeof high[i]);
    }
}

/* Adds to what the tile has. */
static void strip_bound(int64_t depth, const float a[][TILE_ROWS], const float b[][TILE_COLUMNS],
                        int column, struct bounded_tile *tile) {
    floats sums[TILE_ROWS] = {{0}};
    for (int64_t p = 0; p < depth; p++) {
        floats factors = floats_load(&b[p][column]);
        for (int i = 0; i < TILE_ROWS; i++)
            sums[i] += a[p][i] * factors;
    }
    for (int i = 0; i < TILE_ROWS; i++) {
        float *error = &tile->error[i][column];
        const floats sum = floats_load(error) + sums[i];
        memcpy(error, &sum, sizeof sum);
    }
}

void SIMD_NAME(bounded_tile)(int64_t depth, const struct packed_rows *a,
                             const struct packed_columns *b, bool b_exact,
                             struct bounded_tile *tile) {
    memset(tile->error, 0, sizeof tile->error);
    for (int column = 0; column < TILE_COLUMNS; column += WIDTH) {
        strip_value(depth, a, b, column, tile);
        strip_bound(depth, a->scaled, b->absolute, column, tile);
        if (!b_exact)
            strip_bound(depth, a->absolute, b->error, column, tile);
    }
}
