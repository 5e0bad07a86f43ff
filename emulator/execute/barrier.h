/* Barriers of a block. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_BARRIER_H
#define LOCKSTEP_EMULATOR_EXECUTE_BARRIER_H

#include "emulator/warps/state.h"

/* Lanes of the warp have ended, which may complete a barrier. */
void barrier_threads_exited(struct warp *warp, uint32_t lanes);

#endif
