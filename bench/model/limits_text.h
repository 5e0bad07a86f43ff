/* Limits as text: rows of limits.csv, and sentences. */
#ifndef LOCKSTEP_BENCH_MODEL_LIMITS_TEXT_H
#define LOCKSTEP_BENCH_MODEL_LIMITS_TEXT_H

#include "bench/model/limits.h"

#include <stdio.h>

void limits_csv_header_print(FILE *file);
void limits_csv_print(FILE *file, const struct counters_row *row, const struct model_gpu *gpu,
                      const struct limits *limits);
/* One line: "gemm_warp_nn: FMA 100%, issue 57%, DRAM 4%; limited by FMA". */
void limits_sentence_print(FILE *file, const struct counters_row *row, const struct model_gpu *gpu,
                           const struct limits *limits);
/* The same of a GPU that cannot run the kernel, for the reason `why`. */
void limits_unable_print(FILE *file, const struct counters_row *row, const char *why);

#endif
