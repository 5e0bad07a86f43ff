/* Where a series of values changed its level. */
#ifndef LOCKSTEP_BENCH_STATISTICS_STEPS_H
#define LOCKSTEP_BENCH_STATISTICS_STEPS_H

#include "common/status.h"

#include <stddef.h>

/* Values from `begin` on, up to the next level's begin, lie about `median`. */
struct level {
    size_t begin, count;
    double median;
    double p; /* of the step that begins it; 0 for the first level */
};

/* The levels of `count` >= 1 values, in order: at most `levels_max` of them, and *level_count >= 1.
 *
 * A stretch is split where Pettitt's test finds its change point ("A non-parametric approach to the
 * change-point problem", Applied Statistics 28, 1979: ranks alone, so that one wild run makes no
 * step) with a chance of at most `significance` that there is none, and both parts are looked
 * through again (binary segmentation: Scott and Knott, Biometrics 30, 1974). A split counts only
 * when the medians of its sides differ by more than the relative `threshold`. Time goes with n log
 * n a split. The test asks for about 16 values with a step in their middle, more with one near an
 * end: a step shows some runs after it was made. */
enum status steps_find(const double *values, size_t count, double threshold, double significance,
                       struct level *levels, size_t levels_max, size_t *level_count,
                       struct message *message);

#endif
