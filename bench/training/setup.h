/* What a training runs on: its implementation, its device, and the folder of its results. */
#ifndef LOCKSTEP_BENCH_TRAINING_SETUP_H
#define LOCKSTEP_BENCH_TRAINING_SETUP_H

#include "bench/devices/devices.h"
#include "bench/files/folder.h"
#include "bench/operations/operation.h"
#include "bench/training/train.h"

struct train_setup {
    struct devices devices;
    struct folder folder;
};

/* The fastest one on the CPU, by the time of a step of 784-128-10 (docs/measurements.md); every
 * build has it. Not measured at each start: the same call must give the same numbers. */
const struct implementation *train_implementation_default(bool over_ranks);

/* The fastest one of this project's own on any GPU, emulated ones too, that computes in that
 * dtype. */
const struct implementation *train_implementation_of_gpu(enum dtype dtype);

/* The implementation of `mlp` of that name. STATUS_INVALID, with the known ones, where there is
 * none that can train (a yardstick cannot); STATUS_UNSUPPORTED where its library is not in this
 * build. */
enum status train_implementation_find(const char *name, const struct implementation **found,
                                      struct message *message);

/* STATUS_INVALID where it does not compute in that dtype, or trains alone where there are ranks, or
 * over ranks where there are none. */
enum status train_implementation_check(const struct implementation *implementation,
                                       enum dtype dtype, bool over_ranks, struct message *message);

/* Opens the device that the implementation runs on and, where options->out is NULL, a new folder
 * under reports/runs; fills implementation, device, out and threads of the options. `gpu` and
 * `tuning` are the values of --gpu and --tuning, the latter NULL where it was not given.
 * STATUS_NO_GPU: there is no GPU for it. STATUS_INVALID: there cannot be so many threads. Close in
 * any case. */
enum status train_setup_open(struct train_setup *setup, const struct implementation *implementation,
                             const char *gpu, const char *tuning, struct train_options *options,
                             struct message *message);
/* As devices_close() of bench/devices/devices.h. */
enum status train_setup_close(struct train_setup *setup, enum status status,
                              struct message *message);

#endif
