/* Running the parts of a plan, one by one or all of them. */
#include "bench/network/mlp_plan.h"

#include <stddef.h>

enum status mlp_part_run(const struct mlp_part *part, const struct mlp_kernels *kernels,
                         struct execution *execution) {
    switch (part->kind) {
    case MLP_PART_GEMM:
        return kernels->gemm(&part->problem.gemm, execution);
    case MLP_PART_ACTIVATION:
        return kernels->activation(&part->problem.activation, execution);
    case MLP_PART_SOFTMAX:
        return kernels->softmax(&part->problem.softmax, execution);
    case MLP_PART_CROSS_ENTROPY:
        return kernels->cross_entropy(&part->problem.cross_entropy, execution);
    case MLP_PART_MSE:
        return kernels->mse(&part->problem.mse, execution);
    case MLP_PART_COLUMN_SUMS:
        return kernels->column_sums(&part->problem.column_sums, execution);
    case MLP_PART_OPTIMIZER:
        return kernels->optimizer(&part->problem.optimizer, execution);
    case MLP_PART_OPTIMIZER_OWN:
        return mlp_exchange_update(&part->problem.optimizer, kernels->optimizer, execution);
    case MLP_PART_ROUND:
        return kernels->round(&part->problem.round, execution);
    case MLP_PART_EXCHANGE:
        return mlp_exchange_run(&part->problem.exchange, execution);
    }
    return message_set(execution->message, STATUS_FAILED, "part '%s' has the unknown kind %d",
                       part->name, (int)part->kind);
}

/* Whether a product and the part behind it are one linear layer; `linear` is it. */
static bool linear_of(const struct mlp_part *product, const struct mlp_part *next,
                      struct linear_problem *linear) {
    const struct gemm_problem *g = &product->problem.gemm;
    const struct activation_problem *a = &next->problem.activation;
    if (product->kind != MLP_PART_GEMM || next->kind != MLP_PART_ACTIVATION || a->backward ||
        g->variant != GEMM_NT || g->dtype != DTYPE_F32 || a->input != g->c || a->output != g->c ||
        a->bias == NULL || (a->function != ACTIVATION_RELU && a->function != ACTIVATION_IDENTITY))
        return false;
    *linear = (struct linear_problem){.rows = g->m,
                                      .outputs = g->n,
                                      .inputs = g->k,
                                      .x = g->a,
                                      .weights = g->b,
                                      .bias = a->bias,
                                      .relu = a->function == ACTIVATION_RELU,
                                      .y = g->c};
    return true;
}

enum status mlp_plan_run(const struct mlp_plan *plan, const struct mlp_kernels *kernels,
                         struct execution *execution) {
    enum status status = STATUS_OK;
    struct linear_problem linear;
    for (int i = 0; i < plan->count && status == STATUS_OK; i++) {
        const struct mlp_part *part = &plan->parts[i];
        if (kernels->linear != NULL && i + 1 < plan->count && linear_of(part, part + 1, &linear)) {
            status = kernels->linear(&linear, execution);
            i++;
        } else {
            status = mlp_part_run(part, kernels, execution);
        }
    }
    return status;
}
