/* From which size on a GPU wins: one line an operation, variant, dtype and mode, at the end of a
 * run that has a GPU.
 */
#ifndef LOCKSTEP_BENCH_FILES_CROSSOVER_H
#define LOCKSTEP_BENCH_FILES_CROSSOVER_H

#include "bench/files/results.h"

#include <stddef.h>
#include <stdio.h>

/* Rows of the smallest shape from which all larger ones of the run are won, without transfers and
 * with them; NULL where the largest is lost. */
struct crossover {
    const struct result *bare, *whole;
};

/* For the rows of the same operation, variant, dtype, mode and device as `line`, a GPU's row with a
 * speedup. */
struct crossover crossover_find(const struct result *rows, size_t count, const struct result *line);

/* "gpu0 wins from 256x256x256, from 700x700x700 with transfers". */
void crossover_describe(const struct crossover *crossover, const struct result *line, char *text,
                        size_t size);

/* "gemm/nn/f32, hot: gpu0 wins from 256x256x256, from 700x700x700 with transfers". A size is won
 * when the fastest GPU row's speedup is above 1. The sizes named are the smallest, by flops and
 * then bytes, from which all larger ones of the run are won. Prints nothing where no GPU row has a
 * speedup. */
void crossover_print(FILE *file, const struct result *rows, size_t count);

#endif
