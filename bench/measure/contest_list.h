/* Who takes part in a contest. */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_LIST_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_LIST_H

#include "bench/measure/contest_entry.h"

/* Lists every implementation on every device of its kind with every thread count, without those
 * that the resumed run has rows of. What is known to be impossible or too slow ends here. */
enum status contest_list(struct contest *contest, struct message *message);

#endif
