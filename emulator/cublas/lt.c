/*
 * cuBLASLt: a product is described piece by piece, and then asked for. There is one algorithm, and
 * it needs no workspace.
 */
#include <stdlib.h>
#include <string.h>

#include "emulator/cublas/handle.h"
#include "emulator/cublas/numbers.h"
#include "emulator/cublas/product.h"

typedef void *cublasLtHandle_t;

/* cublasLtMatmulDescOpaque_t */
struct description {
    int compute, scale;
    int operation[2]; /* of A and B */
    int epilogue;
    const void *bias;
};

/* cublasLtMatrixLayoutOpaque_t */
struct layout {
    int type, order;
    uint64_t rows, columns;
    int64_t leading;
    int batch;
    int64_t stride;
};

struct heuristic {
    uint64_t algorithm[8];
    size_t workspace;
    cublasStatus_t state;
    float waves;
    int reserved[4];
};

enum { EPILOGUE_DEFAULT = 1, EPILOGUE_RELU = 2, EPILOGUE_BIAS = 4 };

/* ---- Descriptions ---- */

static cublasStatus_t made(const void *object) {
    return object ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

static cublasStatus_t attribute_set(void *member, size_t size, const void *value, size_t given) {
    if (!value || given != size)
        return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(member, value, size);
    return CUBLAS_STATUS_SUCCESS;
}

CUBLAS_API cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
    if (cuInit(0) != CUDA_SUCCESS)
        return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = calloc(1, 1);
    return made(*handle);
}

CUBLAS_API cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

CUBLAS_API size_t cublasLtGetVersion(void) {
    return CUBLAS_VERSION;
}

CUBLAS_API cublasStatus_t cublasLtMatmulDescCreate(struct description **description, int compute,
                                                   int scale) {
    *description = calloc(1, sizeof **description);
    if (*description)
        **description =
            (struct description){.compute = compute, .scale = scale, .epilogue = EPILOGUE_DEFAULT};
    return made(*description);
}

CUBLAS_API cublasStatus_t cublasLtMatmulDescDestroy(struct description *description) {
    free(description);
    return CUBLAS_STATUS_SUCCESS;
}

CUBLAS_API cublasStatus_t cublasLtMatmulDescSetAttribute(struct description *of, int attribute,
                                                         const void *value, size_t size) {
    enum { TRANSPOSE_A = 3, TRANSPOSE_B = 4, EPILOGUE = 7, BIAS_POINTER = 8 };
    switch (attribute) {
    case TRANSPOSE_A:
    case TRANSPOSE_B:
        return attribute_set(&of->operation[attribute - TRANSPOSE_A], sizeof of->operation[0],
                             value, size);
    case EPILOGUE:
        return attribute_set(&of->epilogue, sizeof of->epilogue, value, size);
    case BIAS_POINTER:
        return attribute_set(&of->bias, sizeof of->bias, value, size);
    default:
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
}

CUBLAS_API cublasStatus_t cublasLtMatrixLayoutCreate(struct layout **layout, int type,
                                                     uint64_t rows, uint64_t columns,
                                                     int64_t leading) {
    *layout = calloc(1, sizeof **layout);
    if (*layout)
        **layout = (struct layout){
            .type = type, .rows = rows, .columns = columns, .leading = leading, .batch = 1};
    return made(*layout);
}

CUBLAS_API cublasStatus_t cublasLtMatrixLayoutDestroy(struct layout *layout) {
    free(layout);
    return CUBLAS_STATUS_SUCCESS;
}

CUBLAS_API cublasStatus_t cublasLtMatrixLayoutSetAttribute(struct layout *of, int attribute,
                                                           const void *value, size_t size) {
    enum { ORDER = 1, BATCH_COUNT = 5, STRIDED_BATCH_OFFSET = 6 };
    switch (attribute) {
    case ORDER:
        return attribute_set(&of->order, sizeof of->order, value, size);
    case BATCH_COUNT:
        return attribute_set(&of->batch, sizeof of->batch, value, size);
    case STRIDED_BATCH_OFFSET:
        return attribute_set(&of->stride, sizeof of->stride, value, size);
    default:
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
}

/* What a program prefers is of no consequence. */
CUBLAS_API cublasStatus_t cublasLtMatmulPreferenceCreate(void **preference) {
    *preference = calloc(1, 1);
    return made(*preference);
}

CUBLAS_API cublasStatus_t cublasLtMatmulPreferenceDestroy(void *preference) {
    free(preference);
    return CUBLAS_STATUS_SUCCESS;
}

CUBLAS_API cublasStatus_t cublasLtMatmulPreferenceSetAttribute(void *preference, int attribute,
                                                               const void *value, size_t size) {
    (void)preference, (void)attribute, (void)size;
    return value ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

/* ---- Products ---- */

static bool is_known(const struct description *of, const struct layout *a, const struct layout *b,
                     const struct layout *c, const struct layout *d) {
    enum { COLUMN_MAJOR = 0, KNOWN = EPILOGUE_DEFAULT | EPILOGUE_RELU | EPILOGUE_BIAS };
    return (of->epilogue & ~KNOWN) == 0 && a->order == COLUMN_MAJOR && b->order == COLUMN_MAJOR &&
           c->order == COLUMN_MAJOR && d->order == COLUMN_MAJOR && c->type == d->type &&
           c->leading == d->leading && c->stride == d->stride;
}

CUBLAS_API cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t handle, const struct description *of, const struct layout *a,
    const struct layout *b, const struct layout *c, const struct layout *d, void *preference,
    int asked, struct heuristic results[], int *given) {
    (void)preference;
    if (!handle || !of || !a || !b || !c || !d || !results || !given || asked < 1)
        return CUBLAS_STATUS_INVALID_VALUE;
    memset(results, 0, sizeof results[0]);
    *given = is_known(of, a, b, c, d);
    return *given ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

CUBLAS_API cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, const struct description *of,
                                         const void *alpha, const void *a,
                                         const struct layout *a_is, const void *b,
                                         const struct layout *b_is, const void *beta, const void *c,
                                         const struct layout *c_is, void *d,
                                         const struct layout *d_is, const void *algorithm,
                                         void *workspace, size_t workspace_bytes, CUstream stream) {
    (void)algorithm, (void)workspace, (void)workspace_bytes;
    if (!handle || !of || !alpha || !beta || !a_is || !b_is || !c_is || !d_is)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (!is_known(of, a_is, b_is, c_is, d_is))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    struct product product = product_of(
        (cublasOperation_t)of->operation[0], (cublasOperation_t)of->operation[1], (int)d_is->rows,
        (int)d_is->columns, (int)(of->operation[0] == CUBLAS_OP_N ? a_is->columns : a_is->rows));
    matrix_set(&product.a, a, (cudaDataType)a_is->type, (int)a_is->leading, a_is->stride);
    matrix_set(&product.b, b, (cudaDataType)b_is->type, (int)b_is->leading, b_is->stride);
    product.result = d;
    product.batch = d_is->batch;
    product.alpha = number_read((cudaDataType)of->scale, alpha, 0);
    product.beta = number_read((cudaDataType)of->scale, beta, 0);
    matrix_set(&product.c, product.beta != 0 ? c : d, (cudaDataType)c_is->type, (int)c_is->leading,
               c_is->stride);
    product.bias = of->epilogue & EPILOGUE_BIAS ? of->bias : NULL;
    product.clips = of->epilogue & EPILOGUE_RELU;
    return product_run(stream, &product);
}
