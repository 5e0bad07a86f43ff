/* How long a kernel would take on a GPU: predicted from its exact counts by one formula, whose
 * constants were fitted to published times (docs/model.md). A prediction is no measurement, and
 * carries the interval in which 80% of published times of GPUs that the fit did not know lie.
 */
#ifndef LOCKSTEP_BENCH_MODEL_PREDICT_H
#define LOCKSTEP_BENCH_MODEL_PREDICT_H

#include "bench/model/limits.h"

struct prediction {
    double seconds, low, high; /* of all launches of the row */
    double gflops, gbps;       /* flops of multiply-adds, and different bytes, over `seconds` */
    const char *limited_by;    /* the term that takes longest */
    struct limits limits;      /* the blocks on the fullest multiprocessor, and those without one */
};

/* `counted` is the GPU that was emulated: the row's occupancy is of it.
 *
 * STATUS_INVALID: what limits_find() refuses, a block that cannot be read, or a GPU of a family
 * that families.def does not have. STATUS_UNSUPPORTED: the GPU cannot run it, as limits_find()
 * says. */
enum status predict(const struct counters_row *row, const struct model_gpu *counted,
                    const struct model_gpu *gpu, struct prediction *prediction,
                    struct message *message);

/* Whether it multiplies matrices in tensor cores. No published time of such a kernel was fitted. */
bool prediction_has_matrices(const struct counters_row *row);

/* The name of the family as families.def has it, which lasts; NULL where it has none of that
 * name. */
const char *model_family_find(const char *name);
/* All of them, joined by commas. */
const char *model_family_names(void);

#endif
