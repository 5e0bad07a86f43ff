/* Averaging gradients over ranks: by MPI on CPUs, by NCCL on GPUs. */
#include "bench/network/mlp_exchange.h"
#include "kernels/collectives/collectives.h"
#include "ranks/ranks.h"

static void gradients_weigh(const struct mlp_exchange_problem *problem,
                            const struct execution *execution) {
    const int64_t worth_threads = 1 << 15;
    float *gradients = problem->gradients;
#pragma omp parallel for simd num_threads(execution->threads) if (problem->count > worth_threads)
    for (int64_t i = 0; i < problem->count; i++)
        gradients[i] *= problem->share;
}

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
    switch (problem->phase) {
    case MLP_EXCHANGE_ALL:
        gradients_weigh(problem, execution);
        ranks_allreduce(execution->ranks, DTYPE_F32, NULL, problem->gradients, problem->count);
        break;
    case MLP_EXCHANGE_BEGIN:
        gradients_weigh(problem, execution);
        ranks_allreduce_begin(execution->ranks, problem->gradients, problem->count);
        break;
    case MLP_EXCHANGE_FINISH:
        ranks_allreduce_finish(execution->ranks);
        break;
    }
    return STATUS_OK;
}
