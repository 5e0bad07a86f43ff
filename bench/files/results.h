/* The files of a run's folder: results.csv, samples.csv, parts.csv, counters.csv and cases.csv.
 *
 * All rows of a case are written together when the case is done, and are on the disk before the
 * next one begins. The row of cases.csv comes last and vouches for the others, so that what a
 * killed run or a damaged disk left can be told from what is whole.
 */
#ifndef LOCKSTEP_BENCH_FILES_RESULTS_H
#define LOCKSTEP_BENCH_FILES_RESULTS_H

#include "bench/files/csv.h"
#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Who a row belongs to; the same first columns in every file. */
struct row_key {
    char operation[24], variant[32], dtype[8], shape[160], implementation[32], device[16];
    int64_t threads;
    char mode[8]; /* hot or cold */
};

enum { SPEEDUP_BASE_SIZE = 72 };

/* results.csv: one row a case, implementation, device, thread count and mode. Times are seconds of
 * one iteration. */
struct result {
    struct row_key key;
    char status[12];             /* measured, emulated, skipped or failed */
    int64_t samples, iterations; /* iterations: in one sample */
    double median_s, low_s, high_s, mean_s, min_s, noise, transfer_s, flops, bytes, gflops, gbps,
        limit_fraction, speedup, speedup_with_transfer;
    char verified[4]; /* yes, no or empty */
    double error, tolerance, energy_j;
    char reason[400];
    char speedup_base[SPEEDUP_BASE_SIZE]; /* what both speedups are against: see row_key_base() */
    char limit_doubtful[4];               /* yes: limit_fraction is that at most; or empty */
};

/* samples.csv */
struct sample_row {
    struct row_key key;
    int64_t sample;
    double seconds; /* an iteration */
};

/* parts.csv: where the time of one iteration goes. */
struct part_row {
    struct row_key key;
    int64_t part; /* order in the iteration, from 1 */
    char name[32];
    int64_t samples;
    double median_s, low_s, high_s, share; /* share of the sum over the parts */
};

/* counters.csv: what one iteration did on the emulated GPU, a row a kernel and geometry; exact, and
 * equal on every machine. docs/emulator.md defines every counter. */
struct counters_row {
    struct row_key key; /* without device, threads and mode: counts know none of them */
    char kernel[128], grid[40], block[40];
    int64_t launches;
    double occupancy;
#define COUNTER(name, column) int64_t name;
#define COUNTER_UNWRITTEN(name)
#include "common/emulator_counters.def"
#undef COUNTER
#undef COUNTER_UNWRITTEN
};

/* Whether fewer blocks ran than were launched, and counts are scaled (--sample-blocks). False where
 * an earlier version did not write it down. */
bool counters_row_is_sampled(const struct counters_row *row);

/* cases.csv: one row a case that is done: how many rows of it each file has, and the checksum of
 * their text (FNV-1a, 64 bits, in hexadecimal): samples, parts, counters, results. */
struct done_case {
    struct row_key key; /* the case alone */
    int64_t results, samples, parts, counters;
    char checksum[17];
};

/* result_first_format has the columns of results.csv that every version has. */
extern const struct csv_format result_format, result_first_format, sample_format, part_format,
    counters_format, done_format;

/* An open run folder. */
struct results;

/* The rows of one case, written together. */
struct case_rows {
    struct result *results;
    struct sample_row *samples;
    struct part_row *parts;
    struct counters_row *counters;
    size_t result_count, sample_count, part_count, counters_count;
    size_t throttled_count; /* samples that were dropped, and stand in no file */
};

/* Creates the files of `folder` (which exists) and refuses to overwrite any. With `resume` it keeps
 * the cases that are whole as they were written, drops every other row, and creates what is
 * missing. counters.csv is there only when `counters` says so. */
enum status results_open(const char *folder, bool resume, bool counters, struct results **results,
                         struct message *message);
enum status results_close(struct results *results, struct message *message);

/* Cases of a resumed run that were done, and of which a row is missing, damaged or changed. */
size_t results_lost(const struct results *results);

/* Appends the rows of one case and sees that they are on the disk. STATUS_IO names the file and the
 * reason, and then nothing of the case stays in the files. */
enum status results_append(struct results *results, const struct case_rows *rows,
                           struct message *message);

/* All result rows so far, those of a resumed folder first; valid until the next append. */
const struct result *results_rows(const struct results *results, size_t *count);

/* Whether every field of the keys is equal. */
bool row_key_equal(const struct row_key *a, const struct row_key *b);
/* Whether both belong to the same case: operation, variant, dtype and shape. */
bool row_key_same_case(const struct row_key *a, const struct row_key *b);

/* Whether it ran on the CPU, of one process or of several ranks. */
bool row_key_is_cpu(const struct row_key *key);
/* The same of the emulated GPU. */
bool row_key_is_emulated(const struct row_key *key);

/* A CPU row as `speedup_base` names it, "onednn on 2 threads"; and whether the row is the one that
 * its own speedup is against. */
void row_key_base(const struct row_key *key, char text[SPEEDUP_BASE_SIZE]);
bool result_is_base(const struct result *row);

#endif
