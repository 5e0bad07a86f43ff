/* Bringing the files of a run that was cut short back to whole cases. For results_write.c only. */
#ifndef LOCKSTEP_BENCH_FILES_RESULTS_RESUME_H
#define LOCKSTEP_BENCH_FILES_RESULTS_RESUME_H

#include "bench/files/results_files.h"

/* Replaces the files by what is whole in them, and makes those that are missing. A path that is
 * empty stands for a file that the run does not have.
 *
 * A case is whole when cases.csv names it, each file has as many of its rows as that says, and
 * their checksum is right. All other rows are dropped: those of a case that was being written, that
 * was damaged or changed, or that never was of this run.
 *
 * The result rows that are left are the caller's to free, whatever the status. *lost: how many
 * cases were named and not whole. */
enum status results_resume(const char paths[FILES][RESULTS_PATH_SIZE], struct result **rows,
                           size_t *count, size_t *lost, struct message *message);

#endif
