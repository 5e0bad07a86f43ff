/* Launch geometry of the activation rungs; the kernels stand in kernels/activation_*.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#define NAIVE(enumerator, name)                                                                    \
    [enumerator] = {{"activation_1_naive", "activation_naive_" #name "_forward"},                  \
                    {"activation_1_naive", "activation_naive_" #name "_backward"}},
static const struct gpu_kernel naive_kernels[ACTIVATION_FUNCTIONS][2] = {ACTIVATION_LIST(NAIVE)};

#define VECTORISED(enumerator, name)                                                               \
    [enumerator] = {{"activation_2_vectorised", "activation_vectorised_" #name "_forward"},        \
                    {"activation_2_vectorised", "activation_vectorised_" #name "_backward"}},
static const struct gpu_kernel vectorised_kernels[ACTIVATION_FUNCTIONS][2] = {
    ACTIVATION_LIST(VECTORISED)};

static struct activation_arguments arguments_of(const struct activation_problem *problem) {
    return (struct activation_arguments){.input = problem->input,
                                         .bias = problem->bias,
                                         .dy = problem->dy,
                                         .output = problem->output,
                                         .columns = problem->columns,
                                         .split = {.count = problem->rows * problem->columns}};
}

/* dbias is the column sums of what the elementwise kernel has just written. */
static enum status bias_gradient(const struct activation_problem *problem,
                                 column_sums_kernel *column_sums, struct execution *execution) {
    if (!problem->backward || problem->dbias == NULL)
        return STATUS_OK;
    const struct column_sums_problem sums = {.rows = problem->rows,
                                             .columns = problem->columns,
                                             .x = problem->output,
                                             .sums = problem->dbias};
    return column_sums(&sums, execution);
}

enum status activation_cuda_naive(const struct activation_problem *problem,
                                  struct execution *execution) {
    struct activation_arguments arguments = arguments_of(problem);
    enum status status =
        geometry_launch_flat(execution, naive_kernels[problem->function][problem->backward],
                             geometry_blocks(arguments.split.count), &arguments);
    if (status != STATUS_OK)
        return status;
    return bias_gradient(problem, column_sums_cuda_naive, execution);
}

enum status activation_cuda_vectorised(const struct activation_problem *problem,
                                       struct execution *execution) {
    struct activation_arguments arguments = arguments_of(problem);
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "activation cuda-vectorised was called without a GPU");
    const void *const pointers[] = {problem->input, problem->dy, problem->output};
    arguments.split = geometry_split(arguments.split.count, pointers, 3);
    arguments.bias_in_vectors = problem->bias != NULL && problem->columns % 4 == 0 &&
                                arguments.split.head == 0 && (uintptr_t)problem->bias % 16 == 0;
    int64_t items = arguments.split.vectors > 0 ? arguments.split.vectors : arguments.split.count;
    enum status status =
        geometry_launch_flat(execution, vectorised_kernels[problem->function][problem->backward],
                             geometry_blocks_resident(execution->gpu, items), &arguments);
    if (status != STATUS_OK)
        return status;
    return bias_gradient(problem, column_sums_cuda_tiled, execution);
}
