/* The training loop. */
#include "bench/train.h"

#include "bench/dataset.h"
#include "bench/mlp_graph.h"
#include "bench/train_progress.h"
#include "bench/weights.h"
#include "common/clock.h"
#include "common/floating.h"
#include "common/random.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STREAM_ORDER = 1 << 21,  /* of Philox, plus the epoch: the order of its samples */
    EVALUATION_BATCH = 1000, /* at most: nothing is learnt from it, so it need not be small */
    SYNTHETIC_TRAIN = 6000,
    SYNTHETIC_TEST = 1500
};

static const struct csv_column columns[] = {
    CSV_COLUMN(struct train_row, CSV_INTEGER, epoch),
    CSV_COLUMN(struct train_row, CSV_INTEGER, step),
    CSV_COLUMN(struct train_row, CSV_NUMBER, loss),
    CSV_COLUMN(struct train_row, CSV_NUMBER, accuracy),
    CSV_COLUMN(struct train_row, CSV_NUMBER, seconds),
    CSV_COLUMN(struct train_row, CSV_NUMBER, samples_per_s),
};
const struct csv_format train_csv = {columns, sizeof columns / sizeof columns[0],
                                     sizeof(struct train_row)};

/* A batch in host memory, on its way to the device or back. */
struct staging {
    float *x;        /* [most, features] */
    int32_t *labels; /* [most] */
    float *target;   /* [most, classes], MSE only */
    float *loss;     /* [batch] */
    float *output;   /* [most, classes] */
};

struct training {
    const struct train_options *options;
    struct dataset dataset;
    struct mlp_buffers device; /* buffers on the device, for `most` samples */
    struct mlp_graphs *graphs; /* NULL unless steps are replayed as graphs */
    struct weights host;       /* the same numbers in host memory when they come or go */
    struct staging staging;
    uint32_t *order; /* of the training samples in this epoch */
    int64_t most;    /* samples that a batch may have, of training or evaluation */
    FILE *csv;
    char csv_path[4096];
    struct train_progress progress;
    struct execution execution;
    struct message *message;
};

/* --- options and data -------------------------------------------------------------------------*/

static enum status options_check(const struct train_options *options, struct message *message) {
    const struct mlp_model *model = &options->model;
    if (model->layers < 1)
        return message_set(message, STATUS_INVALID, "a network needs layers, as in 784-128-10");
    if (model->batch < 1 || model->batch > MLP_SIZE_MAX)
        return message_set(message, STATUS_INVALID, "batch %" PRId64 ": give 1 to %d samples",
                           model->batch, MLP_SIZE_MAX);
    if (options->epochs < 0)
        return message_set(message, STATUS_INVALID, "epochs %" PRId64 ": give 0 or more",
                           options->epochs);
    if (!(model->learning_rate > 0.0F) || !isfinite(model->learning_rate))
        return message_set(message, STATUS_INVALID,
                           "learning rate %g: give a positive number, as in 0.001",
                           (double)model->learning_rate);
    if (options->save)
        return weights_writable(options->save, message);
    return STATUS_OK;
}

static enum status data_open(struct training *training) {
    const struct train_options *options = training->options;
    const struct mlp_model *model = &options->model;
    if (strcmp(options->data, "synthetic") == 0)
        return dataset_synthesise(model->sizes[0], model->sizes[model->layers], SYNTHETIC_TRAIN,
                                  SYNTHETIC_TEST, options->seed, &training->dataset,
                                  training->message);
    return dataset_read(options->data, &training->dataset, training->message);
}

