/* A training step and the inference of a multilayer perceptron (common/mlp_model.h) as a list of
 * parts, each one kernel call.
 *
 * A training step is forward, loss with gradient, backward, one optimizer update over all
 * parameters at once. The first layer's gradient by its input is not computed, for nobody reads it:
 * a network of n layers takes 3n - 1 GEMMs a step. In bf16 and f16 a part rounds what the next
 * product takes, see common/mlp_model.h.
 *
 * The plan holds problems (common/problem.h), so the same plan drives CPU and GPU kernels, is timed
 * part by part, and can be captured into a graph. It owns nothing; the buffers belong to the caller
 * and live where the kernels run.
 */
#ifndef LOCKSTEP_BENCH_NETWORK_MLP_PLAN_H
#define LOCKSTEP_BENCH_NETWORK_MLP_PLAN_H

#include "bench/network/mlp_exchange.h"
#include "common/mlp_model.h"
#include "common/problem.h"

#include <stdbool.h>

/* The buffers of a plan; counts and layouts in common/mlp_model.h. A step writes every gradient but
 * the gaps between tensors. Clear `gradients` and the moments once before the first step; then the
 * single update over the whole layout leaves the gaps zero. */
struct mlp_buffers {
    float *parameters;
    float *gradients;      /* like parameters; not used by inference */
    float *first_moment;   /* like parameters; NULL for sgd and inference */
    float *second_moment;  /* like parameters; NULL unless adam */
    float *activations;    /* mlp_activation_count elements */
    uint16_t *narrow;      /* mlp_narrow_count elements; NULL in f32 */
    float *loss;           /* [batch]: the loss of each sample; not used by inference */
    const float *x;        /* [batch, sizes[0]] */
    const int32_t *labels; /* [batch]; cross-entropy */
    const float *target;   /* [batch, sizes[layers]]; MSE */
};

/* What is computed in one launch. */
struct mlp_problem {
    struct mlp_model model;
    struct mlp_buffers buffers;
    bool inference;
    int64_t batches; /* x, labels and target hold so many batches, which iterations take in turn */
    int rank, ranks; /* which of how many processes computes this; 0 of 0: one alone */
    /* Of a step over ranks, whose model has this rank's share of the batch. */
    struct mlp_together together;
    int64_t whole_batch; /* of all ranks; 0: the model's, and it is nobody's share */
};

/* One kernel a kind of part: what an implementation of `mlp` is. */
struct mlp_kernels {
    gemm_kernel *gemm;
    /* Takes a product and the bias and function behind it at once, where it can (mlp_plan_run());
     * NULL where they are always apart. */
    linear_kernel *linear;
    activation_kernel *activation;
    softmax_kernel *softmax;
    cross_entropy_kernel *cross_entropy;
    mse_kernel *mse;
    column_sums_kernel *column_sums;
    optimizer_kernel *optimizer;
    round_kernel *round; /* NULL where there is f32 alone */
    /* For a GPU: an iteration is captured once and replayed as one CUDA Graph
     * (bench/network/mlp_graph.h). */
    bool graph;
    enum mlp_exchange exchange; /* of a step over the ranks of a job */
};

enum mlp_part_kind {
    MLP_PART_GEMM,
    MLP_PART_ACTIVATION,
    MLP_PART_SOFTMAX,
    MLP_PART_CROSS_ENTROPY,
    MLP_PART_MSE,
    MLP_PART_COLUMN_SUMS,
    MLP_PART_OPTIMIZER,
    MLP_PART_OPTIMIZER_OWN, /* a rank's own part */
    MLP_PART_ROUND,
    MLP_PART_EXCHANGE
};

