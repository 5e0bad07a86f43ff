/* Speedups of a GPU over sizes, against the fastest CPU implementation of the same case: with and
 * without the transfers, and from which size on the GPU wins. */
#ifndef LOCKSTEP_BENCH_REPORT_SPEEDUP_H
#define LOCKSTEP_BENCH_REPORT_SPEEDUP_H

#include "bench/report/rates.h"

/* A figure NAME-speedup with a panel for each variant whose curves have GPU rows with a speedup;
 * nothing where there is none. */
void report_speedup_write(struct script *script, const struct rates *rates);

#endif
