/* Plans of a multilayer perceptron: which kernel calls, on which buffers, in which order. */
#include "bench/network/mlp_plan.h"
#include "common/narrow.h"

#include <stddef.h>
#include <stdio.h>

/* What the parts of one layer work on. All but the preactivation exist in every layer. */
struct layer {
    int64_t batch, inputs, outputs;
    const float *input; /* [batch, inputs]: x, or the output of the layer below */
    const float *weights;
    const float *bias;
    float *weights_gradient;
    float *bias_gradient;
    float *product;  /* [batch, outputs]: x W^T; the output itself where the function is in place */
    float *output;   /* [batch, outputs] */
    float *gradient; /* [batch, outputs], by z */
    enum dtype dtype;
    uint16_t *rounded_input, *rounded_weights, *rounded_gradient; /* NULL in f32 */
};

static float *tensor(const struct mlp_model *model, const struct mlp_buffers *buffers,
                     enum mlp_tensor which, int layer) {
    int64_t offset = mlp_tensor_offset(model, which, layer);
    return offset < 0 ? NULL : buffers->activations + offset;
}

/* Where the layer's rounded numbers lie. */
static void layer_round(struct layer *layer, const struct mlp_model *model,
                        const struct mlp_buffers *buffers, int l) {
    if (!dtype_is_narrow(model->dtype))
        return;
    layer->rounded_input = buffers->narrow + mlp_narrow_input_offset(model, l);
    layer->rounded_weights = buffers->narrow + mlp_weight_offset(model, l);
    layer->rounded_gradient = buffers->narrow + mlp_narrow_gradient_offset(model, l);
}

static struct layer layer_of(const struct mlp_model *model, const struct mlp_buffers *buffers,
                             int l) {
    int64_t weights = mlp_weight_offset(model, l), bias = mlp_bias_offset(model, l);
    float *preactivation = tensor(model, buffers, MLP_PREACTIVATION, l);
    float *output = tensor(model, buffers, MLP_OUTPUT, l);
    struct layer layer = {
        .batch = model->batch,
        .inputs = model->sizes[l],
        .outputs = model->sizes[l + 1],
        .input = l == 0 ? buffers->x : tensor(model, buffers, MLP_OUTPUT, l - 1),
        .weights = buffers->parameters + weights,
        .bias = buffers->parameters + bias,
        .weights_gradient = buffers->gradients ? buffers->gradients + weights : NULL,
        .bias_gradient = buffers->gradients ? buffers->gradients + bias : NULL,
        .product = preactivation ? preactivation : output,
        .output = output,
        .gradient = tensor(model, buffers, MLP_GRADIENT, l),
        .dtype = model->dtype,
    };
    layer_round(&layer, model, buffers, l);
    return layer;
}

/* What a product takes. */
static const void *operand(const float *exact, const uint16_t *rounded) {
    return rounded ? (const void *)rounded : exact;
}

/* Appends a part and returns it for its problem to be filled in. Its name is "phase what layer",
 * or the phase alone for layer 0. */
static struct mlp_part *part_add(struct mlp_plan *plan, enum mlp_part_kind kind, const char *phase,
                                 const char *what, int layer) {
    struct mlp_part *part = &plan->parts[plan->count++];
    part->kind = kind;
    if (layer > 0)
        snprintf(part->name, sizeof part->name, "%s %s %d", phase, what, layer);
    else
        snprintf(part->name, sizeof part->name, "%s", phase);
    return part;
}

/* A dense row-major product without padding, alpha = 1, beta = 0. */
static struct gemm_problem product(enum dtype dtype, enum gemm_variant variant, int64_t m,
                                   int64_t n, int64_t k, const void *a, const void *b, float *c) {
    return (struct gemm_problem){
        .variant = variant,
        .dtype = dtype,
        .m = m,
        .n = n,
        .k = k,
        .alpha = 1.0F,
        .beta = 0.0F,
        .a = a,
        .b = b,
        .c = c,
        .lda = variant == GEMM_TN ? m : k,
        .ldb = variant == GEMM_NT ? k : n,
        .ldc = n,
    };
}

/* --- roundings, none in f32 ------------------------------------------------------------------- */

