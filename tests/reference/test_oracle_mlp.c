/* The network's oracle: right (finite differences), safe (correct float32 steps are within its
 * bounds, whatever the network) and sharp (each kind of wrong step is not). */
#include "bench/network/mlp_plan.h"
#include "common/random.h"
#include "reference/oracle/mlp.h"
#include "reference/oracle/oracle.h"
#include "tests/support/networks.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a network with inputs, and the state before the step --------------------------------------*/

struct network {
    struct mlp_model model;
    struct mlp_buffers buffers;
    float *before; /* parameters before the step */
};

static float *floats(int64_t count, uint64_t seed, uint64_t stream, float limit) {
    float *values = malloc((size_t)count * sizeof *values);
    assert_non_null(values);
    random_fill(values, count, seed, stream, -limit, limit);
    return values;
}

static struct network network_open(struct mlp_model model, uint64_t seed) {
    int64_t count = mlp_parameter_count(&model), outputs = model.sizes[model.layers];
    int32_t *labels = calloc((size_t)model.batch, sizeof *labels);
    struct network network = {.model = model, .before = floats(count, 0, 0, 0.0F)};
    mlp_parameters_initialise(&model, seed, network.before);
    for (int64_t i = 0; i < model.batch; i++)
        labels[i] = (int32_t)random_below(seed, 100, (uint64_t)i, (uint32_t)outputs);
    network.buffers = (struct mlp_buffers){
        .parameters = floats(count, 0, 0, 0.0F),
        .gradients = floats(count, 0, 0, 0.0F),
        .first_moment = floats(count, 0, 0, 0.0F),
        .second_moment = floats(count, 0, 0, 0.0F),
        .activations = floats(mlp_activation_count(&model), 0, 0, 0.0F),
        .loss = floats(model.batch, 0, 0, 0.0F),
        .x = floats(model.batch * model.sizes[0], seed, 101, 1.0F),
        .target = floats(model.batch * outputs, seed, 102, 1.0F),
        .labels = labels,
    };
    memcpy(network.buffers.parameters, network.before, (size_t)count * sizeof(float));
    return network;
}

static void network_close(struct network *network) {
    free(network->before);
    network_buffers_free(&network->buffers);
}

static struct oracle_mlp *oracle_of(const struct network *network, bool kept, bool inference) {
    struct oracle_mlp_input input = {
        .model = &network->model,
        .parameters = network->before,
        .x = network->buffers.x,
        .labels = network->buffers.labels,
        .target = network->buffers.target,
        .kept = kept ? network->buffers.activations : NULL,
    };
    struct oracle_mlp *oracle;
    struct message message;
    enum status status = inference ? oracle_mlp_inference(&input, &oracle, &message)
                                   : oracle_mlp_train_step(&input, &oracle, &message);
    assert_int_equal(status, STATUS_OK);
    return oracle;
}

static void run(struct mlp_plan *plan) {
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    assert_int_equal(mlp_plan_run(plan, &naive_kernels, &execution), STATUS_OK);
}

/* --- comparing --------------------------------------------------------------------------------*/

struct numbers {
    int64_t count;
    double *expected, *tolerance;
};

static struct numbers numbers_open(int64_t count) {
    struct numbers numbers = {count, calloc((size_t)count, sizeof(double)),
                              calloc((size_t)count, sizeof(double))};
    assert_non_null(numbers.expected);
    assert_non_null(numbers.tolerance);
    return numbers;
}

static void numbers_close(struct numbers *numbers) {
    free(numbers->expected);
    free(numbers->tolerance);
}

static int64_t violations(const struct numbers *numbers, const float *computed) {
    int64_t count = 0;
    for (int64_t i = 0; i < numbers->count; i++)
        if (!(fabs((double)computed[i] - numbers->expected[i]) <= numbers->tolerance[i]))
            count++;
    return count;
}

/* Losses, gradients and, for `kept`, the activations of a step that was run, against the oracle. */
static int64_t step_violations(const struct network *network, bool kept) {
    const struct mlp_model *model = &network->model;
    struct oracle_mlp *oracle = oracle_of(network, kept, false);
    struct message message;
    struct numbers loss = numbers_open(model->batch);
    oracle_mlp_loss(oracle, 0, loss.count, loss.expected, loss.tolerance);
    struct numbers gradients = numbers_open(mlp_parameter_count(model));
    assert_int_equal(oracle_mlp_gradients(oracle, 0, gradients.count, gradients.expected,
                                          gradients.tolerance, &message),
                     STATUS_OK);
    int64_t count = violations(&loss, network->buffers.loss) +
                    violations(&gradients, network->buffers.gradients);
    if (kept) {
        struct numbers activations = numbers_open(mlp_activation_count(model));
        oracle_mlp_activations(oracle, 0, activations.count, activations.expected,
                               activations.tolerance);
        count += violations(&activations, network->buffers.activations);
        numbers_close(&activations);
    }
    numbers_close(&loss);
    numbers_close(&gradients);
    oracle_mlp_close(oracle);
    return count;
}

