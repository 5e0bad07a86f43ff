/* Averaging gradients over ranks: by MPI on CPUs, by NCCL on GPUs. */
#include "bench/network/mlp_exchange.h"
#include "kernels/collectives/collectives.h"
#include "ranks/ranks.h"

static enum status exchange_on_gpu(const struct mlp_exchange_problem *problem,
                                   struct execution *execution) {
    const struct collectives_mean mean = {.data = problem->gradients,
                                          .count = problem->count,
                                          .share = problem->share,
                                          .beside = problem->phase == MLP_EXCHANGE_BEGIN};
    return problem->phase == MLP_EXCHANGE_FINISH ? collectives_finish(execution)
                                                 : collectives_average(&mean, execution);
}

enum status mlp_exchange_run(const struct mlp_exchange_problem *problem,
                             struct execution *execution) {
    if (execution->gpu)
        return exchange_on_gpu(problem, execution);
    const struct ranks_mean mean = {problem->gradients, problem->count, problem->share,
                                    execution->threads};
    switch (problem->phase) {
    case MLP_EXCHANGE_ALL:
        ranks_mean(execution->ranks, &mean);
        break;
    case MLP_EXCHANGE_BEGIN:
        ranks_mean_begin(execution->ranks, &mean);
        break;
    case MLP_EXCHANGE_FINISH:
        ranks_mean_finish(execution->ranks);
        break;
    }
    return STATUS_OK;
}
