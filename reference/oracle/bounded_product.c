/* Blocked product. A thread takes a panel of columns; operands are packed into small tiles first,
 * which frees the inner loop (reference/oracle/bounded_tile.c) from strides and from the kinds of
 * operands. */
#include "reference/oracle/bounded_product.h"
#include "common/instruction_set.h"
#include "reference/oracle/bounded_tile.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    PANEL_COLUMNS = 128, /* of one thread's packed piece of B, which fits a second-level cache */
    PANEL_ROWS = 16, /* of A, packed together: a cache line of a transposed operand is read once */
    SMALL = 1 << 16  /* products that are not worth waking threads for */
};

static bounded_tile_function *const tile_functions[INSTRUCTION_SETS] = {
    bounded_tile_baseline, bounded_tile_avx2, bounded_tile_avx512};

static const double unit_roundoff = 0x1p-24;
static const double smallest_normal = 0x1p-126;

struct bounded_matrix bounded_matrix_from(struct bounded_matrix matrix, int64_t row,
                                          int64_t column) {
    int64_t offset = row * matrix.row_stride + column * matrix.column_stride;
    if (matrix.exact)
        matrix.exact += offset;
    if (matrix.value)
        matrix.value += offset;
    if (matrix.error)
        matrix.error += offset;
    return matrix;
}

static inline double larger(double a, double b) {
    return a > b ? a : b;
}

/* Copies element (row + p, column + j) to value[p * width + j] and its bound to error, for p <
 * depth and j < count; zeros from there to `width`. Walks along the matrix as it lies in memory. */
static inline void gather(const struct bounded_matrix *matrix, int64_t row, int64_t column,
                          int64_t depth, int64_t count, int64_t width, double *value,
                          float *error) {
    struct bounded_matrix from = bounded_matrix_from(*matrix, row, column);
    bool by_rows = from.column_stride <= from.row_stride;
    int64_t outer = by_rows ? depth : count, inner = by_rows ? count : depth;
    int64_t outer_from = by_rows ? from.row_stride : from.column_stride;
    int64_t inner_from = by_rows ? from.column_stride : from.row_stride;
    int64_t outer_to = by_rows ? width : 1, inner_to = by_rows ? 1 : width;
    memset(error, 0, (size_t)(depth * width) * sizeof *error);
    if (count < width)
        memset(value, 0, (size_t)(depth * width) * sizeof *value);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            int64_t source = o * outer_from + i * inner_from;
            int64_t target = o * outer_to + i * inner_to;
            value[target] = from.exact ? (double)from.exact[source] : from.value[source];
            if (!from.exact)
                error[target] = from.error[source];
        }
}

/* Rows [row, row + count) of A, and zeros up to TILE_ROWS. Gives the largest |a| + ea. */
static double pack_rows(const struct bounded_matrix *a, int64_t row, int64_t count, int64_t first,
                        int64_t depth, double gamma, struct packed_rows *packed) {
    struct bounded_matrix transposed = *a;
    transposed.row_stride = a->column_stride;
    transposed.column_stride = a->row_stride;
    float error[TILE_DEPTH][TILE_ROWS];
    gather(&transposed, first, row, depth, count, TILE_ROWS, packed->value[0], error[0]);
    double largest = 0.0;
    for (int64_t p = 0; p < depth; p++)
        for (int64_t i = 0; i < TILE_ROWS; i++) {
            double magnitude = fabs(packed->value[p][i]);
            double bound = magnitude + (double)error[p][i];
            packed->scaled[p][i] = (float)(gamma * bound + (double)error[p][i]);
            packed->absolute[p][i] = (float)magnitude;
            largest = larger(largest, bound);
        }
    return largest;
}