/* --- right: finite differences -----------------------------------------------------------------*/

static double mean_loss(const struct network *network) {
    struct oracle_mlp *oracle = oracle_of(network, false, false);
    struct numbers loss = numbers_open(network->model.batch);
    oracle_mlp_loss(oracle, 0, loss.count, loss.expected, loss.tolerance);
    double sum = 0.0;
    for (int64_t i = 0; i < loss.count; i++)
        sum += loss.expected[i];
    oracle_mlp_close(oracle);
    double mean = sum / (double)loss.count;
    numbers_close(&loss);
    return mean;
}

/* The loss at p + h and p - h, both floats, so that the distance is known exactly. */
static double difference_quotient(struct network *network, int64_t i) {
    float p = network->before[i];
    float above = p + 0x1p-12F, below = p - 0x1p-12F;
    network->before[i] = above;
    double loss_above = mean_loss(network);
    network->before[i] = below;
    double loss_below = mean_loss(network);
    network->before[i] = p;
    return (loss_above - loss_below) / ((double)above - (double)below);
}

static void check_differences(struct network *network) {
    int64_t count = mlp_parameter_count(&network->model);
    struct oracle_mlp *oracle = oracle_of(network, false, false);
    struct numbers gradients = numbers_open(count);
    struct message message;
    assert_int_equal(
        oracle_mlp_gradients(oracle, 0, count, gradients.expected, gradients.tolerance, &message),
        STATUS_OK);
    int checked = 0;
    for (int64_t i = 0; i < count; i++) {
        if (network->before[i] == 0.0F) { /* a gap */
            assert_true(gradients.expected[i] == 0.0 && gradients.tolerance[i] == 0.0);
            continue;
        }
        /* h^2 f''' / 6 with h = 2^-12 is some 1e-8; the roundings of the loss 1e-16 / h, 1e-12. */
        double distance = fabs(difference_quotient(network, i) - gradients.expected[i]);
        assert_true(distance < 2e-7);
        checked++;
    }
    assert_int_equal(checked, 4 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3);
    numbers_close(&gradients);
    oracle_mlp_close(oracle);
}

TEST(gradients_are_finite_differences) {
    for (int function = ACTIVATION_IDENTITY; function < ACTIVATION_FUNCTIONS; function++)
        for (int loss = MLP_CROSS_ENTROPY; loss <= MLP_MSE; loss++) {
            struct mlp_model model = model_of("4-5-4-3", 6);
            model.hidden = (enum activation_function)function;
            model.loss = (enum mlp_loss)loss;
            struct network network = network_open(model, 3);
            check_differences(&network);
            network_close(&network);
        }
}

/* --- safe: correct steps are within the bounds ------------------------------------------------ */

/* A network of 1 to 4 layers, sizes 1 to 40, batch 1 to 33. */
static struct mlp_model random_model(uint64_t seed) {
    struct mlp_model model;
    mlp_model_defaults(&model);
    model.layers = 1 + (int)random_below(seed, 50, 0, 4);
    for (int l = 0; l <= model.layers; l++)
        model.sizes[l] = 1 + random_below(seed, 51, (uint64_t)l, 40);
    model.batch = 1 + random_below(seed, 52, 0, 33);
    model.hidden = (enum activation_function)(seed % ACTIVATION_FUNCTIONS);
    model.loss = seed / ACTIVATION_FUNCTIONS % 2 ? MLP_MSE : MLP_CROSS_ENTROPY;
    return model;
}

enum { RANDOM_NETWORKS = 420 };

TEST(correct_steps_are_within_the_bounds) {
    for (uint64_t seed = 0; seed < RANDOM_NETWORKS; seed++) {
        struct network network = network_open(random_model(seed), seed);
        struct mlp_plan plan;
        mlp_plan_train_step(&network.model, &network.buffers, 1, &plan);
        run(&plan);
        assert_int_equal(step_violations(&network, false), 0);
        assert_int_equal(step_violations(&network, true), 0);
        network_close(&network);
    }
}

