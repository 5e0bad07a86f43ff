/* predictions.csv, beside the counts that it follows from, and what is said of it. */
#ifndef LOCKSTEP_BENCH_MODEL_PREDICT_FILE_H
#define LOCKSTEP_BENCH_MODEL_PREDICT_FILE_H

#include "bench/model/choice.h"
#include "bench/model/predict.h"

#include <stdio.h>

/* The rows of predictions.csv on `csv`, and on `log` a line a kernel of what it would take on each
 * GPU of the choice; of many GPUs on the fastest three and the slowest. A GPU that cannot run the
 * kernel has no row, and the line says why. Either may be NULL. `counted` is the GPU that was
 * emulated.
 *
 * STATUS_INVALID: a row cannot be predicted, see predict(). */
enum status predictions_print(const struct counters_row *rows, size_t count,
                              const struct model_gpu *counted, const struct gpu_choice *choice,
                              FILE *csv, FILE *log, struct message *message);

/* Writes FOLDER/predictions.csv anew from FOLDER/counters.csv, and a line a kernel on `log`.
 * STATUS_INVALID: nothing was counted, or as above. */
enum status predictions_write(const char *folder, const struct gpu_choice *choice, FILE *log,
                              struct message *message);

#endif
