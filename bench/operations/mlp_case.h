/* A case of mlp: its shape, its buffers, what of them one iteration sees, and what is right. For
 * mlp.c. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_MLP_CASE_H
#define LOCKSTEP_BENCH_OPERATIONS_MLP_CASE_H

#include "bench/network/mlp_plan.h"
#include "bench/operations/operation.h"

OPERATION_PROBLEM(mlp)

enum {
    BUFFER_PARAMETERS,
    BUFFER_GRADIENTS,
    BUFFER_FIRST,
    BUFFER_SECOND,
    BUFFER_ACTIVATIONS,
    BUFFER_LOSS,
    BUFFER_X,
    BUFFER_LABELS,
    BUFFER_TARGET,
    BUFFER_NARROW
};

/* The variants. */
enum { TRAIN_STEP, TRAIN_STEP_MSE, INFERENCE };

/* The members of struct operation. A case's sizes are those of the layers, then the batch. */
enum status mlp_shape_parse(const char *text, struct bench_case *bench_case,
                            struct message *message);
void mlp_shape_format(const struct bench_case *bench_case, char *text, size_t size);
void mlp_describe(const struct bench_case *bench_case, struct buffer_spec specs[BUFFERS_MAX]);
void mlp_prepare(const struct bench_case *bench_case, void *const buffers[]);
void mlp_bind(const struct bench_case *bench_case, void *const buffers[], struct launch *launch);
double mlp_sent(const struct bench_case *bench_case);
extern const struct preset_line mlp_preset_lines[];

/* How it runs (mlp_run.c), members of struct operation too. */
enum status mlp_launch(const struct implementation *implementation, const struct launch *launch,
                       int64_t iteration, struct execution *execution);
enum status mlp_keep(const struct implementation *implementation, struct launch *launch,
                     struct message *message);
void mlp_release(struct launch *launch);
void mlp_settle(const struct launch *launch, struct ranks *ranks);
double mlp_flops(const struct bench_case *bench_case);
double mlp_bytes(const struct bench_case *bench_case);
extern const struct operation_parts mlp_parts;

/* The oracle (mlp_check.c), members of struct operation too. */
void *mlp_oracle_open(const struct oracle_view *view);
void mlp_oracle_close(void *state);
void mlp_expect(const struct oracle_view *view, int buffer, int64_t first_row, int64_t rows,
                double *expected, double *tolerance);

/* Gives a rank its share of the batch, where the implementation averages gradients. The batch is a
 * multiple of the ranks. */
void mlp_share(struct mlp_problem *problem, enum mlp_exchange exchange);

/* How an implementation averages gradients: not at all, where it has no kernels of this project. */
enum mlp_exchange mlp_exchange_of(const struct implementation *implementation);

/* Multiplies the batch by the ranks: see struct operation. */
void mlp_scale(struct bench_case *bench_case, int ranks);

/* The buffers as an iteration sees them: with its own batch, or a rank's share of it. */
struct mlp_buffers mlp_buffers_of(const struct launch *launch, int64_t iteration);

/* The parts of an iteration. */
void mlp_plan_of(const struct launch *launch, int64_t iteration, struct mlp_plan *plan);

#endif
