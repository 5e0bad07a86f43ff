/* A CPU and the emulated GPU train a network from the same seed on the same batches: after each
 * step the losses and all parameters of both lie within the derived bound of float64 training
 * (tests/support/bounded_training.h), and so within twice the bound of each other. */
#include "bench/operations/mlp.h"
#include "bench/operations/operations.h"
#include "bench/training/dataset.h"
#include "bench/training/train.h"
#include "common/random.h"
#include "tests/support/bounded_training.h"
#include "tests/support/staging.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 1, STREAM_X = 100, STREAM_LABELS = 101 };

/* One device in training, its buffers there. */
struct trainee {
    const char *name;
    struct device *device;
    const struct mlp_kernels *kernels;
    struct mlp_buffers buffers;
    float *parameters, *loss; /* host copies after a step */
};

struct contest {
    struct mlp_model model;
    struct device cpu;
    struct staging *gpu;
    struct trainee trainees[2];
    struct bounded_training *reference;
    float *x, *target;
    int32_t *labels;
    struct message message;
};

static const struct mlp_kernels *kernels_of(const char *name) {
    for (int i = 0; i < operation_mlp.implementation_count; i++)
        if (strcmp(operation_mlp.implementations[i].name, name) == 0)
            return mlp_kernels_of(&operation_mlp.implementations[i]);
    fail_msg("mlp has no %s", name);
    return NULL;
}

/* Zeroed memory of the device. */
static void *zeros(struct device *device, size_t bytes) {
    struct message message;
    void *memory = NULL, *image = calloc(1, bytes);
    assert_non_null(image);
    assert_int_equal(device->allocate(device, bytes, &memory, &message), STATUS_OK);
    assert_int_equal(device->upload(device, memory, image, bytes, &message), STATUS_OK);
    free(image);
    return memory;
}

static void trainee_open(struct trainee *t, const char *name, struct device *device,
                         const struct mlp_model *model, const float *parameters) {
    const size_t bytes = (size_t)mlp_parameter_count(model) * sizeof(float);
    const size_t batch = (size_t)model->batch;
    struct message message;
    *t = (struct trainee){.name = name,
                          .device = device,
                          .kernels = kernels_of(name),
                          .parameters = malloc(bytes),
                          .loss = malloc(batch * sizeof(float))};
    assert_true(t->parameters && t->loss);
    t->buffers = (struct mlp_buffers){
        .parameters = zeros(device, bytes),
        .gradients = zeros(device, bytes),
        .first_moment = zeros(device, bytes),
        .second_moment = zeros(device, bytes),
        .activations = zeros(device, (size_t)mlp_activation_count(model) * sizeof(float)),
        .loss = zeros(device, batch * sizeof(float)),
        .x = zeros(device, batch * (size_t)model->sizes[0] * sizeof(float)),
        .labels = zeros(device, batch * sizeof(int32_t)),
        .target = zeros(device, batch * (size_t)model->sizes[model->layers] * sizeof(float)),
    };
    assert_int_equal(device->upload(device, t->buffers.parameters, parameters, bytes, &message),
                     STATUS_OK);
}

static void trainee_close(struct trainee *t) {
    const void *const all[] = {t->buffers.parameters,
                               t->buffers.gradients,
                               t->buffers.first_moment,
                               t->buffers.second_moment,
                               t->buffers.activations,
                               t->buffers.loss,
                               t->buffers.x,
                               t->buffers.labels,
                               t->buffers.target};
    for (size_t i = 0; t->device && i < sizeof all / sizeof all[0]; i++)
        t->device->release(t->device, (void *)all[i]);
    free(t->parameters);
    free(t->loss);
}

/* False where there is no emulated GPU to train on. */
static bool contest_open(struct contest *c, const struct mlp_model *model,
                         const char *gpu_kernels) {
    *c = (struct contest){.model = *model, .gpu = staging_open_emulated()};
    if (c->gpu == NULL)
        return false;
    const size_t batch = (size_t)model->batch;
    float *parameters = calloc((size_t)mlp_parameter_count(model), sizeof(float));
    c->x = calloc(batch * (size_t)model->sizes[0], sizeof(float));
    c->labels = calloc(batch, sizeof(int32_t));
    c->target = calloc(batch * (size_t)model->sizes[model->layers], sizeof(float));
    assert_true(parameters && c->x && c->labels && c->target);
    mlp_parameters_initialise(model, SEED, parameters);
    assert_int_equal(device_cpu_open(&c->cpu, &c->message), STATUS_OK);
    trainee_open(&c->trainees[0], "openblas", &c->cpu, model, parameters);
    trainee_open(&c->trainees[1], gpu_kernels, &c->gpu->device, model, parameters);
    assert_int_equal(bounded_training_open(model, parameters, &c->reference, &c->message),
                     STATUS_OK);
    free(parameters);
    return true;
}

