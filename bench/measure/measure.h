/* Taking times: the contenders of one case are sampled in turn until each is known well enough or
 * time is up. docs/method.md says why each rule is what it is.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_MEASURE_H
#define LOCKSTEP_BENCH_MEASURE_MEASURE_H

#include "bench/measure/buffers.h"
#include "bench/statistics/statistics.h"
#include "gpu/nvtx.h"

struct measure_limits {
    double
        case_seconds; /* sampling time of all contenders together, before the minimum of samples */
    double warm_up_seconds; /* of each contender, at least */
    double sample_seconds;  /* a sample is a batch at least this long */
    double
        target_noise;   /* stop when the median's interval is this narrow, relative to the median */
    size_t samples_min; /* of each contender, if they fit into `patience` times case_seconds */
    size_t samples_few; /* …and at the very least */
    size_t samples_max;
    double energy_seconds; /* of the pass that energy is taken from, at least */
    double patience;
};

/* The most seconds that ten samples of an implementation may take beyond what is its due:
 * `patience` times case_seconds, but case_seconds alone for a plain one, which is there to be read.
 */
double measure_patience(const struct measure_limits *limits,
                        const struct implementation *implementation);

/* The limits of a normal run; quick ones differ in the first two. */
struct measure_limits measure_limits_default(bool quick);

/* Why sampling of a contender ended. */
enum measure_end { MEASURE_CONVERGED, MEASURE_TIME_UP, MEASURE_SAMPLES_MAX, MEASURE_FEW };
const char *measure_end_text(enum measure_end end);

/* One implementation on one device with one thread count, over the buffer sets of its device. */
struct contender {
    const struct bench_case *bench_case;
    const struct implementation *implementation;
    struct device *device;
    int threads;             /* 0 on a GPU */
    struct buffer_set *sets; /* borrowed; one set hot, several cold */
    int set_count;
    struct launch *launches;   /* one a set; owned, see contender_open */
    const struct nvtx *ranges; /* profiler ranges for its phases; NULL for none */

    int64_t iterations; /* in a sample */
    int64_t next;       /* number of the next iteration: which set, which batch of data */
    double *samples;    /* seconds an iteration; owned */
    size_t sample_count, sample_capacity;
    double spent;               /* seconds of sampling */
    size_t throttled;           /* samples dropped because the device was slowed down … */
    char throttle_reasons[128]; /* … and why, at the last of them */
    double energy_j;            /* of an iteration; NAN: not known */
    bool done;
    enum measure_end end;
    enum status status;     /* other than STATUS_OK: it broke, and is sampled no further */
    struct message message; /* why */
};

enum status contender_open(struct contender *contender, const struct bench_case *bench_case,
                           const struct implementation *implementation, struct device *device,
                           int threads, struct buffer_set *sets, int set_count,
                           struct message *message);
void contender_close(struct contender *contender);

/* STATUS_UNSUPPORTED with the reason when another contender left the device unusable. */
enum status contender_check_device(const struct contender *contender, struct message *message);

/* Sets the threads and the floating-point mode of a contender on the CPU: flush-to-zero for timed
 * work, or as IEEE says. */
void contender_enter(const struct contender *contender, bool timed);
struct execution contender_execution(struct contender *contender);

/* A profiler range named after the implementation, and inside it one named after the phase
 * (docs/profiling.md). */
void contender_range_begin(const struct contender *contender, const char *phase);
void contender_range_end(const struct contender *contender);

/* Back to the state that the case starts from, for operations whose iterations change their own
 * inputs. */
enum status contender_restore(struct contender *contender, struct message *message);

/* Runs `iterations` in a row and gives their time. */
enum status contender_batch(struct contender *contender, int64_t iterations, double *seconds,
                            struct message *message);

/* Runs batches until two in a row agree within 5% and the warm-up's time has passed, at most four
 * times as long; sets the iterations of a sample from the last of them. */
enum status contender_warm_up(struct contender *contender, const struct measure_limits *limits,
                              struct message *message);

/* One sample more: the contender's data and caches are brought back untimed, then a batch is timed.
 */
enum status contender_sample(struct contender *contender, const struct measure_limits *limits,
                             struct message *message);

/* Warms every contender up and samples all of them in turn. A contender that breaks is marked in
 * its status; the others go on. `stop` (may be NULL) is asked between samples: true ends the
 * measurement with STATUS_INTERRUPTED. */
enum status measure_contenders(struct contender *contenders, int count,
                               const struct measure_limits *limits, bool (*stop)(void *),
                               void *stop_argument, struct message *message);

#endif
