/* One step or one inference in float64 with running bounds. The oracle's numbers lie in the same
 * layout as the implementation's activations, so each tensor is written where the implementation
 * would write it, and `kept` can stand in for what is read. */
#include "reference/oracle/mlp_state.h"

#include "common/narrow.h"
#include "reference/oracle/bounded_functions.h"
#include "reference/oracle/bounded_product.h"
#include "reference/oracle/bounds.h"

#include <math.h>
#include <stdlib.h>

enum { SMALL = 1 << 12 }; /* elements that are not worth waking threads for */

/* --- what the computation reads ---------------------------------------------------------------*/

/* A tensor of the activations as the computation goes on with it: what was kept, or its own. */
static struct bounded_matrix tensor_view(const struct oracle_mlp *oracle, enum mlp_tensor tensor,
                                         int layer) {
    int64_t offset = mlp_tensor_offset(&oracle->model, tensor, layer);
    struct bounded_matrix view = {.row_stride = oracle->model.sizes[layer + 1], .column_stride = 1};
    if (oracle->input.kept) {
        view.exact = oracle->input.kept + offset;
    } else {
        view.value = oracle->values + offset;
        view.error = oracle->errors + offset;
    }
    return view;
}

/* An operand in the layout of rounded numbers. */
static struct bounded_matrix rounded_view(const struct oracle_mlp *oracle, int64_t offset,
                                          int64_t columns) {
    return (struct bounded_matrix){
        .exact = oracle->rounded + offset, .row_stride = columns, .column_stride = 1};
}

/* [batch, inputs] of a layer. */
static struct bounded_matrix input_view(const struct oracle_mlp *oracle, int layer) {
    if (oracle->rounded)
        return rounded_view(oracle, mlp_narrow_input_offset(&oracle->model, layer),
                            oracle->model.sizes[layer]);
    if (layer > 0)
        return tensor_view(oracle, MLP_OUTPUT, layer - 1);
    return (struct bounded_matrix){
        .exact = oracle->input.x, .row_stride = oracle->model.sizes[0], .column_stride = 1};
}

/* W, [outputs, inputs]. */
static struct bounded_matrix weights_view(const struct oracle_mlp *oracle, int layer) {
    const struct oracle_mlp_input *input = &oracle->input;
    int64_t offset = mlp_weight_offset(&oracle->model, layer);
    if (oracle->rounded)
        return rounded_view(oracle, offset, oracle->model.sizes[layer]);
    struct bounded_matrix view = {.row_stride = oracle->model.sizes[layer], .column_stride = 1};
    if (input->parameter_values) {
        view.value = input->parameter_values + offset;
        view.error = input->parameter_errors + offset;
    } else {
        view.exact = input->parameters + offset;
    }
    return view;
}

/* [batch, outputs] of a layer, as products take it. */
static struct bounded_matrix gradient_view(const struct oracle_mlp *oracle, int layer) {
    if (!oracle->rounded)
        return tensor_view(oracle, MLP_GRADIENT, layer);
    return rounded_view(oracle, mlp_narrow_gradient_offset(&oracle->model, layer),
                        oracle->model.sizes[layer + 1]);
}

/* Of the sums of products: those of 16-bit operands are exact, but tensor cores truncate sums where
 * float32 rounds them (reference/oracle/gemm.c), which doubles the unit. */
static double sum_unit(const struct oracle_mlp *oracle) {
    return oracle->rounded ? 2.0 * UNIT_F32 : UNIT_F32;
}

/* z = product + b for one column of a layer. */
static struct bounded biased(const struct oracle_mlp *oracle, int layer, int64_t column,
                             struct bounded product) {
    const struct oracle_mlp_input *input = &oracle->input;
    int64_t i = mlp_bias_offset(&oracle->model, layer) + column;
    if (!input->parameter_values)
        return bounded_sum(product, (double)input->parameters[i]);
    product.error += (double)input->parameter_errors[i];
    return bounded_sum(product, input->parameter_values[i]);
}

static struct bounded_matrix transposed(struct bounded_matrix matrix) {
    int64_t stride = matrix.row_stride;
    matrix.row_stride = matrix.column_stride;
    matrix.column_stride = stride;
    return matrix;
}

/* Element i of a tensor without padding. */
static struct bounded element(const struct bounded_matrix *tensor, int64_t i) {
    if (tensor->exact)
        return (struct bounded){(double)tensor->exact[i], 0.0};
    return (struct bounded){tensor->value[i], (double)tensor->error[i]};
}

