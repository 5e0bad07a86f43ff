/* How an operation lets `lockstep tune` measure which way of launching a case is the fastest. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_TUNER_H
#define LOCKSTEP_BENCH_OPERATIONS_TUNER_H

#include "bench/operations/operation.h"

enum { CHOICES_MAX = 32 };

/* One way to launch a case. */
struct choice {
    const char *tile; /* its name, "64x64" */
    int splits;       /* blocks that share a tile's work */
};

struct tuner {
    int capability; /* the least of a GPU that has a choice: 80 for 8.0 */
    /* Every choice that can run the case; how many there are. */
    int (*choices)(const struct bench_case *bench_case, struct choice choices[CHOICES_MAX]);
    /* The choice that is taken where nothing was measured. */
    struct choice (*model)(const struct bench_case *bench_case, int multiprocessors);
    enum status (*launch)(const struct launch *launch, struct choice choice,
                          struct execution *execution);
};

#endif
