/* Capturing and replaying the plans of a network; see bench/network/mlp_graph.h. */
#include "bench/network/mlp_graph.h"

#include "common/list.h"
#include "gpu/gpu.h"
#include "gpu/nccl.h"
#include "kernels/collectives/collectives.h"
#include "kernels/kernels.h"

#include <stdlib.h>

/* A captured plan, and what tells it from the others. */
struct captured {
    bool inference;
    int64_t batch;
    const void *x, *answers; /* labels or target */
    struct mlp_together together;
    int joined; /* over ranks: when (gpu/nccl.h) */
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

/* What one run is about. */
struct work {
    const struct mlp_together *together;
    const struct mlp_model *model;
    const struct mlp_buffers *buffers;
    int64_t step;
};

static enum status plan_enqueue(const struct mlp_graphs *graphs, const struct work *work,
                                struct execution *execution) {
    struct mlp_plan plan;
    if (work->step == 0)
        mlp_plan_inference(work->model, work->buffers, &plan);
    else
        mlp_plan_train_step_over(work->together, work->model, work->buffers, work->step, &plan);
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

static bool is_over_ranks(const struct work *work) {
    return work->step > 0 && work->together->exchange != MLP_EXCHANGE_NONE;
}

/* A rank that has no memory for it must not leave the others in a sum. */
static enum status run_on_spares(const struct mlp_graphs *graphs, const struct work *work,
                                 struct execution *execution) {
    struct gpu *gpu = execution->gpu;
    struct mlp_buffers spare;
    struct work aside = *work;
    void *memory[SPARES] = {NULL};
    aside.buffers = &spare;
    enum status status =
        spares_open(work->model, work->buffers, gpu, &spare, memory, execution->message);
    if (status == STATUS_OK)
        status = plan_enqueue(graphs, &aside, execution);
    if (is_over_ranks(work))
        status = collectives_wait(gpu, execution->ranks, status, execution->message);
    if (status == STATUS_OK)
        status = gpu_synchronize(gpu, execution->message);
    for (int i = 0; i < SPARES; i++)
        gpu_release(gpu, memory[i]);
    return status;
}

/* --- capturing -------------------------------------------------------------------------------- */

static enum status plan_capture(const struct mlp_graphs *graphs, const struct work *work,
                                struct execution *execution, struct gpu_graph **graph) {
    struct gpu *gpu = execution->gpu;
    enum status status = gpu_capture_begin(gpu, execution->message);
    if (status != STATUS_OK)
        return status;
    status = plan_enqueue(graphs, work, execution);
    if (status == STATUS_OK)
        return gpu_capture_end(gpu, graph, execution->message);
    gpu_capture_abandon(gpu);
    return status;
}

static enum status list_extend(struct mlp_graphs *graphs, struct message *message) {
    struct captured *longer =
        list_reserve(graphs->list, graphs->count + 1, &graphs->capacity, sizeof *longer);
    if (longer == NULL)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a list of %zu graphs",
                           graphs->count + 1);
    graphs->list = longer;
    return STATUS_OK;
}

/* But for where a batch lies. Of a batch of all ranks that is new the share is new too, on every
 * rank: they run on spares together. */
static bool is_alike(const struct captured *one, const struct captured *other) {
    return one->inference == other->inference && one->batch == other->batch &&
           one->together.exchange == other->together.exchange && one->joined == other->joined &&
           one->together.share == other->together.share;
}

/* Captures what `wanted` describes and appends it. */
static enum status graphs_add(struct mlp_graphs *graphs, const struct captured *wanted,
                              const struct work *work, struct execution *execution) {
    bool loaded = false;
    for (size_t i = 0; i < graphs->count; i++)
        loaded |= is_alike(&graphs->list[i], wanted);
    enum status status = list_extend(graphs, execution->message);
    if (status == STATUS_OK && !loaded)
        status = run_on_spares(graphs, work, execution);
    struct gpu_graph *graph = NULL;
    if (status == STATUS_OK)
        status = plan_capture(graphs, work, execution, &graph);
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
        if (is_alike(one, wanted) && one->x == wanted->x && one->answers == wanted->answers)
            return one->graph;
    }
    return NULL;
}

enum status mlp_graphs_run(struct mlp_graphs *graphs, const struct mlp_together *together,
                           const struct mlp_model *model, const struct mlp_buffers *buffers,
                           int64_t step, struct execution *execution) {
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "a graph of a network was asked for without a GPU");
    const struct work work = {together, model, buffers, step};
    const bool over_ranks = is_over_ranks(&work);
    const struct captured wanted = {
        .inference = step == 0,
        .batch = model->batch,
        .x = buffers->x,
        .answers = buffers->labels ? (const void *)buffers->labels : buffers->target,
        .together = over_ranks ? *together : (struct mlp_together){MLP_EXCHANGE_NONE, 1.0F},
        .joined = over_ranks ? gpu_nccl_joined(execution->gpu) : 0,
    };
    enum status status = STATUS_OK;
    if (graphs_find(graphs, &wanted) == NULL)
        status = graphs_add(graphs, &wanted, &work, execution);
    if (status == STATUS_OK && step > 0) {
        const struct optimizer_problem update = mlp_update(model, buffers, step);
        status = optimizer_cuda_step_set(&update, execution);
    }
    if (status != STATUS_OK)
        return status;
    return gpu_graph_launch(execution->gpu, graphs_find(graphs, &wanted), execution->message);
}
