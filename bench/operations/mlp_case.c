/* Shapes and buffers of mlp. */
#include "bench/operations/mlp_case.h"
#include "bench/operations/collective.h"
#include "bench/operations/mlp.h"
#include "common/narrow.h"
#include "common/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Layers + 1 sizes and the batch. */
_Static_assert(MLP_LAYERS_MAX + 2 <= CASE_SIZES_MAX, "room for the largest network");

/* The inputs hold this many batches, taken in turn: a network that saw one batch over and over
 * would learn it by heart and its gradients would fade into denormals. */
enum { BATCHES = 8 };

/* --- shape ------------------------------------------------------------------------------------ */

static struct mlp_model model_of(const struct bench_case *c) {
    struct mlp_model model;
    mlp_model_defaults(&model);
    model.layers = c->size_count - 2;
    for (int i = 0; i <= model.layers; i++)
        model.sizes[i] = c->sizes[i];
    model.batch = c->sizes[c->size_count - 1];
    model.dtype = c->dtype;
    model.loss = c->variant == TRAIN_STEP_MSE ? MLP_MSE : MLP_CROSS_ENTROPY;
    return model;
}

enum status mlp_shape_parse(const char *text, struct bench_case *c, struct message *message) {
    const char *at = strchr(text, '@');
    char layers[128];
    struct mlp_model model;
    char *end = NULL;
    long long batch = at ? strtoll(at + 1, &end, 10) : 0;
    bool digits = at && at[1] >= '0' && at[1] <= '9';
    if (!digits || at == text || (size_t)(at - text) >= sizeof layers || *end != '\0' ||
        batch < 1 || batch > MLP_SIZE_MAX)
        return message_set(message, STATUS_INVALID,
                           "cannot read shape '%s' for mlp: it wants LAYERS@BATCH, as in "
                           "784-128-10@100, the batch from 1 to %d",
                           text, MLP_SIZE_MAX);
    snprintf(layers, sizeof layers, "%.*s", (int)(at - text), text);
    enum status status = mlp_layers_parse(layers, &model, message);
    if (status != STATUS_OK)
        return status;
    c->size_count = model.layers + 2;
    memcpy(c->sizes, model.sizes, (size_t)(model.layers + 1) * sizeof c->sizes[0]);
    c->sizes[model.layers + 1] = batch;
    return STATUS_OK;
}

void mlp_shape_format(const struct bench_case *c, char *text, size_t size) {
    const struct mlp_model model = model_of(c);
    char layers[128];
    mlp_layers_format(&model, layers, sizeof layers);
    snprintf(text, size, "%s@%lld", layers, (long long)model.batch);
}

/* --- buffers ---------------------------------------------------------------------------------- */

void mlp_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    const struct mlp_model model = model_of(c);
    int64_t parameters = mlp_parameter_count(&model);
    bool train = c->variant != INFERENCE;
    int64_t outputs = model.sizes[model.layers];
    specs[BUFFER_PARAMETERS] =
        buffer_flat("parameters", train ? BUFFER_IN_OUT : BUFFER_INPUT, parameters);
    specs[BUFFER_ACTIVATIONS] =
        buffer_flat("activations", BUFFER_OUTPUT, mlp_activation_count(&model));
    specs[BUFFER_X] = buffer_matrix("x", BUFFER_INPUT, model.batch * BATCHES, model.sizes[0], 0);
    if (dtype_is_narrow(c->dtype)) {
        specs[BUFFER_NARROW] = buffer_flat("narrow", BUFFER_OUTPUT, mlp_narrow_count(&model));
        specs[BUFFER_NARROW].element = dtype_element_kind(c->dtype);
        specs[BUFFER_NARROW].stays = true;
    }
    if (train) {
        /* In and out because the gaps between the tensors must be zero before. */
        specs[BUFFER_GRADIENTS] = buffer_flat("gradients", BUFFER_IN_OUT, parameters);
        specs[BUFFER_FIRST] = buffer_flat("first_moment", BUFFER_IN_OUT, parameters);
        specs[BUFFER_SECOND] = buffer_flat("second_moment", BUFFER_IN_OUT, parameters);
        specs[BUFFER_LOSS] = buffer_flat("loss", BUFFER_OUTPUT, model.batch);
    }
    if (c->variant == TRAIN_STEP) {
        specs[BUFFER_LABELS] = buffer_matrix("labels", BUFFER_INPUT, model.batch * BATCHES, 1, 0);
        specs[BUFFER_LABELS].element = ELEMENT_I32;
    }
    if (c->variant == TRAIN_STEP_MSE)
        specs[BUFFER_TARGET] =
            buffer_matrix("target", BUFFER_INPUT, model.batch * BATCHES, outputs, 0);
    for (int i = 0; i < BUFFERS_MAX; i++)
        specs[i].pattern = i == BUFFER_X || i == BUFFER_TARGET;
    for (int i = BUFFER_PARAMETERS; i <= BUFFER_SECOND; i++)
        specs[i].same_on_ranks = specs[i].shared = train;
    specs[BUFFER_X].portions = specs[BUFFER_LABELS].portions = specs[BUFFER_TARGET].portions =
        BATCHES;
}

/* Every gradient is written by the step; a NaN that stays shows one that is not. */
static void gradients_poison(const struct mlp_model *model, float *gradients) {
    for (int l = 0; l < model->layers; l++) {
        float *weights = gradients + mlp_weight_offset(model, l);
        for (int64_t i = 0; i < model->sizes[l] * model->sizes[l + 1]; i++)
            weights[i] = NAN;
        float *bias = gradients + mlp_bias_offset(model, l);
        for (int64_t i = 0; i < model->sizes[l + 1]; i++)
            bias[i] = NAN;
    }
}

