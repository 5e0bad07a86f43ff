/* How many times longer one set of times is than another, and how sure that is.
 *
 * Samples of one run are not independent: a neighbour or a change of clock lasts for many of them.
 * So a run's samples, in the order they were taken, are cut into at most RATIO_BLOCKS blocks:
 * the blocks, not the samples, are what is resampled and ranked.
 *
 * A neighbour lengthens the middle and the upper tail but seldom the fastest samples, while slower
 * code lengthens all. So the probabilities below are those of the blocks' medians or of their lower
 * deciles, whichever convince less. Claiming only what two tests both claim keeps the level of
 * either (intersection–union test: Berger, "Multiparameter hypothesis testing and acceptance
 * sampling", Technometrics 24, 1982).
 */
#ifndef LOCKSTEP_BENCH_STATISTICS_RATIO_H
#define LOCKSTEP_BENCH_STATISTICS_RATIO_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

enum { RATIO_BLOCKS = 10 };

struct times {
    const double *seconds; /* > 0, in the order they were taken */
    size_t count;
};

struct ratio {
    double ratio, low, high; /* new over baseline: of the medians, with its 95% interval */
    double fast;             /* of the lower deciles; NaN for pairs */
    double p_slower;         /* that this comes up though the new is no slower than the threshold */
    double p_faster;         /* …though it is no faster than one over it */
    size_t blocks;           /* of the side that has fewer, or pairs: what the above rests on */
};

/* Of two sets of samples, each not empty. `threshold` >= 0 is the growth that does not matter: 0.05
 * asks for a ratio above 1.05 or below 1 / 1.05. The interval is the percentile bootstrap's over
 * whole blocks (Carlstein, "The use of subseries values for estimating the variance of a general
 * statistic from a stationary sequence", Ann. Stat. 14, 1986), widened for few blocks as in
 * Hesterberg, "What teachers should know about the bootstrap", Am. Stat. 69, 2015, section 4.3;
 * drawn by Philox from a fixed seed and `stream`, so the same samples always give the same
 * interval. Below two blocks a side it is 0 to infinity. The tests are those of
 * bench/statistics/ranks.h. */
enum status ratio_of_samples(struct times baseline, struct times changed, double threshold,
                             uint64_t stream, struct ratio *ratio, struct message *message);

/* Of `count` >= 1 ratios, each from one pair of processes that ran side by side. The estimate is
 * that of Hodges and Lehmann on the logarithms, the interval its distribution-free one, the
 * probabilities Wilcoxon's. Below 6 pairs the interval is 0 to infinity. */
enum status ratio_of_pairs(const double *ratios, size_t count, double threshold,
                           struct ratio *ratio, struct message *message);

#endif
