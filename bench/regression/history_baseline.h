/* What the history holds for a machine, as a run that others can be compared with. */
#ifndef LOCKSTEP_BENCH_REGRESSION_HISTORY_BASELINE_H
#define LOCKSTEP_BENCH_REGRESSION_HISTORY_BASELINE_H

#include "bench/regression/history.h"

/* Fills `baseline` with a row for each measured row of `run` that its machine has in the history,
 * `run` itself left out. The row's samples are the medians of the runs of its last level
 * (bench/regression/history_levels.h), so what is compared is a run with other runs. The settings
 * are those of the newest of them. `name` is that of history_record.
 *
 * STATUS_INVALID: the history has none of the rows. The caller releases `baseline` after STATUS_OK
 * alone. */
enum status history_baseline_read(struct history *history, const struct run_files *run,
                                  const char *name, struct run_files *baseline,
                                  struct message *message);

#endif
