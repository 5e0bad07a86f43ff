/* How times change with the number of ranks, over several runs. */
#ifndef LOCKSTEP_BENCH_REPORT_SCALING_H
#define LOCKSTEP_BENCH_REPORT_SCALING_H

#include "bench/report/drawing/script.h"

enum { SCALING_RUNS_MAX = 32 };

/* Draws scaling.svg and scaling.png into the first of `count` runs of the same cases on other
 * numbers of ranks, by scaling.gp beside them: the time of an iteration over ranks, the efficiency
 * and the exposed communication. Efficiency is the time at the fewest ranks over that at more and,
 * of a shape that they share, over how many times more they are. Exposed communication is the share
 * of an iteration in which data moved between ranks and nothing was computed, of runs with parts. A
 * run without ranks counts as one. Names the figure on `log`.
 *
 * STATUS_INVALID: a folder has no run, or no row was measured on two numbers of ranks.
 * STATUS_UNSUPPORTED: there is no gnuplot; the script is written. */
enum status report_scaling_draw(const char *const *folders, int count, FILE *log,
                                struct message *message);

/* Adds the figure that report_scaling_draw left in the plots' folder, where there is one. */
void report_scaling_add(struct script *plots);

#endif
