/* What this CPU can do at most, as work to be timed: the ceilings that a measured rate is a
 * fraction of. Nothing here takes a time; the harness does.
 */
#ifndef LOCKSTEP_REFERENCE_PEAK_H
#define LOCKSTEP_REFERENCE_PEAK_H

#include "common/problem.h"

#include <stdint.h>

/* The instruction that multiplies and adds the most elements of a dtype into sums of f32. */
enum peak_instruction {
    PEAK_FMA,    /* f32, and what is widened to it, at the widest vectors of this CPU */
    PEAK_BF16,   /* vdpbf16ps: two products a lane */
    PEAK_UNKNOWN /* AMX, for which there is no loop here */
};
enum peak_instruction peak_instruction_of(enum dtype dtype);

/* Runs a loop of that instruction (but PEAK_UNKNOWN) on registers alone, on `threads` threads, and
 * returns the floating point operations done (2 a product and its addition). One repetition is some
 * 30 nanoseconds; give enough of them for the clock. */
double peak_flops(enum peak_instruction instruction, int threads, int64_t repetitions);

#endif
