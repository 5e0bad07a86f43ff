/* Sizes and layouts of a multilayer perceptron. */
#include "common/mlp_model.h"

#include "common/narrow.h"
#include "common/random.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16 }; /* elements: 64 bytes, one cache line */

static int64_t aligned(int64_t count) {
    return (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void mlp_model_defaults(struct mlp_model *model) {
    *model = (struct mlp_model){
        .hidden = ACTIVATION_RELU,
        .loss = MLP_CROSS_ENTROPY,
        .optimizer = OPTIMIZER_ADAM,
        .learning_rate = 0.001F,
        .momentum = 0.9F,
        .beta1 = 0.9F,
        .beta2 = 0.999F,
        .epsilon = 1e-8F,
    };
}

/* One size and the dash that may follow it; NULL when there is no size from 1 to MLP_SIZE_MAX. */
static const char *size_parse(const char *text, int64_t *size) {
    if (*text < '0' || *text > '9')
        return NULL;
    char *end;
    long long value = strtoll(text, &end, 10);
    if (value < 1 || value > MLP_SIZE_MAX)
        return NULL;
    *size = value;
    return end;
}

enum status mlp_layers_parse(const char *text, struct mlp_model *model, struct message *message) {
    int64_t sizes[MLP_LAYERS_MAX + 1] = {0};
    int count = 0;
    const char *position = text;
    for (;;) {
        if (count > MLP_LAYERS_MAX)
            return message_set(message, STATUS_INVALID,
                               "layers '%s' name more than %d sizes; give at most %d", text,
                               MLP_LAYERS_MAX + 1, MLP_LAYERS_MAX + 1);
        const char *end = size_parse(position, &sizes[count]);
        if (!end || (*end != '-' && *end != '\0'))
            return message_set(message, STATUS_INVALID,
                               "cannot read layers '%s' at '%s': give sizes from 1 to %d joined by "
                               "dashes, inputs first, as in 784-128-10",
                               text, position, MLP_SIZE_MAX);
        count++;
        if (*end == '\0')
            break;
        position = end + 1;
    }
    if (count < 2)
        return message_set(message, STATUS_INVALID,
                           "layers '%s' name one size; give at least inputs and outputs, as in "
                           "784-10",
                           text);
    memcpy(model->sizes, sizes, sizeof sizes);
    model->layers = count - 1;
    return STATUS_OK;
}

void mlp_layers_format(const struct mlp_model *model, char *text, size_t size) {
    size_t used = 0;
    if (size > 0)
        text[0] = '\0';
    for (int l = 0; l <= model->layers && used < size; l++) {
        int written = snprintf(text + used, size - used, "%s%lld", l > 0 ? "-" : "",
                               (long long)model->sizes[l]);
        if (written < 0)
            return;
        used += (size_t)written;
    }
}

int64_t mlp_weight_offset(const struct mlp_model *model, int layer) {
    int64_t offset = 0;
    for (int l = 0; l < layer; l++)
        offset += aligned(model->sizes[l] * model->sizes[l + 1]) + aligned(model->sizes[l + 1]);
    return offset;
}

int64_t mlp_bias_offset(const struct mlp_model *model, int layer) {
    return mlp_weight_offset(model, layer) + aligned(model->sizes[layer] * model->sizes[layer + 1]);
}

int64_t mlp_parameter_count(const struct mlp_model *model) {
    return mlp_weight_offset(model, model->layers);
}

void mlp_parameters_initialise(const struct mlp_model *model, uint64_t seed, float *parameters) {
    memset(parameters, 0, (size_t)mlp_parameter_count(model) * sizeof *parameters);
    for (int l = 0; l < model->layers; l++) {
        float limit = (float)(1.0 / sqrt((double)model->sizes[l]));
        int64_t weights = model->sizes[l] * model->sizes[l + 1];
        random_fill(parameters + mlp_weight_offset(model, l), weights, seed, (uint64_t)l, -limit,
                    limit);
        float *bias = parameters + mlp_bias_offset(model, l);
        for (int64_t i = 0; i < model->sizes[l + 1]; i++)
            bias[i] = random_uniform(seed, (uint64_t)l, (uint64_t)(weights + i), -limit, limit);
    }
}

bool mlp_keeps_input(enum activation_function function) {
    switch (function) {
    case ACTIVATION_GELU_TANH:
    case ACTIVATION_GELU_ERF:
    case ACTIVATION_SILU:
        return true;
    case ACTIVATION_IDENTITY:
    case ACTIVATION_RELU:
    case ACTIVATION_SIGMOID:
    case ACTIVATION_TANH:
    case ACTIVATION_FUNCTIONS:
        break;
    }
    return false;
}

/* Tensors that a hidden layer keeps: output and gradient, and the input where it is needed. */
static int64_t hidden_tensors(const struct mlp_model *model) {
    return mlp_keeps_input(model->hidden) ? 3 : 2;
}

static int64_t tensor_size(const struct mlp_model *model, int layer) {
    return aligned(model->batch * model->sizes[layer + 1]);
}

int64_t mlp_tensor_offset(const struct mlp_model *model, enum mlp_tensor tensor, int layer) {
    int64_t start = 0;
    for (int l = 0; l < layer; l++)
        start += hidden_tensors(model) * tensor_size(model, l);
    bool last = layer == model->layers - 1;
    switch (tensor) {
    case MLP_OUTPUT:
        return start;
    case MLP_GRADIENT:
        return last ? start : start + tensor_size(model, layer);
    case MLP_PREACTIVATION:
        break;
    }
    return !last && mlp_keeps_input(model->hidden) ? start + 2 * tensor_size(model, layer) : -1;
}

int64_t mlp_activation_count(const struct mlp_model *model) {
    int last = model->layers - 1;
    return mlp_tensor_offset(model, MLP_OUTPUT, last) + tensor_size(model, last);
}

int64_t mlp_narrow_count(const struct mlp_model *model) {
    if (!dtype_is_narrow(model->dtype))
        return 0;
    return mlp_narrow_input_offset(model, 0) + aligned(model->batch * model->sizes[0]);
}

/* Behind the weights lie the tensors of the activations as they lie there, and then x. */
int64_t mlp_narrow_input_offset(const struct mlp_model *model, int layer) {
    int64_t activations = mlp_parameter_count(model);
    return activations + (layer == 0 ? mlp_activation_count(model)
                                     : mlp_tensor_offset(model, MLP_OUTPUT, layer - 1));
}

int64_t mlp_narrow_gradient_offset(const struct mlp_model *model, int layer) {
    return mlp_parameter_count(model) + mlp_tensor_offset(model, MLP_GRADIENT, layer);
}

float mlp_gradient_scale(const struct mlp_model *model) {
    return model->dtype == DTYPE_F16 ? 1024.0F : 1.0F;
}
