/* A network that is trained with kernels from outside the build. */
#ifndef LOCKSTEP_BENCH_RUN_NETWORK_H
#define LOCKSTEP_BENCH_RUN_NETWORK_H

#include "bench/added/added.h"
#include "bench/operations/mlp.h"

/* An implementation of mlp in which added rows do the parts of their operations. Borrows all that
 * it was made of; must not be copied once it is made. */
struct network {
    struct implementation implementation;
    struct mlp_kernels kernels;
    char name[160];
};

/* Makes it of `base` and all rows that were added; its name is "openblas+mine". A product goes with
 * its own kernel for bias and function where a row is one of the two, and a graph is not made.
 *
 * STATUS_INVALID: a row is no function of a shared library, of no part of a network, of the other
 * device, or there are two of one operation. */
enum status network_make(struct network *network, const struct implementation *base,
                         const struct added *added, enum dtype dtype, struct message *message);

#endif
