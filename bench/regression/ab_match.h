/* Finding the rows that two builds have in common. For ab.c only. */
#ifndef LOCKSTEP_BENCH_REGRESSION_AB_MATCH_H
#define LOCKSTEP_BENCH_REGRESSION_AB_MATCH_H

#include "bench/files/progress.h"
#include "bench/regression/ab.h"
#include "bench/regression/child.h"

/* Verifies both builds and fills the rows and absences of `ab`, which ab_close() frees; see
 * ab_open(). */
enum status ab_match(struct ab *ab, const struct progress *progress, struct message *message);

/* Starts the process of one side. */
enum status ab_child_start(const struct ab_options *options, int side, struct child *child,
                           struct message *message);

#endif
