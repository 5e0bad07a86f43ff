/* Layouts, plans and their parts, and a network small enough to follow by hand. */
#include "bench/network/mlp_plan.h"
#include "common/floating.h"
#include "tests/support/networks.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

TEST(layers_are_read_and_written) {
    struct mlp_model model = model_of("784-128-10", 100);
    assert_int_equal(model.layers, 2);
    assert_int_equal(model.sizes[0], 784);
    assert_int_equal(model.sizes[1], 128);
    assert_int_equal(model.sizes[2], 10);
    char text[64];
    mlp_layers_format(&model, text, sizeof text);
    assert_string_equal(text, "784-128-10");
    char cut[6];
    mlp_layers_format(&model, cut, sizeof cut);
    assert_string_equal(cut, "784-1");
}

TEST(bad_layers_are_refused_with_the_place) {
    static const char *const bad[] = {
        "",
        "784",
        "784-",
        "-784-10",
        "784--10",
        "0-10",
        "784-0",
        "784x10",
        "784-1e3",
        "784- 10",
        "3-+4",
        "3-4-2 ",
        "3-16777217",
        "99999999999999999999-2",
        "1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mlp_model model = model_of("5-6", 1), before = model;
        struct message message = {""};
        assert_int_equal(mlp_layers_parse(bad[i], &model, &message), STATUS_INVALID);
        assert_non_null(strstr(message.text, bad[i]));
        assert_memory_equal(&model, &before, sizeof model);
    }
    model_of("1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", 1); /* the most that there may be */
}

/* Tensors lie one after the other, aligned, without overlap, and fill the layout. */
TEST(layouts_are_aligned_and_disjoint) {
    struct mlp_model model = model_of("7-5-3-2", 9);
    int64_t end = 0;
    for (int l = 0; l < model.layers; l++) {
        int64_t weights = mlp_weight_offset(&model, l), bias = mlp_bias_offset(&model, l);
        assert_int_equal(weights % 16, 0);
        assert_int_equal(bias % 16, 0);
        assert_true(weights >= end && weights < end + 16);
        assert_true(bias >= weights + model.sizes[l] * model.sizes[l + 1]);
        end = bias + model.sizes[l + 1];
    }
    assert_true(mlp_parameter_count(&model) >= end);
    assert_int_equal(mlp_parameter_count(&model) % 16, 0);
}

/* Neither do the rounded numbers overlap: the weights of each layer, its input, its gradient. */
TEST(rounded_numbers_are_aligned_and_disjoint) {
    struct mlp_model model = model_of("7-5-3-2", 9);
    assert_int_equal(mlp_narrow_count(&model), 0);
    model.dtype = DTYPE_F16;
    const int64_t count = mlp_narrow_count(&model);
    char *taken = calloc((size_t)count, 1);
    assert_non_null(taken);
    for (int l = 0; l < model.layers; l++) {
        const struct {
            int64_t first, count;
        } tensors[] = {
            {mlp_weight_offset(&model, l), model.sizes[l] * model.sizes[l + 1]},
            {mlp_narrow_input_offset(&model, l), model.batch * model.sizes[l]},
            {mlp_narrow_gradient_offset(&model, l), model.batch * model.sizes[l + 1]},
        };
        for (size_t t = 0; t < sizeof tensors / sizeof tensors[0]; t++) {
            assert_int_equal(tensors[t].first % 16, 0);
            assert_true(tensors[t].first + tensors[t].count <= count);
            for (int64_t i = 0; i < tensors[t].count; i++)
                assert_int_equal(taken[tensors[t].first + i]++, 0);
        }
    }
    free(taken);
}

TEST(kept_tensors_depend_on_the_function) {
    struct mlp_model model = model_of("7-5-3-2", 9);
    int64_t in_place = mlp_activation_count(&model);
    assert_int_equal(mlp_tensor_offset(&model, MLP_PREACTIVATION, 0), -1);
    model.hidden = ACTIVATION_GELU_ERF;
    int64_t output = mlp_tensor_offset(&model, MLP_OUTPUT, 1);
    int64_t gradient = mlp_tensor_offset(&model, MLP_GRADIENT, 1);
    int64_t preactivation = mlp_tensor_offset(&model, MLP_PREACTIVATION, 1);
    int64_t last = mlp_tensor_offset(&model, MLP_OUTPUT, 2);
    assert_true(gradient >= output + 27 && preactivation >= gradient + 27);
    assert_true(last >= preactivation + 27);
    assert_int_equal(mlp_tensor_offset(&model, MLP_PREACTIVATION, 2), -1);
    assert_int_equal(mlp_tensor_offset(&model, MLP_GRADIENT, 2), last);
    assert_int_equal(mlp_activation_count(&model), in_place + 48 + 32);
}

