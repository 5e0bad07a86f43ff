/* The training curve. */
#ifndef LOCKSTEP_BENCH_REPORT_TRAINING_H
#define LOCKSTEP_BENCH_REPORT_TRAINING_H

#include "bench/report/drawing/script.h"

/* Writes the figure "training": loss and test accuracy over the epochs of training.csv, read by the
 * columns' names (epoch, loss, accuracy). Nothing where there are no epochs. STATUS_INVALID: a
 * column is missing or holds no number. */
enum status report_training_write(struct script *script, struct message *message);

#endif
