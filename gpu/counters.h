/* The emulated GPU's counters; see gpu/emulator_api.h for the row and docs/emulator.md for what
 * each counter counts. On a real GPU there are none: every call gives STATUS_UNSUPPORTED or 0. */
#ifndef LOCKSTEP_GPU_COUNTERS_H
#define LOCKSTEP_GPU_COUNTERS_H

#include "common/status.h"
#include "gpu/emulator_api.h"

struct gpu;

/* Starts counting from zero, after the work enqueued so far. */
enum status gpu_counters_reset(struct gpu *gpu, struct message *message);

/* Rows since the last reset, one a kernel and geometry in the order of the first launch, after the
 * work enqueued so far. */
enum status gpu_counters_count(struct gpu *gpu, size_t *count, struct message *message);
enum status gpu_counters_read(struct gpu *gpu, size_t index, struct emulator_counters *row,
                              struct message *message);

#endif
