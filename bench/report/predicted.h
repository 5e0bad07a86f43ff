/* What the kernels of a case would take on other GPUs, by the model. */
#ifndef LOCKSTEP_BENCH_REPORT_PREDICTED_H
#define LOCKSTEP_BENCH_REPORT_PREDICTED_H

#include "bench/report/drawing/script.h"

/* Writes one figure of predictions.csv: of the case with most implementations, the predicted time
 * of each on every GPU with its interval. Nothing where there are no predictions. */
void report_predicted_write(struct script *script);

#endif