TEST(initialisation_is_pytorchs) {
    struct mlp_model model = model_of("100-50-3", 1);
    int64_t count = mlp_parameter_count(&model);
    float *parameters = malloc((size_t)count * sizeof *parameters);
    float *again = malloc((size_t)count * sizeof *again);
    mlp_parameters_initialise(&model, 7, parameters);
    mlp_parameters_initialise(&model, 7, again);
    assert_memory_equal(parameters, again, (size_t)count * sizeof *again);
    double sum = 0.0, largest = 0.0;
    for (int64_t i = 0; i < 5000; i++) {
        sum += (double)parameters[i];
        largest = fmax(largest, fabs((double)parameters[i]));
    }
    assert_true(largest <= 0.1 && largest > 0.0999);
    assert_true(fabs(sum / 5000.0) < 0.1 / sqrt(3.0 * 5000.0) * 4.0);
    const float *bias = parameters + mlp_bias_offset(&model, 0);
    assert_true(bias[0] != parameters[0]);
    for (int i = 50; i < 64; i++)
        assert_true(bias[i] == 0.0F); /* the gap */
    mlp_parameters_initialise(&model, 8, again);
    assert_memory_not_equal(parameters, again, (size_t)count * sizeof *again);
    free(parameters);
    free(again);
}

/* A network with its buffers in host memory. */
struct network {
    struct mlp_model model;
    struct mlp_buffers buffers;
};

static float *zeros(int64_t count) {
    float *values = calloc((size_t)count, sizeof *values);
    assert_non_null(values);
    return values;
}

static struct network network_open(struct mlp_model model) {
    int64_t count = mlp_parameter_count(&model), batch = model.batch;
    struct network network = {.model = model};
    network.buffers = (struct mlp_buffers){
        .parameters = zeros(count),
        .gradients = zeros(count),
        .first_moment = zeros(count),
        .second_moment = zeros(count),
        .activations = zeros(mlp_activation_count(&model)),
        .narrow = calloc((size_t)mlp_narrow_count(&model) + 1, sizeof(uint16_t)),
        .loss = zeros(batch),
        .x = zeros(batch * model.sizes[0]),
        .labels = calloc((size_t)batch, sizeof(int32_t)),
        .target = zeros(batch * model.sizes[model.layers]),
    };
    return network;
}

static void network_close(struct network *network) {
    network_buffers_free(&network->buffers);
}

TEST(a_step_has_the_parts_it_should) {
    struct network network = network_open(model_of("784-128-10", 100));
    struct mlp_plan plan;
    mlp_plan_train_step(&network.model, &network.buffers, 1, &plan);
    static const char *const names[] = {
        "forward gemm 1",
        "forward relu 1",
        "forward gemm 2",
        "forward bias 2",
        "loss",
        "backward gemm dW 2",
        "backward bias 2",
        "backward gemm dx 2",
        "backward relu 1",
        "backward gemm dW 1",
        "update",
    };
    assert_int_equal(plan.count, sizeof names / sizeof names[0]);
    for (int i = 0; i < plan.count; i++)
        assert_string_equal(plan.parts[i].name, names[i]);
    double gemms = 2.0 * 100 * (2 * 784 * 128 + 3 * 128 * 10);
    assert_true(mlp_plan_flops(&plan) == gemms);
    mlp_plan_inference(&network.model, &network.buffers, &plan);
    assert_int_equal(plan.count, 5);
    assert_string_equal(plan.parts[4].name, "softmax");
    network_close(&network);
}

/* A rounding before the first product that takes each operand; the products are of that dtype. */
TEST(a_step_in_bf16_rounds_what_its_products_take) {
    static const char *const names[] = {
        "forward round weights", "forward round x 1",   "forward gemm 1",     "forward relu 1",
        "forward round x 2",     "forward gemm 2",      "forward bias 2",     "loss",
        "backward round dz 2",   "backward gemm dW 2",  "backward bias 2",    "backward gemm dx 2",
        "backward relu 1",       "backward round dz 1", "backward gemm dW 1", "update",
    };
    struct mlp_model model = model_of("784-128-10", 100);
    model.dtype = DTYPE_BF16;
    struct network network = network_open(model);
    const uint16_t *narrow = network.buffers.narrow;
    struct mlp_plan plan;
    mlp_plan_train_step(&model, &network.buffers, 1, &plan);
    assert_int_equal(plan.count, sizeof names / sizeof names[0]);
    for (int i = 0; i < plan.count; i++) {
        assert_string_equal(plan.parts[i].name, names[i]);
        if (plan.parts[i].kind != MLP_PART_GEMM)
            continue;
        const struct gemm_problem *gemm = &plan.parts[i].problem.gemm;
        assert_int_equal(gemm->dtype, DTYPE_BF16);
        assert_true((const uint16_t *)gemm->a >= narrow &&
                    (const uint16_t *)gemm->a < narrow + mlp_narrow_count(&model));
        assert_true((const uint16_t *)gemm->b >= narrow &&
                    (const uint16_t *)gemm->b < narrow + mlp_narrow_count(&model));
    }
    mlp_plan_inference(&model, &network.buffers, &plan);
    assert_int_equal(plan.count, 8);
    network_close(&network);
}

