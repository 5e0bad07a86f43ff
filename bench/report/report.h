/* `lockstep report`: the plots and the page of a run, from its files alone. */
#ifndef LOCKSTEP_BENCH_REPORT_REPORT_H
#define LOCKSTEP_BENCH_REPORT_REPORT_H

#include "common/status.h"

#include <stdio.h>

/* Draws every plot that the files in `folder` have data for, and names them on `log`. Written
 * beside those files:
 *
 *   NAME.svg, NAME.png   a plot
 *   plots.gp             the script that drew them
 *   index.html           the page
 *
 * Without gnuplot a line on `log` says what to install; the page is written and the status is OK.
 * STATUS_INVALID: no run is there, or a file is damaged, named with its line; nothing is changed.
 * STATUS_FAILED: gnuplot ended badly, with its own words; the page is written all the same. */
enum status report_draw(const char *folder, FILE *log, struct message *message);

#endif
