/* Order statistics of a sample of times. */
#include "bench/statistics/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void statistics_sort(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
}

double statistics_median_of_sorted(const double *sorted, size_t count) {
    return 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
}

size_t statistics_interval_rank(size_t count) {
    /* P(fewer than r + 1 values lie below the median) must stay <= 2.5% on either side: the
     * cumulative binomial distribution with p = 1/2, summed in logarithms so that large counts do
     * not underflow. */
    double n = (double)count;
    double log_term = -n * log(2.0);
    double cumulative = exp(log_term);
    for (size_t rank = 0;; rank++) {
        log_term += log((n - (double)rank) / ((double)rank + 1.0));
        cumulative += exp(log_term);
        if (cumulative > 0.025)
            return rank;
    }
}

void statistics_compute(const double *values, size_t count, double *scratch,
                        struct statistics *statistics) {
    memcpy(scratch, values, count * sizeof *values);
    statistics_sort(scratch, count);
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += scratch[i];
    size_t rank = statistics_interval_rank(count);
    statistics->count = count;
    statistics->median = statistics_median_of_sorted(scratch, count);
    statistics->low = scratch[rank];
    statistics->high = scratch[count - 1 - rank];
    statistics->mean = sum / (double)count;
    statistics->min = scratch[0];
    statistics->max = scratch[count - 1];
    statistics->noise = (statistics->high - statistics->low) / statistics->median;
}
