/* The buffers of a contest, device by device. */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_STAGES_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_STAGES_H

#include "bench/measure/contest_entry.h"

/* Opens the buffers of every device that has a running entry and binds the entries to them. An
 * entry that gets none has ended. */
void contest_stages_open(struct contest *contest);
/* After an entry has failed: a device that is lost is made anew, and those that still run get
 * buffers on it and keep their samples. An entry that gets none has ended. Where one rank has lost
 * its device, all open their buffers anew. */
void contest_stage_recover(struct contest *contest, struct device *device);
void contest_stages_close(struct contest *contest);

/* Times the way of the buffers there and back. They are the same for all rows of a device, so it is
 * timed once. */
void contest_stages_time_transfers(struct contest *contest);

#endif