/* Of a rank's own part, and what the others take. */
TEST(a_divided_update_ends_with_the_parameters) {
    struct network network = network_open(model_of("3-4-2", 2));
    const struct mlp_together divided = {MLP_EXCHANGE_DIVIDED, 0.5F};
    struct mlp_plan alone, plan;
    mlp_plan_train_step(&network.model, &network.buffers, 1, &alone);
    mlp_plan_train_step_over(&divided, &network.model, &network.buffers, 1, &plan);
    assert_int_equal(plan.count, alone.count + 2);
    const struct mlp_part *last = &plan.parts[plan.count - 3];
    assert_string_equal(last[0].name, "communication");
    assert_ptr_equal(last[0].problem.exchange.data, network.buffers.gradients);
    assert_ptr_equal(last[0].problem.exchange.updated[0], network.buffers.parameters);
    assert_string_equal(last[1].name, "update");
    assert_int_equal(last[1].kind, MLP_PART_OPTIMIZER_OWN);
    assert_string_equal(last[2].name, "communication parameters");
    assert_ptr_equal(last[2].problem.exchange.data, network.buffers.parameters);
    assert_int_equal(last[2].problem.exchange.count, mlp_parameter_count(&network.model));
    network_close(&network);
}

TEST(the_deepest_network_fits_a_plan) {
    struct mlp_model model = model_of("1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", 2);
    model.dtype = DTYPE_F16;
    struct network network = network_open(model);
    const struct mlp_together buckets = {MLP_EXCHANGE_BUCKETS, 0.5F};
    struct mlp_plan plan;
    mlp_plan_train_step_over(&buckets, &network.model, &network.buffers, 1, &plan);
    assert_int_equal(plan.count, MLP_PARTS_MAX);
    for (int i = 0; i < plan.count; i++)
        assert_true(strlen(plan.parts[i].name) < sizeof plan.parts[i].name - 1);
    network_close(&network);
}

/* Every byte of the step 2-1 with SGD and MSE at batch 3, counted by hand. */
TEST(bytes_of_a_small_step) {
    struct mlp_model model = model_of("2-1", 3);
    model.loss = MLP_MSE;
    model.optimizer = OPTIMIZER_SGD;
    struct network network = network_open(model);
    struct mlp_plan plan;
    mlp_plan_train_step(&network.model, &network.buffers, 1, &plan);
    double elements = (6 + 2 + 3)      /* x, W, z */
                      + (3 + 3 + 1)    /* z, y, b */
                      + (3 * 3 + 3)    /* y, t, dy, loss */
                      + (3 + 6 + 2)    /* dy, x, dW */
                      + (3 + 1)        /* dy, db */
                      + 3 * (16 + 16); /* p, g, p */
    assert_true(mlp_plan_bytes(&plan) == 4.0 * elements);
    network_close(&network);
}

/* The same in bf16: 2 bytes an operand, and 6 for each number that is rounded. */
TEST(bytes_of_a_small_step_in_bf16) {
    struct mlp_model model = model_of("2-1", 3);
    model.loss = MLP_MSE;
    model.optimizer = OPTIMIZER_SGD;
    model.dtype = DTYPE_BF16;
    struct network network = network_open(model);
    struct mlp_plan plan;
    mlp_plan_train_step(&network.model, &network.buffers, 1, &plan);
    double narrow = (6 + 2) + (3 + 6); /* x, W; dy, x */
    double wide = 3 + (3 + 3 + 1) + (3 * 3 + 3) + 2 + (3 + 1) + 3 * (16 + 16);
    double rounded = (16 + 16) + 6 + 3; /* parameters, x, dy */
    assert_true(mlp_plan_bytes(&plan) == 2.0 * narrow + 4.0 * wide + 6.0 * rounded);
    network_close(&network);
}

