/* Products of matrices by the emulator's cuBLAS, against sums written out. */
#define TESTS_OWN_MAIN
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

#include <math.h>

#include "emulator/cublas/numbers.h"
#include "emulator/cublas/types.h"

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle);
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle);
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, CUstream stream);
cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t a_is,
                                          cublasOperation_t b_is, int m, int n, int k,
                                          const void *alpha, const void *a, cudaDataType a_type,
                                          int lda, long long a_stride, const void *b,
                                          cudaDataType b_type, int ldb, long long b_stride,
                                          const void *beta, void *c, cudaDataType c_type, int ldc,
                                          long long c_stride, int batch,
                                          cublasComputeType_t compute, cublasGemmAlgo_t algorithm);
cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t a_is, cublasOperation_t b_is,
                              int m, int n, int k, const float *alpha, const float *a, int lda,
                              const float *b, int ldb, const float *beta, float *c, int ldc);
cublasStatus_t cublasSgemv_v2(cublasHandle_t handle, cublasOperation_t a_is, int m, int n,
                              const float *alpha, const float *a, int lda, const float *x,
                              int x_step, const float *beta, float *y, int y_step);

struct description;
struct layout;
cublasStatus_t cublasLtCreate(void **handle);
cublasStatus_t cublasLtDestroy(void *handle);
cublasStatus_t cublasLtMatmulDescCreate(struct description **description, int compute, int scale);
cublasStatus_t cublasLtMatmulDescDestroy(struct description *description);
cublasStatus_t cublasLtMatmulDescSetAttribute(struct description *of, int attribute,
                                              const void *value, size_t size);
cublasStatus_t cublasLtMatrixLayoutCreate(struct layout **layout, int type, uint64_t rows,
                                          uint64_t columns, int64_t leading);
cublasStatus_t cublasLtMatrixLayoutDestroy(struct layout *layout);
cublasStatus_t cublasLtMatmul(void *handle, const struct description *of, const void *alpha,
                              const void *a, const struct layout *a_is, const void *b,
                              const struct layout *b_is, const void *beta, const void *c,
                              const struct layout *c_is, void *d, const struct layout *d_is,
                              const void *algorithm, void *workspace, size_t workspace_bytes,
                              CUstream stream);

#define BLAS(status, call) assert_int_equal(call, CUBLAS_STATUS_##status)

enum { M = 19, N = 11, K = 300, LEADING = 303, BATCH = 2, LARGEST = LEADING * 304 * BATCH };

/* On the device, whose memory the host reads too. */
static void *allocate(size_t bytes) {
    CUdeviceptr address;
    OK(cuMemAlloc_v2(&address, bytes));
    return pointer_of(address);
}

static void release(void *memory) {
    OK(cuMemFree_v2((CUdeviceptr)(uintptr_t)memory));
}

static void *numbers(cudaDataType type, unsigned seed) {
    void *made = allocate(LARGEST * number_bytes(type));
    for (size_t k = 0; k < LARGEST; k++) {
        seed = seed * 1664525U + 1013904223U;
        number_write(type, made, k, (double)(int)(seed >> 24) / 128.0 - 1.0);
    }
    return made;
}

static size_t place(bool is_transposed, int row, int column, int number) {
    const int high = is_transposed ? column : row, wide = is_transposed ? row : column;
    return (size_t)wide * LEADING + (size_t)high + (size_t)number * LEADING * 304;
}

