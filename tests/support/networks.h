/* Small networks for tests: whom to compute them with, their model, and the end of their buffers.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_NETWORKS_H
#define LOCKSTEP_TESTS_SUPPORT_NETWORKS_H

#include "bench/network/mlp_plan.h"

/* Every part as a textbook shows it. */
extern const struct mlp_kernels naive_kernels;

/* The defaults of frameworks with these layers ("7-5-3") and this batch. */
struct mlp_model model_of(const char *layers, int64_t batch);

/* Frees every buffer, each of which came from malloc or is NULL. */
void network_buffers_free(const struct mlp_buffers *buffers);

#endif
