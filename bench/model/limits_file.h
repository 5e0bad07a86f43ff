/* limits.csv, beside the counts that it follows from. */
#ifndef LOCKSTEP_BENCH_MODEL_LIMITS_FILE_H
#define LOCKSTEP_BENCH_MODEL_LIMITS_FILE_H

#include "bench/model/limits.h"

#include <stdio.h>

/* Writes FOLDER/limits.csv anew from FOLDER/counters.csv, and a sentence a kernel on `log`. Where
 * nothing was counted, nothing is done. */
enum status limits_write(const char *folder, const struct model_gpu *gpu, FILE *log,
                         struct message *message);

#endif