/* Do network and batch fit the data? */
static enum status data_check(const struct training *training) {
    const struct mlp_model *model = &training->options->model;
    const struct dataset *dataset = &training->dataset;
    char layers[256];
    mlp_layers_format(model, layers, sizeof layers);
    if (model->sizes[0] != dataset->features || model->sizes[model->layers] != dataset->classes)
        return message_set(training->message, STATUS_INVALID,
                           "the layers %s do not match the data in %s: its images have %" PRId64
                           " pixels and %" PRId64 " classes; give layers from %" PRId64
                           "-… to …-%" PRId64,
                           layers, training->options->data, dataset->features, dataset->classes,
                           dataset->features, dataset->classes);
    if (model->batch > dataset->train.count)
        return message_set(training->message, STATUS_INVALID,
                           "batch %" PRId64 " is more than the %" PRId64
                           " training images; give at most that",
                           model->batch, dataset->train.count);
    return STATUS_OK;
}

/* --- memory -----------------------------------------------------------------------------------*/

static enum status allocate(const struct training *training, int64_t count, float **pointer) {
    struct device *device = training->options->device;
    void *memory = NULL;
    enum status status =
        device->allocate(device, (size_t)count * sizeof(float), &memory, training->message);
    *pointer = memory;
    return status;
}

static enum status device_open(struct training *training) {
    const struct mlp_model *model = &training->options->model;
    struct mlp_model largest = *model;
    largest.batch = training->most;
    int64_t parameters = mlp_parameter_count(model), outputs = model->sizes[model->layers];
    bool has_first = model->optimizer != OPTIMIZER_SGD;
    bool has_second = model->optimizer == OPTIMIZER_ADAM;
    bool has_target = model->loss == MLP_MSE;
    struct mlp_buffers *buffers = &training->device;
    float *x = NULL, *labels = NULL, *target = NULL;
    const struct {
        bool wanted;
        int64_t count;
        float **pointer;
    } wanted[] = {
        {true, parameters, &buffers->parameters},
        {true, parameters, &buffers->gradients},
        {has_first, parameters, &buffers->first_moment},
        {has_second, parameters, &buffers->second_moment},
        {true, mlp_activation_count(&largest), &buffers->activations},
        {true, model->batch, &buffers->loss},
        {true, training->most * model->sizes[0], &x},
        {!has_target, training->most, &labels}, /* int32_t, of a float's size */
        {has_target, training->most * outputs, &target},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && status == STATUS_OK; i++)
        if (wanted[i].wanted)
            status = allocate(training, wanted[i].count, wanted[i].pointer);
    buffers->x = x;
    buffers->labels = (const int32_t *)labels;
    buffers->target = target;
    return status;
}

static void device_close(struct training *training) {
    struct device *device = training->options->device;
    mlp_graphs_close(training->graphs);
    const struct mlp_buffers *buffers = &training->device;
    const void *const all[] = {buffers->parameters,
                               buffers->gradients,
                               buffers->first_moment,
                               buffers->second_moment,
                               buffers->activations,
                               buffers->loss,
                               buffers->x,
                               buffers->labels,
                               buffers->target};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        device->release(device, (void *)all[i]);
}

static enum status host_open(struct training *training) {
    const struct mlp_model *model = &training->options->model;
    size_t parameters = (size_t)mlp_parameter_count(model), most = (size_t)training->most;
    size_t features = (size_t)model->sizes[0], outputs = (size_t)model->sizes[model->layers];
    training->host.parameters = calloc(parameters, sizeof(float));
    training->host.first_moment = calloc(parameters, sizeof(float));
    training->host.second_moment = calloc(parameters, sizeof(float));
    training->staging = (struct staging){
        .x = calloc(most * features, sizeof(float)),
        .labels = calloc(most, sizeof(int32_t)),
        .target = calloc(most * outputs, sizeof(float)),
        .loss = calloc((size_t)model->batch, sizeof(float)),
        .output = calloc(most * outputs, sizeof(float)),
    };
    training->order = calloc((size_t)training->dataset.train.count, sizeof(uint32_t));
    const void *const all[] = {
        training->host.parameters, training->host.first_moment, training->host.second_moment,
        training->staging.x,       training->staging.labels,    training->staging.target,
        training->staging.loss,    training->staging.output,    training->order};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!all[i])
            return message_set(training->message, STATUS_NO_MEMORY,
                               "no memory for a network of %zu parameters and batches of %zu",
                               parameters, most);
    return STATUS_OK;
}