TEST(correct_inference_is_within_the_bounds) {
    for (uint64_t seed = 0; seed < RANDOM_NETWORKS; seed++) {
        struct network network = network_open(random_model(seed), seed);
        const struct mlp_model *model = &network.model;
        struct mlp_plan plan;
        mlp_plan_inference(model, &network.buffers, &plan);
        run(&plan);
        struct numbers output = numbers_open(model->batch * model->sizes[model->layers]);
        for (int kept = 0; kept <= 1; kept++) {
            struct oracle_mlp *oracle = oracle_of(&network, kept, true);
            const int64_t first = mlp_tensor_offset(model, MLP_OUTPUT, model->layers - 1);
            oracle_mlp_activations(oracle, first, output.count, output.expected, output.tolerance);
            assert_int_equal(violations(&output, mlp_output(model, &network.buffers)), 0);
            oracle_mlp_close(oracle);
        }
        mlp_output(model, &network.buffers)[output.count - 1] += 0.01F;
        assert_int_equal(violations(&output, mlp_output(model, &network.buffers)), 1);
        numbers_close(&output);
        network_close(&network);
    }
}

/* The second half of the check: the update, by the implementation's own gradients. */
static int64_t update_violations(const struct network *network, int64_t step) {
    int64_t count = mlp_parameter_count(&network->model);
    float *zero = floats(count, 0, 0, 0.0F);
    const struct mlp_model *m = &network->model;
    struct optimizer_problem problem = {
        .variant = m->optimizer,
        .count = count,
        .parameters = network->before,
        .gradients = network->buffers.gradients,
        .first_moment = zero,
        .second_moment = zero,
        .learning_rate = m->learning_rate,
        .momentum = m->momentum,
        .beta1 = m->beta1,
        .beta2 = m->beta2,
        .epsilon = m->epsilon,
        .step = step,
    };
    const float *const results[] = {network->buffers.parameters, network->buffers.first_moment,
                                    network->buffers.second_moment};
    struct numbers numbers = numbers_open(count);
    int64_t wrong = 0;
    for (int output = 0; output < 3; output++) {
        oracle_optimizer(&problem, output, 0, count, numbers.expected, numbers.tolerance);
        wrong += violations(&numbers, results[output]);
    }
    numbers_close(&numbers);
    free(zero);
    return wrong;
}

TEST(the_update_is_checked_by_its_own_gradients) {
    struct network network = network_open(model_of("12-9-9-9-5", 11), 5);
    struct mlp_plan plan;
    mlp_plan_train_step(&network.model, &network.buffers, 1, &plan);
    run(&plan);
    assert_int_equal(update_violations(&network, 1), 0);
    assert_true(update_violations(&network, 2) > 0);
    network_close(&network);
}

/* --- sharp: wrong steps are found ------------------------------------------------------------- */

static struct mlp_part *part_named(struct mlp_plan *plan, const char *name) {
    for (int i = 0; i < plan->count; i++)
        if (strncmp(plan->parts[i].name, name, strlen(name)) == 0)
            return &plan->parts[i];
    fail_msg("no part '%s'", name);
    return NULL;
}

/* The step of 12-9-9-9-5 at batch 11 is broken in one place each. */
static void drop_hidden_bias(const struct network *network, struct mlp_plan *plan) {
    (void)network;
    for (int i = 0; i < plan->count; i++)
        if (strncmp(plan->parts[i].name, "forward", 7) == 0 &&
            plan->parts[i].kind == MLP_PART_ACTIVATION && plan->parts[i].name[8] != 'b') {
            plan->parts[i].problem.activation.bias = NULL;
            return;
        }
}

static void drop_last_bias(const struct network *network, struct mlp_plan *plan) {
    (void)network;
    part_named(plan, "forward bias")->problem.activation.bias = NULL;
}

static void transpose_weights_forward(const struct network *network, struct mlp_plan *plan) {
    (void)network;
    part_named(plan, "forward gemm 2")->problem.gemm.variant = GEMM_NN;
}

static void transpose_weights_backward(const struct network *network, struct mlp_plan *plan) {
    (void)network;
    part_named(plan, "backward gemm dx 3")->problem.gemm.variant = GEMM_NT;
}

static void drop_last_sample_from_weights(const struct network *network, struct mlp_plan *plan) {
    (void)network;
    part_named(plan, "backward gemm dW 1")->problem.gemm.k--;
}

static void drop_last_sample_from_bias(const struct network *network, struct mlp_plan *plan) {
    (void)network;
    part_named(plan, "backward bias")->problem.column_sums.rows--;
}

static void take_the_mask_of_another_layer(const struct network *network, struct mlp_plan *plan) {
    const struct mlp_model *model = &network->model;
    enum mlp_tensor tensor = mlp_keeps_input(model->hidden) ? MLP_PREACTIVATION : MLP_OUTPUT;
    for (int i = plan->count - 1; i >= 0; i--)
        if (plan->parts[i].kind == MLP_PART_ACTIVATION) {
            plan->parts[i].problem.activation.input =
                network->buffers.activations + mlp_tensor_offset(model, tensor, 1);
            return;
        }
}

