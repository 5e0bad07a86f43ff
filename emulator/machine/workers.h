/* The host threads that run the blocks of a launch. */
#ifndef LOCKSTEP_EMULATOR_MACHINE_WORKERS_H
#define LOCKSTEP_EMULATOR_MACHINE_WORKERS_H

#include "emulator/execute/state.h"

/* Runs all blocks, or until a fault, which is then launch->fault. Adds to the counters. */
void workers_run(struct launch *launch, struct machine_counters *counters);

#endif
