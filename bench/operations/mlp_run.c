/* Kernels of a network that are not those of one row. */
#include "bench/operations/mlp.h"
#include "bench/operations/operations.h"

bool mlp_kernels_replace(struct mlp_kernels *kernels, const struct mlp_kernels *base,
                         const struct operation *operation, row_function *function) {
    const bool unfuses = operation == &operation_gemm || operation == &operation_activation;
    if (unfuses && kernels->linear == base->linear)
        kernels->linear = NULL;
#define PART(name)                                                                                 \
    if (operation == &operation_##name) {                                                          \
        kernels->name = (name##_kernel *)function;                                                 \
        return true;                                                                               \
    }
    PART(gemm)
    PART(linear)
    PART(activation)
    PART(softmax)
    PART(cross_entropy)
    PART(mse)
    PART(column_sums)
    PART(optimizer)
#undef PART
    return false;
}
