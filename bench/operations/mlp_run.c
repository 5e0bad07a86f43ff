/* Running a network: whole or in parts, and with kernels that are not those of one row. */
#include "bench/network/mlp_graph.h"
#include "bench/operations/mlp.h"
#include "bench/operations/mlp_case.h"
#include "bench/operations/operations.h"

enum status mlp_launch(const struct implementation *implementation, const struct launch *launch,
                       int64_t iteration, struct execution *execution) {
    if (launch->kept) {
        const struct mlp_problem *problem = mlp_problem_of(launch);
        const struct mlp_buffers buffers = mlp_buffers_of(launch, iteration);
        return mlp_graphs_run(launch->kept, &problem->together, &problem->model, &buffers,
                              problem->inference ? 0 : iteration + 1, execution);
    }
    struct mlp_plan plan;
    mlp_plan_of(launch, iteration, &plan);
    return mlp_plan_run(&plan, mlp_kernels_of(implementation), execution);
}

enum status mlp_keep(const struct implementation *implementation, struct launch *launch,
                     struct message *message) {
    const struct mlp_kernels *kernels = mlp_kernels_of(implementation);
    struct mlp_graphs *graphs = NULL;
    enum status status = STATUS_OK;
    mlp_share(mlp_problem_in(launch), mlp_exchange_of(implementation));
    if (kernels && kernels->graph)
        status = mlp_graphs_open(kernels, &graphs, message);
    launch->kept = graphs;
    return status;
}

void mlp_settle(const struct launch *launch, struct ranks *ranks) {
    const struct mlp_problem *problem = mlp_problem_of(launch);
    mlp_exchange_settle(&problem->together, &problem->buffers, mlp_parameter_count(&problem->model),
                        ranks);
}

void mlp_release(struct launch *launch) {
    mlp_graphs_close(launch->kept);
}

/* The plan of a case without buffers: for its counts only. */
static struct mlp_plan plan_of(const struct bench_case *c) {
    void *const none[BUFFERS_MAX] = {0};
    struct launch launch;
    struct mlp_plan plan;
    mlp_bind(c, none, &launch);
    const struct mlp_problem *problem = mlp_problem_of(&launch);
    if (problem->inference)
        mlp_plan_inference(&problem->model, &problem->buffers, &plan);
    else
        mlp_plan_train_step(&problem->model, &problem->buffers, 1, &plan);
    return plan;
}

double mlp_flops(const struct bench_case *c) {
    struct mlp_plan plan = plan_of(c);
    return mlp_plan_flops(&plan);
}

double mlp_bytes(const struct bench_case *c) {
    struct mlp_plan plan = plan_of(c);
    return mlp_plan_bytes(&plan);
}

/* --- parts ------------------------------------------------------------------------------------ */

static int parts_plan(const struct launch *launch, int64_t iteration, void *plan) {
    struct mlp_plan *filled = plan;
    mlp_plan_of(launch, iteration, filled);
    return filled->count;
}

static const char *part_name(const void *plan, int part) {
    return ((const struct mlp_plan *)plan)->parts[part].name;
}

static enum status part_run(const void *plan, int part, const struct implementation *implementation,
                            struct execution *execution) {
    return mlp_part_run(&((const struct mlp_plan *)plan)->parts[part],
                        mlp_kernels_of(implementation), execution);
}

static const struct part_kind part_kinds[] = {
    {"rounding", "part_rounding", .starts = {"forward round", "backward round"}},
    {"forward gemm", "part_forward_gemm", .starts = {"forward gemm"}},
    {"backward gemm", "part_backward_gemm", .starts = {"backward gemm"}},
    {"bias and activation", "part_elementwise", .starts = {"forward ", "backward "}},
    {"softmax and loss", "part_loss", .starts = {"loss", "softmax"}},
    {"communication", "part_communication", .starts = {"communication"}, .between_ranks = true},
    {"update", "part_update", .starts = {"update"}},
};

const struct operation_parts mlp_parts = {
    .most = MLP_PARTS_MAX,
    .plan_bytes = sizeof(struct mlp_plan),
    .plan = parts_plan,
    .name = part_name,
    .run = part_run,
    .kinds = part_kinds,
    .kind_count = sizeof part_kinds / sizeof part_kinds[0],
};

/* --- kernels of other rows -------------------------------------------------------------------- */

bool mlp_kernels_replace(struct mlp_kernels *kernels, const struct mlp_kernels *base,
                         const struct operation *operation, row_function *function) {
    const bool unfuses = operation == &operation_gemm || operation == &operation_activation;
    if (unfuses && kernels->linear == base->linear)
        kernels->linear = NULL;
#define PART(name)                                                                                 \
    if (operation == &operation_##name) {                                                          \
        kernels->name = (name##_kernel *)function;                                                 \
        return true;                                                                               \
    }
    PART(gemm)
    PART(linear)
    PART(activation)
    PART(softmax)
    PART(cross_entropy)
    PART(mse)
    PART(column_sums)
    PART(optimizer)
#undef PART
    return false;
}
