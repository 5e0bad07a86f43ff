/* Capturing and replaying the plans of a network; see bench/network/mlp_graph.h. */
#include "bench/network/mlp_graph.h"

#include "gpu/gpu.h"
#include "kernels/kernels.h"

#include <stdlib.h>

/* A captured plan, and what tells it from the others. */
struct captured {
    bool inference;
    int64_t batch;
    const void *x, *answers; /* labels or target */
    struct gpu_graph *graph;
};

struct mlp_graphs {
    const struct mlp_kernels *kernels;
    struct gpu *gpu; /* of the graphs; NULL before the first */
    struct captured *list;
    size_t count, capacity;
};

enum status mlp_graphs_open(const struct mlp_kernels *kernels, struct mlp_graphs **graphs,
                            struct message *message) {
    *graphs = calloc(1, sizeof **graphs);
    if (*graphs == NULL)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a list of graphs");
    (*graphs)->kernels = kernels;
    return STATUS_OK;
}

void mlp_graphs_close(struct mlp_graphs *graphs) {
    if (graphs == NULL)
        return;
    for (size_t i = 0; i < graphs->count; i++)
        gpu_graph_destroy(graphs->gpu, graphs->list[i].graph);
    free(graphs->list);
    free(graphs);
}

static enum status plan_enqueue(const struct mlp_graphs *graphs, const struct mlp_model *model,
                                const struct mlp_buffers *buffers, int64_t step,
                                struct execution *execution) {
    struct mlp_plan plan;
    if (step == 0)
        mlp_plan_inference(model, buffers, &plan);
    else
        mlp_plan_train_step(model, buffers, step, &plan);
    return mlp_plan_run(&plan, graphs->kernels, execution);
}

/* --- the run before the capture --------------------------------------------------------------- */

enum { SPARES = 7 };

/* Zeroed device memory in the place of everything that a plan writes. The run before the capture
 * must leave no trace: not in the parameters, and not in outputs that a check has poisoned. On
 * failure the caller still releases. */
static enum status spares_open(const struct mlp_model *model, const struct mlp_buffers *buffers,
                               struct gpu *gpu, struct mlp_buffers *spare, void *memory[SPARES],
                               struct message *message) {
    const int64_t parameters = mlp_parameter_count(model);
    const struct {
        const void *original;
        int64_t words;
    } wanted[SPARES] = {
        {buffers->parameters, parameters},
        {buffers->gradients, parameters},
        {buffers->first_moment, parameters},
        {buffers->second_moment, parameters},
        {buffers->loss, model->batch},
        {buffers->activations, mlp_activation_count(model)},
        {buffers->narrow, mlp_narrow_count(model) / 2},
    };
    for (int i = 0; i < SPARES; i++) {
        if (wanted[i].original == NULL)
            continue;
        const size_t words = (size_t)wanted[i].words;
        enum status status = gpu_allocate(gpu, words * sizeof(float), &memory[i], message);
        if (status == STATUS_OK)
            status = gpu_fill(gpu, memory[i], 0, words, message);
        if (status != STATUS_OK)
            return status;
    }
    *spare = *buffers;
    spare->parameters = memory[0];
    spare->gradients = memory[1];
    spare->first_moment = memory[2];
    spare->second_moment = memory[3];
    spare->loss = memory[4];
    spare->activations = memory[5];
    spare->narrow = memory[6];
    return STATUS_OK;
}

static enum status run_on_spares(const struct mlp_graphs *graphs, const struct mlp_model *model,
                                 const struct mlp_buffers *buffers, int64_t step,
                                 struct execution *execution) {
    struct gpu *gpu = execution->gpu;
    struct mlp_buffers spare;
    void *memory[SPARES] = {NULL};
    enum status status = spares_open(model, buffers, gpu, &spare, memory, execution->message);
    if (status == STATUS_OK)
        status = plan_enqueue(graphs, model, &spare, step, execution);
    if (status == STATUS_OK)
        status = gpu_synchronize(gpu, execution->message);
    for (int i = 0; i < SPARES; i++)
        gpu_release(gpu, memory[i]);
    return status;
}

/* --- capturing -------------------------------------------------------------------------------- */

static enum status plan_capture(const struct mlp_graphs *graphs, const struct mlp_model *model,
                                const struct mlp_buffers *buffers, int64_t step,
                                struct execution *execution, struct gpu_graph **graph) {
    struct gpu *gpu = execution->gpu;
    enum status status = gpu_capture_begin(gpu, execution->message);
    if (status != STATUS_OK)
        return status;
    status = plan_enqueue(graphs, model, buffers, step, execution);
    if (status == STATUS_OK)
        return gpu_capture_end(gpu, graph, execution->message);
    gpu_capture_abandon(gpu);
    return status;
}

static enum status list_extend(struct mlp_graphs *graphs, struct message *message) {
    if (graphs->count < graphs->capacity)
        return STATUS_OK;
    size_t capacity = graphs->capacity ? 2 * graphs->capacity : 8;
    struct captured *longer = realloc(graphs->list, capacity * sizeof *longer);
    if (longer == NULL)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a list of %zu graphs",
                           capacity);
    graphs->list = longer;
    graphs->capacity = capacity;
    return STATUS_OK;
}

/* Captures what `wanted` describes and appends it. */
static enum status graphs_add(struct mlp_graphs *graphs, const struct captured *wanted,
                              const struct mlp_model *model, const struct mlp_buffers *buffers,
                              int64_t step, struct execution *execution) {
    bool loaded = false;
    for (size_t i = 0; i < graphs->count; i++)
        loaded |= graphs->list[i].inference == wanted->inference &&
                  graphs->list[i].batch == wanted->batch;
    enum status status = list_extend(graphs, execution->message);
    if (status == STATUS_OK && !loaded)
        status = run_on_spares(graphs, model, buffers, step, execution);
    struct gpu_graph *graph = NULL;
    if (status == STATUS_OK)
        status = plan_capture(graphs, model, buffers, step, execution, &graph);
    if (status != STATUS_OK)
        return status;
    graphs->gpu = execution->gpu;
    graphs->list[graphs->count] = *wanted;
    graphs->list[graphs->count++].graph = graph;
    return STATUS_OK;
}

static struct gpu_graph *graphs_find(const struct mlp_graphs *graphs,
                                     const struct captured *wanted) {
    for (size_t i = 0; i < graphs->count; i++) {
        const struct captured *one = &graphs->list[i];
        if (one->inference == wanted->inference && one->batch == wanted->batch &&
            one->x == wanted->x && one->answers == wanted->answers)
            return one->graph;
    }
    return NULL;
}

enum status mlp_graphs_run(struct mlp_graphs *graphs, const struct mlp_model *model,
                           const struct mlp_buffers *buffers, int64_t step,
                           struct execution *execution) {
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "a graph of a network was asked for without a GPU");
    const struct captured wanted = {
        .inference = step == 0,
        .batch = model->batch,
        .x = buffers->x,
        .answers = buffers->labels ? (const void *)buffers->labels : buffers->target,
    };
    enum status status = STATUS_OK;
    if (graphs_find(graphs, &wanted) == NULL)
        status = graphs_add(graphs, &wanted, model, buffers, step, execution);
    if (status == STATUS_OK && step > 0) {
        const struct optimizer_problem update = mlp_update(model, buffers, step);
        status = optimizer_cuda_step_set(&update, execution);
    }
    if (status != STATUS_OK)
        return status;
    return gpu_graph_launch(execution->gpu, graphs_find(graphs, &wanted), execution->message);
}
