/* Blocked product in plain C. A thread takes a panel of columns; operands are packed into small
 * tiles first, which frees the inner loops from strides and from the kinds of operands. */
#include "reference/bounded_product.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    TILE_ROWS = 4,      /* of the result, held in registers … */
    TILE_COLUMNS = 8,   /* … in one pass over the depth */
    PANEL_COLUMNS = 64, /* of one thread's packed piece of B, which fits a second-level cache */
    DEPTH = 256,
    SMALL = 1 << 16 /* products that are not worth waking threads for */
};

static const double unit_roundoff = 0x1p-24;
static const double smallest_normal = 0x1p-126;

/* Packed operands: the values, and the float factors of the two products in the bound. */
struct packed_rows {
    double value[DEPTH][TILE_ROWS];
    float scaled[DEPTH][TILE_ROWS];   /* gamma (|a| + ea) + ea, to meet |b| + eb */
    float absolute[DEPTH][TILE_ROWS]; /* |a|, to meet eb */
};

struct packed_columns {
    double value[DEPTH][TILE_COLUMNS];
    float absolute[DEPTH][TILE_COLUMNS]; /* |b| + eb */
    float error[DEPTH][TILE_COLUMNS];    /* eb */
};

struct packed_panel {
    struct packed_columns tiles[PANEL_COLUMNS / TILE_COLUMNS];
};

struct element {
    double value, error;
};

static struct element element_at(const struct bounded_matrix *matrix, int64_t row, int64_t column) {
    int64_t index = row * matrix->row_stride + column * matrix->column_stride;
    if (matrix->exact)
        return (struct element){matrix->exact[index], 0.0};
    return (struct element){matrix->value[index], matrix->error[index]};
}

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

/* Rows beyond `rows` are packed as zeros. */
static void pack_rows(const struct bounded_matrix *a, int64_t row, int64_t rows, int64_t first,
                      int64_t depth, double gamma, struct packed_rows *packed) {
    for (int64_t i = 0; i < TILE_ROWS; i++)
        for (int64_t p = 0; p < depth; p++) {
            struct element e = {0.0, 0.0};
            if (i < rows)
                e = element_at(a, row + i, first + p);
            packed->value[p][i] = e.value;
            packed->scaled[p][i] = (float)(gamma * (fabs(e.value) + e.error) + e.error);
            packed->absolute[p][i] = (float)fabs(e.value);
        }
}

static void pack_panel(const struct bounded_matrix *b, int64_t column, int64_t columns,
                       int64_t first, int64_t depth, struct packed_panel *packed) {
    for (int64_t t = 0; t * TILE_COLUMNS < columns; t++) {
        struct packed_columns *tile = &packed->tiles[t];
        for (int64_t p = 0; p < depth; p++)
            for (int64_t j = 0; j < TILE_COLUMNS; j++) {
                struct element e = {0.0, 0.0};
                if (t * TILE_COLUMNS + j < columns)
                    e = element_at(b, first + p, column + t * TILE_COLUMNS + j);
                tile->value[p][j] = e.value;
                tile->absolute[p][j] = (float)(fabs(e.value) + e.error);
                tile->error[p][j] = (float)e.error;
            }
    }
}

static void tile_value(int64_t depth, const struct packed_rows *a, const struct packed_columns *b,
                       double sums[TILE_ROWS][TILE_COLUMNS]) {
    for (int64_t half = 0; half < TILE_COLUMNS; half += TILE_COLUMNS / 2) {
        double part[TILE_ROWS][TILE_COLUMNS / 2] = {{0.0}};
        for (int64_t p = 0; p < depth; p++)
            for (int i = 0; i < TILE_ROWS; i++)
                for (int j = 0; j < TILE_COLUMNS / 2; j++)
                    part[i][j] += a->value[p][i] * b->value[p][half + j];
        for (int i = 0; i < TILE_ROWS; i++)
            for (int j = 0; j < TILE_COLUMNS / 2; j++)
                sums[i][half + j] = part[i][j];
    }
}