static void add_round_weights(struct mlp_plan *plan, const struct mlp_model *model,
                              const struct mlp_buffers *buffers) {
    if (dtype_is_narrow(model->dtype))
        part_add(plan, MLP_PART_ROUND, "forward round weights", NULL, 0)->problem.round =
            (struct round_problem){.dtype = model->dtype,
                                   .count = mlp_parameter_count(model),
                                   .in = buffers->parameters,
                                   .scale = 1.0F,
                                   .out = buffers->narrow};
}

static void add_round_input(struct mlp_plan *plan, const struct layer *layer, int l) {
    if (dtype_is_narrow(layer->dtype))
        part_add(plan, MLP_PART_ROUND, "forward", "round x", l + 1)->problem.round =
            (struct round_problem){.dtype = layer->dtype,
                                   .count = layer->batch * layer->inputs,
                                   .in = layer->input,
                                   .scale = 1.0F,
                                   .out = layer->rounded_input};
}

static void add_round_gradient(struct mlp_plan *plan, const struct mlp_model *model,
                               const struct layer *layer, int l) {
    if (dtype_is_narrow(layer->dtype))
        part_add(plan, MLP_PART_ROUND, "backward", "round dz", l + 1)->problem.round =
            (struct round_problem){.dtype = layer->dtype,
                                   .count = layer->batch * layer->outputs,
                                   .in = layer->gradient,
                                   .scale = mlp_gradient_scale(model),
                                   .out = layer->rounded_gradient};
}

/* --- a layer ---------------------------------------------------------------------------------- */

/* [batch, outputs] = f([batch, inputs] W^T + b). */
static void add_forward(struct mlp_plan *plan, const struct mlp_model *model,
                        const struct layer *layer, int l) {
    bool last = l == model->layers - 1;
    add_round_input(plan, layer, l);
    struct mlp_part *part = part_add(plan, MLP_PART_GEMM, "forward", "gemm", l + 1);
    part->problem.gemm = product(layer->dtype, GEMM_NT, layer->batch, layer->outputs, layer->inputs,
                                 operand(layer->input, layer->rounded_input),
                                 operand(layer->weights, layer->rounded_weights), layer->product);
    part = part_add(plan, MLP_PART_ACTIVATION, "forward",
                    last ? "bias" : activation_function_name(model->hidden), l + 1);
    part->problem.activation = (struct activation_problem){
        .function = last ? ACTIVATION_IDENTITY : model->hidden,
        .rows = layer->batch,
        .columns = layer->outputs,
        .input = layer->product,
        .bias = layer->bias,
        .output = layer->output,
    };
}

/* The loss of each sample, and the gradient in the place of the last layer's output. */
static void add_loss(struct mlp_plan *plan, const struct mlp_model *model,
                     const struct mlp_buffers *buffers, const struct layer *last) {
    if (model->loss == MLP_CROSS_ENTROPY) {
        struct mlp_part *part = part_add(plan, MLP_PART_CROSS_ENTROPY, "loss", NULL, 0);
        part->problem.cross_entropy = (struct cross_entropy_problem){
            .variant = LOSS_FORWARD_BACKWARD,
            .rows = last->batch,
            .columns = last->outputs,
            .logits = last->output,
            .labels = buffers->labels,
            .loss = buffers->loss,
            .dlogits = last->gradient,
        };
        return;
    }
    struct mlp_part *part = part_add(plan, MLP_PART_MSE, "loss", NULL, 0);
    part->problem.mse = (struct mse_problem){
        .variant = LOSS_FORWARD_BACKWARD,
        .rows = last->batch,
        .columns = last->outputs,
        .prediction = last->output,
        .target = buffers->target,
        .loss = buffers->loss,
        .dprediction = last->gradient,
    };
}

/* dW [outputs, inputs] = dz^T x. */
static void add_weights_gradient(struct mlp_plan *plan, const struct mlp_model *model,
                                 const struct layer *layer, int l) {
    struct mlp_part *part = part_add(plan, MLP_PART_GEMM, "backward", "gemm dW", l + 1);
    part->problem.gemm =
        product(layer->dtype, GEMM_TN, layer->outputs, layer->inputs, layer->batch,
                operand(layer->gradient, layer->rounded_gradient),
                operand(layer->input, layer->rounded_input), layer->weights_gradient);
    part->problem.gemm.alpha = 1.0F / mlp_gradient_scale(model);
}