static void store(struct oracle_mlp *oracle, int64_t index, struct bounded number) {
    oracle->values[index] = number.value;
    oracle->errors[index] = bounded_error(number.error);
}

/* --- forward ----------------------------------------------------------------------------------*/

/* Output = f(product + bias). The product is the oracle's own unless the implementation kept it. */
static void forward_function(struct oracle_mlp *oracle, int layer) {
    const struct mlp_model *model = &oracle->model;
    bool last = layer == model->layers - 1;
    enum activation_function function = last ? ACTIVATION_IDENTITY : model->hidden;
    int64_t output = mlp_tensor_offset(model, MLP_OUTPUT, layer);
    int64_t preactivation = mlp_tensor_offset(model, MLP_PREACTIVATION, layer);
    struct bounded_matrix product = {.value = oracle->values + output,
                                     .error = oracle->errors + output};
    if (preactivation >= 0)
        product = tensor_view(oracle, MLP_PREACTIVATION, layer);
    int64_t columns = model->sizes[layer + 1];
#pragma omp parallel for schedule(static) if (model->batch * columns > SMALL)
    for (int64_t row = 0; row < model->batch; row++)
        for (int64_t column = 0; column < columns; column++) {
            int64_t i = row * columns + column;
            struct bounded z = biased(oracle, layer, column, element(&product, i));
            store(oracle, output + i, bounded_activation(function, z));
        }
}

static void forward(struct oracle_mlp *oracle) {
    const struct mlp_model *model = &oracle->model;
    for (int l = 0; l < model->layers; l++) {
        int64_t target = mlp_tensor_offset(model, MLP_PREACTIVATION, l);
        if (target < 0)
            target = mlp_tensor_offset(model, MLP_OUTPUT, l);
        bounded_product(model->batch, model->sizes[l + 1], model->sizes[l], input_view(oracle, l),
                        transposed(weights_view(oracle, l)), sum_unit(oracle),
                        oracle->values + target, oracle->errors + target);
        forward_function(oracle, l);
    }
}

/* --- the last layer ---------------------------------------------------------------------------*/

static void loss(struct oracle_mlp *oracle) {
    const struct mlp_model *model = &oracle->model;
    int64_t columns = model->sizes[model->layers];
    int64_t output = mlp_tensor_offset(model, MLP_OUTPUT, model->layers - 1);
#pragma omp parallel for schedule(static) if (model->batch * columns > SMALL)
    for (int64_t row = 0; row < model->batch; row++) {
        double *values = oracle->values + output + row * columns;
        float *errors = oracle->errors + output + row * columns;
        struct bounded number;
        if (model->loss == MLP_CROSS_ENTROPY)
            number = bounded_cross_entropy(columns, oracle->input.labels[row], model->batch, values,
                                           errors);
        else
            number = bounded_mse(columns, oracle->input.target + row * columns, model->batch,
                                 values, errors);
        oracle->losses[row] = number.value;
        oracle->loss_errors[row] = number.error;
    }
}

static void softmax(struct oracle_mlp *oracle) {
    const struct mlp_model *model = &oracle->model;
    int64_t columns = model->sizes[model->layers];
    int64_t output = mlp_tensor_offset(model, MLP_OUTPUT, model->layers - 1);
#pragma omp parallel for schedule(static) if (model->batch * columns > SMALL)
    for (int64_t row = 0; row < model->batch; row++)
        bounded_softmax(columns, oracle->values + output + row * columns,
                        oracle->errors + output + row * columns);
}

/* --- backward ---------------------------------------------------------------------------------*/

/* Gradient of `layer` = dy * f', with dy already there. */
static void backward_function(struct oracle_mlp *oracle, int layer) {
    const struct mlp_model *model = &oracle->model;
    bool from_input = mlp_keeps_input(model->hidden);
    struct bounded_matrix kept =
        tensor_view(oracle, from_input ? MLP_PREACTIVATION : MLP_OUTPUT, layer);
    int64_t gradient = mlp_tensor_offset(model, MLP_GRADIENT, layer);
    int64_t columns = model->sizes[layer + 1];
#pragma omp parallel for schedule(static) if (model->batch * columns > SMALL)
    for (int64_t row = 0; row < model->batch; row++)
        for (int64_t column = 0; column < columns; column++) {
            int64_t i = row * columns + column;
            struct bounded dy = {oracle->values[gradient + i],
                                 (double)oracle->errors[gradient + i]};
            struct bounded argument = element(&kept, i);
            if (from_input)
                argument = biased(oracle, layer, column, argument);
            store(oracle, gradient + i, bounded_activation_backward(model->hidden, argument, dy));
        }
}

