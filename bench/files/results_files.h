/* The files that a case's rows go to, in the order in which they are written. For results_*.c only.
 */
#ifndef LOCKSTEP_BENCH_FILES_RESULTS_FILES_H
#define LOCKSTEP_BENCH_FILES_RESULTS_FILES_H

#include "bench/files/results.h"

#include <stdint.h>

/* The row of cases.csv comes last and vouches for those of the files before it. */
enum { FILE_SAMPLES, FILE_PARTS, FILE_COUNTERS, FILE_RESULTS, FILE_CASES, FILES };

struct results_file {
    const char *name;
    const struct csv_format *format;
    size_t count_offset; /* of the number of its rows in struct done_case; not of FILE_CASES */
};
extern const struct results_file results_files[FILES];

enum { RESULTS_PATH_SIZE = 4096 };

/* The rows of one file as text without a header, to be freed; NULL when there is no memory. */
char *results_rows_to_text(int file, const void *rows, size_t count, size_t *size);

/* The number that cases.csv has for one of the files before it. */
int64_t *results_done_count(struct done_case *done, int file);

/* The checksum as cases.csv has it: of the rows' text, file by file. */
void results_checksum_write(struct done_case *done, uint64_t hash);

#endif
