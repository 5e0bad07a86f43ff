/* Whether a GPU can run a kernel at all, as far as counts say what it wants. */
#ifndef LOCKSTEP_BENCH_MODEL_REQUIREMENTS_H
#define LOCKSTEP_BENCH_MODEL_REQUIREMENTS_H

#include "bench/model/limits.h"

/* STATUS_UNSUPPORTED: it cannot, and `message` has the reason alone, as "wgmma is of compute
 * capability 9.0 alone". */
enum status requirements_check(const struct counters_row *row, const struct model_gpu *gpu,
                               struct message *message);

#endif
