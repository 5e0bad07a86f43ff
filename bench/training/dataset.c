/* Reading data sets, and making data where there is none. */
#include "bench/training/dataset.h"

#include "bench/training/idx.h"
#include "common/random.h"
#include "common/words.h"
#include "reference/simd/simd.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const dataset_default_directory = "/usr/share/datasets/fashion-mnist";

enum { PATH_BYTES = 512 };

/* --- finding a file --------------------------------------------------------------------------- */

/* The four files: with the usual name "train-images" goes "idx3-ubyte", after a dash or a dot. */
struct file_name {
    const char *stem, *suffix;
};

static const struct file_name train_images = {"train-images", "idx3-ubyte"};
static const struct file_name train_labels = {"train-labels", "idx1-ubyte"};
static const struct file_name test_images = {"t10k-images", "idx3-ubyte"};
static const struct file_name test_labels = {"t10k-labels", "idx1-ubyte"};

static enum status path_find(const char *directory, const struct file_name *name,
                             char path[PATH_BYTES], struct message *message) {
    static const struct {
        const char *separator, *extension;
    } spellings[] = {{"-", ""}, {"-", ".gz"}, {".", ""}, {".", ".gz"}};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        int length = snprintf(path, PATH_BYTES, "%s/%s%s%s%s", directory, name->stem,
                              spellings[i].separator, name->suffix, spellings[i].extension);
        if (length < 0 || length >= PATH_BYTES)
            return message_set(message, STATUS_INVALID,
                               "the name of the data directory '%.64s…' is too long", directory);
        if (access(path, F_OK) == 0)
            return STATUS_OK;
    }
    return message_set(message, STATUS_INVALID,
                       "cannot find %s-%s (or .gz) in '%s': %s; give a directory with MNIST's file "
                       "names by --data, install the Debian package dataset-fashion-mnist (make "
                       "deps), or try --data synthetic",
                       name->stem, name->suffix, directory, strerror(errno));
}

/* --- a data set ------------------------------------------------------------------------------- */

/* Leaves out the images of a label; of none where it is -1. */
static enum status label_drop(const char *path, int label, int64_t features,
                              struct dataset_split *split, struct message *message) {
    int64_t kept = 0;
    if (label < 0)
        return STATUS_OK;
    for (int64_t i = 0; i < split->count; i++) {
        if (split->labels[i] == label)
            continue;
        memmove(split->images + kept * features, split->images + i * features, (size_t)features);
        split->labels[kept++] = split->labels[i];
    }
    split->ignored = split->count - kept;
    split->count = kept;
    return kept > 0 ? STATUS_OK
                    : message_set(message, STATUS_INVALID,
                                  "%s has no label but %d, which --ignore-label leaves out", path,
                                  label);
}

/* Fills a split; `sides` are the height and width of its images. */
static enum status split_read(const char *directory, const struct file_name *images,
                              const struct file_name *labels, struct dataset_rules *rules,
                              struct dataset_split *split, int64_t sides[2],
                              struct message *message) {
    char path[PATH_BYTES], label_path[PATH_BYTES];
    int64_t sizes[IDX_DIMENSIONS_MAX] = {0}, label_sizes[IDX_DIMENSIONS_MAX] = {0};
    enum status status = path_find(directory, images, path, message);
    if (status == STATUS_OK)
        status = path_find(directory, labels, label_path, message);
    if (status == STATUS_OK)
        status = idx_file_read(path, 3, &rules->memory, sizes, &split->images, message);
    if (status == STATUS_OK)
        status = idx_file_read(label_path, 1, &rules->memory, label_sizes, &split->labels, message);
    if (status != STATUS_OK)
        return status;
    if (sizes[0] != label_sizes[0])
        return message_set(
            message, STATUS_INVALID, "%s has %s but %s has %s; they do not belong together", path,
            COUNTED(sizes[0], "image"), label_path, COUNTED(label_sizes[0], "label"));
    split->count = sizes[0];
    sides[0] = sizes[1];
    sides[1] = sizes[2];
    return label_drop(label_path, rules->ignored_label, sides[0] * sides[1], split, message);
}

/* Classes count from 0, labels from where they begin: EMNIST's letters are 1 to 26. */
static enum status classes_find(const char *directory, struct dataset *dataset,
                                struct message *message) {
    struct dataset_split *const splits[] = {&dataset->train, &dataset->test};
    int low = UINT8_MAX, high = 0;
    for (size_t s = 0; s < 2; s++)
        for (int64_t i = 0; i < splits[s]->count; i++) {
            int label = splits[s]->labels[i];
            low = label < low ? label : low;
            high = label > high ? label : high;
        }
    if (low == high)
        return message_set(message, STATUS_INVALID,
                           "all labels in '%s' are %d: there is nothing to learn", directory, low);
    for (size_t s = 0; s < 2; s++)
        for (int64_t i = 0; i < splits[s]->count; i++)
            splits[s]->labels[i] = (uint8_t)(splits[s]->labels[i] - low);
    dataset->first_label = low;
    dataset->classes = high - low + 1;
    return STATUS_OK;
}