/* From the gradient by z of `layer` to that of the layer below, and to the gradient of its bias:
 * dx = dz W, then dx * f'. */
static void add_inputs_gradient(struct mlp_plan *plan, const struct mlp_model *model,
                                const struct layer *layer, const struct layer *below, int l) {
    struct mlp_part *part = part_add(plan, MLP_PART_GEMM, "backward", "gemm dx", l + 1);
    part->problem.gemm = product(layer->dtype, GEMM_NN, layer->batch, layer->inputs, layer->outputs,
                                 operand(layer->gradient, layer->rounded_gradient),
                                 operand(layer->weights, layer->rounded_weights), below->gradient);
    part->problem.gemm.alpha = 1.0F / mlp_gradient_scale(model);
    part =
        part_add(plan, MLP_PART_ACTIVATION, "backward", activation_function_name(model->hidden), l);
    part->problem.activation = (struct activation_problem){
        .function = model->hidden,
        .backward = true,
        .rows = below->batch,
        .columns = below->outputs,
        .input = below->product, /* what the function's derivative is taken from */
        .bias = below->bias,
        .dy = below->gradient,
        .output = below->gradient,
        .dbias = below->bias_gradient,
    };
}

/* --- over ranks ------------------------------------------------------------------------------- */

static void add_exchange(struct mlp_plan *plan, const char *what, int layer,
                         struct mlp_exchange_problem problem) {
    struct mlp_part *part = layer > 0
                                ? part_add(plan, MLP_PART_EXCHANGE, "communication", what, layer)
                                : part_add(plan, MLP_PART_EXCHANGE, what, NULL, 0);
    part->problem.exchange = problem;
}

/* The gradients of layer l are there: those of its weights and, one behind the other in memory, of
 * its bias. */
static void add_bucket(struct mlp_plan *plan, const struct mlp_together *together,
                       const struct mlp_model *model, const struct mlp_buffers *buffers, int l) {
    if (together->exchange != MLP_EXCHANGE_BUCKETS)
        return;
    const int64_t first = mlp_weight_offset(model, l);
    const int64_t end =
        l + 1 < model->layers ? mlp_weight_offset(model, l + 1) : mlp_parameter_count(model);
    add_exchange(plan, "begin", l + 1,
                 (struct mlp_exchange_problem){.phase = MLP_EXCHANGE_BEGIN,
                                               .share = together->share,
                                               .data = buffers->gradients + first,
                                               .count = end - first});
}

static void add_average(struct mlp_plan *plan, const struct mlp_together *together,
                        const struct mlp_model *model, const struct mlp_buffers *buffers) {
    struct mlp_exchange_problem problem = {
        .share = together->share,
        .data = buffers->gradients,
        .count = mlp_parameter_count(model),
        .updated = {buffers->parameters, buffers->first_moment, buffers->second_moment}};
    switch (together->exchange) {
    case MLP_EXCHANGE_NONE:
        break;
    case MLP_EXCHANGE_WHOLE:
        problem.phase = MLP_EXCHANGE_ALL;
        add_exchange(plan, "communication", 0, problem);
        break;
    case MLP_EXCHANGE_DIVIDED:
        problem.phase = MLP_EXCHANGE_DIVIDE;
        add_exchange(plan, "communication", 0, problem);
        break;
    case MLP_EXCHANGE_BUCKETS:
        add_exchange(plan, "communication finish", 0,
                     (struct mlp_exchange_problem){.phase = MLP_EXCHANGE_FINISH});
        break;
    }
}

/* Of all parameters, or of a rank's own part, which the others take then. */
static void add_update(struct mlp_plan *plan, const struct mlp_together *together,
                       const struct mlp_model *model, const struct mlp_buffers *buffers,
                       int64_t step) {
    const bool own = together->exchange == MLP_EXCHANGE_DIVIDED;
    part_add(plan, own ? MLP_PART_OPTIMIZER_OWN : MLP_PART_OPTIMIZER, "update", NULL, 0)
        ->problem.optimizer = mlp_update(model, buffers, step);
    if (own)
        add_exchange(plan, "communication parameters", 0,
                     (struct mlp_exchange_problem){.phase = MLP_EXCHANGE_SPREAD,
                                                   .data = buffers->parameters,
                                                   .count = mlp_parameter_count(model)});
}

