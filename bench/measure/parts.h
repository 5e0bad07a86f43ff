/* Where the time of one iteration goes. */
#ifndef LOCKSTEP_BENCH_MEASURE_PARTS_H
#define LOCKSTEP_BENCH_MEASURE_PARTS_H

#include "bench/measure/contender.h"
#include "bench/statistics/statistics.h"

struct measured_part {
    char name[PART_NAME_BYTES];
    struct statistics statistics;
};

/* Times the parts of one iteration one by one, for an operation that has them. `parts` has room for
 * as many as an iteration may have. Passes go on until there are `samples` of each or the time is
 * up, three at least. */
enum status measure_parts(struct contender *contender, size_t samples, double max_seconds,
                          struct measured_part *parts, int *part_count, struct message *message);

#endif
