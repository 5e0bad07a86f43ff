/* See tests/support/broken_kernels.h. */
#include "tests/support/broken_kernels.h"

#include <math.h>

static const struct mlp_kernels *good; /* what the kernels below fall back to */

static enum status activation_without_bias(const struct activation_problem *problem,
                                           struct execution *execution) {
    struct activation_problem changed = *problem;
    if (!problem->backward)
        changed.bias = NULL;
    return good->activation(&changed, execution);
}

static enum status activation_passing_gradients(const struct activation_problem *problem,
                                                struct execution *execution) {
    struct activation_problem changed = *problem;
    if (problem->backward)
        changed.function = ACTIVATION_IDENTITY;
    return good->activation(&changed, execution);
}

static enum status activation_without_dbias(const struct activation_problem *problem,
                                            struct execution *execution) {
    struct activation_problem changed = *problem;
    if (problem->backward)
        changed.dbias = NULL;
    return good->activation(&changed, execution);
}

static enum status gemm_scaled(const struct gemm_problem *problem, enum gemm_variant variant,
                               struct execution *execution) {
    struct gemm_problem changed = *problem;
    if (problem->variant == variant)
        changed.alpha *= 1.01F;
    return good->gemm(&changed, execution);
}

static enum status gemm_wrong_forward(const struct gemm_problem *problem,
                                      struct execution *execution) {
    return gemm_scaled(problem, GEMM_NT, execution);
}

static enum status gemm_wrong_weights(const struct gemm_problem *problem,
                                      struct execution *execution) {
    return gemm_scaled(problem, GEMM_TN, execution);
}

static enum status gemm_wrong_inputs(const struct gemm_problem *problem,
                                     struct execution *execution) {
    return gemm_scaled(problem, GEMM_NN, execution);
}

/* One element of the gradients is off by a hundredth of the mean. */
static enum status gemm_wrong_element(const struct gemm_problem *problem,
                                      struct execution *execution) {
    enum status status = good->gemm(problem, execution);
    if (problem->variant != GEMM_TN)
        return status;
    int64_t count = problem->m * problem->n;
    float sum = 0.0F;
    for (int64_t i = 0; i < count; i++)
        sum += fabsf(problem->c[i]);
    problem->c[count / 2] += 0.01F * sum / (float)count;
    return status;
}

static enum status gemm_zeroed_row(const struct gemm_problem *problem,
                                   struct execution *execution) {
    enum status status = good->gemm(problem, execution);
    for (int64_t j = 0; problem->variant == GEMM_TN && j < problem->n; j++)
        problem->c[(problem->m - 1) * problem->ldc + j] = 0.0F;
    return status;
}

/* B^T A for A^T B, where both have the same shape. */
static enum status gemm_transposed(const struct gemm_problem *problem,
                                   struct execution *execution) {
    struct gemm_problem changed = *problem;
    if (problem->variant == GEMM_TN && problem->m == problem->n) {
        changed.a = problem->b;
        changed.b = problem->a;
    }
    return good->gemm(&changed, execution);
}

/* Adds to what was there instead of replacing it. */
static enum status gemm_accumulating(const struct gemm_problem *problem,
                                     struct execution *execution) {
    struct gemm_problem changed = *problem;
    if (problem->variant == GEMM_TN)
        changed.beta = 1.0F;
    return good->gemm(&changed, execution);
}

static enum status loss_not_averaged(const struct cross_entropy_problem *problem,
                                     struct execution *execution) {
    enum status status = good->cross_entropy(problem, execution);
    for (int64_t i = 0; i < problem->rows * problem->columns; i++)
        problem->dlogits[i] *= (float)problem->rows;
    return status;
}

static enum status mse_halved(const struct mse_problem *problem, struct execution *execution) {
    enum status status = good->mse(problem, execution);
    for (int64_t i = 0; i < problem->rows * problem->columns; i++)
        problem->dprediction[i] *= 0.5F;
    return status;
}

static enum status sums_without_last_row(const struct column_sums_problem *problem,
                                         struct execution *execution) {
    struct column_sums_problem changed = *problem;
    changed.rows--;
    return good->column_sums(&changed, execution);
}

static enum status softmax_missing(const struct softmax_problem *problem,
                                   struct execution *execution) {
    (void)problem;
    (void)execution;
    return STATUS_OK;
}

static enum status update_missing(const struct optimizer_problem *problem,
                                  struct execution *execution) {
    (void)problem;
    (void)execution;
    return STATUS_OK;
}

