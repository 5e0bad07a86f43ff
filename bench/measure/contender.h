/* One contender: what it runs on, and how its iterations are run and timed. */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTENDER_H
#define LOCKSTEP_BENCH_MEASURE_CONTENDER_H

#include "bench/measure/buffers.h"
#include "gpu/nvtx.h"

/* Why sampling of a contender ended. */
enum measure_end { MEASURE_CONVERGED, MEASURE_TIME_UP, MEASURE_SAMPLES_MAX, MEASURE_FEW };

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
    bool bereft; /* another contender left the device unusable: `status` and `message` say so */
    enum measure_end end;
    enum status status;     /* other than STATUS_OK: it broke, and is sampled no further */
    struct message message; /* why */
};

enum status contender_open(struct contender *contender, const struct bench_case *bench_case,
                           const struct implementation *implementation, struct device *device,
                           int threads, struct buffer_set *sets, int set_count,
                           struct message *message);
void contender_close(struct contender *contender);

/* The launches alone, where the device is lost and has other buffers then: the samples stay, and a
 * contender that was bereft may go on. */
void contender_unbind(struct contender *contender);
enum status contender_bind(struct contender *contender, struct buffer_set *sets, int set_count,
                           struct message *message);

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

/* Back to the state that the case starts from, where iterations change their own inputs. */
enum status contender_restore(struct contender *contender, struct message *message);

/* Runs `iterations` in a row and gives their time. Ranks begin together, and the time is that of
 * the slowest. */
enum status contender_batch(struct contender *contender, int64_t iterations, double *seconds,
                            struct message *message);

#endif
