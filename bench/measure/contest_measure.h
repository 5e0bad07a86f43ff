/* Counting and measuring the entries of a contest. */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_MEASURE_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_MEASURE_H

#include "bench/measure/contest_entry.h"

/* Ends the emulated entries: they are counted, never timed. */
void contest_entries_count(struct contest *contest);

/* Samples the running entries in turn. A status other than OK ends the run. */
enum status contest_entries_measure(struct contest *contest, struct message *message);

/* Then takes what needs passes of its own: the parts of an iteration, and energy. */
void contest_entries_measure_more(struct contest *contest);

#endif
