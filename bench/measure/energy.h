/* What one iteration costs in joules. It is taken in a pass of its own after the samples, because
 * the counters move in steps far longer than a sample (NVML's every 20 to 100 ms, RAPL's every ms).
 */
#ifndef LOCKSTEP_BENCH_MEASURE_ENERGY_H
#define LOCKSTEP_BENCH_MEASURE_ENERGY_H

#include "bench/measure/contender.h"

/* Runs samples' batches back to back, from one step of the device's counter to a later one at least
 * `seconds` on, and divides. Where there is no counter, the power between batches is integrated.
 * The energy is the whole device's, idle power included. *joules is NAN where the device tells
 * neither, or no step came within `patience` seconds. */
enum status energy_measure(struct contender *contender, double seconds, double patience,
                           double *joules, struct message *message);

#endif