static void host_close(struct training *training) {
    free(training->host.parameters);
    free(training->host.first_moment);
    free(training->host.second_moment);
    free(training->staging.x);
    free(training->staging.labels);
    free(training->staging.target);
    free(training->staging.loss);
    free(training->staging.output);
    free(training->order);
}

/* --- weights ----------------------------------------------------------------------------------*/

/* The tensors of the parameter layout on the device and in host memory; moments only where the
 * optimizer has them. */
struct twins {
    float *device, *host;
};

static void twins_of(const struct training *training, struct twins twins[3]) {
    twins[0] = (struct twins){training->device.parameters, training->host.parameters};
    twins[1] = (struct twins){training->device.first_moment, training->host.first_moment};
    twins[2] = (struct twins){training->device.second_moment, training->host.second_moment};
}

static enum status weights_upload(struct training *training) {
    const struct train_options *options = training->options;
    size_t bytes = (size_t)mlp_parameter_count(&options->model) * sizeof(float);
    struct device *device = options->device;
    struct twins twins[3];
    twins_of(training, twins);
    /* The gaps of the gradients must be zero, and the host's second moments are before training. */
    float *zeros = calloc(1, bytes);
    if (!zeros)
        return message_set(training->message, STATUS_NO_MEMORY, "no memory for %zu bytes", bytes);
    enum status status =
        device->upload(device, training->device.gradients, zeros, bytes, training->message);
    free(zeros);
    for (int i = 0; i < 3 && status == STATUS_OK; i++)
        if (twins[i].device)
            status =
                device->upload(device, twins[i].device, twins[i].host, bytes, training->message);
    return status;
}

static enum status weights_open(struct training *training) {
    const struct train_options *options = training->options;
    if (!options->load) {
        mlp_parameters_initialise(&options->model, options->seed, training->host.parameters);
        return weights_upload(training);
    }
    bool moments_lost = false;
    enum status status = weights_load(options->load, &options->model, &training->host,
                                      &moments_lost, training->message);
    if (status == STATUS_OK && moments_lost)
        fprintf(options->report, "%s was saved by another optimizer: its moments start at zero\n",
                options->load);
    return status == STATUS_OK ? weights_upload(training) : status;
}

static enum status weights_keep(struct training *training) {
    const struct train_options *options = training->options;
    if (!options->save)
        return STATUS_OK;
    size_t bytes = (size_t)mlp_parameter_count(&options->model) * sizeof(float);
    struct twins twins[3];
    twins_of(training, twins);
    enum status status = STATUS_OK;
    for (int i = 0; i < 3 && status == STATUS_OK; i++)
        if (twins[i].device)
            status = options->device->download(options->device, twins[i].host, twins[i].device,
                                               bytes, training->message);
    if (status == STATUS_OK)
        status = weights_save(options->save, &options->model, &training->host, training->message);
    return status;
}

/* --- training.csv -----------------------------------------------------------------------------*/

static enum status csv_failed(const struct training *training) {
    return message_set(training->message, STATUS_IO,
                       "cannot write %s: %s; free some space or choose another folder by --out",
                       training->csv_path, strerror(errno));
}

/* What is there must be rows of training, for more will follow. */
static enum status csv_check(const struct training *training) {
    if (!training->options->load)
        return message_set(training->message, STATUS_INVALID,
                           "%s holds another training; give another --out, or --load its weights "
                           "to go on with it",
                           training->csv_path);
    void *rows;
    size_t count;
    enum status status =
        csv_read(training->csv_path, &train_csv, &rows, &count, NULL, training->message);
    if (status == STATUS_OK)
        free(rows);
    return status;
}

/* A training that goes on from saved weights adds its rows to those that are there; any other
 * training refuses to. */