static void check(cublasHandle_t handle, cublasOperation_t a_is, cublasOperation_t b_is,
                  cudaDataType type, cudaDataType c_type, double bound) {
    void *a = numbers(type, 1), *b = numbers(type, 2), *c = numbers(c_type, 3),
         *before = numbers(c_type, 3);
    const bool is_double = c_type == CUDA_R_64F;
    const float alpha = 0.5F, beta = 3;
    const double alpha_double = 0.5, beta_double = 3;
    BLAS(SUCCESS, cublasGemmStridedBatchedEx(
                      handle, a_is, b_is, M, N, K, is_double ? (const void *)&alpha_double : &alpha,
                      a, type, LEADING, LEADING * 304, b, type, LEADING, LEADING * 304,
                      is_double ? (const void *)&beta_double : &beta, c, c_type, LEADING,
                      LEADING * 304, BATCH, is_double ? 70 : 68, -1));
    for (int number = 0; number < BATCH; number++)
        for (int column = 0; column < N; column++)
            for (int row = 0; row < M; row++) {
                double sum = 0, size = 0;
                for (int l = 0; l < K; l++) {
                    const double term =
                        number_read(type, a, place(a_is != CUBLAS_OP_N, row, l, number)) *
                        number_read(type, b, place(b_is != CUBLAS_OP_N, l, column, number));
                    sum += term;
                    size += fabs(term);
                }
                const size_t at = place(false, row, column, number);
                const double wanted = 0.5 * sum + 3 * number_read(c_type, before, at);
                assert_true(fabs(number_read(c_type, c, at) - wanted) <= bound * (size + 4));
            }
    /* Below the last row nothing is written. */
    assert_true(number_read(c_type, c, M) == number_read(c_type, before, M));
    release(a);
    release(b);
    release(c);
    release(before);
}

TEST_WITH_CONTEXT(products_are_the_sums_written_out) {
    static const cublasOperation_t forms[] = {CUBLAS_OP_N, CUBLAS_OP_T};
    cublasHandle_t handle;
    BLAS(SUCCESS, cublasCreate_v2(&handle));
    for (unsigned k = 0; k < 4; k++) {
        check(handle, forms[k & 1], forms[k >> 1], CUDA_R_32F, CUDA_R_32F, 0x1p-23);
        check(handle, forms[k & 1], forms[k >> 1], CUDA_R_64F, CUDA_R_64F, K * 0x1p-53);
    }
    check(handle, CUBLAS_OP_N, CUBLAS_OP_T, CUDA_R_16F, CUDA_R_32F, 0x1p-23);
    check(handle, CUBLAS_OP_T, CUBLAS_OP_N, CUDA_R_16F, CUDA_R_16F, 0x1p-11);
    check(handle, CUBLAS_OP_T, CUBLAS_OP_N, CUDA_R_16BF, CUDA_R_16BF, 0x1p-8);
    BLAS(SUCCESS, cublasDestroy_v2(handle));
}

TEST_WITH_CONTEXT(vectors_are_multiplied_either_way) {
    const float values[6] = {1, 2, 3, 4, 5, 6}, alpha = 1, beta = 0; /* 2x3, by columns */
    cublasHandle_t handle;
    float *a = allocate(sizeof values), *x = allocate(sizeof values), *y = allocate(sizeof values);
    memcpy(a, values, sizeof values);
    memcpy(x, values, sizeof values);
    memset(y, 0xFF, sizeof values);
    BLAS(SUCCESS, cublasCreate_v2(&handle));
    BLAS(SUCCESS, cublasSgemv_v2(handle, CUBLAS_OP_N, 2, 3, &alpha, a, 2, x, 2, &beta, y, 2));
    assert_true(y[0] == 1 + 9 + 25 && y[2] == 2 + 12 + 30 && isnan(y[1]));
    BLAS(SUCCESS, cublasSgemv_v2(handle, CUBLAS_OP_T, 2, 3, &alpha, a, 2, x, 1, &beta, y, 1));
    assert_true(y[0] == 5 && y[1] == 11 && y[2] == 17);
    BLAS(SUCCESS, cublasDestroy_v2(handle));
    release(a);
    release(x);
    release(y);
}

TEST_WITH_CONTEXT(wrong_calls_are_refused) {
    const float alpha = 1, beta = 0;
    cublasHandle_t handle;
    CUstream stream;
    CUgraph graph;
    float host[16] = {0}, *device = allocate(sizeof host);
    BLAS(NOT_INITIALIZED, cublasSgemm_v2(NULL, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &alpha, device, 4,
                                         device, 4, &beta, device, 4));
    BLAS(SUCCESS, cublasCreate_v2(&handle));
    BLAS(INVALID_VALUE, cublasSgemm_v2(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &alpha, device, 3,
                                       device, 4, &beta, device, 4));
    BLAS(EXECUTION_FAILED, cublasSgemm_v2(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &alpha, host,
                                          4, device, 4, &beta, device, 4));
    BLAS(EXECUTION_FAILED, cublasSgemm_v2(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 5, 4, &alpha, device,
                                          4, device, 4, &beta, device, 4));
    OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    BLAS(SUCCESS, cublasSetStream_v2(handle, stream));
    OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    BLAS(NOT_SUPPORTED, cublasSgemm_v2(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &alpha, device, 4,
                                       device, 4, &beta, device, 4));
    OK(cuStreamEndCapture(stream, &graph));
    OK(cuGraphDestroy(graph));
    OK(cuStreamDestroy_v2(stream));
    BLAS(SUCCESS, cublasDestroy_v2(handle));
    release(device);
}

