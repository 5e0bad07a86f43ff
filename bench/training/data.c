/* The data of a training: read or made up, and held against network and ranks. */
#include "bench/training/state.h"

#include "common/hash.h"
#include "ranks/ranks.h"

#include <inttypes.h>
#include <string.h>

enum { SYNTHETIC_TRAIN = 6000, SYNTHETIC_TEST = 1500 };

/* Synthetic data follow the network. */
static enum status data_synthesise(struct training *training, size_t memory) {
    const struct train_options *options = training->options;
    const struct mlp_model *model = &options->model;
    size_t bytes = (size_t)(SYNTHETIC_TRAIN + SYNTHETIC_TEST) * ((size_t)model->sizes[0] + 1);
    if (bytes > memory)
        return message_set(training->message, STATUS_NO_MEMORY,
                           "synthetic images of %" PRId64 " pixels need %zu bytes of memory and "
                           "%zu are available; give smaller --layers",
                           model->sizes[0], bytes, memory);
    return dataset_synthesise(model->sizes[0], model->sizes[model->layers], SYNTHETIC_TRAIN,
                              SYNTHETIC_TEST, options->seed, &training->dataset, training->message);
}

static enum status data_read(struct training *training) {
    const struct train_options *options = training->options;
    struct device *host = train_host(options);
    struct mlp_model *model = &training->fitted.model;
    struct dataset_rules rules = {.ignored_label = options->ignored_label};
    size_t total;
    enum status status = host->memory(host, &rules.memory, &total, training->message);
    if (status != STATUS_OK)
        return status;
    if (strcmp(options->data, "synthetic") == 0)
        return data_synthesise(training, rules.memory);
    status = dataset_read(options->data, &rules, &training->dataset, training->message);
    if (status == STATUS_OK && options->fit_layers) {
        model->sizes[0] = training->dataset.features;
        model->sizes[model->layers] = training->dataset.classes;
    }
    return status;
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

enum status train_data_open(struct training *training) {
    const enum status status = data_read(training);
    return status == STATUS_OK ? data_check(training) : status;
}

enum status train_data_check_ranks(const struct training *training) {
    const struct train_options *options = training->options;
    const struct dataset *dataset = &training->dataset;
    const int64_t batch = options->model.batch, ranks = ranks_count(options->ranks);
    const int64_t last = options->drop_last ? 0 : dataset->train.count % batch;
    if (batch < ranks || (last > 0 && last < ranks))
        return message_set(training->message, STATUS_INVALID,
                           "a batch of %" PRId64 " samples leaves nothing to some of %" PRId64
                           " ranks: give a larger --batch or fewer ranks%s",
                           batch < ranks ? batch : last, ranks,
                           batch < ranks ? "" : ", or leave the last batch out by --drop-last");
    const struct dataset_split *splits[] = {&dataset->train, &dataset->test};
    uint64_t hash = hash_start;
    for (int i = 0; i < 2; i++) {
        hash = hash_bytes(hash, splits[i]->labels, (size_t)splits[i]->count);
        hash = hash_bytes(hash, splits[i]->images, (size_t)(splits[i]->count * dataset->features));
    }
    return ranks_same(options->ranks, hash)
               ? STATUS_OK
               : message_set(training->message, STATUS_INVALID,
                             "the ranks have read other data: %s is not the same on all machines",
                             options->data);
}
