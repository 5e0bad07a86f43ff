/* What this CPU can do at most, as work to be timed: the ceilings that a measured rate is a
 * fraction of. Nothing here takes a time; the harness does.
 */
#ifndef LOCKSTEP_REFERENCE_PEAK_H
#define LOCKSTEP_REFERENCE_PEAK_H

#include <stdint.h>

/* Runs a loop of fused multiply-adds on registers alone, on `threads` threads at the widest vectors
 * of this CPU, and returns the floating point operations done (2 a multiply-add and lane). One
 * repetition is some 30 nanoseconds; give enough of them for the clock. */
double peak_flops(int threads, int64_t repetitions);

#endif
