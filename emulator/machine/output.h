/* What the blocks of a launch print: kept while it runs, printed when it has ended. */
#ifndef LOCKSTEP_EMULATOR_MACHINE_OUTPUT_H
#define LOCKSTEP_EMULATOR_MACHINE_OUTPUT_H

#include "emulator/warps/state.h"

/* Moves what a block printed to its launch. From any of the launch's threads. */
void output_keep(struct launch *launch, struct block *block);
/* Prints it all, in the order of the blocks, and frees it. */
void output_print(struct launch *launch);

#endif
