/* A multilayer perceptron as a list of parts, each one kernel call.
 *
 * Layer l maps [batch, sizes[l]] to [batch, sizes[l+1]]: z = x W^T + b with W stored [out, in] as
 * in PyTorch's Linear. Hidden layers apply `hidden`; the last one gives logits (cross-entropy) or
 * the prediction (MSE). A training step is forward, loss with gradient, backward, one optimizer
 * update over all parameters at once.
 *
 * The plan holds problems (common/problem.h), so the same plan drives CPU and GPU kernels, is timed
 * part by part, and can be captured into a graph. It owns nothing; the buffers belong to the caller
 * and live where the kernels run.
 */
#ifndef LOCKSTEP_BENCH_MLP_H
#define LOCKSTEP_BENCH_MLP_H

#include "common/problem.h"

enum { MLP_LAYERS_MAX = 16 };

enum mlp_loss { MLP_CROSS_ENTROPY, MLP_MSE };

struct mlp_model {
    int layers;                        /* weight matrices, 1 … MLP_LAYERS_MAX */
    int64_t sizes[MLP_LAYERS_MAX + 1]; /* sizes[0] inputs … sizes[layers] outputs */
    int64_t batch;
    enum activation_function hidden;
    enum mlp_loss loss;
    enum optimizer_variant optimizer;
    float learning_rate, momentum, beta1, beta2, epsilon;
};

/* Sets the settings that frameworks default to: ReLU, Adam 0.001 (0.9, 0.999, 1e-8), momentum 0.9.
 */
void mlp_model_defaults(struct mlp_model *model);

/* Reads "784-128-10" into layers and sizes. STATUS_INVALID says what is wrong with `text`. */
enum status mlp_layers_parse(const char *text, struct mlp_model *model, struct message *message);

/* Element counts of the buffers below. Parameters: for each layer W then b, each start rounded up
 * to 16 elements so that vector loads stay aligned; the gaps are zero and stay zero. */
int64_t mlp_parameter_count(const struct mlp_model *model);
int64_t mlp_weight_offset(const struct mlp_model *model, int layer);
int64_t mlp_bias_offset(const struct mlp_model *model, int layer);
int64_t mlp_activation_count(const struct mlp_model *model);

struct mlp_buffers {
    float *parameters;
    float *gradients;      /* like parameters */
    float *first_moment;   /* like parameters; NULL for sgd */
    float *second_moment;  /* like parameters; NULL unless adam */
    float *activations;    /* mlp_activation_count elements, the kept values and gradients of every
                              layer */
    float *loss;           /* [batch] */
    const float *x;        /* [batch, sizes[0]] */
    const int32_t *labels; /* [batch]; cross-entropy */
    const float *target;   /* [batch, sizes[layers]]; MSE */
};

/* PyTorch's default initialisation of Linear: W and b uniform in +-1/sqrt(in), from Philox (seed,
 * stream = layer). */
void mlp_parameters_initialise(const struct mlp_model *model, uint64_t seed, float *parameters);

/* One kernel a kind of part: what an implementation of `mlp` is. */
struct mlp_kernels {
    gemm_kernel *gemm;
    activation_kernel *activation;
    softmax_kernel *softmax;
    cross_entropy_kernel *cross_entropy;
    mse_kernel *mse;
    column_sums_kernel *column_sums;
    optimizer_kernel *optimizer;
};

enum mlp_part_kind {
    MLP_PART_GEMM,
    MLP_PART_ACTIVATION,
    MLP_PART_SOFTMAX,
    MLP_PART_CROSS_ENTROPY,
    MLP_PART_MSE,
    MLP_PART_COLUMN_SUMS,
    MLP_PART_OPTIMIZER
};

struct mlp_part {
    enum mlp_part_kind kind;
    char name[32]; /* "forward gemm 1", "backward bias 2", "loss", "update" … */
    union {
        struct gemm_problem gemm;
        struct activation_problem activation;
        struct softmax_problem softmax;
        struct cross_entropy_problem cross_entropy;
        struct mse_problem mse;
        struct column_sums_problem column_sums;
        struct optimizer_problem optimizer;
    } problem;
};

struct mlp_plan {
    int count;
    struct mlp_part parts[7 * MLP_LAYERS_MAX + 4];
};

/* The plan of one training step, `step` counting from 1 (Adam's bias correction). Cheap: rebuilt
 * for every step. */
void mlp_plan_train_step(const struct mlp_model *model, const struct mlp_buffers *buffers,
                         int64_t step, struct mlp_plan *plan);

/* The plan of inference: logits, and the softmax of them for cross-entropy, in mlp_output(). */
void mlp_plan_inference(const struct mlp_model *model, const struct mlp_buffers *buffers,
                        struct mlp_plan *plan);
float *mlp_output(const struct mlp_model *model, const struct mlp_buffers *buffers);

/* Runs one part, or all in order until one fails. */
enum status mlp_part_run(const struct mlp_part *part, const struct mlp_kernels *kernels,
                         struct execution *execution);
enum status mlp_plan_run(const struct mlp_plan *plan, const struct mlp_kernels *kernels,
                         struct execution *execution);

/* Floating point operations and the least bytes of one run of the plan (each distinct operand once
 * a part). */
double mlp_plan_flops(const struct mlp_plan *plan);
double mlp_plan_bytes(const struct mlp_plan *plan);

#endif