/* --- a step ----------------------------------------------------------------------------------- */

static void add_backward(struct mlp_plan *plan, const struct mlp_together *together,
                         const struct mlp_model *model, const struct mlp_buffers *buffers) {
    int last = model->layers - 1;
    struct layer layer = layer_of(model, buffers, last);
    for (int l = last; l >= 0; l--) {
        add_round_gradient(plan, model, &layer, l);
        add_weights_gradient(plan, model, &layer, l);
        if (l == last) {
            struct mlp_part *part = part_add(plan, MLP_PART_COLUMN_SUMS, "backward", "bias", l + 1);
            part->problem.column_sums = (struct column_sums_problem){
                .rows = layer.batch,
                .columns = layer.outputs,
                .x = layer.gradient,
                .sums = layer.bias_gradient,
            };
        }
        add_bucket(plan, together, model, buffers, l);
        if (l > 0) {
            struct layer below = layer_of(model, buffers, l - 1);
            add_inputs_gradient(plan, model, &layer, &below, l);
            layer = below;
        }
    }
}

struct optimizer_problem mlp_update(const struct mlp_model *model,
                                    const struct mlp_buffers *buffers, int64_t step) {
    return (struct optimizer_problem){
        .variant = model->optimizer,
        .count = mlp_parameter_count(model),
        .parameters = buffers->parameters,
        .gradients = buffers->gradients,
        .first_moment = model->optimizer == OPTIMIZER_SGD ? NULL : buffers->first_moment,
        .second_moment = model->optimizer == OPTIMIZER_ADAM ? buffers->second_moment : NULL,
        .learning_rate = model->learning_rate,
        .momentum = model->momentum,
        .beta1 = model->beta1,
        .beta2 = model->beta2,
        .epsilon = model->epsilon,
        .step = step,
    };
}

void mlp_plan_train_step(const struct mlp_model *model, const struct mlp_buffers *buffers,
                         int64_t step, struct mlp_plan *plan) {
    const struct mlp_together alone = {MLP_EXCHANGE_NONE, 1.0F};
    mlp_plan_train_step_over(&alone, model, buffers, step, plan);
}

void mlp_plan_train_step_over(const struct mlp_together *together, const struct mlp_model *model,
                              const struct mlp_buffers *buffers, int64_t step,
                              struct mlp_plan *plan) {
    plan->count = 0;
    add_round_weights(plan, model, buffers);
    struct layer layer = {0};
    for (int l = 0; l < model->layers; l++) {
        layer = layer_of(model, buffers, l);
        add_forward(plan, model, &layer, l);
    }
    add_loss(plan, model, buffers, &layer);
    add_backward(plan, together, model, buffers);
    add_average(plan, together, model, buffers);
    add_update(plan, together, model, buffers, step);
}

void mlp_plan_inference(const struct mlp_model *model, const struct mlp_buffers *buffers,
                        struct mlp_plan *plan) {
    plan->count = 0;
    add_round_weights(plan, model, buffers);
    for (int l = 0; l < model->layers; l++) {
        struct layer layer = layer_of(model, buffers, l);
        add_forward(plan, model, &layer, l);
    }
    if (model->loss != MLP_CROSS_ENTROPY)
        return;
    float *output = mlp_output(model, buffers);
    struct mlp_part *part = part_add(plan, MLP_PART_SOFTMAX, "softmax", NULL, 0);
    part->problem.softmax = (struct softmax_problem){
        .variant = SOFTMAX_FORWARD,
        .rows = model->batch,
        .columns = model->sizes[model->layers],
        .input = output,
        .output = output,
    };
}

float *mlp_output(const struct mlp_model *model, const struct mlp_buffers *buffers) {
    return tensor(model, buffers, MLP_OUTPUT, model->layers - 1);
}
