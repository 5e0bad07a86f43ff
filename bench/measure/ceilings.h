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
};

/* Measures with `threads` threads of the CPU; takes about a second, quick a quarter of it. */
enum status ceilings_measure(struct device *cpu, int threads, bool quick, struct ceilings *ceilings,
                             struct message *message);

/* What fewer threads reach, more can: raises the ceilings of `all` to those of `one` where they
 * were measured lower, as happens while something else has one of the processors. */
void ceilings_raise(struct ceilings *all, const struct ceilings *one);

/* A GPU's: the peak of a register-only FMA kernel, and one bandwidth at every level, that of a copy
 * over four times its L2. The emulated GPU has none: STATUS_UNSUPPORTED. After a failure all are 0.
 */
enum status ceilings_measure_gpu(struct device *device, bool quick, struct ceilings *ceilings,
                                 struct message *message);

/* The seconds that the ceilings allow for so many operations of a dtype and bytes over a working
 * set of so many bytes: the larger of both times. NAN where the peak of the dtype is not known.
 * A working set between two levels counts as the larger; `cold` counts as memory. */
double ceilings_limit(const struct ceilings *ceilings, enum dtype dtype, double flops, double bytes,
                      double working_set, bool cold);

#endif
