/* The host threads that run the blocks of a launch. */
#ifndef LOCKSTEP_EMULATOR_MACHINE_WORKERS_H
#define LOCKSTEP_EMULATOR_MACHINE_WORKERS_H

#include "emulator/warps/state.h"

/* So many blocks that the first one may run before the others, and takes no time that counts. */
enum { BLOCKS_TO_TELL_FIRST = 64 };

/* Runs all blocks, or those that were chosen, or until a fault, which is then launch->fault. Adds
 * to the counters, but no bytes touched, and quarters of machine instructions. */
void workers_run(struct launch *launch, struct machine_counters *counters);
/* Makes it the fault that there is no host memory. */
void workers_fail_memory(struct launch *launch);

#endif