static void contest_close(struct contest *c) {
    trainee_close(&c->trainees[0]);
    trainee_close(&c->trainees[1]);
    bounded_training_close(c->reference);
    free(c->x);
    free(c->labels);
    free(c->target);
    struct message message;
    assert_int_equal(c->cpu.close(&c->cpu, &message), STATUS_OK);
    staging_close(c->gpu);
}

/* Labels that the first inputs tell, so that there is something to learn. */
static void batch_draw(struct contest *c, int64_t step) {
    const int64_t inputs = c->model.sizes[0], outputs = c->model.sizes[c->model.layers];
    random_fill(c->x, c->model.batch * inputs, SEED + (uint64_t)step, STREAM_X, -1.0F, 1.0F);
    memset(c->target, 0, (size_t)(c->model.batch * outputs) * sizeof(float));
    for (int64_t i = 0; i < c->model.batch; i++) {
        const double told = ((double)c->x[i * inputs] + 1.0) / 2.0;
        c->labels[i] = (int32_t)fmin(told * (double)outputs, (double)outputs - 1.0);
        c->target[i * outputs + c->labels[i]] = 1.0F;
    }
}

static void trainee_step(struct contest *c, struct trainee *t, int64_t step) {
    struct device *device = t->device;
    struct message *message = &c->message;
    const struct mlp_model *model = &c->model;
    const size_t batch = (size_t)model->batch;
    const struct {
        const void *to, *from;
        size_t bytes;
    } copies[] = {
        {t->buffers.x, c->x, batch * (size_t)model->sizes[0] * sizeof(float)},
        {t->buffers.labels, c->labels, batch * sizeof(int32_t)},
        {t->buffers.target, c->target, batch * (size_t)model->sizes[model->layers] * sizeof(float)},
    };
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++)
        assert_int_equal(
            device->upload(device, (void *)copies[i].to, copies[i].from, copies[i].bytes, message),
            STATUS_OK);
    struct execution execution = {
        .threads = 2, .gpu = device->gpu, .cpu = device->cpu, .message = message};
    struct mlp_plan plan;
    mlp_plan_train_step(model, &t->buffers, step, &plan);
    if (mlp_plan_run(&plan, t->kernels, &execution) != STATUS_OK)
        fail_msg("%s: %s", t->name, message->text);
    assert_int_equal(
        device->download(device, t->loss, t->buffers.loss, batch * sizeof(float), message),
        STATUS_OK);
    assert_int_equal(device->download(device, t->parameters, t->buffers.parameters,
                                      (size_t)mlp_parameter_count(model) * sizeof(float), message),
                     STATUS_OK);
}

/* --- the comparison --------------------------------------------------------------------------- */

static double mean_loss(const struct contest *c, const struct trainee *t) {
    double sum = 0.0;
    for (int64_t i = 0; i < c->model.batch; i++)
        sum += (double)t->loss[i];
    return sum / (double)c->model.batch;
}

/* Whether both are where they should be after this step; the first that is not is told. */
static bool step_agrees(const struct contest *c, int64_t step) {
    double expected, tolerance;
    bounded_training_loss(c->reference, &expected, &tolerance);
    for (int d = 0; d < 2; d++) {
        const struct trainee *t = &c->trainees[d];
        if (!(fabs(mean_loss(c, t) - expected) <= tolerance)) {
            print_message("step %d, %s: loss %.9g, should be %.9g within %.3g\n", (int)step,
                          t->name, mean_loss(c, t), expected, tolerance);
            return false;
        }
        for (int64_t i = 0; i < mlp_parameter_count(&c->model); i++) {
            bounded_training_parameters(c->reference, i, 1, &expected, &tolerance);
            if (!(fabs((double)t->parameters[i] - expected) <= tolerance)) {
                print_message("step %d, %s: parameter %d is %.9g, should be %.9g within %.3g\n",
                              (int)step, t->name, (int)i, (double)t->parameters[i], expected,
                              tolerance);
                return false;
            }
        }
        bounded_training_loss(c->reference, &expected, &tolerance);
    }
    return true;
}