void mlp_prepare(const struct bench_case *c, void *const buffers[]) {
    const struct mlp_model model = model_of(c);
    uint64_t seed = c->settings.seed;
    mlp_parameters_initialise(&model, seed, buffers[BUFFER_PARAMETERS]);
    if (buffers[BUFFER_GRADIENTS])
        gradients_poison(&model, buffers[BUFFER_GRADIENTS]);
    int32_t *labels = buffers[BUFFER_LABELS];
    for (int64_t i = 0; labels && i < model.batch * BATCHES; i++)
        labels[i] = (int32_t)random_below(seed, BUFFER_LABELS, (uint64_t)i,
                                          (uint32_t)model.sizes[model.layers]);
}

void mlp_bind(const struct bench_case *c, void *const buffers[], struct launch *launch) {
    struct mlp_problem *problem = mlp_problem_in(launch);
    problem->model = model_of(c);
    problem->inference = c->variant == INFERENCE;
    problem->batches = BATCHES;
    problem->rank = c->settings.rank;
    problem->ranks = c->settings.ranks;
    problem->buffers = (struct mlp_buffers){
        .parameters = buffers[BUFFER_PARAMETERS],
        .gradients = buffers[BUFFER_GRADIENTS],
        .first_moment = buffers[BUFFER_FIRST],
        .second_moment = buffers[BUFFER_SECOND],
        .activations = buffers[BUFFER_ACTIVATIONS],
        .narrow = buffers[BUFFER_NARROW],
        .loss = buffers[BUFFER_LOSS],
        .x = buffers[BUFFER_X],
        .labels = buffers[BUFFER_LABELS],
        .target = buffers[BUFFER_TARGET],
    };
}

/* The sum of all gradients, as allreduce counts it. */
double mlp_sent(const struct bench_case *c) {
    const struct mlp_model model = model_of(c);
    return 2.0 * collective_share(c) * (double)sizeof(float) * (double)mlp_parameter_count(&model);
}

void mlp_share(struct mlp_problem *problem, enum mlp_exchange exchange) {
    if (exchange == MLP_EXCHANGE_NONE || problem->ranks < 2)
        return;
    problem->together = (struct mlp_together){exchange, 1.0F / (float)problem->ranks};
    problem->whole_batch = problem->model.batch;
    problem->model.batch /= problem->ranks;
}

/* The buffers as an iteration sees them: with its own batch, or a rank's share of it. */
struct mlp_buffers mlp_buffers_of(const struct launch *launch, int64_t iteration) {
    const struct mlp_problem *problem = mlp_problem_of(launch);
    const struct mlp_model *model = &problem->model;
    struct mlp_buffers buffers = problem->buffers;
    int64_t first = iteration % problem->batches * model->batch;
    if (problem->whole_batch > 0)
        first = iteration % problem->batches * problem->whole_batch + problem->rank * model->batch;
    buffers.x += first * model->sizes[0];
    if (buffers.labels)
        buffers.labels += first;
    if (buffers.target)
        buffers.target += first * model->sizes[model->layers];
    return buffers;
}

void mlp_scale(struct bench_case *c, int ranks) {
    c->sizes[c->size_count - 1] *= ranks;
}

void mlp_plan_of(const struct launch *launch, int64_t iteration, struct mlp_plan *plan) {
    const struct mlp_problem *problem = mlp_problem_of(launch);
    const struct mlp_buffers buffers = mlp_buffers_of(launch, iteration);
    if (problem->inference)
        mlp_plan_inference(&problem->model, &buffers, plan);
    else
        mlp_plan_train_step_over(&problem->together, &problem->model, &buffers, iteration + 1,
                                 plan);
}

/* A yardstick, and a row from outside the build, has no kernels. */
enum mlp_exchange mlp_exchange_of(const struct implementation *implementation) {
    const bool has_kernels = implementation->kind != KIND_YARDSTICK && !implementation->methods;
    return has_kernels ? mlp_kernels_of(implementation)->exchange : MLP_EXCHANGE_NONE;
}

/* --- presets --- */

const struct preset_line mlp_preset_lines[] = {
    {"default", "train_step", "784-128-10@100 784-512-256-10@128 1024-4096-4096-1024@256"},
    {"default", "train_step_mse", "3-4-2@100"},
    {"default", "inference", "784-128-10@100"},
    {"quick", "train_step", "784-128-10@100 784-512-256-10@128"},
    {"quick", "train_step_mse", "3-4-2@100"},
    {"quick", "inference", "784-128-10@100"},
    {"mnist", "train_step,inference", "784-128-10@100 784-512-256-10@100"},
    {"recommender", "train_step_mse", "13-512-256-64-1@2048"},
    {"tensor", "train_step", "784-128-10@100 784-512-256-10@128 1024-4096-4096-1024@256"},
    {"yardsticks", "train_step", "784-128-10@100 1024-4096-4096-1024@256"},
    {"pytorch", "train_step", "784-128-10@100 784-512-256-10@128"},
    {"pytorch", "inference", "784-128-10@100"},
    {"emulated", "train_step", "784-128-10@100"},
    {"emulated", "train_step_mse", "3-4-2@100"},
    {"emulated", "inference", "784-128-10@100"},
    {"counters", "train_step,inference", "35-19-11@13"},
    {"counters", "train_step_mse", "3-4-2@13"},
    {0}};
