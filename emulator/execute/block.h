/* One block of threads. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_BLOCK_H
#define LOCKSTEP_EMULATOR_EXECUTE_BLOCK_H

#include "emulator/warps/state.h"

enum block_state {
    BLOCK_ENDED,
    BLOCK_RUNNING,
    BLOCK_RESTING, /* what ran only looked whether others have done something */
    BLOCK_WAITING, /* nothing could run */
    BLOCK_FAULTED
};

/* Takes the memory that a block of the cluster's launch needs; -1 when there is none. A block is
 * opened once and then started for as many indices as its worker comes to. */
int block_open(struct block *block, struct cluster *cluster, uint32_t rank);
void block_close(struct block *block);
void block_start(struct block *block, struct worker *worker, uint64_t index);
/* Runs all its warps a slice each. */
enum block_state block_step(struct block *block);

#endif
