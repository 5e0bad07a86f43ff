/* What limits a kernel in sentences, with the counts behind it. */
#ifndef LOCKSTEP_BENCH_MODEL_LIMITS_WORDS_H
#define LOCKSTEP_BENCH_MODEL_LIMITS_WORDS_H

#include "bench/model/limits.h"

#include <stdio.h>

/* Some sentences, each on a line of its own that is indented. */
void limits_words_print(FILE *file, const struct counters_row *row, const struct model_gpu *gpu,
                        const struct limits *limits);

#endif