/* Trains for so many steps; the number of steps on which all agreed. */
static int64_t train(struct contest *c, int64_t steps) {
    for (int64_t step = 1; step <= steps; step++) {
        batch_draw(c, step);
        for (int d = 0; d < 2; d++)
            trainee_step(c, &c->trainees[d], step);
        assert_int_equal(
            bounded_training_step(c->reference, c->x, c->labels, c->target, &c->message),
            STATUS_OK);
        if (!step_agrees(c, step))
            return step - 1;
    }
    return steps;
}

/* What the parameters moved, and what the bound allows, both on average. */
static void distances(const struct contest *c, double *moved, double *allowed) {
    const int64_t count = mlp_parameter_count(&c->model);
    float *start = calloc((size_t)count, sizeof(float));
    assert_non_null(start);
    mlp_parameters_initialise(&c->model, SEED, start);
    *moved = *allowed = 0.0;
    for (int64_t i = 0; i < count; i++) {
        double expected, tolerance;
        bounded_training_parameters(c->reference, i, 1, &expected, &tolerance);
        *moved += fabs(expected - (double)start[i]) / (double)count;
        *allowed += tolerance / (double)count;
    }
    free(start);
}

static struct mlp_model model_of(const char *layers, int64_t batch, enum activation_function hidden,
                                 enum mlp_loss loss, enum optimizer_variant optimizer, float rate) {
    struct mlp_model model;
    struct message message;
    mlp_model_defaults(&model);
    assert_int_equal(mlp_layers_parse(layers, &model, &message), STATUS_OK);
    model.batch = batch;
    model.hidden = hidden;
    model.loss = loss;
    model.optimizer = optimizer;
    model.learning_rate = rate;
    return model;
}

static const struct training {
    const char *layers;
    int64_t batch;
    enum activation_function hidden;
    enum mlp_loss loss;
    enum optimizer_variant optimizer;
    float rate;
    const char *kernels; /* of the GPU */
    int64_t steps;
    double sharpness; /* the bounds are at most this share of the loss, and of what the parameters
                         moved on average */
} trainings[] = {
    {"6-8-4", 10, ACTIVATION_TANH, MLP_CROSS_ENTROPY, OPTIMIZER_SGD, 0.05F, "cuda-tiled", 50, 0.01},
    {"6-8-4", 10, ACTIVATION_RELU, MLP_CROSS_ENTROPY, OPTIMIZER_SGD, 0.05F, "cuda-naive", 50,
     0.001},
    {"6-8-4", 10, ACTIVATION_RELU, MLP_MSE, OPTIMIZER_SGD_MOMENTUM, 0.01F, "cuda-tiled", 50, 0.001},
    {"6-8-4", 10, ACTIVATION_RELU, MLP_CROSS_ENTROPY, OPTIMIZER_ADAM, 0.001F, "cuda-tiled", 50,
     0.001},
    {"784-128-10", 100, ACTIVATION_RELU, MLP_CROSS_ENTROPY, OPTIMIZER_SGD, 0.01F, "cuda-tiled", 4,
     0.1},
    {"784-128-10", 100, ACTIVATION_RELU, MLP_CROSS_ENTROPY, OPTIMIZER_ADAM, 0.001F, "cuda-tiled", 1,
     0.2},
};

static bool training_open(struct contest *c, const struct training *training) {
    const struct mlp_model model = model_of(training->layers, training->batch, training->hidden,
                                            training->loss, training->optimizer, training->rate);
    return contest_open(c, &model, training->kernels);
}

TEST(cpu_and_gpu_agree_step_by_step) {
    for (size_t i = 0; i < sizeof trainings / sizeof trainings[0]; i++) {
        const struct training *training = &trainings[i];
        struct contest c;
        if (!training_open(&c, training)) {
            skip();
            return;
        }
        assert_int_equal(train(&c, training->steps), training->steps);
        double moved, allowed, loss, loss_bound;
        distances(&c, &moved, &allowed);
        bounded_training_loss(c.reference, &loss, &loss_bound);
        if (!(allowed <= training->sharpness * moved && loss_bound <= training->sharpness * loss))
            fail_msg("training %d: parameters moved %.3g within %.3g, the loss is %.3g within "
                     "%.3g: bounds this wide say nothing",
                     (int)i, moved, allowed, loss, loss_bound);
        contest_close(&c);
    }
}

/* --- what must not pass ----------------------------------------------------------------------- */

/* Adam that corrects its moments as in the first step for ever. */
static enum status adam_without_steps(const struct optimizer_problem *problem,
                                      struct execution *execution) {
    struct optimizer_problem first = *problem;
    first.step = 1;
    return kernels_of("cuda-tiled")->optimizer(&first, execution);
}

