/* Training a multilayer perceptron on real data: what `lockstep train` does.
 *
 * Weights, gradients and moments live on the device from the first step to the last; a step uploads
 * its batch and downloads its losses. Same options, seed and thread count: same numbers, to the
 * last digit of every loss (timings aside).
 *
 * Over the ranks of a job each takes its share of a batch, and gradients are averaged before the
 * update: the same network on all of them. Losses are those of one process but for the rounding of
 * sums.
 */
#ifndef LOCKSTEP_BENCH_TRAINING_TRAIN_H
#define LOCKSTEP_BENCH_TRAINING_TRAIN_H

#include "bench/devices/device.h"
#include "bench/files/csv.h"
#include "bench/network/mlp_plan.h"
#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct train_options {
    const char *data;       /* directory of IDX files, or "synthetic" (bench/training/dataset.h) */
    int ignored_label;      /* images of it are left out; -1: all stay */
    struct mlp_model model; /* layers, batch and all settings; MSE learns one-hot targets */
    bool fit_layers;        /* the first and last layer become the data's pixels and classes */
    int64_t epochs;         /* to train now, on top of those of `load`; 0 only evaluates */
    bool drop_last;         /* leave out the last batch of an epoch when it is smaller */
    uint64_t seed;          /* of initial weights, of the order of samples, of synthetic data */

    const char *implementation; /* its name, for the report */
    const struct mlp_kernels *kernels;
    struct device *device;
    struct device *host; /* the CPU, in whose memory data and weights lie; NULL: `device` is it */
    int threads;         /* OpenMP and the BLAS are set to it already */
    /* The job that trains together, with kernels that average gradients; NULL: this process alone.
     * All ranks call with the same options, but for `save` and `out`, which the first one has. */
    struct ranks *ranks;

    /* Weights (bench/training/weights.h), written after every epoch, or after the evaluation where
     * there is none to train; NULL for none. */
    const char *save;
    const char *load; /* weights to start from; NULL to draw them */
    const char *out;  /* folder of training.csv, made if it is not there; NULL for none */

    FILE *report;                /* receives a line an epoch; never NULL */
    bool live;                   /* report is a terminal: show a progress bar */
    bool (*stop)(void *context); /* asked after every step; true ends training; may be NULL */
    void *stop_context;
};

/* A row of training.csv, one an epoch. */
struct train_row {
    int64_t epoch, step; /* counted from 1, those of `load` included */
    double loss;         /* mean over the epoch's samples, each taken when it was trained on */
    double accuracy;     /* fraction of the test images that are recognised */
    double seconds;      /* the epoch's steps, batches drawn and uploaded included, without the
                            evaluation; NaN on an emulated device, as is the rate */
    double samples_per_s;
};
extern const struct csv_format train_csv;

/* Trains. `last` receives the last finished epoch; with no epochs to train, epoch 0 and the
 * accuracy.
 *
 * STATUS_INVALID: options or data are wrong; nothing was changed.
 * STATUS_NO_MEMORY: more than there is, in bytes; nothing was changed.
 * STATUS_FAILED: a loss was not a finite number; the message names epoch and step.
 * STATUS_INTERRUPTED: `stop` said so; weights are saved as they were after that step. */
enum status train_run(const struct train_options *options, struct train_row *last,
                      struct message *message);

#endif
