/* Averaging gradients over ranks. */
#include "bench/network/mlp_exchange.h"
#include "ranks/ranks.h"

static void gradients_weigh(const struct mlp_exchange_problem *problem,
                            const struct execution *execution) {
    const int64_t worth_threads = 1 << 15;
    float *gradients = problem->gradients;
#pragma omp parallel for simd num_threads(execution->threads) if (problem->count > worth_threads)
    for (int64_t i = 0; i < problem->count; i++)
        gradients[i] *= problem->share;
}

enum status mlp_exchange_run(const struct mlp_exchange_problem *problem,
                             struct execution *execution) {
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