/* Mean and standard deviation of all training pixels, from counts of each value: exact. */
static enum status normalisation_find(struct dataset *dataset, struct message *message) {
    uint64_t counts[256] = {0};
    int64_t pixels = dataset->train.count * dataset->features;
    for (int64_t i = 0; i < pixels; i++)
        counts[dataset->train.images[i]]++;
    double sum = 0.0, squares = 0.0;
    for (int value = 0; value < 256; value++)
        sum += (double)counts[value] * value;
    double mean = sum / (double)pixels;
    for (int value = 0; value < 256; value++)
        squares += (double)counts[value] * (value - mean) * (value - mean);
    if (!(squares > 0.0))
        return message_set(message, STATUS_INVALID,
                           "all pixels of the training images are %d: there is nothing to learn",
                           dataset->train.images[0]);
    dataset->mean = (float)(mean / 255.0);
    dataset->deviation = (float)(sqrt(squares / (double)pixels) / 255.0);
    return STATUS_OK;
}

enum status dataset_read(const char *directory, const struct dataset_rules *rules,
                         struct dataset *dataset, struct message *message) {
    *dataset = (struct dataset){.classes = 0};
    struct dataset_rules left = *rules; /* of the memory, file by file */
    int64_t train_sides[2] = {0}, test_sides[2] = {0};
    enum status status = split_read(directory, &train_images, &train_labels, &left, &dataset->train,
                                    train_sides, message);
    if (status == STATUS_OK)
        status = split_read(directory, &test_images, &test_labels, &left, &dataset->test,
                            test_sides, message);
    if (status == STATUS_OK && memcmp(train_sides, test_sides, sizeof train_sides) != 0)
        status = message_set(message, STATUS_INVALID,
                             "the training images in '%s' are %lldx%lld but its test images are "
                             "%lldx%lld; they do not belong together",
                             directory, (long long)train_sides[0], (long long)train_sides[1],
                             (long long)test_sides[0], (long long)test_sides[1]);
    if (status == STATUS_OK) {
        dataset->features = train_sides[0] * train_sides[1];
        status = classes_find(directory, dataset, message);
    }
    if (status == STATUS_OK)
        status = normalisation_find(dataset, message);
    if (status != STATUS_OK)
        dataset_free(dataset);
    return status;
}

void dataset_free(struct dataset *dataset) {
    free(dataset->train.images);
    free(dataset->train.labels);
    free(dataset->test.images);
    free(dataset->test.labels);
    *dataset = (struct dataset){0};
}

/* --- synthetic data --------------------------------------------------------------------------- */

/* Streams of Philox: the patterns of the classes; for each split its labels, and then its noise. */
enum { STREAM_PATTERNS = 1 << 20, STREAM_TRAIN, STREAM_TEST = STREAM_TRAIN + 2 };

/* Labels are drawn, so that no order of the samples is like another; pixels are a quarter pattern.
 */
static bool split_synthesise(struct dataset_split *split, int64_t count, int64_t features,
                             int64_t classes, uint64_t seed, uint64_t stream) {
    split->count = count;
    split->images = calloc((size_t)count, (size_t)features);
    split->labels = calloc((size_t)count, 1);
    if (!split->images || !split->labels)
        return false;
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < count; i++) {
        int64_t label = random_below(seed, stream, (uint64_t)i, (uint32_t)classes);
        split->labels[i] = (uint8_t)label;
        for (int64_t f = 0; f < features; f++) {
            uint32_t pattern =
                random_below(seed, STREAM_PATTERNS, (uint64_t)(label * features + f), 256);
            uint32_t noise = random_below(seed, stream + 1, (uint64_t)(i * features + f), 256);
            split->images[i * features + f] = (uint8_t)((pattern + 3 * noise) / 4);
        }
    }
    return true;
}

enum status dataset_synthesise(int64_t features, int64_t classes, int64_t train_count,
                               int64_t test_count, uint64_t seed, struct dataset *dataset,
                               struct message *message) {
    *dataset = (struct dataset){.features = features, .classes = classes};
    if (classes < 1 || classes > 256)
        return message_set(message, STATUS_INVALID,
                           "cannot make synthetic data of %lld classes: give the network 1 to 256 "
                           "outputs",
                           (long long)classes);
    enum status status = STATUS_OK;
    if (!split_synthesise(&dataset->train, train_count, features, classes, seed, STREAM_TRAIN) ||
        !split_synthesise(&dataset->test, test_count, features, classes, seed, STREAM_TEST))
        status = message_set(message, STATUS_NO_MEMORY,
                             "no memory for %lld synthetic images of %lld pixels",
                             (long long)train_count + test_count, (long long)features);
    if (status == STATUS_OK)
        status = normalisation_find(dataset, message);
    if (status != STATUS_OK)
        dataset_free(dataset);
    return status;
}

/* --- batches ---------------------------------------------------------------------------------- */

enum status dataset_batch(const struct dataset *dataset, const struct dataset_split *split,
                          const uint32_t *order, int64_t count, struct execution *execution,
                          float *x, int32_t *labels) {
    for (int64_t i = 0; i < count; i++)
        labels[i] = split->labels[order != NULL ? (int64_t)order[i] : i];
    const struct normalise_problem problem = {.rows = count,
                                              .columns = dataset->features,
                                              .bytes = split->images,
                                              .order = order,
                                              .scale = 1.0F / (255.0F * dataset->deviation),
                                              .offset = dataset->mean / dataset->deviation,
                                              .x = x};
    return normalise_simd(&problem, execution);
}
