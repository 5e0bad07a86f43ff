/* Running one launch (workers.c); machine.c prepares it. */
#ifndef LOCKSTEP_EMULATOR_MACHINE_WORKERS_H
#define LOCKSTEP_EMULATOR_MACHINE_WORKERS_H

#include "emulator/execute/warp.h"

/* Runs all blocks, or until a fault, which is then launch->fault. Adds to the counters. */
void launch_run(struct launch *launch, struct machine_counters *counters);
/* Prints what the kernel printed, in the order of the blocks, and frees it. */
void launch_print(struct launch *launch);

#endif