static enum status csv_open(struct training *training) {
    const char *out = training->options->out;
    char *path = training->csv_path;
    if (!out)
        return STATUS_OK;
    int length = snprintf(path, sizeof training->csv_path, "%s/training.csv", out);
    if (length < 0 || (size_t)length >= sizeof training->csv_path)
        return message_set(training->message, STATUS_INVALID,
                           "the name of the folder '%.64s…' is too long", out);
    if (mkdir(out, 0777) != 0 && errno != EEXIST)
        return message_set(training->message, STATUS_IO, "cannot make the folder %s: %s", out,
                           strerror(errno));
    bool exists = access(path, F_OK) == 0;
    enum status status = exists ? csv_check(training) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    training->csv = fopen(path, "a");
    if (!training->csv || (!exists && csv_write_header(training->csv, &train_csv) != 0) ||
        fflush(training->csv) != 0)
        return csv_failed(training);
    return STATUS_OK;
}

static enum status csv_add(const struct training *training, const struct train_row *row) {
    if (training->csv &&
        (csv_write_row(training->csv, &train_csv, row) != 0 || fflush(training->csv) != 0))
        return csv_failed(training);
    return STATUS_OK;
}

/* --- batches ----------------------------------------------------------------------------------*/

static void one_hot(const int32_t *labels, int64_t count, int64_t classes, float *target) {
    memset(target, 0, (size_t)(count * classes) * sizeof *target);
    for (int64_t i = 0; i < count; i++)
        target[i * classes + labels[i]] = 1.0F;
}

/* Draws samples order[0 … count) of a split into staging and uploads their pixels. */
static enum status batch_inputs(struct training *training, const struct dataset_split *split,
                                const uint32_t *order, int64_t first, int64_t count) {
    const struct staging *staging = &training->staging;
    struct dataset_split from = *split;
    if (order) {
        order += first;
    } else {
        from.images += first * training->dataset.features;
        from.labels += first;
    }
    dataset_batch(&training->dataset, &from, order, count, staging->x, staging->labels);
    struct device *device = training->options->device;
    size_t bytes = (size_t)(count * training->dataset.features) * sizeof(float);
    return device->upload(device, (void *)training->device.x, staging->x, bytes, training->message);
}

/* Uploads what the outputs of the batch in staging should be. */
static enum status batch_answers(struct training *training, int64_t count) {
    const struct staging *staging = &training->staging;
    struct device *device = training->options->device;
    if (training->options->model.loss == MLP_CROSS_ENTROPY)
        return device->upload(device, (void *)training->device.labels, staging->labels,
                              (size_t)count * sizeof *staging->labels, training->message);
    int64_t classes = training->dataset.classes;
    one_hot(staging->labels, count, classes, staging->target);
    return device->upload(device, (void *)training->device.target, staging->target,
                          (size_t)(count * classes) * sizeof *staging->target, training->message);
}

/* --- an epoch ---------------------------------------------------------------------------------*/

/* Fisher and Yates's shuffle, each epoch from the sorted order, so that an epoch's order depends on
 * seed and epoch alone. */
