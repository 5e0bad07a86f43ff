/* Denormal numbers: x86 and ARM cores take over a hundred cycles for an operation on one, and a
 * network trained on one fixed batch drifts into them. Timed work flushes them to zero, in every
 * thread.
 */
#ifndef LOCKSTEP_COMMON_FLOATING_H
#define LOCKSTEP_COMMON_FLOATING_H

#include <stdbool.h>

/* Sets or clears flush-to-zero (results) and denormals-are-zero (operands) in the calling thread
 * and in every thread of its OpenMP team. The setting belongs to threads: call it again after the
 * number of threads was changed. Nothing happens on a processor that is neither x86-64 nor AArch64;
 * floating_denormals_flushed() tells. */
void floating_flush_denormals(bool on);

/* Whether every thread of the OpenMP team flushes denormals now, tried by a computation. */
bool floating_denormals_flushed(void);

#endif
