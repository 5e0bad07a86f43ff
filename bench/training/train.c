/* The training loop. */
#include "bench/training/state.h"

#include "common/clock.h"
#include "common/files.h"
#include "common/floating.h"
#include "common/random.h"
#include "kernels/collectives/collectives.h"
#include "ranks/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    STREAM_ORDER = 1 << 21, /* of Philox, plus the epoch: the order of its samples */
    EVALUATION_BATCH = 1000 /* at most: nothing is learnt from it, so it need not be small */
};

/* --- options ---------------------------------------------------------------------------------- */

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
        return file_check_replaceable(options->save, message);
    return STATUS_OK;
}

/* --- batches ---------------------------------------------------------------------------------- */

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
    enum status status = dataset_batch(&training->dataset, &from, order, count,
                                       &training->execution, staging->x, staging->labels);
    if (status != STATUS_OK)
        return status;
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

/* --- an epoch --------------------------------------------------------------------------------- */

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

/* Training step `step`, or inference for step 0, of the batch on the device, which is so much of
 * the batch of all ranks. */
static enum status network_run(struct training *training, const struct mlp_model *model,
                               int64_t step, float share) {
    const struct mlp_together together = {training->options->kernels->exchange, share};
    struct mlp_plan plan;
    if (training->graphs)
        return mlp_graphs_run(training->graphs, &together, model, &training->device, step,
                              &training->execution);
    if (step == 0)
        mlp_plan_inference(model, &training->device, &plan);
    else
        mlp_plan_train_step_over(&together, model, &training->device, step, &plan);
    return mlp_plan_run(&plan, training->options->kernels, &training->execution);
}

/* A training step of all ranks: on GPUs they wait for each other's (kernels/collectives). */
static enum status network_train(struct training *training, const struct mlp_model *model,
                                 float share) {
    const struct train_options *options = training->options;
    struct gpu *gpu = options->device->gpu;
    const int64_t step = training->host.steps + 1;
    if (!gpu || options->kernels->exchange == MLP_EXCHANGE_NONE)
        return network_run(training, model, step, share);
    enum status status = collectives_enter(gpu, options->ranks, training->message);
    if (status != STATUS_OK)
        return status;
    status = network_run(training, model, step, share);
    return collectives_leave(gpu, options->ranks, status, training->message);
}

/* The rank's part of so many samples: their number, from *first on. */
static int64_t share_of(const struct train_options *options, int64_t samples, int64_t *first) {
    const int64_t number = ranks_number(options->ranks), ranks = ranks_count(options->ranks);
    *first = samples * number / ranks;
    return samples * (number + 1) / ranks - *first;
}

/* One step on samples [first, first + samples) of the epoch's order; adds their losses to *sum. */
static enum status step_run(struct training *training, int64_t first, int64_t samples,
                            double *sum) {
    const struct train_options *options = training->options;
    struct mlp_model model = options->model;
    int64_t mine;
    const int64_t count = share_of(options, samples, &mine);
    double losses = 0.0;
    first += mine;
    model.batch = count;
    enum status status =
        batch_inputs(training, &training->dataset.train, training->order, first, count);
    if (status == STATUS_OK)
        status = batch_answers(training, count);
    if (status == STATUS_OK)
        status = network_train(training, &model, (float)count / (float)samples);
    if (status == STATUS_OK)
        status = options->device->download(options->device, training->staging.loss,
                                           training->device.loss, (size_t)count * sizeof(float),
                                           training->message);
    for (int64_t i = 0; i < count && status == STATUS_OK; i++)
        losses += (double)training->staging.loss[i];
    ranks_sum(options->ranks, &losses, 1);
    *sum += losses;
    if (status == STATUS_OK)
        training->host.steps++;
    return status;
}

static bool stop_asked(const struct train_options *options) {
    return ranks_any(options->ranks, options->stop && options->stop(options->stop_context));
}

/* All moments are there, on all ranks. */
static void network_settle(const struct training *training) {
    const struct train_options *options = training->options;
    const struct mlp_together together = {options->kernels->exchange, 1.0F};
    mlp_exchange_settle(&together, &training->device, mlp_parameter_count(&options->model),
                        options->ranks);
}

/* What ended an epoch early, after the weights are kept. */
static enum status interrupted(struct training *training, int64_t epoch, int64_t step) {
    network_settle(training);
    enum status status = train_weights_keep(training);
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

/* --- evaluation ------------------------------------------------------------------------------- */

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
    status = network_run(training, &model, 0, 1.0F);
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
    struct ranks *ranks = training->options->ranks;
    int64_t samples = training->dataset.test.count, right = 0, begin;
    const int64_t end = share_of(training->options, samples, &begin) + begin;
    for (int64_t first = begin; first < end; first += training->most) {
        int64_t rest = end - first;
        enum status status = evaluation_batch(
            training, first, rest < training->most ? rest : training->most, &right);
        if (status != STATUS_OK)
            return status;
    }
    double all = (double)right;
    ranks_sum(ranks, &all, 1);
    *accuracy = all / (double)samples;
    return STATUS_OK;
}

/* --- a training ------------------------------------------------------------------------------- */

static enum status training_open(struct training *training) {
    const struct train_options *options = training->options;
    ranks_keep(options->ranks, "no epoch was done"); /* so say all before one of them has a file */
    enum status status = options_check(options, training->message);
    if (status == STATUS_OK)
        status = train_data_open(training);
    status = ranks_agree(options->ranks, status, training->message);
    if (status == STATUS_OK && options->ranks)
        status = train_data_check_ranks(training);
    if (status != STATUS_OK)
        return status;
    int64_t evaluation = training->dataset.test.count;
    if (evaluation > EVALUATION_BATCH)
        evaluation = EVALUATION_BATCH;
    training->most = options->model.batch > evaluation ? options->model.batch : evaluation;
    status = train_memory_check(training);
    if (status == STATUS_OK)
        status = train_memory_open(training);
    if (status == STATUS_OK && options->kernels->graph)
        status = mlp_graphs_open(options->kernels, &training->graphs, training->message);
    if (status == STATUS_OK)
        status = train_weights_open(training);
    if (status == STATUS_OK)
        status = train_csv_open(training);
    return ranks_agree(options->ranks, status, training->message);
}

static enum status training_close(struct training *training, enum status status) {
    ranks_keep(training->options->ranks, NULL);
    status = train_csv_close(training, status);
    mlp_graphs_close(training->graphs);
    train_memory_close(training);
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
        return status == STATUS_OK ? train_weights_keep(training) : status;
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
        network_settle(training);
        status = train_csv_add(training, &row);
        if (status == STATUS_OK)
            status = train_weights_keep(training);
        status = ranks_agree(options->ranks, status, training->message);
        if (status != STATUS_OK)
            return status;
        if (epoch == first)
            train_csv_keep(training);
    }
    return STATUS_OK;
}

enum status train_run(const struct train_options *options, struct train_row *last,
                      struct message *message) {
    struct training training = {
        .options = &training.fitted,
        .fitted = *options,
        .message = message,
        .execution = {.threads = options->threads,
                      .gpu = options->device->gpu,
                      .cpu = options->device->cpu,
                      .tuning = options->device->tuning,
                      .message = message,
                      .ranks = options->ranks},
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
