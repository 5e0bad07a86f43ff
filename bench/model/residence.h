/* How many blocks of a kernel a multiprocessor holds at once, and what keeps it from holding
 * more. */
#ifndef LOCKSTEP_BENCH_MODEL_RESIDENCE_H
#define LOCKSTEP_BENCH_MODEL_RESIDENCE_H

#include "bench/model/limits.h"

/* Warps of one block; 0 where the row's block cannot be read. */
int residence_warps(const struct counters_row *row);

/* The most shared memory that a block may have there, in bytes. */
int64_t residence_shared_most(const struct model_gpu *gpu);

/* By the figures of the GPU: the kernel may have been counted on another. Registers are the
 * estimate that was counted. Without them, in counts of an earlier version, `held_by` is
 * HELD_UNKNOWN, and `blocks` follow from the occupancy that was counted, at least 1. */
struct residence residence_find(const struct counters_row *row, const struct model_gpu *gpu);

/* "registers"; empty for HELD_UNKNOWN. */
const char *residence_holder_name(enum residence_holder holder);

#endif
