/* C = alpha op(A) op(B) + beta C, in batches; every form of the interfaces becomes one of these. */
#ifndef LOCKSTEP_EMULATOR_CUBLAS_PRODUCT_H
#define LOCKSTEP_EMULATOR_CUBLAS_PRODUCT_H

#include <stdbool.h>

#include "emulator/cublas/types.h"

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
    void *result; /* as c, and mostly the same memory */
    int batch;
    double alpha, beta;
    const void *bias; /* a number a row, of c's type, that is added; NULL: none */
    bool clips;       /* what is negative in the end becomes 0 */
};

struct product product_of(cublasOperation_t a_is, cublasOperation_t b_is, int m, int n, int k);
void matrix_set(struct matrix *matrix, const void *numbers, cudaDataType type, int leading,
                long long stride);
/* Checks all of it, and computes at once. */
cublasStatus_t product_run(CUstream stream, const struct product *product);

#endif
