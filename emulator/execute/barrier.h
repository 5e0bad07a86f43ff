/* Barriers of a block. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_BARRIER_H
#define LOCKSTEP_EMULATOR_EXECUTE_BARRIER_H

#include "emulator/warps/state.h"

/* `count` threads of the block have ended, which may complete a barrier. */
void barrier_threads_exited(struct block *block, uint32_t count);

#endif
