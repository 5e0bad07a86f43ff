/* What a run left in its folder, read back whole and checked: to compare or record runs.
 *
 * Every file must be one that this version of lockstep writes. Refused by file and line:
 *
 *   - other or more columns
 *   - rows that come twice
 *   - samples out of order, or of other results
 */
#ifndef LOCKSTEP_BENCH_FILES_RUN_FILES_H
#define LOCKSTEP_BENCH_FILES_RUN_FILES_H

#include "bench/files/results.h"
#include "bench/statistics/ratio.h"

#include <cjson/cJSON.h>

/* The samples of one result row: samples[begin … begin + count). */
struct sample_group {
    const struct row_key *key;
    size_t begin, count;
};

struct run_files {
    char folder[2048];
    struct result *results; /* in the order of the file */
    struct sample_row *samples;
    double *seconds; /* those of the samples, side by side */
    struct sample_group *groups;
    struct counters_row *counters;
    size_t result_count, sample_count, group_count, counters_count;
    cJSON *environment; /* NULL where the folder has none */
    bool unfinished;    /* the run was cut short: rows may be missing */
    bool counters_only; /* there are counts and nothing else: a recorded baseline */
};

/* Reads a folder, or the folder that a results.csv lies in, or a counters.csv alone. A folder must
 * have a results.csv or a counters.csv; the other files may be missing. STATUS_INVALID names what
 * is wrong with the input; the caller releases `files` after STATUS_OK alone. */
enum status run_files_read(const char *path, struct run_files *files, struct message *message);
/* The same of results.csv, samples.csv and environment.json of a folder alone, for a reader who
 * takes counters.csv as it is. The folder has a results.csv. */
enum status run_files_read_timed(const char *folder, struct run_files *files,
                                 struct message *message);
void run_files_release(struct run_files *files);

/* Whether these are rows that one run writes: none twice, none with a time that it may not have.
 * STATUS_INVALID names the line of `folder`/results.csv. */
enum status result_rows_check(const char *folder, const struct result *rows, size_t count,
                              struct message *message);

/* Finds the samples of each row in `samples`: STATUS_INVALID where they are out of order, are no
 * times, or come twice. run_files_read does so; for runs that are made up of something else. */
enum status run_files_group(struct run_files *files, struct message *message);

/* The samples of a row in the order they were taken; none where the file has none. */
struct times run_files_times(const struct run_files *files, const struct row_key *key);

/* Orders keys field by field, the case first; 0 for equal ones. */
int row_key_compare(const struct row_key *a, const struct row_key *b);

/* "gemm/nn/f32/64x64x64 openblas, cpu, 2 threads, hot" */
void row_key_describe(const struct row_key *key, char *text, size_t size);

#endif
