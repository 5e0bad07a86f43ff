/* A stand-in for libcublas: GEMM in column-major order as cuBLAS defines it, by OpenBLAS, on the
 * host memory that the stand-in for the driver hands out. A wrong transpose, leading dimension or
 * order of operands gives a wrong result. Operands of fewer bits are widened, and tf32 is rounded
 * first. */
#include "gpu/cublas_api.h"
#include "tests/stand_in/record.h"

#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(member, name, parameters) cublas_status name parameters;
CUBLAS_FUNCTIONS(DECLARE)

#define BEGIN()                                                                                    \
    do {                                                                                           \
        int ordered = record_failure(__func__);                                                    \
        if (ordered != 0)                                                                          \
            return (cublas_status)ordered;                                                         \
    } while (0)

struct cublas_context {
    bool stream_set, workspace_set;
};

cublas_status cublasCreate_v2(struct cublas_context **handle) {
    BEGIN();
    record("cublasCreate");
    record_live(1);
    *handle = calloc(1, sizeof **handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublas_status cublasDestroy_v2(struct cublas_context *handle) {
    record("cublasDestroy");
    record_live(-1);
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublas_status cublasSetStream_v2(struct cublas_context *handle, struct cuda_stream *stream) {
    BEGIN();
    handle->stream_set = stream != NULL;
    handle->workspace_set = false; /* as cuBLAS does */
    return CUBLAS_STATUS_SUCCESS;
}

cublas_status cublasSetWorkspace_v2(struct cublas_context *handle, void *workspace, size_t bytes) {
    BEGIN();
    record("cublasSetWorkspace %zu", bytes);
    handle->workspace_set = workspace != NULL;
    return CUBLAS_STATUS_SUCCESS;
}

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE binary16 to float. */
static float from_half(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t exponent = half >> 10 & 31u, fraction = half & 1023u;
    if (exponent == 31)
        return from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0)
        return (sign ? -1.0f : 1.0f) * ldexpf((float)fraction, -24);
    return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/* To 10 bits of fraction, to nearest even, as tensor cores take tf32. */
static float to_tf32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits += 0xfffu + (bits >> 13 & 1u);
    return from_bits(bits & ~0x1fffu);
}

/* The operand as f32, same leading dimension, `elements` of it. */
static float *widen(const void *operand, cublas_data_type type, cublas_compute_type compute,
                    size_t elements) {
    float *wide = malloc(elements * sizeof wide[0]);
    for (size_t i = 0; i < elements && wide != NULL; i++) {
        if (type == CUDA_R_16BF)
            wide[i] = from_bits((uint32_t)((const uint16_t *)operand)[i] << 16);
        else if (type == CUDA_R_16F)
            wide[i] = from_half(((const uint16_t *)operand)[i]);
        else if (compute == CUBLAS_COMPUTE_32F_FAST_TF32)
            wide[i] = to_tf32(((const float *)operand)[i]);
        else
            wide[i] = ((const float *)operand)[i];
    }
    return wide;
}

static cublas_status multiply(const struct cublas_context *handle, cublas_operation transpose_a,
                              cublas_operation transpose_b, int m, int n, int k, const void *alpha,
                              const void *a, cublas_data_type a_type, int lda, const void *b,
                              cublas_data_type b_type, int ldb, const void *beta, void *c,
                              cublas_data_type c_type, int ldc, cublas_compute_type compute) {
    record("cublasGemmEx %c%c %dx%dx%d ld %d %d %d types %d %d %d compute %d",
           transpose_a == CUBLAS_OP_T ? 'T' : 'N', transpose_b == CUBLAS_OP_T ? 'T' : 'N', m, n, k,
           lda, ldb, ldc, (int)a_type, (int)b_type, (int)c_type, (int)compute);
    const int rows_a = transpose_a == CUBLAS_OP_T ? k : m;
    const int columns_a = transpose_a == CUBLAS_OP_T ? m : k;
    const int rows_b = transpose_b == CUBLAS_OP_T ? n : k;
    const int columns_b = transpose_b == CUBLAS_OP_T ? k : n;
    if (!handle->stream_set || !handle->workspace_set || lda < rows_a || ldb < rows_b || ldc < m ||
        c_type != CUDA_R_32F || a_type != b_type)
        return CUBLAS_STATUS_INVALID_VALUE;
    const size_t elements_a = (size_t)lda * (size_t)(columns_a - 1) + (size_t)rows_a;
    const size_t elements_b = (size_t)ldb * (size_t)(columns_b - 1) + (size_t)rows_b;
    float *wide_a = widen(a, a_type, compute, elements_a);
    float *wide_b = widen(b, b_type, compute, elements_b);
    cublas_status status = CUBLAS_STATUS_ALLOC_FAILED;
    if (wide_a != NULL && wide_b != NULL) {
        cblas_sgemm(CblasColMajor, transpose_a == CUBLAS_OP_T ? CblasTrans : CblasNoTrans,
                    transpose_b == CUBLAS_OP_T ? CblasTrans : CblasNoTrans, m, n, k,
                    *(const float *)alpha, wide_a, lda, wide_b, ldb, *(const float *)beta, c, ldc);
        status = CUBLAS_STATUS_SUCCESS;
    }
    free(wide_a);
    free(wide_b);
    return status;
}

cublas_status cublasGemmEx(struct cublas_context *handle, cublas_operation transpose_a,
                           cublas_operation transpose_b, int m, int n, int k, const void *alpha,
                           const void *a, cublas_data_type a_type, int lda, const void *b,
                           cublas_data_type b_type, int ldb, const void *beta, void *c,
                           cublas_data_type c_type, int ldc, cublas_compute_type compute,
                           cublas_algorithm algorithm) {
    (void)algorithm;
    BEGIN();
    return multiply(handle, transpose_a, transpose_b, m, n, k, alpha, a, a_type, lda, b, b_type,
                    ldb, beta, c, c_type, ldc, compute);
}

static size_t bytes_of(cublas_data_type type) {
    return type == CUDA_R_32F ? 4 : 2;
}

cublas_status cublasGemmStridedBatchedEx(
    struct cublas_context *handle, cublas_operation transpose_a, cublas_operation transpose_b,
    int m, int n, int k, const void *alpha, const void *a, cublas_data_type a_type, int lda,
    long long stride_a, const void *b, cublas_data_type b_type, int ldb, long long stride_b,
    const void *beta, void *c, cublas_data_type c_type, int ldc, long long stride_c, int batch,
    cublas_compute_type compute, cublas_algorithm algorithm) {
    (void)algorithm;
    BEGIN();
    record("cublasGemmStridedBatchedEx %d strides %lld %lld %lld", batch, stride_a, stride_b,
           stride_c);
    cublas_status status = batch < 0 ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
    for (long long i = 0; i < batch && status == CUBLAS_STATUS_SUCCESS; i++)
        status =
            multiply(handle, transpose_a, transpose_b, m, n, k, alpha,
                     (const char *)a + (size_t)(i * stride_a) * bytes_of(a_type), a_type, lda,
                     (const char *)b + (size_t)(i * stride_b) * bytes_of(b_type), b_type, ldb, beta,
                     (char *)c + (size_t)(i * stride_c) * bytes_of(c_type), c_type, ldc, compute);
    return status;
}
