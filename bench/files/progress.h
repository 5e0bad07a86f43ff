/* What the user sees during a run: one live line on a terminal; elsewhere the finished rows alone.
 */
#ifndef LOCKSTEP_BENCH_FILES_PROGRESS_H
#define LOCKSTEP_BENCH_FILES_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    bool live; /* stderr is a terminal */
    size_t total, done;
    double start;
};

void progress_start(struct progress *progress, size_t total);
/* "[ 3/95] gemm/nn/f32/256x256x256  sampling  about 4 min left". */
void progress_show(const struct progress *progress, const char *case_name, const char *phase);
/* Counts one more case as done and removes the live line. */
void progress_done(struct progress *progress);
/* Removes the live line, so that something else can be printed. */
void progress_clear(const struct progress *progress);

#endif
