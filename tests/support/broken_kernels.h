/* The kernels of a network, each broken in a way of its own: a result that is wrong though every
 * element was written. */
#ifndef LOCKSTEP_TESTS_SUPPORT_BROKEN_KERNELS_H
#define LOCKSTEP_TESTS_SUPPORT_BROKEN_KERNELS_H

#include "bench/network/mlp_plan.h"

#include <stdbool.h>
#include <stddef.h>

enum { TRAIN_STEP, TRAIN_STEP_MSE, INFERENCE };

struct broken_kernel {
    const char *what;
    bool in[3];                 /* which variants run it */
    struct mlp_kernels kernels; /* the one that is replaced; the others NULL */
};
extern const struct broken_kernel broken_kernels[];
extern const size_t broken_kernel_count;

/* The kernels of `original` with that one in its place. They read and write host memory, and only
 * the last ones that were made work. */
struct mlp_kernels broken_kernels_of(const struct broken_kernel *broken,
                                     const struct mlp_kernels *original);

#endif