static enum status update_of_another_step(const struct optimizer_problem *problem,
                                          struct execution *execution) {
    struct optimizer_problem changed = *problem;
    changed.step++;
    return good->optimizer(&changed, execution);
}

static enum status update_without_last(const struct optimizer_problem *problem,
                                       struct execution *execution) {
    struct optimizer_problem changed = *problem;
    changed.count -= 16;
    return good->optimizer(&changed, execution);
}

/* One number of each tensor to the next of its format. */
static enum status round_off_by_one(const struct round_problem *problem,
                                    struct execution *execution) {
    enum status status = good->round(problem, execution);
    problem->out[0]++;
    return status;
}

static enum status round_without_scale(const struct round_problem *problem,
                                       struct execution *execution) {
    struct round_problem changed = *problem;
    changed.scale = problem->scale == 1.0F ? 0.5F : 1.0F;
    return good->round(&changed, execution);
}

static enum status round_without_last(const struct round_problem *problem,
                                      struct execution *execution) {
    struct round_problem changed = *problem;
    if (problem->count > 1)
        changed.count--;
    return good->round(&changed, execution);
}

static enum status linear_of_another_activation(const struct linear_problem *problem,
                                                struct execution *execution) {
    struct linear_problem changed = *problem;
    changed.relu = !problem->relu;
    return good->linear(&changed, execution);
}

const struct broken_kernel broken_kernels[] = {
    {"another activation", {true, true, true}, {.linear = linear_of_another_activation}},
    {"a dropped bias", {true, true, true}, {.activation = activation_without_bias}},
    {"a wrong product", {true, true, true}, {.gemm = gemm_wrong_forward}},
    {"wrong gradients of weights", {true, true, false}, {.gemm = gemm_wrong_weights}},
    {"wrong gradients of inputs", {true, true, false}, {.gemm = gemm_wrong_inputs}},
    {"one wrong gradient", {true, true, false}, {.gemm = gemm_wrong_element}},
    {"a row of no gradients", {true, true, false}, {.gemm = gemm_zeroed_row}},
    {"transposed gradients", {true, true, false}, {.gemm = gemm_transposed}},
    {"gradients added up", {true, true, false}, {.gemm = gemm_accumulating}},
    {"gradients past relu", {true, true, false}, {.activation = activation_passing_gradients}},
    {"gradients without bias", {true, true, false}, {.activation = activation_without_dbias}},
    {"a loss that is no mean", {true, false, false}, {.cross_entropy = loss_not_averaged}},
    {"half a gradient", {false, true, false}, {.mse = mse_halved}},
    {"a row not summed", {true, true, false}, {.column_sums = sums_without_last_row}},
    {"no softmax", {false, false, true}, {.softmax = softmax_missing}},
    {"no update", {true, true, false}, {.optimizer = update_missing}},
    {"another step's update", {true, true, false}, {.optimizer = update_of_another_step}},
    {"an update cut short", {true, true, false}, {.optimizer = update_without_last}},
    {"a number rounded away", {true, true, true}, {.round = round_off_by_one}},
    {"another scale", {true, true, true}, {.round = round_without_scale}},
    {"a rounding cut short", {true, true, true}, {.round = round_without_last}},
};

const size_t broken_kernel_count = sizeof broken_kernels / sizeof broken_kernels[0];

/* A layer in one kernel would pass over the product and the activation. */
static void kernels_replace(struct mlp_kernels *kernels, const struct mlp_kernels *other) {
    if (other->gemm || other->activation)
        kernels->linear = NULL;
    kernels->linear = other->linear ? other->linear : kernels->linear;
    kernels->gemm = other->gemm ? other->gemm : kernels->gemm;
    kernels->activation = other->activation ? other->activation : kernels->activation;
    kernels->softmax = other->softmax ? other->softmax : kernels->softmax;
    kernels->cross_entropy = other->cross_entropy ? other->cross_entropy : kernels->cross_entropy;
    kernels->mse = other->mse ? other->mse : kernels->mse;
    kernels->column_sums = other->column_sums ? other->column_sums : kernels->column_sums;
    kernels->optimizer = other->optimizer ? other->optimizer : kernels->optimizer;
    kernels->round = other->round ? other->round : kernels->round;
}

struct mlp_kernels broken_kernels_of(const struct broken_kernel *broken,
                                     const struct mlp_kernels *original) {
    struct mlp_kernels kernels = *original;
    good = original;
    kernels_replace(&kernels, &broken->kernels);
    return kernels;
}
