/* How a grid numbers its blocks: by its dimensions, and by those that a kernel folds into one. */
#ifndef LOCKSTEP_EMULATOR_MACHINE_BLOCK_AXES_H
#define LOCKSTEP_EMULATOR_MACHINE_BLOCK_AXES_H

#include "emulator/warps/state.h"

enum { BLOCK_AXES = 6 };

/* `count` blocks that lie side by side; the number of the next one is `stride` larger. */
struct block_axis {
    uint64_t stride, count;
};

struct block_axes {
    struct block_axis axis[BLOCK_AXES];
    unsigned count;
};

/* The axes of the launch. Where the grid has one row, its blocks may stand for tiles row by row.
 * That is found by executing some: the last of a row goes another way than the one before it.
 * Nothing is counted. */
struct block_axes block_axes_find(struct launch *launch);

/* Executes `count` blocks by their numbers; `counted` has room for the counts of each. False after
 * a fault. */
bool blocks_execute(struct launch *launch, const uint64_t *numbers, uint64_t count,
                    struct machine_counters *counted);
/* Whether two blocks went the same way. Where they lie in memory, and so sectors, may differ. */
bool blocks_alike(const struct machine_counters *one, const struct machine_counters *other);

#endif
