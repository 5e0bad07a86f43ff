/* Checking the entries of a contest against the oracle. */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_VERIFY_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_VERIFY_H

#include "bench/measure/contest_entry.h"

/* Checks one launch of every running entry: the first one before the sampling, another one after
 * it. `phase` is what the user sees meanwhile. Who is wrong, fails or is too slow has ended. */
void contest_entries_verify(struct contest *contest, const char *phase, bool first);

#endif
