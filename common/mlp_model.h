/* A multilayer perceptron: its sizes, its settings, and where its numbers lie in memory.
 *
 * Layer l maps [batch, sizes[l]] to [batch, sizes[l+1]]: z = x W^T + b with W stored [out, in] as
 * in PyTorch's Linear. Hidden layers apply `hidden`; the last one gives logits (cross-entropy) or
 * the prediction (MSE).
 *
 * Two flat layouts, in elements of float, every tensor starting at a multiple of 16 so that vector
 * loads stay aligned:
 *   parameters   for each layer W [out, in], then b [out]. Gradients and moments are laid out
 *                alike. The gaps are zero and stay zero as long as the caller cleared them once.
 *   activations  what a training step keeps, see enum mlp_tensor. The gaps mean nothing.
 *
 * In bf16 and f16 every product takes its operands rounded to that dtype (to nearest, ties to even)
 * and sums in f32. So these are rounded, once a step each, from f32 numbers that stay as they are:
 *   weights      before the first product; biases are not
 *   inputs       of each layer: x, and the outputs of the hidden layers
 *   gradients    by z of each layer, times mlp_gradient_scale()
 * The rest is as in f32: products, biases, functions, loss, the gradients of weights and biases,
 * the optimizer and the parameters that it updates. The rounded numbers have a layout of their own,
 * see mlp_narrow_count().
 */
#ifndef LOCKSTEP_COMMON_MLP_MODEL_H
#define LOCKSTEP_COMMON_MLP_MODEL_H

#include "common/problem.h"

#include <stddef.h>

enum {
    MLP_LAYERS_MAX = 16,
    MLP_SIZE_MAX = 1 << 24 /* of a layer and of the batch: no count below overflows 64 bits */
};

enum mlp_loss { MLP_CROSS_ENTROPY, MLP_MSE };

struct mlp_model {
    int layers;                        /* weight matrices, 1 … MLP_LAYERS_MAX */
    int64_t sizes[MLP_LAYERS_MAX + 1]; /* sizes[0] inputs … sizes[layers] outputs */
    int64_t batch;
    enum dtype dtype; /* of the products' operands: DTYPE_F32, DTYPE_BF16 or DTYPE_F16 */
    enum activation_function hidden;
    enum mlp_loss loss;
    enum optimizer_variant optimizer;
    float learning_rate, momentum, beta1, beta2, epsilon;
};

/* Sets the settings that frameworks default to: f32, ReLU, cross-entropy, Adam 0.001 (0.9, 0.999,
 * 1e-8), momentum 0.9. Layers, sizes and batch become 0. */
void mlp_model_defaults(struct mlp_model *model);

/* Reads "784-128-10" into layers and sizes; STATUS_INVALID says what is wrong with `text` and
 * leaves the model as it was. */
enum status mlp_layers_parse(const char *text, struct mlp_model *model, struct message *message);

/* Writes "784-128-10", cut at `size`. */
void mlp_layers_format(const struct mlp_model *model, char *text, size_t size);

/* Elements of the parameter layout, gaps included, and where the tensors of a layer start. */
int64_t mlp_parameter_count(const struct mlp_model *model);
int64_t mlp_weight_offset(const struct mlp_model *model, int layer);
int64_t mlp_bias_offset(const struct mlp_model *model, int layer);

/* Fills the parameter layout with PyTorch's default initialisation of Linear: W and b uniform in
 * +-1/sqrt(in), drawn from Philox (seed, stream = layer), W first; gaps are zero. Host memory. */
void mlp_parameters_initialise(const struct mlp_model *model, uint64_t seed, float *parameters);

/* What a step keeps of layer l, each [batch, sizes[l+1]].
 *
 * A hidden layer whose derivative needs the input of the function (gelu, silu) keeps
 * MLP_PREACTIVATION, the product x W^T without the bias, beside its output; the others compute in
 * place and have no such tensor. Hidden layers have an MLP_GRADIENT, the gradient of the loss by z.
 * The last layer has one tensor, MLP_OUTPUT: after inference the logits' softmax (cross-entropy) or
 * the prediction (MSE), after a training step the gradient by z, which the loss writes in place. */
enum mlp_tensor { MLP_PREACTIVATION, MLP_OUTPUT, MLP_GRADIENT };

/* Where the tensor starts in the activations, or -1 where this layer keeps none. For the last layer
 * MLP_GRADIENT is MLP_OUTPUT. */
int64_t mlp_tensor_offset(const struct mlp_model *model, enum mlp_tensor tensor, int layer);
int64_t mlp_activation_count(const struct mlp_model *model);

/* The layout of the rounded numbers, in elements of 16 bits, every tensor at a multiple of 16:
 *   weights      W of layer l where the parameter layout has it; its bias is rounded along, unused
 *   inputs       [batch, sizes[l]] of layer l
 *   gradients    [batch, sizes[l+1]] by z of layer l
 * None in f32, where the count is 0. */
int64_t mlp_narrow_count(const struct mlp_model *model);
int64_t mlp_narrow_input_offset(const struct mlp_model *model, int layer);
int64_t mlp_narrow_gradient_offset(const struct mlp_model *model, int layer);

/* What gradients by z are multiplied by before they are rounded; the products of them are divided
 * by it again. 1024 in f16, so that gradients from 2^-34 on stay, where f16 begins at 2^-24; beyond
 * 63 they overflow, which verification sees. 1 in bf16, which has the range of f32. A power of two,
 * so that nothing but the range changes. */
float mlp_gradient_scale(const struct mlp_model *model);

/* Whether the backward pass of `function` reads the function's input rather than its output. */
bool mlp_keeps_input(enum activation_function function);

#endif
