/* What all instructions on matrices ask for. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_MATRIX_H
#define LOCKSTEP_EMULATOR_EXECUTE_MATRIX_H

#include "emulator/execute/state.h"

/* False, with a fault, when lanes of the warp do not execute the instruction. */
bool matrix_warp_is_whole(struct warp *warp, const struct instruction *instruction);

#endif
