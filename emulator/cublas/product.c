/*
 * Products of matrices, column by column as BLAS has them.
 *
 * Both operands are copied into f64, each column without a gap. Then a strip of rows of A meets a
 * few columns of B at a time, so that what is summed stays in the first cache. Results are copied
 * to the device, whose checks thereby know that they are written.
 */
#include "emulator/cublas/product.h"

#include <stdio.h>
#include <stdlib.h>

#include "emulator/cublas/handle.h"
#include "emulator/cublas/numbers.h"

/* ---- Operands ---- */

static size_t matrix_bytes(const struct matrix *matrix, int batch) {
    const int stored_rows = matrix->is_transposed ? matrix->columns : matrix->rows;
    const int stored_columns = matrix->is_transposed ? matrix->rows : matrix->columns;
    const size_t last = (size_t)(stored_columns - 1) * (size_t)matrix->leading +
                        (size_t)stored_rows + (size_t)(batch - 1) * (size_t)matrix->stride;
    return last * number_bytes(matrix->type);
}

static bool matrix_is_right(const struct matrix *matrix) {
    const int stored_rows = matrix->is_transposed ? matrix->columns : matrix->rows;
    return matrix->rows >= 0 && matrix->columns >= 0 && matrix->stride >= 0 &&
           matrix->leading >= (stored_rows > 1 ? stored_rows : 1);
}

static double matrix_at(const struct matrix *matrix, int number, int row, int column) {
    const size_t from = (size_t)number * (size_t)matrix->stride;
    const size_t place = matrix->is_transposed
                             ? (size_t)row * (size_t)matrix->leading + (size_t)column
                             : (size_t)column * (size_t)matrix->leading + (size_t)row;
    return number_read(matrix->type, matrix->numbers, from + place);
}

/* ---- The sums ---- */

enum { STRIP = 256, COLUMNS = 8 };

typedef double sums_t[COLUMNS][STRIP];

/* A part of C. */
struct tile {
    int row, rows, column, columns;
};

/* a has `rows` rows in each of its columns, b `depth`. */
static void tile_sum(const struct tile *tile, const double *a, int rows, const double *b, int depth,
                     sums_t sums) {
    for (int j = 0; j < tile->columns; j++)
        for (int i = 0; i < tile->rows; i++)
            sums[j][i] = 0;
    for (int l = 0; l < depth; l++) {
        const double *from = a + (size_t)l * (size_t)rows + (size_t)tile->row;
        for (int j = 0; j < tile->columns; j++) {
            const double factor = b[(size_t)(tile->column + j) * (size_t)depth + (size_t)l];
            for (int i = 0; i < tile->rows; i++)
                sums[j][i] += from[i] * factor;
        }
    }
}

/* An operand without gaps, as op() has it. */
static double *matrix_copy(const struct matrix *matrix, int number) {
    double *copy = malloc(((size_t)matrix->rows * (size_t)matrix->columns + 1) * sizeof *copy);
    for (int column = 0; copy && column < matrix->columns; column++)
        for (int row = 0; row < matrix->rows; row++)
            copy[(size_t)column * (size_t)matrix->rows + (size_t)row] =
                matrix_at(matrix, number, row, column);
    return copy;
}

/* Where beta is zero C may hold anything before. */
static double result_of(const struct product *product, size_t index, int row, double sum) {
    const struct matrix *c = &product->c;
    double value = product->alpha * sum;
    if (product->beta != 0)
        value += product->beta * number_read(c->type, c->numbers, index);
    if (product->bias)
        value += number_read(c->type, product->bias, (size_t)row);
    return product->clips && value < 0 ? 0 : value;
}

