/* cuBLAS as LOCKSTEP_FAULTY_CUBLAS names it, whose function fails once on one rank:
 * LOCKSTEP_STAND_IN_CUBLAS=cublasGemmEx=13@1. */
#include "gpu/cublas_api.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* What the order makes of a function on this rank: the status that it fails with, the first
 * time. */
static int ordered(const char *function) {
    static int done;
    const char *order = getenv("LOCKSTEP_STAND_IN_CUBLAS");
    const char *rank =
        getenv("OMPI_COMM_WORLD_RANK") ? getenv("OMPI_COMM_WORLD_RANK") : getenv("PMI_RANK");
    const size_t length = strlen(function);
    char *at;
    if (done || !order || !rank || strncmp(order, function, length) != 0 || order[length] != '=')
        return 0;
    const int status = (int)strtol(order + length + 1, &at, 10);
    done = *at == '@' && strcmp(at + 1, rank) == 0;
    return done ? status : 0;
}

static void *real(const char *function) {
    void *library = dlopen(getenv("LOCKSTEP_FAULTY_CUBLAS"), RTLD_NOW);
    void *found = library ? dlsym(library, function) : NULL;
    if (!found)
        abort(); /* the test named another library */
    return found;
}

#define FAULTY(name, parameters, ...)                                                              \
    cublas_status name parameters;                                                                 \
    cublas_status name parameters {                                                                \
        const int status = ordered(#name);                                                         \
        cublas_status(*const function) parameters = real(#name);                                   \
        return status ? (cublas_status)status : function(__VA_ARGS__);                             \
    }

FAULTY(cublasCreate_v2, (struct cublas_context * *handle), handle)
FAULTY(cublasDestroy_v2, (struct cublas_context * handle), handle)
FAULTY(cublasSetStream_v2, (struct cublas_context * handle, struct cuda_stream *stream), handle,
       stream)
FAULTY(cublasSetWorkspace_v2, (struct cublas_context * handle, void *workspace, size_t bytes),
       handle, workspace, bytes)
FAULTY(cublasGemmEx,
       (struct cublas_context * handle, cublas_operation transpose_a, cublas_operation transpose_b,
        int m, int n, int k, const void *alpha, const void *a, cublas_data_type a_type, int lda,
        const void *b, cublas_data_type b_type, int ldb, const void *beta, void *c,
        cublas_data_type c_type, int ldc, cublas_compute_type compute, cublas_algorithm algorithm),
       handle, transpose_a, transpose_b, m, n, k, alpha, a, a_type, lda, b, b_type, ldb, beta, c,
       c_type, ldc, compute, algorithm)
FAULTY(cublasGemmStridedBatchedEx,
       (struct cublas_context * handle, cublas_operation transpose_a, cublas_operation transpose_b,
        int m, int n, int k, const void *alpha, const void *a, cublas_data_type a_type, int lda,
        long long stride_a, const void *b, cublas_data_type b_type, int ldb, long long stride_b,
        const void *beta, void *c, cublas_data_type c_type, int ldc, long long stride_c, int batch,
        cublas_compute_type compute, cublas_algorithm algorithm),
       handle, transpose_a, transpose_b, m, n, k, alpha, a, a_type, lda, stride_a, b, b_type, ldb,
       stride_b, beta, c, c_type, ldc, stride_c, batch, compute, algorithm)