/* The hidden layer of 2-4-1 adds the two passes of its function; silu reads the bias twice. */
TEST(bytes_of_a_hidden_layer) {
    static const struct {
        enum activation_function hidden;
        double biases;
    } cases[] = {{ACTIVATION_RELU, 1.0}, {ACTIVATION_SILU, 2.0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mlp_model model = model_of("2-4-1", 3);
        model.hidden = cases[i].hidden;
        struct network network = network_open(model);
        struct mlp_plan plan;
        mlp_plan_train_step(&model, &network.buffers, 1, &plan);
        double elements = (6 + 8 + 12) + (12 + 12 + 4)                    /* forward 1 */
                          + (12 + 4 + 3) + (3 + 3 + 1)                    /* forward 2 */
                          + (3 + 3 + 3 + 3)                               /* loss */
                          + (3 + 12 + 4) + (3 + 1)                        /* dW 2, db 2 */
                          + (3 + 4 + 12) + (3 * 12 + 4 * cases[i].biases) /* dx 2, function */
                          + (12 + 6 + 8)                                  /* dW 1 */
                          + 7 * 4 * 16;                                   /* p, m, v, g */
        assert_true(mlp_plan_bytes(&plan) == 4.0 * elements);
        network_close(&network);
    }
}

/* 2-2-1 with ReLU, MSE and SGD 0.5 on one sample:
 * x = (1, 2), W1 = (1 1; 1 -1), b1 = (0.5, 0.25): z1 = (3.5, -0.75), y1 = (3.5, 0)
 * W2 = (2 3), b2 = -1: y2 = 6; t = 5: loss 1, dy2 = 2
 * dW2 = (7, 0), db2 = 2; dz1 = (4, 0); dW1 = (4 8; 0 0), db1 = (4, 0) */
TEST(a_step_by_hand) {
    struct mlp_model model = model_of("2-2-1", 1);
    model.loss = MLP_MSE;
    model.optimizer = OPTIMIZER_SGD;
    model.learning_rate = 0.5F;
    struct network network = network_open(model);
    float *p = network.buffers.parameters;
    int64_t w1 = mlp_weight_offset(&model, 0), b1 = mlp_bias_offset(&model, 0);
    int64_t w2 = mlp_weight_offset(&model, 1), b2 = mlp_bias_offset(&model, 1);
    memcpy(p + w1, (float[]){1, 1, 1, -1}, 4 * sizeof *p);
    memcpy(p + b1, (float[]){0.5F, 0.25F}, 2 * sizeof *p);
    memcpy(p + w2, (float[]){2, 3}, 2 * sizeof *p);
    p[b2] = -1;
    memcpy((float *)network.buffers.x, (float[]){1, 2}, 2 * sizeof *p);
    ((float *)network.buffers.target)[0] = 5;

    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    struct mlp_plan plan;
    mlp_plan_inference(&model, &network.buffers, &plan);
    assert_int_equal(mlp_plan_run(&plan, &naive_kernels, &execution), STATUS_OK);
    assert_true(mlp_output(&model, &network.buffers)[0] == 6.0F);

    mlp_plan_train_step(&model, &network.buffers, 1, &plan);
    assert_int_equal(mlp_plan_run(&plan, &naive_kernels, &execution), STATUS_OK);
    const float *g = network.buffers.gradients;
    assert_true(network.buffers.loss[0] == 1.0F);
    assert_memory_equal(g + w2, ((float[]){7, 0}), 2 * sizeof *g);
    assert_true(g[b2] == 2.0F);
    assert_memory_equal(g + w1, ((float[]){4, 8, 0, 0}), 4 * sizeof *g);
    assert_memory_equal(g + b1, ((float[]){4, 0}), 2 * sizeof *g);
    assert_memory_equal(p + w1, ((float[]){-1, -3, 1, -1}), 4 * sizeof *p);
    assert_memory_equal(p + b1, ((float[]){-1.5F, 0.25F}), 2 * sizeof *p);
    assert_true(p[w2] == -1.5F && p[w2 + 1] == 3.0F && p[b2] == -2.0F);
    network_close(&network);
}

/* 1-1 with MSE and SGD 1 on one sample, where every operand lies off the 16-bit numbers by less
 * than half a unit: W = 1 + e, x = 2 (1 + e), b = e. So the product is 2, y = 2 + e in f32; t = e,
 * and dy = 4, dW = 4 * 2 = 8, db = 4. The parameters are updated as they are, not as they were
 * rounded. */
TEST(a_step_by_hand_rounds_operands_alone) {
    static const struct {
        enum dtype dtype;
        float e;
    } cases[] = {{DTYPE_BF16, 0x1p-10F}, {DTYPE_F16, 0x1p-13F}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const float e = cases[i].e;
        struct mlp_model model = model_of("1-1", 1);
        model.loss = MLP_MSE;
        model.optimizer = OPTIMIZER_SGD;
        model.learning_rate = 1.0F;
        model.dtype = cases[i].dtype;
        struct network network = network_open(model);
        float *p = network.buffers.parameters;
        const int64_t bias = mlp_bias_offset(&model, 0);
        p[0] = 1.0F + e;
        p[bias] = e;
        ((float *)network.buffers.x)[0] = 2.0F * (1.0F + e);
        ((float *)network.buffers.target)[0] = e;
        struct message message;
        struct execution execution = {.threads = 1, .message = &message};
        struct mlp_plan plan;
        mlp_plan_train_step(&model, &network.buffers, 1, &plan);
        assert_int_equal(mlp_plan_run(&plan, &naive_kernels, &execution), STATUS_OK);
        assert_true(network.buffers.loss[0] == 4.0F);
        assert_true(network.buffers.gradients[0] == 8.0F);
        assert_true(network.buffers.gradients[bias] == 4.0F);
        assert_true(p[0] == 1.0F + e - 8.0F && p[bias] == e - 4.0F);
        network_close(&network);
    }
}

/* A gradient of 2^-30 is below all numbers of f16, but not when it is rounded with its scale. */
TEST(small_gradients_outlive_f16) {
    struct mlp_model model = model_of("1-1", 1);
    model.loss = MLP_MSE;
    model.optimizer = OPTIMIZER_SGD;
    model.dtype = DTYPE_F16;
    struct network network = network_open(model);
    ((float *)network.buffers.x)[0] = 1.0F;
    ((float *)network.buffers.target)[0] = -0x1p-31F;
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    struct mlp_plan plan;
    mlp_plan_train_step(&model, &network.buffers, 1, &plan);
    assert_int_equal(mlp_plan_run(&plan, &naive_kernels, &execution), STATUS_OK);
    assert_true(network.buffers.gradients[0] == 0x1p-30F);
    network_close(&network);
}

/* Adam divides by sqrt(v) + epsilon: a gap with a gradient of 0 must stay 0, not become NaN. */
TEST(gaps_stay_zero) {
    struct mlp_model model = model_of("5-3-2", 4);
    struct network network = network_open(model);
    mlp_parameters_initialise(&model, 1, network.buffers.parameters);
    for (int i = 0; i < 20; i++)
        ((float *)network.buffers.x)[i] = (float)(i % 7) - 3.0F;
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    struct mlp_plan plan;
    for (int step = 1; step <= 3; step++) {
        mlp_plan_train_step(&model, &network.buffers, step, &plan);
        assert_int_equal(mlp_plan_run(&plan, &naive_kernels, &execution), STATUS_OK);
    }
    int64_t gap = mlp_weight_offset(&model, 0) + 15;
    assert_int_equal(mlp_bias_offset(&model, 0), gap + 1);
    assert_true(network.buffers.parameters[gap] == 0.0F);
    assert_true(network.buffers.first_moment[gap] == 0.0F);
    assert_true(network.buffers.parameters[gap - 1] != 0.0F);
    network_close(&network);
}

static enum status refuse(const struct softmax_problem *problem, struct execution *execution) {
    (void)problem;
    return message_set(execution->message, STATUS_UNSUPPORTED, "no softmax here");
}

TEST(a_failing_part_ends_the_run) {
    struct network network = network_open(model_of("3-2", 2));
    struct mlp_kernels kernels = naive_kernels;
    kernels.softmax = refuse;
    struct message message = {""};
    struct execution execution = {.threads = 1, .message = &message};
    struct mlp_plan plan;
    mlp_plan_inference(&network.model, &network.buffers, &plan);
    assert_int_equal(mlp_plan_run(&plan, &kernels, &execution), STATUS_UNSUPPORTED);
    assert_string_equal(message.text, "no softmax here");
    network_close(&network);
}

TEST(denormals_are_flushed_in_every_thread) {
    omp_set_num_threads(3);
    assert_false(floating_denormals_flushed()); /* starts the threads, before the mode is set */
    floating_flush_denormals(true);
    assert_true(floating_denormals_flushed());
    volatile float smallest = FLT_MIN;
    assert_true(smallest / 2.0F == 0.0F);
    floating_flush_denormals(false);
    assert_false(floating_denormals_flushed());
    assert_true(smallest / 2.0F > 0.0F);
}
