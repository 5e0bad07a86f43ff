/* Starting gnuplot. */
#ifndef LOCKSTEP_BENCH_REPORT_DRAWING_GNUPLOT_H
#define LOCKSTEP_BENCH_REPORT_DRAWING_GNUPLOT_H

#include "common/status.h"

/* Runs `gnuplot SCRIPT` in `folder` and waits for it. STATUS_UNSUPPORTED: there is no gnuplot on
 * the PATH. STATUS_FAILED: it ended badly; the message has the first line that it complained with.
 */
enum status gnuplot_run(const char *folder, const char *script, struct message *message);

#endif
