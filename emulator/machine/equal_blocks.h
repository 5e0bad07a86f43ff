/* Launches of which a few of equal blocks are executed, and counted for all of them. */
#ifndef LOCKSTEP_EMULATOR_MACHINE_EQUAL_BLOCKS_H
#define LOCKSTEP_EMULATOR_MACHINE_EQUAL_BLOCKS_H

#include "emulator/warps/state.h"

/* Whether options ask for it and the launch allows it: blocks that see each other's work, and
 * clusters, are executed whole. */
bool equal_blocks_are_sampled(const struct launch *launch);

/* Runs the launch. Blocks are of a kind where they lie alike in the grid: inside, or last along one
 * axis or more (block_axes.h). Of each kind at most options.sample_blocks are executed, spread
 * evenly, and some more where these are unlike; their counts are multiplied, for those that are
 * alike. Bytes touched are multiplied too, of a range up to its size. */
void equal_blocks_run(struct launch *launch, struct machine_counters *counters);

#endif
