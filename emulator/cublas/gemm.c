/* cuBLAS's products, one entry for all forms. */
#include "emulator/cublas/numbers.h"
#include "emulator/cublas/product.h"

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
    return handle ? product_run(handle->stream, &product) : CUBLAS_STATUS_NOT_INITIALIZED;
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
        return handle ? product_run(handle->stream, &product) : CUBLAS_STATUS_NOT_INITIALIZED;     \
    }
DEFINE_GEMV(S, float, CUDA_R_32F)
DEFINE_GEMV(D, double, CUDA_R_64F)
/* NOLINTEND(bugprone-macro-parentheses) */
