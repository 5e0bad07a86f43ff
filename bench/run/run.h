/* `lockstep run`: measure, verify, write, show. */
#ifndef LOCKSTEP_BENCH_RUN_RUN_H
#define LOCKSTEP_BENCH_RUN_RUN_H

#include "bench/added/added.h"
#include "bench/selection/selection.h"

#include <stdbool.h>

struct gpu_choice;
struct model_gpu;

struct run_options {
    struct selection_options selection;
    const char *implementations; /* comma-separated, or NULL for all */
    struct added *added;         /* rows from outside the build, or NULL */
    bool yardsticks;             /* yardsticks take part without being named */
    const char *gpu;
    const char *tuning; /* file of measured choices (bench/selection/tuning.h), or NULL */
    int threads;        /* 0: all processors */
    const char
        *limits; /* of which GPU the limits of emulated kernels are told: NULL of the one that is
                           emulated, "none" of none */
    const struct gpu_choice *predict;  /* on which GPUs times are predicted, or NULL for none */
    const struct model_gpu *described; /* a GPU beside those of gpus.def, or NULL */
    int sample_blocks;                 /* of equal ones an emulated launch executes; 0: all */
    bool cold, quick, json;
    bool quiet;           /* nothing is printed or drawn: the caller reads the files */
    double max_seconds;   /* of sampling a case; 0: the default */
    const char *out;      /* folder, or NULL for a new one under reports/runs */
    bool (*stop)(void *); /* asked between samples; true ends the run after what is done */
    void *stop_argument;
    const char *scaling; /* NULL or "strong": ranks share a batch; "weak": each has it */
    struct ranks *ranks; /* the job that this process is a rank of; NULL for none */
    int argument_count;  /* the command line, for environment.json */
    char **arguments;
};

/* Fills the thread counts of CPU rows, the largest first, and says how many. They are all cores,
 * and one: contention shows as the ratio of both. STATUS_INVALID: more were asked for than there
 * can be. */
enum { RUN_THREAD_COUNTS_MAX = 2 };
enum status run_threads(const struct run_options *options, int threads[RUN_THREAD_COUNTS_MAX],
                        int *count, struct message *message);

/* Asks the emulated GPU, which reads LOCKSTEP_EMULATOR when it is opened, to execute at most so
 * many of equal blocks; for run_options.sample_blocks. STATUS_INVALID: the variable is too long for
 * it. */
enum status run_sample_blocks(int blocks, struct message *message);
/* The same, to simulate its caches. */
enum status run_simulate_caches(struct message *message);

/* Runs to the end or until stopped. All ranks of a job call it at once and measure in step; the
 * first one alone writes and prints.
 *
 * STATUS_OK: all verified. STATUS_WRONG: at least one row failed.
 * STATUS_INVALID: nothing that was asked for can run here. STATUS_UNSUPPORTED: all was skipped.
 * STATUS_INTERRUPTED, STATUS_IO: what was measured is kept, and `message` names the folder. */
enum status run_execute(const struct run_options *options, struct message *message);

#endif
