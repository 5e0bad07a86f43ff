/* What a row of mlp is made of. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_MLP_H
#define LOCKSTEP_BENCH_OPERATIONS_MLP_H

#include "bench/network/mlp_plan.h"
#include "bench/operations/operation.h"

/* The `own` of a row of mlp: a kernel for each kind of part. Anything else does not compile. */
#define MLP_KERNELS(kernels) _Generic((kernels), const struct mlp_kernels * : (kernels))

/* NULL for a yardstick. */
static inline const struct mlp_kernels *mlp_kernels_of(const struct implementation *row) {
    return row->own;
}

/* Puts a row's function of that operation into a copy of `base`; false where no part of a network
 * is of it. The base's `linear` goes once a product, or what follows one, is replaced. */
bool mlp_kernels_replace(struct mlp_kernels *kernels, const struct mlp_kernels *base,
                         const struct operation *operation, row_function *function);

#endif
