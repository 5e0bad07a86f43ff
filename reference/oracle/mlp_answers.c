/* What the oracle of a network says of its tensors, piece by piece; gradients are in mlp.c, which
 * has them computed when they are asked for. */
#include "reference/oracle/mlp_state.h"

#include "reference/oracle/bounds.h"

#include <math.h>
#include <stddef.h>

void oracle_mlp_loss(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                     double *expected, double *tolerance) {
    for (int64_t i = 0; i < count; i++) {
        expected[i] = oracle->losses[first + i];
        tolerance[i] = oracle->loss_errors[first + i];
    }
}

static void copy_numbers(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                         double *expected, double *tolerance) {
    for (int64_t i = 0; i < count; i++) {
        expected[i] = oracle->values[first + i];
        tolerance[i] = (double)oracle->errors[first + i];
    }
}

void oracle_mlp_activations(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                            double *expected, double *tolerance) {
    const struct mlp_model *model = &oracle->model;
    for (int64_t i = 0; i < count; i++) {
        expected[i] = oracle->input.kept ? (double)oracle->input.kept[first + i] : 0.0;
        tolerance[i] = (double)INFINITY;
    }
    static const enum mlp_tensor tensors[] = {MLP_PREACTIVATION, MLP_OUTPUT, MLP_GRADIENT};
    for (int l = 0; l < model->layers; l++)
        for (size_t t = 0; t < sizeof tensors / sizeof tensors[0]; t++) {
            int64_t begin = mlp_tensor_offset(model, tensors[t], l);
            bool unused = oracle->inference && tensors[t] == MLP_GRADIENT;
            if (begin < 0 || unused)
                continue;
            struct piece piece =
                piece_overlap(begin, begin + model->batch * model->sizes[l + 1], first, count);
            copy_numbers(oracle, piece.begin, piece.end - piece.begin,
                         expected + (piece.begin - first), tolerance + (piece.begin - first));
        }
}

/* Elements [first, first + count) of a tensor of rounded numbers that are asked for. */
static void copy_rounded(const struct oracle_mlp *oracle, struct piece tensor, float scale,
                         int64_t first, int64_t count, double *expected, double *tolerance) {
    struct piece piece = piece_overlap(tensor.begin, tensor.end, first, count);
    for (int64_t i = piece.begin; i < piece.end; i++) {
        const double value = (double)oracle->rounded[i] * (double)scale;
        expected[i - first] = value;
        tolerance[i - first] = is_subnormal_or_zero(value) ? FLUSH : 0.0;
    }
}

void oracle_mlp_rounded(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                        double *expected, double *tolerance) {
    const struct mlp_model *model = &oracle->model;
    for (int64_t i = 0; i < count; i++) {
        expected[i] = (double)NAN;
        tolerance[i] = (double)INFINITY;
    }
    for (int l = 0; l < model->layers; l++) {
        const int64_t weights = mlp_weight_offset(model, l);
        const int64_t input = mlp_narrow_input_offset(model, l);
        const int64_t gradient = mlp_narrow_gradient_offset(model, l);
        copy_rounded(oracle,
                     (struct piece){weights, weights + model->sizes[l] * model->sizes[l + 1]}, 1.0F,
                     first, count, expected, tolerance);
        copy_rounded(oracle, (struct piece){input, input + model->batch * model->sizes[l]}, 1.0F,
                     first, count, expected, tolerance);
        if (!oracle->inference)
            copy_rounded(oracle,
                         (struct piece){gradient, gradient + model->batch * model->sizes[l + 1]},
                         mlp_gradient_scale(model), first, count, expected, tolerance);
    }
}
