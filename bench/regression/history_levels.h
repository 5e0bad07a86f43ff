/* Where the times of a series changed for good. */
#ifndef LOCKSTEP_BENCH_REGRESSION_HISTORY_LEVELS_H
#define LOCKSTEP_BENCH_REGRESSION_HISTORY_LEVELS_H

#include "bench/regression/history.h"
#include "bench/statistics/steps.h"

enum { HISTORY_LEVELS_MAX = 64 };

struct history_levels {
    struct level list[HISTORY_LEVELS_MAX];
    size_t count;
};

/* The growth that does not make a step: 5%. */
extern const double history_step;

/* A step between two levels counts when their medians differ by more than 5% and Pettitt's test
 * gives it 1% at most. */
enum status history_levels_find(const struct history_series *series, struct history_levels *levels,
                                struct message *message);

#endif
