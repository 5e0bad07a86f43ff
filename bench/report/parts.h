/* Where the time of an iteration goes. */
#ifndef LOCKSTEP_BENCH_REPORT_PARTS_H
#define LOCKSTEP_BENCH_REPORT_PARTS_H

#include "bench/report/drawing/script.h"

/* Writes a figure for each operation and variant (and dtype and mode) of parts.csv: for every shape
 * a bar of stacked kinds of part an implementation, as time and as share of the whole. */
enum status report_parts_write(struct script *script, struct message *message);

#endif