/* Names begin with the phase and end with the layer, counted from 1, so that sorted or stacked they
 * read in order. Those of a network of two layers:
 *
 *   forward gemm 1, forward relu 1      a layer, its bias and its function
 *   forward gemm 2, forward bias 2      the last layer has no function
 *   softmax                             inference alone
 *   loss                                with the gradient of the last layer's output
 *   backward gemm dW 2, backward bias 2
 *   backward gemm dx 2, backward relu 1 with the gradient of layer 1's bias
 *   backward gemm dW 1
 *   update
 *
 * In bf16 and f16 besides, each before the first product that takes it:
 *
 *   forward round weights               of all layers
 *   forward round x 1                   the input of a layer
 *   backward round dz 2                 the gradient by a layer's z
 *
 * Over ranks, before the update:
 *
 *   communication                       all gradients at once; behind the update of a rank's own part
 *   communication parameters            those of the other parts; or
 *   communication begin 2               behind the last gradient of a layer, and
 *   communication finish                what of them the backward pass did not hide
 */
struct mlp_part {
    enum mlp_part_kind kind;
    char name[32];
    union {
        struct gemm_problem gemm;
        struct activation_problem activation;
        struct softmax_problem softmax;
        struct cross_entropy_problem cross_entropy;
        struct mse_problem mse;
        struct column_sums_problem column_sums;
        struct optimizer_problem optimizer;
        struct round_problem round;
        struct mlp_exchange_problem exchange;
    } problem;
};

/* Forward takes two parts a layer. Backward takes one for the weights of each layer, one for the
 * last bias, and two for each layer below the last. Then come loss and update, and the roundings of
 * all weights and of two matrices a layer, and over ranks an exchange a layer and its end. */
enum {
    MLP_PARTS_MAX = 2 * MLP_LAYERS_MAX + MLP_LAYERS_MAX + 1 + 2 * (MLP_LAYERS_MAX - 1) + 2 + 1 +
                    2 * MLP_LAYERS_MAX + MLP_LAYERS_MAX + 1
};

struct mlp_plan {
    int count;
    struct mlp_part parts[MLP_PARTS_MAX];
};

/* The plan of one training step, `step` counting from 1 (Adam's bias correction). Cheap: rebuilt
 * for every step. A last, smaller batch is a model with that batch on the same buffers. */
void mlp_plan_train_step(const struct mlp_model *model, const struct mlp_buffers *buffers,
                         int64_t step, struct mlp_plan *plan);
/* The same over ranks, each with its share of the batch as the model's. */
void mlp_plan_train_step_over(const struct mlp_together *together, const struct mlp_model *model,
                              const struct mlp_buffers *buffers, int64_t step,
                              struct mlp_plan *plan);

/* The plan of inference: logits, and the softmax of them for cross-entropy, in mlp_output(). */
void mlp_plan_inference(const struct mlp_model *model, const struct mlp_buffers *buffers,
                        struct mlp_plan *plan);

/* The update at the end of that step: all tensors of all layers in one problem, for they lie one
 * behind the other in one buffer (common/mlp_model.h). The gaps between them are updated too, and
 * stay zero as struct mlp_buffers says. On a GPU it is one launch, whatever the layers. */
struct optimizer_problem mlp_update(const struct mlp_model *model,
                                    const struct mlp_buffers *buffers, int64_t step);

/* Where inference leaves its result: [batch, sizes[layers]]. */
float *mlp_output(const struct mlp_model *model, const struct mlp_buffers *buffers);

/* Runs one part, or all in order until one fails. With `linear`, a product and the forward
 * activation of it in place are one call. */
enum status mlp_part_run(const struct mlp_part *part, const struct mlp_kernels *kernels,
                         struct execution *execution);
enum status mlp_plan_run(const struct mlp_plan *plan, const struct mlp_kernels *kernels,
                         struct execution *execution);

/* Floating point operations of one run: the GEMMs' 2 m n k, as the field counts a training step;
 * the other parts are about bytes. */
double mlp_plan_flops(const struct mlp_plan *plan);

/* The least bytes of one run: each distinct operand once a part. */
double mlp_plan_bytes(const struct mlp_plan *plan);

#endif
