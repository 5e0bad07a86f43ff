/* All plots of a run. */
#ifndef LOCKSTEP_BENCH_REPORT_PLOTS_H
#define LOCKSTEP_BENCH_REPORT_PLOTS_H

#include "bench/report/drawing/script.h"

/* Writes plots.gp into the folder of `data` and draws its figures: NAME.svg and NAME.png beside it.
 * `script` then says what was drawn; it holds no memory. No figure: no script is left. Without
 * gnuplot the status is STATUS_UNSUPPORTED, and the script lies there all the same. */
enum status report_plots_draw(const struct report_data *data, struct script *script,
                              struct message *message);

#endif
