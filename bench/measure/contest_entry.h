/* A contest from the inside: its rules, its entries, and the buffers that they share. For the files
 * contest*.c, and for who takes a contest step by step. */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_ENTRY_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_ENTRY_H

#include "bench/devices/devices.h"
#include "bench/files/progress.h"
#include "bench/files/results.h"
#include "bench/measure/ceilings.h"
#include "bench/measure/measure.h"
#include "bench/measure/parts.h"
#include "bench/measure/prediction.h"
#include "bench/measure/verify.h"

/* What all cases of a run share; everything is borrowed. */
struct contest_rules {
    struct devices *devices;
    const char *implementations; /* comma-separated, or NULL for all */
    bool yardsticks;
    bool gpu_only;      /* CPU implementations take part only when named */
    const int *threads; /* thread counts of CPU rows, the largest first */
    int thread_count;
    /* One a thread count, in the same order; threads 0: not measured. */
    const struct ceilings *ceilings;
    const struct ceilings *gpu_ceilings; /* of the real GPU; NULL: not measured */
    double link_bytes_per_second;        /* from rank to rank; 0: not measured */
    double gpu_link_bytes_per_second;    /* from GPU to GPU, likewise */
    bool cold;
    bool is_sampled; /* an emulated launch executes some of its blocks; results are not checked */
    struct measure_limits limits;
    struct predictions *predictions;
    const struct progress *progress;
    const struct nvtx *ranges;
    bool (*stop)(void *);
    void *stop_argument;
};

/* One contender and the row that it will have. */
struct entry {
    struct contender contender;
    bool running;     /* takes part still: not skipped, not failed */
    bool interrupted; /* its launch was stopped: the case is left, without its rows */
    struct result row;
    struct measured_part *parts;
    int part_count;
    struct counters_row *counters; /* of an emulated entry */
    size_t counters_count;
};

/* The buffers of one device. */
struct stage {
    struct buffer_set *sets;
    int set_count;
    double transfer_s;               /* of one iteration; NAN: not timed */
    struct message transfer_failure; /* why, when it was tried */
};

struct contest {
    const struct contest_rules *rules;
    const struct bench_case *bench_case;
    const struct result *done; /* rows of a resumed run: they are not measured again */
    size_t done_count;
    struct entry *entries;
    int entry_count;
    struct inputs inputs;
    struct stage stages[DEVICES_MAX];
    struct expectation *expectation;
};

/* Ends an entry's part with the row's status and the reason. */
void contest_row_finish(struct entry *entry, const char *status, const char *reason);
/* The same by what went wrong: out of memory and unsupported are skips, everything else a failure.
 */
void contest_row_end(struct entry *entry, enum status status, const char *reason);

/* The job that this process is a rank of; NULL for none. */
struct ranks *contest_ranks(const struct contest *contest);

/* Whether any entry still runs, and whether the launch of one was stopped. */
bool contest_is_running(const struct contest *contest);
/* The entry whose launch was stopped, or NULL. */
const struct entry *contest_interrupted(const struct contest *contest);
/* Ends the running entries once the run is asked to stop, for the ranks of a job at once. */
bool contest_ask_stop(struct contest *contest);

#endif