/* A bias is added, and what is negative then is cut off. */
TEST_WITH_CONTEXT(a_product_has_an_epilogue) {
    enum { EPILOGUE = 7, BIAS_POINTER = 8, RELU_BIAS = 6, GELU = 32 };
    const float left[4] = {1, 0, 0, 1}, right[4] = {1, -5, 3, 4}, added[2] = {10, 1};
    const float alpha = 1, beta = 0;
    const int epilogue = RELU_BIAS, gelu = GELU;
    float *a = allocate(16), *b = allocate(16), *bias = allocate(8), *d = allocate(16);
    struct description *description;
    struct layout *square;
    void *handle;
    memcpy(a, left, sizeof left);
    memcpy(b, right, sizeof right);
    memcpy(bias, added, sizeof added);
    BLAS(SUCCESS, cublasLtCreate(&handle));
    BLAS(SUCCESS, cublasLtMatmulDescCreate(&description, 68, CUDA_R_32F));
    BLAS(SUCCESS, cublasLtMatrixLayoutCreate(&square, CUDA_R_32F, 2, 2, 2));
    BLAS(SUCCESS,
         cublasLtMatmulDescSetAttribute(description, EPILOGUE, &epilogue, sizeof epilogue));
    BLAS(SUCCESS, cublasLtMatmulDescSetAttribute(description, BIAS_POINTER, &bias, sizeof bias));
    BLAS(SUCCESS, cublasLtMatmul(handle, description, &alpha, a, square, b, square, &beta, d,
                                 square, d, square, NULL, NULL, 0, NULL));
    assert_true(d[0] == 11 && d[1] == 0 && d[2] == 13 && d[3] == 5);
    BLAS(SUCCESS, cublasLtMatmulDescSetAttribute(description, EPILOGUE, &gelu, sizeof gelu));
    BLAS(NOT_SUPPORTED, cublasLtMatmul(handle, description, &alpha, a, square, b, square, &beta, d,
                                       square, d, square, NULL, NULL, 0, NULL));
    BLAS(SUCCESS, cublasLtMatrixLayoutDestroy(square));
    BLAS(SUCCESS, cublasLtMatmulDescDestroy(description));
    BLAS(SUCCESS, cublasLtDestroy(handle));
    release(a);
    release(b);
    release(bias);
    release(d);
}

/* A kernel may use the result under check=init. */
TEST_WITH_CONTEXT(what_a_product_has_stored_is_written) {
    static const char copies[] =
        ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 a) {\n"
        ".reg .b64 %rd<2>; .reg .b32 %r<2>;\n"
        "ld.param.u64 %rd1, [a]; ld.global.u32 %r1, [%rd1+4]; st.global.u32 [%rd1], %r1; ret; }";
    const float alpha = 1, beta = 0;
    float *operand = allocate(16), *result = allocate(16);
    void *parameters[] = {&result};
    cublasHandle_t handle;
    CUmodule module;
    CUfunction function;
    memcpy(operand, (const float[4]){1, 2, 3, 4}, 16);
    OK(cuModuleLoadData(&module, copies));
    OK(cuModuleGetFunction(&function, module, "k"));
    BLAS(SUCCESS, cublasCreate_v2(&handle));
    BLAS(SUCCESS, cublasSgemm_v2(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &alpha, operand, 2,
                                 operand, 2, &beta, result, 2));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    OK(cuCtxSynchronize());
    assert_true(result[0] == 10);
    BLAS(SUCCESS, cublasDestroy_v2(handle));
    OK(cuModuleUnload(module));
    release(operand);
    release(result);
}

int main(void) {
    assert_int_equal(setenv("LOCKSTEP_EMULATOR", "check=memory,init", 1), 0);
    return tests_run(NULL, NULL);
}
