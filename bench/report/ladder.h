/* Ladders: what share of the best each rung reaches, and what it adds to the rung before. */
#ifndef LOCKSTEP_BENCH_REPORT_LADDER_H
#define LOCKSTEP_BENCH_REPORT_LADDER_H

#include "bench/report/drawing/script.h"

/* Writes a figure OPERATION-ladder-DEVICE for every operation and device on which RUNGS_LEAST
 * implementations or more ran, one of which is said to add something to another. It has a bar a
 * rung, in the order of the operation's table. Its case is the one that most rungs share, squares
 * before others, the largest of those. Bars tell times, and on the emulated GPU counted work
 * (bench/report/drawing/work.h). */
enum { RUNGS_LEAST = 3 };
void report_ladder_write(struct script *script);

#endif
