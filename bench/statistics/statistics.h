/* Order statistics of a sample of times. */
#ifndef LOCKSTEP_BENCH_STATISTICS_STATISTICS_H
#define LOCKSTEP_BENCH_STATISTICS_STATISTICS_H

#include <stddef.h>

struct statistics {
    size_t count;
    double median, low, high; /* low … high: the 95% interval of the median */
    double mean, min, max;
    double noise; /* (high - low) / median */
};

/* Of `count` >= 1 values, which stay as they are; `scratch` holds as many.
 * The interval is the distribution-free one between order statistics: the narrowest symmetric pair
 * of ranks that covers the median with probability >= 95% (Conover, "Practical nonparametric
 * statistics", section 3.2). Below 6 values no pair does, and the interval is the whole range. */
void statistics_compute(const double *values, size_t count, double *scratch,
                        struct statistics *statistics);

/* The rank, from 0, of the interval's lower end for `count` values. The upper end's is
 * count - 1 - rank. */
size_t statistics_interval_rank(size_t count);

/* From the smallest up. */
void statistics_sort(double *values, size_t count);
/* Of `count` >= 1 values that are sorted. */
double statistics_median_of_sorted(const double *sorted, size_t count);

#endif
