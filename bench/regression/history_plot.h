/* The history as a plot. */
#ifndef LOCKSTEP_BENCH_REGRESSION_HISTORY_PLOT_H
#define LOCKSTEP_BENCH_REGRESSION_HISTORY_PLOT_H

#include "bench/regression/history.h"

/* Draws FOLDER/history.svg, a panel for each series that history_each_series finds for `pattern` on
 * the machines that `machine` means (history_is_machine). The script lies beside it, history.gp.
 * *panels is their count; where it is 0, nothing is drawn. STATUS_INVALID: more than fit. Without
 * gnuplot the status is STATUS_UNSUPPORTED, and the script is there all the same. */
enum status history_plot(struct history *history, const char *pattern, const char *machine,
                         const char *folder, size_t *panels, struct message *message);

#endif
