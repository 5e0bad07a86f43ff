/* Yardsticks that several operations share: the memory traffic of an elementwise operation and
 * nothing else. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_YARDSTICK_H
#define LOCKSTEP_BENCH_OPERATIONS_YARDSTICK_H

#include "common/problem.h"

/* `iterations` times to = from, or to = from + 0.5 * second when second is not NULL, with ordinary
 * stores on execution->threads threads. */
enum status yardstick_traffic(const float *from, const float *second, float *to, int64_t count,
                              int64_t iterations, struct execution *execution);

#endif
