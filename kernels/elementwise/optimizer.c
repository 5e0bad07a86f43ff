/* Launch geometry of the optimizer rungs; the kernels stand in kernels/optimizer_*.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#include <math.h>

static const struct gpu_kernel naive_kernels[] = {
    [OPTIMIZER_SGD] = {"optimizer_1_naive", "sgd_naive"},
    [OPTIMIZER_SGD_MOMENTUM] = {"optimizer_1_naive", "sgd_momentum_naive"},
    [OPTIMIZER_ADAM] = {"optimizer_1_naive", "adam_naive"},
};

static const struct gpu_kernel vectorised_kernels[] = {
    [OPTIMIZER_SGD] = {"optimizer_2_vectorised", "sgd_vectorised"},
    [OPTIMIZER_SGD_MOMENTUM] = {"optimizer_2_vectorised", "sgd_momentum_vectorised"},
    [OPTIMIZER_ADAM] = {"optimizer_2_vectorised", "adam_vectorised"},
};

/* The first words of gpu_words() hold a struct adam_step, its members in order. */
enum { WORD_RATE = 0, WORD_CORRECTION = 1 };
_Static_assert(offsetof(struct adam_step, rate) == WORD_RATE * sizeof(uint32_t) &&
                   offsetof(struct adam_step, correction) == WORD_CORRECTION * sizeof(uint32_t),
               "a graph reads the words as a struct adam_step");

/* In double, so that the rounding of beta^step adds nothing to the kernel's own. */
static struct adam_step adam_step_of(const struct optimizer_problem *problem) {
    const double step = (double)problem->step;
    return (struct adam_step){
        .rate = (float)((double)problem->learning_rate / (1.0 - pow((double)problem->beta1, step))),
        .correction = (float)sqrt(1.0 - pow((double)problem->beta2, step))};
}

static struct optimizer_arguments arguments_of(const struct optimizer_problem *problem,
                                               const struct gpu *gpu) {
    struct optimizer_arguments arguments = {
        .parameters = problem->parameters,
        .gradients = problem->gradients,
        .first_moment = problem->first_moment,
        .second_moment = problem->second_moment,
        .split = {.count = problem->count},
        .rate = problem->learning_rate,
        .momentum = problem->momentum,
        .beta1 = problem->beta1,
        .one_minus_beta1 = (float)(1.0 - (double)problem->beta1),
        .beta2 = problem->beta2,
        .one_minus_beta2 = (float)(1.0 - (double)problem->beta2),
        .epsilon = problem->epsilon,
    };
    if (problem->variant == OPTIMIZER_ADAM)
        arguments.step = adam_step_of(problem);
    if (gpu_capturing(gpu))
        arguments.step_in_memory = gpu_words(gpu);
    return arguments;
}

static enum status precondition(const struct execution *execution) {
    if (execution->gpu != NULL)
        return STATUS_OK;
    return message_set(execution->message, STATUS_INVALID,
                       "a GPU optimizer was called without a GPU");
}

enum status optimizer_cuda_step_set(const struct optimizer_problem *problem,
                                    struct execution *execution) {
    enum status status = precondition(execution);
    if (status != STATUS_OK || problem->variant != OPTIMIZER_ADAM)
        return status;
    const struct adam_step step = adam_step_of(problem);
    status = gpu_word_set(execution->gpu, WORD_RATE, step.rate, execution->message);
    if (status != STATUS_OK)
        return status;
    return gpu_word_set(execution->gpu, WORD_CORRECTION, step.correction, execution->message);
}

enum status optimizer_cuda_naive(const struct optimizer_problem *problem,
                                 struct execution *execution) {
    enum status status = precondition(execution);
    if (status != STATUS_OK)
        return status;
    struct optimizer_arguments arguments = arguments_of(problem, execution->gpu);
    return geometry_launch_flat(execution, naive_kernels[problem->variant],
                                geometry_blocks(problem->count), &arguments);
}

enum status optimizer_cuda_vectorised(const struct optimizer_problem *problem,
                                      struct execution *execution) {
    enum status status = precondition(execution);
    if (status != STATUS_OK)
        return status;
    struct optimizer_arguments arguments = arguments_of(problem, execution->gpu);
    const void *const pointers[] = {problem->parameters, problem->gradients, problem->first_moment,
                                    problem->second_moment};
    arguments.split = geometry_split(problem->count, pointers, 4);
    int64_t items = arguments.split.vectors > 0 ? arguments.split.vectors : problem->count;
    return geometry_launch_flat(execution, vectorised_kernels[problem->variant],
                                geometry_blocks_resident(execution->gpu, items), &arguments);
}
