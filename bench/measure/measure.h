/* Taking times: the contenders of one case are sampled in turn until each is known well enough or
 * time is up. docs/method.md says why each rule is what it is.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_MEASURE_H
#define LOCKSTEP_BENCH_MEASURE_MEASURE_H

#include "bench/measure/contender.h"
#include "bench/statistics/statistics.h"

struct measure_limits {
    double case_seconds;    /* of sampling all contenders, before the minimum of samples */
    double warm_up_seconds; /* of each contender, at least */
    double sample_seconds;  /* a sample is a batch at least this long */
    double target_noise;    /* enough when (high - low) / median is this small */
    size_t samples_min;     /* of each contender, if they fit into `patience` times case_seconds */
    size_t samples_few;     /* … and at the very least */
    size_t samples_max;
    double energy_seconds; /* of the pass that energy is taken from, at least */
    double patience;
};

/* The most seconds that samples_min samples of an implementation may take: `patience` times
 * case_seconds, but case_seconds alone for a plain one, which is there to be read. */
double measure_patience(const struct measure_limits *limits,
                        const struct implementation *implementation);

/* The limits of a normal run; quick ones differ in the first two. */
struct measure_limits measure_limits_default(bool quick);

const char *measure_end_text(enum measure_end end);

/* Runs batches until two in a row agree within 5% and the warm-up's time has passed, at most four
 * times as long. The last of them gives the iterations of a sample. */
enum status contender_warm_up(struct contender *contender, const struct measure_limits *limits,
                              struct message *message);

/* One more sample: the contender's data and caches are restored untimed, then a batch is timed. */
enum status contender_sample(struct contender *contender, const struct measure_limits *limits,
                             struct message *message);

/* Warms up every contender that is not done, and samples these in turn. A contender that breaks is
 * marked in its status; the others go on. `stop` (may be NULL) is asked between samples: true ends
 * the measurement with STATUS_INTERRUPTED. */
enum status measure_contenders(struct contender *contenders, int count,
                               const struct measure_limits *limits, bool (*stop)(void *),
                               void *stop_argument, struct message *message);

#endif
