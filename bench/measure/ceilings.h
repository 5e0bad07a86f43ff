/* What this machine can do at most, measured. The peak is that of a register-only FMA loop, the
 * bandwidth that of a triad over working sets that fit each level of the memory.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_CEILINGS_H
#define LOCKSTEP_BENCH_MEASURE_CEILINGS_H

#include "common/problem.h"

#include <stdbool.h>
#include <stddef.h>

struct device;

enum { CEILING_LEVELS = 4 };

struct ceilings {
    int threads;
    double flops_per_second[DTYPES]; /* by dtype; 0: not known */
    struct ceiling_level {
        double working_set;      /* bytes of all arrays of the triad */
        double bytes_per_second; /* the better of ordinary and non-temporal stores */
    } levels[CEILING_LEVELS];    /* L1, L2, L3, memory; working sets grow */
    /* Clearly lower than one thread's when they were measured: see ceilings_raise(). */
    bool peak_doubtful[DTYPES], level_doubtful[CEILING_LEVELS];
};

/* What ceilings allow. */
struct ceilings_limit {
    double seconds; /* NAN: the peak of the dtype is not known */
    bool doubtful;  /* it rests on a ceiling that is: less time may be needed */
};

/* Measures with `threads` threads of the CPU; takes about a second, quick a quarter of it. */
enum status ceilings_measure(struct device *cpu, int threads, bool quick, struct ceilings *ceilings,
                             struct message *message);

/* What fewer threads reach, more can: raises the ceilings of `all` to those of `one` where they
 * were measured lower. Where that is by more than a twentieth, something else had one of the
 * processors: the ceiling is doubtful, for the true one is higher by nobody knows how much. */
void ceilings_raise(struct ceilings *all, const struct ceilings *one);

/* "the peak, the bandwidth of L1 and of memory": what is doubtful of them; "" where nothing is. */
void ceilings_describe_doubt(const struct ceilings *ceilings, char *text, size_t size);

/* A GPU's: the peak of a register-only FMA kernel, and one bandwidth at every level, that of a copy
 * over four times its L2. The emulated GPU has none: STATUS_UNSUPPORTED. After a failure all are 0.
 */
enum status ceilings_measure_gpu(struct device *device, bool quick, struct ceilings *ceilings,
                                 struct message *message);

/* Bytes a second that every rank sends to the next one, around a ring, while it receives as many:
 * the best of three sizes of message. 0 where a process is alone, or has no memory for it. */
double ceilings_measure_link(struct ranks *ranks, bool quick);

/* The same from the GPU of each rank to the next one's, by ncclSend and ncclRecv: the best of
 * messages of 1, 8 and 64 MiB, timed by the events of the slowest rank. Called by all ranks at
 * once, whose status is the same; 0 after a failure. STATUS_UNSUPPORTED: there is no NCCL, or the
 * emulated GPU, which has no time. */
enum status ceilings_measure_gpu_link(struct device *device, bool quick, double *bytes_per_second,
                                      struct message *message);

/* The seconds that the ceilings allow for so many operations of a dtype and bytes over a working
 * set of so many bytes: the larger of both times. A working set between two levels counts as the
 * larger; `cold` counts as memory. */
struct ceilings_limit ceilings_limit(const struct ceilings *ceilings, enum dtype dtype,
                                     double flops, double bytes, double working_set, bool cold);

#endif
