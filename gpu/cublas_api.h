/* The part of cuBLAS (11, 12 and 13 alike) that lockstep calls; as gpu/cuda_api.h, with the names,
 * values and prototypes of NVIDIA's "cuBLAS Library" manual, compared with cublas_v2.h by
 * tests/gpu/test_cuda_api.c. A translation unit that has cublas_v2.h defines LOCKSTEP_CUBLAS_TYPES
 * and maps the type names below to NVIDIA's.
 */
#ifndef LOCKSTEP_GPU_CUBLAS_API_H
#define LOCKSTEP_GPU_CUBLAS_API_H

#include <stddef.h>

#define CUBLAS_STATUSES(X)                                                                         \
    X(CUBLAS_STATUS_SUCCESS, 0)                                                                    \
    X(CUBLAS_STATUS_NOT_INITIALIZED, 1)                                                            \
    X(CUBLAS_STATUS_ALLOC_FAILED, 3)                                                               \
    X(CUBLAS_STATUS_INVALID_VALUE, 7)                                                              \
    X(CUBLAS_STATUS_ARCH_MISMATCH, 8)                                                              \
    X(CUBLAS_STATUS_MAPPING_ERROR, 11)                                                             \
    X(CUBLAS_STATUS_EXECUTION_FAILED, 13)                                                          \
    X(CUBLAS_STATUS_INTERNAL_ERROR, 14)                                                            \
    X(CUBLAS_STATUS_NOT_SUPPORTED, 15)                                                             \
    X(CUBLAS_STATUS_LICENSE_ERROR, 16)

#define CUBLAS_OPERATIONS(X)                                                                       \
    X(CUBLAS_OP_N, 0)                                                                              \
    X(CUBLAS_OP_T, 1)

#define CUBLAS_DATA_TYPES(X)                                                                       \
    X(CUDA_R_32F, 0)                                                                               \
    X(CUDA_R_16F, 2)                                                                               \
    X(CUDA_R_16BF, 14)

#define CUBLAS_COMPUTE_TYPES(X)                                                                    \
    X(CUBLAS_COMPUTE_32F, 68)                                                                      \
    X(CUBLAS_COMPUTE_32F_PEDANTIC, 69)                                                             \
    X(CUBLAS_COMPUTE_32F_FAST_TF32, 77)

#define CUBLAS_ALGORITHMS(X) X(CUBLAS_GEMM_DEFAULT, -1)

#ifndef LOCKSTEP_CUBLAS_TYPES
#    define CUBLAS_ENUMERATOR(name, value) name = (value),
typedef enum { CUBLAS_STATUSES(CUBLAS_ENUMERATOR) } cublas_status;
typedef enum { CUBLAS_OPERATIONS(CUBLAS_ENUMERATOR) } cublas_operation;
typedef enum { CUBLAS_DATA_TYPES(CUBLAS_ENUMERATOR) } cublas_data_type;
typedef enum { CUBLAS_COMPUTE_TYPES(CUBLAS_ENUMERATOR) } cublas_compute_type;
typedef enum { CUBLAS_ALGORITHMS(CUBLAS_ENUMERATOR) } cublas_algorithm;
#    undef CUBLAS_ENUMERATOR
#endif
struct cublas_context;
struct cuda_stream;

/* Member of struct gpu_cublas, exported name, arguments. All return cublas_status. Alpha and beta
 * are in host memory (the handle's default pointer mode). */
#define CUBLAS_FUNCTIONS(X)                                                                        \
    X(cublasCreate, cublasCreate_v2, (struct cublas_context * *handle))                            \
    X(cublasDestroy, cublasDestroy_v2, (struct cublas_context * handle))                           \
    X(cublasSetStream, cublasSetStream_v2,                                                         \
      (struct cublas_context * handle, struct cuda_stream * stream))                               \
    X(cublasSetWorkspace, cublasSetWorkspace_v2,                                                   \
      (struct cublas_context * handle, void *workspace, size_t bytes))                             \
    X(cublasGemmEx, cublasGemmEx,                                                                  \
      (struct cublas_context * handle, cublas_operation transpose_a, cublas_operation transpose_b, \
       int m, int n, int k, const void *alpha, const void *a, cublas_data_type a_type, int lda,    \
       const void *b, cublas_data_type b_type, int ldb, const void *beta, void *c,                 \
       cublas_data_type c_type, int ldc, cublas_compute_type compute, cublas_algorithm algorithm)) \
    X(cublasGemmStridedBatchedEx, cublasGemmStridedBatchedEx,                                      \
      (struct cublas_context * handle, cublas_operation transpose_a, cublas_operation transpose_b, \
       int m, int n, int k, const void *alpha, const void *a, cublas_data_type a_type, int lda,    \
       long long stride_a, const void *b, cublas_data_type b_type, int ldb, long long stride_b,    \
       const void *beta, void *c, cublas_data_type c_type, int ldc, long long stride_c, int batch, \
       cublas_compute_type compute, cublas_algorithm algorithm))

#endif
