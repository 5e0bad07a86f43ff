/* Rates of the cases that have no place in a curve. */
#ifndef LOCKSTEP_BENCH_REPORT_DOTS_H
#define LOCKSTEP_BENCH_REPORT_DOTS_H

#include "bench/report/rates.h"

/* A figure NAME-shapes with a line of dots for each case that is in no curve; nothing where all are
 * in one. */
void report_dots_write(struct script *script, const struct rates *rates);

#endif
