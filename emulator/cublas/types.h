/* The types of cuBLAS's interface that its functions here take. */
#ifndef LOCKSTEP_EMULATOR_CUBLAS_TYPES_H
#define LOCKSTEP_EMULATOR_CUBLAS_TYPES_H

#include "emulator/driver/api/api.h"

#define CUBLAS_API __attribute__((visibility("default")))

typedef enum {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_NOT_INITIALIZED = 1,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_INVALID_VALUE = 7,
    CUBLAS_STATUS_EXECUTION_FAILED = 13,
    CUBLAS_STATUS_NOT_SUPPORTED = 15,
} cublasStatus_t;

typedef enum { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1, CUBLAS_OP_C = 2 } cublasOperation_t;
typedef enum { CUBLAS_POINTER_MODE_HOST = 0, CUBLAS_POINTER_MODE_DEVICE = 1 } cublasPointerMode_t;
typedef int cublasMath_t;
typedef int cublasComputeType_t;
typedef int cublasGemmAlgo_t;

typedef enum { CUDA_R_32F = 0, CUDA_R_64F = 1, CUDA_R_16F = 2, CUDA_R_16BF = 14 } cudaDataType;

/* Where numbers come from and go to, and in which stream. */
typedef struct cublasContext {
    CUstream stream;
    cublasPointerMode_t mode;
    cublasMath_t math;
} * cublasHandle_t;

#endif
