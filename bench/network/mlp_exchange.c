/* Averaging gradients over ranks: by MPI on CPUs, by NCCL on GPUs. */
#include "bench/network/mlp_exchange.h"
#include "bench/network/mlp_plan.h"
#include "kernels/collectives/collectives.h"
#include "ranks/ranks.h"

static enum status exchange_on_gpu(const struct mlp_exchange_problem *problem,
                                   struct execution *execution) {
    const struct collectives_mean mean = {.data = problem->data,
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
    const struct ranks_mean mean = {problem->data, problem->count, problem->share,
                                    execution->threads};
    switch (problem->phase) {
    case MLP_EXCHANGE_ALL:
        ranks_mean(execution->ranks, &mean);
        break;
    case MLP_EXCHANGE_DIVIDE:
        ranks_mean_divided(execution->ranks, &mean, problem->updated);
        break;
    case MLP_EXCHANGE_SPREAD:
        ranks_spread(execution->ranks, problem->data, problem->count);
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

enum status mlp_exchange_update(const struct optimizer_problem *problem, optimizer_kernel *kernel,
                                struct execution *execution) {
    struct optimizer_problem mine = *problem;
    int64_t first;
    ranks_own_part(execution->ranks, problem->count, &first, &mine.count);
    if (mine.count == 0)
        return STATUS_OK;
    mine.parameters += first;
    mine.gradients += first;
    if (mine.first_moment)
        mine.first_moment += first;
    if (mine.second_moment)
        mine.second_moment += first;
    return kernel(&mine, execution);
}

void mlp_exchange_settle(const struct mlp_together *together, const struct mlp_buffers *buffers,
                         int64_t count, struct ranks *ranks) {
    float *const left[] = {buffers->gradients, buffers->first_moment, buffers->second_moment};
    if (together->exchange != MLP_EXCHANGE_DIVIDED)
        return;
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        if (left[i])
            ranks_spread(ranks, left[i], count);
}
