/* Inside a run: its state, how it is opened, and what is recorded of it. For run*.c only. */
#ifndef LOCKSTEP_BENCH_RUN_STATE_H
#define LOCKSTEP_BENCH_RUN_STATE_H

#include "bench/devices/environment.h"
#include "bench/files/folder.h"
#include "bench/files/results.h"
#include "bench/measure/contest.h"
#include "bench/run/run.h"

struct run {
    const struct run_options *options;
    struct selection selection;
    struct devices devices;
    /* Where there is no GPU, a run of a whole preset ends with the GPU kernels on the emulated one.
     */
    struct selection appendix;
    struct devices appendix_devices;
    struct environment environment;
    struct folder folder;
    struct results *results;
    int threads[RUN_THREAD_COUNTS_MAX];
    int thread_count;
    struct ceilings ceilings[RUN_THREAD_COUNTS_MAX];
    struct ceilings gpu_ceilings;     /* all 0: not measured */
    double link_bytes_per_second;     /* from rank to rank; 0: not measured */
    double gpu_link_bytes_per_second; /* from GPU to GPU, likewise */
    /* On a rank that has no results of its own: the first one's, from a run that is resumed. */
    struct result *done;
    size_t done_count;
    size_t throttled; /* samples dropped */
    struct predictions predictions;
    struct progress progress;
    struct nvtx ranges;
    struct measure_limits limits;
    char *settings;  /* to be freed */
    FILE *table;     /* stdout, or stderr when stdout carries JSON */
    char kept[5000]; /* what is said when a rank fails */
};

static inline bool run_is_emulated(const struct devices *devices) {
    return devices->count > 1 && devices->list[1].emulated;
}

static inline bool run_gpu_ceilings_measured(const struct run *run) {
    return run->gpu_ceilings.flops_per_second[DTYPE_F32] > 0.0;
}

/* Whether bf16 has an instruction of its own. */
static inline bool run_bf16_peak_differs(const struct ceilings *c) {
    return c->flops_per_second[DTYPE_BF16] > 0.0 &&
           c->flops_per_second[DTYPE_BF16] != c->flops_per_second[DTYPE_F32];
}

/* Selects the cases, opens the devices and the folder, and measures the ceilings. Close in any
 * case: that says whether the results could be written to their end. */
enum status run_open(struct run *run, struct message *message);
enum status run_close(struct run *run, struct message *message);

/* What all cases on these devices share. */
struct contest_rules run_rules(struct run *run, struct devices *devices);

/* Rows that are there already, whoever writes them. */
const struct result *run_done(const struct run *run, size_t *count);

/* Fills `settings` with what must be equal for a folder to be resumed. */
enum status run_settings_write(struct run *run, struct message *message);

/* Writes environment.json with the state of the run, "unfinished" or "finished". */
enum status run_environment_save(struct run *run, const char *state, struct message *message);

#endif
