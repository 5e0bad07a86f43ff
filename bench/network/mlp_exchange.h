/* A training step over the ranks of a job: each takes its share of the batch, and the gradients are
 * averaged before the update, so that all ranks keep the same parameters.
 *
 * A rank's gradients are the mean over its rows. Each is multiplied by the rank's share of the rows
 * and then summed: the mean over the whole batch.
 */
#ifndef LOCKSTEP_BENCH_NETWORK_MLP_EXCHANGE_H
#define LOCKSTEP_BENCH_NETWORK_MLP_EXCHANGE_H

#include "common/problem.h"

/* How an implementation averages gradients. */
enum mlp_exchange {
    MLP_EXCHANGE_NONE,    /* not at all: a process computes the whole step */
    MLP_EXCHANGE_WHOLE,   /* all layers at once, behind the backward pass */
    MLP_EXCHANGE_DIVIDED, /* the same, and where ranks share memory each updates its own part */
    MLP_EXCHANGE_BUCKETS  /* a layer at a time, as soon as its gradients are there */
};

/* One part of a step. */
enum mlp_exchange_phase {
    MLP_EXCHANGE_ALL,    /* the average, from beginning to end */
    MLP_EXCHANGE_DIVIDE, /* the same, or this rank's own part of it */
    MLP_EXCHANGE_SPREAD, /* behind the update of that part: the parameters of all */
    MLP_EXCHANGE_BEGIN,  /* that of a layer begins */
    MLP_EXCHANGE_FINISH  /* all that were begun have ended */
};

struct mlp_exchange_problem {
    enum mlp_exchange_phase phase;
    float share; /* of the batch */
    float *data; /* the gradients of all layers, or of that which begins; or what is spread */
    int64_t count;
    float *updated[3]; /* what a divided average is for: parameters and moments, NULL for none */
};

/* How a step is computed together. */
struct mlp_together {
    enum mlp_exchange exchange;
    float share; /* of the batch that is this rank's */
};

enum status mlp_exchange_run(const struct mlp_exchange_problem *problem,
                             struct execution *execution);

/* Behind MLP_EXCHANGE_DIVIDE: updates this rank's own part. */
enum status mlp_exchange_update(const struct optimizer_problem *problem, optimizer_kernel *kernel,
                                struct execution *execution);

struct mlp_buffers;

/* A divided average leaves the gradients and moments of the other parts as they were. Behind this,
 * which all ranks call, they are there. */
void mlp_exchange_settle(const struct mlp_together *together, const struct mlp_buffers *buffers,
                         int64_t count, struct ranks *ranks);

#endif
