/* Inside a training: its state, its memory and its file. For train.c, data.c, memory.c,
 * memory_check.c and csv.c only. */
#ifndef LOCKSTEP_BENCH_TRAINING_STATE_H
#define LOCKSTEP_BENCH_TRAINING_STATE_H

#include "bench/network/mlp_graph.h"
#include "bench/training/dataset.h"
#include "bench/training/progress.h"
#include "bench/training/train.h"
#include "bench/training/weights.h"

/* A batch in host memory, on its way to the device or back. */
struct staging {
    float *x;        /* [most, features] */
    int32_t *labels; /* [most] */
    float *target;   /* [most, classes], MSE only */
    float *loss;     /* [batch] */
    float *output;   /* [most, classes] */
};

struct training {
    const struct train_options *options; /* `fitted`, which is the caller's but for its layers */
    struct train_options fitted;
    struct dataset dataset;
    struct mlp_buffers device; /* buffers on the device, for `most` samples */
    struct mlp_graphs *graphs; /* NULL unless steps are replayed as graphs */
    struct weights host;       /* the same numbers in host memory when they come or go */
    struct staging staging;
    uint32_t *order; /* of the training samples in this epoch */
    int64_t most;    /* samples that a batch may have, of training or evaluation */
    FILE *csv;
    char csv_path[4096];
    char kept[8192]; /* what is said when a rank fails */
    struct train_progress progress;
    struct execution execution;
    struct message *message;
};

/* Where data and weights lie. */
static inline struct device *train_host(const struct train_options *options) {
    return options->host ? options->host : options->device;
}

/* Reads the data, or makes them up, and checks that network and batch fit them. */
enum status train_data_open(struct training *training);
/* Every rank needs a sample of every batch, the last one of an epoch too, and the same data. */
enum status train_data_check_ranks(const struct training *training);

/* STATUS_NO_MEMORY with both numbers where the training, whose data are there already, needs more
 * bytes than are available. */
enum status train_memory_check(const struct training *training);

/* Allocates what `most` samples need on the host and on the device, for options and data that are
 * there already. On failure close all the same. */
enum status train_memory_open(struct training *training);
void train_memory_close(struct training *training);

/* Draws or loads the weights and brings them to the device. */
enum status train_weights_open(struct training *training);
/* Writes the device's weights to options->save, where there is one. */
enum status train_weights_keep(struct training *training);

/* Opens training.csv in options->out, where there is one, after the weights. A training that
 * resumes from saved weights adds its rows to those that are there, and any other refuses to. A
 * file without a whole row was left by a training that was killed, and is begun again. */
enum status train_csv_open(struct training *training);
/* Tells all ranks what a rank that fails from now on leaves behind: an epoch was done. */
void train_csv_keep(struct training *training);
enum status train_csv_add(const struct training *training, const struct train_row *row);
/* `status`, or that the file could not be written to its end. */
enum status train_csv_close(const struct training *training, enum status status);

#endif