static void shuffle(uint32_t *order, int64_t count, uint64_t seed, int64_t epoch) {
    for (int64_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    for (int64_t i = count - 1; i > 0; i--) {
        uint32_t j =
            random_below(seed, (uint64_t)(STREAM_ORDER + epoch), (uint64_t)i, (uint32_t)i + 1);
        uint32_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}

/* Training step `step`, or inference for step 0, of the batch on the device. */
static enum status network_run(struct training *training, const struct mlp_model *model,
                               int64_t step) {
    if (training->graphs)
        return mlp_graphs_run(training->graphs, model, &training->device, step,
                              &training->execution);
    struct mlp_plan plan;
    if (step == 0)
        mlp_plan_inference(model, &training->device, &plan);
    else
        mlp_plan_train_step(model, &training->device, step, &plan);
    return mlp_plan_run(&plan, training->options->kernels, &training->execution);
}

/* One step on samples [first, first + count) of the epoch's order; adds their losses to *sum. */
static enum status step_run(struct training *training, int64_t first, int64_t count, double *sum) {
    const struct train_options *options = training->options;
    struct mlp_model model = options->model;
    model.batch = count;
    enum status status =
        batch_inputs(training, &training->dataset.train, training->order, first, count);
    if (status == STATUS_OK)
        status = batch_answers(training, count);
    if (status == STATUS_OK)
        status = network_run(training, &model, training->host.steps + 1);
    if (status == STATUS_OK)
        status = options->device->download(options->device, training->staging.loss,
                                           training->device.loss, (size_t)count * sizeof(float),
                                           training->message);
    for (int64_t i = 0; i < count && status == STATUS_OK; i++)
        *sum += (double)training->staging.loss[i];
    if (status == STATUS_OK)
        training->host.steps++;
    return status;
}

static bool stop_asked(const struct train_options *options) {
    return options->stop && options->stop(options->stop_context);
}

/* What ended an epoch early, after the weights are kept. */
static enum status interrupted(struct training *training, int64_t epoch, int64_t step) {
    enum status status = weights_keep(training);
    if (status != STATUS_OK)
        return status;
    const char *save = training->options->save;
    return message_set(training->message, STATUS_INTERRUPTED,
                       "training was interrupted in epoch %" PRId64 ", after step %" PRId64
                       "; the weights are %s%s",
                       epoch, step, save ? "in " : "lost, for no --save was given",
                       save ? save : "");
}

static enum status diverged(struct training *training, int64_t epoch, double loss) {
    return message_set(training->message, STATUS_FAILED,
                       "the loss became %s in epoch %" PRId64 ", step %" PRId64
                       "; training stopped, try a smaller learning rate than %g",
                       isnan(loss) ? "NaN" : "infinite", epoch, training->host.steps,
                       (double)training->options->model.learning_rate);
}

/* Trains on all samples once. Fills the row but for its accuracy. */
static enum status epoch_run(struct training *training, int64_t epoch, struct train_row *row) {
    const struct train_options *options = training->options;
    int64_t batch = options->model.batch, samples = training->dataset.train.count;
    if (options->drop_last)
        samples = samples / batch * batch;
    int64_t steps = (samples + batch - 1) / batch;
    double start = clock_seconds(), sum = 0.0;
    shuffle(training->order, training->dataset.train.count, options->seed, epoch);
    for (int64_t step = 0; step < steps; step++) {
        if (stop_asked(options))
            return interrupted(training, epoch, training->host.steps);
        int64_t first = step * batch, rest = samples - first;
        int64_t count = rest < batch ? rest : batch;
        double before = sum;
        enum status status = step_run(training, first, count, &sum);
        if (status != STATUS_OK)
            return status;
        if (!isfinite(sum))
            return diverged(training, epoch, sum - before);
        train_progress_step(&training->progress, epoch, step + 1, steps,
                            sum / (double)(first + count));
    }
    double seconds = options->device->emulated ? (double)NAN : clock_seconds() - start;
    *row = (struct train_row){.epoch = epoch,
                              .step = training->host.steps,
                              .loss = sum / (double)samples,
                              .seconds = seconds,
                              .samples_per_s = (double)samples / seconds};
    return STATUS_OK;
}

/* --- evaluation -------------------------------------------------------------------------------*/

/* Whether the largest of a sample's outputs is its label's; a NaN is never the largest. */
static bool recognised(const float *output, int64_t classes, int32_t label) {
    for (int64_t c = 0; c < classes; c++)
        if (c != label && !(output[c] < output[label]))
            return false;
    return !isnan(output[label]);
}

static enum status evaluation_batch(struct training *training, int64_t first, int64_t count,
                                    int64_t *right) {
    const struct train_options *options = training->options;
    struct mlp_model model = options->model;
    model.batch = count;
    enum status status = batch_inputs(training, &training->dataset.test, NULL, first, count);
    if (status != STATUS_OK)
        return status;
    status = network_run(training, &model, 0);
    if (status != STATUS_OK)
        return status;
    int64_t classes = training->dataset.classes;
    const float *output = training->staging.output;
    status = options->device->download(
        options->device, training->staging.output, mlp_output(&model, &training->device),
        (size_t)(count * classes) * sizeof(float), training->message);
    for (int64_t i = 0; i < count && status == STATUS_OK; i++)
        *right += recognised(output + i * classes, classes, training->staging.labels[i]);
    return status;
}

/* The fraction of test images that are recognised, in batches whose last may be smaller. */
static enum status evaluate(struct training *training, double *accuracy) {
    int64_t samples = training->dataset.test.count, right = 0;
    for (int64_t first = 0; first < samples; first += training->most) {
        int64_t rest = samples - first;
        enum status status = evaluation_batch(
            training, first, rest < training->most ? rest : training->most, &right);
        if (status != STATUS_OK)
            return status;
    }
    *accuracy = (double)right / (double)samples;
    return STATUS_OK;
}

/* --- a training -------------------------------------------------------------------------------*/

static enum status training_open(struct training *training) {
    const struct train_options *options = training->options;
    enum status status = options_check(options, training->message);
    if (status == STATUS_OK)
        status = data_open(training);
    if (status == STATUS_OK)
        status = data_check(training);
    if (status != STATUS_OK)
        return status;
    int64_t evaluation = training->dataset.test.count;
    if (evaluation > EVALUATION_BATCH)
        evaluation = EVALUATION_BATCH;
    training->most = options->model.batch > evaluation ? options->model.batch : evaluation;
    status = host_open(training);
    if (status == STATUS_OK)
        status = device_open(training);
    if (status == STATUS_OK && options->graph)
        status = mlp_graphs_open(options->kernels, &training->graphs, training->message);
    if (status == STATUS_OK)
        status = weights_open(training);
    if (status == STATUS_OK)
        status = csv_open(training);
    return status;
}

static enum status training_close(struct training *training, enum status status) {
    if (training->csv && fclose(training->csv) != 0 && status == STATUS_OK)
        status = csv_failed(training);
    device_close(training);
    host_close(training);
    dataset_free(&training->dataset);
    return status;
}

static enum status epochs_run(struct training *training, struct train_row *last) {
    const struct train_options *options = training->options;
    int64_t first = training->host.epochs + 1;
    train_progress_start(&training->progress, options, &training->dataset, first);
    if (options->epochs == 0) {
        *last = (struct train_row){.epoch = first - 1, .step = training->host.steps};
        enum status status = evaluate(training, &last->accuracy);
        if (status == STATUS_OK)
            fprintf(options->report, "accuracy %.2f%%\n", 100.0 * last->accuracy);
        return status;
    }
    for (int64_t epoch = first; epoch < first + options->epochs; epoch++) {
        struct train_row row;
        enum status status = epoch_run(training, epoch, &row);
        if (status == STATUS_OK)
            status = evaluate(training, &row.accuracy);
        if (status != STATUS_OK)
            return status;
        *last = row;
        training->host.epochs = epoch;
        train_progress_epoch(&training->progress, &row);
        status = weights_keep(training);
        if (status == STATUS_OK)
            status = csv_add(training, &row);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status train_run(const struct train_options *options, struct train_row *last,
                      struct message *message) {
    struct training training = {
        .options = options,
        .message = message,
        .execution = {.threads = options->threads,
                      .gpu = options->device->gpu,
                      .cpu = options->device->cpu,
                      .message = message},
    };
    *last = (struct train_row){0};
    bool flushed = floating_denormals_flushed();
    floating_flush_denormals(true);
    enum status status = training_open(&training);
    if (status == STATUS_OK)
        status = epochs_run(&training, last);
    train_progress_clear(&training.progress);
    floating_flush_denormals(flushed);
    return training_close(&training, status);
}
