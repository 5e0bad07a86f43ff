/* How long an iteration will take, from the shapes that the same implementation has done before in
 * this run. */
#ifndef LOCKSTEP_BENCH_MEASURE_PREDICTION_H
#define LOCKSTEP_BENCH_MEASURE_PREDICTION_H

#include "bench/measure/contender.h"

struct predictions {
    struct prediction *list;
    size_t count, capacity;
};

/* Remembers what an iteration of the contender took, unless it was so short that its call may have
 * been most of it. Running out of memory only costs a prediction. */
void prediction_learn(struct predictions *predictions, const struct contender *contender,
                      double seconds);

/* The predicted seconds of one iteration: the last time, scaled by the larger of the ratios of
 * flops and of bytes. 0 when nothing is known. */
double prediction_seconds(const struct predictions *predictions, const struct contender *contender);

void predictions_close(struct predictions *predictions);

#endif
