/* How long a kernel waits where no unit is busy: for its loads, at its barriers, for its launch. */
#ifndef LOCKSTEP_BENCH_MODEL_WAITING_H
#define LOCKSTEP_BENCH_MODEL_WAITING_H

#include "bench/model/limits.h"

struct waiting {
    double latency, barriers, launch; /* clocks of all launches of the row */
    double loads_in_flight;           /* of a warp */
    double load_clocks;               /* until a load is there, on average */
};

/* `limits` has its blocks and residence. */
struct waiting waiting_find(const struct counters_row *row, const struct model_gpu *gpu,
                            const struct limits *limits);

#endif
