/*
 * Products of matrices, column by column as BLAS has them: C = alpha op(A) op(B) + beta C.
 *
 * Both operands are copied into f64, each column without a gap. Then a strip of rows of A meets a few
 * columns of B at a time, so that what is summed stays in the first cache.
 */
#include <stdio.h>
#include <stdlib.h>

#include "emulator/cublas/handle.h"
#include "emulator/cublas/numbers.h"

/* One operand. */
struct matrix {
    const void *numbers;
    cudaDataType type;
    bool is_transposed;
    int rows, columns; /* of op(): what the product sees */
    int leading;
    long long stride; /* from a matrix of a batch to the next */
};

struct product {
    struct matrix a, b, c;
    void *result; /* C, written */
    int batch;
    double alpha, beta;
};

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
static void result_write(const struct product *product, int number, int row, int column,
                         double sum) {
    const struct matrix *c = &product->c;
    const size_t index =
        (size_t)number * (size_t)c->stride + (size_t)column * (size_t)c->leading + (size_t)row;
    double value = product->alpha * sum;
    if (product->beta != 0)
        value += product->beta * number_read(c->type, product->result, index);
    number_write(c->type, product->result, index, value);
}

static void tile_write(const struct product *product, int number, const struct tile *tile,
                       sums_t sums) {
    for (int j = 0; j < tile->columns; j++)
        for (int i = 0; i < tile->rows; i++)
            result_write(product, number, tile->row + i, tile->column + j, sums[j][i]);
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

static bool product_compute(const struct product *product, int number) {
    sums_t *sums = malloc(sizeof *sums);
    double *a = matrix_copy(&product->a, number), *b = matrix_copy(&product->b, number);
    const bool has_room = a && b && sums;
    const int rows = product->c.rows, columns = product->c.columns;
    struct tile tile;
    for (tile.column = 0; has_room && tile.column < columns; tile.column += COLUMNS)
        for (tile.row = 0; tile.row < rows; tile.row += STRIP) {
            tile.columns = smaller(COLUMNS, columns - tile.column);
            tile.rows = smaller(STRIP, rows - tile.row);
            tile_sum(&tile, a, rows, b, product->a.columns, *sums);
            tile_write(product, number, &tile, *sums);
        }
    free(a);
    free(b);
    free(sums);
    return has_room;
}

/* ---- One entry for all forms ---- */

static cublasStatus_t product_run(cublasHandle_t handle, const struct product *product) {
    const cublasStatus_t status = handle_begin(handle);
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
        (has_depth && (!operand_is_there(product->a.numbers, matrix_bytes(&product->a, batch)) ||
                       !operand_is_there(product->b.numbers, matrix_bytes(&product->b, batch))))) {
        (void)fprintf(
            stderr, "lockstep emulator: cublas: a matrix does not lie within one allocation of the "
                    "device\n");
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    for (int number = 0; number < batch; number++)
        if (!product_compute(product, number))
            return CUBLAS_STATUS_ALLOC_FAILED;
    return CUBLAS_STATUS_SUCCESS;
}

static struct product product_of(cublasOperation_t a_is, cublasOperation_t b_is, int m, int n,
                                 int k) {
    return (struct product){.a = {.is_transposed = a_is != CUBLAS_OP_N, .rows = m, .columns = k},
                            .b = {.is_transposed = b_is != CUBLAS_OP_N, .rows = k, .columns = n},
                            .c = {.rows = m, .columns = n},
                            .batch = 1};
}

static void matrix_set(struct matrix *matrix, const void *numbers, cudaDataType type, int leading,
                       long long stride) {
    matrix->numbers = numbers;
    matrix->type = type;
    matrix->leading = leading;
    matrix->stride = stride;
}

/* ---- The forms ---- */

CUBLAS_API cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t handle, cublasOperation_t a_is, cublasOperation_t b_is, int m, int n, int k,
    const void *alpha, const void *a, cudaDataType a_type, int lda, long long a_stride,
    const void *b, cudaDataType b_type, int ldb, long long b_stride, const void *beta, void *c,
    cudaDataType c_type, int ldc, long long c_stride, int batch, cublasComputeType_t compute,
    cublasGemmAlgo_t algorithm) {
    /* CUBLAS_COMPUTE_16F and its pedantic form take factors of f16. */
    const bool has_half_factors = compute == 64 || compute == 65;
    const cudaDataType factors = has_half_factors       ? CUDA_R_16F
                                 : c_type == CUDA_R_64F ? CUDA_R_64F
                                                        : CUDA_R_32F;
    struct product product = product_of(a_is, b_is, m, n, k);
    (void)algorithm;
    if (!alpha || !beta)
        return CUBLAS_STATUS_INVALID_VALUE;
    matrix_set(&product.a, a, a_type, lda, a_stride);
    matrix_set(&product.b, b, b_type, ldb, b_stride);
    matrix_set(&product.c, c, c_type, ldc, c_stride);
    product.result = c;
    product.batch = batch;
    product.alpha = number_read(factors, alpha, 0);
    product.beta = number_read(factors, beta, 0);
    return product_run(handle, &product);
}