static void backward(struct oracle_mlp *oracle) {
    const struct mlp_model *model = &oracle->model;
    for (int l = model->layers - 1; l > 0; l--) {
        int64_t below = mlp_tensor_offset(model, MLP_GRADIENT, l - 1);
        bounded_product(model->batch, model->sizes[l], model->sizes[l + 1],
                        gradient_view(oracle, l), weights_view(oracle, l), sum_unit(oracle),
                        oracle->values + below, oracle->errors + below);
        backward_function(oracle, l - 1);
    }
}

/* --- rounding ---------------------------------------------------------------------------------*/

static void round_tensor(struct oracle_mlp *oracle, int64_t offset, const float *from,
                         int64_t count, float scale) {
    const bool half = oracle->model.dtype == DTYPE_F16;
#pragma omp parallel for schedule(static) if (count > SMALL)
    for (int64_t i = 0; i < count; i++) {
        const float x = from[i] * scale;
        oracle->rounded[offset + i] =
            (half ? f16_widen(f16_round(x)) : bf16_widen(bf16_round(x))) / scale;
    }
}

/* All that products take is known beforehand: the parameters, x, and what was kept. */
static void round_all(struct oracle_mlp *oracle) {
    const struct mlp_model *model = &oracle->model;
    const struct oracle_mlp_input *input = &oracle->input;
    const float scale = mlp_gradient_scale(model);
    for (int l = 0; l < model->layers; l++) {
        const int64_t weights = mlp_weight_offset(model, l);
        const int64_t gradient = mlp_tensor_offset(model, MLP_GRADIENT, l);
        const float *from =
            l == 0 ? input->x : input->kept + mlp_tensor_offset(model, MLP_OUTPUT, l - 1);
        round_tensor(oracle, weights, input->parameters + weights,
                     model->sizes[l] * model->sizes[l + 1], 1.0F);
        round_tensor(oracle, mlp_narrow_input_offset(model, l), from,
                     model->batch * model->sizes[l], 1.0F);
        if (!oracle->inference)
            round_tensor(oracle, mlp_narrow_gradient_offset(model, l), input->kept + gradient,
                         model->batch * model->sizes[l + 1], scale);
    }
}

/* --- opening and closing ----------------------------------------------------------------------*/

/* NULL when there is no memory, with the message saying so. */
static struct oracle_mlp *oracle_open(const struct oracle_mlp_input *input, bool inference,
                                      struct message *message) {
    size_t count = (size_t)mlp_activation_count(input->model);
    size_t batch = (size_t)input->model->batch;
    size_t rounded = (size_t)mlp_narrow_count(input->model);
    size_t bytes = count * (sizeof(double) + sizeof(float)) + 2 * batch * sizeof(double) +
                   rounded * sizeof(float);
    struct oracle_mlp *oracle = malloc(sizeof *oracle);
    if (oracle) {
        *oracle =
            (struct oracle_mlp){.input = *input,
                                .inference = inference,
                                .model = *input->model,
                                .values = calloc(count, sizeof(double)),
                                .errors = calloc(count, sizeof(float)),
                                .losses = calloc(batch, sizeof(double)),
                                .loss_errors = calloc(batch, sizeof(double)),
                                .rounded = rounded > 0 ? calloc(rounded, sizeof(float)) : NULL};
        if (oracle->values && oracle->errors && oracle->losses && oracle->loss_errors &&
            (rounded == 0 || oracle->rounded)) {
            if (oracle->rounded)
                round_all(oracle);
            return oracle;
        }
    }
    oracle_mlp_close(oracle);
    message_set(message, STATUS_NO_MEMORY,
                "cannot check the network: no memory for %zu bytes of float64 activations; choose "
                "a smaller batch",
                bytes);
    return NULL;
}

void oracle_mlp_close(struct oracle_mlp *oracle) {
    if (!oracle)
        return;
    free(oracle->values);
    free(oracle->errors);
    free(oracle->losses);
    free(oracle->loss_errors);
    free(oracle->rounded);
    free(oracle);
}