/* A learning rate that is off by a tenth of a percent. */
static enum status slower(const struct optimizer_problem *problem, struct execution *execution) {
    struct optimizer_problem other = *problem;
    other.learning_rate *= 0.999F;
    return kernels_of("cuda-tiled")->optimizer(&other, execution);
}

/* The gradient of the last bias without the last sample. */
static enum status last_sample_lost(const struct column_sums_problem *problem,
                                    struct execution *execution) {
    struct column_sums_problem fewer = *problem;
    fewer.rows--;
    return kernels_of("cuda-tiled")->column_sums(&fewer, execution);
}

TEST(a_wrong_step_is_found) {
    struct mlp_kernels wrong[3];
    for (int i = 0; i < 3; i++)
        wrong[i] = *kernels_of("cuda-tiled");
    wrong[0].optimizer = adam_without_steps;
    wrong[1].optimizer = slower;
    wrong[2].column_sums = last_sample_lost;
    for (int i = 0; i < 3; i++) {
        struct contest c;
        if (!training_open(&c, &trainings[3])) {
            skip();
            return;
        }
        c.trainees[1].kernels = &wrong[i];
        assert_in_range(train(&c, 10), 0, i == 0 ? 1 : 3); /* steps until it showed */
        contest_close(&c);
    }
}

/* --- the program ------------------------------------------------------------------------------ */

enum { SAMPLES = 6000, TEST_SAMPLES = 1500, EPOCHS = 6 }; /* of `--data synthetic` */

/* Losses of `lockstep train` with one batch an epoch, all samples: a step each, in which their
 * order does not matter. */
static void losses_of(const char *implementation, double losses[EPOCHS]) {
    char command[1024];
    const char *program = getenv("LOCKSTEP");
    struct temporary folder;
    struct message message;
    void *rows = NULL;
    size_t count = 0;
    temporary_open(&folder);
    const bool on_cpu = strcmp(implementation, "openblas") == 0;
    snprintf(command, sizeof command,
             "%s train --data synthetic --layers 6-8-4 --batch %d --epochs %d --seed %d "
             "--implementation %s --gpu %s --out %s >/dev/null",
             program ? program : "build/lockstep", SAMPLES, EPOCHS, SEED, implementation,
             on_cpu ? "none" : "emulated", folder.path);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): the program under test */
    if (csv_read(temporary_path(&folder, "training.csv"), &train_csv, &rows, &count, NULL,
                 &message) != STATUS_OK)
        fail_msg("%s", message.text);
    assert_int_equal(count, EPOCHS);
    const struct train_row *epochs = rows;
    for (int i = 0; i < EPOCHS; i++) {
        losses[i] = epochs[i].loss;
        /* An emulated GPU has no time. */
        assert_true(isnan(epochs[i].seconds) != on_cpu);
    }
    free(rows);
    temporary_close(&folder);
}

TEST(train_gives_the_losses_of_the_cpu) {
    const struct mlp_model model =
        model_of("6-8-4", SAMPLES, ACTIVATION_RELU, MLP_CROSS_ENTROPY, OPTIMIZER_ADAM, 0.001F);
    struct dataset dataset;
    struct contest c;
    double losses[2][EPOCHS];
    if (!contest_open(&c, &model, "cuda-tiled")) {
        skip();
        return;
    }
    losses_of("openblas", losses[0]);
    losses_of("cuda-tiled", losses[1]);
    assert_int_equal(dataset_synthesise(6, 4, SAMPLES, TEST_SAMPLES, SEED, &dataset, &c.message),
                     STATUS_OK);
    struct execution execution = {.threads = 1, .message = &c.message};
    assert_int_equal(
        dataset_batch(&dataset, &dataset.train, NULL, SAMPLES, &execution, c.x, c.labels),
        STATUS_OK);
    for (int i = 0; i < EPOCHS; i++) {
        double expected, tolerance;
        assert_int_equal(bounded_training_step(c.reference, c.x, c.labels, NULL, &c.message),
                         STATUS_OK);
        bounded_training_loss(c.reference, &expected, &tolerance);
        for (int d = 0; d < 2; d++)
            if (!(fabs(losses[d][i] - expected) <= tolerance))
                fail_msg("epoch %d on device %d: loss %.9g, should be %.9g within %.3g", i + 1, d,
                         losses[d][i], expected, tolerance);
        assert_true(tolerance <= 0.01 * expected);
    }
    assert_true(losses[1][EPOCHS - 1] < losses[1][0]);
    dataset_free(&dataset);
    contest_close(&c);
}