CUBLAS_API cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t a_is,
                                       cublasOperation_t b_is, int m, int n, int k,
                                       const void *alpha, const void *a, cudaDataType a_type,
                                       int lda, const void *b, cudaDataType b_type, int ldb,
                                       const void *beta, void *c, cudaDataType c_type, int ldc,
                                       cublasComputeType_t compute, cublasGemmAlgo_t algorithm) {
    return cublasGemmStridedBatchedEx(handle, a_is, b_is, m, n, k, alpha, a, a_type, lda, 0, b,
                                      b_type, ldb, 0, beta, c, c_type, ldc, 0, 1, compute,
                                      algorithm);
}

/* NOLINTBEGIN(bugprone-macro-parentheses): names and types that are declared take none. */
#define DEFINE_GEMM(Letter, type, kind)                                                            \
    CUBLAS_API cublasStatus_t cublas##Letter##gemmStridedBatched(                                  \
        cublasHandle_t handle, cublasOperation_t a_is, cublasOperation_t b_is, int m, int n,       \
        int k, const type *alpha, const type *a, int lda, long long a_stride, const type *b,       \
        int ldb, long long b_stride, const type *beta, type *c, int ldc, long long c_stride,       \
        int batch) {                                                                               \
        return cublasGemmStridedBatchedEx(handle, a_is, b_is, m, n, k, alpha, a, kind, lda,        \
                                          a_stride, b, kind, ldb, b_stride, beta, c, kind, ldc,    \
                                          c_stride, batch, 0, 0);                                  \
    }                                                                                              \
    CUBLAS_API cublasStatus_t cublas##Letter##gemm_v2(                                             \
        cublasHandle_t handle, cublasOperation_t a_is, cublasOperation_t b_is, int m, int n,       \
        int k, const type *alpha, const type *a, int lda, const type *b, int ldb,                  \
        const type *beta, type *c, int ldc) {                                                      \
        return cublas##Letter##gemmStridedBatched(handle, a_is, b_is, m, n, k, alpha, a, lda, 0,   \
                                                  b, ldb, 0, beta, c, ldc, 0, 1);                  \
    }
DEFINE_GEMM(S, float, CUDA_R_32F)
DEFINE_GEMM(D, double, CUDA_R_64F)

/* A vector is a matrix of one column; its step is the leading dimension of its transpose. */
#define DEFINE_GEMV(Letter, type, kind)                                                            \
    CUBLAS_API cublasStatus_t cublas##Letter##gemv_v2(                                             \
        cublasHandle_t handle, cublasOperation_t a_is, int m, int n, const type *alpha,            \
        const type *a, int lda, const type *x, int x_step, const type *beta, type *y,              \
        int y_step) {                                                                              \
        const bool is_transposed = a_is != CUBLAS_OP_N;                                            \
        struct product product = {.batch = 1};                                                     \
        if (!alpha || !beta || x_step < 1 || y_step < 1)                                           \
            return x_step < 1 || y_step < 1 ? CUBLAS_STATUS_NOT_SUPPORTED                          \
                                            : CUBLAS_STATUS_INVALID_VALUE;                         \
        /* y' = x' op(A)', whose rows are one number high. */                                      \
        product.a = (struct matrix){x, kind, false, 1, is_transposed ? m : n, x_step, 0};          \
        product.b = (struct matrix){                                                               \
            a, kind, !is_transposed, is_transposed ? m : n, is_transposed ? n : m, lda, 0};        \
        product.c = (struct matrix){y, kind, false, 1, is_transposed ? n : m, y_step, 0};          \
        product.result = y;                                                                        \
        product.alpha = (double)*alpha;                                                            \
        product.beta = (double)*beta;                                                              \
        return product_run(handle, &product);                                                      \
    }
DEFINE_GEMV(S, float, CUDA_R_32F)
DEFINE_GEMV(D, double, CUDA_R_64F)
/* NOLINTEND(bugprone-macro-parentheses) */