static void tile_bound(int64_t depth, const float a[][TILE_ROWS], const float b[][TILE_COLUMNS],
                       float sums[TILE_ROWS][TILE_COLUMNS]) {
    float part[TILE_ROWS][TILE_COLUMNS] = {{0.0F}};
    for (int64_t p = 0; p < depth; p++)
        for (int i = 0; i < TILE_ROWS; i++)
            for (int j = 0; j < TILE_COLUMNS; j++)
                part[i][j] += a[p][i] * b[p][j];
    for (int i = 0; i < TILE_ROWS; i++)
        for (int j = 0; j < TILE_COLUMNS; j++)
            sums[i][j] += part[i][j];
}

/* Where one tile of the result goes. */
struct target {
    double *value;
    float *error;
    int64_t stride, rows, columns;
};

static void tile_multiply(int64_t depth, const struct packed_rows *a,
                          const struct packed_columns *b, bool b_exact, struct target target) {
    double value[TILE_ROWS][TILE_COLUMNS];
    float error[TILE_ROWS][TILE_COLUMNS] = {{0.0F}};
    tile_value(depth, a, b, value);
    tile_bound(depth, a->scaled, b->absolute, error);
    if (!b_exact)
        tile_bound(depth, a->absolute, b->error, error);
    for (int64_t i = 0; i < target.rows; i++)
        for (int64_t j = 0; j < target.columns; j++) {
            target.value[i * target.stride + j] += value[i][j];
            target.error[i * target.stride + j] += error[i][j];
        }
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* The largest |a| + ea of a matrix. */
static double largest(const struct bounded_matrix *matrix, int64_t rows, int64_t columns) {
    double maximum = 0.0;
#pragma omp parallel for schedule(static) reduction(max : maximum) if (rows * columns > SMALL)
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) {
            struct element e = element_at(matrix, r, c);
            maximum = fmax(maximum, fabs(e.value) + e.error);
        }
    return maximum;
}

/* What the product needs beside its operands. */
struct product {
    int64_t m, n, k;
    struct bounded_matrix a, b;
    double gamma;
    double *value;
    float *error;
};

/* Columns [column, column + columns) of the result, sums and bounds still without the allowance for
 * the rounding of the bound itself. */
static void panel_multiply(const struct product *product, int64_t column, int64_t columns) {
    struct packed_panel panel;
    struct packed_rows rows;
    for (int64_t i = 0; i < product->m; i++)
        for (int64_t j = column; j < column + columns; j++) {
            product->value[i * product->n + j] = 0.0;
            product->error[i * product->n + j] = 0.0F;
        }
    for (int64_t first = 0; first < product->k; first += DEPTH) {
        int64_t depth = smaller(DEPTH, product->k - first);
        pack_panel(&product->b, column, columns, first, depth, &panel);
        for (int64_t row = 0; row < product->m; row += TILE_ROWS) {
            int64_t row_count = smaller(TILE_ROWS, product->m - row);
            pack_rows(&product->a, row, row_count, first, depth, product->gamma, &rows);
            for (int64_t t = 0; t * TILE_COLUMNS < columns; t++) {
                int64_t offset = row * product->n + column + t * TILE_COLUMNS;
                tile_multiply(depth, &rows, &panel.tiles[t], product->b.exact != NULL,
                              (struct target){product->value + offset, product->error + offset,
                                              product->n, row_count,
                                              smaller(TILE_COLUMNS, columns - t * TILE_COLUMNS)});
            }
        }
    }
}

void bounded_product(int64_t m, int64_t n, int64_t k, struct bounded_matrix a,
                     struct bounded_matrix b, double *value, float *error) {
    double terms = (double)(k + 2);
    struct product product = {.m = m, .n = n, .k = k, .a = a, .b = b};
    product.gamma = terms * unit_roundoff / (1.0 - terms * unit_roundoff);
    product.value = value;
    product.error = error;
#pragma omp parallel for schedule(dynamic) if ((double)m * (double)n * (double)k > SMALL)
    for (int64_t column = 0; column < n; column += PANEL_COLUMNS)
        panel_multiply(&product, column, smaller(PANEL_COLUMNS, n - column));

    /* The bound was summed in float: at most k + 8 roundings of terms that are all positive, and
     * flushed products of its own. */
    double upwards = 1.0 + (terms + 8.0) * 2.0 * unit_roundoff;
    double flushed = 2.0 * terms * smallest_normal * (1.0 + largest(&a, m, k) + largest(&b, k, n));
#pragma omp parallel for schedule(static) if (m * n > SMALL)
    for (int64_t i = 0; i < m * n; i++)
        error[i] = (float)(error[i] * upwards + flushed);
}
