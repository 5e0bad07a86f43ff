/* The operations and the least bytes of a plan. */
#include "bench/network/mlp_plan.h"
#include "common/narrow.h"

double mlp_plan_flops(const struct mlp_plan *plan) {
    double flops = 0.0;
    for (int i = 0; i < plan->count; i++) {
        const struct gemm_problem *gemm = &plan->parts[i].problem.gemm;
        if (plan->parts[i].kind == MLP_PART_GEMM)
            flops += 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k;
    }
    return flops;
}

/* Elements read and written by an update: parameters and each moment twice, gradients once. */
static double optimizer_elements(const struct optimizer_problem *p) {
    double moments = (p->first_moment ? 1.0 : 0.0) + (p->second_moment ? 1.0 : 0.0);
    return (3.0 + 2.0 * moments) * (double)p->count;
}

/* Forward reads input and bias and writes output; backward reads dy as well and writes dbias, and
 * reads the bias only where the derivative is taken from the input. */
static double activation_elements(const struct activation_problem *p) {
    double matrices = p->backward ? 3.0 : 2.0;
    double rows = p->backward && mlp_keeps_input(p->function) ? 2.0 : 1.0;
    return matrices * (double)(p->rows * p->columns) + rows * (double)p->columns;
}

static double product_bytes(const struct gemm_problem *g) {
    double operand_bytes = dtype_is_narrow(g->dtype) ? 2.0 : 4.0;
    return operand_bytes * ((double)(g->m * g->k) + (double)(g->k * g->n)) +
           4.0 * (double)(g->m * g->n);
}

/* Bytes that a part must read and write. */
static double part_bytes(const struct mlp_part *part) {
    const struct activation_problem *a = &part->problem.activation;
    const struct softmax_problem *s = &part->problem.softmax;
    const struct cross_entropy_problem *x = &part->problem.cross_entropy;
    const struct mse_problem *q = &part->problem.mse;
    const struct column_sums_problem *c = &part->problem.column_sums;
    switch (part->kind) {
    case MLP_PART_GEMM:
        return product_bytes(&part->problem.gemm);
    case MLP_PART_ACTIVATION:
        return 4.0 * activation_elements(a);
    case MLP_PART_SOFTMAX:
        return 8.0 * (double)(s->rows * s->columns);
    case MLP_PART_CROSS_ENTROPY: /* labels and loss besides */
        return 8.0 * (double)(x->rows * x->columns) + 8.0 * (double)x->rows;
    case MLP_PART_MSE:
        return 12.0 * (double)(q->rows * q->columns) + 4.0 * (double)q->rows;
    case MLP_PART_COLUMN_SUMS:
        return 4.0 * (double)(c->rows * c->columns) + 4.0 * (double)c->columns;
    case MLP_PART_OPTIMIZER:
    case MLP_PART_OPTIMIZER_OWN:
        return 4.0 * optimizer_elements(&part->problem.optimizer);
    case MLP_PART_ROUND:
        return 6.0 * (double)part->problem.round.count;
    case MLP_PART_EXCHANGE:
        break; /* counted for one process */
    }
    return 0.0;
}

double mlp_plan_bytes(const struct mlp_plan *plan) {
    double bytes = 0.0;
    for (int i = 0; i < plan->count; i++)
        bytes += part_bytes(&plan->parts[i]);
    return bytes;
}
