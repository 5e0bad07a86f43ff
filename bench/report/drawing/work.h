/* The counted work of an emulated row: one number in which the rungs of a ladder can be compared
 * where there is no time.
 */
#ifndef LOCKSTEP_BENCH_REPORT_DRAWING_WORK_H
#define LOCKSTEP_BENCH_REPORT_DRAWING_WORK_H

#include "bench/report/drawing/data.h"

/* Sums of one iteration's kernels, from counters.csv (docs/emulator.md defines the counters). */
struct work {
    double instructions; /* warp instructions */
    double sectors;      /* of global memory: loaded, stored and of atomics */
    double wavefronts;   /* of shared memory */
};

/* The work of an emulated row. False when it is not emulated and verified, or counters.csv has no
 * such row, or not the columns. */
bool report_work_find(const struct report_data *data, const struct result *row, struct work *work);

/* Instructions + sectors + wavefronts: each is one pass through one unit of a multiprocessor (the
 * scheduler, the path to global memory, shared memory). Exact, and no time: it does not know what
 * overlaps, waits or fills the GPU. */
double work_total(const struct work *work);

/* "39.1 M" */
void work_format(double count, char *text, size_t size);

#endif
