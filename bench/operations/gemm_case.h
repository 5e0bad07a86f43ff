/* A case of gemm: its buffers, its launch, what it counts for, and the presets that it is of. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_GEMM_CASE_H
#define LOCKSTEP_BENCH_OPERATIONS_GEMM_CASE_H

#include "bench/operations/operation.h"

OPERATION_PROBLEM(gemm)

enum { BUFFER_A, BUFFER_B, BUFFER_C };

/* The members of struct operation. */
void gemm_describe(const struct bench_case *bench_case, struct buffer_spec specs[BUFFERS_MAX]);
void gemm_bind(const struct bench_case *bench_case, void *const buffers[], struct launch *launch);
double gemm_flops(const struct bench_case *bench_case);
double gemm_bytes(const struct bench_case *bench_case);
double gemm_row_cost(const struct bench_case *bench_case);
double gemm_probe(const struct oracle_view *view);
extern const struct preset_line gemm_preset_lines[];

/* C of product `index` before the launch; NULL where it is not read. */
const float *gemm_before(const struct oracle_view *view, int64_t index);

#endif
