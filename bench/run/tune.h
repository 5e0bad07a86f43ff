/* `lockstep tune`: measures which tile and which split of k is the fastest, shape by shape, and in
 * bf16 and f16 which form of cuda-hopper, and keeps it in a file that --tuning reads.
 */
#ifndef LOCKSTEP_BENCH_RUN_TUNE_H
#define LOCKSTEP_BENCH_RUN_TUNE_H

#include "bench/selection/selection.h"

#include <stdio.h>

struct tune_options {
    const char *shapes;   /* comma-separated, or NULL: those of gemm in the preset */
    const char *preset;   /* name */
    const char *variants; /* comma-separated, or NULL for all */
    const char *dtypes;   /* comma-separated, or NULL for f32 */
    const char *gpu;
    double max_seconds;   /* of sampling a shape; 0: the default */
    const char *out;      /* the file: what it has of other shapes and GPUs stays, see
                             bench/selection/tuning.h */
    bool (*stop)(void *); /* asked between samples; true ends after what is done */
    void *stop_argument;
    FILE *table; /* what was measured, for people */
};

/* The file is written after each shape.
 *
 * STATUS_INVALID: the call or the file was wrong. STATUS_NO_GPU: there is none, or an emulated one,
 * which has no times. STATUS_WRONG: a choice computed a wrong result; the table names it, and no
 * row has it. STATUS_FAILED: a shape could not be measured, or a choice broke with an error; the
 * table says why, and the rows that were measured name it. STATUS_INTERRUPTED, STATUS_IO: what was
 * measured is kept, as the message says. */
enum status tune_execute(const struct tune_options *options, struct message *message);

#endif
