/* All figures of rates over sizes. */
#ifndef LOCKSTEP_BENCH_REPORT_RATE_FIGURES_H
#define LOCKSTEP_BENCH_REPORT_RATE_FIGURES_H

#include "bench/report/drawing/script.h"

/* Writes the curves, the dots and the speedups of every operation, dtype and mode that has measured
 * rows. */
enum status report_rates_write(struct script *script, struct message *message);

#endif
