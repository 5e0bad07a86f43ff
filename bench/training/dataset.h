/* Labelled images for training: IDX files (bench/training/idx.h) with MNIST's names, or synthetic
 * ones.
 *
 * There are as many classes as lie between the smallest label and the largest of both splits: 10
 * for MNIST, 26 for EMNIST's letters, whose labels begin at 1.
 *
 * Pixels stay bytes in memory, 47 MB for MNIST; a batch is converted to float when it is drawn. All
 * pixels are normalised alike: x = (pixel / 255 - mean) / deviation. Mean and standard deviation
 * are those of all pixels of the training images.
 */
#ifndef LOCKSTEP_BENCH_TRAINING_DATASET_H
#define LOCKSTEP_BENCH_TRAINING_DATASET_H

#include "common/problem.h"

#include <stddef.h>
#include <stdint.h>

struct dataset_split {
    int64_t count;
    int64_t ignored; /* images that were left out */
    uint8_t *images; /* [count, features] */
    uint8_t *labels; /* [count], each in [0, classes) */
};

struct dataset {
    struct dataset_split train, test;
    int64_t features; /* pixels of an image */
    int64_t classes;
    int first_label;       /* in the files; that of class 0 */
    float mean, deviation; /* of pixel / 255 */
};

/* Where Debian's dataset-fashion-mnist puts its files. */
extern const char *const dataset_default_directory;

struct dataset_rules {
    int ignored_label; /* its images are left out; -1: all stay */
    size_t memory;     /* bytes that there are for images and labels */
};

/* Reads train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
 * t10k-labels-idx1-ubyte from `directory`, each also as NAME.gz and with a dot before idx.
 *
 * A file that is missing, not IDX, truncated, too long, or does not match the others is refused.
 * The message names it, what was found and what was expected; the data set is then empty.
 * STATUS_INVALID; STATUS_IO where reading breaks off; STATUS_NO_MEMORY where the memory is too
 * little. */
enum status dataset_read(const char *directory, const struct dataset_rules *rules,
                         struct dataset *dataset, struct message *message);

/* Images that a network can tell apart, for machines without data. Each class has a pattern drawn
 * from Philox; each image is its class's pattern with three times as much noise. Classes from 1 to
 * 256. */
enum status dataset_synthesise(int64_t features, int64_t classes, int64_t train_count,
                               int64_t test_count, uint64_t seed, struct dataset *dataset,
                               struct message *message);

/* Frees the images; an empty data set is allowed. */
void dataset_free(struct dataset *dataset);

/* Writes `count` samples of a split, normalised, into x [count, features], and their labels, on the
 * execution's threads. Sample i is number order[i], or number i where order is NULL. */
enum status dataset_batch(const struct dataset *dataset, const struct dataset_split *split,
                          const uint32_t *order, int64_t count, struct execution *execution,
                          float *x, int32_t *labels);

#endif