enum status oracle_mlp_train_step(const struct oracle_mlp_input *input, struct oracle_mlp **oracle,
                                  struct message *message) {
    *oracle = oracle_open(input, false, message);
    if (!*oracle)
        return STATUS_NO_MEMORY;
    forward(*oracle);
    loss(*oracle);
    backward(*oracle);
    return STATUS_OK;
}

enum status oracle_mlp_inference(const struct oracle_mlp_input *input, struct oracle_mlp **oracle,
                                 struct message *message) {
    *oracle = oracle_open(input, true, message);
    if (!*oracle)
        return STATUS_NO_MEMORY;
    forward(*oracle);
    if (input->model->loss == MLP_CROSS_ENTROPY)
        softmax(*oracle);
    return STATUS_OK;
}

/* --- gradients --------------------------------------------------------------------------------*/

/* dW[row, column …] = dz^T x for a rectangle of W, through `errors` of as many elements. */
static void weights_rectangle(const struct oracle_mlp *oracle, int layer, int64_t row, int64_t rows,
                              int64_t column, int64_t columns, float *errors, double *expected,
                              double *tolerance) {
    struct bounded_matrix gradient = transposed(gradient_view(oracle, layer));
    struct bounded_matrix input = input_view(oracle, layer);
    bounded_product(rows, columns, oracle->model.batch, bounded_matrix_from(gradient, row, 0),
                    bounded_matrix_from(input, 0, column), sum_unit(oracle), expected, errors);
    for (int64_t i = 0; i < rows * columns; i++)
        tolerance[i] = (double)errors[i];
}

/* Elements [first, first + count) of one W: the rest of a row, whole rows, a row's beginning. */
static void weights_gradient(const struct oracle_mlp *oracle, int layer, int64_t first,
                             int64_t count, float *errors, double *expected, double *tolerance) {
    int64_t inputs = oracle->model.sizes[layer];
    while (count > 0) {
        int64_t row = first / inputs, column = first % inputs;
        int64_t rows = column == 0 && count >= inputs ? count / inputs : 1;
        int64_t columns = inputs - column < count ? inputs - column : count;
        weights_rectangle(oracle, layer, row, rows, column, columns, errors, expected, tolerance);
        int64_t done = rows * columns;
        first += done;
        count -= done;
        expected += done;
        tolerance += done;
    }
}

/* The column sums of dz: any order of summation, as in bounded_product. */
static void bias_gradient(const struct oracle_mlp *oracle, int layer, int64_t first, int64_t count,
                          double *expected, double *tolerance) {
    struct bounded_matrix gradient = tensor_view(oracle, MLP_GRADIENT, layer);
    int64_t batch = oracle->model.batch, columns = oracle->model.sizes[layer + 1];
    double gamma = gamma_bound((double)batch, UNIT_F32);
    for (int64_t column = first; column < first + count; column++) {
        double sum = 0.0, error = 0.0;
        for (int64_t row = 0; row < batch; row++) {
            struct bounded dz = element(&gradient, row * columns + column);
            sum += dz.value;
            error += dz.error + gamma * (fabs(dz.value) + dz.error) + 2.0 * FLUSH;
        }
        expected[column - first] = sum;
        tolerance[column - first] = error;
    }
}

enum status oracle_mlp_gradients(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                                 double *expected, double *tolerance, struct message *message) {
    const struct mlp_model *model = &oracle->model;
    float *errors = malloc((size_t)count * sizeof *errors + 1);
    if (!errors)
        return message_set(message, STATUS_NO_MEMORY,
                           "cannot check %lld gradients at once: no memory for %zu bytes; ask for "
                           "fewer",
                           (long long)count, (size_t)count * sizeof *errors);
    for (int64_t i = 0; i < count; i++)
        expected[i] = tolerance[i] = 0.0;
    for (int l = 0; l < model->layers; l++) {
        int64_t weights = mlp_weight_offset(model, l), bias = mlp_bias_offset(model, l);
        struct piece piece =
            piece_overlap(weights, weights + model->sizes[l] * model->sizes[l + 1], first, count);
        weights_gradient(oracle, l, piece.begin - weights, piece.end - piece.begin, errors,
                         expected + (piece.begin - first), tolerance + (piece.begin - first));
        piece = piece_overlap(bias, bias + model->sizes[l + 1], first, count);
        bias_gradient(oracle, l, piece.begin - bias, piece.end - piece.begin,
                      expected + (piece.begin - first), tolerance + (piece.begin - first));
    }
    free(errors);
    return STATUS_OK;
}