/* Columns [column, column + count) of B, zeros up to TILE_COLUMNS. Gives the largest |b| + eb. */
static double pack_columns(const struct bounded_matrix *b, int64_t column, int64_t count,
                           int64_t first, int64_t depth, struct packed_columns *packed) {
    gather(b, first, column, depth, count, TILE_COLUMNS, packed->value[0], packed->error[0]);
    double largest = 0.0;
    for (int64_t p = 0; p < depth; p++)
        for (int64_t j = 0; j < TILE_COLUMNS; j++) {
            double bound = fabs(packed->value[p][j]) + (double)packed->error[p][j];
            packed->absolute[p][j] = (float)bound;
            largest = larger(largest, bound);
        }
    return largest;
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* What the product needs beside its operands. */
struct product {
    int64_t m, n, k;
    struct bounded_matrix a, b;
    double gamma;
    double *value;
    float *error;
    bounded_tile_function *multiply;
};

/* The largest elements of the operands, errors included. */
struct largest {
    double a, b;
};

/* Adds a tile to the result, rows from `row` and columns from `column` on, as far as they exist. */
static void tile_add(const struct product *product, const struct bounded_tile *tile, int64_t row,
                     int64_t column) {
    int64_t rows = smaller(TILE_ROWS, product->m - row);
    int64_t columns = smaller(TILE_COLUMNS, product->n - column);
    for (int64_t i = 0; i < rows; i++) {
        int64_t offset = (row + i) * product->n + column;
        for (int64_t j = 0; j < columns; j++) {
            product->value[offset + j] += tile->value[i][j];
            product->error[offset + j] += tile->error[i][j];
        }
    }
}

/* What one thread packs. */
struct packed {
    struct packed_columns columns[PANEL_COLUMNS / TILE_COLUMNS];
    struct packed_rows rows[PANEL_ROWS / TILE_ROWS];
};

/* Rows from `row` on, PANEL_ROWS of them, times the packed columns from `column` on. Gives the
 * largest |a| + ea. */
static double rows_multiply(const struct product *product, int64_t row, int64_t column,
                            int64_t columns, int64_t first, int64_t depth, struct packed *packed) {
    int64_t rows = smaller(PANEL_ROWS, product->m - row);
    struct bounded_tile tile;
    double largest = 0.0;
    for (int64_t i = 0; i < rows; i += TILE_ROWS)
        largest =
            larger(largest, pack_rows(&product->a, row + i, smaller(TILE_ROWS, rows - i), first,
                                      depth, product->gamma, &packed->rows[i / TILE_ROWS]));
    for (int64_t i = 0; i < rows; i += TILE_ROWS)
        for (int64_t j = 0; j < columns; j += TILE_COLUMNS) {
            product->multiply(depth, &packed->rows[i / TILE_ROWS],
                              &packed->columns[j / TILE_COLUMNS], product->b.exact != NULL, &tile);
            tile_add(product, &tile, row + i, column + j);
        }
    return largest;
}

/* Columns [column, column + columns) of the result, sums and bounds still without the allowance for
 * the rounding of the bound itself. */
static struct largest panel_multiply(const struct product *product, int64_t column,
                                     int64_t columns) {
    struct packed packed;
    struct largest largest = {0.0, 0.0};
    for (int64_t i = 0; i < product->m; i++)
        for (int64_t j = column; j < column + columns; j++) {
            product->value[i * product->n + j] = 0.0;
            product->error[i * product->n + j] = 0.0F;
        }
    for (int64_t first = 0; first < product->k; first += TILE_DEPTH) {
        int64_t depth = smaller(TILE_DEPTH, product->k - first);
        for (int64_t j = 0; j < columns; j += TILE_COLUMNS)
            largest.b = larger(largest.b, pack_columns(&product->b, column + j,
                                                       smaller(TILE_COLUMNS, columns - j), first,
                                                       depth, &packed.columns[j / TILE_COLUMNS]));
        for (int64_t row = 0; row < product->m; row += PANEL_ROWS)
            largest.a = larger(largest.a,
                               rows_multiply(product, row, column, columns, first, depth, &packed));
    }
    return largest;
}

void bounded_product(int64_t m, int64_t n, int64_t k, struct bounded_matrix a,
                     struct bounded_matrix b, double unit, double *value, float *error) {
    double terms = (double)(k + 2);
    struct product product = {.m = m, .n = n, .k = k, .a = a, .b = b};
    product.gamma = terms * unit / (1.0 - terms * unit);
    product.value = value;
    product.error = error;
    product.multiply = tile_functions[instruction_set_best()];
    double largest_a = 0.0, largest_b = 0.0;
#pragma omp parallel for schedule(dynamic)                                                         \
    reduction(max                                                                                  \
              : largest_a, largest_b) if ((double)m * (double)n * (double)k > SMALL)
    for (int64_t column = 0; column < n; column += PANEL_COLUMNS) {
        struct largest largest =
            panel_multiply(&product, column, smaller(PANEL_COLUMNS, n - column));
        largest_a = larger(largest_a, largest.a);
        largest_b = larger(largest_b, largest.b);
    }

    /* The bound was summed in float: at most k + 8 roundings of terms that are all positive, and
     * flushed products of its own. */
    double upwards = 1.0 + (terms + 8.0) * 2.0 * unit_roundoff;
    double flushed = 2.0 * terms * smallest_normal * (1.0 + largest_a + largest_b);
#pragma omp parallel for schedule(static) if (m * n > SMALL)
    for (int64_t i = 0; i < m * n; i++)
        error[i] = (float)(error[i] * upwards + flushed);
}
