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

#define BY_COLUMNS(enumerator, name)                                                               \
    [enumerator] = {{"activation_2_vectorised", "activation_by_columns_" #name "_forward"},        \
                    {"activation_2_vectorised", "activation_by_columns_" #name "_backward"}},
static const struct gpu_kernel by_columns_kernels[ACTIVATION_FUNCTIONS][2] = {
    ACTIVATION_LIST(BY_COLUMNS)};

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

/* Whether rows with a bias can be walked down in groups of four columns. */
static bool columns_in_vectors(const struct activation_problem *problem) {
    const void *const pointers[] = {problem->input, problem->dy, problem->output, problem->bias,
                                    problem->dbias};
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        if ((uintptr_t)pointers[i] % sizeof(float[4]) != 0)
            return false;
    return problem->bias != NULL && problem->columns % 4 == 0;
}

/* Few columns get narrow blocks, down to a sector, so that more blocks share them. Rows go in parts
 * only where no sums run down them, and in none so small that loading the bias would show. */
static enum status by_columns(const struct activation_problem *problem,
                              struct execution *execution) {
    enum { WIDEST = 8, NARROWEST = 2, ROWS_A_THREAD = 32 };
    const struct gpu_properties *properties = gpu_properties(execution->gpu);
    struct activation_arguments arguments = arguments_of(problem);
    const int64_t groups = problem->columns / 4;
    int64_t across = WIDEST;
    while (across > NARROWEST && geometry_ceil(groups, across) < properties->multiprocessors)
        across /= 2;
    int64_t blocks[2] = {geometry_ceil(groups, across), 1};
    const int64_t resident = geometry_blocks_resident(execution->gpu, INT64_MAX) / blocks[0];
    const int64_t parts = problem->rows / (ROWS_A_THREAD * (THREADS / across));
    if (!problem->backward)
        blocks[1] = parts < resident ? parts : resident;
    if (blocks[1] < 1)
        blocks[1] = 1;
    arguments.dbias = problem->dbias;
    arguments.across = (int32_t)across;
    return geometry_launch(execution, by_columns_kernels[problem->function][problem->backward],
                           blocks, (const int[]){THREADS, 1}, &arguments);
}

enum status activation_cuda_vectorised(const struct activation_problem *problem,
                                       struct execution *execution) {
    struct activation_arguments arguments = arguments_of(problem);
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "activation cuda-vectorised was called without a GPU");
    if (columns_in_vectors(problem))
        return by_columns(problem, execution);
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
