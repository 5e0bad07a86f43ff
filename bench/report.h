/* `lockstep report`: the plots of a run, from its files alone. */
#ifndef LOCKSTEP_BENCH_REPORT_H
#define LOCKSTEP_BENCH_REPORT_H

#include "common/status.h"

#include <stdio.h>

/* Draws every plot that the files in `folder` have data for, as SVG and PNG beside them, and names
 * them on `log`. Without gnuplot the run is whole all the same: a line on `log` says what to
 * install. */
enum status report_draw(const char *folder, FILE *log, struct message *message);

#endif
