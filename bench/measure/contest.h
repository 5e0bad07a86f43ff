/* One case from its inputs to its rows: who takes part, verified, measured in turn, verified again.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_H

#include "bench/devices/devices.h"
#include "bench/files/progress.h"
#include "bench/files/results.h"
#include "bench/measure/ceilings.h"
#include "bench/measure/measure.h"
#include "bench/measure/prediction.h"

/* What all cases of a run share; everything is borrowed. */
struct contest_rules {
    struct devices *devices;
    const char *implementations; /* comma-separated, or NULL for all */
    bool yardsticks;
    bool gpu_only;      /* CPU implementations take part only when named */
    const int *threads; /* thread counts of CPU rows, the largest first */
    int thread_count;
    const struct ceilings
        *ceilings; /* one a thread count, in the same order; threads 0: not measured */
    const struct ceilings *gpu_ceilings; /* of the real GPU; NULL: not measured */
    bool cold;
    struct measure_limits limits;
    struct predictions *predictions;
    const struct progress *progress;
    const struct nvtx *ranges;
    bool (*stop)(void *);
    void *stop_argument;
};

/* Runs one case. Rows that `done` has already (a resumed run's) are left out. A case that cannot be
 * run has rows that say so; only running out of host memory for the harness itself, or an
 * interruption, is a status other than OK, and then there are no rows. The caller releases the
 * rows. */
enum status contest_run(const struct contest_rules *rules, const struct bench_case *bench_case,
                        const struct result *done, size_t done_count, struct case_rows *rows,
                        struct message *message);
void contest_rows_release(struct case_rows *rows);

/* The bytes that a case takes on the host while it runs: inputs, one set of buffers, expected
 * values. */
size_t contest_bytes(const struct bench_case *bench_case);
/* STATUS_NO_MEMORY with both numbers where the host has fewer available. */
enum status contest_check_memory(const struct bench_case *bench_case, struct device *cpu,
                                 struct message *message);

#endif
