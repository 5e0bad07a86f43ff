/* What this CPU can do at most, as work to be timed: the ceilings that a measured rate is a
 * fraction of. Nothing here takes a time; the harness does.
 */
#ifndef LOCKSTEP_REFERENCE_PEAK_H
#define LOCKSTEP_REFERENCE_PEAK_H

#include "common/problem.h"

/* Runs a loop of fused multiply-adds on registers alone, on `threads` threads at the widest vectors
 * of this CPU, and returns the floating point operations done (2 a multiply-add and lane). One
 * repetition is some 30 nanoseconds; give enough of them for the clock. */
double peak_flops(int threads, int64_t repetitions);

/* Copy and triad (a STREAM bandwidth, McCalpin 1995) on execution->threads threads, vectorised,
 * with ordinary stores at every size: the copy that a ratio to "copy" names. An ordinary store
 * reads the line that it overwrites, traffic that the 8 or 12 bytes an element do not count. */
transfer_kernel transfer_plain;

/* The loads and stores of an update on execution->threads threads, with a maximum in place of each
 * formula: as fast as memory lets any update be. Overwrites what optimizer_simd() does. */
optimizer_kernel optimizer_traffic;

#endif