static bool tile_write(CUstream stream, const struct product *product, int number,
                       const struct tile *tile, sums_t sums) {
    double results[STRIP]; /* of any type, none of which is larger */
    const struct matrix *c = &product->c;
    const size_t bytes = number_bytes(c->type);
    bool is_done = true;
    for (int j = 0; j < tile->columns && is_done; j++) {
        const size_t first = (size_t)number * (size_t)c->stride +
                             (size_t)(tile->column + j) * (size_t)c->leading + (size_t)tile->row;
        for (int i = 0; i < tile->rows; i++)
            number_write(c->type, results, (size_t)i,
                         result_of(product, first + (size_t)i, tile->row + i, sums[j][i]));
        is_done = cuMemcpyHtoDAsync_v2((CUdeviceptr)(uintptr_t)product->result + first * bytes,
                                       results, (size_t)tile->rows * bytes, stream) == CUDA_SUCCESS;
    }
    return is_done;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

static cublasStatus_t product_compute(CUstream stream, const struct product *product, int number) {
    sums_t *sums = malloc(sizeof *sums);
    double *a = matrix_copy(&product->a, number), *b = matrix_copy(&product->b, number);
    const bool has_room = a && b && sums;
    const int rows = product->c.rows, columns = product->c.columns;
    bool is_done = true;
    struct tile tile;
    for (tile.column = 0; has_room && tile.column < columns; tile.column += COLUMNS)
        for (tile.row = 0; tile.row < rows && is_done; tile.row += STRIP) {
            tile.columns = smaller(COLUMNS, columns - tile.column);
            tile.rows = smaller(STRIP, rows - tile.row);
            tile_sum(&tile, a, rows, b, product->a.columns, *sums);
            is_done = tile_write(stream, product, number, &tile, *sums);
        }
    free(a);
    free(b);
    free(sums);
    if (!has_room)
        return CUBLAS_STATUS_ALLOC_FAILED;
    return is_done ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

/* ---- One entry for all forms ---- */

cublasStatus_t product_run(CUstream stream, const struct product *product) {
    cublasStatus_t status = stream_begin(stream);
    const int batch = product->batch;
    if (status != CUBLAS_STATUS_SUCCESS)
        return status;
    if (!number_bytes(product->a.type) || !number_bytes(product->b.type) ||
        !number_bytes(product->c.type))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (batch < 0 || !matrix_is_right(&product->a) || !matrix_is_right(&product->b) ||
        !matrix_is_right(&product->c))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (!batch || !product->c.rows || !product->c.columns)
        return CUBLAS_STATUS_SUCCESS;
    const bool has_depth = product->a.columns > 0;
    if (!operand_is_there(product->c.numbers, matrix_bytes(&product->c, batch)) ||
        !operand_is_there(product->result, matrix_bytes(&product->c, batch)) ||
        (product->bias && !operand_is_there(product->bias, (size_t)product->c.rows *
                                                               number_bytes(product->c.type))) ||
        (has_depth && (!operand_is_there(product->a.numbers, matrix_bytes(&product->a, batch)) ||
                       !operand_is_there(product->b.numbers, matrix_bytes(&product->b, batch))))) {
        (void)fprintf(
            stderr, "lockstep emulator: cublas: a matrix does not lie within one allocation of the "
                    "device\n");
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    for (int number = 0; number < batch && status == CUBLAS_STATUS_SUCCESS; number++)
        status = product_compute(stream, product, number);
    return status;
}

/* ---- Describing ---- */

struct product product_of(cublasOperation_t a_is, cublasOperation_t b_is, int m, int n, int k) {
    return (struct product){.a = {.is_transposed = a_is != CUBLAS_OP_N, .rows = m, .columns = k},
                            .b = {.is_transposed = b_is != CUBLAS_OP_N, .rows = k, .columns = n},
                            .c = {.rows = m, .columns = n},
                            .batch = 1};
}

void matrix_set(struct matrix *matrix, const void *numbers, cudaDataType type, int leading,
                long long stride) {
    matrix->numbers = numbers;
    matrix->type = type;
    matrix->leading = leading;
    matrix->stride = stride;
}
