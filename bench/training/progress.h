/* What the user of `lockstep train` sees. */
#ifndef LOCKSTEP_BENCH_TRAINING_PROGRESS_H
#define LOCKSTEP_BENCH_TRAINING_PROGRESS_H

#include "bench/training/dataset.h"
#include "bench/training/train.h"

struct train_progress {
    FILE *report;
    bool live;
    int64_t last_epoch; /* that will be trained */
    double shown;       /* when the bar was drawn last */
};

/* Data, network and implementation, then the head of the table. */
void train_progress_start(struct train_progress *progress, const struct train_options *options,
                          const struct dataset *dataset, int64_t first_epoch);

/* The bar, at most ten times a second, and only on a terminal. */
void train_progress_step(struct train_progress *progress, int64_t epoch, int64_t step,
                         int64_t steps, double loss);

/* Removes the bar and prints an epoch's row. */
void train_progress_epoch(struct train_progress *progress, const struct train_row *row);

/* Removes the bar. */
void train_progress_clear(struct train_progress *progress);

#endif
