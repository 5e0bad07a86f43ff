/* The oracle of mlp, as members of struct operation. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_MLP_CHECK_H
#define LOCKSTEP_BENCH_OPERATIONS_MLP_CHECK_H

#include "bench/operations/operation.h"

void *mlp_oracle_open(const struct oracle_view *view);
void mlp_oracle_close(void *state);
void mlp_expect(const struct oracle_view *view, int buffer, int64_t first_row, int64_t rows,
                double *expected, double *tolerance);

#endif
