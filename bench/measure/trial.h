/* One case, every way there is to launch it: choice by choice verified, and timed in turn. What
 * `lockstep tune` does with each shape.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_TRIAL_H
#define LOCKSTEP_BENCH_MEASURE_TRIAL_H

#include "bench/devices/devices.h"
#include "bench/measure/measure.h"
#include "bench/operations/tuner.h"

/* A choice and what became of it: a status other than STATUS_OK means that it has no time, for the
 * reason in `message`. */
struct trial_row {
    struct choice choice;
    enum status status;
    struct message message;
    struct statistics statistics; /* of one iteration, in seconds */
};

struct trial {
    struct bench_case bench_case;
    struct choice model; /* what is taken where nothing was measured */
    struct trial_row rows[CHOICES_MAX];
    int count;
    int best;                         /* the row of the least median; -1: none was timed */
    const struct trial_row *of_model; /* the row of `model` when it was timed, else NULL */
};

/* Tries every choice for a case of an operation with a tuner on the GPU among the devices.
 * STATUS_OK: rows and the rest are filled, whatever became of each. STATUS_INTERRUPTED: `stop` said
 * so. Anything else: the shape cannot be tried at all, as STATUS_NO_MEMORY. */
enum status trial_run(struct trial *trial, const struct bench_case *bench_case,
                      struct devices *devices, const struct measure_limits *limits,
                      bool (*stop)(void *), void *stop_argument, struct message *message);

/* The rows as a table: medians, noise, share of the best, and how far from it `model` is. */
void trial_print(const struct trial *trial, FILE *file);

#endif
