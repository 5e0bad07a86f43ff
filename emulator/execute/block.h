/* One block of threads. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_BLOCK_H
#define LOCKSTEP_EMULATOR_EXECUTE_BLOCK_H

#include "emulator/execute/state.h"

enum block_state { BLOCK_ENDED, BLOCK_RUNNING, BLOCK_FAULTED };

/* Takes the memory that a block of the launch needs; -1 when there is none. A block is opened once
 * and then started for as many indices as its worker comes to. */
int block_open(struct block *block, struct launch *launch);
void block_close(struct block *block);
void block_start(struct block *block, struct worker *worker, uint64_t index);
/* Runs all its warps a slice each. */
enum block_state block_step(struct block *block);

/* Says `what` of the block, with the place of its first thread that could go on. */
void block_describe(const struct block *block, const char *what,
                    struct machine_diagnostic *diagnostic);

#endif
