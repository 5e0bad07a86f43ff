/* The roofline: S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance
 * model for multicore architectures", CACM 52(4), 2009. */
#ifndef LOCKSTEP_BENCH_REPORT_ROOFLINE_H
#define LOCKSTEP_BENCH_REPORT_ROOFLINE_H

#include "bench/report/drawing/script.h"

/* Writes the figure "roofline": a panel for each device and thread count whose ceilings were
 * measured, a roof a level of the memory, a dot a case and implementation. Nothing where no
 * ceilings are known. */
void report_roofline_write(struct script *script);

#endif
