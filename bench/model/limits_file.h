/* limits.csv, beside the counts that it follows from. */
#ifndef LOCKSTEP_BENCH_MODEL_LIMITS_FILE_H
#define LOCKSTEP_BENCH_MODEL_LIMITS_FILE_H

#include "bench/model/limits.h"

#include <stdio.h>

/* STATUS_INVALID where environment.json is there and cannot be read: both below would take it for
 * one that does not say. */
enum status limits_environment_check(const char *folder, struct message *message);

/* The GPU that the run in the folder emulated, as its environment.json names it: "(RTX 3090)" is
 * rtx3090. The A100 where the folder does not say, or gpus.def has no such GPU. */
const struct model_gpu *limits_gpu_of_run(const char *folder);

/* A line that the counts in the folder were scaled from sampled blocks, where environment.json says
 * so. */
void limits_sampling_print(FILE *file, const char *folder);

/* Writes FOLDER/limits.csv anew from FOLDER/counters.csv, and a sentence a kernel on `log`. Where
 * nothing was counted, nothing is done. */
enum status limits_write(const char *folder, const struct model_gpu *gpu, FILE *log,
                         struct message *message);

#endif
