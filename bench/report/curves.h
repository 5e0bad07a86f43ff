/* Curves of rates over sizes. */
#ifndef LOCKSTEP_BENCH_REPORT_CURVES_H
#define LOCKSTEP_BENCH_REPORT_CURVES_H

#include "bench/report/rates.h"

/* A figure NAME with a panel of curves for each variant of two sizes or more, with the measured
 * ceilings; nothing where there is no such variant. */
void report_curves_write(struct script *script, const struct rates *rates);

#endif