static void take_the_input_of_another_layer(const struct network *network, struct mlp_plan *plan) {
    part_named(plan, "backward gemm dW 3")->problem.gemm.b =
        network->buffers.activations + mlp_tensor_offset(&network->model, MLP_OUTPUT, 0);
}

static void forget_to_divide_by_the_batch(const struct network *network, struct mlp_plan *plan) {
    (void)network;
    struct mlp_part *part = part_named(plan, "loss");
    if (part->kind == MLP_PART_CROSS_ENTROPY)
        part->problem.cross_entropy.rows--; /* leaves the last row and divides by 10 */
    else
        part->problem.mse.rows--;
}

static void leave_the_last_row_out(const struct network *network, struct mlp_plan *plan) {
    (void)network;
    part_named(plan, "backward gemm dW 4")->problem.gemm.m--;
}

typedef void break_plan(const struct network *network, struct mlp_plan *plan);

static break_plan *const breakages[] = {
    drop_hidden_bias,
    drop_last_bias,
    transpose_weights_forward,
    transpose_weights_backward,
    drop_last_sample_from_weights,
    drop_last_sample_from_bias,
    take_the_mask_of_another_layer,
    take_the_input_of_another_layer,
    forget_to_divide_by_the_batch,
    leave_the_last_row_out,
};

TEST(wrong_steps_are_found) {
    struct mlp_model model = model_of("12-9-9-9-5", 11);
    for (size_t b = 0; b < sizeof breakages / sizeof breakages[0]; b++)
        for (int function = ACTIVATION_RELU; function < ACTIVATION_FUNCTIONS; function++)
            for (int loss = MLP_CROSS_ENTROPY; loss <= MLP_MSE; loss++) {
                model.hidden = (enum activation_function)function;
                model.loss = (enum mlp_loss)loss;
                struct network network = network_open(model, 5);
                struct mlp_plan plan;
                mlp_plan_train_step(&model, &network.buffers, 1, &plan);
                breakages[b](&network, &plan);
                run(&plan);
                assert_true(step_violations(&network, false) > 0);
                assert_true(step_violations(&network, true) > 0);
                network_close(&network);
            }
}

TEST(a_wrong_element_or_nan_is_found_anywhere) {
    struct mlp_model model = model_of("7-6-3", 5);
    struct network network = network_open(model, 9);
    struct mlp_plan plan;
    mlp_plan_train_step(&model, &network.buffers, 1, &plan);
    run(&plan);
    for (int64_t i = 0; i < mlp_parameter_count(&model); i++) {
        float *gradient = &network.buffers.gradients[i], right = *gradient;
        *gradient = right + 1e-3F;
        assert_int_equal(step_violations(&network, false), 1);
        *gradient = NAN;
        assert_int_equal(step_violations(&network, true), 1);
        *gradient = right;
    }
    network_close(&network);
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* Gradients and activations asked for in odd pieces are those asked for at once. */
TEST(pieces_make_the_whole) {
    struct message message;
    struct mlp_model model = model_of("7-6-3", 5);
    model.hidden = ACTIVATION_SILU;
    struct network network = network_open(model, 9);
    struct oracle_mlp *oracle = oracle_of(&network, false, false);
    int64_t count = mlp_parameter_count(&model), kept = mlp_activation_count(&model);
    struct numbers whole = numbers_open(count), pieces = numbers_open(count);
    struct numbers all = numbers_open(kept), parts = numbers_open(kept);
    assert_int_equal(
        oracle_mlp_gradients(oracle, 0, count, whole.expected, whole.tolerance, &message),
        STATUS_OK);
    oracle_mlp_activations(oracle, 0, kept, all.expected, all.tolerance);
    for (int64_t step = 1; step < 24; step += 3) {
        for (int64_t i = 0; i < count; i += step)
            assert_int_equal(oracle_mlp_gradients(oracle, i, i + step < count ? step : count - i,
                                                  pieces.expected + i, pieces.tolerance + i,
                                                  &message),
                             STATUS_OK);
        for (int64_t i = 0; i < kept; i += step)
            oracle_mlp_activations(oracle, i, i + step < kept ? step : kept - i, parts.expected + i,
                                   parts.tolerance + i);
        assert_memory_equal(whole.expected, pieces.expected, (size_t)count * sizeof(double));
        assert_memory_equal(all.expected, parts.expected, (size_t)kept * sizeof(double));
        assert_memory_equal(all.tolerance, parts.tolerance, (size_t)kept * sizeof(double));
    }
    numbers_close(&whole);
    numbers_close(&pieces);
    numbers_close(&all);
    numbers_close(&parts);
    oracle_mlp_close(oracle);
    network_close(&network);
}
